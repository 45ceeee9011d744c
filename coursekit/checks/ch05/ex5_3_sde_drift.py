"""Exercise 5.3: the drift, forwards and backwards, by a network that predicts the noise."""

from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor

from ...base import Field
from ..core.engine import exercise
from ..core.facts import Fact
from ..core.student_function import StudentFunction
from ..shared.fields import RecordingField
from ..shared.mistakes import TEXTS, Mistake, recurring
from ..shared.schedulers import bent, straight
from .common import SHAPES, Scheduler, factor_text, ignored, misread_scheduler, misread_times, spaced_times

Rule = Callable[..., Tensor]
SIGMA = 1.5


def _velocity(x: Tensor, eps: Tensor, a: Tensor, b: Tensor, a_dot: Tensor, b_dot: Tensor) -> Tensor:
    """The state's data and noise, each at its own rate."""
    return a_dot * (x - b * eps) / a + b_dot * eps


def _pull(x: Tensor, eps: Tensor, sigma: Any, a: Tensor, b: Tensor, *_: Tensor) -> Tensor:
    """Half of sigma squared times the score."""
    return -(sigma**2) / 2 * eps / b


def _rule(velocity: Rule = _velocity, pull: Rule = _pull, both: Rule | None = None) -> Rule:
    """A drift from its two parts, any of which may be wrong; `both` puts them together."""

    def together(u: Tensor, correction: Tensor, backwards: bool) -> Tensor:
        return (-u if backwards else u) + correction

    def drift(
        x: Tensor, t: Tensor, noise: Field, scheduler: Scheduler, sigma: Any, backwards: bool
    ) -> Tensor:
        eps, numbers = noise(x, t), scheduler(t)
        u, correction = velocity(x, eps, *numbers), pull(x, eps, sigma, *numbers)
        return (both or together)(u, correction, backwards)

    return drift


def _pulled(change: Callable[[Tensor, Any, Tensor], Tensor]) -> Rule:
    """A drift with another correction, made from the noise, sigma and beta."""
    return _rule(pull=lambda x, eps, sigma, a, b, *_: change(eps, sigma, b))


def _scored(score: Callable[[Tensor, Tensor], Tensor]) -> Rule:
    """A drift whose parts are both made from another score, itself made from the noise and beta."""
    return _rule(
        lambda x, eps, a, b, *dots: _velocity(x, -b * score(eps, b), a, b, *dots),
        lambda x, eps, sigma, a, b, *_: sigma**2 / 2 * score(eps, b),
    )


def _turned(t_back: Callable[[Tensor], Tensor]) -> Rule:
    """The right drift, with another time where the process runs backwards."""

    def drift(x: Tensor, t: Tensor, *more: Any) -> Tensor:
        return _rule()(x, t_back(t) if more[-1] else t, *more)

    return drift


MISTAKES: dict[str, Mistake] = {
    **misread_times(_rule(), 1),
    **misread_scheduler(_rule(), 3),
    **recurring(
        {
            "sigma squared, without the half": _pulled(lambda eps, sigma, b: -(sigma**2) * eps / b),
            "sign of the score": _pulled(lambda eps, sigma, b: sigma**2 / 2 * eps / b),
            "sigma for sigma squared": _pulled(lambda eps, sigma, b: -sigma / 2 * eps / b),
            "half of sigma, squared": _pulled(lambda eps, sigma, b: -((sigma / 2) ** 2) * eps / b),
            "sigma left out": _pulled(lambda eps, sigma, b: -eps / b / 2),
        }
    ),
    "drift turned round as a whole": (
        _rule(both=lambda u, pull, back: -(u + pull) if back else u + pull),
        "Backwards you turn the whole drift round, its correction included. Noise spreads the states "
        "whichever way time runs; so which part of the drift has to change its sign, and which has to stay?",
    ),
    "correction turned round only": (
        _rule(both=lambda u, pull, back: u - pull if back else u + pull),
        "Backwards you turn the wrong one of the two parts round. Noise spreads the states whichever way "
        "time runs, and the flow is what goes back the way it came.",
    ),
    "direction ignored": (
        _rule(both=lambda u, pull, back: u + pull),
        "Your drift is the same in both directions. A flow that runs backwards moves every state the other "
        "way: where should `backwards` come in?",
    ),
    "directions swapped": (
        _rule(both=lambda u, pull, back: (u if back else -u) + pull),
        "Your two directions have changed places. With `backwards` False the process runs with the time of "
        "this course, from noise to data.",
    ),
    "Anderson's correction backwards": (
        _rule(both=lambda u, pull, back: -u + 2 * pull if back else u + pull),
        "Backwards you correct twice. The factor of two in the papers' reverse-time equation comes from "
        "writing it with *their* drift in the place of the flow. Here the flow is turned round, and noise is "
        "corrected as always.",
    ),
    "no correction backwards": (
        _rule(both=lambda u, pull, back: -u if back else u + pull),
        "Backwards you leave the correction out. The noise spreads the states there too, and what keeps them "
        "on the path depends on sigma in both directions.",
    ),
    "clock turned round backwards": (
        _turned(lambda t: 1 - t),
        "Where the process runs backwards you also turn the time round, so you look at the other end of the "
        "path. `t` is the time of this course in both directions; it is only passed through from 1 to 0.",
    ),
    "clock turned round": (
        lambda x, t, *more: _rule()(x, 1 - t, *more),
        "You ask about one minus the time. In this course noise is at time 0 and data at time 1, in both "
        "directions. Where does your code turn the clock round?",
    ),
    "drift left uncorrected": (
        _pulled(lambda eps, sigma, b: 0 * eps),
        "Your drift is the velocity alone. With noise on top, the cloud would spread further than the path "
        "allows. Something has to pull the states back, the more the stronger the noise.",
    ),
    "noise inside the drift": (
        _pulled(lambda eps, sigma, b: -(sigma**2) / 2 * eps / b + sigma * torch.randn_like(eps)),
        TEXTS["noise inside the drift"],
    ),
    "noise taken for the score": (
        _pulled(lambda eps, sigma, b: sigma**2 / 2 * eps),
        "You put the network's answer in the place of the score. It is the noise in the state: it points "
        "away from the data, and has another size. What has to be done to it?",
    ),
    "beta forgotten in the score": (
        _pulled(lambda eps, sigma, b: -(sigma**2) / 2 * eps),
        "You take minus the noise for the score. The direction is right, the size is not: write down the "
        "score of a single cloud, and put the noise into it. Which factor is left over?",
    ),
    "beta squared in the score": (
        _pulled(lambda eps, sigma, b: -(sigma**2) / 2 * eps / b**2),
        "You divide the noise by `beta` squared. That would be right below the distance from the centre; but "
        "this distance is `beta` times the noise already, so one factor cancels.",
    ),
    "beta multiplied in the score": (
        _pulled(lambda eps, sigma, b: -(sigma**2) / 2 * eps * b),
        "You multiply the noise by `beta` to get the score. It is the other way round: the *score* times "
        "`beta` has the size of the noise. Which of the two grows without bound late in time?",
    ),
    "score taken for the noise in the velocity": (
        _rule(lambda x, eps, a, b, ad, bd: ad * (x + eps) / a - bd * eps / b),
        "Your velocity is that for a network whose answer is `beta` times smaller: noise and score have "
        "been mixed up in it. Put the network's answer into the place of the noise, without any factor.",
    ),
    **{
        name: (
            _scored(score),
            "The score that you make of the noise is not the right one, and it spoils both parts of your "
            f"drift. {words} Write down the score of a single cloud, and put the noise into it.",
        )
        for name, score, words in (
            ("score is minus the noise", lambda eps, b: -eps, "Yours is minus the noise."),
            ("score is the noise over beta", lambda eps, b: eps / b, "Its sign is turned."),
            (
                "score is minus the noise over beta squared",
                lambda eps, b: -eps / b**2,
                "It has `beta` twice.",
            ),
            ("score is minus beta times the noise", lambda eps, b: -eps * b, "`beta` is on the wrong side."),
        )
    },
    "network evaluated at one minus the time backwards": (
        lambda x, t, noise, scheduler, sigma, backwards: _rule()(
            x, t, (lambda x, t: noise(x, 1 - t)) if backwards else noise, scheduler, sigma, backwards
        ),
        "Where the process runs backwards you evaluate the network at one minus the time. It knows only the "
        "time of this course, and the states that it is shown belong to the time `t`, in both directions.",
    ),
    "noise's part left out": (
        _rule(lambda x, eps, a, b, ad, bd: ad * (x - b * eps) / a),
        "Your velocity has only the data's part. The noise in a state changes its weight as well as time "
        "goes on: at which rate?",
    ),
    "data's part not divided": (
        _rule(lambda x, eps, a, b, ad, bd: ad * (x - b * eps) + bd * eps),
        "What is left of the state without its noise is the data point *times its weight*. You take it for "
        "the data point itself.",
    ),
    "sign of the noise's part": (
        _rule(lambda x, eps, a, b, ad, bd: ad * (x - b * eps) / a - bd * eps),
        "The noise's part of your velocity has the wrong sign. `beta` falls, and the scheduler says so: its "
        "derivative is negative already.",
    ),
    "velocity scaled too": (
        _rule(
            _velocity,
            lambda x, eps, sigma, a, b, *dots: sigma**2 / 2 * (_velocity(x, eps, a, b, *dots) - eps / b),
            lambda u, pull, back: pull,
        ),
        "Your factor multiplies the velocity too. The velocity carries the path by itself and stays as it "
        "is; only the correction depends on sigma. Where do the brackets end?",
    ),
}
HINT_AGAIN = (
    "Asked twice about the same states, your drift answers differently. A drift has one value at every place "
    "and time; all chance comes from the solver. Do you draw anything, or keep something between calls?"
)
HINT_FLOW = (
    "With sigma zero there is nothing to correct, and forwards the drift is the velocity of the path. The "
    "check reads off the weights of state and noise in it, at three times: yours are not those of that "
    "velocity.{} Replace the data point in it by state and noise."
)
HINT_BACK = (
    "Forwards, without noise, you are right. Backwards and without noise the process is the same flow, run "
    "the other way at the same place and time. Yours is not.{} What does that do to the drift?"
)
HINT_PULL = (
    "Without noise you are right in both directions. What a sigma of 1.5 adds to the drift is not what "
    "keeps the path.{} How does the score follow from the noise, and which factor does the theorem put "
    "before it? And does the direction of time make a difference to it?"
)
HINT_PLACE = (
    "Weights of state and noise are right at three times, but not the drift at every state. What does your "
    "function do to rows and coordinates, to times and strengths of their own, and where does it evaluate "
    "the network?"
)


def _guess(x: Tensor, t: Tensor) -> Tensor:
    """A noise that belongs to no data in particular, and is at no place a multiple of the state."""
    return x.roll(1, dims=1) * (1.3 - t) - 0.5


def _field(dim: int) -> RecordingField:
    return RecordingField(_guess, dim, "noise")


def _constant(value: float, dim: int) -> RecordingField:
    return RecordingField(lambda x, t: torch.full_like(x, value), dim, "noise")


def _weights(student: StudentFunction, t: Tensor, sigma: float, backwards: bool) -> Tensor:
    """Weights of state and noise in the drift, one below the other, read off at three times: (6,)."""
    ones = torch.ones(3, 3, dtype=torch.float64)
    by_state = student(ones, t, _constant(0.0, 3), bent, sigma, backwards, shape=(3, 3))
    by_noise = student(0 * ones, t, _constant(1.0, 3), bent, sigma, backwards, shape=(3, 3))
    return torch.cat([by_state[:, 0], by_noise[:, 0]]).double()


@exercise(
    "5.3",
    "One network, both directions",
    "core",
    "x, t, noise, scheduler, sigma, backwards",
    _rule(),
    MISTAKES,
)
def sde_drift(student: StudentFunction) -> Iterator[Fact]:
    """Nothing random or ignored; weights of state and noise without sigma and with; many shapes."""
    t = spaced_times(3, 0.35, 0.8)
    x = torch.randn(3, 3, dtype=torch.float64)
    given = (x, t, _field(3), bent, SIGMA, False)
    first, again = (student(*given, shape=(3, 3)) for _ in range(2))
    changed = float((first != again).double().mean())
    yield Fact("random drift", "share of the drift that changes in another call", 0.0, changed, HINT_AGAIN)
    if changed > 0:
        many = student(
            x[:1].expand(20_000, 3), 0.5 + 0 * x[:1, :1].expand(20_000, 1), *given[2:], shape=(20_000, 3)
        )
        alone = _rule()(x[:1], torch.full((1, 1), 0.5).double(), *given[2:])[0]
        yield Fact("random drift", "mean drift at one state", alone, many.mean(0), HINT_AGAIN, 0.1, 0.15)
        return
    others = {
        "x": x + 1,
        "t": t + 0.1,
        "noise": _constant(1.0, 3),
        "scheduler": straight,
        "sigma": 0.5,
    }
    yield from ignored(student, given, others, (3, 3))
    flow = _weights(student, t, 0.0, False)
    a, b, a_dot, b_dot = bent(t)
    right = torch.cat([a_dot / a, b_dot - b * a_dot / a])[:, 0]
    what = "weights of state and noise at three times, sigma = 0"
    yield Fact("wrong flow", what, right, flow, HINT_FLOW.format(factor_text(right, flow)), 0.01)
    back = _weights(student, t, 0.0, True)
    text = HINT_BACK.format(factor_text(-right, back))
    yield Fact("wrong backwards", f"{what}, backwards", -right, back, text, 0.01)
    pull = torch.cat([torch.zeros(3, 1), -(SIGMA**2) / 2 / b])[:, 0]
    for name, backwards, still in (("", False, flow), (", backwards", True, back)):
        came = _weights(student, t, SIGMA, backwards) - still
        text = HINT_PULL.format(factor_text(pull, came))
        what = f"what sigma = {SIGMA} adds to these weights{name}"
        yield Fact("wrong correction", what, pull, came, text, 0.01)
    for n, dim in (*SHAPES, (6, 2)):
        t, x = spaced_times(n, 0.2, 0.9), 1 + torch.randn(n, dim, dtype=torch.float64)
        sigma: Any = 2 if n == 1 else torch.linspace(0.3, 1.6, n, dtype=torch.float64)[:, None]
        scheduler = straight if n == 4 else bent
        for backwards in (False, True):
            args = (x, t, _field(dim), scheduler, sigma, backwards)
            drift = student(*args, shape=(n, dim))
            right = _rule()(*args)
            what = f"drift at {n} states of {dim} numbers{', backwards' * backwards}"
            fact = Fact("wrong somewhere", what, right, drift, HINT_PLACE, 5e-3)
            if not fact.holds() or (n == SHAPES[0][0] and backwards):
                yield fact
