"""Faults of an answer that have nothing to do with its mathematics, told in a student's words."""

from collections.abc import Iterable

import torch
from torch import Tensor


class CheckFailed(AssertionError):
    """An answer failed its check while COURSEKIT_STRICT=1."""


class Fault(Exception):
    """What stopped a check from measuring an answer.

    Args:
        name: short name of the fault, such as "wrong shape".
        message: what happened and what to look at, in a student's words.
        value: the tensor that was returned, where a known wrong answer may be recognised by it.
        row: label, expected and measured value, as text, for the name of such an answer.
    """

    def __init__(self, name: str, message: str, value: Tensor | None = None, *row: str) -> None:
        super().__init__(message)
        self.name = name
        self.message = message
        self.value = value
        self.row = row


def shorten(text: str, words: int = 25, letters: int = 160) -> str:
    """Cut a text of foreign origin to one line of a bearable length."""
    line = " ".join(text.split()[:words])
    return line if len(line) <= letters and len(text.split()) <= words else line[:letters] + " …"


def safe_text(value: object) -> str:
    """Text of an object whose own __str__ may fail."""
    try:
        return shorten(str(value))
    except Exception:
        return "(a message that cannot be printed)"


def described(value: object) -> str:
    """Say what a value is in a few words: kind and shape rather than contents."""
    if isinstance(value, Tensor):
        return f"a tensor of shape {tuple(value.shape)}"
    if isinstance(value, bool):
        return f"the truth value {value}"
    if isinstance(value, int | float):
        return f"the number {value:.3g}"
    kind = type(value).__name__
    if kind == "ndarray":
        return f"a NumPy array of shape {getattr(value, 'shape', '')}"
    return "a function" if callable(value) else f"{'an' if kind[0] in 'aeiou' else 'a'} {kind}"


def returns_nothing(given: str = "") -> Fault:
    """Fault of a function without a return, or with one in some of its branches only."""
    called = f" It was called with {given}: which of your branches is for that?" if given else ""
    return Fault(
        "returns nothing",
        "Your function returns nothing: is a `return` missing? A function whose lines end without `return` "
        f"hands back None, whatever it has computed. Check the indentation of the last line too.{called}",
    )


def _of_numbers(value: object) -> bool:
    """Tell whether a list holds plain numbers, or lists of them, and something at all."""
    if not isinstance(value, list) or not value:
        return False
    return all(isinstance(entry, int | float) or _of_numbers(entry) for entry in value)


def wrong_type(value: object, wanted: str) -> Fault:
    """Fault of a function that returns something else than a tensor or a number."""
    several = type(value).__name__ == "ndarray" and wanted == "a number"
    advice = {
        "tuple": "A comma after the value, or two names behind `return`, makes a tuple: return one thing.",
        "list": "Numbers collected in a list become one tensor with `torch.tensor`."
        if _of_numbers(value)
        else "Tensors collected in a list become one tensor with `torch.stack`.",
        "ndarray": "Which of its entries is the one that the exercise asks for? Return that one alone."
        if several
        else "Stay with torch operations from start to end: gradients and devices keep working.",
    }.get(
        type(value).__name__, "Look at the line with `return`: is it the quantity that the exercise asks for?"
    )
    return Fault(
        "wrong type", f"Your function returns {described(value)}, but {wanted} was expected. {advice}"
    )


def not_in_parts(value: object, names: Iterable[str]) -> Fault:
    """Fault of a function that should return several things, and returns one or another number of them."""
    wanted = tuple(names)
    returned = f"{len(value)} things" if isinstance(value, list | tuple) else described(value)
    return Fault(
        "wrong type",
        f"Your function returns {returned}, but {len(wanted)} things were expected, in this order: "
        f"{', '.join(wanted)}. Write all of their names behind `return`, with commas between them.",
    )


def wrong_dtype(value: Tensor) -> Fault:
    """Fault of a tensor that does not hold real numbers in floating point."""
    return Fault(
        "wrong dtype",
        f"Your function returns a tensor of {str(value.dtype).removeprefix('torch.')} numbers, where "
        "floating-point numbers were expected. Look for a conversion such as `.long()` or `.int()`, a "
        "comparison, or a tensor made of whole numbers.",
    )


def not_whole(value: Tensor) -> Fault:
    """Fault of a tensor that should hold tokens or labels."""
    truth = value.dtype == torch.bool
    kind = "truth values" if truth else f"{str(value.dtype).removeprefix('torch.')} numbers"
    look = (
        "A comparison says *where* something is to happen; `torch.where` then chooses what stands there."
        if truth
        else "Which operation turned them into decimals? A product with a decimal number does, and so does "
        "`torch.zeros` without a dtype."
    )
    return Fault(
        "wrong dtype",
        f"Your function returns a tensor of {kind}, where whole numbers (int64) were expected. A token is "
        f"an index: a table is read with it. {look}",
    )


def wrong_shape(value: Tensor, shape: tuple[int, ...], given: str, stretches: bool = False) -> Fault:
    """Fault of a tensor with other axes than asked for; `stretches` if a broadcast one would do too."""
    shape = tuple(shape)  # of a torch.Size, whose name says nothing
    wanted = str(shape) if shape else "one number"
    or_else = ", or a number or a tensor that torch stretches to it," if stretches else ""
    returned = described(value if value.dim() else float(value)) if value.numel() else described(value)
    return Fault(
        "wrong shape",
        f"Your function returns {returned}, but {wanted}{or_else} was expected{_when(given)}. "
        f"{_where(tuple(value.shape), shape)}",
        value,
        "shape of the result",
        wanted,
        str(tuple(value.shape)) if value.dim() else "one number",
    )


def _where(shape: tuple[int, ...], wanted: tuple[int, ...]) -> str:
    """Where to look for what is wrong with a shape: at the one axis that differs, or at all of them."""
    off = [axis for axis, sizes in enumerate(zip(shape, wanted, strict=False)) if sizes[0] != sizes[1]]
    if len(shape) != len(wanted) or len(off) != 1 or abs(shape[off[0]] - wanted[off[0]]) != 1:
        return "Print the shape after each of your lines: which one adds, drops or swaps an axis?"
    axis = off[0]
    ordinal = ("first", "second", "third", "fourth")[axis] if axis < 4 else "last"
    much, missing = ("many", "superfluous") if shape[axis] > wanted[axis] else ("few", "missing")
    place = "" if len(shape) == 1 else f" along the {ordinal} axis"
    return (
        f"That is one entry too {much}{place}; all else about the shape is right. Count by hand for a small "
        f"case: how often does your loop turn, what is there before it begins, and which entry is {missing}?"
    )


def of_part(fault: Fault, name: str) -> Fault:
    """The fault of one of several things that were returned together, with that thing's name."""
    return Fault(
        fault.name,
        f"Of the things that you return, look at `{name}`. {fault.message}",
        fault.value,
        *(f"{text} `{name}`" if place == 0 else text for place, text in enumerate(fault.row)),
    )


def _when(given: str) -> str:
    """The call in words; nothing is said of the arguments of a function that has none."""
    return f" when it is called with {given}" if given else ""


def not_finite(value: Tensor, given: str) -> Fault:
    """Fault of a result with NaN or infinite entries."""
    nan = bool(torch.isnan(value).any())
    what = "NaN (not a number)" if nan else "infinite numbers"
    return Fault(
        "NaN" if nan else "infinite",
        f"What your function returns contains {what}{',' * bool(given)}{_when(given)}. Look for a division "
        "by zero, a logarithm or root of a negative number, or an exponential of something large.",
    )


def without_plain_numbers(value: Tensor) -> Fault:
    """Fault of a tensor whose numbers are missing or packed: meta, sparse, quantised, nested."""
    kind = (
        "meta tensor, which has a shape and no numbers"
        if value.is_meta
        else "quantised tensor"
        if value.is_quantized
        else "nested tensor"
        if value.is_nested
        else "sparse tensor"
    )
    return Fault(
        "wrong type",
        f"Your function returns a {kind}. The next cells of the lab compute with plain tensors. Look for "
        '`device="meta"`, `.to_sparse()` or the like on the way to your result, and leave it out.',
    )


def draws_at_random(name: str) -> Fault:
    """Fault of a function that draws random numbers where the result is determined by its arguments."""
    return Fault(
        "random result",
        f"Your function draws random numbers, but the result of `{name}` is determined by its arguments: "
        "called twice with the same ones, it should return the same. Whatever it needs is handed over. Which "
        "of your lines draws, and which argument did it take the place of?",
    )


def edited(name: str) -> Fault:
    """Fault of a function that writes into what it was given."""
    return Fault(
        "input edited",
        f"Your function changes its input `{name}` in place, so the caller's own data are overwritten and a "
        "later step starts from the wrong state. Operations such as `+=`, `*=` or `x[...] = ` write into "
        "the tensor itself; make a new one instead.",
    )


def followed(name: str) -> Fault:
    """Fault of a function that switches gradients on for what it was given."""
    return Fault(
        "gradient switched on",
        f"Your function changes its input `{name}` in place: it switches gradients on for the caller's own "
        "tensor, and torch then keeps account of all that the caller computes from it later. Switch them on "
        "for a copy of your own.",
    )


def seed_set() -> Fault:
    """Fault of a function that should draw afresh, and sets torch's global seed."""
    return Fault(
        "seed set inside",
        "Your function sets torch's seed. So every call draws the very same numbers, where it should draw "
        "afresh; and as all of the notebook shares this generator, the caller's own draws start over too. A "
        "seed belongs outside, once, where the experiment begins.",
    )


SEED_SET = (
    "Your function sets torch's seed. All of the notebook shares this generator, so the caller's own draws "
    "start over after each call; a `torch.Generator` of your own would leave them alone."
)
"""Remark on a right answer that sets torch's global seed, where nothing random is returned."""


def repeats_itself() -> Fault:
    """Fault of a function whose result should be random, and is the same in every call."""
    return Fault(
        "repeats itself",
        "Called twice with the same arguments, your function returns the very same numbers; each call "
        "should draw afresh. Is a generator made or seeded inside the function, or are draws kept from an "
        "earlier call?",
    )


def too_slow(limit: float, stopped: bool) -> Fault:
    """Fault of a function that takes too long."""
    how = "was stopped after" if stopped else "took longer than"
    return Fault(
        "too slow",
        f"Your function {how} {limit:g} seconds; a whole check usually takes well under one. Does a loop "
        "never end, or run over single states? One tensor operation treats the whole batch at once. If your "
        "function imports a large library, or the computer was busy, just run the check again.",
    )


def identity(name: str) -> Fault:
    """Fault of a function that hands back its input."""
    return Fault(
        "identity",
        f"Your function returns its input `{name}` unchanged. Whatever it computes on the way never reaches "
        "the result: is it kept under another name, is the wrong name returned, or is it multiplied by zero?",
    )


def constant() -> Fault:
    """Fault of a function whose result does not depend on its input."""
    return Fault(
        "constant",
        "Your function returns the same numbers whatever it is given. It was called with several different "
        "inputs and the result never changed: which of its arguments do your lines really use?",
    )


def not_a_function(value: object) -> Fault:
    """Fault of a name that is bound to something else than a function."""
    return Fault(
        "not a function",
        f"The check was handed {described(value)} instead of a function. Write the name of your function "
        "without brackets behind it, and run the cell that defines it once more in case the name has been "
        "used for something else.",
    )


def wrong_parameters(wanted: Iterable[str], why: str) -> Fault:
    """Fault of a function that cannot be called with the arguments of the exercise."""
    names = tuple(wanted)
    several = f"with {len(names)} arguments in the order ({', '.join(names)})"
    how = several if len(names) > 1 else f"with the argument {names[0]}" if names else "without any argument"
    free = "Names are yours to choose; number and order are not. " if names else ""
    return Fault(
        "wrong parameters",
        f"The check calls your function {how}, and it cannot be called so: {shorten(why)}. {free}Look at the "
        "line with `def`.",
    )


def library_version(name: str) -> Fault:
    """Fault of a check run again after it handed out coursekit's version under the same name."""
    return Fault(
        "library's version",
        f"The name `{name}` holds coursekit's own version at the moment: this check put it there when your "
        "function did not pass. Run the cell with your function again, then this one, and yours will be "
        "checked.",
    )


def unreadable(error: BaseException) -> Fault:
    """Fault of an answer that even the check cannot make sense of."""
    return Fault(
        "unreadable",
        f"The check could not make sense of what your function returned ({type(error).__name__}: "
        f"{safe_text(error)}). Return a plain torch tensor or a number. If you do, the fault is ours: please "
        "report it, with your function.",
    )
