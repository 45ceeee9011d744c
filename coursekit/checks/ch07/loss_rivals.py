"""Known wrong forms of the simple loss, and what to tell the student."""

from collections.abc import Callable

import torch
from torch import Tensor

from .loss_parts import Loss, any_index, loss, mixed


def _alpha(table: Tensor, k: Tensor) -> Tensor:
    """What the last step alone leaves."""
    return table[k] / table[(k - 1).clamp(min=0)]


def _seeded(z: Tensor) -> Tensor:
    return torch.randn(z.shape, dtype=z.dtype, generator=torch.Generator().manual_seed(0))


def _seeded_indices(z: Tensor, steps: int) -> Tensor:
    return torch.randint(1, steps + 1, (len(z), 1), generator=torch.Generator().manual_seed(1))


def _grid(z: Tensor, steps: int) -> Tensor:
    return torch.linspace(1, steps, len(z)).round().long()[:, None]


def _difference_of_squares(net: Callable[..., Tensor], z: Tensor, alpha_bar: Tensor) -> Tensor:
    k, eps = any_index(z, len(alpha_bar) - 1), torch.randn_like(z)
    return (net(mixed(z, eps, alpha_bar[k]), k).square() - eps.square()).mean()


MISTAKES: dict[str, tuple[Loss, str]] = {
    "alpha for alpha-bar": (
        loss(looked_up=_alpha),
        "You mix data and noise as if only the last step had been made. The state at index k has gone "
        "through k steps: its weights come from the table itself, with the bar.",
    ),
    "root missing on the data": (
        loss(feed=lambda z, eps, share: share * z + (1 - share).sqrt() * eps),
        "In your state the data point is multiplied by the share of *variance* that is left. Its weight is "
        "the root of that.",
    ),
    "root missing on the noise": (
        loss(feed=lambda z, eps, share: share.sqrt() * z + (1 - share) * eps),
        "In your state the noise is multiplied by a variance. Its weight is a standard deviation: a root is "
        "missing.",
    ),
    "both roots missing": (
        loss(feed=lambda z, eps, share: share * z + (1 - share) * eps),
        "Both weights in your state are shares of variance. States are mixed with their roots.",
    ),
    "data and noise swapped": (
        loss(feed=lambda z, eps, share: (1 - share).sqrt() * z + share.sqrt() * eps),
        "In your state the two weights have changed places: it gets cleaner as k grows. k = 0 is data.",
    ),
    "root taken twice": (
        loss(feed=lambda z, eps, share: share.sqrt() * z + (1 - share.sqrt()).sqrt() * eps),
        "The weight of the data in your state is right. In that of the noise the root is taken before the "
        "share is subtracted from one as well as after; one root, round the difference, is enough.",
    ),
    "noise not scaled": (
        loss(feed=lambda z, eps, share: share.sqrt() * z + eps),
        "The noise in your state is equally strong at all indices. After few steps there is only little of "
        "it. Which number multiplies it?",
    ),
    "data not scaled": (
        loss(feed=lambda z, eps, share: z + (1 - share).sqrt() * eps),
        "The data point enters your state whole at every index. At the end of the chain nothing of it should "
        "be left.",
    ),
    "clean data shown": (
        loss(feed=lambda z, eps, share: z),
        "You show the data point itself to the network. There is no noise in it to be found. Show it the "
        "mix.",
    ),
    "pure noise shown": (
        loss(feed=lambda z, eps, share: eps),
        "You show the noise itself to the network: it would learn to copy its input. Show it the mix.",
    ),
    "the last index left out": (
        loss(indices=lambda z, steps: torch.randint(1, steps, (len(z), 1))),
        "The last index, K, never comes. `torch.randint(low, high, …)` leaves `high` itself out. Sampling "
        "starts at K, so the network has to know it.",
    ),
    "from 0 to K - 1": (
        loss(indices=lambda z, steps: torch.randint(0, steps, (len(z), 1))),
        "Your indices run from 0 to K - 1, as places in a list do. At 0 there is no noise to be found, and "
        "the last index never comes. The paper draws from 1 to K.",
    ),
    "index 0 drawn too": (
        loss(indices=lambda z, steps: torch.randint(0, steps + 1, (len(z), 1))),
        "Your indices include 0. There the state is the data point, and the noise that the network should "
        "find has weight zero. The paper draws from 1 to K.",
    ),
    "table read one place off": (
        loss(looked_up=lambda table, k: table[k - 1]),
        "You tell the network the index k and mix with the share at k - 1. The table begins with the index "
        "0, the data, so the share at index k stands at the place k.",
    ),
    "table read from its end": (
        loss(looked_up=lambda table, k: table[len(table) - 1 - k]),
        "You mix with the share at K - k. In this chain the index grows from the data to the noise, the "
        "other way round than our time.",
    ),
    "network told another index": (
        loss(shown=lambda k, steps: k - 1),
        "The network is told k - 1, while the state lies at k. It would be used with an index that is one "
        "off. Tell it the index at which the state was mixed.",
    ),
    "network told the other direction": (
        loss(shown=lambda k, steps: steps - k),
        "The network is told K - k, while the state lies at k. Tell it the index itself, in the paper's "
        "direction.",
    ),
    "network told a time": (
        loss(shown=lambda k, steps: k / steps),
        "You divide the index by K before you tell it to the network. This network is asked with the index "
        "itself, from 1 to K.",
    ),
    "network told our time": (
        loss(shown=lambda k, steps: 1 - k / steps),
        "You tell the network our time, from 0 for noise to 1 for data. This one is asked in the paper's "
        "language: with the index, from 1 to K.",
    ),
    "one index for the whole batch": (
        loss(indices=lambda z, steps: torch.randint(1, steps + 1, (1, 1)).expand(len(z), 1)),
        "All states of your batch share one index. Each batch then teaches the network about one step only, "
        "and the loss jumps from batch to batch. Draw one for every row.",
    ),
    "sign of the noise": (
        loss(lambda x, z, eps, share: -eps),
        "Your network would answer with minus the noise, a multiple of the score. Here it is asked for the "
        "noise itself.",
    ),
    "data for target": (
        loss(lambda x, z, eps, share: z),
        "Your target is the data point. A network can be asked for it, and chapter 08 will; here it should "
        "answer with the noise.",
    ),
    "noise as it arrives": (
        loss(lambda x, z, eps, share: (1 - share).sqrt() * eps),
        "Your target is the noise after it was scaled down. The draw itself is asked for, which has the same "
        "size at all indices.",
    ),
    "score for target": (
        loss(lambda x, z, eps, share: -eps / (1 - share).sqrt()),
        "Your target is the score, which is large after few steps. The simple loss asks for the noise as it "
        "was drawn.",
    ),
    "state minus data": (
        loss(lambda x, z, eps, share: x - z),
        "Your target is the difference of state and data point. Both data and noise enter the state with a "
        "weight, so this difference is not the noise.",
    ),
    "two draws of noise": (
        loss(lambda x, z, eps, share: torch.randn_like(eps)),
        "The noise in your target is not the noise in the state: it is drawn a second time. No network could "
        "guess it. Draw once, and use that draw in both places.",
    ),
    "rand for randn": (
        loss(noise=torch.rand_like),
        "Your noise is uniform between 0 and 1: never negative, and too narrow. Two functions of torch have "
        "names that differ by one letter.",
    ),
    "one noise for the whole batch": (
        loss(noise=lambda z: torch.randn_like(z[:1]).expand_as(z)),
        "All states of the batch share one draw of noise. Each state needs a draw of its own; look at the "
        "shape in which you draw.",
    ),
    "one noise for all coordinates": (
        loss(noise=lambda z: torch.randn_like(z[:, :1]).expand_as(z)),
        "Within each state all coordinates get the same noise. Each needs a draw of its own; look at the "
        "shape in which you draw.",
    ),
    "the same draw each time": (
        loss(noise=_seeded, indices=_seeded_indices),
        "Every call of your loss uses the same indices and the same noise. The network would learn this one "
        "draw by heart. Is a seed set inside your function?",
    ),
    "the same indices each time": (
        loss(indices=_grid),
        "Your indices are the same in every call. With a thousand steps and a few hundred rows most of the "
        "indices would never be learnt. Draw them anew each time.",
    ),
    "sign of the loss": (
        loss(reduce=lambda residual, share: -residual.square().mean()),
        "Your loss is the mean of squares with a minus: the worse the network, the lower it is, and training "
        "would make the network as wrong as it can get.",
    ),
    "difference of squares": (
        _difference_of_squares,
        "You square the answer and the noise, each by itself, and subtract then. A network that always "
        "answers zero would do best. First the difference, then the square.",
    ),
    "weighted by the variance": (
        loss(reduce=lambda residual, share: (residual.square() * (1 - share)).mean()),
        "You weigh the squared errors by the variance of the noise. The simple loss has no weight: that is "
        "what makes it simple.",
    ),
    "weighted as in the bound": (
        loss(reduce=lambda residual, share: (residual.square() / (1 - share)).mean()),
        "You divide the squared errors by the variance of the noise, so that steps near the data count most. "
        "The bound on the likelihood has such weights; the simple loss leaves them out.",
    ),
    "not squared": (
        loss(reduce=lambda residual, share: residual.abs().mean()),
        "You average the size of the errors, not their square. Absolute errors are minimised by medians; "
        "what the sampler needs is a *mean*.",
    ),
    "length, not its square": (
        loss(reduce=lambda residual, share: residual.norm(dim=-1).mean()),
        "You average the length of the error; the square is missing. Does your norm take a root?",
    ),
    "root of the mean": (
        loss(reduce=lambda residual, share: residual.square().mean().sqrt()),
        "You take a root at the end. The mean of roots over many batches is not the root of the mean: leave "
        "the squares alone.",
    ),
    "square after the mean": (
        loss(reduce=lambda residual, share: residual.mean().square()),
        "You average first and square then, so that errors of opposite sign cancel: a network that is wrong "
        "everywhere can cost nothing. First square, then average.",
    ),
    "no gradient": (
        loss(reduce=lambda residual, share: residual.detach().square().mean()),
        "The value of your loss is right, but no gradient leads from it back to the network, so nothing "
        "would be learnt. Look for `.item()`, `.detach()`, `torch.no_grad` or `float(...)`.",
    ),
}
