"""The flow-matching loss against its closed forms."""

import pytest
import torch

from coursekit import VP, GaussianPath, convert
from coursekit.training import noise_loss, prediction_loss, score_loss, velocity_loss

N, DIM = 40_000, 3


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def test_loss_of_the_zero_field_is_the_mean_square_of_the_target():
    """The target of the straight line is z - eps: with z = m its mean square is m^2 + 1."""
    z = torch.full((N, DIM), 2.0)
    value = velocity_loss(GaussianPath())(lambda x, t: torch.zeros_like(x), z, generator=seeded())
    # var (2 - e)^2 = var(e^2 - 4 e) = 2 + 16
    assert value.item() == pytest.approx(5.0, abs=5 * (18 / (N * DIM)) ** 0.5)


def test_loss_of_the_true_field_is_zero_for_a_single_point():
    """All data in one point m: the field is (m - x) / (1 - t), known for every state."""
    z = torch.full((N, DIM), 2.0, dtype=torch.float64)
    value = velocity_loss(GaussianPath())(lambda x, t: (2 - x) / (1 - t), z, generator=seeded())
    assert value.item() < 1e-15


def test_loss_of_the_best_field_is_the_known_floor():
    """Data N(0, 1): E[z - eps | x] = (2t - 1) x / (t^2 + (1-t)^2), and what is left over is pi / 2 - 1...

    The variance of z - eps given x is 2 - (2t-1)^2 / s with s = t^2 + (1-t)^2, which is 1 / s; its integral
    over [0, 1] is pi / 2.
    """
    z = torch.randn(N, DIM, generator=seeded(1))

    def field(x, t):
        return (2 * t - 1) * x / (t**2 + (1 - t) ** 2)

    value = velocity_loss(GaussianPath())(field, z, generator=seeded())
    # Given t a squared residual has variance 2 / s^2, and 1 / s itself varies by less than 1: at most 9.
    assert value.item() == pytest.approx(torch.pi / 2, abs=5 * (9 / N / DIM) ** 0.5)


@pytest.mark.parametrize("event", [(3,), (1, 4, 4)])
def test_each_sample_has_its_own_time_and_noise(event):
    seen = {}

    def net(x, t):
        seen["x"], seen["t"] = x, t
        return torch.zeros_like(x)

    velocity_loss(GaussianPath())(net, torch.zeros(1000, *event), generator=seeded())
    assert seen["t"].shape == (1000,) + (1,) * len(event)
    assert seen["t"].unique().numel() > 990
    assert seen["t"].min() >= 0
    assert seen["t"].max() <= 1
    noise = (seen["x"] / (1 - seen["t"])).flatten(1)
    assert noise.std(0).min() > 0.8  # not shared along the batch
    assert noise.std(1).median() > 0.5  # nor along the axes


def test_labels_reach_the_network():
    y = torch.tensor([3, 1, 2])

    def net(x, t, labels):
        assert torch.equal(labels, y)
        return torch.zeros_like(x)

    assert velocity_loss(GaussianPath())(net, torch.zeros(3, 2), y).item() > 0


def test_same_generator_same_loss():
    loss, z = velocity_loss(GaussianPath()), torch.randn(8, 2)
    values = [loss(lambda x, t: x, z, generator=seeded(s)).item() for s in (1, 1, 2)]
    assert values[0] == values[1] != values[2]


def test_pixels_as_whole_numbers_are_refused():
    with pytest.raises(ValueError, match=r"x\.float\(\)"):
        velocity_loss(GaussianPath())(lambda x, t: x, torch.zeros(8, 64, dtype=torch.uint8))


def test_an_answer_of_another_shape_is_refused():
    with pytest.raises(ValueError, match="shaped like the state"):
        velocity_loss(GaussianPath())(lambda x, t: x.sum(1, keepdim=True), torch.randn(8, 2))


@pytest.mark.parametrize("weighted", [False, True])
def test_score_loss_of_the_true_score_reaches_its_floor(weighted):
    """Data N(0, 1), s = t^2 + (1-t)^2: the score is -x / s, and var(eps / beta | x) = 1/beta^2 - 1/s."""
    last, n = 0.9, 400_000
    z = torch.randn(n, 1, generator=seeded(1))
    value = score_loss(GaussianPath(), last, weighted=weighted)(
        lambda x, t: -x / (t**2 + (1 - t) ** 2), z, generator=seeded()
    )
    t = torch.linspace(0, last, 100_001, dtype=torch.float64)
    floor = 1 / (1 - t) ** 2 - 1 / (t**2 + (1 - t) ** 2)
    floor = floor * (1 - t) ** 2 if weighted else floor
    # Given t the residual is Gaussian: its square has mean f and second moment 3 f^2.
    error = ((3 * floor**2).mean() - floor.mean() ** 2).sqrt() / n**0.5
    assert value.item() == pytest.approx(float(floor.mean()), abs=5 * float(error))


def test_noise_loss_is_the_weighted_score_loss():
    z, path = torch.randn(64, 2), GaussianPath()
    noise = noise_loss(path)(lambda x, t: x * t, z, generator=seeded())
    score = score_loss(path, 1.0, weighted=True)(lambda x, t: -x * t / (1 - t), z, generator=seeded())
    torch.testing.assert_close(noise, score)


def test_loss_beyond_the_floor_is_the_distance_to_the_exact_field():
    """A field that is off by c everywhere pays c^2 more than the exact one, whatever the floor."""
    z, path = torch.randn(200_000, 1, generator=seeded(1)), GaussianPath()

    def exact(x, t):
        return (2 * t - 1) * x / (t**2 + (1 - t) ** 2)

    loss = velocity_loss(path)
    true, shifted = (loss(lambda x, t, c=c: exact(x, t) + c, z, generator=seeded()) for c in (0.0, 0.5))
    # The cross term is 2 c times the mean residual, whose variance is pi / 2.
    assert (shifted - true).item() == pytest.approx(0.25, abs=5 * (1.6 / 200_000) ** 0.5)


def test_pairing_rearranges_the_noise_and_keeps_the_labels_with_their_data():
    seen = {}

    def net(x, t, y):
        seen.update(x=x, t=t, y=y)
        return torch.zeros_like(x)

    def backwards(z, eps):
        seen["eps"] = eps.flip(0)
        return seen["eps"]

    z, y = torch.randn(5, 2), torch.arange(5)
    velocity_loss(GaussianPath(), backwards)(net, z, y, generator=seeded())
    assert torch.equal(seen["y"], y)
    torch.testing.assert_close(seen["x"], seen["t"] * z + (1 - seen["t"]) * seen["eps"])


def test_times_that_reach_too_far_are_refused():
    with pytest.raises(ValueError, match="at most 1"):
        score_loss(GaussianPath(), 1.5)


PREDICTIONS = ("data", "noise", "velocity")
NINE = [(predict, space) for predict in PREDICTIONS for space in PREDICTIONS]


@pytest.mark.parametrize("path", [GaussianPath(), GaussianPath(VP())], ids=["straight", "VP"])
@pytest.mark.parametrize(("predict", "space"), NINE)
def test_an_error_is_weighed_as_the_conversions_weigh_it(predict, space, path):
    """The residual is the difference between the converted prediction and the converted truth."""
    z, eps, answer = torch.randn(3, 50, 2, generator=seeded(), dtype=torch.float64)
    t = 0.05 + 0.9 * torch.rand(50, 1, generator=seeded(1), dtype=torch.float64)
    x = path.sample(z, eps, t)
    truth = convert(z, x, t, path, given="data", wanted=space)
    wrong = convert(answer, x, t, path, given=predict, wanted=space)
    residual = prediction_loss(path, predict, space).residual(answer, z, eps, t)
    torch.testing.assert_close(residual, wrong - truth, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize(("predict", "space"), NINE)
def test_no_weight_is_larger_than_that_of_the_clipped_time(predict, space):
    """Unclipped, 1 / (1 - t) and 1 / t are infinite at an end; what is right costs nothing at any time."""
    z, eps, answer = torch.randn(3, 2, 3, generator=seeded())
    ends = torch.tensor([[0.0], [1.0]])
    target, steep, near = {"data": (z, 1, 0.8), "noise": (eps, 0, 0.2), "velocity": (z - eps, 0, 0.0)}[
        predict
    ]
    loss = prediction_loss(GaussianPath(), predict, space, clip=0.2)
    assert loss.residual(target, z, eps, ends).abs().max() == 0
    at_end, inside = (loss.residual(answer, z, eps, t)[steep] for t in (ends, torch.full((2, 1), near)))
    torch.testing.assert_close(at_end, inside)
    unclipped = prediction_loss(GaussianPath(), predict, space, clip=0)
    assert unclipped.residual(answer, z, eps, ends).isfinite().all()


@pytest.mark.parametrize("clip", [0.2, 0.05])
@pytest.mark.parametrize(
    ("predict", "square"),
    [("data", lambda c: 2 / c - 1), ("noise", lambda c: 2 / c - 1), ("velocity", lambda c: 1.0)],
)
def test_the_velocity_loss_of_a_constant_error_is_the_mean_square_of_its_weight(predict, square, clip):
    """All data in 0: the answer 0 is right about them; an error of 1 costs E max(1 - t, c)^-2 = 2/c - 1."""
    n = 400_000
    z, path = torch.zeros(n, 1), GaussianPath()

    def off_by_one(x, t):
        right = {"data": torch.zeros_like(x), "noise": x / (1 - t), "velocity": -x / (1 - t)}
        return right[predict] + 1

    value = prediction_loss(path, predict, "velocity", clip)(off_by_one, z, generator=seeded()).item()
    fourth = (4 / clip**3 - 1) / 3  # mean of the fourth power of the weight
    spread = 0 if predict == "velocity" else (fourth - square(clip) ** 2) ** 0.5
    assert value == pytest.approx(square(clip), abs=5 * spread / n**0.5 + 1e-3)


def test_the_two_with_a_name_are_those_in_their_own_space():
    z, path = torch.randn(64, 2), GaussianPath()
    for predict, loss in (("noise", noise_loss), ("velocity", velocity_loss)):
        values = [
            one(lambda x, t: x * t, z, generator=seeded())
            for one in (loss(path), prediction_loss(path, predict, predict))
        ]
        assert torch.equal(*values)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"predict": "score"}, "score_loss"),
        ({"space": "image"}, "an error is one of"),
        ({"clip": 0.5}, "below 1/2"),
        ({"clip": -0.1}, "at least 0"),
    ],
)
def test_unknown_predictions_and_clips_are_refused(wrong, said):
    with pytest.raises(ValueError, match=said):
        prediction_loss(GaussianPath(), **wrong)
