"""Losses that regress a network on a target along a noising path: exercises 4.4, 5.4, 5.5, 5.6, 6.3, 7.2,
8.2 and 8.3.

Such a loss draws a time (or an index) and noise for each data point, mixes a state, asks the network about it
and averages the squared distance of the answer from a target. The network is ours, and its answers record how
the loss depends on them. For a mean of squares, c (answer - target)², the second derivative is 2c, and the
first one then tells the target: each call shows, entry by entry, with which weight errors are squared and
which answer would cost nothing.
"""

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

import torch
from torch import Tensor, nn

from ..core.facts import Fact, margin, number
from ..core.faults import Fault, described
from ..core.student_function import StudentFunction
from .mistakes import TEXTS, Function, Mistake
from .schedulers import straight

CENTRE, SPREAD = 8.0, 16.0
"""Mean and standard deviation of the data, so large that each row shows the weight of its data point."""
TESTS = 40
"""Statistical numbers in the facts; they share the family's level."""
CAP = 9.0
"""Largest ratio that is told apart from others."""
WEIGHTED = (
    "weighted",
    "weighted near an end",
    "a factor too many",
    "weights of each batch brought to one mean",
)
"""Names of the fact that errors count as they should, the first where nothing more is known."""
MIDDLE = 0.3, 0.7
"""Times between which nothing is clipped in any exercise."""

HINTS = {
    "misused": "Your function calls `net` with {0}. It is called as `{call}`: states of shape {states} "
    "first, then {a_time} for each of them.",
    "coordinates": "Your function draws {a_time} for every coordinate of every state. All coordinates of a "
    "state live at the same {time}: which shape should the {times} have?",
    "double": "You show the network states in double precision, though the data are in single precision. "
    "The network's weights are single too, and torch refuses to multiply the two. Which of your draws has "
    "another dtype than `z`? NumPy's numbers are double.",
    "not asked": "Your loss never asks the network anything, so it cannot train it. `{call}` is to be "
    "called with the noisy states, and its answer compared with the target.",
    "other rows": "Your loss shows the network {0} states for {1} data points. The task asks for one state "
    "for each row, with {a_time} and noise of its own, handed over in the order of the batch.",
    "images left out": "Your function shows the network {0} of {1} images. All of them count, also those "
    "whose label is dropped: it is the label that goes, not the image.",
    "both branches in the loss": "One call of your loss asks the network about each image twice. For "
    "training, once is enough: each image is shown with one label, its own or the null label. Two fields "
    "are combined later, when images are made.",
    "backward": "Your function calls `backward` itself, which uses the loss's history up. A loss only "
    "returns its number; whoever trains the network sends it backwards.",
    "shared": "Each {row} should have {a_time} of its own, but many of yours are equal. Print the {times} "
    "that you hand to the network: how many are drawn, in which shape, and are they a few round numbers "
    "only?",
    "whole": "The network is told numbers that are not whole. This one is told the index of the chain "
    "itself, one of 1, 2, … K.",
    "ends": "The {times} that the network is told do not fill the interval that the task asks for: an end "
    "is left out or passed. Print their smallest and largest. From where to where should they run, and is "
    "the network told what you drew?",
    "uneven": "The {times} that the network is told are not spread evenly from one end to the other: some "
    "come more often. Draw a histogram of them. Which function draws numbers that are all equally likely, "
    "and what do you do with them afterwards?",
    "repeated": "A {row} is given nearly the same {time} in every call. In training each should come by at "
    "all {times}: draw them in every call, inside your function, without a ladder, an order or a fixed seed.",
    "data weight": "The states that the network is shown are not those of the path: at the {time} that it "
    "is told, the {row} should enter with another weight. How much of it is in a state at each end of the "
    "path, and do mix and network get the same {time}?",
    "noise": "Take the part of the {row} away from the states that the network is shown, and divide by the "
    "weight of the noise. What is left should be standard normal numbers, a fresh one for each entry of "
    "each row, and is not. Which function draws your noise, in which shape, and what is it multiplied by?",
    "size": "The states that the network is shown hold noise of another size than the path's, at some "
    "{times} or at all. Divide what is left of a state without its {row} by the weight that the noise has "
    "there: is that standard normal? What multiplies your noise, and is that clipped, squared or a root?",
    "fresh": "Two calls of your loss use the same noise. Training needs fresh noise and fresh {times} in "
    "each step, drawn inside your function. Is a seed set there, or a draw kept from outside?",
    "gradient": "Your loss is a number, but no gradient leads from it back to the network's answers, so "
    "nothing would be learnt. Look for `.item()`, `.detach()`, `torch.no_grad`, `float(…)`, or an answer of "
    "the network that is never used.",
    "negative": "Your loss gets smaller the more the network errs. Training looks for the smallest loss, so "
    "it would make the errors as large as it can. Look for a minus.",
    "cost": "Your loss is not a mean of squared errors. An error twice as large should cost four times as "
    "much, each entry counts for itself, and no two of them cancel. Which operation comes first in your "
    "last line, which last, and is there one too many or one missing?",
    "weight": "The same error does not cost the same everywhere: some {times}, {several} or calls count "
    "more than others. In this exercise all count alike. Is an error multiplied or divided by something "
    "before the mean?",
    "own weight": "Some {times} count more, and others less, than this loss should let them. With which "
    "weight should an error count at each {time}, and is it multiplied to each row before any mean is taken?",
    "batch weight": "In each batch by itself errors count as they should beside one another. From batch to "
    "batch they do not: the same error at the same {time} costs more in one than in another. Do you divide "
    "by a sum or a mean of the weights, which is another number for each draw of {times}?",
    "columns": "Your loss tells the network times of shape {0} with states of shape {1}. The networks of "
    "this lab need a column that lines up with the states, {2}. Which of your lines adds or drops an axis?",
    "mean": "Your loss is {0} times the mean over everything{1}. That may train as well, but the values of "
    "losses are compared further below. Which operation comes last, and is there a number too many?",
    "target": "The check hands over a network that is right for every row, up to a known error, and your "
    "loss compares it with something else. Which noise is in the state, which sign has it, and does the "
    "{row} or a weight enter?",
    "nearly": "Your target comes close to the right one, at some {times} or at all, and is not the same. Is "
    "a number added before you divide, something clamped, a weight taken to another power, or more noise "
    "drawn? What is added has to be far smaller than all that occurs there.",
    "other": "Other batches went well, but with data of shape {0} your loss goes wrong. Is a number of the "
    "task written into your function, or an axis of length one removed by `squeeze`?",
}  # fmt: skip


@dataclass(frozen=True)
class Sample:
    """What a loss draws for a batch `z`, and the path's weights there."""

    z: Tensor
    eps: Tensor
    t: Tensor
    last: float
    alpha: Tensor
    beta: Tensor
    alpha_dot: Tensor
    beta_dot: Tensor

    @property
    def x(self) -> Tensor:
        """The state."""
        return self.alpha * self.z + self.beta * self.eps


Part = Callable[[Sample], Tensor]


def mean_square(residual: Tensor, s: Sample) -> Tensor:
    """Mean over all entries."""
    return residual.square().mean()


@dataclass(frozen=True)
class LossTask:
    """What one exercise asks for.

    Args:
        target: answer of a perfect network.
        path: of the loss's arguments after `net` and `z`, the path: times or indices -> weights.
        given: of the number of a batch and its rows, those arguments.
        last: of those arguments, the last time or index.
        weight: how much a squared error counts, a number for each row; None where all count alike.
        steps: the network is told an index from 1 to `last`, not a time from 0 on.
        strict: times come as a column that lines up with the states, and the loss is the mean itself, no
            multiple of it.
        hints: the exercise's own words, in place of those of the same name in HINTS.
        labels: of those arguments, the labels to tell the network, if it is told any.
        named: facts that fail are named after what was measured, where that is plain.
        compared: what the loss compares with, made of the answer that costs nothing; that answer by default.
        batches: rows, shape of a row, calls. First as many rows as coordinates, so that times along the
            wrong axis show as such and not as an error of torch; then the main ones; last a single one.
    """

    target: Part
    path: Callable[..., Callable[[Tensor], tuple[Tensor, ...]]]
    given: Callable[[int, int], tuple[Any, ...]] = lambda batch, rows: ()
    last: Callable[..., float] = lambda *given: 1.0
    weight: Part | None = None
    steps: bool = False
    strict: bool = False
    hints: Mapping[str, str] = field(default_factory=dict)
    labels: Callable[..., Tensor] | None = None
    named: bool = False
    compared: Callable[[Sample, Tensor], Tensor] = lambda s, aim: aim
    batches: tuple[tuple[int, tuple[int, ...], int], ...] = (24, (24,), 8), (96, (16,), 16), (200, (1,), 1)

    def root(self, s: Sample) -> Tensor:
        """Root of the weight of each row, (rows, 1, …, 1): what an error is multiplied by."""
        return self.weight(s).sqrt() if self.weight else torch.ones_like(s.t)

    def draw(self, z: Tensor, last: float) -> Tensor:
        """A time or an index for each row, (rows, 1, …, 1)."""
        drawn = torch.randint(1, int(last) + 1, (len(z),)) if self.steps else last * torch.rand(len(z))
        return column(drawn, z)

    def sample(self, z: Tensor, eps: Tensor, t: Tensor, *given: Any) -> Sample:
        """Whatever follows from what is drawn."""
        weights = (*self.path(*given)(t), *2 * [torch.zeros_like(t)])
        return Sample(z, eps, t, self.last(*given), *weights[:4])

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
        """The loss from its parts, any of which may be wrong; `changes` are those to the task itself.

        `reduce` gets the errors times the root of their weight.
        """
        task = replace(self, **changes)

        def rule(net: Function, z: Tensor, *given: Any) -> Tensor:
            t, eps = (times or task.draw)(z, task.last(*given)), noise(z)
            s = task.sample(z, eps, t, *given)
            more = (task.labels(*given),) if task.labels else ()
            return reduce(task.root(s) * (net(state(s), told(s), *more) - task.target(s)), s)

        return rule

    def words(self, text: str, *values: object) -> str:
        """A text, or the hint of this name, in the words of the exercise: times or indices, and so on."""
        event = self.batches[0][1]
        names = {"row": "image", "states": f"(batch, {', '.join(map(str, event))})"}
        names["several"] = "rows, labels" if self.labels else "rows"
        names |= {} if len(event) > 1 else {"row": "data point", "states": "(batch, dim)"}
        if len({len(event) for _, event, _ in self.batches}) > 1:  # points as well as images
            names |= {"row": "data point", "states": "(batch, …)"}
        call = "net(x, k)" if self.steps else f"net(x, t{', labels' * bool(self.labels)})"
        clock = ("index", "indices", "an index") if self.steps else ("time", "times", "a time")
        names |= dict(zip(("time", "times", "a_time", "call"), (*clock, call), strict=True))
        return self.hints.get(text, HINTS.get(text, text)).format(*values, **names)

    def fact(
        self,
        name: str,
        hint: str,
        what: str,
        expected: Any,
        measured: Any,
        tol: float = 1e-3,
        match: float | None = None,
        seen: str = "",
    ) -> Fact:
        """A fact whose name, label and hint are in the words of the exercise; `seen` ends the hint."""
        hint = f"{self.words(hint)} {seen}".strip()
        return Fact(self.words(name), self.words(what), expected, measured, hint, tol, match)


def column(values: Tensor, z: Tensor) -> Tensor:
    """One number for each row of `z`, (rows, 1, …, 1)."""
    return values.reshape(-1, *[1] * (z.dim() - 1))


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
        self.again = self.in_double = False
        """Whether the network was asked twice about the same states, and in double precision."""

    def forward(self, *args: Any) -> Tensor:
        """Answer to states (rows, *event) and times, in the dtype of the states."""
        asked = self._checked(*args)
        before = self.pieces[-1] if self.pieces else ()
        if before and all(
            a.shape == b.shape and torch.equal(a, b) for a, b in zip(asked, before, strict=True)
        ):
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
        s = self.task.sample(z, z, column(t, z), *self.given)
        return replace(s, eps=(x.double() - s.alpha * z) / s.beta.clamp(min=1e-4))

    def _checked(self, *args: Any) -> tuple[Tensor, Tensor, Tensor]:
        def misused(what: str) -> Fault:
            return Fault("net misused", self.task.words("misused", what))

        if len(args) != (3 if self.task.labels else 2):
            raise misused(f"{len(args)} argument{'s' * (len(args) != 1)}")
        x, t, *labels = args
        if not isinstance(x, Tensor) or x.dim() != self.z.dim() or x.shape[1:] != self.z.shape[1:]:
            raise misused(f"{described(x)} as its first argument")
        self.in_double = self.in_double or x.dtype == torch.float64  # told later
        if isinstance(t, int | float) and not isinstance(t, bool):
            t = torch.tensor(float(t))
        if isinstance(t, Tensor) and t.shape == x.shape and x[:1].numel() > 1:
            raise Fault("one time for each coordinate", self.task.words("coordinates"))
        if not isinstance(t, Tensor) or (t.numel() != 1 and not t.numel() == len(x) == len(t)):
            raise misused(f"{described(t)} as its second argument")
        if self.task.strict and t.numel() > 1 and t.shape != (len(x), *[1] * (x.dim() - 1)):
            wanted = tuple(column(t, x).shape)
            told = self.task.words("columns", tuple(t.shape), tuple(x.shape), wanted)
            raise Fault("times in another shape", told)
        for y in labels:
            if not isinstance(y, Tensor) or y.shape != x.shape[:1] or y.is_floating_point():
                decimals = " of decimal numbers" * (isinstance(y, Tensor) and y.is_floating_point())
                raise misused(f"{described(y)}{decimals} as its third argument")
        times = t.detach().double().reshape(-1, 1).nan_to_num(0.0).clamp(-1e3, 1e6).expand(len(x), 1)
        return x.detach().clone(), times, labels[0].detach().clone() if labels else torch.zeros(len(x))

    def record(self) -> tuple[Sample, Tensor, Tensor]:
        """What was drawn, the states and the labels, with one row for each data point: (rows, numbers)."""
        if not self.pieces:
            raise Fault("net not asked", self.task.words("not asked"))
        if self.in_double:
            raise Fault("states in double precision", self.task.words("double"))
        x, t, y = (torch.cat(parts) for parts in zip(*self.pieces, strict=True))
        if len(x) != len(self.z):
            name = "other rows"
            if self.task.labels and len(x) < 3 * len(self.z):
                name = "images left out" if len(x) < len(self.z) else "both branches in the loss"
            raise Fault(name, self.task.words(name, len(x), len(self.z)))
        s = self._drawn(self.z, x, t)
        flat = {part.name: getattr(s, part.name).flatten(1) for part in fields(s) if part.name != "last"}
        return replace(s, **flat), x.double().flatten(1), y


@dataclass(frozen=True)
class Record:
    """One call of a loss, or several, one below the other: a row for each data point.

    Args:
        task: the exercise.
        s: what was drawn, as the states tell.
        x, y: states, and labels that the network was told.
        answer: what the network answered.
        slope: derivatives of the loss by the answers.
        signs, along: 1 and -1, by chance; the derivative of `slope` along them.
        value: the losses (calls,).
        given: arguments of the loss after `net` and `z`, of each call.
        again: the network was asked twice about the same states.
    """

    task: LossTask
    s: Sample
    x: Tensor
    y: Tensor
    answer: Tensor
    slope: Tensor
    signs: Tensor
    along: Tensor
    value: Tensor
    given: list[tuple[Any, ...]]
    again: bool

    def calls(self, part: Tensor) -> Tensor:
        """Rows by calls: (calls, rows, …)."""
        return part.reshape(len(self.value), -1, *part.shape[1:])

    @property
    def place(self) -> Tensor:
        """Times over the last one; indices in the same way evenly between 0 and 1."""
        return ((self.s.t - 0.5 * self.task.steps) / self.s.last)[:, 0]

    @property
    def inside(self) -> Tensor:
        """Rows whose time is one that the task asks for."""
        return (self.place >= -1e-5) & (self.place <= 1 + 1e-5)

    @property
    def curvature(self) -> Tensor:
        """Second derivatives of the loss, if those by two different answers are zero."""
        return self.along * self.signs

    @property
    def root(self) -> Tensor:
        """Root of the weight that each row should have, (rows, 1)."""
        return self.task.root(self.s).reshape(-1, 1)

    @property
    def share(self) -> Tensor:
        """Second derivatives over the weight that they should have; the middle one where that says little."""
        share = self.curvature / self.root.square()
        if self.task.weight:
            known = (self.s.beta > 0.05) & (self.place > 0.05)[:, None]
            share = torch.where(known, share, share[known[:, 0]].median())
        return share

    @property
    def aim(self) -> Tensor:
        """What the answers are compared with, if the loss is a sum of squares."""
        known = self.curvature.abs() > 1e-4 * self.curvature.abs().median()
        return torch.where(known, self.answer - self.slope / self.curvature, self.answer).nan_to_num(0.0)

    def thirds(self, average: Callable[[Tensor], Tensor], values: Tensor, where: Tensor) -> Tensor:
        """Averages over the rows in each third of the times, (3,); zeros where there are too few."""
        parts = [values[where & ((3 * self.place).floor().clamp(0, 2) == k)] for k in range(3)]
        return torch.stack([average(part) if len(part) > 5 else part.new_zeros(()) for part in parts])


def probe(student: StudentFunction, task: LossTask, batch: int) -> Record:
    """Call the loss on fresh data with a network that errs, a little in some rows and much in others."""
    rows, event, _ = task.batches[batch]
    z = (CENTRE + SPREAD * torch.randn(rows, *event)).double()
    error, signs = (2.0 * torch.randint(2, z.shape).double() - 1 for _ in range(2))
    error *= column(torch.tensor([0.5, 4.0])[torch.randint(2, (rows,))], z)
    given = task.given(batch, rows)
    net = RecordingNet(task, z, given, error)
    value = student(net, z, *given, shape=(), may_edit=("y",)).double()
    s, x, y = net.record()
    answer, error, signs = (
        part.double().flatten(1) for part in (torch.cat(net.answers).detach(), error, signs)
    )
    slope, along = _derivatives(student.last, net.answers, signs, error)
    return Record(task, s, x, y, answer, slope, signs, along, value[None], [given], net.again)


def _derivatives(value: Any, answers: list[Tensor], signs: Tensor, error: Tensor) -> tuple[Tensor, Tensor]:
    """Derivatives of a loss by the network's answers, and their own derivative along `signs`."""

    def slopes(of: Tensor, again: bool = False) -> Tensor:
        found = torch.autograd.grad(of, answers, create_graph=again, allow_unused=True)
        pairs = zip(answers, found, strict=True)
        return torch.cat([torch.zeros_like(a) if g is None else g for a, g in pairs]).double().flatten(1)

    if not isinstance(value, Tensor) or not value.requires_grad:
        return torch.zeros_like(signs), torch.zeros_like(signs)
    try:
        first = slopes(value.sum(), again=True)
    except RuntimeError:
        raise Fault("backward called", HINTS["backward"]) from None
    slope = first.detach().nan_to_num(0.0)
    if not first.requires_grad:
        return slope, torch.zeros_like(signs)
    try:
        return slope, slopes((first * signs).sum()).detach().nan_to_num(0.0)
    except RuntimeError:  # no second derivative is known: as if the target were right
        return slope, slope / error * signs


def joined(calls: list[Record]) -> Record:
    """Several calls in one record."""

    def stacked(part: str, of: list[Any]) -> Any:
        values = [getattr(each, part) for each in of]
        return torch.cat(values) if isinstance(values[0], Tensor) else values[0]

    samples = [call.s for call in calls]
    s = Sample(*(stacked(part.name, samples) for part in fields(Sample)))
    parts = {part.name: stacked(part.name, calls) for part in fields(Record)}
    given, again = [call.given[0] for call in calls], any(call.again for call in calls)
    return Record(**parts | {"s": s, "given": given, "again": again})


Facts = Iterator[Fact]


def measure(
    student: StudentFunction, task: LossTask, labels: Callable[[Record], Facts] | None = None
) -> Iterator[Fact | str]:
    """Times, states and noise, labels if there are any; cost, gradient and target; then another batch.

    Of a stage that went well only one fact is shown; the stages rest on one another, so the first that fails
    is the last.
    """
    main = (_times, _states, _noise, *([labels] if labels else []), _cost, _target)
    records: list[Record] = []
    for batch, stages in enumerate(((_states,), main, (_other,))):
        records.append(joined([probe(student, task, batch) for _ in range(task.batches[batch][2])]))
        for stage in stages:
            found = list(stage(records[-1]))
            if not all(fact.holds() for fact in found):
                yield from found
                if found[-1].name in WEIGHTED:  # a wrong target and a lost weight often go together
                    yield from _target(records[-1])
                return
            if batch == 1:
                yield found[0]
    yield from _scale(task, records)


def _rms(values: Tensor, dim: int | None = None) -> Tensor:
    return values.square().mean(dim=dim).sqrt()


def _ratio(a: Tensor, b: Tensor) -> Tensor:
    return (a / b).nan_to_num(0.0, CAP, -CAP).clamp(-CAP, CAP)


def _states(r: Record) -> Facts:
    """How states are mixed of data and noise, at the beginning, in the middle and at the end of the times."""
    task, s, inside, dim = r.task, r.s, r.inside, r.x.shape[1]
    z, x = (part - part.mean(dim=1, keepdim=True) for part in (s.z, r.x))
    weight = _ratio((x * z).sum(dim=1), z.square().sum(dim=1))
    left = (x - weight[:, None] * z) * (dim / (dim - 2)) ** 0.5  # two numbers of each row are fitted
    size = _rms(left, 1).nan_to_num(CAP).clamp(max=CAP)
    beyond = 1 - inside.double().mean()
    yield task.fact("{times} outside", "ends", "share of {times} beyond an end", 0.0, beyond, 1e-6, 0.06)
    if beyond > 0:
        yield from _spread(r)
    off = _rms((weight - s.alpha[:, 0])[inside]) - _rms(s.beta[inside]) / (SPREAD * dim**0.5)
    expected, came = (r.thirds(torch.mean, part, inside) for part in (s.alpha[:, 0], weight))
    yield task.fact(
        (task.named and _power(r, weight)) or "wrong states",
        "data weight",
        "weight of the data at early, middle and late {times}, and how far rows are off",
        torch.cat([expected, torch.zeros(1)]),
        torch.cat([came, off[None]]).nan_to_num(0.0),
        0.012,
        0.1,
    )
    expected, came = (r.thirds(_rms, part, inside) for part in (s.beta[:, 0], size))
    flat = (size < 0.01 * s.beta[:, 0])[inside].double().mean().nan_to_num(0.0)
    unit = r.calls(left / size[:, None].clamp(min=1e-9)).mean(dim=1)
    common = torch.stack([flat, unit.square().mean()])
    what = "rows whose entries share their noise; what the rows of a batch have in common"
    noise = task.fact("wrong noise", "noise", what, torch.zeros(2), common, 0.3, 0.3)
    yield noise
    if noise.holds():
        tol = margin(TESTS) / (len(r.x) * dim / 2) ** 0.5
        mean = (r.x.mean(dim=1) - weight * s.z.mean(dim=1))[inside].mean() / s.beta[inside].mean()
        expected, came = torch.cat([expected, torch.zeros(1)]), torch.cat([came, _ratio(mean, torch.ones(1))])
        what = "size of the noise at early, middle and late {times}, and its mean"
        name, hint = ("noise of another size", "size") if task.named else ("wrong noise", "noise")
        yield task.fact(name, hint, what, expected, came, tol, 0.15)
    # Whichever states there are, the target may hold the data or not.
    nothing = task.target(replace(s, eps=torch.zeros_like(s.z))).expand_as(s.z)
    expected, came = (_ratio((part * s.z).sum(), s.z.square().sum()) for part in (nothing, r.aim))
    yield task.fact("wrong target", "target", "share of the data in the target", expected, came, CAP, 0.1)


def _power(r: Record, weight: Tensor) -> str:
    """The name of states in which the data enter with a power of the time; "" if they do not."""
    middle = (r.place > MIDDLE[0]) & (r.place < MIDDLE[1]) & (weight > 0)
    if int(middle.sum()) < 20:
        return ""
    powers = weight[middle].log() / r.place[middle].log()
    p = float(powers.median())
    plain = float((powers - p).abs().quantile(0.9)) < 0.1 and abs(2 * p - round(2 * p)) < 0.1
    return (
        f"data weighted by {'the root' if p < 0.75 else 'a power'} of t"
        if plain and round(2 * p) != 2
        else ""
    )


def _times(r: Record) -> Facts:
    """Times that the network is told: one for each row, evenly from end to end, and others in each call."""
    task, last, steps, t = r.task, r.s.last, r.task.steps, r.calls(r.s.t[:, 0])
    rows = t.shape[1]
    expected = last * (1 - (1 - 1 / last) ** rows) / rows if steps else 1.0
    own = sum(len(each.unique()) for each in t) / t.numel()
    what = "different {times} of a batch, over its rows"
    shared = task.fact("{times} shared", "shared", what, expected, own, 0.2 * expected if steps else 0.02)
    yield shared
    moved = (t.var(dim=0).mean() * 12 / (last**2 - steps)).clamp(max=1.0)
    what = "variance of a row's {time} from call to call, over the right one"
    again = task.fact("the same {times} always", "repeated", what, 1.0, moved, 0.7, 0.7)
    yield again
    if not shared.holds():
        width = t.std(dim=1).mean() / last
        yield task.fact("{times} shared", "shared", "spread of {times} in a batch", 0.29, width, 0.5, 0.1)
        if moved < 1e-9:
            yield task.fact(
                "the same {times} always", "repeated", "their mean", last / 2, t.mean(), 1e-3, 1e-3
            )
        return
    if not again.holds():
        yield _fresh(r)
        return
    if steps:
        whole = (t == t.round()).double().mean()
        yield task.fact("not an index", "whole", "share of whole indices", 1.0, whole)
    else:
        own = len(t.unique()) / t.numel()
        yield task.fact("times on a grid", "shared", "different times, over all rows", 1.0, own, 0.01, 0.2)
    yield from _spread(r)


def _spread(r: Record) -> Facts:
    """Whether times run from end to end, and evenly."""
    task, steps, last, n = r.task, r.task.steps, r.s.last, len(r.x)
    ends = torch.stack([r.place.min(), r.place.max()]).clamp(-1, 2)
    wanted = torch.tensor([0.5, last - 0.5]) / last if steps else torch.tensor([0.0, 1.0])
    tol, match = (1e-6, 0.01) if steps else (max(0.02, 8 / n), 0.1)
    what = "first and last {time}, over the last one"
    yield task.fact("{times} leave out an end", "ends", what, wanted, ends, tol, match)
    tenths = torch.arange(1, 10).double() / 10
    found = torch.quantile(r.place, tenths).clamp(-1, 2)
    tol = margin(TESTS) * 0.5 / n**0.5 + 0.5 * steps / last
    what = "tenths of the {times}, over the last one"
    yield task.fact("{times} not uniform", "uneven", what, tenths, found, tol, max(0.08, 2 / n**0.5))


def _fresh(r: Record) -> Fact:
    """Share of the noise that comes again in the next call."""
    eps = r.calls(torch.where(r.s.beta > 0.1, r.s.eps, torch.nan))[:2]
    gap = (eps[0] - eps[1]).abs()
    same = (gap < 1e-3).sum() / (~gap.isnan()).sum().clamp(min=1)
    return r.task.fact(
        "the same draw each time", "fresh", "share of the noise that comes again", 0.0, same, 0.1
    )


def _noise(r: Record) -> Facts:
    """Law of the noise in the states, and whether it is fresh."""
    fresh = _fresh(r)
    yield fresh
    if not fresh.holds():
        return
    wide = (r.s.beta > 0.1)[:, 0]
    eps = r.s.eps[wide]
    columns = eps.square().mean(dim=0)
    law = [
        eps.mean(),
        (columns.std() - (2 / len(eps)) ** 0.5) / 2,
        (eps * (r.s.z[wide] - CENTRE)).mean() / SPREAD,
        (eps[:, 1:] * eps[:, :-1]).mean(),
        (eps.abs() < 1).double().mean() - math.erf(0.5**0.5),
        (eps.abs() > 2).double().mean() - math.erfc(2**0.5),
    ]
    what = "noise: mean, columns unlike, ties to data and neighbours, surplus within 1 and beyond 2"
    tol = max(0.02, 6 / eps.numel() ** 0.5)
    yield r.task.fact(
        "wrong noise", "noise", what, torch.zeros(6), torch.stack(law).clamp(-CAP, CAP), tol, 0.1
    )


def _cost(r: Record) -> Facts:
    """Whether a gradient arrives, errors are squared one by one, and all rows count alike."""
    task, curvature = r.task, r.curvature
    learns = float(bool(r.slope.any()))
    yield task.fact("no gradient", "gradient", "gradient that arrives", 1.0, learns)
    if not learns:
        return
    squares = r.calls((r.slope.square() / (2 * curvature)).nan_to_num(0.0, 0.0, 0.0)).sum(dim=(1, 2))
    value = torch.where(squares == 0, 0.0, _ratio(r.value, squares)).median()
    count = curvature.any(dim=1) if bool(curvature.any()) else curvature[:, 0] == 0
    signed = _ratio(curvature.mean(dim=1), _rms(curvature, 1))[count].mean()
    table = r.calls(r.along)
    ties = [
        _ratio(table.mean(dim=d).square(), _rms(table, d).square()).mean() - 1 / table.shape[d]
        for d in (2, 1)
    ]
    if signed < -0.9:
        yield task.fact("negative", "negative", "sign of what an error costs", 1.0, -1.0)
        return
    what = "loss over the sum of its squares; sign; what goes together in rows and columns"
    expected, came = torch.tensor([1.0, 1.0, 0.0, 0.0]), torch.stack([value, signed, *ties])
    lost = _without_gradient(r)
    name = "numbers without a gradient" if lost and task.named else "wrong cost"
    cost = task.fact(name, "cost", what, expected, came, 0.03, 0.1, lost)
    yield cost
    if not cost.holds():
        sign = r.slope.sign().mean().abs()
        yield task.fact(name, "cost", "common sign of the loss's slopes", 0.0, sign, 0.5, 0.3)
        return
    weight = r.share.mean(dim=1)
    first = r.calls(weight)[:, : r.calls(weight).shape[1] // 2].median()
    spread = weight.quantile(0.95) - weight.quantile(0.05)
    parts = torch.stack([*r.thirds(torch.median, weight, weight == weight), first, spread])
    what = (
        "cost of an error over the right one: at early, middle, late {times}, in the first rows; its spread"
    )
    expected, came = torch.tensor([1.0, 1.0, 1.0, 1.0, 0.0]), _ratio(parts, weight.median())
    name, hint, factor = (
        WEIGHTED[0],
        "own weight" if task.weight else "weight",
        _superfluous_factor(r, weight),
    )
    own = r.calls(weight) / r.calls(weight).median(dim=1, keepdim=True).values
    if task.named and float(came[-1]) > 0.05 > 20 * float((own.quantile(0.85) - own.quantile(0.15)).abs()):
        name, hint = WEIGHTED[3], "batch weight"
    elif task.named and factor:
        name = WEIGHTED[2 if "carry" in factor else 1]
    yield task.fact(name, hint, what, expected, came, 0.01, 0.4, factor)


def _without_gradient(r: Record) -> str:
    """From how many of the network's numbers no gradient arrives, in a sentence, if from some only."""
    share = float(((r.slope == 0) & (r.along == 0)).double().mean())
    if not 0.02 < share < 0.98:
        return ""
    return (
        f"From {share:.0%} of the network's numbers no gradient arrives: is something clamped, masked or "
        "left out?"
    )


def _superfluous_factor(r: Record, weight: Tensor) -> str:
    """Powers of t and 1 - t by which errors are multiplied and should not be, in a sentence.

    They are fitted where no clip is at work; "" where the weights are no such powers.
    """
    middle = (r.place > MIDDLE[0]) & (r.place < MIDDLE[1]) & (weight > 0)
    if r.task.steps or int(middle.sum()) < 20:
        return ""
    t, root = r.place[middle], weight[middle].log() / 2
    table = torch.stack([torch.ones_like(t), t.log(), (1 - t).log()], dim=1)
    fitted = torch.linalg.lstsq(table, root[:, None]).solution[:, 0]
    powers = (2 * fitted[1:]).round() / 2
    if float((table @ fitted - root).abs().max()) > 1e-3 or float((powers - fitted[1:]).abs().max()) > 0.02:
        return ""
    where = f"Between t = {MIDDLE[0]} and {MIDDLE[1]}"
    if not powers.any():
        return f"{where} all errors count as they should: look at the times near an end."
    factors = [
        f"{base}^{number(abs(p))}" if abs(p) != 1 else base
        for base, p in zip(("t", "(1 − t)"), powers.tolist(), strict=True)
    ]
    above, below = (
        " ".join(each for each, p in zip(factors, powers.tolist(), strict=True) if sign * p > 0)
        for sign in (1, -1)
    )
    quotient = f"{above or 1} / {below}" if below else above
    return f"{where} your errors carry a factor {quotient} that they should not."


def _deviation(r: Record) -> tuple[Tensor, Tensor, Tensor]:
    """Distance of the target from the right one, over the noise in that; where to look; the right one."""
    right = r.task.target(r.s)
    noise = _rms(r.root * r.task.target(replace(r.s, z=torch.zeros_like(r.s.z))))
    scale = noise if noise > 0 else _rms(r.root)  # the data point itself has no noise in it: in data units
    return (r.root * (r.aim - right) / scale).clamp(-1e3, 1e3), (r.s.beta > 0.05)[:, 0] & r.inside, right


def _target(r: Record) -> Facts:
    """How far the target is from the right one; and if it is, how much of data and noise is in it."""
    off, seen, right = _deviation(r)
    came = r.thirds(_rms, off, seen)
    worst = float(came.max())
    nearly = worst > 0.01 and float(came.min()) < 0.11
    mix, rest = _mixed(r)
    name, hint = ("nearly the target", "nearly") if nearly else ("wrong target", "target")
    if r.task.named and nearly and worst > 0.3:
        name = "the right target at some times only"
    elif r.task.named and not nearly and worst > 0.01:
        name = _kind(r, mix, rest, seen & (_rms(off, 1) > 0.01)) or name
    what = "distance of your target from the right one, at early, middle and late {times}"
    zero, match = torch.zeros(3), max(0.05, 0.3 * worst)
    aim = r.task.fact(name, hint, what, zero, came, 0.01, match, _costs_nothing(r, off, seen, mix, rest))
    yield aim
    if aim.holds():
        return

    def made_of(target: Tensor) -> Tensor:
        """Weights of data and noise, and the size of the rest, in each third of the times, (9,)."""
        table = torch.stack([r.s.z, r.s.eps, torch.ones_like(r.s.z), target], dim=-1)

        def fitted(rows: Tensor) -> Tensor:
            columns, values = rows[..., :3].flatten(0, 1), rows[..., 3:].flatten(0, 1)
            weights = torch.linalg.lstsq(columns, values).solution
            return torch.stack([*weights[:2, 0], _rms(values - columns @ weights)])

        thirds = [table[seen & ((3 * r.place).floor().clamp(0, 2) == k)] for k in range(3)]
        return torch.cat([fitted(rows) if len(rows) > 5 else torch.zeros(3) for rows in thirds]).clamp(
            -1e3, 1e3
        )

    came = made_of(r.root * r.aim)
    what = "data, noise and the rest in your target, at early, middle and late {times}"
    match = 0.1 + 0.1 * float(came.abs().max())
    yield r.task.fact("made of", "target", what, made_of(r.root * right), came, 0.02, match)


def _mixed(r: Record, aim: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """Weights of data, noise and one in what each row is compared with, (rows, 3), and the share of the rest.

    None of either where a row has too few numbers.
    """
    if r.x.shape[1] < 6:  # three numbers are fitted
        return r.x.new_zeros(0, 3), r.x.new_zeros(0)
    table = torch.stack([r.s.z, r.s.eps, torch.ones_like(r.s.z)], dim=2)
    target = r.task.compared(r.s, r.aim if aim is None else aim)
    weights = torch.linalg.lstsq(table, target[:, :, None]).solution
    rest = _rms(target - (table @ weights)[:, :, 0], 1) / _rms(target, 1).clamp(min=1e-9)
    return weights[:, :, 0], rest


def _kind(r: Record, mix: Tensor, rest: Tensor, off: Tensor) -> str:
    """The name of a wrong target, by the weights of data and noise in it; "" if they tell nothing."""
    if len(mix) == 0 or int(off.sum()) < 5:
        return ""
    if float(rest[off].median()) > 0.02:
        return "more than the row's own data and noise in the target"
    found, right = mix[off, :2], _mixed(r, r.task.target(r.s).expand_as(r.aim))[0][off, :2]
    size = found.abs().amax(dim=1, keepdim=True)
    gone = ((found.abs() < 0.02 * size) & (right.abs() > 0.02)).double().mean(dim=0) > 0.9
    more = ((found.abs() > 0.02 * size) & (right.abs() < 0.02)).double().mean(dim=0) > 0.9
    for state, words in ((gone, "no {} in the target"), (more, "{} in the target")):
        if bool(state.any()):
            return words.format("data" if state[0] else "noise")
    across = found[:, 0] * right[:, 1] - found[:, 1] * right[:, 0]
    same = float((across.abs() / size[:, 0]).median()) < 0.02
    return "the right target times another number" if same else "data and noise mixed otherwise in the target"


def _costs_nothing(r: Record, off: Tensor, seen: Tensor, mix: Tensor, rest: Tensor) -> str:
    """What is compared with, in the row where that is farthest from the right thing, in a sentence."""
    if len(mix) == 0:
        return ""
    row = int(torch.where(seen, _rms(off, 1), -1.0).argmax())
    what = "your target" if r.task.named else "the answer that costs nothing in your loss"
    clock = f"At {r.task.words('{time}')} {number(r.s.t[row, 0])} {what} is"
    if float(rest[row]) > 0.02:
        return (
            f"{clock} more than a mix of the row's own z and ε. Where does something else come in: other "
            "rows, another draw?"
        )
    terms = [
        f"{number(w)} {name}".strip()
        for w, name in zip(mix[row].tolist(), ("z", "ε", ""), strict=True)
        if abs(w) > 5e-3
    ]
    return f"{clock} {' + '.join(terms) or 0}.".replace("+ -", "− ").replace("-", "−")


def _other(r: Record) -> Facts:
    """A batch with one coordinate or one image, and with other arguments."""
    off, seen, _ = _deviation(r)
    away = _rms(off[seen]).nan_to_num(0.0)
    late = r.place.max() if len(r.x) > 100 else torch.ones_like(away)
    shape = str((len(r.x), *r.task.batches[2][1]))
    what = "distance from the right target, and the last {time}, with data " + shape
    wanted = torch.tensor([0.0, 1 - 0.5 * r.task.steps / r.s.last])
    hint = r.task.words("other", shape)
    yield r.task.fact("another batch", hint, what, wanted, torch.stack([away, late]), 0.1)


def _scale(task: LossTask, records: list[Record]) -> Iterator[Fact | str]:
    """How many times the mean a loss is, and that a network is asked twice: remarks, if multiples pass."""
    shapes = [r.calls(r.x).shape[1:] for r in records]
    factors = [float(r.share.median()) * n * d / 2 for r, (n, d) in zip(records, shapes, strict=True)]
    kinds = {
        "": [1 for _ in shapes],
        ", a sum over the coordinates": [d for _, d in shapes],
        ", a sum over the batch": [n for n, _ in shapes],
        ", a sum over everything": [n * d for n, d in shapes],
    }
    rests = {kind: [f / m for f, m in zip(factors, sizes, strict=True)] for kind, sizes in kinds.items()}
    how = next((kind for kind, rest in rests.items() if max(rest) < 1.02 * min(rest)), "")
    if task.strict:
        hint = task.words("mean", number(factors[1]), how)
        came = torch.tensor(factors)
        yield task.fact("not the mean", hint, "loss over the mean, three batches", torch.ones(3), came, 0.02)
    elif any(abs(factor - 1) > 0.02 for factor in factors):
        said = f"Your loss is {number(factors[1])} times the mean here{how}."
        yield f"{said} Accepted: divide before you compare values."
    if any(r.again for r in records):
        yield "Your loss asks the network twice about the same states. Keep its answer under a name."


def _ones(z: Tensor, times: Tensor) -> Tensor:
    return times.expand(len(z), *[1] * (z.dim() - 1))


def _always_the_same(loss: Function) -> Function:
    def rule(*given: Any) -> Tensor:
        torch.manual_seed(0)
        return loss(*given)

    return rule


PARTS: dict[str, dict[str, dict[str, Any]]] = {
    "any": {
        "noise not scaled": {"state": lambda s: s.alpha * s.z + s.eps},
        "data not scaled": {"state": lambda s: s.z + s.beta * s.eps},
        "rand for randn": {"noise": torch.rand_like},
        "one noise for the whole batch": {"noise": lambda z: torch.randn_like(z[:1]).expand_as(z)},
        "one noise for all coordinates": {"noise": lambda z: column(torch.randn(len(z)), z).expand_as(z)},
        "errors not squared": {"reduce": lambda r, s: r.mean()},
        "not squared": {"reduce": lambda r, s: r.abs().mean()},
        "length, not its square": {"reduce": lambda r, s: r.flatten(1).norm(dim=1).mean()},
        "root at the end": {"reduce": lambda r, s: r.square().mean().sqrt()},
        "square after the mean": {"reduce": lambda r, s: r.mean().square()},
        "square after the mean over the batch": {"reduce": lambda r, s: r.mean(dim=0).square().mean()},
        "coordinates summed before the square": {
            "reduce": lambda r, s: r.flatten(1).sum(dim=1).square().mean()
        },
        "variance of the errors": {"reduce": lambda r, s: r.var()},
        "no gradient": {"reduce": lambda r, s: r.detach().square().mean()},
        "sign of the loss": {"reduce": lambda r, s: -r.square().mean()},
    },
    "times": {
        "times from randn": {"times": lambda z, last: last * column(torch.randn(len(z)), z)},
        "times not uniform": {"times": lambda z, last: last * column(torch.randn(len(z)).sigmoid(), z)},
        "times on a grid": {"times": lambda z, last: column(torch.randint(1000, (len(z),)) * last / 1000, z)},
        "the last time always": {"times": lambda z, last: column(torch.full((len(z),), last), z)},
        "the same times always": {"times": lambda z, last: column(torch.linspace(0, last, len(z)), z)},
    },
    "velocity": {
        "z minus x_t": {"target": lambda s: s.z - s.x},
        "eps minus z": {"target": lambda s: s.eps - s.z},
        "regression on z": {"target": lambda s: s.z},
        "regression on the noise": {"target": lambda s: s.eps},
        "regression on the state": {"target": lambda s: s.x},
        "z plus eps": {"target": lambda s: s.z + s.eps},
        "z into the network": {"state": lambda s: s.z},
        "noise into the network": {"state": lambda s: s.eps},
        "path runs backwards": {"state": lambda s: s.beta * s.z + s.alpha * s.eps},
        "t = 0 is data": {
            "state": lambda s: s.beta * s.z + s.alpha * s.eps,
            "target": lambda s: s.eps - s.z,
        },
    },
    "noise": {
        "clean data shown": {"state": lambda s: s.z},
        "pure noise shown": {"state": lambda s: s.eps},
        "data for target": {"target": lambda s: s.z},
        "state minus data": {"target": lambda s: s.x - s.z},
    },
    "scheduler": {
        "alpha and beta swapped": {"state": lambda s: s.beta * s.z + s.alpha * s.eps},
        "beta squared for the spread": {"state": lambda s: s.alpha * s.z + s.beta**2 * s.eps},
        "slopes for weights": {"state": lambda s: s.alpha_dot * s.z + s.beta_dot * s.eps},
        "straight line assumed": {"path": lambda *given: straight},
        "time turned round": {"told": lambda s: 1 - s.t},
        "time not shown": {"told": lambda s: 0 * s.t},
        "velocity for target": {"target": lambda s: s.alpha_dot * s.z + s.beta_dot * s.eps},
        "target of the straight line": {"target": lambda s: s.z - s.eps},
        "weighted by beta": {"reduce": lambda r, s: (s.beta * r.square()).mean()},
        "weighted by beta squared": {"reduce": lambda r, s: (s.beta * r).square().mean()},
        "weighted by one over beta squared": {"reduce": lambda r, s: (r / s.beta).square().mean()},
    },
}
"""Mistakes of several exercises, by kinds: name -> parts of the loss that are wrong."""

OWN = {
    "variance of the errors": "You take the variance of the errors, so an error that all entries share "
    "costs nothing. The loss is the mean of their squares, with nothing taken away before. Which function "
    "do you call at the end?",
    "sign of the loss": HINTS["negative"],
    "the same times always": "A {row} gets the same {time} in every call: a ladder of {times}, or a fixed "
    "seed. In training each should come by at all of them. Where are your {times} drawn, and how often?",
    "times not uniform": "Your times are not drawn uniformly, so some moments count "
    "more than others. That may be a good idea one day; here every moment counts alike.",
    "times on a grid": "Your times are multiples of a fixed step, so that many states share theirs, and the "
    "moments in between are never seen. Time runs without steps here: which function draws from an interval?",
    "regression on the state": "Your target is the state itself, which the network is given already. It "
    "should answer with the velocity of that state. How fast does it move on its line?",
    "z plus eps": "Your target is the *sum* of {row} and noise. The weight of the noise falls as time goes "
    "on: which sign has its derivative?",
    "noise into the network": "Your network is shown the noise in place of the state on the path. That is "
    "the state at time 0 only; what is there at time t?",
    "t = 0 is data": "Your loss is right for a clock on which time 0 is data, as some papers have it. Here "
    "time 0 is noise, and the samplers of this course start there. Turn the mix round, and the target with "
    "it.",
    "difference of squares": "You square the answer and the target, each by itself, and subtract then. A "
    "network that always answers zero would do best. Which comes first, the difference or the square?",
    "along the wrong axis": "What belongs to the {time} of a row has the shape (batch,) where it meets the "
    "states, and torch lines axes up from the right: it runs along the coordinates. With as many rows as "
    "coordinates there is not even an error. How does it get more axes?",
}  # fmt: skip


def mistakes(task: LossTask, *kinds: str) -> dict[str, Mistake]:
    """Mistakes of any such loss, and of these kinds: name -> (wrong rule, what to tell)."""
    parts = {name: part for kind in ("any", *kinds) for name, part in PARTS[kind].items()}
    rules = {name: task.loss(**part) for name, part in parts.items()}

    def goal(s: Sample) -> Tensor:
        return task.root(s) * task.target(s)

    rules |= {
        "two draws of noise": task.loss(target=lambda s: task.target(replace(s, eps=torch.randn_like(s.z)))),
        "the same draw each time": _always_the_same(task.loss()),
        "difference of squares": task.loss(
            reduce=lambda r, s: ((r + goal(s)).square() - goal(s).square()).mean()
        ),
        task.words("one {time} for the whole batch"): task.loss(
            times=lambda z, last: _ones(z, task.draw(z[:1], last))
        ),
        task.words("{time} along the wrong axis"): task.loss(
            times=lambda z, last: task.draw(z, last).flatten(),
            told=(lambda s: column(s.t, s.z)) if task.strict else lambda s: s.t,
        ),
    }
    texts = OWN | {task.words("{time} along the wrong axis"): OWN["along the wrong axis"]}
    return {name: (rule, task.words(texts.get(name) or TEXTS[name])) for name, rule in rules.items()}
