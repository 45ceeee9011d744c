"""Every accepted form of a time gives the same column; every other is refused."""

import pytest
import torch

from coursekit import as_time

STATES = [torch.zeros(3, 2), torch.zeros(3, 1, 8, 8), torch.zeros(3, 3), torch.zeros(1, 2)]


@pytest.mark.parametrize("x", STATES, ids=lambda x: str(tuple(x.shape)))
def test_one_time_for_all_forms(x):
    column = (len(x),) + (1,) * (x.dim() - 1)
    for t in (0.25, torch.tensor(0.25), torch.full((len(x),), 0.25), torch.full(column, 0.25)):
        shaped = as_time(t, x)
        assert shaped.shape == column
        assert (shaped == 0.25).all()


def test_one_time_for_each_state_stays_with_its_state():
    x = torch.ones(3, 3)  # batch = dim: plain broadcasting would give each axis a time
    t = torch.tensor([0.0, 0.5, 1.0])
    assert torch.equal(as_time(t, x) * x, torch.tensor([[0.0] * 3, [0.5] * 3, [1.0] * 3]))


def test_dtype_and_device_come_from_the_states():
    assert as_time(1, torch.zeros(2, 2, dtype=torch.float64)).dtype == torch.float64
    assert as_time(torch.tensor([0, 1]), torch.zeros(2, 2)).dtype == torch.float32


@pytest.mark.parametrize("shape", [(2,), (4,), (3, 2), (1, 3), (3, 1, 1)])
def test_other_shapes_are_refused_with_the_remedy(shape):
    with pytest.raises(ValueError, match=r"give a float, \(3,\) or \(3, 1\)"):
        as_time(torch.zeros(shape), torch.zeros(3, 2))


@pytest.mark.parametrize("t", [0.5, torch.tensor([0.5, 0.7])])
def test_whole_numbers_would_swallow_the_time_and_are_refused(t):
    with pytest.raises(ValueError, match=r"x\.float\(\)"):
        as_time(t, torch.zeros(2, 2, dtype=torch.int64))


def test_no_states_need_no_times():
    for t in (0.5, torch.zeros(0), torch.zeros(0, 1)):
        assert as_time(t, torch.zeros(0, 3)).shape == (0, 1)


def test_states_without_an_event_axis_are_refused():
    with pytest.raises(ValueError, match=r"x\[:, None\]"):
        as_time(0.5, torch.zeros(3))
