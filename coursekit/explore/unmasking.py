"""Explorer of a denoiser that writes: looks, order, temperature, and the reader's own words and blanks."""

from collections.abc import Callable

import torch
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from torch import Tensor

from ..base import Time
from ..data import Sentences
from ..plots import COLORS
from ..solvers import unmask
from ..solvers.unmask import Order
from .panel import Explorer, choice, explorer, slider, text

ORDERS: dict[str, Order] = {
    "random": "random",
    "surest first": "surest",
    "least entropy first": "entropy",
    "left to right": "left",
}
HIDDEN, FRESH = "#D0D0D0", "#E69F00"
MOST = 6  # bars
BLANK = "____"


def _widths(sentences: Sentences) -> list[float]:
    """Room for the longest word of each place, in letters."""
    columns = sentences.rows.T
    return [max(len(sentences.vocabulary[k]) for k in column.unique().tolist()) + 1.5 for column in columns]


def _write(ax: Axes, row: Tensor, before: Tensor, marked: int, sentences: Sentences) -> None:
    """Draw a row: grey where hidden, orange where this look has revealed a word, a frame around one place."""
    left = 0.0
    for place, width in enumerate(_widths(sentences)):
        k = int(row[place])
        new = k != sentences.mask and int(before[place]) == sentences.mask
        color = HIDDEN if k == sentences.mask else FRESH if new else "none"
        edge = "black" if place == marked else "#BBBBBB"
        line = 1 + (place == marked)
        box = Rectangle((left, 0), width - 0.4, 1, facecolor=color, edgecolor=edge, linewidth=line)
        ax.add_patch(box)
        if k != sentences.mask:
            middle = left + width / 2 - 0.2
            ax.text(middle, 0.5, sentences.vocabulary[k], ha="center", va="center", fontsize="small")
        left += width
    ax.set(xlim=(-0.5, left), ylim=(-0.2, 1.2))
    ax.set_axis_off()


def unmasking(
    denoiser: Callable[[Tensor, Time], Tensor], sentences: Sentences, words: str | None = None
) -> Explorer:
    """Explore how a denoiser fills blanks, look by look.

    Above stands the sentence after some of its looks, with what the last of them has revealed in orange.
    Below, what the denoiser believes about one place *before* that look, beside the exact probabilities.

    Args:
        denoiser: gives logits (batch, length, tokens), called as denoiser(x, t): a network, or exact.
        sentences: the language it writes.
        words: what stands in the line to begin with, ____ for a blank; blanks alone unless given.
    Returns:
        The explorer: a line for your own words and blanks, sliders for the number of looks, the look that is
        shown, the place, temperature and seed, and a menu for the order.
    """
    length = sentences.length

    def draw(
        ax: Axes, words: str, looks: int, order: str, look: int, place: int, temperature: float, seed: int
    ) -> str:
        x = sentences.encode(words)[None]
        looks = min(looks, max(int((x == sentences.mask).sum()), 1))  # one blank a look at least
        source = torch.Generator().manual_seed(seed)
        states = [x, *unmask(denoiser, x, looks, ORDERS[order], temperature, generator=source)]
        now = min(look, looks)
        before, after, at = states[max(now - 1, 0)], states[now], place - 1
        ax.set_axis_off()
        _write(ax.inset_axes((0, 0.72, 1, 0.2)), after[0], before[0], at, sentences)
        with torch.no_grad():
            guess = (denoiser(before, 0.0)[0, at].double() / temperature).softmax(-1)
        truth = sentences.law.posterior(before)[0, at]
        if int(before[0, at]) != sentences.mask:
            guess = truth
        top = guess.topk(MOST).indices.flip(0)
        top = top[torch.maximum(guess, truth)[top] > 0.005]
        bars = ax.inset_axes((0.2, 0.12, 0.6, 0.5))
        rank = torch.arange(len(top))
        bars.barh(rank + 0.2, guess[top], 0.4, color=COLORS[0], label="denoiser")
        bars.barh(rank - 0.2, truth[top], 0.4, color="#999999", label="exact, for the words shown")
        names = [sentences.vocabulary[k] for k in top.tolist()]
        bars.set(
            xlim=(0, 1),
            yticks=rank,
            yticklabels=names,
            xlabel=f"probability at place {place}, before this look",
        )
        bars.legend(frameon=False, loc="lower right", fontsize="small")
        said = sentences.text(after, blank=BLANK)
        whole = bool((after != sentences.mask).all())
        verdict = ""
        if whole:
            good = bool(sentences.valid(after).all())
            verdict = " It is a sentence of the language." if good else " It is no sentence of the language."
        best = names[-1]
        return (
            f"After {now} of {looks} looks ({order}): {said}.{verdict} Before this look the denoiser holds "
            f"“{best}” the likeliest at place {place}, with {float(guess.max()):.0%}; exact are "
            f"{float(truth[top[-1]]):.0%}."
        )

    return explorer(
        draw,
        (8.6, 3.4),
        words=text("words, ____ for a blank", words or " ".join([BLANK] * length)),
        looks=slider("looks in all", 1, length, length),
        order=choice("order", list(ORDERS)),
        look=slider("show it after look", 0, length, 3),
        place=slider("place of the bars", 1, length, length),
        temperature=slider("temperature", 0.2, 2.0, 1.0, 0.1),
        seed=slider("seed of the draws", 0, 50, 0),
    )
