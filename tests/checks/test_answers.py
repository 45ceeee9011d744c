"""Recorded answers: every wrong one gets its name, every right one passes, and the words are fit to read."""

import importlib
import inspect
import pkgutil
import re
from functools import cache
from pathlib import Path

import answers
import pytest
from answers import RIGHT, WRONG

from coursekit.checks.core import panel
from coursekit.checks.core.engine import registry

for chapter in pkgutil.iter_modules(answers.__path__):  # importing a chapter records its answers
    importlib.import_module(f"answers.{chapter.name}")

SOLUTIONS = Path(__file__).resolve().parents[2] / "solutions"


def words(text):
    return re.findall(r"\w[\w'’./-]*", text)


def squeezed(text):
    return re.sub(r"\s+", "", text)


def code_lines(function):
    try:
        lines = inspect.getsource(function).splitlines()
    except (OSError, TypeError):
        return []
    body = [squeezed(line) for line in lines if not line.lstrip().startswith(("@", "def", "class", '"""'))]
    # Shorter ones are shared by every answer: `return x`, `x = x0`.
    return [line for line in body if len(line) > 14 and ("=" in line or line.startswith("return"))]


@cache
def solution_lines(number):
    """Lines of the lab's own solution, where it is written."""
    chapter = int(number.split(".")[0])
    text = "".join(file.read_text(encoding="utf-8") for file in SOLUTIONS.glob(f"{chapter:02d}_*.md"))
    _, _, rest = text.partition(f"### Exercise {number} ")
    region = rest.partition("### BEGIN SOLUTION")[2].partition("### END SOLUTION")[0]
    return [line for line in map(squeezed, region.splitlines()) if len(line) > 14]


def fit_to_read(outcome):
    text = panel.to_text(outcome)
    assert 20 <= len(words(text)) <= 120, (len(words(text)), text)
    assert not re.search(r"\d\.\d{4}", text), text
    assert "Traceback" not in text
    if not outcome.passed:
        assert len(words(outcome.message)) >= 15
        for _, expected, came in outcome.rows:
            assert expected != came, text
    if not outcome.passed and outcome.name != "raises":  # that one quotes the student's own line
        for line in solution_lines(outcome.exercise.number):
            assert line.removeprefix("return") not in squeezed(text)
        for answer in (answer for answer in RIGHT if answer.number == outcome.exercise.number):
            for line in code_lines(answer.function):
                assert line.removeprefix("return") not in squeezed(text)


@pytest.mark.parametrize("answer", WRONG, ids=str)
def test_wrong_answer_gets_its_name(answer):
    outcome = registry[answer.number].examine(answer.function)
    assert (outcome.passed, outcome.name) == (False, answer.name), panel.to_text(outcome)
    fit_to_read(outcome)


@pytest.mark.parametrize("answer", RIGHT, ids=str)
def test_right_answer_in_another_form_passes(answer):
    outcome = registry[answer.number].examine(answer.function)
    assert outcome.passed, panel.to_text(outcome)
    fit_to_read(outcome)


@pytest.mark.parametrize("number", registry)
def test_enough_answers_are_recorded(number):
    """Known mistakes need not be typed a second time."""
    wrong = {answer.name for answer in WRONG if answer.number == number}
    assert wrong
    assert len(wrong | set(registry[number].mistakes)) >= 3
    assert sum(answer.number == number for answer in RIGHT) >= 3


MISTAKES = [(number, name) for number, exercise in registry.items() for name in exercise.mistakes]


@pytest.mark.parametrize(("number", "name"), MISTAKES)
def test_every_known_mistake_is_seen_as_itself(number, name):
    """At another seed than the recorded answers: no name hangs on what a check happens to draw."""
    outcome = registry[number].examine(registry[number].mistakes[name][0], 11)
    assert outcome.name == name, panel.to_text(outcome)
    fit_to_read(outcome)
