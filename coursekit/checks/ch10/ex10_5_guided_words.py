"""Exercise 10.5: guidance with words."""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from ..core.engine import exercise
from ..core.facts import Fact
from ..core.faults import Fault
from ..core.student_function import StudentFunction
from ..shared.dependence import uses
from ..shared.mistakes import Mistake

NULL, LENGTH = 9, 6
SCALES = (0.0, 1.0, 2.0, 3.5, 0.4)
Net = Callable[[Tensor, Tensor, Tensor], Tensor]


class Reader:
    """A network whose answer tells which words it was shown, at which place, state and time."""

    def __init__(self, shape: tuple[int, ...], length: int = LENGTH, null: int = NULL) -> None:
        self.shape, self.length, self.null = shape, length, null
        self.meaning = torch.randn(null + 1, length, torch.Size(shape).numel()).double()
        self.calls: list[tuple[Tensor, Tensor, Tensor]] = []

    def __call__(self, x: Tensor, t: Tensor, words: Tensor) -> Tensor:
        """Answer to states (rows, *shape), times (rows, 1, …, 1) and captions (rows, length)."""
        if not isinstance(words, Tensor) or words.shape != (len(x), self.length):
            came = tuple(words.shape) if isinstance(words, Tensor) else type(words).__name__
            raise Fault(
                "captions of another shape",
                f"You call the network with {len(x)} states and captions {came}; it takes one caption of "
                f"{self.length} words for each state. What does a caption of no words look like to it?",
            )
        if words.is_floating_point() or int(words.min()) < 0 or int(words.max()) > self.null:
            raise Fault(
                "no words",
                "You show the network words that are not in its table: they are whole numbers from 0 to "
                "`null`.",
            )
        if not isinstance(t, Tensor) or t.shape[:1] != x.shape[:1]:
            raise Fault(
                "times of another shape",
                f"You call the network with {len(x)} states and other times. Each state has its own: where "
                f"you double the states, double the times.",
            )
        self.calls.append((x.detach().clone(), t.detach().clone(), words.clone()))
        said = sum(self.meaning[words[:, k], k] for k in range(self.length)) / self.length**0.5
        time = t.double().reshape(-1, *[1] * (x.dim() - 1))
        return ((1 + time) * said.reshape(x.shape) + 0.5 * x.double() + time).to(x.dtype)


def _rule(
    mix: Callable[[Tensor, Tensor, float], Tensor] = lambda nothing, said, w: (1 - w) * nothing + w * said,
    empty: Callable[[Tensor, int], Tensor] = torch.full_like,
    time: Callable[[Tensor], Tensor] = lambda t: t,
) -> Callable[..., Tensor]:
    def rule(net: Net, x: Tensor, t: Tensor, words: Tensor, w: float, null: int) -> Tensor:
        return mix(net(x, time(t), empty(words, null)), net(x, t, words), w)

    return rule


def _some(*places: int) -> Callable[[Tensor, int], Tensor]:
    """Captions of which only the words in some places are gone."""

    def empty(words: Tensor, null: int) -> Tensor:
        words = words.clone()
        words[:, list(places)] = null
        return words

    return empty


def _digits_only(words: Tensor, null: int) -> Tensor:
    return torch.where(torch.arange(words.shape[1]) % 4 == 1, null, words)


def _shuffled(words: Tensor, null: int) -> Tensor:
    return words.flip(1)


def _state_gone(net: Net, x: Tensor, t: Tensor, words: Tensor, w: float, null: int) -> Tensor:
    return (1 - w) * net(torch.zeros_like(x), t, torch.full_like(words, null)) + w * net(x, t, words)


def _words_mixed(net: Net, x: Tensor, t: Tensor, words: Tensor, w: float, null: int) -> Tensor:
    both = net(torch.cat([x, x]), torch.cat([t, t]), torch.cat([torch.full_like(words, null), words]))
    a, b = both[::2], both[1::2]
    return (1 - w) * a + w * b


MISTAKES: dict[str, Mistake] = {
    "1 + w": (
        _rule(lambda a, b, w: -w * a + (1 + w) * b),
        "You guide by one whole unit too much: at `w` = 0 you get the caption as it was learnt, as in the "
        "paper of Ho and Salimans. In this course 0 ignores the caption. What should come out at 0, and what "
        "at 1?",
    ),
    "w and 1 - w swapped": (
        _rule(lambda a, b, w: w * a + (1 - w) * b),
        "The weights of the two branches have changed places: at `w` = 0 you follow the caption, and at `w` "
        "= 1 you ignore it. Which of the two branches should be left over at 0, and which at 1?",
    ),
    "guidance left out": (
        _rule(lambda a, b, w: b),
        "You return the answer with words whatever `w` is. That is right for `w` = 1 only: where does the "
        "other branch come in?",
    ),
    "caption left out": (
        _rule(lambda a, b, w: a),
        "You return the answer without words whatever `w` is, so the caption has no influence. That is right "
        "for `w` = 0 only. Which words go into each of the two calls of the network?",
    ),
    "no w below one": (
        _rule(lambda a, b, w: a + max(w, 1.0) * (b - a)),
        "Below `w` = 1 you return the answer with words, as if `w` were 1. At 0 the caption should not "
        "matter, and between 0 and 1 it matters in part: the same line holds for all `w`.",
    ),
    "no w above one": (
        _rule(lambda a, b, w: a + min(w, 1.0) * (b - a)),
        "Above `w` = 1 your answer stays that at 1. Guidance begins there: the answer goes on along the same "
        "line, beyond what the network says of the caption.",
    ),
    "away from the caption": (
        _rule(lambda a, b, w: (1 + w) * a - w * b),
        "You go from the answer without words *away* from the answer with them: at `w` = 1 the picture "
        "would be what the caption does not say. In which order stand the two in your difference?",
    ),
    "from the caption on, away from it": (
        _rule(lambda a, b, w: b + w * (a - b)),
        "You start at the answer with words and go towards the one without. At `w` = 1 nothing of the "
        "caption is left. Where should you start, and which way should you go?",
    ),
    "without a difference": (
        _rule(lambda a, b, w: a + w * b),
        "You add `w` times the answer with words to the one without. At `w` = 1 both count in full, so "
        "that the velocity is about twice too large. It is the *difference* that is scaled.",
    ),
    "the difference alone": (
        _rule(lambda a, b, w: w * (b - a)),
        "You return the difference of the two answers, times `w`: the push of the caption, without what it "
        "is to push. What should be left at `w` = 0?",
    ),
    "words multiplied alone": (
        _rule(lambda a, b, w: w * b),
        "You multiply the answer with words by `w`. That makes everything in it faster, also what the "
        "caption has nothing to do with. What does the network say without words?",
    ),
    "answers averaged": (
        _rule(lambda a, b, w: (a + b) / 2),
        "You average the two answers, whatever `w` is. That is right for `w` = 1/2 only.",
    ),
    "the first word for null": (
        _rule(empty=lambda words, null: torch.zeros_like(words)),
        'Your null caption says the first word of the vocabulary, six times. "No word" has an index of '
        "its own, which you are handed.",
    ),
    "the last word for null": (
        _rule(empty=lambda words, null: torch.full_like(words, null - 1)),
        'Your null caption says the last word of the vocabulary, six times. "No word" comes after it, at '
        "`null`.",
    ),
    "only the first word removed": (
        _rule(empty=_some(0)),
        "Your null caption lacks the first word only; the others still say what is wanted. All of its "
        "words have to be null.",
    ),
    "only the last word removed": (
        _rule(empty=_some(-1)),
        "Your null caption lacks the last word only; the others still say what is wanted. All of its words "
        "have to be null.",
    ),
    "only the digits removed": (
        _rule(empty=_digits_only),
        "Your null caption still has some of its words. In training a caption was dropped as a whole, so "
        "with half of its words the network has never seen it.",
    ),
    "the caption in another order": (
        _rule(empty=_shuffled),
        "In place of a null caption you use the caption in another order. That is another caption, and not "
        "none.",
    ),
    "first caption for all": (
        lambda net, x, t, words, w, null: _rule()(net, x, t, words[:1].expand(words.shape), w, null),
        "All states get the first caption. Each of them has its own, in the same row of `words`.",
    ),
    "without words at the other time": (
        _rule(time=lambda t: 1 - t),
        "In the branch without words you tell the network 1 - t. Both branches see the same state at the "
        "same time; the caption alone differs.",
    ),
    "without words at time zero": (
        _rule(time=torch.zeros_like),
        "In the branch without words you tell the network time 0. Both branches see the same state at the "
        "same time; the caption alone differs.",
    ),
    "no state without words": (
        _state_gone,
        "In the branch without words you take the state away too. Only the caption is dropped.",
    ),
    "two batches mixed up": (
        _words_mixed,
        "You ask for both branches in one batch, and take them apart in turn. They come out as they went "
        "in: first all of the one, then all of the other.",
    ),
}
HINTS = {
    0.0: "At `w` = 0 the caption should not matter: your answer should be the network's for null "
    "words only. Which words does the network see in that branch?",
    1.0: "At `w` = 1 your answer should be the network's own for the caption, and is not. Which share of "
    "the branch without words should be left?",
}
HINT = (
    "At `w` = 0 and 1 you are right, and at {0} you are not. The answer is on the straight line through "
    "these two: what is the difference between them worth there?"
)
HINT_SHOWN = "The network is shown {0} other than those you were handed. {1} Print what you hand to `net`."
HINT_OTHER = (
    "With points of two numbers and captions of three words you are not right, though you were with "
    "images. Is a number of words, or of axes, written into your function?"
)


def _shown(net: Reader, x: Tensor, t: Tensor, words: Tensor) -> str:
    """What is odd about the states, times or captions that the network was shown, in words."""
    for states, times, captions in net.calls:
        copies = len(states) // len(x)
        if copies * len(x) != len(states) or not torch.equal(states, torch.cat([x] * copies).to(states)):
            return HINT_SHOWN.format("states", "Both branches are asked about the states `x` as they are.")
        if not torch.equal(times.reshape(len(states)), torch.cat([t] * copies).to(times).reshape(-1)):
            return HINT_SHOWN.format("times", "Row k of the states has row k of `t`, in both branches.")
        given = torch.cat([words] * copies)
        other = (captions != given).any(dim=1) & (captions != net.null).any(dim=1)
        if bool(other.any()):
            row = captions[other][0].tolist()
            return HINT_SHOWN.format(
                f"captions, such as {row} where `null` is {net.null},",
                "Each row has either its own caption or `null` in every place.",
            )
    return ""


@exercise("10.5", "Guidance with words", "core", "net, x, t, words, w, null", _rule(), MISTAKES)
def guided_words(student: StudentFunction) -> Iterator[Fact]:
    """Answers at w = 0 and 1, then on the line through both; other shapes; what is used."""
    for shape, length, null in (((1, 2, 3), LENGTH, NULL), ((2,), 3, 4)):
        net, first = Reader(shape, length, null), length == LENGTH
        t = torch.tensor([0.1, 0.35, 0.6, 0.9]).reshape(4, *[1] * len(shape))
        facts = []
        for w in SCALES:
            x, words = torch.randn(4, *shape), torch.randint(null, (4, length))
            nothing, said = (net(x, t, y).double() for y in (torch.full_like(words, null), words))
            net.calls.clear()
            came = student(net, x, t, words, w, null, shape=tuple(x.shape)).double()
            shown = _shown(net, x, t, words)
            wanted = nothing + w * (said - nothing)
            hint = (shown or HINTS.get(w) or HINT.format(w)) if first else HINT_OTHER
            name = "wrong guidance" if first else "wrong for other captions"
            facts.append(
                Fact(name, f"velocities at w = {w:g}", wanted, came, hint, 1e-3 * (1 + float(wanted.std())))
            )
        yield from facts
        if not all(fact.holds() for fact in facts):
            return
    net, x, t = Reader((3,)), torch.randn(2, 3), torch.full((2, 1), 0.3)
    words = torch.randint(NULL, (2, LENGTH))
    plain = student(net, x, t, words, 2.0, NULL, shape=(2, 3))
    other = student(net, x, t, (words + 1) % NULL, 2.0, NULL, shape=(2, 3))
    yield uses(plain, {"words": other})
