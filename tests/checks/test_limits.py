"""The alarm that stops an answer: wherever it rings, it stays inside the answer and is put back."""

import contextlib
import signal
import sys

import pytest

from coursekit.checks.core import limits
from coursekit.checks.core.faults import Fault

OURS = (limits.__file__, contextlib.__file__)


class RingsAt:
    """Trace function that rings the alarm at the n-th bytecode run in limits.py or contextlib.py."""

    def __init__(self, n):
        self.n, self.seen = n, 0

    def __call__(self, frame, event, arg):
        if frame.f_code.co_filename not in OURS:
            return None
        frame.f_trace_opcodes = True
        if event == "opcode":
            self.seen += 1
            if self.seen == self.n:
                signal.raise_signal(signal.SIGALRM)
        return self


def called(trace, function=lambda: "value"):
    """What `limits.call` returns, or the name of its fault, while `trace` watches."""
    before = sys.gettrace()
    sys.settrace(trace)
    try:
        return limits.call(function, (), 60.0, 60.0, "9.9", "nothing")
    except Fault as fault:
        return fault.name
    finally:
        sys.settrace(before)


@pytest.fixture
def quiet_alarm():
    """No alarm pending before the test, and none left behind by it if it fails."""
    rung = []
    before = signal.signal(signal.SIGALRM, lambda *args: rung.append(1))
    yield rung
    signal.setitimer(signal.ITIMER_REAL, 0.0)
    signal.signal(signal.SIGALRM, before)


def test_wherever_the_alarm_rings_it_gets_neither_out_nor_lost(quiet_alarm):
    mine = signal.getsignal(signal.SIGALRM)
    interrupt = signal.getsignal(signal.SIGINT)
    count = RingsAt(0)
    assert called(count) == "value"
    assert count.seen > 100  # the tracing works
    ends = []
    for n in range(1, count.seen + 1):
        ends.append(called(RingsAt(n)))
        assert signal.getsignal(signal.SIGALRM) is mine, f"handler left behind, bytecode {n}"
        assert signal.setitimer(signal.ITIMER_REAL, 0.0) == (0.0, 0.0), f"alarm left on, bytecode {n}"
        assert signal.getsignal(signal.SIGINT) is interrupt
    assert set(ends) == {"value", "too slow"}  # it does stop the answer, and nothing else


def test_an_alarm_between_the_setting_and_the_answer_rings_again():
    def endless():
        while True:
            pass

    with pytest.raises(Fault, match="stopped"):
        limits.call(endless, (), -1.0, 60.0, "9.9", "nothing")  # no time left: rings at once


def test_an_answer_called_inside_another_leaves_the_outer_alarm_alone(quiet_alarm):
    def outer():
        with contextlib.suppress(Fault):
            limits.call(lambda: signal.raise_signal(signal.SIGALRM), (), 60.0, 60.0, "9.9", "nothing")
        signal.raise_signal(signal.SIGALRM)

    assert called(None, outer) == "too slow"
    assert quiet_alarm == []
    assert signal.setitimer(signal.ITIMER_REAL, 0.0) == (0.0, 0.0)
