"""Losses that regress a network on a target along a noising path: exercises 4.4, 5.4, 5.5, 6.3 and 7.2.

Such a loss draws a time (or an index) and noise for each data point, mixes a state, asks the network about it
and averages the squared distance of the answer from a target. The network is ours, and its answers record how
the loss depends on them. For a mean of squares, c (answer - target)², the second derivative is 2c, and the
first one then tells the target: each call shows, entry by entry, with which weight errors are squared and
which answer would cost nothing.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from torch import Tensor, nn

from ..core.facts import Fact, margin, number
from ..core.faults import Fault, described
from ..core.student_function import StudentFunction
from .mistakes import Function, Mistake, recurring
from .schedulers import straight

Shape = tuple[int, ...]
VECTORS = (24, (24,), 8), (96, (16,), 16), (200, (1,), 1)
"""Batches that a loss is called with: rows, shape of a row, calls. First as many rows as coordinates, so that
times along the wrong axis show as such and not as an error of torch; last a single coordinate."""
CENTRE, SPREAD = 8.0, 16.0
"""Mean and standard deviation of the data, so large that each row shows the weight of its data point."""
TESTS = 40
"""Statistical numbers in the facts; they share the family's level."""
TENTHS = torch.arange(1, 10) / 10
CAP = 9.0
"""Largest ratio that is told apart from others."""

HINTS = {
    "misused": "Your function calls `net` with {0}. It is called as `{call}`: states of shape {states} first, "
    "then {a_time} for each of them.",
    "coordinates": "Your function draws {a_time} for every coordinate of every state. All coordinates of a "
    "state live at the same {time}: which shape should the {times} have?",
    "not asked": "Your loss never asks the network anything, so it cannot train it. `{call}` is to be called "
    "with the noisy states, and its answer compared with the target.",
    "other rows": "Your loss shows the network {0} states for {1} data points. The task asks for one state for "
    "each row, with {a_time} and noise of its own, all handed over in the order of the batch.",
    "images left out": "Your function shows the network {0} of {1} images. All of them count, also those whose "
    "label is dropped: it is the label that goes, not the image.",
    "both branches in the loss": "One call of your loss asks the network about each image twice. For training, "
    "once is enough: each image is shown with one label, its own or the null label. Two fields are combined "
    "later, when images are made.",
    "backward": "Your function calls `backward` itself, which uses the loss's history up. A loss only returns "
    "its number; whoever trains the network sends it backwards.",
    "shared": "Each {row} should have {a_time} of its own, but within a batch many of yours are equal. Print "
    "the {times} that you hand to the network: how many are drawn, in which shape, and are they a few round "
    "numbers only?",
    "whole": "The network is told numbers that are not whole. This one is asked with the index of the chain "
    "itself, one of 1, 2, … K.",
    "ends": "The {times} that the network is told do not fill the interval that the task asks for: an end is "
    "left out or passed. Print their smallest and largest. From where to where should they run?",
    "uneven": "The {times} that the network is told are not spread evenly over the interval from one end to "
    "the other: some stretches come more often. Draw a histogram of them. Which function draws numbers that "
    "are all equally likely, and what do you do with them afterwards?",
    "repeated": "A {row} is given nearly the same {time} in every call. In training each should come by at all "
    "{times}: draw them in every call, inside your function, without a ladder, an order or a fixed seed.",
    "data weight": "The states that the network is shown are not those of the path. Compared with the {time} "
    "that the network is told, the {row} enters them with another weight than it should. How much of it is in "
    "a state at each end of the path, and do mix and network get the same {time}?",
    "noise weight": "Take the part of the {row} away from the states that the network is shown: what is left "
    "is noise, but of another size or mean than the path asks for. How do you draw the noise, in which shape, "
    "and what is it multiplied by?",
    "noise law": "The noise in your states has the right size, but not the right law: each entry of each row "
    "should be a standard normal number of its own, whatever the data are. Which function draws it, and in "
    "which shape?",
    "fresh": "Two calls of your loss use the same noise. Training needs fresh noise and fresh {times} in each "
    "step, drawn inside your function. Is a seed set there, or a draw kept from outside?",
    "gradient": "Your loss is a number, but no gradient leads from it back to the network's answers, so "
    "nothing would be learnt. Look for `.item()`, `.detach()`, `torch.no_grad`, `float(…)`, or an answer of "
    "the network that is never used.",
    "negative": "Your loss gets smaller the more the network errs. Training looks for the smallest loss, so it "
    "would make the errors as large as it can. Look for a minus.",
    "cost": "Your loss is not a mean of squared errors. An error twice as large should cost four times as "
    "much, each entry counts for itself, and no two of them cancel. Which operation comes first in your last "
    "line, which last, and is there one too many or one missing?",
    "weight": "The same error does not cost the same everywhere: some {times}, rows or calls count more than "
    "others. In this exercise all count alike. Is an error multiplied or divided by something before the mean?",
    "target": "The check hands over a network whose answer is right for every row, up to a known error. Your "
    "loss compares it with something else. Read again what the network should answer with: which noise is in "
    "the state, which sign has it, and does the {row} or a weight enter?",
    "nearly": "Your target is nearly the right one, but not everywhere. Is a number added before you divide, "
    "or something clamped? It has to be far smaller than all that occurs there, or be left out.",
    "other": "With another batch your loss goes wrong: the check also asks for {0}. Is a number of the task "
    "written into your function, or an axis of length one removed by `squeeze`?",
}


@dataclass(frozen=True)
class Sample:
    """What a loss draws for a batch `z`, and the path's weights there."""

    z: Tensor
    eps: Tensor
    t: Tensor
    last: float
    alpha: Tensor
    beta: Tensor
    alpha_dot: Tensor = field(default_factory=lambda: torch.zeros(1))
    beta_dot: Tensor = field(default_factory=lambda: torch.zeros(1))

    @property
    def x(self) -> Tensor:
        """The state."""
        return self.alpha * self.z + self.beta * self.eps


Part = Callable[[Sample], Tensor]
Path = Callable[[Tensor], tuple[Tensor, ...]]
"""Weights of data and noise at times or indices, and their derivatives where there are any."""


def mean_square(residual: Tensor, s: Sample) -> Tensor:
    """Mean over all entries."""
    return residual.square().mean()


@dataclass(frozen=True)
class LossTask:
    """What one exercise asks for.

    Args:
        target: answer of a perfect network.
        path: of the loss's arguments after `net` and `z`, the weights at times or indices.
        given: of the number of a batch and its rows, those arguments.
        last: of those arguments, the last time or index.
        steps: the network is told an index from 1 to `last`, not a time from 0 on.
        batches: rows, shape of a row and number of calls: a few odd ones, the main ones, one for the end.
        labels: of those arguments, the labels to tell the network, if it is told any.
    """

    target: Part
    path: Callable[..., Path]
    given: Callable[[int, int], tuple[Any, ...]] = lambda batch, rows: ()
    last: Callable[..., float] = lambda *given: 1.0
    steps: bool = False
    batches: tuple[tuple[int, Shape, int], ...] = VECTORS
    labels: Callable[..., Tensor] | None = None

    def draw(self, z: Tensor, last: float) -> Tensor:
        """A time or an index for each row, (rows, 1, …, 1)."""
        shape = len(z), *[1] * (z.dim() - 1)
        return torch.randint(1, int(last) + 1, shape) if self.steps else last * torch.rand(shape)

    def sample(self, z: Tensor, eps: Tensor, t: Tensor, *given: Any) -> Sample:
        """Whatever follows from what is drawn."""
        return Sample(z, eps, t, self.last(*given), *self.path(*given)(t))

    def loss(
        self,
        *,
        state: Part = lambda s: s.x,
        told: Part = lambda s: s.t,
        times: Callable[[Tensor, float], Tensor] | None = None,
        noise: Callable[[Tensor], Tensor] = torch.randn_like,
        reduce: Callable[[Tensor, Sample], Tensor] = mean_square,
        **changes: Any,
    ) -> Function:
        """The loss from its parts, any of which may be wrong; `changes` are those to the task itself."""
        task = replace(self, **changes)

        def rule(net: Function, z: Tensor, *given: Any) -> Tensor:
            t, eps = (times or task.draw)(z, task.last(*given)), noise(z)
            s = task.sample(z, eps, t, *given)
            more = (task.labels(*given),) if task.labels else ()
            return reduce(net(state(s), told(s), *more) - task.target(s), s)

        return rule

    def hint(self, name: str, *values: object) -> str:
        """A hint in the words of the exercise: times or indices, data points or images."""
        event = self.batches[0][1]
        steps = ("index", "indices", "an index") if self.steps else ("time", "times", "a time")
        return HINTS[name].format(
            *values,
            **dict(zip(("time", "times", "a_time"), steps, strict=True)),
            row="image" if len(event) > 1 else "data point",
            states=f"(batch, {', '.join(map(str, event))})" if len(event) > 1 else "(batch, dim)",
            call="net(x, t, labels)" if self.labels else f"net(x, {'k' if self.steps else 't'})",
        )


class RecordingNet(nn.Module):
    """A network that is right but for a known error, keeps a record, and may be shown a batch in pieces.

    Args:
        task: the exercise.
        z: the batch, (rows, *event).
        given: arguments of the loss after `net` and `z`.
        error: what is added to the right answers, shaped like `z`.
    """

    def __init__(self, task: LossTask, z: Tensor, given: tuple[Any, ...], error: Tensor) -> None:
        super().__init__()
        self.task, self.z, self.given, self.error = task, z, given, error
        self.weight = nn.Parameter(torch.zeros(1))  # for a loss that looks for one
        self.pieces: list[tuple[Tensor, Tensor, Tensor]] = []
        self.answers: list[Tensor] = []
        self.again = False

    def forward(self, *args: Any) -> Tensor:
        """Answer to states (rows, *event) and times, in the dtype of the states."""
        asked = self._checked(*args)
        if self.pieces and all(map(_same, asked, self.pieces[-1])):
            self.again = True
            return self.answers[-1].clone()
        x, start = asked[0], sum(len(x) for x, _, _ in self.pieces)
        rows = slice(start, start + len(x))
        answer = torch.zeros_like(x)
        if len(self.z[rows]) == len(x):
            answer = (self.task.target(self._drawn(self.z[rows], *asked[:2])) + self.error[rows]).to(x)
        self.pieces.append(asked)
        self.answers.append(answer.detach().requires_grad_())
        return self.answers[-1].clone()  # no leaf: a network's answer may be written into

    def _drawn(self, z: Tensor, x: Tensor, t: Tensor) -> Sample:
        """What must have been drawn if states were mixed as they should be."""
        s = self.task.sample(z, z, t.reshape(-1, *[1] * (z.dim() - 1)), *self.given)
        return replace(s, eps=(x.double() - s.alpha * z) / s.beta.clamp(min=1e-4))

    def _checked(self, *args: Any) -> tuple[Tensor, Tensor, Tensor]:
        def misused(what: str) -> Fault:
            return Fault("net misused", self.task.hint("misused", what))

        if len(args) != (3 if self.task.labels else 2):
            raise misused(f"{len(args)} argument{'s' * (len(args) != 1)}")
        x, t, *labels = args
        if not isinstance(x, Tensor) or x.dim() != self.z.dim() or x.shape[1:] != self.z.shape[1:]:
            raise misused(f"{described(x)} as its first argument")
        if isinstance(t, int | float) and not isinstance(t, bool):
            t = torch.tensor(float(t))
        if isinstance(t, Tensor) and t.shape == x.shape and x[:1].numel() > 1:
            raise Fault("one time for each coordinate", self.task.hint("coordinates"))
        if not isinstance(t, Tensor) or (t.numel() != 1 and not t.numel() == len(x) == len(t)):
            raise misused(f"{described(t)} as its second argument")
        for y in labels:
            if not isinstance(y, Tensor) or y.shape != x.shape[:1] or y.is_floating_point():
                decimals = " of decimal numbers" * (isinstance(y, Tensor) and y.is_floating_point())
                raise misused(f"{described(y)}{decimals} as its third argument")
        times = t.detach().double().reshape(-1, 1).nan_to_num(0.0).clamp(-1e3, 1e6).expand(len(x), 1)
        return x.detach().clone(), times, labels[0].detach().clone() if labels else torch.zeros(len(x))

    def record(self) -> tuple[Sample, Tensor, Tensor]:
        """What was drawn, the states and the labels, all with one row for each data point: (rows, numbers)."""
        if not self.pieces:
            raise Fault("net not asked", self.task.hint("not asked"))
        x, t, y = (torch.cat(parts) for parts in zip(*self.pieces, strict=True))
        if len(x) != len(self.z):
            several = "both branches in the loss" if len(x) == 2 * len(self.z) else "other rows"
            name = (
                ("images left out" if len(x) < len(self.z) else several) if self.task.labels else "other rows"
            )
            raise Fault(name, self.task.hint(name, len(x), len(self.z)))
        s = self._drawn(self.z, x, t)
        parts = {name: part.flatten(1) for name, part in vars(s).items() if getattr(part, "dim", int)() > 1}
        return replace(s, **parts), x.double().flatten(1), y


def _same(a: Tensor, b: Tensor) -> bool:
    return a.shape == b.shape and torch.equal(a, b)


@dataclass(frozen=True)
class Probe:
    """One call of a loss; all tensors have a row for each data point.

    Args:
        s: what was drawn, as the states tell.
        x: the states.
        y: the labels that the network was told.
        given: arguments of the loss after `net` and `z`.
        answer: what the network answered.
        value: the loss.
        slope: its derivatives by the answers.
        along: the derivative of `slope` along `signs`.
        signs: 1 and -1, by chance.
        again: the network was asked twice about the same states.
    """

    s: Sample
    x: Tensor
    y: Tensor
    given: tuple[Any, ...]
    answer: Tensor
    value: float
    slope: Tensor
    along: Tensor
    signs: Tensor
    again: bool


def probe(student: StudentFunction, task: LossTask, batch: int) -> Probe:
    """Call the loss on fresh data with a network that errs, a little in half of the rows and much in others."""
    rows, event, _ = task.batches[batch]
    z = (CENTRE + SPREAD * torch.randn(rows, *event)).double()
    size = torch.tensor([0.5, 4.0])[torch.randint(2, (rows, *[1] * len(event)))]
    error, signs = (2.0 * torch.randint(2, z.shape).double() - 1 for _ in range(2))
    given = task.given(batch, rows)
    net = RecordingNet(task, z, given, size * error)
    value = float(student(net, z, *given, shape=(), may_edit=("y",)))
    s, x, y = net.record()
    answer = torch.cat(net.answers).detach().double().flatten(1)
    signs = signs.flatten(1)
    slope, along = _derivatives(student.last, net.answers, signs, (size * error).flatten(1))
    return Probe(s, x, y, given, answer, value, slope, along, signs, net.again)


def _derivatives(value: Any, answers: list[Tensor], signs: Tensor, error: Tensor) -> tuple[Tensor, Tensor]:
    """Derivatives of a loss by the network's answers, and their own derivative along `signs`."""

    def slopes(of: Tensor, **options: bool) -> Tensor:
        found = torch.autograd.grad(of, answers, allow_unused=True, **options)
        pairs = zip(answers, found, strict=True)
        return torch.cat([torch.zeros_like(a) if g is None else g for a, g in pairs]).double().flatten(1)

    if not isinstance(value, Tensor) or not value.requires_grad:
        return torch.zeros_like(signs), torch.zeros_like(signs)
    try:
        first = slopes(value.sum(), create_graph=True)
    except RuntimeError:
        raise Fault("backward called", HINTS["backward"]) from None
    slope = first.detach().nan_to_num(0.0)
    if not first.requires_grad:
        return slope, torch.zeros_like(signs)
    try:
        return slope, slopes((first * signs).sum()).detach().nan_to_num(0.0)
    except RuntimeError:  # no second derivative is known: as if the target were right
        return slope, slope / error * signs


class Record:
    """Several calls of a loss, put together: rows of all calls, one below the other."""

    def __init__(self, task: LossTask, probes: list[Probe]) -> None:
        def joined(part: Callable[[Probe], Tensor]) -> Tensor:
            return torch.cat([part(p) for p in probes])

        self.task, self.probes, self.last = task, probes, probes[0].s.last
        self.x, self.y, self.answer = joined(lambda p: p.x), joined(lambda p: p.y), joined(lambda p: p.answer)
        self.rows, self.dim = self.x.shape
        alpha, beta, self.t = joined(lambda p: p.s.alpha), joined(lambda p: p.s.beta), joined(lambda p: p.s.t)
        dots = (joined(lambda p: p.s.alpha_dot), joined(lambda p: p.s.beta_dot))
        drawn = joined(lambda p: p.s.z), joined(lambda p: p.s.eps)
        self.s = Sample(*drawn, self.t, self.last, alpha, beta, *(() if task.steps else dots))
        self.place = ((self.t - 0.5 * task.steps) / self.last)[:, 0]
        """Times over the last one; indices in the same way evenly between 0 and 1."""
        self.inside = (self.place >= -1e-5) & (self.place <= 1 + 1e-5)
        self.third = (3 * self.place).floor().clamp(0, 2)
        self.slope, self.along = joined(lambda p: p.slope), joined(lambda p: p.along)
        self.curvature = joined(lambda p: p.along * p.signs)
        known = self.curvature.abs() > 1e-4 * self.curvature.abs().median()
        self.aim = torch.where(known, self.answer - self.slope / self.curvature, self.answer).nan_to_num(0.0)
        """What the answers are compared with, if the loss is a sum of squares."""
        self.squares = torch.where(known, self.slope.square() / (2 * self.curvature), 0.0).nan_to_num(0.0)

    def thirds(self, average: Callable[[Tensor], Tensor], values: Tensor, where: Tensor) -> Tensor:
        """Averages over the rows in each third of the times, (3,); zeros where there are too few."""
        parts = [values[where & (self.third == k)] for k in range(3)]
        return torch.stack([average(part) if len(part) > 5 else part.new_zeros(()) for part in parts])


def _rms(values: Tensor) -> Tensor:
    return values.square().mean().sqrt()


def measure(
    student: StudentFunction, task: LossTask, labels: Callable[[Record], Iterator[Fact]] | None = None
) -> Iterator[Fact | str]:
    """Times, states and noise, labels if there are any; cost, gradient and target; then another batch."""
    records: list[Record] = []

    def recorded(batch: int) -> Record:
        records.append(Record(task, [probe(student, task, batch) for _ in range(task.batches[batch][2])]))
        return records[-1]

    def stages() -> Iterator[Iterator[Fact]]:
        yield _states(recorded(0))
        main = recorded(1)
        yield _times(main)
        yield _states(main)
        yield _noise(main)
        if labels:
            yield labels(main)
        yield _cost(main)
        yield _target(main)
        yield _other(recorded(2))

    for stage in stages():
        held = True
        for fact in stage:
            held = held and fact.holds()
            yield fact
        if not held:
            return
    yield from _remarks(records)


def _states(record: Record) -> Iterator[Fact]:
    """How states are mixed of data and noise, at the beginning, in the middle and at the end of the times."""
    task, s, inside = record.task, record.s, record.inside
    z, x = (part - part.mean(dim=1, keepdim=True) for part in (s.z, record.x))
    weight = ((x * z).sum(dim=1) / z.square().sum(dim=1)).nan_to_num(CAP).clamp(-CAP, CAP)
    size = _rms_rows(x - weight[:, None] * z).nan_to_num(CAP).clamp(max=CAP)
    chance = _rms(s.beta[inside]) / (SPREAD * record.dim**0.5)
    off = _rms((weight - s.alpha[:, 0])[inside]) - chance
    expected, came = (record.thirds(torch.mean, part, inside) for part in (s.alpha[:, 0], weight))
    mixed = Fact(
        "wrong states",
        "weight of the data in three stretches of the path, and how far rows are off",
        torch.cat([expected, torch.zeros(1)]),
        torch.cat([came, off[None]]).nan_to_num(0.0),
        task.hint("data weight"),
        0.012,
        0.1,
    )
    yield mixed
    expected, came = (record.thirds(_rms, part, inside) for part in (s.beta[:, 0], size))
    tol = margin(TESTS) / (2 * max(record.rows / 4, 1) * record.dim) ** 0.5
    what = "size of the noise in three stretches of the path"
    noise = Fact("wrong noise", what, expected, came, task.hint("noise weight"), tol, 0.1)
    yield noise
    if not (mixed.holds() and noise.holds()):
        nothing = task.target(replace(s, eps=torch.zeros_like(s.eps))).expand_as(s.z)
        expected, came = ((part * s.z).sum() / s.z.square().sum() for part in (nothing, record.aim))
        came = came.clamp(-CAP, CAP)
        yield Fact(
            "wrong target", "share of the data in the target", expected, came, task.hint("target"), 0.1, 0.1
        )


def _rms_rows(left: Tensor) -> Tensor:
    """Standard deviation of what is left in each row when two numbers have been fitted."""
    return (left.square().sum(dim=1) / max(left.shape[1] - 2, 1)).sqrt()


def _times(record: Record) -> Iterator[Fact]:
    """Times that the network is told: one for each row, evenly from end to end, and others in each call."""
    task, last, steps, probes = record.task, record.last, record.task.steps, record.probes
    one, many = ("index", "indices") if steps else ("time", "times")
    rows = len(probes[0].x)
    expected = last * (1 - (1 - 1 / last) ** rows) / rows if steps else 1.0
    own = sum(len(p.s.t.unique()) for p in probes) / record.rows
    tol = 0.2 * expected if steps else 0.02
    shared = Fact("times shared", f"different {many} over rows", expected, own, task.hint("shared"), tol)
    yield shared
    moved = torch.stack([p.s.t[:, 0] for p in probes]).var(dim=0).mean() * 12 / (last**2 - steps)
    what = f"variance of a row's {one} from call to call, over the right one"
    again = Fact("the same times always", what, 1.0, moved.clamp(max=CAP), task.hint("repeated"), 0.7, 0.7)
    if not shared.holds():
        yield again
        if moved < 1e-9:
            yield Fact("the same times always", "mean", last / 2, record.t.mean(), again.hint, 1e-3, 1e-3)
        return
    if steps:
        whole = (record.t == record.t.round()).double().mean()
        yield Fact("not an index", "share of whole indices", 1.0, whole, task.hint("whole"))
    outside = 1 - record.inside.double().mean()
    yield Fact(
        f"{many} outside", f"share of {many} beyond an end", 0.0, outside, task.hint("ends"), 1e-6, 0.06
    )
    ends = torch.stack([record.place.min(), record.place.max()]).clamp(-1, 2)
    wanted, tol = torch.tensor([0.0, 1.0]), 0.02
    if steps:
        wanted, tol = torch.tensor([0.5, last - 0.5]) / last, 1e-6
    what = f"first and last {one}, over the last one"
    yield Fact(f"{many} leave out an end", what, wanted, ends, task.hint("ends"), tol, 0.1)
    tol = margin(TESTS) * 0.5 / record.rows**0.5 + 0.5 * steps / last
    found = torch.quantile(record.place, TENTHS.double()).clamp(-1, 2)
    what = f"tenths of the {many}, over the last one"
    yield Fact(f"{many} not uniform", what, TENTHS, found, task.hint("uneven"), tol, 0.08)
    yield again
    if not again.holds():
        yield _fresh(record)


def _fresh(record: Record) -> Fact:
    """Share of the noise that comes again in the next call."""
    (a, b), wide = (p.s for p in record.probes[:2]), 0.1
    both = ((a.beta > wide) & (b.beta > wide))[:, 0]
    same = ((a.eps - b.eps)[both].abs() < 1e-3).double().mean().nan_to_num(0.0)
    hint = record.task.hint("fresh")
    return Fact("the same draw each time", "share of the noise that comes again", 0.0, same, hint, 0.1)


def _noise(record: Record) -> Iterator[Fact]:
    """Noise between states and data: from row to row, its law, and whether it is fresh."""
    task, s = record.task, record.s
    wide = (s.beta > 0.1)[:, 0]
    each = [p.s.eps[p.s.beta[:, 0] > 0.1] for p in record.probes]
    across = torch.stack([part.var(dim=0).mean() for part in each if len(part) > 5]).mean().sqrt()
    alone = Fact(
        "wrong noise", "spread of the noise from row to row", 1.0, across, task.hint("noise law"), 0.06
    )
    yield alone
    if across < 0.05:  # one draw in each call: nothing can be said about its law
        return
    eps = s.eps[wide]
    law = (
        eps.mean(),
        (eps * (s.z[wide] - CENTRE)).mean() / SPREAD,
        (eps[:, 1:] * eps[:, :-1]).mean(),
        (eps.abs() < 1).double().mean() - math.erf(0.5**0.5),
        (eps.abs() > 2).double().mean() - math.erfc(2**0.5),
    )
    what = "noise: mean, ties to data and neighbours, surplus within 1 and beyond 2"
    tol = max(0.02, 6 / (len(eps) * record.dim) ** 0.5)
    came = torch.stack(law).clamp(-CAP, CAP)
    yield Fact("wrong noise", what, torch.zeros(5), came, task.hint("noise law"), tol, 0.15)
    yield _fresh(record)


def _ratio(a: Tensor, b: Tensor) -> Tensor:
    return (a / b).nan_to_num(0.0, CAP, -CAP).clamp(-CAP, CAP)


def _cost(record: Record) -> Iterator[Fact]:
    """Whether a gradient arrives, errors are squared one by one, and all rows count alike."""
    task, curvature, along = record.task, record.curvature, record.along
    learns = float(bool(record.slope.any()))
    yield Fact("no gradient", "gradient that arrives", 1.0, learns, task.hint("gradient"))
    if not learns:
        return
    squares = record.squares.reshape(len(record.probes), -1).sum(dim=1)
    values = torch.tensor([p.value for p in record.probes]).double()
    value = torch.where(squares == 0, 0.0, _ratio(values, squares)).median()
    signed = _ratio(curvature.mean(dim=1), curvature.square().mean(dim=1).sqrt()).mean()
    table = along.reshape(len(record.probes), -1, record.dim)
    ties = [
        _ratio(table.mean(dim=d).square(), table.square().mean(dim=d)).mean() - 1 / table.shape[d]
        for d in (2, 1)
    ]
    if signed < -0.9:
        yield Fact("negative", "sign of what an error costs", 1.0, -1.0, task.hint("negative"))
        return
    what = "loss over the sum of its squares; sign; what goes together in rows and columns"
    expected = torch.tensor([1.0, 1.0, 0.0, 0.0])
    cost = Fact(
        "wrong cost", what, expected, torch.stack([value, signed, *ties]), task.hint("cost"), 0.03, 0.1
    )
    yield cost
    if cost.holds():
        yield _evenness(record)
    else:
        what = "common sign of the loss's slopes"
        yield Fact("wrong cost", what, 0.0, record.slope.sign().mean().abs(), cost.hint, 0.5, 0.3)


def _evenness(record: Record) -> Fact:
    """Weight of errors in three stretches of the times, in the first rows, and its spread."""
    weight = record.curvature.mean(dim=1)
    all_rows = torch.ones_like(record.inside)
    first = weight.reshape(len(record.probes), -1)[:, : len(record.probes[0].x) // 2].median()
    middle = weight.median()
    spread = weight.quantile(0.95) - weight.quantile(0.05)
    parts = torch.stack([*record.thirds(torch.median, weight, all_rows), first, spread])
    expected = torch.tensor([1.0, 1.0, 1.0, 1.0, 0.0])
    what = "weight of an error in three stretches of the path, in the first rows, and its spread"
    hint = record.task.hint("weight")
    return Fact("weighted", what, expected, _ratio(parts, middle), hint, 0.01, 0.4)


def _deviation(record: Record) -> tuple[Tensor, Tensor, Tensor]:
    """Distance of the target from the right one, over the noise in that; where it can be told; the right one."""
    task, s = record.task, record.s
    right = task.target(s)
    scale = _rms(task.target(replace(s, z=torch.zeros_like(s.z))))
    return ((record.aim - right) / scale).clamp(-1e3, 1e3), (s.beta > 0.05)[:, 0] & record.inside, right


def _target(record: Record) -> Iterator[Fact]:
    """How far the target is from the right one; and if it is, how much of data and noise is in it."""
    task, s = record.task, record.s
    off, seen, right = _deviation(record)
    came = record.thirds(_rms, off, seen)
    nearly = 0.01 < float(came.max()) < 0.1
    what = "distance from the right target in three stretches of the path"
    name, hint = ("nearly the target", "nearly") if nearly else ("wrong target", "target")
    aim = Fact(name, what, torch.zeros(3), came, task.hint(hint), 0.01, max(0.05, 0.3 * float(came.max())))
    yield aim
    if aim.holds():
        return

    def made_of(target: Tensor) -> Tensor:
        found = []
        for k in range(3):
            rows = seen & (record.third == k)
            columns = torch.stack(
                [part[rows].flatten() for part in (s.z, s.eps, torch.ones_like(s.z))], dim=1
            )
            values = target[rows].flatten()
            if len(values) < 50:
                found.append(values.new_zeros(3))
                continue
            weights = torch.linalg.lstsq(columns, values[:, None]).solution[:, 0]
            found.append(torch.stack([*weights[:2], _rms(values - columns @ weights)]))
        return torch.stack(found)

    came = made_of(record.aim).clamp(-1e3, 1e3)
    what = "data, noise and other things in the target, in three stretches of the path"
    yield Fact(
        "wrong target",
        what,
        made_of(right),
        came,
        task.hint("target"),
        0.02,
        0.1 + 0.1 * float(came.abs().max()),
    )


def _other(record: Record) -> Iterator[Fact]:
    """A batch with one coordinate or one image, and with other arguments."""
    off, seen, _ = _deviation(record)
    away = _rms(off[seen]).nan_to_num(0.0) if bool(seen.any()) else off.new_zeros(())
    late = record.place.max() if record.rows > 100 else off.new_ones(())
    shape = str((record.rows, *record.task.batches[2][1]))
    what = f"distance from the right target, and the last time, with data {shape}"
    wanted = torch.tensor([0.0, 1 - 0.5 * record.task.steps / record.last])
    yield Fact(
        "another batch", what, wanted, torch.stack([away, late]), record.task.hint("other", shape), 0.1
    )


def _remarks(records: list[Record]) -> Iterator[str]:
    """What a student should know about a loss that passes."""
    shapes = [(len(r.probes[0].x), r.dim) for r in records]
    times = [float(r.curvature.median()) * n * d / 2 for r, (n, d) in zip(records, shapes, strict=True)]
    if any(abs(factor - 1) > 0.02 for factor in times):
        kinds = {
            "summed over everything": [n * d for n, d in shapes],
            "summed over the coordinates": [d for _, d in shapes],
            "summed over the batch": [n for n, _ in shapes],
        }
        why = (
            kind
            for kind, sizes in kinds.items()
            if _constant([f / m for f, m in zip(times, sizes, strict=True)])
        )
        how = (
            ""
            if _constant(times)
            else f" (in a batch {shapes[1]}: {next(why, 'not the same in all batches')})"
        )
        yield f"Your loss is {number(times[1])} times the mean{how}. Accepted: divide before you compare values."
    if any(p.again for r in records for p in r.probes):
        yield "Your loss asks the network twice about the same states. Keep its answer under a name."


def _constant(values: list[float]) -> bool:
    return max(values) - min(values) < 0.02 * abs(values[0])


def mistakes(task: LossTask) -> dict[str, Mistake]:
    """Mistakes that can be made in any such loss."""

    def ladder(z: Tensor, last: float) -> Tensor:
        rungs = (
            torch.linspace(1, last, len(z)).round().long() if task.steps else torch.linspace(0, last, len(z))
        )
        return rungs.reshape(-1, *[1] * (z.dim() - 1))

    def column(z: Tensor) -> Tensor:
        return torch.randn(len(z), *[1] * (z.dim() - 1)).expand_as(z)

    def squares_first(r: Tensor, s: Sample) -> Tensor:
        return ((r + task.target(s)).square() - task.target(s).square()).mean()

    reductions: dict[str, Callable[[Tensor, Sample], Tensor]] = {
        "errors not squared": lambda r, s: r.mean(),
        "not squared": lambda r, s: r.abs().mean(),
        "length, not its square": lambda r, s: r.flatten(1).norm(dim=1).mean(),
        "root at the end": lambda r, s: r.square().mean().sqrt(),
        "square after the mean": lambda r, s: r.mean().square(),
        "square after the mean over the batch": lambda r, s: r.mean(dim=0).square().mean(),
        "coordinates summed before the square": lambda r, s: r.flatten(1).sum(dim=1).square().mean(),
        "no gradient": lambda r, s: r.detach().square().mean(),
    }
    clock, clocks = ("index", "indices") if task.steps else ("time", "times")

    def one(z: Tensor, last: float) -> Tensor:
        return task.draw(z[:1], last).expand(len(z), *[1] * (z.dim() - 1))

    return (
        recurring({name: task.loss(reduce=reduce) for name, reduce in reductions.items()})
        | recurring(
            {
                f"one {clock} for the whole batch": task.loss(times=one),
                "noise not scaled": task.loss(state=lambda s: s.alpha * s.z + s.eps),
                "data not scaled": task.loss(state=lambda s: s.z + s.beta * s.eps),
                "rand for randn": task.loss(noise=torch.rand_like),
                "one noise for the whole batch": task.loss(
                    noise=lambda z: torch.randn_like(z[:1]).expand_as(z)
                ),
                "one noise for all coordinates": task.loss(noise=column),
                "two draws of noise": task.loss(
                    target=lambda s: task.target(replace(s, eps=torch.randn_like(s.z)))
                ),
                "the same draw each time": _seeded(task.loss()),
            }
        )
        | {
            f"the same {clocks} always": (task.loss(times=ladder), task.hint("repeated")),
            f"{clock} along the wrong axis": (
                task.loss(times=lambda z, last: task.draw(z, last).flatten()),
                f"What belongs to the {clock} of a row has the shape (batch,) where it meets the states, and torch "
                "lines axes up from the right: it runs along the coordinates. With as many rows as coordinates "
                "there is not even an error. How does it get more axes?",
            ),
            "sign of the loss": (task.loss(reduce=lambda r, s: -r.square().mean()), task.hint("negative")),
            "difference of squares": (
                task.loss(reduce=squares_first),
                "You square the answer and the target, each by itself, and subtract then. A network that always "
                "answers zero would do best. Which comes first, the difference or the square?",
            ),
        }
    )


def _seeded(loss: Function) -> Function:
    def rule(*given: Any) -> Tensor:
        torch.manual_seed(0)
        return loss(*given)

    return rule


def continuous_mistakes(task: LossTask) -> dict[str, Mistake]:
    """Mistakes with times from 0 to the last one."""

    def normal(z: Tensor, last: float) -> Tensor:
        return torch.randn(len(z), *[1] * (z.dim() - 1))

    return recurring(
        {
            "times from randn": task.loss(times=lambda z, last: last * normal(z, last)),
            "the last time always": task.loss(times=lambda z, last: torch.full_like(normal(z, last), last)),
        }
    ) | {
        "times not uniform": (
            task.loss(times=lambda z, last: last * normal(z, last).sigmoid()),
            "Your times are drawn by another law than the uniform one, so some moments count more than others. "
            "That may be a good idea one day; here every moment counts alike.",
        )
    }


def velocity_mistakes(task: LossTask) -> dict[str, Mistake]:
    """Mistakes of the losses that ask for a velocity on the straight line."""
    return recurring(
        {
            "z minus x_t": task.loss(target=lambda s: s.z - s.x),
            "eps minus z": task.loss(target=lambda s: s.eps - s.z),
            "regression on z": task.loss(target=lambda s: s.z),
            "regression on the noise": task.loss(target=lambda s: s.eps),
            "z into the network": task.loss(state=lambda s: s.z),
            "path runs backwards": task.loss(state=lambda s: s.beta * s.z + s.alpha * s.eps),
        }
    ) | {
        "noise into the network": (
            task.loss(state=lambda s: s.eps),
            "Your network is shown the noise in place of the state on the path. That is the state at time 0 "
            "only; what is there at time t?",
        ),
        "regression on the state": (
            task.loss(target=lambda s: s.x),
            "Your target is the state itself, which the network is given already. It should answer with the "
            "velocity of that state. How fast does it move on its line?",
        ),
        "z plus eps": (
            task.loss(target=lambda s: s.z + s.eps),
            "Your target is the *sum* of data point and noise. The weight of the noise falls as time goes on: "
            "which sign has its derivative?",
        ),
        "t = 0 is data": (
            task.loss(state=lambda s: s.beta * s.z + s.alpha * s.eps, target=lambda s: s.eps - s.z),
            "Your loss is right for a clock on which time 0 is data, as some papers have it. Here time 0 is "
            "noise, and the samplers of this course start there. Turn the mix round, and the target with it.",
        ),
    }


def noise_mistakes(task: LossTask) -> dict[str, Mistake]:
    """Mistakes of the losses that ask for the noise or the score."""
    return recurring(
        {
            "clean data shown": task.loss(state=lambda s: s.z),
            "pure noise shown": task.loss(state=lambda s: s.eps),
            "data for target": task.loss(target=lambda s: s.z),
            "state minus data": task.loss(target=lambda s: s.x - s.z),
        }
    )


def scheduler_mistakes(task: LossTask) -> dict[str, Mistake]:
    """Mistakes of the losses that are given a scheduler."""
    return recurring(
        {
            "alpha and beta swapped": task.loss(state=lambda s: s.beta * s.z + s.alpha * s.eps),
            "beta squared for the spread": task.loss(state=lambda s: s.alpha * s.z + s.beta**2 * s.eps),
            "slopes for weights": task.loss(state=lambda s: s.alpha_dot * s.z + s.beta_dot * s.eps),
            "straight line assumed": task.loss(path=lambda *given: straight),
            "time turned round": task.loss(told=lambda s: 1 - s.t),
            "time not shown": task.loss(told=lambda s: 0 * s.t),
            "velocity for target": task.loss(target=lambda s: s.alpha_dot * s.z + s.beta_dot * s.eps),
            "target of the straight line": task.loss(target=lambda s: s.z - s.eps),
            "weighted by beta": task.loss(reduce=lambda r, s: (s.beta * r.square()).mean()),
            "weighted by beta squared": task.loss(reduce=lambda r, s: (s.beta * r).square().mean()),
            "weighted by one over beta squared": task.loss(reduce=lambda r, s: (r / s.beta).square().mean()),
        }
    )
