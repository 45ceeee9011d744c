"""Exercise 8.1: from any of three predictions to any other."""

from collections.abc import Callable, Iterator, Mapping
from itertools import product

import torch
from torch import Tensor

from ..core.engine import exercise
from ..core.facts import Fact
from ..core.student_function import StudentFunction
from ..shared.mistakes import Mistake, alike, one_time_for_all, recurring
from ..shared.quiet import failing
from .common import IMAGES, NAMES, POINTS, column, drawn

Road = Callable[[Tensor, Tensor, Tensor], Tensor]
"""One entry of the table: what is known, the state and the time -> what is wanted."""
Pair = tuple[str, str]
ROADS: dict[Pair, Road] = {
    ("data", "noise"): lambda a, x, t: (x - t * a) / (1 - t),
    ("data", "velocity"): lambda a, x, t: (a - x) / (1 - t),
    ("noise", "data"): lambda a, x, t: (x - (1 - t) * a) / t,
    ("noise", "velocity"): lambda a, x, t: (x - a) / t,
    ("velocity", "data"): lambda a, x, t: x + (1 - t) * a,
    ("velocity", "noise"): lambda a, x, t: x - t * a,
}


def _table(changed: Mapping[Pair, Road] | None = None) -> Callable[..., Tensor]:
    """A conversion, some of whose entries are other ones."""
    roads = ROADS | {(name, name): lambda a, x, t: a for name in NAMES} | dict(changed or {})

    def rule(answer: Tensor, x: Tensor, t: Tensor, given: str, wanted: str) -> Tensor:
        return roads[given, wanted](answer, x, torch.as_tensor(t, dtype=x.dtype))

    return rule


def _through(
    hub: Callable[[str, Tensor, Tensor, Tensor], tuple[Tensor, Tensor]], sign: int = 1
) -> Callable[..., Tensor]:
    """A conversion by way of data and noise, which `hub` finds; `sign` is that of the velocity."""

    def rule(answer: Tensor, x: Tensor, t: Tensor, given: str, wanted: str) -> Tensor:
        z, eps = hub(given, answer, x, torch.as_tensor(t, dtype=x.dtype))
        return {"data": z, "noise": eps, "velocity": sign * (z - eps)}[wanted]

    return rule


def _ends(given: str, a: Tensor, x: Tensor, t: Tensor) -> tuple[Tensor, Tensor]:
    table = _table()
    return table(a, x, t, given, "data"), table(a, x, t, given, "noise")


def _turned(given: str, a: Tensor, x: Tensor, t: Tensor) -> tuple[Tensor, Tensor]:
    return _ends(given, -a if given == "velocity" else a, x, t)


def _unless_same(rule: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """A conversion that hands the answer back where both names are the same, before anything else."""
    return lambda a, x, t, given, wanted: a if given == wanted else rule(a, x, t, given, wanted)


def _one(pair: Pair, road: Road) -> Callable[..., Tensor]:
    return _table({pair: road})


def _at(clock: Callable[[Tensor], Tensor]) -> Callable[..., Tensor]:
    """The right table at another time."""
    return lambda a, x, t, given, wanted: _table()(
        a, x, clock(torch.as_tensor(t, dtype=x.dtype)), given, wanted
    )


def _clipped(least: float, added: bool = False) -> Callable[..., Tensor]:
    def below(s: Tensor) -> Tensor:
        return s + least if added else s.clamp(min=least)

    return _table(
        {
            ("data", "noise"): lambda a, x, t: (x - t * a) / below(1 - t),
            ("data", "velocity"): lambda a, x, t: (a - x) / below(1 - t),
            ("noise", "data"): lambda a, x, t: (x - (1 - t) * a) / below(t),
            ("noise", "velocity"): lambda a, x, t: (x - a) / below(t),
        }
    )


CLOCK = "Put t = 1 into your table by hand: nothing but data is left in the state. "
MISTAKES: dict[str, Mistake] = {
    **one_time_for_all(_table(), 2),
    **recurring(
        {
            "time along the wrong axis": _at(lambda t: t.flatten()),
            "eps minus z": _through(_turned, -1),
        }
    ),
    "clock turned round": (
        _at(lambda t: 1 - t),
        f"You use t where 1 − t belongs, and the other way round. {CLOCK}Which of the two weights is it that "
        "the data have in the state?",
    ),
    "given and wanted swapped": (
        lambda a, x, t, given, wanted: _table()(a, x, t, wanted, given),
        "Your two names have changed places: you treat the answer as what is `wanted`, and return what is "
        "`given`. Which of them says what you have in hand?",
    ),
    "sign of a given velocity": (
        _unless_same(_through(_turned)),
        "You make velocities with the right sign, and take them with the wrong one. The velocity is data "
        "minus noise, also where it is the answer: which way does a state move?",
    ),
    "sign of a wanted velocity": (
        _unless_same(_through(_ends, -1)),
        "You take velocities with the right sign, and make them with the wrong one: they point from the data "
        "to the noise. In this course time 1 is data, and states move there.",
    ),
    "data from velocity over t": (
        _one(("velocity", "data"), lambda a, x, t: x + t * a),
        "From velocity to data you go on for the time that has passed. A state moves on a straight line, and "
        "arrives at time 1: how much time is left to it?",
    ),
    "noise from velocity over 1 - t": (
        _one(("velocity", "noise"), lambda a, x, t: x - (1 - t) * a),
        "From velocity to noise you go back for the time that is left. The state set out at time 0: how long "
        "ago was that?",
    ),
    "noise from velocity, forwards": (
        _one(("velocity", "noise"), lambda a, x, t: x + t * a),
        "From velocity to noise you go forwards. The noise is where the line began: which sign takes a state "
        "back to it?",
    ),
    "t and 1 - t swapped on the velocity's roads": (
        _table(
            {
                ("velocity", "data"): lambda a, x, t: x + t * a,
                ("velocity", "noise"): lambda a, x, t: x - (1 - t) * a,
            }
        ),
        "Where a velocity is given, you walk back for the time that is left and on for the time that has "
        "passed. How far is it to each end of the line?",
    ),
    "weight of the data forgotten": (
        _one(("data", "noise"), lambda a, x, t: (x - a) / (1 - t)),
        "From data to noise you take the whole data point away from the state. It is in there with a weight: "
        "take away what is in, and divide what is left by the weight of the noise.",
    ),
    "weight of the noise forgotten": (
        _one(("noise", "data"), lambda a, x, t: (x - a) / t),
        "From noise to data you take the whole noise away from the state. It is in there with a weight: take "
        "away what is in, and divide what is left by the weight of the data.",
    ),
    "circle for line": (
        _table(
            {
                ("data", "noise"): lambda a, x, t: (x - t * a) / (1 - t.square()).sqrt(),
                ("noise", "data"): lambda a, x, t: (x - (1 - t.square()).sqrt() * a) / t,
            }
        ),
        "Between data and noise your weights are those of chapter 07, whose squares add up to one. This lab "
        "lives on the straight line: which are the weights in x?",
    ),
    "weights forgotten": (
        _table(
            {
                ("data", "noise"): lambda a, x, t: (x - a) / (1 - t),
                ("noise", "data"): lambda a, x, t: (x - a) / t,
            }
        ),
        "Between data and noise you subtract the answer as it is. Both enter the state with a weight: solve "
        "x = t z + (1 − t) ε for the one that is missing.",
    ),
    "division forgotten": (
        _table(
            {("data", "noise"): lambda a, x, t: x - t * a, ("noise", "data"): lambda a, x, t: x - (1 - t) * a}
        ),
        "Between data and noise you stop one step early. What is left of the state is the other one times "
        "its weight: what undoes a weight?",
    ),
    "distance for velocity": (
        _table({("data", "velocity"): lambda a, x, t: a - x, ("noise", "velocity"): lambda a, x, t: x - a}),
        "Your velocity is a distance: from the state to the data point, or from the noise to the state. A "
        "velocity is a distance over the time that it takes.",
    ),
    **{
        f"always the {name}": (
            lambda a, x, t, given, wanted, name=name: _table()(a, x, t, given, name),
            f"You return the {name} whatever is `wanted`. Six roads lead from one prediction to another: "
            "where does your function ask which one it should take?",
        )
        for name in NAMES
    },
    **alike(
        "In the middle of the path your table is right. Near an end it is not, though no denominator is zero "
        "yet: something is cut off, or added to what you divide by. Clipping comes in the next exercise.",
        {
            "denominators clipped at 0.05": _clipped(0.05),
            "a hundredth added to denominators": _clipped(0.01, True),
        },
    ),
}
HINT_PAIR = (
    "From {0} to {1} your function is not right. The check has drawn a data point and its noise, mixed the "
    "state from them and handed you its {0}. Write x = t z + (1 − t) ε and u = z − ε below one another, and "
    "solve for what is wanted without what is not known."
)
HINT_WEIGHT = (
    "From {0} to {1} {2} enters your result with a wrong weight.{3} Write x = t z + (1 − t) ε and "
    "u = z − ε below one another, and solve for what is wanted."
)
HINT_SAME = (
    "Where `given` and `wanted` are the same there is nothing to do, and the answer should come back as it "
    "is. Yours does not. Which branch does your code take there?"
)
HINT_SHAPE = (
    "For points your table is right, but not for a batch of shape {0} with times of shape {1}. The times "
    "line up with the states by themselves: is anything reshaped, squeezed or picked by a fixed axis?"
)
HINT_NUMBER = (
    "With a column of times your table is right, but with one number for all states it is not. Is anything "
    "in your function that only tensors can do?"
)
HINT_ENDS = (
    "In the middle of the path your table is right; at t = 0.02 or 0.98, which are still away from the "
    "ends, it is not. Is anything cut off, or added to what you divide by?"
)


WAYS: tuple[tuple[str, str, Callable[[Tensor, Tensor], Tensor]], ...] = (
    ("left out", "It is left out", lambda w, t: 0 * w),
    ("the other sign", "Its sign is turned", lambda w, t: -w),
    ("t for 1 - t", "It would be right if t and 1 − t changed places", lambda w, t: w.flip(0)),
    (
        "t for 1 - t, other sign",
        "Its sign is turned, and t and 1 − t have changed places",
        lambda w, t: -w.flip(0),
    ),
    ("a factor t too many", "It is t times the right one", lambda w, t: w * t),
    ("a factor 1 - t too many", "It is 1 − t times the right one", lambda w, t: w * (1 - t)),
    ("a factor t too few", "It is the right one over t", lambda w, t: w / t),
    ("a factor 1 - t too few", "It is the right one over 1 − t", lambda w, t: w / (1 - t)),
    ("divided by 1 - t", "It is the right one times t / (1 − t)", lambda w, t: w * t / (1 - t)),
    ("divided by t", "It is the right one times (1 − t) / t", lambda w, t: w * (1 - t) / t),
    ("a root", "It is the right one times the root of 1 − t", lambda w, t: w * (1 - t).sqrt()),
    ("a root of t", "It is the right one times the root of t", lambda w, t: w * t.sqrt()),
)
"""Ways in which a weight goes wrong: at the end of a name, in words, and what they make of the right one."""


def _way(right: Tensor, came: Tensor, t: Tensor) -> tuple[str, str]:
    """Name and words of the way in which a weight at three times is wrong, where it is a usual one."""
    if float(came.std()) < 1e-4 < 1e-2 < float(right.std()) and float(came.abs().max()) > 1e-4:
        return ": the same at all times", " It is the same at all three times."
    for name, words, change in WAYS:
        if torch.allclose(change(right, t), came, atol=1e-3):
            return f": {name}", f" {words}."
    return "", ""


def _weights(student: StudentFunction, pair: Pair) -> Iterator[Fact]:
    """With which weights the answer and the state enter, at three times that lie evenly about one half."""
    t = torch.tensor([0.2, 0.5, 0.8], dtype=torch.float64)[:, None]
    one, zero = torch.ones(3, 3, dtype=torch.float64), torch.zeros(3, 3, dtype=torch.float64)
    given, wanted = pair
    for who, answer, x in (("the answer", one, zero), ("the state", zero, one)):
        right = ROADS[pair](answer, x, t)[:, 0]
        came = student(answer, x, t, *pair, shape=(3, 3))[:, 0].double()
        name, words = _way(right, came, t[:, 0])
        hint = HINT_WEIGHT.format(given, wanted, who, words)
        name = f"{wanted} from {given}, weight of {who}{name}"
        yield Fact(name, f"weight of {who}, {wanted} from {given}, at three times", right, came, hint)


def _fact(
    student: StudentFunction,
    pair: Pair,
    t: Tensor | float,
    shape: tuple[int, ...],
    name: str,
    hint: str,
    tol: float,
) -> Fact:
    times = column(t, shape) if isinstance(t, Tensor) else t
    known = drawn(torch.as_tensor(times), shape)
    came = student(known[pair[0]], known["x"], times, *pair, shape=shape)
    what = f"{pair[1]} from {pair[0]}, states {shape}"
    return Fact(name, what, known[pair[1]], came, hint, tol)


@exercise("8.1", "The table", "core", "answer, x, t, given, wanted", _table(), MISTAKES)
def convert(student: StudentFunction) -> Iterator[Fact]:
    """All nine roads for points; then other shapes, times near the ends, and one time for all."""
    right = True
    for pair in product(NAMES, NAMES):
        given, wanted = pair
        times, same = torch.tensor([0.2, 0.55, 0.9]), given == wanted
        name, hint = f"wrong {wanted} from {given}", HINT_PAIR.format(given, wanted)
        if same:
            name, hint = "changed on the way to itself", HINT_SAME
        facts = [_fact(student, pair, times, (3, 3), name, hint, 1e-4)]
        if not same:
            weights = list(_weights(student, pair))
            facts = weights + facts if not all(fact.holds() for fact in weights) else facts
        right = right and all(fact.holds() for fact in facts)
        yield from failing(facts) if same else facts
    if not right:
        return
    for shape in (*POINTS[1:], *IMAGES):
        for pair in product(NAMES, NAMES):
            times = torch.linspace(0.25, 0.85, shape[0])
            hint = HINT_SHAPE.format(shape, tuple(column(times, shape).shape))
            yield from failing([_fact(student, pair, times, shape, "wrong in another shape", hint, 1e-4)])
    for pair in ROADS:
        yield from failing(
            [
                _fact(
                    student, pair, torch.tensor([0.02, 0.98]), (2, 5), "wrong near the ends", HINT_ENDS, 1e-3
                ),
                _fact(student, pair, 0.3, (4, 2), "wrong for one number", HINT_NUMBER, 1e-4),
                _fact(student, pair, 0.3, IMAGES[0], "wrong for one number", HINT_NUMBER, 1e-4),
            ]
        )
