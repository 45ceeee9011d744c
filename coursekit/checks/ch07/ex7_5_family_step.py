"""Exercise 7.5: one step of the family from DDIM to DDPM, from any index to any smaller one."""

from collections.abc import Callable, Iterator
from types import SimpleNamespace as Numbers

import torch
from torch import Tensor

from ..core.engine import exercise
from ..core.facts import Fact, mean_tolerance
from ..core.student_function import StudentFunction
from ..shared.mistakes import Mistake, alike, recurring
from ..shared.noise import correlation, standard_normal, within
from ..shared.quiet import failing
from . import common
from .common import Weights, root_weights, shares

Net = Callable[[Tensor, float], Tensor]
Rule = Callable[..., Tensor]
Number = Callable[[Numbers], Tensor]
"""A number, of alpha-bar `a` at k and `b` at j, the posterior's variance `v` at j, and eta."""
Guess = Callable[[Tensor, Tensor, Tensor], Tensor]
"""The data point, of (x, eps, alpha-bar at k)."""
Move = Callable[[Tensor, Tensor, Tensor, Tensor, Tensor], Tensor]
"""The new state, of (x, z, eps, alpha-bar at k and at j)."""


def guess_by(weights: Weights = root_weights) -> Guess:
    """The data point behind a state that is mixed with these weights."""
    return lambda x, eps, a: (x - weights(a)[1] * eps) / weights(a)[0]


def mix_by(weights: Weights = root_weights) -> Move:
    """Data and noise mixed anew, with these weights."""
    return lambda x, z, eps, a, b: weights(b)[0] * z + weights(b)[1] * eps


def rule(
    guess: Guess = guess_by(),  # noqa: B008
    move: Move = mix_by(),  # noqa: B008
    told: Callable[[int, int, int], float] = lambda k, j, steps: k,
    places: Callable[[int, int], tuple[int, int]] = lambda k, j: (k, j),
) -> Rule:
    """A step without chance from its parts: guess, new mix, index for the network, places in the table."""

    def step(net: Net, x: Tensor, k: int, j: int, alpha_bar: Tensor, eta: float = 0.0) -> Tensor:
        eps, (at, to) = net(x, told(k, j, len(alpha_bar) - 1)), places(k, j)
        a, b = alpha_bar[at], alpha_bar[to]
        return move(x, guess(x, eps, a), eps, a, b)

    return step


def family(
    kick: Number = lambda n: n.eta * n.v.sqrt(),
    old: Callable[[Tensor, Numbers], Tensor] = lambda kick, n: (1 - n.b - kick**2).clamp(min=0).sqrt(),
    noise: Callable[[Tensor], Tensor] = torch.randn_like,
) -> Rule:
    """A step that keeps a part of the old noise: strength of the fresh one, weight of the old, the draw."""

    def step(net: Net, x: Tensor, k: int, j: int, alpha_bar: Tensor, eta: float) -> Tensor:
        eps, a, b = net(x, k), alpha_bar[k].double(), alpha_bar[j].double()
        n = Numbers(a=a, b=b, v=(1 - b) / (1 - a) * (1 - a / b), eta=eta)
        fresh = kick(n)
        kept = (b.sqrt() * guess_by()(x, eps, a) + old(fresh, n) * eps).to(x)
        return kept if float(fresh) == 0 else kept + fresh.to(x) * noise(x)

    return step


def _one_step_back(net: Net, x: Tensor, k: int, j: int, alpha_bar: Tensor, eta: float) -> Tensor:
    """The fresh noise of a step to k - 1, wherever j is."""
    bar = alpha_bar.double()
    variance = (1 - bar[k - 1]) / (1 - bar[k]) * (1 - bar[k] / bar[k - 1])
    return family(lambda n: eta * variance.sqrt())(net, x, k, j, alpha_bar, eta)


def _no_draw(net: Net, x: Tensor, k: int, j: int, alpha_bar: Tensor, eta: float) -> Tensor:
    """The predicted noise once more, where a draw belongs."""
    eps = net(x, k)
    return family(noise=lambda x: eps)(lambda x, k: eps, x, k, j, alpha_bar, eta)


def _ancestral(x: Tensor, z: Tensor, eps: Tensor, a: Tensor, b: Tensor) -> Tensor:
    variance = (1 - b) / (1 - a) * (1 - a / b)
    return b.sqrt() * z + (1 - b - variance).clamp(min=0).sqrt() * eps + variance.sqrt() * torch.randn_like(x)


def _mix_of_new_answer(net: Net, x: Tensor, k: int, j: int, alpha_bar: Tensor, eta: float) -> Tensor:
    """The state at k is shown once more, at the index j."""
    z = guess_by()(x, net(x, k), alpha_bar[k])
    return mix_by()(x, z, net(x, j), alpha_bar[k], alpha_bar[j])


def _walk(net: Net, x: Tensor, k: int, j: int, alpha_bar: Tensor, eta: float) -> Tensor:
    """Every index on the way is visited."""
    for i in range(k, j, -1):
        x = rule()(net, x, i, i - 1, alpha_bar)
    return x


def _one_alpha(net: Net, x: Tensor, k: int, j: int, alpha_bar: Tensor, eta: float) -> Tensor:
    """The data point is guessed with what the last step alone left."""
    eps, a = net(x, k), alpha_bar[k] / alpha_bar[k - 1]
    return mix_by()(x, guess_by()(x, eps, a), eps, a, alpha_bar[j])


def _euler(net: Net, x: Tensor, k: int, j: int, alpha_bar: Tensor, eta: float) -> Tensor:
    eps = net(x, k)
    return x + (k - j) / (len(alpha_bar) - 1) * (guess_by()(x, eps, alpha_bar[k]) - eps)


MISTAKES: dict[str, Mistake] = recurring(
    {
        "data not divided by the root of alpha-bar": rule(lambda x, eps, a: x - (1 - a).sqrt() * eps),
        "guess cut off": rule(lambda x, eps, a: guess_by()(x, eps, a).clamp(-1, 1)),
        "alpha for alpha-bar": _one_alpha,
        "table read one place off": rule(places=lambda k, j: (k - 1, max(j - 1, 0))),
        "network told the index before": rule(told=lambda k, j, steps: k - 1),
        "network told our time": rule(told=lambda k, j, steps: 1 - k / steps),
        "network told the other direction": rule(told=lambda k, j, steps: steps - k),
    }
)
for name, weights in common.WRONG_WEIGHTS.items():
    MISTAKES |= alike(
        "Some of your weights are not those of the chain. In a state the *squares* of the weights of data "
        "and noise add up to one, and the data's is what is left of its variance. The guess takes the state "
        "at k apart by such weights, the new state is put together by those of j.",
        {
            f"{name} in the guess": rule(guess_by(weights)),
            f"{name} in the new state": rule(move=mix_by(weights)),
            f"{name} in guess and new state": rule(guess_by(weights), mix_by(weights)),
        },
    )
MISTAKES |= alike(
    "Your guess at the data point does not undo the mix. The state is a sum of two products. Solve it for "
    "the data point, one operation at a time and with the whole difference in brackets.",
    {
        "only the noise divided": rule(lambda x, eps, a: x - (1 - a).sqrt() * eps / a.sqrt()),
        "only the state divided": rule(lambda x, eps, a: x / a.sqrt() - (1 - a).sqrt() * eps),
        "divided by the weight of the noise": rule(lambda x, eps, a: x / (1 - a).sqrt() - eps),
        "multiplied instead of divided": rule(lambda x, eps, a: (x - (1 - a).sqrt() * eps) * a.sqrt()),
        "noise taken out whole": rule(lambda x, eps, a: (x - eps) / a.sqrt()),
        "noise put in instead of taken out": rule(lambda x, eps, a: (x + (1 - a).sqrt() * eps) / a.sqrt()),
        "noise not taken out": rule(lambda x, eps, a: x / a.sqrt()),
        "state in place of the data": rule(lambda x, eps, a: x),
    },
)
MISTAKES |= alike(
    "Your new state lies at another index than `j`. The table begins with the index 0, the data, at its "
    "place 0, and both weights of the new state belong to j, however far it is from k.",
    {
        "one index too far": rule(places=lambda k, j: (k, max(j - 1, 0))),
        "one index short": rule(places=lambda k, j: (k, j + 1)),
        "counted from the noise": rule(places=lambda k, j: (-1 - k, -1 - j)),
        "always one step": rule(places=lambda k, j: (k, k - 1)),
        "noise keeps its old weight": rule(move=lambda x, z, eps, a, b: b.sqrt() * z + (1 - a).sqrt() * eps),
        "data keep their old weight": rule(move=lambda x, z, eps, a, b: a.sqrt() * z + (1 - b).sqrt() * eps),
    },
)
MISTAKES |= alike(
    "Your new state is no mix of the guess and the predicted noise at index j. At j there is noise too. It "
    "went out of the old state to find the data point, and as much as belongs to j comes back.",
    {
        "noise left out": rule(move=lambda x, z, eps, a, b: b.sqrt() * z),
        "the data point itself": rule(move=lambda x, z, eps, a, b: z),
        "new state cut off": rule(move=lambda x, z, eps, a, b: mix_by()(x, z, eps, a, b).clamp(-1, 1)),
        "noise cut off": lambda net, *rest: rule()(lambda x, k: net(x, k).clamp(-1, 1), *rest),
        "sign of the new noise": rule(move=lambda x, z, eps, a, b: b.sqrt() * z - (1 - b).sqrt() * eps),
    },
)
MISTAKES |= alike(
    "Your step draws noise although `eta` is zero. At that end of the family all of the predicted noise is "
    "kept, so that nothing is left to chance and the start decides the end.",
    {
        "fresh noise": rule(move=lambda x, z, eps, a, b: b.sqrt() * z + (1 - b).sqrt() * torch.randn_like(x)),
        "ancestral step": rule(move=_ancestral),
    },
)
MISTAKES |= alike(
    "The network should be asked once, about `x` at the index k where it lies. Guess and new state are both "
    "made from that one answer, however far j is from k.",
    {
        "network told the new index": rule(told=lambda k, j, steps: j),
        "network asked again at j": _mix_of_new_answer,
        "step by step": _walk,
    },
)
MISTAKES |= {
    "mean of the reverse step": (
        rule(move=lambda x, z, eps, a, b: (x - (1 - a / b) / (1 - a).sqrt() * eps) / (a / b).sqrt()),
        "With `eta` zero your step goes to the mean of the reverse step of exercise 7.4 and leaves its "
        "fresh noise out, so that there is too little in the new state. What belongs at the index j?",
    ),
    "step of Euler": (
        _euler,
        "You take a step along the straight line from noise to data. This chain's weights are not straight: "
        "mix the guess and the noise with those of the index j.",
    ),
    "indices swapped": (
        lambda net, x, k, j, alpha_bar, eta: rule()(net, x, j, k, alpha_bar),
        "Your step goes from j to k, away from the data. The state `x` lies at the index k; the result "
        "should lie at the smaller index j.",
    ),
}

MISTAKES |= alike(
    "The fresh noise has another strength than eta times the standard deviation of the posterior of "
    "exercise 7.3. With eta = 1 your step should be the ancestral one: guess the data point, and draw from "
    "the posterior.",
    {
        "eta not squared": family(lambda n: (n.eta * n.v).sqrt()),
        "eta squared": family(lambda n: n.eta**2 * n.v.sqrt()),
        "variance for its root": family(lambda n: n.eta**2 * n.v),
        "eta times the variance": family(lambda n: n.eta * n.v),
        "beta for beta-tilde": family(lambda n: n.eta * (1 - n.a / n.b).sqrt()),
        "all of the noise at j": family(lambda n: n.eta * (1 - n.b).sqrt()),
        "always as strong": family(lambda n: n.v.sqrt() * (n.eta > 0)),
        "eta as a variance": family(lambda n: n.eta * torch.ones_like(n.b)),
        "no fresh noise, the old one less": family(
            lambda n: 0 * n.b, lambda kick, n: (1 - n.b - n.eta**2 * n.v).sqrt()
        ),
        "eta ignored": family(lambda n: 0 * n.b),
        "posterior of a single step": _one_step_back,
    },
)
MISTAKES |= alike(
    "Fresh noise comes in, but the right amount of old noise does not go out for it. Two independent noises "
    "add up by their *variances*. Which variance should the sum have at the index j?",
    {
        "old noise kept whole": family(old=lambda kick, n: (1 - n.b).sqrt()),
        "standard deviations subtracted": family(old=lambda kick, n: (1 - n.b).sqrt() - kick),
        "old noise times the root of one minus eta squared": family(
            old=lambda kick, n: (1 - n.b).sqrt() * (1 - n.eta**2) ** 0.5
        ),
        "old noise times one minus eta": family(old=lambda kick, n: (1 - n.b).sqrt() * (1 - n.eta)),
        "strength not squared": family(old=lambda kick, n: (1 - n.b - kick).abs().sqrt()),
        "root missing on the old noise": family(
            old=lambda kick, n: (1 - n.b).sqrt() if n.eta == 0 else 1 - n.b - kick**2
        ),
        "noise of index k": family(
            old=lambda kick, n: ((1 - n.b if n.eta == 0 else 1 - n.a) - kick**2).sqrt()
        ),
        "fresh noise added to it": family(old=lambda kick, n: (1 - n.b + kick**2).sqrt()),
    },
)
MISTAKES |= recurring(
    {
        "one noise for the whole batch": family(noise=lambda x: torch.randn_like(x[:1])),
        "one noise for all coordinates": family(noise=lambda x: torch.randn_like(x[:, :1])),
        "rand for randn": family(noise=torch.rand_like),
        "same noise in every step": family(
            noise=lambda x: torch.randn(x.shape, generator=torch.Generator().manual_seed(0))
        ),
    }
)

MISTAKES |= {
    "predicted noise for fresh noise": (
        _no_draw,
        "What you add as fresh noise is the noise that the network predicted, so nothing is drawn, and that "
        "one counts twice. The fresh noise is independent of all that is known.",
    ),
}

N, DIM, FAR = 4000, 3, 1e4
"""States whose kicks are measured, and a size beside which a kick is nothing."""
JUMPS = ((7, 3, 1.0), (8, 4, 0.5), (5, 4, 0.8))
"""Indices and eta of the random steps that are measured."""
TESTS = 14
"""Statistical numbers in the facts below; they share the family's level."""
Step = Callable[[common.Predictor, Tensor, int, int, float], Tensor]

HINT_KICK = (
    "The fresh noise does not have the variance that it should: eta squared times that of the posterior of "
    "exercise 7.3. Is it a standard deviation that multiplies your draw, for this `k` and `j`, and with the "
    "power of eta that you mean?"
)
HINT_OLD = (
    "The old noise does not make room for the fresh one. Together they must have the variance that belongs "
    "at the index j, whatever eta is; two independent noises add up by their variances."
)
HINT_SAME = (
    "Two calls add the same noise. Each step needs a draw of its own: is a seed set, or a generator made, "
    "inside?"
)
HINT_END = (
    "A step to the index 0 ends at the data, and no noise is left there, fresh or old. Which variance has "
    "the posterior of exercise 7.3 at j = 0, and what comes in its place in your function?"
)
HINT_MIX = (
    "The noise in these states is just what the network of the check answers, so your step should come to "
    "the mix of the *same* data and the *same* noise at the new index. Solve for the data point; then mix "
    "anew."
)
HINT_SIZES = (
    "The jumps tried first are right, these are not: from K or from 1, and with other numbers of states and "
    "coordinates. The table, the indices and the shape of the states may be any. What do you take for "
    "granted?"
)
HINT_LAND = (
    "A jump to the index 0 should land on the data point, because the network of the check knows the noise "
    "exactly. Which weights do data and noise have at the index 0?"
)


@exercise("7.5", "A family of steps", "core", "net, x, k, j, alpha_bar, eta", family(), MISTAKES, random=True)
def family_step(student: StudentFunction) -> Iterator[Fact | str]:
    """Without chance: what the network is asked, and the new mix. With it: the kicks, and what makes room."""
    alpha_bar = shares(4.5 * common.uneven(9))  # of the data little is left at the end, as in the lab

    def step(net: common.Predictor, x: Tensor, k: int, j: int, eta: float) -> Tensor:
        return student(net, x, k, j, alpha_bar, eta, shape=x.shape).double()

    net = common.Predictor(lambda y, k: (3 * y + k).sin() + 0.5 * y, 3)
    if (yield from common.facts_hold(_quiet(step, net, alpha_bar))):
        yield from _random(step, alpha_bar)
        yield from _last(step, alpha_bar)
        if net.evaluations(40) > 1.5:
            yield common.TWICE


def _quiet(step: Step, asked: common.Predictor, alpha_bar: Tensor) -> Iterator[Fact]:
    """With eta = 0: no chance, the same data and noise at the new index, other sizes."""

    def jump(x: Tensor, k: int, j: int, net: common.Predictor | None = None) -> tuple[Tensor, Tensor]:
        """State after a jump from x, and the right one."""
        net = net or common.Predictor(lambda y, k: (3 * y + k).sin() + 0.5 * y, x.shape[1])
        eps = ((3 * x + k).sin() + 0.5 * x).double()
        right = mix_by()(x, guess_by()(x, eps, alpha_bar[k]), eps, alpha_bar[k], alpha_bar[j])
        return step(net, x, k, j, 0.0), right

    x = 1 + torch.randn(40, 3)
    first, right = jump(x, 7, 3, asked)
    same = common.changed_share(first, jump(x, 7, 3)[0])
    yield from failing([same])
    if not same.holds():
        eps = ((3 * x + 7).sin() + 0.5 * x).double()
        free = (first - alpha_bar[3].sqrt() * guess_by()(x, eps, alpha_bar[7])) / (1 - alpha_bar[3]).sqrt()
        of_old = float((free * eps).mean() / eps.square().mean())
        what = "share of the old noise in the new state"
        yield Fact("random result", what, 1.0, of_old, same.hint, 0.05, 0.2)
        return
    yield from failing(common.questions(asked, x, 7))
    others = [jump(x, k, j) for k, j in ((8, 4), (5, 4))]
    measured, expected = (torch.stack(parts) for parts in zip((first, right), *others, strict=True))
    mix = Fact(
        "wrong mix", "states at j = 3, 4, 4 from k = 7, 8, 5, eta = 0", expected, measured, HINT_MIX, 2e-3
    )
    yield mix
    if not mix.holds():
        return
    measured, expected = jump(x, 6, 0)
    what = "state at j = 0, from k = 6, against the data"
    yield Fact("does not land", what, expected, measured, HINT_LAND, 2e-3)
    pairs = []
    for k, j, rows, dim in ((9, 2, 3, 3), (1, 0, 1, 2), (9, 0, 5, 1)):
        measured, expected = jump(x[:rows, :dim].clone(), k, j)
        size = expected.abs().max()
        pairs.append(((expected / size).flatten(), (measured / size).flatten()))
    expected, measured = (torch.cat(parts) for parts in zip(*pairs, strict=True))
    what = "states over their size, k = 9, 1 and 9"
    yield from failing([Fact("wrong for other sizes", what, expected, measured, HINT_SIZES, 2e-3)])


def _silent() -> common.Predictor:
    return common.Predictor(lambda x, k: torch.zeros_like(x), DIM)


def _random(step: Step, alpha_bar: Tensor) -> Iterator[Fact]:
    """With eta above 0: the law of the fresh noise, and the weight of the old one."""
    a, b = alpha_bar[[k for k, _, _ in JUMPS]], alpha_bar[[j for _, j, _ in JUMPS]]
    eta = torch.tensor([eta for _, _, eta in JUMPS], dtype=torch.float64)
    variance = eta**2 * (1 - b) * (1 - a / b) / (1 - a)
    kicks = torch.stack([step(_silent(), torch.zeros(N, DIM), *jump) for jump in JUMPS])
    z = kicks / variance.sqrt()[:, None, None]
    noise = standard_normal(z, "fresh noise", HINT_KICK, TESTS)
    yield next(noise)
    yield from failing(noise)
    x = torch.randn(50, DIM)
    eps, kept = FAR * (3 * x).cos(), []
    for (k, j, eta_of), before, after in zip(JUMPS, a, b, strict=True):
        loud = common.Predictor(lambda y, k: FAR * (3 * y).cos(), DIM)
        in_all = (step(loud, x, k, j, eta_of) * eps).sum() / eps.square().sum()
        kept.append(in_all + (after * (1 - before) / before).sqrt())  # without what the guess takes out
    what = "weight of the old noise at (k, j, eta) = " + ", ".join(map(str, JUMPS))
    yield Fact("wrong old noise", what, (1 - b - variance).sqrt(), torch.stack(kept), HINT_OLD, 2e-3)
    if float(within(kicks).min()) > 1e-9:
        again = step(_silent(), torch.zeros(N, DIM), *JUMPS[0])
        same, tol = correlation(again, kicks[0]), mean_tolerance(DIM * N, 1.0, TESTS)
        yield from failing(
            [Fact("same noise in every step", "correlation of two calls", 0.0, same, HINT_SAME, tol)]
        )


def _last(step: Step, alpha_bar: Tensor) -> Iterator[Fact]:
    """With eta = 1 to the index 0: no noise is left, and the step lands on the data point."""
    point, share = torch.tensor([1.5, -0.5]), alpha_bar[4].float()
    x = share.sqrt() * point + (1 - share).sqrt() * torch.randn(60, 2)
    end = step(common.of_point(alpha_bar, point), x, 4, 0, 1.0)
    away = (end - point).abs().mean().clamp(max=1e3)
    what = "distance from the data point at j = 0, eta = 1"
    yield Fact("does not land", what, 0.0, away, HINT_END, 2e-3, 0.02 + 0.3 * float(away))
