"""Known wrong ancestral steps, and what to tell the student who is seen to take one."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from .reverse_means import MEANS
from .reverse_parts import Numbers, Rule, rule


def _spread(spread: Callable[[Numbers], Tensor]) -> Rule:
    return rule(spread=spread)


def _seeded(x: Tensor, eps: Tensor) -> Tensor:
    return torch.randn(x.shape, generator=torch.Generator().manual_seed(0), dtype=x.dtype)


def _ddim(net: Any, x: Tensor, k: int, betas: Tensor, alpha_bar: Tensor) -> Tensor:
    eps, bar, before = net(x, k), alpha_bar[k], alpha_bar[k - 1]
    return before.sqrt() * (x - (1 - bar).sqrt() * eps) / bar.sqrt() + (1 - before).sqrt() * eps


MISTAKES: dict[str, tuple[Rule, str]] = MEANS | {
    "noise at the last step": (
        rule(silent=lambda k: False),
        "Your last step, from k = 1 to the data, adds noise to a finished sample. In the middle noise is "
        "right, because more steps follow. What does the paper do with the noise of the very last step?",
    ),
    "no noise in the last two steps": (
        rule(silent=lambda k: k <= 2),
        "You leave the noise out in the last *two* steps. The paper's condition `k > 1` is for its own "
        "count, from K down to 1, which is also ours; for a loop that ends at 0 it is one too many.",
    ),
    "no noise": (
        rule(silent=lambda k: True),
        "Your step adds no noise at all: you return the mean. After a thousand such steps the samples are "
        "too much alike, because each step narrows the cloud. Which variance has the reverse step?",
    ),
    "DDIM step": (
        _ddim,
        "Your step puts the predicted noise back and draws none. That is DDIM, of exercise 7.4. The "
        "ancestral step goes to a mean that lies nearer to the data, and adds fresh noise.",
    ),
    "beta for its root": (
        _spread(lambda n: n["beta"]),
        "You multiply the noise by beta. Beta is the variance of the step; noise is multiplied by a standard "
        "deviation.",
    ),
    "beta-tilde for its root": (
        _spread(lambda n: n["beta"] * (1 - n["before"]) / (1 - n["bar"])),
        "You multiply the noise by beta-tilde. That is the variance of the step; noise is multiplied by a "
        "standard deviation.",
    ),
    "noise not scaled": (
        _spread(lambda n: torch.ones_like(n["beta"])),
        "Your fresh noise has variance one in every step. One small step back is a little uncertain, not "
        "wholly: which number says by how much?",
    ),
    "noise of all steps": (
        _spread(lambda n: (1 - n["bar"]).sqrt()),
        "Your fresh noise is as strong as all the noise in the state. One step back is uncertain by about "
        "what one step forward put in.",
    ),
    "beta-tilde upside down": (
        _spread(lambda n: (n["beta"] * (1 - n["bar"]) / (1 - n["before"])).sqrt()),
        "The fraction in your beta-tilde is upside down, so that your noise is stronger than beta. Knowing "
        "more makes a law narrower: the fraction is below one.",
    ),
    "alpha for beta in the noise": (
        _spread(lambda n: n["alpha"].sqrt()),
        "You multiply the fresh noise by the root of alpha, which is what the step leaves of the state. How "
        "much noise the step put in is another letter.",
    ),
    "noise divided by the root of alpha": (
        _spread(lambda n: (n["beta"] / n["alpha"]).sqrt()),
        "Your fresh noise is divided by the root of alpha too: it stands inside the brackets. It is added "
        "after the mean is finished.",
    ),
    "predicted noise for fresh noise": (
        rule(noise=lambda x, eps: eps),
        "The noise that you add is the one that the network predicted. It was just taken out; what comes in "
        "is a new draw.",
    ),
    "noise multiplied twice": (
        rule(noise=lambda x, eps: torch.randn_like(x) * torch.randn_like(x)),
        "Your noise is a product of two random numbers. Its variance is right, but it is mostly tiny and "
        "sometimes huge. One normal number for each coordinate is enough.",
    ),
    "one noise for the whole batch": (
        rule(noise=lambda x, eps: torch.randn_like(x[:1])),
        "All states of the batch get the same noise. Each state needs a draw of its own: look at the shape "
        "in which you draw.",
    ),
    "one noise for all": (
        rule(noise=lambda x, eps: torch.randn_like(x[:1, :1])),
        "You draw a single number for all coordinates of all states. Each needs a draw of its own: look at "
        "the shape in which you draw.",
    ),
    "one noise for all coordinates": (
        rule(noise=lambda x, eps: torch.randn_like(x[:, :1])),
        "Within each state all coordinates get the same noise. Each coordinate needs a draw of its own.",
    ),
    "same noise in every step": (
        rule(noise=_seeded),
        "Each call of your step draws the very same numbers, because it sets the seed anew. A thousand steps "
        "would all push in the same direction.",
    ),
    "rand for randn": (
        rule(noise=lambda x, eps: torch.rand_like(x)),
        "Your noise is uniform between 0 and 1, so it pushes all states in one direction. Two functions of "
        "torch have names that differ by one letter.",
    ),
}
