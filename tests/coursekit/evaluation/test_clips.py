"""Each metric of clips sees the fault that it is for, and not the others: clips spoilt in one way each."""

import pytest
import torch

from coursekit import data
from coursekit.data.placed import draw_of_class
from coursekit.evaluation.classifiers import window_classifier
from coursekit.evaluation.clips import (
    fit_motion,
    frechet_floor_of_clips,
    handwriting,
    score_clips,
    track,
)

N, FRAMES = 300, 8
JUDGE = window_classifier()


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.fixture(scope="module")
def real():
    return data.moving_digits(N, "test", generator=generator(1))


@pytest.fixture(scope="module")
def fresh():
    return data.moving_digits(N, "test", generator=generator(2))


@pytest.fixture(scope="module")
def score(real):
    return lambda frames, clips: score_clips(frames, clips.labels, clips.directions, real, JUDGE)


@pytest.fixture(scope="module")
def good(score, fresh):
    return score(fresh.frames, fresh)


def drawn_in(labels, positions, seed):
    """Held-out digits of these labels along tracks."""
    return data.draw_clips(draw_of_class(data.digits().test, labels, generator(seed)), positions)


def test_real_clips_score_as_real_ones_should(good, real):
    assert good.frame_agreement > 0.98
    assert good.same_digit > 0.95
    assert good.handwriting < 0.03
    assert good.residual < 0.05
    assert good.legal == 1
    assert good.direction > 0.95
    pool = data.moving_digits(3 * N, generator=generator(3)).frames
    floor = frechet_floor_of_clips(pool, real.frames, JUDGE, generator=generator(4)).mean()
    assert 0.5 < floor < 4
    assert good.frechet < 2 * floor


def test_the_track_of_real_clips_is_where_they_are(fresh):
    error = (track(fresh.frames) - fresh.positions).norm(dim=-1)
    assert error.median() < 0.05
    residual, velocity = fit_motion(fresh.positions)
    assert residual.max() < 0.002
    steady = (velocity - fresh.velocities[:, 0]).norm(dim=1)
    assert steady.median() < 0.01


def test_frames_in_another_order_are_seen_by_the_motion_alone(score, fresh, good):
    order = torch.randperm(FRAMES, generator=generator(5))
    bad = score(fresh.frames[:, order], fresh)
    assert bad.frame_agreement == good.frame_agreement
    assert bad.same_digit == good.same_digit
    assert bad.residual > 10 * good.residual
    assert bad.legal < 0.1
    assert bad.direction < 0.6
    assert bad.frechet > 3 * good.frechet


def test_a_digit_that_changes_half_way_is_seen_by_the_judge_alone(score, fresh, good):
    other = drawn_in((fresh.labels + 5) % 10, fresh.positions, seed=6)
    bad = score(torch.cat([fresh.frames[:, :4], other[:, 4:]], dim=1), fresh)
    assert bad.same_digit < 0.05
    assert 0.4 < bad.frame_agreement < 0.6
    assert bad.residual < 1.2 * good.residual
    assert bad.direction > 0.95


def test_another_hand_in_every_frame_is_seen_by_the_handwriting(score, fresh, good):
    clips = [drawn_in(fresh.labels, fresh.positions, seed=10 + frame) for frame in range(FRAMES)]
    bad = score(torch.stack([clip[:, frame] for frame, clip in enumerate(clips)], dim=1), fresh)
    assert bad.handwriting > 5 * good.handwriting
    assert bad.frame_agreement > 0.97
    assert bad.residual < 1.5 * good.residual


def test_frames_that_do_not_know_of_one_another_are_seen_by_the_motion(score, fresh, good):
    places = torch.stack(
        [data.moving_digits(N, frames=1, generator=generator(20 + k)).positions[:, 0] for k in range(FRAMES)],
        dim=1,
    )
    bad = score(drawn_in(fresh.labels, places, seed=7), fresh)
    assert bad.same_digit > 0.9
    assert bad.residual > 20 * good.residual
    assert bad.legal < 0.05
    assert bad.direction < 0.5


def test_a_digit_that_falls_or_passes_through_walls_does_not_move_as_it_should(score, fresh, good):
    times = torch.arange(FRAMES)[:, None]
    falling = fresh.positions + torch.tensor([0.08, 0.0]) * times**2
    low, high = data.WALLS
    through = low + (fresh.positions[:, :1] + fresh.velocities[:, :1] * times - low) % (high - low)
    for wrong in (falling, through):
        bad = score(drawn_in(fresh.labels, wrong, seed=8), fresh)
        assert bad.residual > 5 * good.residual
        assert bad.frame_agreement > 0.9


def test_the_wrong_digit_and_the_wrong_way_are_told(score, fresh):
    bad = score_clips(fresh.frames, (fresh.labels + 1) % 10, (fresh.directions + 1) % 4, fresh, JUDGE)
    assert bad.frame_agreement < 0.02
    assert bad.direction < 0.05
    assert bad.same_digit > 0.95


def test_few_frames_tell_no_motion():
    with pytest.raises(ValueError, match="from 4 on"):
        fit_motion(torch.zeros(2, 3, 2))


def test_pairs_are_read_on_their_sides_and_mirrored_ones_the_other_way_round():
    pictures = data.placed_digits(500, "all", "test", generator())
    left, right = JUDGE.read_pairs(pictures.images)
    assert ((left == pictures.left) & (right == pictures.right)).double().mean() > 0.97
    halves = pictures.images.split(8, dim=-1)
    left, right = JUDGE.read_pairs(torch.cat(halves[::-1], dim=-1))
    assert ((left == pictures.right) & (right == pictures.left)).double().mean() > 0.9


def test_blank_frames_are_read_without_a_fault():
    blank = torch.full((2, FRAMES, 1, 16, 16), -1.0)
    assert JUDGE.classify(blank).shape == (2, FRAMES)
    assert handwriting(blank).isfinite().all()
    assert JUDGE.classify(torch.full((2, FRAMES, 1, 16, 16), 9.0)).shape == (2, FRAMES)
