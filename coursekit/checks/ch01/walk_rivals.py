"""Known wrong answers of the exercises 1.3 and 1.7, and what to say about them."""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from ...solvers import Euler, Heun

Step = Callable[..., Tensor]


def _walk(step: Step, field: Any, x: Tensor, starts: Sequence[float], lengths: Sequence[float]) -> Tensor:
    """Walk by steps that begin at `starts` and last `lengths`, whatever these are."""
    rows = [x]
    for t, h in zip(starts, lengths, strict=True):
        rows.append(step(field, rows[-1], t, h))
    return torch.stack(rows)


def _right(step: Step, field: Any, x: Tensor, times: Tensor) -> Tensor:
    return _walk(step, field, x, times[:-1].tolist(), times.diff().tolist())


def _always_from_the_start(step: Step, field: Any, x: Tensor, times: Tensor) -> Tensor:
    steps = zip(times[:-1].tolist(), times.diff().tolist(), strict=True)
    return torch.stack([x, *(step(field, x, t, h) for t, h in steps)])


FORWARDS = {
    "grid one short": (
        lambda step, field, x0, times: _right(step, field, x0, times[:-1]),
        "Your list of states ends one step too early: the state at the last time is missing. Between n "
        "times there are n - 1 steps and, with the start, n states. How often does your loop run?",
    ),
    "start left out": (
        lambda step, field, x0, times: _right(step, field, x0, times)[1:],
        "You return one state too few: the one at the first time is missing. Before any step is made, the "
        "walk is already somewhere; that state belongs to the list too.",
    ),
    "only the last state": (
        lambda step, field, x0, times: _right(step, field, x0, times)[-1],
        "You return only where the walk ends, but the whole walk is asked for: the states at all times, "
        "the first one included. Keep each state as you come by, and put them together at the end.",
    ),
    "time on the wrong axis": (
        lambda step, field, x0, times: _right(step, field, x0, times).transpose(0, 1),
        "All states are there, but the axes are swapped: time should come first, then the batch. Look at "
        "the axis along which you put the states together.",
    ),
    "overwritten states": (
        lambda step, field, x0, times: (
            _right(step, field, x0, times)[-1:].expand(len(times), *x0.shape).clone()
        ),
        "All your rows are the same: the last state. Your loop writes into one tensor again and again, and "
        "the list holds that same tensor many times. Let every step make a new tensor, or keep a copy.",
    ),
    "state not carried on": (
        _always_from_the_start,
        "Every one of your steps begins at the starting states. The second step has to begin where the "
        "first one ended: does the loop keep the state that the step returns?",
    ),
    "equal steps assumed": (
        lambda step, field, x0, times: _walk(
            step, field, x0, times[:-1].tolist(), [float(times[1] - times[0])] * (len(times) - 1)
        ),
        "All your steps last as long as the first one, but the times need not be equally spaced. Each step "
        "has its own length: read it from the list anew.",
    ),
    "grid counted, not read": (
        lambda step, field, x0, times: _walk(
            step,
            field,
            x0,
            times[:-1].tolist(),
            [float(times[-1] - times[0]) / (len(times) - 1)] * (len(times) - 1),
        ),
        "You divide the whole time into equal steps, but the times need not be equally spaced. Each step "
        "leads from one time in the list to the next one.",
    ),
    "t not advanced": (
        lambda step, field, x0, times: _walk(
            step, field, x0, [float(times[0])] * (len(times) - 1), times.diff().tolist()
        ),
        "The lengths of your steps are right, but each begins at the same time: the clock stands still. A "
        "field that changes with time is then always asked about the first moment.",
    ),
    "t of the end of the step": (
        lambda step, field, x0, times: _walk(step, field, x0, times[1:].tolist(), times.diff().tolist()),
        "Each of your steps is given the time at which it ends. A step starts from a state, and `t` is the "
        "time of that very state.",
    ),
    "time taken for a length": (
        lambda step, field, x0, times: _walk(step, field, x0, times[:-1].tolist(), times[1:].tolist()),
        "You hand the next time to `step` where it expects a length. How long does a step last that leads "
        "from 0.5 to 0.6? Compute that from two entries of the list.",
    ),
    "index taken for a time": (
        lambda step, field, x0, times: _walk(step, field, x0, range(len(times) - 1), times.diff().tolist()),
        "You hand the counter of your loop to `step` as the time. The counter says which entry of the "
        "list; the entry itself is the time.",
    ),
    "own Euler step": (
        lambda step, field, x0, times: _right(Euler().step, field, x0, times),
        "Your loop makes Euler steps of its own and never calls the `step` it was handed. Call that one: "
        "then the same loop serves Euler, Heun and whatever comes later.",
    ),
    "own Heun step": (
        lambda step, field, x0, times: _right(Heun().step, field, x0, times),
        "Your loop makes Heun's steps of its own and never calls the `step` it was handed. Call that one: "
        "then the same loop serves Euler, Heun and whatever comes later.",
    ),
    "return inside the loop": (
        lambda step, field, x0, times: _right(step, field, x0, times[:2]),
        "Your function makes a single step and comes back with two states. A `return` inside the loop ends "
        "everything in the first round: how far is the last line indented?",
    ),
}


def _back(step: Step, field: Any, x1: Tensor, times: Tensor, starts: Tensor, lengths: Tensor) -> Tensor:
    return _walk(step, field, x1, starts.tolist(), lengths.tolist())


BACKWARDS = {
    "h stays positive": (
        lambda step, field, x1, times: _walk(
            step, field, x1, times.flip(0)[:-1].tolist(), times.diff().flip(0).tolist()
        ),
        "You go through the times from last to first, but each step still lasts a positive time, so the "
        "states move on instead of back. What is the difference between the time a step ends and the time "
        "it starts now?",
    ),
    "t at the wrong end": (
        lambda step, field, x1, times: _walk(
            step, field, x1, times.flip(0)[1:].tolist(), times.flip(0).diff().tolist()
        ),
        "Your steps have the right lengths, but `t` is the time where each step arrives. Also on the way "
        "back `t` belongs to the state that the step starts from, which is now the later of the two.",
    ),
    "field negated, clock forwards": (
        lambda step, field, x1, times: _right(step, lambda x, t: -field(x, t), x1, times),
        "You turn the arrows round but let the clock run forwards, so the states meet the field of the "
        "first moment when they should meet that of the last. For a field that never changes this would "
        "do; this one changes.",
    ),
    "field negated, steps too long": (
        lambda step, field, x1, times: _walk(
            step,
            lambda x, t: -field(x, t),
            x1,
            times.flip(0)[:-1].tolist(),
            times.diff().flip(0).tolist(),
        ),
        "You negate the field and keep the steps positive. For Euler's step that is the same, but a step "
        "that looks ahead, as Heun's does, then asks about a time that is later still. Let the clock "
        "itself run backwards.",
    ),
    "turned round twice": (
        lambda step, field, x1, times: _walk(
            step, lambda x, t: -field(x, t), x1, times.flip(0)[:-1].tolist(), times.flip(0).diff().tolist()
        ),
        "You negate the field and let time run backwards as well. Two reversals cancel: the states go on "
        "as if forwards. Which of the two alone is enough?",
    ),
    "forwards again": (
        _right,
        "You walk forwards from the states you were given. They belong to the last of the times, and the "
        "walk should lead from there to the first. In which order do you go through `times`?",
    ),
    "rows in the order of the times": (
        lambda step, field, x1, times: _right(step, field, x1, times.flip(0)).flip(0),
        "Your walk is right, but the rows are in the order of the times. As in the time loop, the first "
        "row is where the walk starts, and here it starts at the last of the times.",
    ),
    "grid one short": (
        lambda step, field, x1, times: _right(step, field, x1, times.flip(0)[:-1]),
        "Your walk stops one step before the first of the times. Between n times there are n - 1 steps "
        "and, with the start, n states. How often does your loop run?",
    ),
    "one step too many": (
        lambda step, field, x1, times: _walk(
            step,
            field,
            x1,
            times.flip(0).tolist(),
            [*times.flip(0).diff().tolist(), float(times[-1] - times[0])],
        ),
        "You make one step more than there are gaps between the times. An index of -1 is no error in Python: "
        "it picks the last of the times again. With which `i` should your loop stop?",
    ),
    "own Euler step": (
        lambda step, field, x1, times: _right(Euler().step, field, x1, times.flip(0)),
        "Your function makes Euler steps of its own, but here it was handed Heun's. Call the `step` that you "
        "are given: then the same lines serve both.",
    ),
    "own Heun step": (
        lambda step, field, x1, times: _right(Heun().step, field, x1, times.flip(0)),
        "Your function makes Heun's steps of its own, but here it was handed Euler's. Call the `step` that "
        "you are given: then the same lines serve both.",
    ),
    "return inside the loop": (
        lambda step, field, x1, times: _right(step, field, x1, times.flip(0)[:2]),
        "Your function makes a single step and comes back with two states. A `return` inside the loop ends "
        "everything in the first round: how far is the last line indented?",
    ),
    "only the last state": (
        lambda step, field, x1, times: _right(step, field, x1, times.flip(0))[-1],
        "You return only where the walk ends, but all states on the way are asked for, as in the time "
        "loop: first those you were given, last those at the first of the times.",
    ),
    "state not carried on": (
        lambda step, field, x1, times: _always_from_the_start(step, field, x1, times.flip(0)),
        "Every one of your steps begins at the states you were given. The second step has to begin where "
        "the first one ended: does the loop keep the state that the step returns?",
    ),
}
