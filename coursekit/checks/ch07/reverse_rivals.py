"""Known wrong ancestral steps, and what to tell the student who is seen to take one."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

Rule = Callable[..., Tensor]
Numbers = dict[str, Tensor]
"""By the paper's names: alpha, beta, bar and before (alpha-bar at k and at k - 1)."""


def mean_of(x: Tensor, eps: Tensor, n: Numbers) -> Tensor:
    """The paper's mean."""
    return (x - n["beta"] / (1 - n["bar"]).sqrt() * eps) / n["alpha"].sqrt()


def _through_data(
    z: Callable[[Tensor, Tensor, Numbers], Tensor],
) -> Callable[[Tensor, Tensor, Numbers], Tensor]:
    """Mean of the posterior with a guess at the data point put in."""

    def mean(x: Tensor, eps: Tensor, n: Numbers) -> Tensor:
        of_data = n["before"].sqrt() * n["beta"] / (1 - n["bar"])
        of_state = n["alpha"].sqrt() * (1 - n["before"]) / (1 - n["bar"])
        return of_data * z(x, eps, n) + of_state * x

    return mean


def _guess(x: Tensor, eps: Tensor, n: Numbers) -> Tensor:
    return (x - (1 - n["bar"]).sqrt() * eps) / n["bar"].sqrt()


def rule(
    mean: Callable[[Tensor, Tensor, Numbers], Tensor] = mean_of,
    spread: Callable[[Numbers], Tensor] = lambda n: n["beta"].sqrt(),
    noise: Callable[[Tensor, Tensor], Tensor] = lambda x, eps: torch.randn_like(x),
    silent: Callable[[int], bool] = lambda k: k == 1,
    asked: Callable[[int], int] = lambda k: k,
    shift: int = 0,
    shift_bar: int = 0,
) -> Rule:
    """An ancestral step from its parts, any of which may be wrong.

    Args:
        mean: of (x, eps, numbers).
        spread: standard deviation of the fresh noise.
        noise: of (x, eps), the fresh noise.
        silent: whether no noise is added at an index.
        asked: index that the network is told.
        shift: places by which the table of variances is read wrongly.
        shift_bar: places by which the table of shares is read wrongly.
    """

    def step(net: Any, x: Tensor, k: int, betas: Tensor, alpha_bar: Tensor) -> Tensor:
        beta, at = betas[k - 1 + shift], k + shift_bar
        n = {"beta": beta, "alpha": 1 - beta, "bar": alpha_bar[at], "before": alpha_bar[at - 1]}
        eps = net(x, asked(k))
        after = mean(x, eps, n)
        return after if silent(k) else after + spread(n) * noise(x, eps)

    return step


def _spread(spread: Callable[[Numbers], Tensor]) -> Rule:
    return rule(spread=spread)


def _mean(mean: Callable[[Tensor, Tensor, Numbers], Tensor]) -> Rule:
    return rule(mean=mean)


def _seeded(x: Tensor, eps: Tensor) -> Tensor:
    return torch.randn(x.shape, generator=torch.Generator().manual_seed(0), dtype=x.dtype)


def _ddim(net: Any, x: Tensor, k: int, betas: Tensor, alpha_bar: Tensor) -> Tensor:
    eps, bar, before = net(x, k), alpha_bar[k], alpha_bar[k - 1]
    return before.sqrt() * (x - (1 - bar).sqrt() * eps) / bar.sqrt() + (1 - before).sqrt() * eps


RIVALS: dict[str, tuple[Rule, str]] = {
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
    "alpha-bar for alpha in the divisor": (
        _mean(lambda x, eps, n: (x - n["beta"] / (1 - n["bar"]).sqrt() * eps) / n["bar"].sqrt()),
        "You divide by the root of alpha-*bar*, which undoes all k steps at once. Only the last step is "
        "taken back here, and it multiplied the state by the root of its own alpha.",
    ),
    "alpha for alpha-bar under the root": (
        _mean(lambda x, eps, n: (x - n["beta"] / (1 - n["alpha"]).sqrt() * eps) / n["alpha"].sqrt()),
        "Under the root in your mean stands one minus alpha. The network predicts the noise of *all* k steps "
        "together; its weight in the state has a bar.",
    ),
    "root missing under the noise": (
        _mean(lambda x, eps, n: (x - n["beta"] / (1 - n["bar"]) * eps) / n["alpha"].sqrt()),
        "You divide the predicted noise by a variance, where the standard deviation should stand. A root is "
        "missing below the fraction bar.",
    ),
    "root missing in the divisor": (
        _mean(lambda x, eps, n: (x - n["beta"] / (1 - n["bar"]).sqrt() * eps) / n["alpha"]),
        "You divide by alpha itself. The forward step multiplied the state by its *root*, so it is the root "
        "that has to be divided out.",
    ),
    "not divided by the root of alpha": (
        _mean(lambda x, eps, n: x - n["beta"] / (1 - n["bar"]).sqrt() * eps),
        "The forward step shrank the state before it added noise. You take the noise out, but you do not "
        "stretch the rest again.",
    ),
    "multiplied by the root of alpha": (
        _mean(lambda x, eps, n: (x - n["beta"] / (1 - n["bar"]).sqrt() * eps) * n["alpha"].sqrt()),
        "You shrink the state once more. On the way back the factor of the forward step has to be divided "
        "out.",
    ),
    "only the first part divided": (
        _mean(lambda x, eps, n: x / n["alpha"].sqrt() - n["beta"] / (1 - n["bar"]).sqrt() * eps),
        "Only the state is divided by the root of alpha in your mean, and the noise is not. Brackets: first "
        "the noise goes out, then the whole is stretched.",
    ),
    "predicted noise not scaled": (
        _mean(lambda x, eps, n: (x - eps) / n["alpha"].sqrt()),
        "You take the whole predicted noise out in one step. Each step takes out a small part, in proportion "
        "to its beta.",
    ),
    "all of the noise taken out": (
        _mean(lambda x, eps, n: (x - (1 - n["bar"]).sqrt() * eps) / n["alpha"].sqrt()),
        "You take all of the noise out in one step, as in the guess at the data. One step takes out only the "
        "part that one step put in.",
    ),
    "beta alone on the predicted noise": (
        _mean(lambda x, eps, n: (x - n["beta"] * eps) / n["alpha"].sqrt()),
        "The factor of the predicted noise is too small: beta has to be divided by the spread of all the "
        "noise in the state. If you go by a guess at the data, a root is missing there: in the state, noise "
        "is multiplied by a standard deviation.",
    ),
    "sign of the predicted noise": (
        _mean(lambda x, eps, n: (x + n["beta"] / (1 - n["bar"]).sqrt() * eps) / n["alpha"].sqrt()),
        "You put the predicted noise into the state once more, so that it gets noisier on the way back. It "
        "has to come out.",
    ),
    "straight to the guess": (
        _mean(_guess),
        "Your mean is the guess at the data point. The reverse step goes only one step towards it, to k - 1.",
    ),
    "data not divided by the root of alpha-bar": (
        _mean(_through_data(lambda x, eps, n: x - (1 - n["bar"]).sqrt() * eps)),
        "In your guess at the data point the noise is taken out, but what is left is the data *times their "
        "weight*. It has to be divided by the root of alpha-bar.",
    ),
    "data divided by alpha-bar itself": (
        _mean(_through_data(lambda x, eps, n: (x - (1 - n["bar"]).sqrt() * eps) / n["bar"])),
        "In your guess at the data point you divide by alpha-bar where its root should stand.",
    ),
    "variances read one place too late": (
        rule(shift=1),
        "You use the variance of the step *after* this one. The list `betas` begins with step 1 at its place "
        "0, so step k stands at the place k - 1.",
    ),
    "shares read one place too early": (
        rule(shift_bar=-1),
        "You read the table `alpha_bar` one place too early. It begins with the index 0, the data, so the "
        "share at index k stands at the place k.",
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
    "network told the index before": (
        rule(asked=lambda k: k - 1),
        "You tell the network the index k - 1. It is asked about the state `x`, which lies at k.",
    ),
}
