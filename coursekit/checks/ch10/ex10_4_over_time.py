"""Exercise 10.4, find the bug: attention over time mixes places."""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from ..core.engine import exercise
from ..core.facts import Fact
from ..core.faults import Fault
from ..core.student_function import StudentFunction
from ..shared.mistakes import Mistake
from ..shared.trained import trained_through

SIZES = ((2, 3, 4, 2), (1, 5, 2, 3), (3, 2, 1, 1), (2, 4, 4, 4), (1, 1, 6, 2))
"""Batch, frames, places and width."""
Attend = Callable[[Tensor], Tensor]


class Recorder:
    """Attention that hands each token the running sum of its row, and keeps what it was shown."""

    def __init__(self, rule: Attend) -> None:
        self.rule = rule
        self.rows: list[Tensor] = []

    def __call__(self, x: Tensor) -> Tensor:
        """Result for rows (rows, tokens, width)."""
        if x.dim() != 3:
            raise Fault(
                "wrong axes for attention",
                f"You hand `attend` a tensor with {x.dim()} axes, {tuple(x.shape)}. It takes three: rows, "
                f"the tokens that attend to one another, and the numbers of each. How many rows are there, "
                f"if every place of every clip is by itself?",
            )
        self.rows.extend(x.detach().double().unbind(0))
        return self.rule(x)


def _sums(x: Tensor) -> Tensor:
    """Every token gets all of its row, weighted by how far it lies back: order counts."""
    n = x.shape[1]
    weights = torch.arange(1.0, n + 1)[:, None] + 10 * torch.arange(1.0, n + 1)
    return torch.einsum("ij,bjd->bid", weights.to(x), x) / 10


def _right(x: Tensor, attend: Attend) -> Tensor:
    b, f, p, w = x.shape
    return attend(x.transpose(1, 2).reshape(b * p, f, w)).reshape(b, p, f, w).transpose(1, 2)


def _reshaped(x: Tensor, attend: Attend) -> Tensor:
    b, f, p, w = x.shape
    return attend(x.reshape(b * p, f, w)).reshape(b, f, p, w)


def _rows_reshaped(x: Tensor, attend: Attend) -> Tensor:
    b, f, p, w = x.shape
    return attend(x.reshape(b * p, f, w)).reshape(b, p, f, w).transpose(1, 2)


def _not_back(x: Tensor, attend: Attend) -> Tensor:
    b, f, p, w = x.shape
    return attend(x.transpose(1, 2).reshape(b * p, f, w)).reshape(b, f, p, w)


def _in_space(x: Tensor, attend: Attend) -> Tensor:
    return attend(x.flatten(0, 1)).reshape(x.shape)


def _all_pairs(x: Tensor, attend: Attend) -> Tensor:
    return attend(x.flatten(1, 2)).reshape(x.shape)


def _across_batch(x: Tensor, attend: Attend) -> Tensor:
    b, f, p, w = x.shape
    rows = x.permute(1, 2, 0, 3).reshape(f * p, b, w)
    return attend(rows).reshape(f, p, b, w).permute(2, 0, 1, 3)


def _clips_joined(x: Tensor, attend: Attend) -> Tensor:
    b, f, p, w = x.shape
    return attend(x.flatten(0, 1).transpose(0, 1)).transpose(0, 1).reshape(b, f, p, w)


def _mean_over_places(x: Tensor, attend: Attend) -> Tensor:
    return attend(x.mean(dim=2))[:, :, None].expand(x.shape)


def _batch_and_places(x: Tensor, attend: Attend) -> Tensor:
    b, f, p, w = x.shape
    return attend(x.permute(2, 0, 1, 3).reshape(b * p, f, w)).reshape(b, p, f, w).transpose(1, 2)


def _transposed(x: Tensor, attend: Attend) -> Tensor:
    b, f, p, w = x.shape
    return attend(x.transpose(1, 2).reshape(b * p, f, w)).reshape(b, p, f, w)


def _width_last(x: Tensor, attend: Attend) -> Tensor:
    b, f, p, w = x.shape
    return attend(x.reshape(b, f, p * w)).reshape(x.shape)


def _batch_and_frames(join: Callable[..., Tensor]) -> Callable[[Tensor, Attend], Tensor]:
    """Batch and frames change places on the way in; `join` puts the rows together."""

    def rule(x: Tensor, attend: Attend) -> Tensor:
        b, f, p, w = x.shape
        return join(attend(x.transpose(0, 1).reshape(b * p, f, w)), b, f, p, w)

    return rule


SWAPPED = (
    "On the way in you exchange the first two axes, batch and frames. So several places and several clips "
    "stand in a row. Which axis should the frames change places with, to stand next to the width?"
)
MISTAKES: dict[str, Mistake] = {
    "a reshape in place of a transposition": (
        _rows_reshaped,
        "Your rows are cut out of memory, where places follow one another and then frames: in one row stand "
        "several places of the same frame. On the way out you transpose, on the way in you do not. A reshape "
        "moves no number: which axes have to change places before it?",
    ),
    "reshaped there and back": (
        _reshaped,
        "You reshape there and back, and the numbers come home, but on the way each row holds several "
        "places of the same frame. A reshape moves no number. Which axes have to change places first, and "
        "back at the end?",
    ),
    "no transposition on the way back": (
        _not_back,
        "Your rows are right: frames of one place. On the way back you reshape at once, so frames are "
        "taken for places. Undo your steps, the last one first.",
    ),
    "attention in space": (
        _in_space,
        "Places of one frame attend to one another: that is attention in space. Which of the axes should the "
        "tokens of a row run along, if each place looks through time?",
    ),
    "everything attends to everything": (
        _all_pairs,
        "All tokens of a clip are in one row, so that every place looks at every place of every frame. It "
        "should look at itself only, in the other frames.",
    ),
    "attention across the batch": (
        _across_batch,
        "Your rows hold the same place of several *clips*. Clips know nothing of one another: the batch "
        "belongs to the rows, the frames are the tokens.",
    ),
    "clips joined to one": (
        _clips_joined,
        "The frames of all clips stand in one row, one clip after the other. Each clip is by itself: which "
        "two axes make up the rows?",
    ),
    "mean over the places": (
        _mean_over_places,
        "You average the places before they attend, so that all of them get the same. Each place has a row.",
    ),
    "batch and places mixed up": (
        _batch_and_places,
        "Your rows are right, but they are put back as if they came in another order: places of one clip "
        "land in the other clip. Is the axis that stands in front on the way in the same as on the way out?",
    ),
    "batch and frames exchanged": (
        _batch_and_frames(lambda rows, b, f, p, w: rows.reshape(b, p, f, w).transpose(1, 2)),
        SWAPPED,
    ),
    "batch and frames exchanged, and back": (
        _batch_and_frames(lambda rows, b, f, p, w: rows.reshape(f, b, p, w).transpose(0, 1)),
        SWAPPED,
    ),
    "places joined to wide tokens": (
        _width_last,
        "All places of a frame stand in one wide token. Each place should look through time by itself, "
        "with its own numbers: places belong to the rows.",
    ),
    "axes left swapped": (
        _transposed,
        "Your rows are right, and you return (batch, places, frames, width). At the end the two axes "
        "change back.",
    ),
    "input added": (
        lambda x, attend: x + _right(x, attend),
        "You add the input to what comes back. The sum belongs to the block; here the result alone is "
        "wanted.",
    ),
    "attended twice": (
        lambda x, attend: _right(_right(x, attend), attend),
        "Your tokens attend twice, and once is wanted: what comes back from `attend` is handed in again.",
    ),
    "attended in space too": (
        lambda x, attend: _right(_in_space(x, attend), attend),
        "Your tokens attend within their frame too. That is the other layer of the block; here frames only.",
    ),
}
HINT_ROWS = (
    "The check numbers clips, frames and places, and looks into the rows that you hand to `attend`. A row "
    "should hold one place of one clip, in all frames. In yours {0} per row. Number the entries of a small "
    "clip by hand, and follow them through the reshape."
)
HINT_ORDER = (
    "Each row holds one place of one clip, but its frames are not all there in their order. Which axis runs "
    "along the tokens?"
)
HINT_BACK = (
    "The rows that you hand to `attend` are right. With an `attend` that changes nothing the clip should "
    "come back as it was, and yours does not. Undo your steps, the last one first."
)
HINT_RESULT = (
    "With an `attend` that changes nothing the clip comes back, and the rows are right; still what `attend` "
    "returns does not arrive where it belongs. What happens to it afterwards?"
)
HINT_OTHER = (
    "With {0} clips of {1} frames and {2} places your function is not right, though it was in the first "
    "case. Which number is written into it, or which axis of length one is lost?"
)


@exercise("10.4", "Find the bug: who looks at whom", "core", "x, attend", _right, MISTAKES)
def over_time(student: StudentFunction) -> Iterator[Fact]:
    """What stands in a row, whether all comes home, and what attention makes of it."""
    for batch, frames, places, width in SIZES:
        first, shape = frames == SIZES[0][1], (batch, frames, places, width)
        clip, frame, place = (
            torch.arange(size).reshape([-1 if i == axis else 1 for i in range(4)]).expand(shape).double()
            for axis, size in enumerate(shape[:3])
        )
        seen = Recorder(lambda rows: rows)
        student(clip * 10_000 + frame * 100 + place, seen, shape=shape)
        x = torch.randn(shape)
        home, came = student(x, lambda rows: rows, shape=shape), student(x, Recorder(_sums), shape=shape)
        codes = [row.mean(dim=1) for row in seen.rows]
        parts = {
            "several places": float(sum(len((code % 100).unique()) for code in codes)) / max(len(codes), 1),
            "several clips": float(sum(len((code // 10_000).unique()) for code in codes))
            / max(len(codes), 1),
        }
        mixed = torch.tensor(list(parts.values()), dtype=torch.float64)
        told = " and ".join(name for name, count in parts.items() if count != 1) or "nothing else"
        steps = torch.arange(frames).double()
        order = float(sum(torch.equal(code // 100 % 100, steps) for code in codes)) / (batch * places)
        hint = HINT_ROWS.format(f"there are {told}" if told != "nothing else" else "there is one")
        wanted = _right(x, _sums)
        facts = [
            Fact("rows mixed up", "places, and clips, in a row", torch.ones(2), mixed, hint, 1e-6),
            Fact("frames out of order", "rows with all frames in order", 1.0, order, HINT_ORDER, 1e-6),
            Fact("does not lead back", "clip through an idle `attend`", x, home, HINT_BACK, 1e-5),
            Fact("wrong result", "clip through a running sum", wanted, came, HINT_RESULT, 1e-3),
        ]
        wrong = next((i for i, fact in enumerate(facts) if not fact.holds()), len(facts))
        if first:
            yield from facts
        else:
            other = HINT_OTHER.format(batch, frames, places)
            found = facts[wrong : wrong + 1]
            yield from (
                Fact("wrong in another shape", f.label, f.expected, f.measured, other, f.tol) for f in found
            )
        if wrong < len(facts):
            return
    given = torch.randn(2, 3, 4, 2).requires_grad_()
    yield from trained_through(student, given, _sums, shape=(2, 3, 4, 2))
