"""Exercise 7.5: one step of DDIM, from any index to any smaller one."""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from ..core.engine import exercise
from ..core.facts import Fact
from ..core.student_function import StudentFunction
from ..shared.mistakes import Mistake, alike, recurring
from . import common
from .common import Weights, root_weights, shares

Net = Callable[[Tensor, float], Tensor]
Rule = Callable[[Net, Tensor, int, int, Tensor], Tensor]
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
    """A step from its parts: guess at the data, new mix, index told to the network, places in the table."""

    def step(net: Net, x: Tensor, k: int, j: int, alpha_bar: Tensor) -> Tensor:
        eps, (at, to) = net(x, told(k, j, len(alpha_bar) - 1)), places(k, j)
        a, b = alpha_bar[at], alpha_bar[to]
        return move(x, guess(x, eps, a), eps, a, b)

    return step


def _ancestral(x: Tensor, z: Tensor, eps: Tensor, a: Tensor, b: Tensor) -> Tensor:
    variance = (1 - b) / (1 - a) * (1 - a / b)
    return b.sqrt() * z + (1 - b - variance).clamp(min=0).sqrt() * eps + variance.sqrt() * torch.randn_like(x)


def _mix_of_new_answer(net: Net, x: Tensor, k: int, j: int, alpha_bar: Tensor) -> Tensor:
    """The state at k is shown once more, at the index j."""
    z = guess_by()(x, net(x, k), alpha_bar[k])
    return mix_by()(x, z, net(x, j), alpha_bar[k], alpha_bar[j])


def _walk(net: Net, x: Tensor, k: int, j: int, alpha_bar: Tensor) -> Tensor:
    """Every index on the way is visited."""
    for i in range(k, j, -1):
        x = rule()(net, x, i, i - 1, alpha_bar)
    return x


def _one_alpha(net: Net, x: Tensor, k: int, j: int, alpha_bar: Tensor) -> Tensor:
    """The data point is guessed with what the last step alone left."""
    eps, a = net(x, k), alpha_bar[k] / alpha_bar[k - 1]
    return mix_by()(x, guess_by()(x, eps, a), eps, a, alpha_bar[j])


def _euler(net: Net, x: Tensor, k: int, j: int, alpha_bar: Tensor) -> Tensor:
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
    "Your step draws noise. That is the random end of the family, as in exercise 7.4. DDIM keeps all of the "
    "noise that the network predicts, so that nothing is left to chance and the start decides the end.",
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
        "Your step goes to the mean of the reverse step of exercise 7.4 and leaves its fresh noise out, so "
        "that there is too little in the new state. DDIM puts back what belongs at the index j.",
    ),
    "step of Euler": (
        _euler,
        "You take a step along the straight line from noise to data. This chain's weights are not straight: "
        "mix the guess and the noise with those of the index j.",
    ),
    "indices swapped": (
        lambda net, x, k, j, alpha_bar: rule()(net, x, j, k, alpha_bar),
        "Your step goes from j to k, away from the data. The state `x` lies at the index k; the result "
        "should lie at the smaller index j.",
    ),
}

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


@exercise("7.5", "The DDIM step", "core", "net, x, k, j, alpha_bar", rule(), MISTAKES)
def ddim_step(student: StudentFunction) -> Iterator[Fact | str]:
    """No chance, what the network is asked, the same data and noise at the new index, other sizes."""
    alpha_bar = shares(4.5 * common.uneven(9))  # of the data little is left at the end, as in the lab

    def jump(x: Tensor, k: int, j: int) -> tuple[Tensor, Tensor, common.Predictor]:
        """State after a jump from x, the right one, and the network that was asked."""
        net = common.Predictor(lambda y, k: (3 * y + k).sin() + 0.5 * y, x.shape[1])
        eps = ((3 * x + k).sin() + 0.5 * x).double()
        right = mix_by()(x, guess_by()(x, eps, alpha_bar[k]), eps, alpha_bar[k], alpha_bar[j])
        return student(net, x, k, j, alpha_bar, shape=x.shape).double(), right, net

    x = 1 + torch.randn(40, 3)
    first, right, net = jump(x, 7, 3)
    same = common.changed_share(first, jump(x, 7, 3)[0])
    yield same
    if not same.holds():
        eps = ((3 * x + 7).sin() + 0.5 * x).double()
        free = (first - alpha_bar[3].sqrt() * guess_by()(x, eps, alpha_bar[7])) / (1 - alpha_bar[3]).sqrt()
        of_old = float((free * eps).mean() / eps.square().mean())
        yield Fact(
            "random result", "share of the old noise in the new state", 1.0, of_old, same.hint, 0.05, 0.2
        )
        return
    yield from common.questions(net, x, 7)

    def mixes() -> Iterator[Fact]:
        for k, j in ((7, 3), (8, 4), (5, 4)):
            measured, expected = (first, right) if k == 7 else jump(x, k, j)[:2]
            yield Fact("wrong mix", f"state at j = {j}, from k = {k}", expected, measured, HINT_MIX, 2e-3)

    if not (yield from common.facts_hold(mixes())):
        return
    measured, expected, _ = jump(x, 6, 0)
    yield Fact(
        "does not land", "state at j = 0, from k = 6, against the data", expected, measured, HINT_LAND, 2e-3
    )
    pairs = []
    for k, j, rows, dim in ((9, 2, 3, 3), (1, 0, 1, 2), (9, 0, 5, 1)):
        measured, expected, _ = jump(x[:rows, :dim].clone(), k, j)
        size = expected.abs().max()
        pairs.append(((expected / size).flatten(), (measured / size).flatten()))
    expected, measured = (torch.cat(parts) for parts in zip(*pairs, strict=True))
    yield Fact(
        "wrong for other sizes",
        "states over their size, k = 9, 1 and 9",
        expected,
        measured,
        HINT_SIZES,
        2e-3,
    )
    if net.evaluations(len(x)) > 1.5:
        yield common.TWICE
