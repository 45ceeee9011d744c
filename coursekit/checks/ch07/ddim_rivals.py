"""Known wrong DDIM steps, and what to tell the student who is seen to take one."""

import torch
from torch import Tensor

from .ddim_parts import Move, Net, Rule, guess_of, mixed_at, rule


def _moved(move: Move) -> Rule:
    return rule(move=move)


def _ancestral(x: Tensor, z: Tensor, eps: Tensor, a: Tensor, b: Tensor) -> Tensor:
    variance = (1 - b) / (1 - a) * (1 - a / b)
    return b.sqrt() * z + (1 - b - variance).clamp(min=0).sqrt() * eps + variance.sqrt() * torch.randn_like(x)


def _asked_again(net: Net, x: Tensor, k: int, j: int, alpha_bar: Tensor) -> Tensor:
    """The state at k is shown once more, at the index j."""
    z = guess_of(x, net(x, k), alpha_bar[k])
    return mixed_at(x, z, net(x, j), alpha_bar[k], alpha_bar[j])


def _walked(net: Net, x: Tensor, k: int, j: int, alpha_bar: Tensor) -> Tensor:
    """Every index on the way is visited."""
    for i in range(k, j, -1):
        x = rule()(net, x, i, i - 1, alpha_bar)
    return x


def _one_alpha(net: Net, x: Tensor, k: int, j: int, alpha_bar: Tensor) -> Tensor:
    """The data point is guessed with what the last step alone left."""
    eps, a = net(x, k), alpha_bar[k] / alpha_bar[k - 1]
    return mixed_at(x, guess_of(x, eps, a), eps, a, alpha_bar[j])


def _euler(net: Net, x: Tensor, k: int, j: int, alpha_bar: Tensor) -> Tensor:
    eps = net(x, k)
    return x + (k - j) / (len(alpha_bar) - 1) * (guess_of(x, eps, alpha_bar[k]) - eps)


MISTAKES: dict[str, tuple[Rule, str]] = {
    "data not divided by the root of alpha-bar": (
        rule(lambda x, eps, a: x - (1 - a).sqrt() * eps),
        "You take the noise out of the state and call the rest the data point. What is left is the data "
        "point *times its weight* at index k. That weight has to go before you give it a new one.",
    ),
    "only the noise divided": (
        rule(lambda x, eps, a: x - (1 - a).sqrt() * eps / a.sqrt()),
        "In your guess at the data point only the noise is divided by the data's weight. The whole "
        "difference is: mind the brackets.",
    ),
    "only the state divided": (
        rule(lambda x, eps, a: x / a.sqrt() - (1 - a).sqrt() * eps),
        "In your guess at the data point the state is divided by the data's weight before the noise goes "
        "out. First the difference, then the division of all of it.",
    ),
    "no root anywhere": (
        rule(lambda x, eps, a: (x - (1 - a) * eps) / a, lambda x, z, eps, a, b: b * z + (1 - b) * eps),
        "All of your weights are shares of variance, without a root, in the guess at the data as in the new "
        "state. States are mixed with standard deviations.",
    ),
    "one minus the root": (
        rule(
            lambda x, eps, a: (x - (1 - a.sqrt()) * eps) / a.sqrt(),
            lambda x, z, eps, a, b: b.sqrt() * z + (1 - b.sqrt()) * eps,
        ),
        "Your two weights add up to one, as on the straight line. In this chain their squares do: the root "
        "goes round the whole difference.",
    ),
    "divided by the weight of the noise": (
        rule(lambda x, eps, a: (x - (1 - a).sqrt() * eps) / (1 - a).sqrt()),
        "After the noise is taken out, what is left is the data times the *data's* weight. You divide by the "
        "weight of the noise.",
    ),
    "state in place of the data": (
        rule(lambda x, eps, a: x),
        "You mix the state itself with the noise, where the data point should stand. The state holds noise "
        "already: solve for the data point first.",
    ),
    "guess cut off": (
        rule(lambda x, eps, a: ((x - (1 - a).sqrt() * eps) / a.sqrt()).clamp(-1, 1)),
        "You cut your guess at the data off at -1 and 1. That suits images with such pixels. These data may "
        "lie elsewhere, and DDIM knows no bounds.",
    ),
    "divided by alpha-bar itself": (
        rule(lambda x, eps, a: (x - (1 - a).sqrt() * eps) / a),
        "You divide by the share of the variance where the data's weight is its root. Your guess at the data "
        "point is too large, the more so the noisier the state.",
    ),
    "multiplied instead of divided": (
        rule(lambda x, eps, a: (x - (1 - a).sqrt() * eps) * a.sqrt()),
        "You multiply by the data's weight where you should divide. Solve the equation of the mix for the "
        "data point, one operation at a time.",
    ),
    "root missing on the noise": (
        rule(lambda x, eps, a: (x - (1 - a) * eps) / a.sqrt()),
        "To guess the data point you take out the noise with its variance as a weight. In the state it has a "
        "standard deviation as a weight: a root is missing.",
    ),
    "noise taken out whole": (
        rule(lambda x, eps, a: (x - eps) / a.sqrt()),
        "To guess the data point you take out the whole noise, but only a part of it is in the state. Which "
        "number was it multiplied by?",
    ),
    "noise put in instead of taken out": (
        rule(lambda x, eps, a: (x + (1 - a).sqrt() * eps) / a.sqrt()),
        "To guess the data point you add the noise to the state once more. It has to be taken out.",
    ),
    "weights of noise and data swapped in the guess": (
        rule(lambda x, eps, a: (x - a.sqrt() * eps) / (1 - a).sqrt()),
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
    "sign of the new noise": (
        _moved(lambda x, z, eps, a, b: b.sqrt() * z - (1 - b).sqrt() * eps),
        "In your new state the noise has a minus. It goes out of the old state to find the data point; into "
        "the new one the same noise comes back.",
    ),
    "weights swapped in the new state": (
        _moved(lambda x, z, eps, a, b: (1 - b).sqrt() * z + b.sqrt() * eps),
        "In your new state the two weights have changed places. At j = 0 it should be all data.",
    ),
    "mean of the reverse step": (
        lambda net, x, k, j, alpha_bar: rule(
            move=lambda x, z, eps, a, b: (x - (1 - a / b) / (1 - a).sqrt() * eps) / (a / b).sqrt()
        )(net, x, k, j, alpha_bar),
        "Your step goes to the mean of the reverse step of exercise 7.3 and leaves its fresh noise out, so "
        "that there is too little in the new state. DDIM puts back what belongs at the index j.",
    ),
    "step of Euler": (
        _euler,
        "You take a step along the straight line from noise to data. This chain's weights are not straight: "
        "mix the guess and the noise with those of the index j.",
    ),
    "alpha for alpha-bar": (
        _one_alpha,
        "You guess the data point as if only the last step had been made. The state at index k has gone "
        "through k steps; the table with the bar knows what they have left.",
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
        lambda net, x, k, j, alpha_bar: rule()(net, x, j, k, alpha_bar),
        "Your step goes from j to k, away from the data. The state `x` lies at the index k; the result "
        "should lie at the smaller index j.",
    ),
    "one index too far": (
        lambda net, x, k, j, alpha_bar: rule()(net, x, k, max(j - 1, 0), alpha_bar),
        "Your new state lies one index nearer to the data than it should. The table begins with the index 0, "
        "the data, so the entry j is the right one.",
    ),
    "one index short": (
        lambda net, x, k, j, alpha_bar: rule()(net, x, k, j + 1, alpha_bar),
        "Your new state lies one index nearer to the noise than it should. The table begins with the index "
        "0, the data, so the entry j is the right one.",
    ),
    "always one step": (
        lambda net, x, k, j, alpha_bar: rule()(net, x, k, k - 1, alpha_bar),
        "You always go to the index before k. What makes DDIM fast is that it may jump: the new state lies "
        "at `j`, however far away that is.",
    ),
    "table read one place off": (
        lambda net, x, k, j, alpha_bar: rule()(lambda x, _: net(x, k), x, k - 1, max(j - 1, 0), alpha_bar),
        "You read the table one place too early. Its entry 0 is the data, 1, so the entry k belongs to the "
        "index k.",
    ),
    "network told the new index": (
        rule(asked=lambda k, j, steps: j),
        "You tell the network the index j, where the state will be. It is asked about the state `x`, which "
        "lies at k.",
    ),
    "network told the index before": (
        rule(asked=lambda k, j, steps: k - 1),
        "You tell the network the index k - 1. It is asked about the state `x`, which lies at k.",
    ),
    "network told our time": (
        rule(asked=lambda k, j, steps: 1 - k / steps),
        "You tell the network our time, from 0 for noise to 1 for data. This one is asked in the paper's "
        "language: with the index k.",
    ),
    "network told the other direction": (
        rule(asked=lambda k, j, steps: steps - k),
        "You tell the network K - k. It is asked about the state `x`, which lies at the index k, counted "
        "from the data.",
    ),
    "network asked again at j": (
        _asked_again,
        "For the new state you ask the network a second time, about the old state at the index j, where it "
        "does not lie. The noise of the first answer is what the new state is mixed with.",
    ),
    "step by step": (
        _walked,
        "You walk through every index on the way, and ask the network at each. DDIM asks once and jumps from "
        "k to j: few questions are the point of it.",
    ),
}
