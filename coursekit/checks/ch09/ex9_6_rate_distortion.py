"""Exercise 9.6: which axes a linear autoencoder uses, what they cost and what they leave, for every beta."""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from ..core.engine import exercise
from ..core.facts import Fact, number
from ..core.student_function import StudentFunction
from ..shared.mistakes import Mistake
from ..shared.quiet import failing

SPECTRUM = (0.3, 4.0, 0.05, 1.5, 0.9, 2.4)
"""Variances along six axes, in no order."""
NAMES = ("rate", "distortion")
Along = Callable[[Tensor, float], Tensor]


def _rate(s: Tensor, beta: float) -> Tensor:
    return (0.5 * (s.clamp(min=1e-12) / beta).log()).clamp(min=0)


def _left(s: Tensor, beta: float) -> Tensor:
    return s.clamp(max=beta)


def _largest(s: Tensor, width: int) -> Tensor:
    """Whether an axis is among the `width` largest."""
    places = s.argsort(descending=True).argsort()
    return places < width


def _first(s: Tensor, width: int) -> Tensor:
    return torch.arange(len(s)) < width


def _rule(
    rate: Along = _rate,
    left: Along = _left,
    chosen: Callable[[Tensor, int], Tensor] = _largest,
    threshold: Callable[[float], float] = lambda beta: beta,
    other: Along = lambda s, beta: s,
) -> Callable[..., tuple[Tensor, Tensor]]:
    """Rate and distortion along each axis from their parts, any of which may be wrong."""

    def rule(eigenvalues: Tensor, beta: float, width: int) -> tuple[Tensor, Tensor]:
        coded, beta = chosen(eigenvalues, width), threshold(beta)
        r = torch.where(coded, rate(eigenvalues, beta), 0.0)
        return r, torch.where(coded, left(eigenvalues, beta), other(eigenvalues, beta))

    return rule


MISTAKES: dict[str, Mistake] = {
    "rates in bits": (
        _rule(rate=lambda s, b: _rate(s, b) / 0.6931472),
        "Your rates are in bits. The divergence of exercise 9.1 is in nats: it has the natural logarithm.",
    ),
    "the half of the rate is missing": (
        _rule(rate=lambda s, b: 2 * _rate(s, b)),
        "Your rates are twice too large. The distortion is e to the minus *twice* the rate times the "
        "variance, since the rate counts deviations and the distortion squares.",
    ),
    "rate of a channel": (
        _rule(rate=lambda s, b: 0.5 * (1 + s.clamp(min=0) / b).log()),
        "Your rate, with a 1 in the logarithm, is that of a channel with noise. It gives a rate to axes that "
        "are not worth any, where the best encoder is silent.",
    ),
    "negative rates": (
        _rule(rate=lambda s, b: 0.5 * (s.clamp(min=1e-12) / b).log()),
        "Axes with little variance get negative rates in your answer. No code costs less than nothing: what "
        "does the encoder do where the optimum would lie below zero?",
    ),
    "level squared": (
        _rule(threshold=lambda beta: beta**2),
        "Your level is β squared. Write down the loss of one axis as a function of its rate, and set the "
        "derivative to zero.",
    ),
    "root of the level": (
        _rule(threshold=lambda beta: beta**0.5),
        "Your level is the root of β. Eigenvalues are variances already, squares: what is β compared with?",
    ),
    "twice the level": (
        _rule(threshold=lambda beta: 2 * beta),
        "Your level is 2 β. The loss has a ½ before the squares, and the distortion falls with e to the "
        "minus "
        "*twice* the rate: the two cancel.",
    ),
    "half the level": (
        _rule(threshold=lambda beta: beta / 2),
        "Your level is β/2. The loss has a ½ before the squares, and the distortion falls with e to the "
        "minus "
        "*twice* the rate: the two cancel.",
    ),
    "level one over beta": (
        _rule(threshold=lambda beta: 1 / beta),
        "Your level falls as β grows. The dearer a code, the fewer axes should be worth one.",
    ),
    "level one": (
        _rule(threshold=lambda beta: 1.0),
        "Your answer does not depend on β: it is right for β = 1 only. What becomes of an axis as codes get "
        "dearer?",
    ),
    "active axes leave nothing": (
        _rule(left=lambda s, b: torch.where(s > b, 0.0, s)),
        "Active axes have no distortion in your answer. A code is drawn with noise, and more precision "
        "costs: "
        "how much is left where one nat more would cost more than it saves?",
    ),
    "silent axes leave nothing": (
        _rule(left=lambda s, b: torch.where(s > b, b, 0.0), other=lambda s, b: 0 * s),
        "Silent axes have no distortion in your answer. What is not coded is not reconstructed: the whole "
        "variance is left there.",
    ),
    "silent axes leave beta": (
        _rule(left=lambda s, b: b + 0 * s, other=lambda s, b: b + 0 * s),
        "Every axis leaves β in your answer. An axis with less variance than that leaves what it has.",
    ),
    "axes without a latent leave nothing": (
        _rule(other=lambda s, b: 0 * s),
        "Where there is no latent for an axis you have no distortion. What is not coded is lost.",
    ),
    "axes without a latent leave beta": (
        _rule(other=_left),
        "Axes for which no latent is left over are treated like coded ones in your distortion. All of their "
        "variance is lost.",
    ),
    "latents not counted": (
        _rule(chosen=lambda s, width: torch.ones(len(s), dtype=torch.bool)),
        "You code every axis that is worth it, however few latents there are. With `width` of them, only "
        "as many axes can be coded: which?",
    ),
    "the first axes": (
        _rule(chosen=_first),
        "You code the first `width` axes as they come. The eigenvalues come in no order, and the best "
        "encoder spends its latents on the largest.",
    ),
    "the smallest axes": (
        _rule(chosen=lambda s, width: _largest(-s, width)),
        "You code the `width` smallest axes, where least is to be gained. Which ones would lose most if "
        "they were silent?",
    ),
    "sorted": (
        lambda s, beta, width: _rule()(s.sort(descending=True).values, beta, width),
        "Your rates and distortions are right, and come from large to small. The first number belongs to the "
        "axis of the first eigenvalue.",
    ),
    "summed over the axes": (
        lambda s, beta, width: tuple(part.sum() for part in _rule()(s, beta, width)),
        "You return two sums. A rate and a distortion for *each* axis are wanted; the lab adds them up "
        "itself.",
    ),
    "axes numbered, not ranked": (
        _rule(chosen=lambda s, width: s.argsort(descending=True) < width),
        "`argsort` returns which axis comes first, second, …, and you compare these numbers with `width` as "
        "if "
        "they were ranks of the axes. Is axis 0 among the `width` that come first?",
    ),
    "what is told for what is left": (
        _rule(left=lambda s, b: torch.where(s > b, s - b, s)),
        "Along active axes you return the variance above the level, which is what the decoder reconstructs. "
        "What it misses is the rest.",
    ),
    "distortion falls with one rate": (
        _rule(left=lambda s, b: s * (-_rate(s, b)).exp()),
        "Your distortion falls with e to the minus the rate. A rate counts deviations, and an error is "
        "squared: e to the minus *twice* the rate.",
    ),
    "the two swapped": (
        lambda s, beta, width: _rule()(s, beta, width)[::-1],
        "Rate and distortion have changed places in what you return. The rate of each axis comes first, "
        "then what is left.",
    ),
    "variance less beta": (
        _rule(left=lambda s, b: (s - b).clamp(min=0)),
        "What you return as the distortion is the variance above the level, which is what the decoder "
        "reconstructs. What it misses is the rest.",
    ),
}
HINT_RATE = (
    "A code of rate R nats can bring the squared error of an axis with variance λ down to λ times "
    "e to the −2R. Along these axes your rates are not those at which half of that error plus β R is "
    "smallest. {0}"
)
HINT_LEFT = (
    "Your rates are right, your distortions are not. {0} Put each rate into λ times e to the −2R: what is "
    "left along an active axis, and what along a silent one?"
)
HINT_EDGE = (
    "For these axes and this β your function was right before, and is not now: {0}. What happens if no axis "
    "is "
    "worth a code, or all are, or a variance is zero up to rounding?"
)
HINT_NAN = " The logarithm of a number below zero is no number, and zero times it is none either."
HINT_WIDTH = (
    "With {0} latents only, for six axes, your answer is not right, though it is with enough of them. "
    "{1} How many axes can be coded, which are the best, and what is left along the others?"
)


def _told_rates(s: Tensor, beta: float, got: Tensor, wanted: Tensor) -> str:
    """Along which axes rates are right, in a sentence or two."""
    wrong = (got - wanted).abs() > 1e-3
    if bool(wrong[s > beta].any()):
        names = ", ".join(f"{number(got[i])} for λ = {number(s[i])}" for i in wrong.nonzero().flatten())
        return f"With β = {number(beta)}, yours are {names}. For which axes is silence best?"
    below = "below zero" if bool((got[wrong] < 0).all()) else "not zero"
    return f"Where λ is larger than β they are; elsewhere yours are {below}. For which axes is silence best?"


def _told_left(s: Tensor, beta: float, got: Tensor, wanted: Tensor) -> str:
    """What is returned as distortion along active and silent axes, in a sentence."""
    known = {
        "β": 0 * s + beta,
        "λ": s,
        "nothing": 0 * s,
        "1": 0 * s + 1,
        "λ − β": s - beta,
        "β − λ": beta - s,
    }
    said = []
    for kind, axes in (("active", s > beta), ("silent", s <= beta)):
        if bool((got - wanted).abs()[axes].max() > 1e-3):
            words = [word for word, left in known.items() if torch.allclose(got[axes], left[axes], atol=1e-3)]
            what = f"you return {words[0]}" if words else "they are wrong"
            said.append(f"along {kind} axes {what}")
        else:
            said.append(f"along {kind} axes they are right")
    return f"{'; '.join(said)}.".capitalize()


def _coded(s: Tensor, rates: Tensor) -> str:
    """Which axes get a rate, in a sentence."""
    coded = [number(value) for value, rate in zip(s, rates, strict=True) if abs(float(rate)) > 1e-6]
    return f"In your answer the axes of variance {', '.join(coded) or '(none)'} get a rate."


EDGES: tuple[tuple[str, tuple[float, ...], float, int], ...] = (
    ("no axis is worth a code", (0.3, 0.1, 0.2), 0.5, 3),
    ("all axes are", (3.0, 1.0, 2.0, 5.0), 0.2, 9),
    ("one axis alone", (2.0,), 0.5, 1),
    ("a variance is below zero by rounding", (1.0, -1e-9, 0.4), 0.3, 3),
)


@exercise("9.6", "Which axes are worth their price", "stretch", "eigenvalues, beta, width", _rule(), MISTAKES)
def rate_distortion(student: StudentFunction) -> Iterator[Fact]:
    """Enough latents, for two prices; too few of them; edges."""

    def ask(
        spectrum: tuple[float, ...], beta: float, width: int, finite: bool = True
    ) -> tuple[Tensor, Tensor]:
        s = torch.tensor(spectrum, dtype=torch.float64)
        got = student.parts(s, beta, width, shape=(len(s),), names=NAMES, broadcast=True, finite=finite)
        return got, torch.stack(_rule()(s, beta, width)).double()

    s, found = torch.tensor(SPECTRUM, dtype=torch.float64), []
    for beta in (0.5, 1.2):
        both = ask(SPECTRUM, beta, 6)
        for name, hint, tell, got, wanted in zip(
            NAMES, (HINT_RATE, HINT_LEFT), (_told_rates, _told_left), *both, strict=True
        ):
            hint = hint.format(tell(s, beta, got.double(), wanted))
            found.append(Fact(f"wrong {name}", f"{name} of each axis, β = {beta:g}", wanted, got, hint))
    for width in (2, 4):
        got, wanted = ask(SPECTRUM, 0.5, width)
        found.append(
            Fact(
                "wrong with few latents",
                f"rates, then distortions, {width} latents",
                wanted,
                got,
                HINT_WIDTH.format(width, _coded(s, got[0])),
            )
        )
    yield from found
    if not all(fact.holds() for fact in found):
        return
    for what, spectrum, beta, width in EDGES:
        got, wanted = ask(spectrum, beta, width, finite=False)
        yield from failing(
            [
                Fact(
                    "wrong at an edge",
                    f"rates, then distortions: {what}",
                    wanted,
                    got,
                    HINT_EDGE.format(what) + HINT_NAN * bool(got.isnan().any()),
                )
            ]
        )
