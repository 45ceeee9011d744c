"""Exercise 7.4: one step of DDIM, from any index to any smaller one."""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from ..asking import Ask
from ..engine import exercise
from ..facts import Fact
from .common import Predictor, of_point, shares, uneven

Net = Callable[[Tensor, int], Tensor]
Rule = Callable[[Net, Tensor, int, int, Tensor], Tensor]
Guess = Callable[[Tensor, Tensor, Tensor], Tensor]
Move = Callable[[Tensor, Tensor, Tensor, Tensor, Tensor], Tensor]


def _guess(x: Tensor, eps: Tensor, a: Tensor) -> Tensor:
    """The data point behind a state, by the noise in it."""
    return (x - (1 - a).sqrt() * eps) / a.sqrt()


def _move(x: Tensor, z: Tensor, eps: Tensor, a: Tensor, b: Tensor) -> Tensor:
    """Data and noise mixed anew, with the weights of the new index."""
    return b.sqrt() * z + (1 - b).sqrt() * eps


def _rule(
    guess: Guess = _guess, move: Move = _move, asked: Callable[[int, int], int] = lambda k, j: k
) -> Rule:
    """A step from its parts: the guess at the data, the new mix, and the index that the network is told."""

    def rule(net: Net, x: Tensor, k: int, j: int, alpha_bar: Tensor) -> Tensor:
        a, b, eps = alpha_bar[k], alpha_bar[j], net(x, asked(k, j))
        return move(x, guess(x, eps, a), eps, a, b)

    return rule


def _moved(move: Move) -> Rule:
    return _rule(move=move)


def _ancestral(x: Tensor, z: Tensor, eps: Tensor, a: Tensor, b: Tensor) -> Tensor:
    variance = (1 - b) / (1 - a) * (1 - a / b)
    return b.sqrt() * z + (1 - b - variance).clamp(min=0).sqrt() * eps + variance.sqrt() * torch.randn_like(x)


RIVALS: dict[str, tuple[Rule, str]] = {
    "data not divided by the root of alpha-bar": (
        _rule(lambda x, eps, a: x - (1 - a).sqrt() * eps),
        "You take the noise out of the state and call the rest the data point. What is left is the data "
        "point *times its weight* at index k. That weight has to go before you give it a new one.",
    ),
    "divided by alpha-bar itself": (
        _rule(lambda x, eps, a: (x - (1 - a).sqrt() * eps) / a),
        "You divide by the share of the variance where the data's weight is its root. Your guess at the data "
        "point is too large, the more so the noisier the state.",
    ),
    "multiplied instead of divided": (
        _rule(lambda x, eps, a: (x - (1 - a).sqrt() * eps) * a.sqrt()),
        "You multiply by the data's weight where you should divide. Solve the equation of the mix for the "
        "data point, one operation at a time.",
    ),
    "root missing on the noise": (
        _rule(lambda x, eps, a: (x - (1 - a) * eps) / a.sqrt()),
        "To guess the data point you take out the noise with its variance as a weight. In the state it has a "
        "standard deviation as a weight: a root is missing.",
    ),
    "noise taken out whole": (
        _rule(lambda x, eps, a: (x - eps) / a.sqrt()),
        "To guess the data point you take out the whole noise, but only a part of it is in the state. Which "
        "number was it multiplied by?",
    ),
    "noise put in instead of taken out": (
        _rule(lambda x, eps, a: (x + (1 - a).sqrt() * eps) / a.sqrt()),
        "To guess the data point you add the noise to the state once more. It has to be taken out.",
    ),
    "weights of noise and data swapped in the guess": (
        _rule(lambda x, eps, a: (x - a.sqrt() * eps) / (1 - a).sqrt()),
        "In your guess at the data point the two weights have changed places. Which of them belongs to the "
        "data, and goes to one as k goes to 0?",
    ),
    "roots missing in the new state": (
        _moved(lambda x, z, eps, a, b: b * z + (1 - b) * eps),
        "Your guess is right, but you mix the new state with shares of variance. States are mixed with their "
        "roots, as in exercise 7.1.",
    ),
    "root missing on the new data": (
        _moved(lambda x, z, eps, a, b: b * z + (1 - b).sqrt() * eps),
        "In your new state the data point has a share of variance for its weight. A root is missing there.",
    ),
    "root missing on the new noise": (
        _moved(lambda x, z, eps, a, b: b.sqrt() * z + (1 - b) * eps),
        "In your new state the noise has a variance for its weight. A root is missing there.",
    ),
    "noise keeps its old weight": (
        _moved(lambda x, z, eps, a, b: b.sqrt() * z + (1 - a).sqrt() * eps),
        "In your new state the noise has the weight of the old index, so it never gets less. Both weights of "
        "the new state belong to the index j.",
    ),
    "data keep their old weight": (
        _moved(lambda x, z, eps, a, b: a.sqrt() * z + (1 - b).sqrt() * eps),
        "In your new state the data point has the weight of the old index, so it never gets more. Both "
        "weights of the new state belong to the index j.",
    ),
    "noise left out": (
        _moved(lambda x, z, eps, a, b: b.sqrt() * z),
        "Your new state holds only data. It should lie at index j, where there is noise too: put back as "
        "much of the predicted noise as belongs there.",
    ),
    "the data point itself": (
        _moved(lambda x, z, eps, a, b: z),
        "You return the guess at the data point. It is only a guess: go to the index j, with the noise that "
        "belongs there, and ask again.",
    ),
    "only rescaled": (
        lambda net, x, k, j, alpha_bar: (alpha_bar[j] / alpha_bar[k]).sqrt() * x,
        "You rescale the state, its noise included. Data and noise need different factors: the one gets "
        "more, the other less.",
    ),
    "fresh noise": (
        _moved(lambda x, z, eps, a, b: b.sqrt() * z + (1 - b).sqrt() * torch.randn_like(x)),
        "You throw the predicted noise away and draw a new one. DDIM keeps it: it is what makes the step "
        "deterministic, and the start decide the end.",
    ),
    "ancestral step": (
        _moved(_ancestral),
        "Your step adds fresh noise in the place of some of the old one. That is the other end of the "
        "family, as in exercise 7.3. Here nothing is drawn: all of the old noise is kept.",
    ),
    "indices swapped": (
        lambda net, x, k, j, alpha_bar: _rule()(net, x, j, k, alpha_bar),
        "Your step goes from j to k, away from the data. The state `x` lies at the index k; the result "
        "should lie at the smaller index j.",
    ),
    "one index too far": (
        lambda net, x, k, j, alpha_bar: _rule()(net, x, k, max(j - 1, 0), alpha_bar),
        "Your new state lies one index nearer to the data than it should. The table begins with the index 0, "
        "the data, so the entry j is the right one.",
    ),
    "always one step": (
        lambda net, x, k, j, alpha_bar: _rule()(net, x, k, k - 1, alpha_bar),
        "You always go to the index before k. What makes DDIM fast is that it may jump: the new state lies "
        "at `j`, however far away that is.",
    ),
    "table read one place off": (
        lambda net, x, k, j, alpha_bar: _rule()(lambda x, _: net(x, k), x, k - 1, max(j - 1, 0), alpha_bar),
        "You read the table one place too early. Its entry 0 is the data, 1, so the entry k belongs to the "
        "index k.",
    ),
    "network told the new index": (
        _rule(asked=lambda k, j: j),
        "You tell the network the index j, where the state will be. It is asked about the state `x`, which "
        "lies at k.",
    ),
}
LOOK_RANDOM = (
    "From the same state your step comes to different places. Nothing is drawn in DDIM: the noise in the new "
    "state is the one that the network finds in the old one."
)
LOOK_ASKED = (
    "The network should be asked about the state `x` at the index `k`, as they were given. What do you hand "
    "to it?"
)
LOOK_MIX = (
    "The network of the check knows the noise exactly, so your step should come to the mix of the *same* "
    "data and the *same* noise at the new index. First solve for the data point; then mix anew."
)
LOOK_LAND = (
    "A jump to the index 0 should land on the data point, because the network of the check knows the noise "
    "exactly. Which weights do data and noise have at the index 0?"
)


@exercise("7.4", "The DDIM step", "core", "net, x, k, j, alpha_bar", _rule(), RIVALS)
def ddim_step(ask: Ask) -> Iterator[Fact]:
    """No chance, what the network is asked, the same data and noise at the new index, and landing."""
    alpha_bar = shares(uneven(9))
    z, eps = 1 + torch.randn(2, 40, 3, dtype=torch.float64)

    def jump(k: int, j: int) -> tuple[Tensor, Tensor, Predictor]:
        net = of_point(alpha_bar, z)
        x = alpha_bar[k].sqrt() * z + (1 - alpha_bar[k]).sqrt() * eps
        return ask(net, x, k, j, alpha_bar, shape=x.shape).double(), x, net

    x, start, net = jump(7, 3)
    changed = float((jump(7, 3)[0] != x).double().mean())
    yield Fact("random step", "share of the states that change when asked again", 0.0, changed, LOOK_RANDOM)
    if changed > 0:
        free = x - alpha_bar[3].sqrt() * z - 0 * start
        of_old = float((free * eps).mean() / eps.square().mean() / (1 - alpha_bar[3]).sqrt())
        yield Fact(
            "random step", "share of the old noise in the new state", 1.0, of_old, LOOK_RANDOM, 0.05, 0.2
        )
        return
    asked = [(call.x - start).abs().max() for call in net.calls if call.x.shape == start.shape]
    off = torch.stack([net.times().mean().nan_to_num(0.0), torch.stack([*asked, start.new_zeros(())]).max()])
    what = "index told, and distance of the states from `x`"
    yield Fact("network misled", what, torch.tensor([7.0, 0.0]), off, LOOK_ASKED)
    mixes = {
        (k, j): alpha_bar[j].sqrt() * z + (1 - alpha_bar[j]).sqrt() * eps for k, j in ((7, 3), (8, 4), (5, 4))
    }
    for (k, j), mix in mixes.items():
        what = f"state at j = {j}, from k = {k}"
        yield Fact("wrong mix", what, mix, jump(k, j)[0], LOOK_MIX, 2e-3)
    yield Fact(
        "does not land", "state at j = 0, from k = 6, against the data", z, jump(6, 0)[0], LOOK_LAND, 2e-3
    )
