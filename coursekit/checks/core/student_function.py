"""Call a student's function, and stop at the generic faults: the same way for every exercise."""

import inspect
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor

from . import faults, limits

_NUMBERS = (int, float)
_STREAM = 7_919  # so that no seed of a check is that of an answer's stream


def inspect_callable(answer: object, parameters: tuple[str, ...]) -> None:
    """Raise a Fault unless `answer` is a function that can be called with that many arguments."""
    if not callable(answer):
        raise faults.not_a_function(answer)
    try:
        signature = inspect.signature(answer)
    except (TypeError, ValueError):  # built-in functions have none; the first call will tell
        return
    try:
        signature.bind(*parameters)
    except TypeError as error:
        raise faults.wrong_parameters(parameters, faults.safe_text(error)) from None


class StudentFunction:
    """Call an answer, each time with its own copies, and hand back a plain tensor or raise a Fault.

    Floating-point arguments are handed over in single precision, as the labs make them with `torch.rand`,
    unless the exercise asks for double precision. While the answer runs, torch's global generator is a stream
    of its own: what an answer draws does not change what the check draws, and a draw is noticed.

    Args:
        number: the exercise, such as "1.2".
        parameters: names of the arguments, in order, for messages.
        answer: the student's function.
        limit: seconds for all calls together.
        double: hand floating-point arguments over as they are, in double precision.
        seed: start of the answer's own stream of random numbers.
    """

    def __init__(
        self,
        number: str,
        parameters: tuple[str, ...],
        answer: Callable[..., Any],
        limit: float = 5.0,
        *,
        double: bool = False,
        seed: int = 0,
    ) -> None:
        self.number, self.parameters, self.answer, self.limit = number, parameters, answer, limit
        self.double = double
        self.draws = False
        """Whether a call has drawn from torch's global generator."""
        self.seeds = False
        """Whether a call has set the seed of torch's global generator."""
        self._stream = torch.Generator().manual_seed(_STREAM + seed).get_state()
        self.spent = 0.0
        self.last: Any = None  # what the last call returned, unchanged: a loss with its graph
        self.results: list[tuple[tuple[Any, ...], Tensor]] = []

    def __call__(
        self,
        *args: Any,
        shape: tuple[int, ...],
        may_edit: Iterable[str] = (),
        broadcast: bool = False,
        finite: bool = True,
        whole: bool = False,
    ) -> Tensor:
        """Result of the answer for `args`.

        Args:
            args: arguments; tensors are copied, everything else is handed over as it is.
            shape: shape of a right result; () stands for a single number.
            may_edit: names of arguments that the answer may write into.
            broadcast: accept whatever broadcasts to `shape`, a plain number included.
            finite: False hands infinite numbers and NaN back, for a fact that has words of its own for them.
            whole: the result holds whole numbers, such as tokens or labels.
        Returns:
            The result, detached, of shape `shape`; of int64 numbers if they are to be whole.
        Raises:
            Fault: any generic fault.
        """
        given = self._given(args)
        value = self._call(args, may_edit, given)
        result = self._read(value, args, shape, broadcast, given, finite, whole)
        self.results.append((args, result))
        return result

    def parts(
        self,
        *args: Any,
        shape: tuple[int, ...],
        names: tuple[str, ...],
        broadcast: bool | tuple[str, ...] = False,
        finite: bool = True,
    ) -> Tensor:
        """Result of an answer that returns several things at once, in the order of `names`.

        Args:
            args: arguments, as for a call.
            shape: shape of each part.
            names: what the parts are called, for messages.
            broadcast: accept whatever broadcasts to `shape`, a plain number included; or the names of the
                parts for which to do so, while the others need a row for every row of `shape`, or a number,
                so that known wrong answers are seen by their values.
            finite: False hands infinite numbers and NaN back, for a fact that has words of its own for them.
        Returns:
            The parts, stacked, (parts, *shape).
        Raises:
            Fault: any generic fault, or another number of parts.
        """
        given = self._given(args)
        value = self._call(args, (), given)
        if value is None:
            raise faults.returns_nothing(given)
        stacked = isinstance(value, Tensor) and value.dim() > 0
        if not (stacked or isinstance(value, list | tuple)) or len(value) != len(names):
            unchanged = self._unchanged(args, value) if isinstance(value, Tensor) else None
            raise faults.identity(unchanged) if unchanged else faults.not_in_parts(value, names)
        read = []
        for name, part in zip(names, value, strict=True):
            stretches = (
                broadcast if isinstance(broadcast, bool) else name in broadcast or _by_rows(part, shape)
            )
            try:
                # A number where a tensor was meant has a shape too, by which a known wrong answer is seen.
                number = isinstance(part, _NUMBERS) and not isinstance(part, bool)
                entry = torch.tensor(float(part), dtype=torch.float64) if number else part
                read.append(self._read(entry, (), shape, stretches, given, finite).double())
            except faults.Fault as fault:
                raise faults.of_part(fault, name) from None
        result = torch.stack(read)
        self.results.append((args, result))
        return result

    def _call(self, args: tuple[Any, ...], may_edit: Iterable[str], given: str) -> Any:
        """Whatever the answer returns for copies of `args`, timed; writing into them is a fault."""
        copies = tuple(self._handed(arg) for arg in args)
        originals = tuple(arg.clone() if isinstance(arg, Tensor) else arg for arg in copies)
        start = time.monotonic()
        with self._own_stream():
            value = limits.call(self.answer, copies, self.limit - self.spent, self.limit, self.number, given)
        self.spent += time.monotonic() - start
        self.last = value
        for name, before, after in zip(self.parameters, originals, copies, strict=True):
            if not isinstance(before, Tensor) or name in may_edit:
                continue
            if not torch.equal(before, after):
                raise faults.edited(name)
            if after.requires_grad and not before.requires_grad:
                raise faults.followed(name)
        return value

    def _handed(self, arg: Any) -> Any:
        """An argument as the answer gets it: a copy, in single precision unless double is asked for."""
        if not isinstance(arg, Tensor):
            return arg
        if arg.dtype == torch.float64 and not self.double:
            return arg.float()
        return arg.clone()

    @contextmanager
    def _own_stream(self) -> Iterator[None]:
        """Let the answer draw from a stream of its own, and note whether it does."""
        ours = torch.get_rng_state()
        torch.set_rng_state(self._stream)
        seed = torch.initial_seed()  # it goes with the state
        try:
            yield
        finally:
            after = torch.get_rng_state()
            self.seeds = self.seeds or torch.initial_seed() != seed
            self.draws = self.draws or not torch.equal(after, self._stream)
            self._stream = after
            torch.set_rng_state(ours)

    def _given(self, args: tuple[Any, ...]) -> str:
        """Arguments in words; functions are left out, because they say nothing."""
        pairs = zip(self.parameters, args, strict=True)
        return ", ".join(f"{name} = {_brief(arg)}" for name, arg in pairs if not _speechless(arg))

    def _read(
        self,
        value: Any,
        args: tuple[Any, ...],
        shape: tuple[int, ...],
        broadcast: bool,
        given: str,
        finite: bool = True,
        whole: bool = False,
    ) -> Tensor:
        if value is None:
            raise faults.returns_nothing(given)
        result = _as_tensor(value, shape, broadcast)
        if whole and isinstance(value, Tensor):
            result = self._whole(result, args, given)
        elif result.dtype.is_complex or (isinstance(value, Tensor) and not result.is_floating_point()):
            unchanged = self._unchanged(args, result)
            raise faults.identity(unchanged) if unchanged else faults.wrong_dtype(result)
        if shape == () and result.numel() == 1:
            result = result.reshape(())
        if broadcast and _fits(result.shape, shape):
            result = result.expand(shape)
        if result.shape != shape:
            unchanged = self._unchanged(args, result)
            if unchanged:
                raise faults.identity(unchanged)
            raise faults.wrong_shape(result, shape, given, broadcast)
        if finite and not bool(torch.isfinite(result).all()):
            raise faults.not_finite(result, given)
        return result

    def _whole(self, result: Tensor, args: tuple[Any, ...], given: str) -> Tensor:
        """The result as int64 numbers, if they are whole ones."""
        if result.is_floating_point() and not bool(torch.isfinite(result).all()):
            raise faults.not_finite(result, given)
        if result.is_floating_point() or result.is_complex() or result.dtype == torch.bool:
            unchanged = self._unchanged(args, result)
            raise faults.identity(unchanged) if unchanged else faults.not_whole(result)
        return result.long()

    def _unchanged(self, args: tuple[Any, ...], result: Tensor) -> str | None:
        """Name of the argument that `result` is a copy of."""
        for name, arg in zip(self.parameters, args, strict=False):  # none is named for one part of several
            if not isinstance(arg, Tensor) or arg.shape != result.shape:
                continue
            alike = result.is_floating_point() or arg.dtype == result.dtype  # labels come back as labels
            if alike and torch.equal(self._handed(arg).to(result), result):
                return name
        return None

    def repeats_itself(self) -> bool:
        """Tell whether no call that returned a tensor with axes gives another result when it is made again.

        Single numbers, such as losses and estimates, are left to facts of their own.
        """
        calls = [(args, result) for args, result in self.results if result.dim() > 0]
        return bool(calls) and all(self._gives_again(*call) for call in calls)

    def _gives_again(self, args: tuple[Any, ...], result: Tensor) -> bool:
        value = self._call(args, self.parameters, self._given(args))
        if not isinstance(value, Tensor) or value.shape != result.shape:
            return False
        return torch.equal(value.detach().to(result), result)

    def degenerate_fault(self) -> faults.Fault | None:
        """What all results have in common, if that explains a failure: the input itself, or one constant."""
        if not self.results:
            return None
        names = {self._unchanged(args, result) for args, result in self.results}
        only = next(iter(names))
        if len(names) == 1 and only is not None:
            return faults.identity(only)
        by_shape: dict[tuple[int, ...], list[tuple[tuple[Any, ...], Tensor]]] = {}
        for args, result in self.results:
            if not result.numel():  # all results without numbers are equal, which tells nothing
                continue
            by_shape.setdefault(tuple(result.shape), []).append((args, result))
        groups = by_shape.values()
        alike = all(torch.equal(one.double(), group[0][1].double()) for group in groups for _, one in group)
        changed = any(_differ(args, group[0][0]) for group in groups for args, _ in group)
        only_number = self.results[0][1].flatten()[:1].double()
        flat = all(bool((result.double() == only_number).all()) for _, result in self.results)
        if alike and (changed or (flat and len(groups) > 1)):
            return faults.constant()
        return None


def _differ(args: tuple[Any, ...], others: tuple[Any, ...]) -> bool:
    """Tell whether two calls had different arguments."""
    pairs = zip(args, others, strict=True)
    return any(
        not (a.shape == b.shape and torch.equal(a, b))
        if isinstance(a, Tensor) and isinstance(b, Tensor)
        else a is not b and a != b
        for a, b in pairs
    )


def _speechless(arg: Any) -> bool:
    """Whether an argument is a function, or a tuple of them."""
    return callable(arg) or (isinstance(arg, tuple) and len(arg) > 0 and all(map(callable, arg)))


def _brief(arg: Any) -> str:
    return f"tensor {tuple(arg.shape)}" if isinstance(arg, Tensor) else faults.safe_text(arg)


def _by_rows(value: Any, shape: tuple[int, ...]) -> bool:
    """Tell whether a value is a number, or has as many axes and rows as `shape`."""
    if not isinstance(value, Tensor) or value.dim() == 0:
        return True
    return value.dim() == len(shape) and len(value) == shape[0]


def _fits(shape: tuple[int, ...], wanted: tuple[int, ...]) -> bool:
    try:
        return torch.broadcast_shapes(shape, wanted) == torch.Size(wanted)
    except RuntimeError:
        return False


def _as_tensor(value: Any, shape: tuple[int, ...], broadcast: bool) -> Tensor:
    """Read a tensor, or a plain number where one will do."""
    if isinstance(value, Tensor):
        if value.is_meta or value.layout != torch.strided or value.is_quantized or value.is_nested:
            raise faults.without_plain_numbers(value)
        return value.detach().clone()
    if shape == () or broadcast:
        if type(value).__module__ == "numpy" and getattr(value, "size", 0) == 1:
            value = value.item()
        if isinstance(value, _NUMBERS) and not isinstance(value, bool):
            return torch.tensor(float(value), dtype=torch.float64)
    raise faults.wrong_type(value, "a number" if shape == () else f"a tensor of shape {tuple(shape)}")
