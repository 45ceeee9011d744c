"""Generic faults: the same mechanism names them for every exercise, and none of them gets out."""

import itertools
import signal
import sys
import threading
import time
from contextlib import suppress
from dataclasses import replace

import pytest
import torch
from test_answers import fit_to_read

from coursekit.checks.core import faults, limits, panel
from coursekit.checks.core.engine import registry
from coursekit.checks.core.student_function import StudentFunction

STUB = "Exercise {}: fill me in"


def like(reference, change):
    """The right answer, changed; of an answer in several parts, each of them but for a network."""

    def changed(part):
        return part if isinstance(part, torch.nn.Module) else change(part)

    def answer(*args):
        value = reference(*args)
        return tuple(map(changed, value)) if isinstance(value, tuple) else change(value)

    return answer


def first_tensor(args):
    return next(arg for arg in args if isinstance(arg, torch.Tensor))


def writes(reference):
    def answer(*args):
        result = reference(*args)
        first_tensor(args).add_(1)  # whole, for labels too
        return result

    return answer


def each(change):
    """Change a result, or each of several that came together."""
    return lambda value: tuple(map(change, value)) if isinstance(value, tuple) else change(value)


def wide(value):
    return torch.stack([torch.as_tensor(value, dtype=torch.float64)] * 2)


def filled(number):
    return each(lambda value: torch.full_like(torch.as_tensor(value, dtype=torch.float64), number))


def another_number(exercise):
    return (lambda: 0.0) if len(exercise.parameters) == 1 else (lambda only: only)


def one_too_many(exercise):
    return eval(f"lambda {', '.join([*exercise.parameters, 'one_more'])}: one_more")


class Grumpy(Exception):
    def __str__(self):
        raise RuntimeError("no text either")

    __repr__ = __str__


class Odd:
    __slots__ = ()

    def __repr__(self):
        raise RuntimeError("no repr")

    @property
    def __class__(self):
        raise RuntimeError("no class")


def raising(error):
    def answer(*args):
        raise error

    return answer


def endless(*args):
    return endless(*args)


def bare(*args):
    raise NotImplementedError


def stub(number):
    def answer(*args):
        raise NotImplementedError(STUB.format(number))

    return answer


FAULTS = {
    "stub": ("not attempted", lambda e: stub(e.number)),
    "bare stub": ("not attempted", lambda e: bare),
    "division": ("raises", lambda e: raising(ZeroDivisionError("division by zero"))),
    "unprintable error": ("raises", lambda e: raising(Grumpy())),
    "recursion": ("raises", lambda e: endless),
    "sys.exit": ("raises", lambda e: raising(SystemExit(1))),
    "own KeyboardInterrupt": ("raises", lambda e: raising(KeyboardInterrupt())),
    "no return": ("returns nothing", lambda e: lambda *args: None),
    "tuple": ("wrong type", lambda e: like(e.reference, lambda value: (value, value))),
    "string": ("wrong type", lambda e: like(e.reference, str)),
    "numpy": ("wrong type", lambda e: like(e.reference, each(lambda value: wide(value).detach().numpy()))),
    "bool": ("wrong type", lambda e: lambda *args: True),
    "odd object": ("unreadable", lambda e: lambda *args: Odd()),
    "another shape": ("wrong shape", lambda e: like(e.reference, each(wide))),
    "whole numbers": ("wrong dtype", lambda e: like(e.reference, each(lambda v: torch.as_tensor(v).long()))),
    "complex": ("wrong dtype", lambda e: like(e.reference, each(lambda v: torch.as_tensor(v) + 0j))),
    "nan": ("NaN", lambda e: like(e.reference, filled(float("nan")))),
    "inf": ("infinite", lambda e: like(e.reference, filled(float("inf")))),
    "constant": ("constant", lambda e: like(e.reference, filled(0.3))),
    "identity": ("identity", lambda e: lambda *args: first_tensor(args)),
    "input edited": ("input edited", lambda e: writes(e.reference)),
    "another number": ("wrong parameters", another_number),
    "one too many": ("wrong parameters", one_too_many),
    "keyword only": ("wrong parameters", lambda e: lambda *args, must: must),
    "a number": ("not a function", lambda e: 3.0),
    "a tensor": ("not a function", lambda e: torch.zeros(2)),
    "None": ("not a function", lambda e: None),
}
IMPOSSIBLE = {
    *itertools.product(("1.5", "2.9", "3.10", "7.7"), ("identity", "input edited")),  # given no tensor
    ("3.10", "constant"),  # it is given nothing, so it cannot depend on it
    *itertools.product(
        ("5.10",), ("identity", "constant")
    ),  # a strength t, or the same always, is an attempt
    ("8.9", "constant"),  # a velocity that the network has no part in has a name of its own
    ("8.9", "identity"),
    ("9.4", "constant"),  # so has an image that no part has made
    *itertools.product(("9.5",), ("identity", "constant")),
    *itertools.product(("9.8",), ("identity", "input edited")),  # given no tensor
    # two functions are returned, which hold no numbers; and the images may be written into, they are copies
    *itertools.product(("9.9",), ("numpy", "odd object", "another shape", "whole numbers", "complex", "nan")),
    *itertools.product(("9.9",), ("inf", "constant", "identity", "input edited")),
    ("10.8", "constant"),  # given frames that do not come back have a name of their own
    ("10.9", "constant"),  # and a function that no gradient goes through
    # tokens are whole numbers, and others are refused before anything else is looked at
    *itertools.product(("11.2", "11.3", "11.6"), ("another shape", "whole numbers", "constant")),
    *itertools.product(("11.6",), ("identity", "input edited")),  # given no tensor
    ("11.7", "constant"),  # at shown places it has a name of its own
    *itertools.product(("11.9",), ("whole numbers", "constant", "identity")),  # ones and zeros will do
    ("6.1", "whole numbers"),  # labels are
    ("4.9", "whole numbers"),  # a number of steps is
    ("6.1", "input edited"),  # labels may be edited in place: it is handed a copy
    *((number, "one parameter") for number, task in registry.items() if len(task.parameters) == 1),
}
CASES = [(n, kind) for n in registry for kind in FAULTS if (n, kind) not in IMPOSSIBLE]


@pytest.mark.parametrize(("number", "kind"), CASES)
def test_generic_fault_is_named_for_every_exercise(number, kind):
    exercise = registry[number]
    name, make = FAULTS[kind]
    outcome = exercise.examine(make(exercise))
    assert outcome.name == name, panel.to_text(outcome)
    fit_to_read(outcome)


RANDOM = [number for number, exercise in registry.items() if exercise.random]
MAY_REPEAT = ("2.9", "2.10", "4.5", "4.8")
"""Random on the way only: an estimate, a training run, a number of steps may come out the same again."""


@pytest.mark.parametrize("number", RANDOM)
def test_a_seed_set_inside_is_named_where_draws_should_be_fresh(number):
    def seeded(*args):
        torch.manual_seed(0)
        return registry[number].reference(*args)

    outcome = registry[number].examine(seeded)
    assert not outcome.passed
    assert "seed" in outcome.message, panel.to_text(outcome)
    fit_to_read(outcome)


@pytest.mark.parametrize("number", [number for number in RANDOM if number not in MAY_REPEAT])
def test_draws_that_come_again_do_not_pass(number):
    def frozen(*args):
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            return registry[number].reference(*args)

    outcome = registry[number].examine(frozen)
    assert not outcome.passed
    fit_to_read(outcome)


def test_a_seed_set_where_nothing_is_random_is_a_remark():
    def seeded(field, x, t, h):
        torch.manual_seed(0)
        return x + h * field(x, t)

    outcome = registry["1.2"].examine(seeded)
    assert outcome.passed
    assert "start over" in panel.to_text(outcome)


@pytest.mark.parametrize("number", registry)
def test_too_slow_is_stopped(number):
    exercise = replace(registry[number], limit=0.1)

    def sleeps(*args):
        with suppress(Exception):  # a student's own except must not catch the alarm
            time.sleep(30)
        return exercise.reference(*args)

    start = time.monotonic()
    outcome = exercise.examine(sleeps)
    assert time.monotonic() - start < 5
    assert outcome.name == "too slow"
    fit_to_read(outcome)


def test_too_slow_outside_the_main_thread_is_told_afterwards():
    exercise = replace(registry["1.2"], limit=0.05)
    outcomes = []

    def sleeps(field, x, t, h):
        time.sleep(0.1)
        return x + h * field(x, t)

    thread = threading.Thread(target=lambda: outcomes.append(exercise.examine(sleeps)))
    thread.start()
    thread.join()
    assert outcomes[0].name == "too slow"
    assert "took longer" in outcomes[0].message
    fit_to_read(outcomes[0])


def test_alarm_and_handlers_are_put_back():
    rung = []
    before = signal.signal(signal.SIGALRM, lambda *args: rung.append(1))
    interrupt = signal.getsignal(signal.SIGINT)
    try:
        signal.setitimer(signal.ITIMER_REAL, 60.0)
        registry["1.6"].examine(registry["1.6"].reference)
        registry["1.2"].examine(lambda field, x, t, h: x + h * field(x, t))
        rest, _ = signal.setitimer(signal.ITIMER_REAL, 0.0)
        assert 50 < rest <= 60
        signal.raise_signal(signal.SIGALRM)
        assert rung == [1]
        assert signal.getsignal(signal.SIGINT) is interrupt
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, before)


def test_interrupt_pressed_by_the_user_gets_out():
    def pressed(field, x, t, h):
        signal.raise_signal(signal.SIGINT)
        return x

    # A shell starts background jobs with the interrupt ignored, and CI may be one.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            registry["1.2"].examine(pressed)
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGINT, before)


def test_the_line_of_the_student_is_quoted_and_no_other():
    def answer(field, x, t, h):
        slope = field(x, t)
        return x + h * slope.no_such_attribute

    message = registry["1.2"].examine(answer).message
    line = answer.__code__.co_firstlineno + 2
    assert f"line {line} of your cell: `return x + h * slope.no_such_attribute`" in message
    assert "AttributeError" in message
    assert "coursekit" not in message


@pytest.mark.parametrize(
    ("answer", "of_shapes"),
    [
        (lambda field, x, t, h: x + h * torch.zeros(7, 5, 3), True),
        (lambda field, x, t, h: x @ torch.zeros(17, 2), True),
        (lambda field, x, t, h: x[:, 40], True),
        (lambda field, x, t, h: torch.cat([x, x[:, 0]]), True),
        (lambda field, x, t, h: x + float(x), False),  # one number wanted, not a shape
        (lambda field, x, t, h: torch.autograd.grad(x.sum(), x)[0], False),
        (lambda field, x, t, h: x + (x, x) * 0.5, False),
        (lambda field, x, t, h: x + unheard_of, False),  # noqa: F821
    ],
)
def test_shapes_are_spoken_of_where_they_are_the_matter(answer, of_shapes):
    outcome = registry["1.2"].examine(answer)
    assert outcome.name == "raises"
    assert ("print the shapes" in outcome.message) == of_shapes, outcome.message
    fit_to_read(outcome)


def test_a_call_of_an_unfinished_neighbour_is_told_from_this_stub():
    heun = stub("1.4")
    outcome = registry["1.10"].examine(lambda field, x0: heun(field, x0, 0.0, 0.1))
    assert outcome.name == "raises"
    assert "Exercise 1.4" in outcome.message
    fit_to_read(outcome)


def test_a_library_that_raises_not_implemented_is_no_stub():
    outcome = registry["1.2"].examine(lambda field, x, t, h: torch.zeros(2).to_mkldnn().bitwise_not())
    assert outcome.name == "raises", outcome.message


def test_printing_is_cut_short(capsys):
    def chatty(field, x, t, h):
        print("x" * 500)
        return x + h * field(x, t)

    assert registry["1.2"].examine(chatty).passed
    said = capsys.readouterr().out
    assert 500 < len(said) < 3000
    assert said.count("left out") == 1
    print("heard again")
    assert capsys.readouterr().out == "heard again\n"


def test_may_edit_and_broadcast_are_for_the_exercises_that_say_so():
    def answer(y):
        y += 1
        return 0.5

    y = torch.zeros(3)
    student = StudentFunction("9.9", ("y",), answer)
    assert torch.equal(
        student(y, shape=(3, 1), may_edit=("y",), broadcast=True), torch.full((3, 1), 0.5).double()
    )
    assert torch.equal(y, torch.zeros(3))
    with pytest.raises(faults.Fault, match="in place"):
        student(y, shape=(3, 1), broadcast=True)
    with pytest.raises(faults.Fault, match=r"number 0\.5"):
        StudentFunction("9.9", ("y",), lambda y: 0.5)(y, shape=(3, 1))


def test_without_alarms_nothing_is_stopped(monkeypatch):
    monkeypatch.delattr(signal, "setitimer")
    assert not limits.can_stop()
    assert registry["1.2"].examine(lambda field, x, t, h: x + h * field(x, t)).passed


def test_deep_recursion_leaves_the_check_alive():
    limit = sys.getrecursionlimit()
    assert registry["1.2"].examine(endless).name == "raises"
    assert sys.getrecursionlimit() == limit
