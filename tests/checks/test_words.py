"""Words of the generic faults: what a student reads is about their function, and nothing of ours shows."""

import pytest
import torch

from coursekit.checks.core import faults, panel
from coursekit.checks.core.engine import registry
from coursekit.checks.core.student_function import StudentFunction
from coursekit.checks.shared.fields import Scored
from coursekit.checks.shared.mistakes import TEXTS


def fault_of(answer, *args, parameters=(), **asked):
    with pytest.raises(faults.Fault) as caught:
        StudentFunction("9.9", parameters, answer)(*args, **asked)
    return caught.value


def parts_of(answer, x, **asked):
    with pytest.raises(faults.Fault) as caught:
        StudentFunction("9.9", ("x",), answer).parts(x, shape=(6, 2), names=("mean", "std"), **asked)
    return caught.value


@pytest.mark.parametrize(
    "answer",
    [
        lambda: torch.zeros(3, 2),
        lambda: torch.full((12, 2), torch.nan),
        lambda: torch.zeros(3) @ torch.zeros(2),
    ],
    ids=["shape", "nan", "error"],
)
def test_a_function_without_arguments_is_not_told_of_any(answer):
    message = registry["3.10"].examine(answer).message
    assert "with ." not in message
    assert "0 arguments" not in message


def test_wrong_parameters_where_there_are_none_or_one():
    assert "without any argument" in registry["3.10"].examine(lambda x: x).message
    assert "with the argument t" in registry["3.1"].examine(lambda: 0.0).message


def test_a_shape_is_written_without_its_type():
    x = torch.zeros(4, 4)
    message = fault_of(lambda x: x[0], x, parameters=("x",), shape=x.shape).message
    assert "torch.Size" not in message
    assert "(4, 4)" in message


@pytest.mark.parametrize(("rows", "words"), [(6, "one entry too many along the first"), (4, "too few")])
def test_a_shape_that_is_off_by_one_is_told_where(rows, words):
    assert words in fault_of(lambda: torch.zeros(rows, 6, 2), shape=(5, 6, 2)).message


def test_a_shape_with_other_axes_is_told_to_be_printed():
    for other in (torch.zeros(6, 5, 2), torch.zeros(5, 6), torch.zeros(5, 1, 2)):
        assert "Print the shape" in fault_of(lambda given=other: given, shape=(5, 6, 2)).message


def test_gradients_switched_on_for_the_callers_tensor_are_a_change():
    x = torch.zeros(3)
    fault = fault_of(lambda x: 2 * x.requires_grad_(), x, parameters=("x",), shape=(3,))
    assert fault.name == "gradient switched on"
    assert torch.equal(
        StudentFunction("9.9", ("x",), torch.exp)(x.requires_grad_(), shape=(3,)), torch.ones(3)
    )


def test_the_labs_own_bug_is_told_by_its_symptom():
    def as_in_the_lab(field, x, t, h):
        x += h * field(x, t)
        return x

    message = registry["1.2"].examine(as_in_the_lab).message
    assert "not what it was before, in most cases the start" in message
    assert "=" not in message


def test_evaluations_to_spare_are_told():
    def three(field, x, t, h, c=1.0):
        second = field(x + c * h * field(x, t), t + c * h)
        return x + h * ((1 - 0.5 / c) * field(x, t) + 0.5 / c * second)

    assert "3, where 2 are enough" in panel.to_text(registry["1.4"].examine(three))


def test_a_near_miss_is_told_from_nonsense():
    def few(field, x0, steps=14):
        for k in range(steps):
            slope = field(x0, k / steps)
            x0 = x0 + (slope + field(x0 + slope / steps, (k + 1) / steps)) / (2 * steps)
        return x0

    message = registry["1.10"].examine(few).message
    assert "with 28 evaluations" in message


def test_one_number_is_called_so():
    fault = fault_of(lambda: torch.zeros(3), shape=())
    assert "one number" in fault.message
    assert "()" not in fault.message
    assert fault.row[1] == "one number"
    assert "the number 2" in fault_of(lambda: torch.tensor(2.0), shape=(3,)).message


def test_the_advice_for_a_list_fits_what_is_in_it():
    assert "torch.tensor" in fault_of(lambda: [0.5, 1], shape=(2,)).message
    assert "torch.stack" in fault_of(lambda: [torch.zeros(2)], shape=(1, 2)).message


def test_one_of_several_things_is_named():
    x = torch.zeros(6, 2)
    fault = parts_of(lambda x: (x, torch.zeros(6)), x, broadcast=("std",))
    assert fault.name == "wrong shape"
    assert "`std`" in fault.message
    assert "stretches" in fault.message
    assert "`mean`" in parts_of(lambda x: (x * torch.nan, x), x).message


def test_rows_are_asked_of_the_parts_that_may_not_stretch():
    x = torch.zeros(6, 2)
    fault = parts_of(lambda x: (x.mean(dim=0), x), x, broadcast=("std",))
    assert (fault.name, "`mean`" in fault.message) == ("wrong shape", True)
    read = StudentFunction("9.9", ("x",), lambda x: (0.0, torch.ones(6, 1))).parts(
        x, shape=(6, 2), names=("mean", "std"), broadcast=("std",)
    )
    assert read.shape == (2, 6, 2)


def test_equal_answers_to_equal_questions_are_not_called_constant():
    x = torch.arange(3.0)
    student = StudentFunction("9.9", ("x",), lambda x: 2 * x + 1)
    for _ in range(2):
        student(x, shape=(3,))
    assert student.degenerate_fault() is None


def test_one_number_for_each_question_is_not_called_constant():
    student = StudentFunction("9.9", ("x",), lambda x: torch.full_like(x, float(len(x))))
    for n in (2, 3):
        student(torch.arange(float(n)), shape=(n,))
    assert student.degenerate_fault() is None


@pytest.mark.parametrize("wrong", [lambda s, x: s(x, 0.5), lambda s, x: s(0.5), lambda s, x: s(x, t=1.0)])
def test_a_score_says_what_it_takes(wrong):
    score = Scored(lambda x: -x, 2)
    with pytest.raises(faults.Fault, match="only the states"):
        wrong(score, torch.zeros(3, 2))
    assert torch.equal(score(torch.ones(3, 2)), -torch.ones(3, 2))


def test_a_misused_scheduler_is_called_scheduler():
    message = registry["3.2"].examine(lambda z, t, scheduler: scheduler(z, t)[0]).message
    assert "scheduler()" in message
    assert "bent" not in message


def test_a_known_mistake_is_named_although_an_error_follows():
    def answer(drift, diffusion, x, t, h):
        return x + h * drift(x, t) + float(diffusion(x, t)) * torch.randn_like(x)

    assert registry["2.2"].examine(answer).name == "noise without h"


def test_every_text_of_the_catalogue_is_told_by_an_exercise():
    told = {
        name
        for exercise in registry.values()
        for name, (_, words) in exercise.mistakes.items()
        if TEXTS.get(name) == words
    }
    assert set(TEXTS) == told
