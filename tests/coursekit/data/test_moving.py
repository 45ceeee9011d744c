"""Moving digits keep the laws of their motion to rounding, in numbers and in the ink."""

import pytest
import torch

from coursekit import data
from coursekit.base import ink_centre
from coursekit.data.moving import CANVAS, SIGNS


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.fixture(scope="module")
def clips():
    return data.moving_digits(2000, "test", frames=40, generator=generator())


def test_the_speed_is_constant(clips):
    """Kinetic energy: a reflection changes signs alone."""
    assert (clips.velocities.norm(dim=-1) - data.SPEED).abs().max() < 1e-6
    first = clips.velocities[:, :1].abs()
    torch.testing.assert_close(clips.velocities.abs(), first.expand_as(clips.velocities))


def test_a_component_turns_exactly_when_its_wall_is_hit(clips):
    """Between two frames: straight on if no wall lies between, else the mirror image of the way beyond."""
    low, high = data.WALLS
    ahead = clips.positions[:, :-1] + clips.velocities[:, :-1]
    mirrored = torch.where(ahead > high, 2 * high - ahead, torch.where(ahead < low, 2 * low - ahead, ahead))
    torch.testing.assert_close(clips.positions[:, 1:], mirrored, atol=2e-5, rtol=0)
    hit = (ahead > high + 1e-4) | (ahead < low - 1e-4)
    clear = (ahead < high - 1e-4) & (ahead > low + 1e-4)
    turned = clips.velocities[:, 1:] == -clips.velocities[:, :-1]
    assert turned[hit].all()
    assert not turned[clear].any()
    assert hit.float().mean() > 0.1


def test_it_begins_as_its_direction_says(clips):
    first = clips.velocities[:, 0].sign()
    wanted = SIGNS[clips.directions]
    start = clips.positions[:, 0]
    inside = ((start > data.WALLS[0]) & (start < data.WALLS[1])).all(1)
    assert torch.equal(first[inside], wanted[inside])
    assert clips.directions.bincount(minlength=4).min() > 400


def test_the_ink_is_where_the_position_says_and_none_is_lost(clips):
    ink = (clips.frames[:, :, 0] + 1) / 2
    torch.testing.assert_close(ink_centre(ink), clips.positions, atol=1e-4, rtol=0)
    mass = ink.sum((-1, -2))
    torch.testing.assert_close(mass, mass[:, :1].expand_as(mass), rtol=1e-4, atol=0)


def test_a_corner_and_a_start_on_the_wall():
    high = data.WALLS[1]
    start, velocity = torch.tensor([[high, high]]), torch.tensor([[1.0, -1.0]])
    positions, velocities = data.bounce(start, velocity, 3)
    assert positions[0, :, 0].tolist() == positions[0, :, 1].tolist() == [high, high - 1, high - 2]
    assert velocities.tolist() == [[[-1, -1]] * 3]


def test_both_parts_and_the_same_seed(clips):
    assert clips.frames.shape == (2000, 40, 1, CANVAS, CANVAS)
    assert clips.frames.min() >= -1
    assert clips.frames.max() <= 1 + 1e-5
    again = data.moving_digits(2000, "test", frames=40, generator=generator())
    assert torch.equal(again.frames, clips.frames)
    assert clips.conditions[:, 0].max() == 9
    assert clips.conditions[:, 1].min() == 10
    assert clips.conditions.max() == data.NULL_MOVE - 1


@pytest.mark.parametrize("wrong", [{"n": 0}, {"n": 1, "part": "both"}, {"n": 1, "frames": 0}])
def test_wrong_requests_are_refused(wrong):
    with pytest.raises(ValueError, match=r"give|at least"):
        data.moving_digits(**wrong)
