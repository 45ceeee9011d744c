"""The engine: measure facts on an answer, name what went wrong, and hand back a function to go on with."""

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch

from . import faults, limits, panel, progress_store
from .facts import Fact
from .faults import CheckFailed, Fault
from .panel import Outcome
from .student_function import StudentFunction, inspect_callable

Function = Callable[..., Any]
Measure = Callable[[StudentFunction], Iterator[Fact | str]]
Mistakes = Mapping[str, tuple[Function, str]]
"""Known wrong answers: name -> (the wrong rule, what to tell the student who is seen to follow it)."""

registry: dict[str, "Exercise"] = {}
"""All exercises by number, in the order of their chapters."""

KINDS = ("core", "stretch", "open")


@dataclass(frozen=True)
class Measurements:
    """All that was measured on one answer: its facts, and the fault that ended the measuring, if one did."""

    facts: list[Fact]
    remarks: list[str]
    fault: Fault | None
    degenerate: Fault | None
    draws: bool = False
    """Whether the answer drew from torch's global generator."""
    seeds: bool = False
    """Whether the answer set the seed of torch's global generator."""

    def failed(self) -> list[Fact]:
        """Facts that do not hold."""
        return [fact for fact in self.facts if not fact.holds()]

    def same_prefix(self, facts: list[Fact]) -> bool:
        """Tell whether the last of `facts` agrees with the fact at the same place here."""
        return len(facts) <= len(self.facts) and self.facts[len(facts) - 1].agrees(facts[-1])

    def distance(self, other: "Measurements", random: bool) -> float | None:
        """Largest share of a failed fact's error that another answer leaves unexplained; None if it differs.

        Two answers are alike if they gave the same facts and the same fault. An answer that stopped with an
        error after a fact had failed is compared by the facts until then.
        """
        stopped = self.fault is not None and self.fault.value is None and bool(self.failed())
        theirs = other.facts[: len(self.facts)] if stopped else other.facts
        if len(self.facts) != len(theirs) or (not stopped and (self.fault is None) != (other.fault is None)):
            return None
        pairs = list(zip(self.facts, theirs, strict=True))
        if not all(fact.agrees(its) for fact, its in pairs):
            return None
        mine, its = (None, None) if stopped else (self.fault, other.fault)
        if mine is not None and its is not None and not _same_fault(mine, its, random):
            return None
        return max((fact.unexplained(its) for fact, its in pairs if not fact.holds()), default=0.0)


def _same_fault(a: Fault, b: Fault, random: bool) -> bool:
    if a.name != b.name:
        return False
    if a.value is None or b.value is None:
        return a.message == b.message
    same_shape = a.value.shape == b.value.shape
    return same_shape and (random or torch.allclose(a.value.double(), b.value.double(), rtol=0, atol=1e-3))


def _rows(facts: list[Fact]) -> list[tuple[str, ...]]:
    return [(fact.label, *fact.numbers()) for fact in facts]


@dataclass(frozen=True, eq=False)
class Exercise:
    """An exercise and its check; call it with the student's function.

    Args:
        number: chapter and exercise, such as "1.2".
        title: its heading in the lab.
        kind: "core", "stretch" or "open".
        name: name of the function in the lab.
        parameters: names of its arguments, in order.
        reference: coursekit's own version, to go on with until the student's passes.
        measure: yields facts (and remarks to show with a pass) about the StudentFunction it is given.
        mistakes: known wrong answers.
        random: results are random, so that only facts can be compared, not values; and an answer that sets
            torch's seed, or whose calls repeat themselves, does not pass.
        may_draw: an answer may draw random numbers, though its result is no random sample.
        limit: seconds for all calls of the answer in one check.
        double: the answer gets its tensors in double precision, not in single as the labs make them.
        words: what to say of a generic fault, by its name, where its own words would give the exercise away.
    """

    number: str
    title: str
    kind: str
    name: str
    parameters: tuple[str, ...]
    reference: Function
    measure: Measure = field(repr=False)
    mistakes: Mistakes = field(repr=False)
    random: bool = False
    may_draw: bool = False
    limit: float = 5.0
    double: bool = False
    words: Mapping[str, str] = field(default_factory=dict, repr=False)

    def __call__(self, answer: Function, seed: int = 0) -> Function:
        """Check `answer`, show the outcome, and return the function to go on with.

        Args:
            answer: the student's function.
            seed: of the random numbers that the check hands out; torch's own generator is left as it was.
        Returns:
            `answer` if it passes, else coursekit's own version.
        Raises:
            CheckFailed: it does not pass, and COURSEKIT_STRICT=1.
        """
        outcome = self.examine(answer, seed)
        if outcome.passed:
            outcome = outcome.with_note(progress_store.passed(self.number))
        elif os.environ.get("COURSEKIT_STRICT") == "1":
            raise CheckFailed(panel.to_text(outcome)) from None
        panel.show(panel.to_text(outcome), panel.html(outcome))
        return answer if outcome.passed else self.reference

    def examine(self, answer: Function, seed: int = 0) -> Outcome:
        """Measure `answer` and say what was found, without showing or recording anything."""
        try:
            with limits.truncate_output():
                return self._verdict(answer, seed)
        except Exception as error:
            return self._outcome(faults.unreadable(error))

    def survey(self, answer: Function, seed: int = 0, like: Measurements | None = None) -> Measurements:
        """Measure `answer`: facts up to the first fault, or the first that differs from `like`.

        Torch's random numbers are left as they were.
        """
        student = StudentFunction(
            self.number, self.parameters, answer, self.limit, double=self.double, seed=seed
        )
        facts: list[Fact] = []
        remarks: list[str] = []
        fault = None
        state = torch.get_rng_state()
        torch.default_generator.manual_seed(seed)
        try:
            inspect_callable(answer, self.parameters)
            for found in self.measure(student):
                if isinstance(found, str):
                    remarks.append(found)
                    continue
                facts.append(found)
                if like is not None and not like.same_prefix(facts):
                    break
            if self.random and like is None and all(fact.holds() for fact in facts):
                fault = _not_fresh(student)
        except Fault as stopped:
            fault = stopped
        except ArithmeticError:  # in our own arithmetic, on numbers that have failed already
            if all(fact.holds() for fact in facts):
                raise
        finally:
            torch.set_rng_state(state)
        if student.seeds and not self.random:
            remarks.append(faults.SEED_SET)
        return Measurements(facts, remarks, fault, student.degenerate_fault(), student.draws, student.seeds)

    def _verdict(self, answer: Function, seed: int) -> Outcome:
        if answer is self.reference:
            return self._outcome(faults.library_version(self.name))
        found = self.survey(answer, seed)
        failed = found.failed()
        if not failed and found.fault is None:
            return Outcome(self, True, "passed", "", _rows(found.facts), found.remarks)
        if found.fault is not None and not failed and found.fault.value is None:
            return self._outcome(found.fault)
        if found.degenerate is not None:
            return self._outcome(found.degenerate)
        return self._explained(found, failed, seed)

    def _explained(self, found: Measurements, failed: list[Fact], seed: int) -> Outcome:
        """What went wrong: a known mistake, a random draw, the first failed fact, or the fault."""
        rows = _rows(failed[:1])
        if not rows and found.fault is not None and found.fault.row:
            rows = [found.fault.row]
        matches = self._matches(found, seed)
        if matches:
            (_, name, words), *others = matches
            return Outcome(self, False, name, _either(failed, name, words, others), rows)
        if found.seeds and self.random:
            return self._outcome(faults.seed_set(), rows)
        if found.draws and not (self.random or self.may_draw):
            return self._outcome(faults.draws_at_random(self.name), rows)
        if failed:
            words = f"{failed[0].hint} {failed[0].relation()}".strip()
            return Outcome(self, False, failed[0].name, words, rows)
        assert found.fault is not None
        return self._outcome(found.fault)

    def _matches(self, found: Measurements, seed: int) -> list[tuple[float, str, str]]:
        """Known mistakes that explain what was measured: the best first, with all that are as good."""
        matches: list[tuple[float, str, str]] = []
        for name, (rule, words) in self.mistakes.items():
            distance = found.distance(self.survey(rule, seed, like=found), self.random)
            if distance == 0:
                return [(distance, name, words)]
            if distance is not None:
                matches.append((distance, name, words))
        matches.sort(key=lambda match: match[0])
        return [match for match in matches if match[0] <= 2 * matches[0][0]]

    def _outcome(self, fault: Fault, rows: list[tuple[str, ...]] | None = None) -> Outcome:
        return Outcome(self, False, fault.name, self.words.get(fault.name, fault.message), rows or [])


def _not_fresh(student: StudentFunction) -> Fault | None:
    """What keeps an answer that is right otherwise from drawing afresh in every call."""
    if student.seeds:
        return faults.seed_set()
    return faults.repeats_itself() if student.repeats_itself() else None


def _either(failed: list[Fact], name: str, words: str, others: list[tuple[float, str, str]]) -> str:
    """What to tell: the words of the mistake that was seen, or what all have in common where several fit."""
    if not others or not failed:
        return words
    names = [name, *(other for _, other, _ in others)][:3]
    return f"{failed[0].hint} Slips that give numbers like yours: {'; or '.join(names)}."


def exercise(
    number: str,
    title: str,
    kind: str,
    parameters: str,
    reference: Function,
    mistakes: Mistakes,
    *,
    random: bool = False,
    may_draw: bool = False,
    limit: float = 5.0,
    double: bool = False,
    words: Mapping[str, str] | None = None,
) -> Callable[[Measure], Exercise]:
    """Turn a generator of facts into an exercise of the same name, and enter it into the registry.

    Args:
        number: chapter and exercise, such as "1.2".
        title: its heading in the lab.
        kind: "core", "stretch" or "open".
        parameters: names of the arguments, in order, separated by commas; empty for none.
        reference: coursekit's own version.
        mistakes: known wrong answers.
        random: results are random, and fresh in every call.
        may_draw: an answer may draw random numbers, though its result is no random sample.
        limit: seconds for all calls of the answer in one check.
        double: hand tensors over in double precision.
        words: what to say of a generic fault, by its name, in place of its own words.
    Returns:
        A decorator.
    Raises:
        ValueError: an unknown kind, or a number that is taken.
    """
    if kind not in KINDS:
        raise ValueError(f"kind = {kind!r}; an exercise is one of {', '.join(KINDS)}")

    def enter(measure: Measure) -> Exercise:
        if number in registry:
            raise ValueError(f"exercise {number} is there twice: {registry[number].title!r} and {title!r}")
        names = tuple(name.strip() for name in parameters.split(",") if name.strip())
        registry[number] = Exercise(
            number,
            title,
            kind,
            measure.__name__,
            names,
            reference,
            measure,
            mistakes,
            random,
            may_draw,
            limit,
            double,
            words or {},
        )
        return registry[number]

    return enter
