"""Chapter 06, guidance: answers as students write them."""

import math
import random

import numpy as np
import torch
import torch.nn.functional as F

from coursekit import Heun, solve, time_grid
from coursekit.evaluation import metrics

from . import right, wrong


def guided(net, x, t, y, w):
    """The guided_velocity that the notebook has by then."""
    none = net(x, t, torch.full_like(y, net.null))
    return none + w * (net(x, t, y) - none)


@torch.no_grad()
def euler(net, x, y, w, steps):
    for k in range(steps):
        x = x + guided(net, x, k / steps, y, w) / steps
    return x


def fd(judge, images, real):
    return metrics.frechet_distance(judge.features(images), real)


def walk(net, y, x, scales, lengths=None):
    t, lengths = 0.0, lengths or [1 / len(scales)] * len(scales)
    for w, h in zip(scales, lengths, strict=True):
        u = net(x, t, y)
        if w != 1:
            none = net(x, t, torch.full_like(y, net.null))
            u = none + w * (u - none)
        x, t = x + h * u, t + h
    return x


class Ex6_1:
    """drop_labels(y, rate, null)"""

    @wrong("6.1", "null label not the one given")
    def minus_one(y, rate, null):
        return torch.where(torch.rand(len(y)) < rate, -1, y)

    @wrong("6.1", "null label equal to a real class")
    def zeros_in_place(y, rate, null):
        y[torch.rand(len(y)) < rate] = 0
        return y

    @wrong("6.1", "labels mixed up")
    def any_label(y, rate, null):
        other = torch.randint(0, null + 1, y.shape)
        return torch.where(torch.rand(len(y)) < rate, other, y)

    @wrong("6.1", "labels not whole numbers")
    def by_multiplication(y, rate, null):
        mask = (torch.rand(len(y)) < rate).float()
        return (1 - mask) * y + mask * null

    @wrong("6.1", "wrong share dropped")
    def integer_coin(y, rate, null):
        return torch.where(torch.randint(0, 10, y.shape) < 10 * rate - 1, null, y)

    @right("6.1")
    def clone_then_mask(y, rate, null):
        y = y.clone()
        y[torch.rand(y.shape) < rate] = null
        return y

    @right("6.1")
    def labels_in_place(y, rate, null):
        y[torch.rand(len(y)) < rate] = null
        return y

    @right("6.1")
    def masked_fill(y, rate, null):
        return y.masked_fill(torch.bernoulli(torch.full(y.shape, float(rate))).bool(), null)

    @right("6.1")
    def one_label_at_a_time(y, rate, null):
        return torch.tensor([null if random.random() < rate else int(label) for label in y])

    @right("6.1")
    def numpy_coins(y, rate, null):
        keep = torch.from_numpy(np.random.default_rng().random(len(y)) >= rate)
        return y * keep + null * ~keep

    @wrong("6.1", "rate not used")
    def rate_of_the_lab(y, rate, null):
        return torch.where(torch.rand(len(y)) < 0.3, null, y)

    @wrong("6.1", "one coin for several labels")
    def coin_for_a_pair(y, rate, null):
        coin = torch.rand((len(y) + 1) // 2) < rate
        return torch.where(coin.repeat_interleave(2)[: len(y)], null, y)

    @wrong("6.1", "one coin for several labels")
    def coin_for_a_class(y, rate, null):
        return torch.where((torch.rand(null + 1) < rate)[y], null, y)

    @wrong("6.1", "one coin for several labels")
    def longer_table_of_coins(y, rate, null):
        coins = torch.rand(len(y)) < rate
        return torch.where(coins[y], null, y)

    @wrong("6.1", "one coin for several labels")
    def shorter_table_of_coins(y, rate, null):
        coins = torch.rand(null) < rate
        return torch.where(coins[y], null, y)

    @wrong("6.1", "one coin for several labels")
    def coins_dealt_at_random(y, rate, null):
        coins = torch.rand(null + 1) < rate
        return torch.where(coins[torch.randint(null + 1, y.shape)], null, y)

    @wrong("6.1", "one coin for several labels")
    def coins_in_turn(y, rate, null):
        coins = torch.rand(null + 1) < rate
        return torch.where(coins[torch.arange(len(y)) % (null + 1)], null, y)

    @right("6.1")
    def coins_for_each_row(y, rate, null):
        coins = torch.rand(len(y), null + 1) < rate
        return torch.where(coins[torch.arange(len(y)), y], null, y)

    @right("6.1")
    def coins_like_the_labels(y, rate, null):
        return torch.where(torch.rand_like(y, dtype=torch.float) < rate, null, y)


class Ex6_2:
    """guided_noise(net, x, t, y, omega, null)"""

    @wrong("6.2", "weights swapped")
    def lerp_from_the_label(net, x, t, y, omega, null):
        return x - t * torch.lerp(net(x, t, y), net(x, t, torch.full_like(y, null)), 1 + omega)

    @wrong("6.2", "different x for the two branches")
    def fresh_noise(net, x, t, y, omega, null):
        u0, u1 = net(torch.randn_like(x), t, torch.full_like(y, null)), net(x, t, y)
        return x - t * ((1 + omega) * u1 - omega * u0)

    @wrong("6.2", "sign of the second weight")
    def plus_for_minus(net, x, t, y, omega, null):
        return x - t * ((1 + omega) * net(x, t, y) + omega * net(x, t, torch.full_like(y, null)))

    @wrong("6.2", "not the noise of a guided velocity")
    def bracket_left_out(net, x, t, y, omega, null):
        return x - t * (1 + omega) * net(x, t, y) - omega * net(x, t, torch.full_like(y, null))

    @wrong("6.2", "omega taken for w")
    def noises_by_omega(net, x, t, y, omega, null):
        eps0, eps1 = x - t * net(x, t, torch.full_like(y, null)), x - t * net(x, t, y)
        return (1 - omega) * eps0 + omega * eps1

    @wrong("6.2", "wrong time")
    def later(net, x, t, y, omega, null):
        return x - t * ((1 + omega) * net(x, t, y) - omega * net(x, 1 - t, torch.full_like(y, null)))

    @wrong("6.2", "net misused")
    def null_as_a_number(net, x, t, y, omega, null):
        return x - t * ((1 + omega) * net(x, t, y) - omega * net(x, t, null))

    @wrong("6.2", "input edited")
    def writes_null_into_y(net, x, t, y, omega, null):
        u1 = net(x, t, y)
        y[:] = null
        return x - t * ((1 + omega) * u1 - omega * net(x, t, y))

    @wrong("6.2", "input edited")
    def writes_into_x(net, x, t, y, omega, null):
        u = (1 + omega) * net(x, t, y) - omega * net(x, t, torch.full_like(y, null))
        x -= t * u
        return x

    @right("6.2")
    def both_in_one_batch(net, x, t, y, omega, null):
        both = net(torch.cat([x, x]), t, torch.cat([torch.full_like(y, null), y]))
        u0, u1 = both.chunk(2)
        return x - t * (u1 + omega * (u1 - u0))

    @right("6.2")
    def noises_first(net, x, t, y, omega, null):
        def eps(labels):
            return x - t * net(x, t, labels)

        return (1 + omega) * eps(y) - omega * eps(torch.full_like(y, null))

    @right("6.2")
    def by_lerp(net, x, t, y, omega, null):
        return x - t * torch.lerp(net(x, t, y * 0 + null), net(x, t, y), 1 + omega)

    @right("6.2")
    def by_the_scale_of_the_course(net, x, t, y, omega, null):
        w = omega + 1
        return x - t * ((1 - w) * net(x, t, torch.full(y.shape, null)) + w * net(x, t, y))

    @wrong("6.2", "wrong at time 1")
    def by_way_of_the_image(net, x, t, y, omega, null):
        nothing = torch.full_like(y, null)
        image = (1 + omega) * (x + (1 - t) * net(x, t, y)) - omega * (x + (1 - t) * net(x, t, nothing))
        return (x - t * image) / (1 - t)

    @right("6.2")
    def image_less_velocity(net, x, t, y, omega, null):
        u0, u1 = net(x, t, torch.full_like(y, null)), net(x, t, y)
        u = u1 + omega * (u1 - u0)
        return (x + (1 - t) * u) - u

    @right("6.2")
    def branch_without_weight_left_out(net, x, t, y, omega, null):
        times = torch.full((len(x), *[1] * (x.dim() - 1)), t)
        u = net(x, times, y)
        if omega != 0:
            u = u + omega * (u - net(x, times, torch.full_like(y, null)))
        return x - times * u

    @wrong("6.2", "wrong at time 0")
    def image_over_a_guarded_time(net, x, t, y, omega, null):
        u = (1 + omega) * net(x, t, y) - omega * net(x, t, torch.full_like(y, null))
        return (x * t - t**2 * u) / max(t, 1e-3)

    @wrong("6.2", "omega not used")
    def always_one(net, x, t, y, omega, null):
        return x - t * (2 * net(x, t, y) - net(x, t, torch.full_like(y, null)))

    @wrong("6.2", "wrong scale")
    def never_away_from_the_label(net, x, t, y, omega, null):
        u0, u1 = net(x, t, torch.full_like(y, null)), net(x, t, y)
        return x - t * (u1 + max(omega, -1) * (u1 - u0))

    @wrong("6.2", "wrong labels")
    def null_counted_from_zero(net, x, t, y, omega, null):
        u0, u1 = net(x, t, torch.full_like(y, -1)), net(x, t, y)
        return x - t * (u1 + omega * (u1 - u0))

    @wrong("6.2", "not the noise of a guided velocity")
    def mean_gap(net, x, t, y, omega, null):
        u0, u1 = net(x, t, torch.full_like(y, null)), net(x, t, y)
        return x - t * (u1 + omega * (u1 - u0).mean(0))

    @wrong("6.2", "not the noise of a guided velocity")
    def score_instead(net, x, t, y, omega, null):
        u = (1 + omega) * net(x, t, y) - omega * net(x, t, torch.full_like(y, null))
        return -(x - t * u) / (1 - t)

    @wrong("6.2", "not the noise of a guided velocity")
    def state_forgotten_in_one_branch(net, x, t, y, omega, null):
        return (1 + omega) * (x - t * net(x, t, y)) + omega * t * net(x, t, torch.full_like(y, null))

    @right("6.2")
    def state_by_state(net, x, t, y, omega, null):
        def noise(a, k):
            return a - t * ((1 + omega) * net(a, t, k) - omega * net(a, t, torch.full_like(k, null)))

        return torch.cat([noise(x[i : i + 1], y[i : i + 1]) for i in range(len(x))])


def times(z):
    return torch.rand(len(z), 1, 1, 1)


class Ex6_4:
    """fourier_embedding(t, frequencies)"""

    @wrong("6.4", "axes swapped")
    def column_of_frequencies(t, frequencies):
        a = torch.pi * t.T * frequencies[:, None]
        return torch.cat([a.sin(), a.cos()], dim=1)

    @wrong("6.4", "wrong waves")
    def product(t, frequencies):
        a = torch.pi * t * frequencies
        return torch.cat([a.sin() * a.cos(), a.cos() ** 2], dim=1)

    @wrong("6.4", "turned against the clock")
    def anticlockwise(t, frequencies):
        a = math.pi / 2 + math.pi * t * frequencies
        return torch.cat([a.cos(), a.sin()], dim=1)

    @wrong("6.4", "started at the right")
    def clockwise_from_the_right(t, frequencies):
        a = -math.pi * t * frequencies
        return torch.cat([a.cos(), a.sin()], dim=1)

    @wrong("6.4", "two pi for pi")
    def whole_turns(t, frequencies):
        a = math.pi / 2 - 2 * math.pi * t * frequencies
        return torch.cat([a.cos(), a.sin()], dim=1)

    @wrong("6.4", "wrong waves")
    def degrees(t, frequencies):
        a = 180 * t * frequencies
        return torch.cat([a.sin(), a.cos()], dim=1)

    @right("6.4")
    def school_angles(t, frequencies):
        a = math.pi / 2 - math.pi * t * frequencies
        return torch.cat([a.cos(), a.sin()], dim=1)

    @right("6.4")
    def interleaved(t, frequencies):
        a = torch.pi * t * frequencies
        return torch.stack([a.sin(), a.cos()], dim=-1).flatten(1)

    @right("6.4")
    def cosines_first(t, frequencies):
        return torch.cat([(math.pi * frequencies * t).cos(), (math.pi * frequencies * t).sin()], -1)

    @right("6.4")
    def outer_product(t, frequencies):
        a = np.pi * torch.outer(t.flatten(), frequencies)
        return torch.hstack([torch.sin(a), torch.sin(a + np.pi / 2)])

    @right("6.4")
    def complex_waves(t, frequencies):
        waves = torch.exp(1j * torch.pi * t * frequencies)
        return torch.cat([waves.imag, waves.real], dim=1).float()

    @wrong("6.4", "frequencies not used")
    def own_frequencies(t, frequencies):
        a = torch.pi * t * torch.linspace(1, 16, len(frequencies))
        return torch.cat([a.sin(), a.cos()], dim=1)

    @right("6.4")
    def time_by_time(t, frequencies):
        rows = [math.pi * frequencies * s for s in t[:, 0]]
        return torch.stack([torch.cat([a.sin(), a.cos()]) for a in rows])


class Ex6_5:
    """sample_digits(net, y, w, steps)"""

    @wrong("6.5", "two finished trajectories mixed")
    def images_mixed(net, y, w, steps):
        x = torch.randn(len(y), *net.event)
        return (1 - w) * euler(net, x, y, 0, steps) + w * euler(net, x, y, 1, steps)

    @wrong("6.5", "guidance left out")
    def conditional_only_by_heun(net, y, w, steps):
        x = torch.randn(len(y), *net.event)
        return solve(lambda x, t: net(x, t, y), x, time_grid(steps), Heun())

    @wrong("6.5", "nothing random")
    def seeded_start(net, y, w, steps):
        x = torch.randn(len(y), *net.event, generator=torch.Generator().manual_seed(1))
        return euler(net, x, y, w, steps)

    @wrong("6.5", "net not asked")
    def noise_returned(net, y, w, steps):
        return torch.randn(len(y), *net.event)

    @right("6.5")
    def heun_by_the_library(net, y, w, steps):
        x = torch.randn(len(y), *net.event)
        return solve(lambda x, t: guided(net, x, t, y, w), x, time_grid(steps), Heun())

    @right("6.5")
    def finished_images_cut(net, y, w, steps):
        return euler(net, torch.randn((len(y), *net.event)), y, w, steps).clamp(-1, 1)

    @right("6.5")
    def both_branches_in_one_batch(net, y, w, steps):
        x, h = torch.empty(len(y), *net.event).normal_(), 1 / steps
        labels = torch.cat([torch.full_like(y, net.null), y])
        for t in torch.linspace(0, 1, steps + 1)[:-1]:
            u0, u1 = net(torch.cat([x, x]), t, labels).chunk(2)
            x = x + h * ((1 - w) * u0 + w * u1)
        return x

    @right("6.5")
    def heun_with_a_last_euler_step(net, y, w, steps):
        x, h = torch.from_numpy(np.random.default_rng().standard_normal((len(y), *net.event))), 1 / steps
        for k in range(steps):
            u = guided(net, x, k * h, y, w)
            if k < steps - 1:
                u = (u + guided(net, x + h * u, (k + 1) * h, y, w)) / 2
            x = x + h * u
        return x

    @wrong("6.5", "steps not used")
    def forty_steps(net, y, w, steps):
        return euler(net, torch.randn(len(y), *net.event), y, w, 40)

    @wrong("6.5", "last step begins at time 1")
    def both_ends(net, y, w, steps):
        x = torch.randn(len(y), *net.event)
        for t in torch.linspace(0, 1, steps):
            x = x + guided(net, x, float(t), y, w) / steps
        return x

    @wrong("6.5", "wrong noise")
    def equal_columns(net, y, w, steps):
        return euler(net, torch.randn(len(y), 1, 8, 1).expand(-1, 1, 8, 8), y, w, steps)

    @wrong("6.5", "chance on the way")
    def langevin_steps(net, y, w, steps):
        x, h = torch.randn(len(y), *net.event), 1 / steps
        for k in range(steps):
            x = x + h * guided(net, x, k * h, y, w) + 0.5 * h**0.5 * torch.randn_like(x)
        return x

    @wrong("6.5", "state not carried on")
    def every_step_from_the_noise(net, y, w, steps):
        x0 = torch.randn(len(y), *net.event)
        for k in range(steps):
            x = x0 + guided(net, x0, k / steps, y, w) / steps
        return x

    @wrong("6.5", "wrong way")
    def scale_never_negative(net, y, w, steps):
        return euler(net, torch.randn(len(y), *net.event), y, max(w, 0), steps)

    @right("6.5")
    def image_by_image(net, y, w, steps):
        return torch.cat([euler(net, torch.randn(1, *net.event), k[None], w, steps) for k in y])

    @right("6.5")
    def in_place_in_double_precision(net, y, w, steps):
        x = torch.from_numpy(np.random.default_rng().standard_normal((len(y), *net.event)))
        for k in range(steps):
            x += guided(net, x, torch.full((len(y), 1, 1, 1), k / steps), y, w).detach() / steps
        return x.float()

    @right("6.5")
    def towards_the_guess(net, y, w, steps):
        x = torch.randn(len(y), *net.event)
        for k in range(steps):
            t = k / steps
            guess = x + (1 - t) * guided(net, x, t, y, w)
            share = 1 / (steps - k)  # h / (1 - t), which is one in the last step
            x = (1 - share) * x + share * guess
        return x

    @wrong("6.5", "images of one size alone")
    def eight_by_eight(net, y, w, steps):
        return euler(net, torch.randn(len(y), 1, 8, 8), y, w, steps)


class Ex6_6:
    """conditioned_block(x, c, knobs, conv)"""

    @wrong("6.6", "added before it is broadcast over space")
    def no_axes(x, c, knobs, conv):
        scale, shift = knobs(c).chunk(2, dim=-1)
        return x + conv(F.silu(x * (1 + scale) + shift))

    @wrong("6.6", "modulated input added")
    def overwritten(x, c, knobs, conv):
        scale, shift = knobs(c)[..., None, None].chunk(2, dim=1)
        x = x * (1 + scale) + shift
        return x + conv(F.silu(x))

    @right("6.6")
    def by_view(x, c, knobs, conv):
        both = knobs(c).view(len(x), 2, x.shape[1], 1, 1)
        return conv(F.silu(x + x * both[:, 0] + both[:, 1])) + x

    @right("6.6")
    def by_slices(x, c, knobs, conv):
        k, n = knobs(c), x.shape[1]
        h = torch.addcmul(k[:, n:, None, None], x, 1 + k[:, :n, None, None])
        return x + conv(h * torch.sigmoid(h))

    @right("6.6")
    def channels_last(x, c, knobs, conv):
        scale, shift = (half[:, None, None] for half in knobs(c).chunk(2, dim=1))
        h = (x.permute(0, 2, 3, 1) * (1 + scale) + shift).permute(0, 3, 1, 2)
        return x + conv(F.silu(h))

    @wrong("6.6", "scale and shift in turn")
    def pairs_of_knobs(x, c, knobs, conv):
        k = knobs(c).view(len(x), x.shape[1], 2, 1, 1)
        return x + conv(F.silu(x * (1 + k[:, :, 0]) + k[:, :, 1]))

    @right("6.6")
    def image_by_image(x, c, knobs, conv):
        parts = [knobs(row)[:, None, None].chunk(2) for row in c]
        return torch.stack(
            [one + conv(F.silu(one * (1 + s) + b)) for one, (s, b) in zip(x, parts, strict=True)]
        )


class Ex6_7:
    """sweep(scales, make, judge, wanted, real)"""

    @wrong("6.7", "last scale alone")
    def list_made_inside(scales, make, judge, wanted, real):
        for w in scales:
            rows = []
            images = make(w)
            rows.append([metrics.accuracy(judge.classify(images), wanted), fd(judge, images, real)])
        return torch.tensor(rows)

    @wrong("6.7", "images made twice")
    def made_for_each_number(scales, make, judge, wanted, real):
        shares = [metrics.accuracy(judge.classify(make(w)), wanted) for w in scales]
        distances = [fd(judge, make(w), real) for w in scales]
        return torch.tensor([shares, distances]).T

    @right("6.7")
    def filled_in(scales, make, judge, wanted, real):
        table = torch.empty(len(scales), 2, dtype=torch.float64)
        for k, w in enumerate(scales):
            x = make(w)
            table[k, 0] = (judge.classify(x) == wanted).double().mean()
            table[k, 1] = metrics.frechet_distance(real, judge.features(x))
        return table

    @right("6.7")
    def stacked_columns(scales, make, judge, wanted, real):
        images = [make(w) for w in scales]
        shares = torch.tensor([(judge.classify(x) == wanted).float().mean() for x in images])
        return torch.stack([shares, torch.tensor([fd(judge, x, real) for x in images])], dim=1)

    @wrong("6.7", "wrong type")
    def nested_lists(scales, make, judge, wanted, real):
        images = [make(w) for w in scales]
        return [[metrics.accuracy(judge.classify(x), wanted), fd(judge, x, real)] for x in images]

    @wrong("6.7", "wrong distance")
    def ties_left_out(scales, make, judge, wanted, real):
        rows = []
        for w in scales:
            images = make(w)
            a = judge.features(images)
            gap = (a.mean(0) - real.mean(0)).square().sum() + (a.std(0) - real.std(0)).square().sum()
            rows.append([metrics.accuracy(judge.classify(images), wanted), float(gap)])
        return torch.tensor(rows)

    @right("6.7")
    def own_formula(scales, make, judge, wanted, real):
        def apart(a, b):
            ca, cb = torch.cov(a.double().T), torch.cov(b.double().T)
            root = torch.linalg.eigvals(ca @ cb).real.clamp(min=0).sqrt().sum()
            return (a.mean(0) - b.mean(0)).square().sum() + ca.trace() + cb.trace() - 2 * root

        hits = [
            ((judge.classify(x) == wanted).double().mean(), apart(judge.features(x), real))
            for x in map(make, scales)
        ]
        return torch.stack([torch.stack(pair) for pair in hits])


class Ex6_8:
    """my_images(net, y, x)"""

    @wrong("6.8", "too many evaluations")
    def eight_guided_steps(net, y, x):
        return walk(net, y, x, [1.5] * 8)

    @wrong("6.8", "too much guidance")
    def four_guided_steps(net, y, x):
        return walk(net, y, x, [1.5] * 4)

    @wrong("6.8", "too far away")
    def one_strong_early(net, y, x):
        return walk(net, y, x, [1, 3, 1, 1, 1, 1])

    @wrong("6.8", "too few hits")
    def seven_plain_steps(net, y, x):
        return walk(net, y, x, [1] * 7)

    @wrong("6.8", "identity")
    def noise_back(net, y, x):
        return x

    @right("6.8")
    def guided_once_late(net, y, x):
        return walk(net, y, x, [1, 1, 1, 1, 2, 1])

    @right("6.8")
    def guided_in_the_fourth(net, y, x):
        return walk(net, y, x, [1, 1, 1, 2, 1, 1])

    @right("6.8")
    def seven_steps(net, y, x):
        return walk(net, y, x, [1, 1, 1, 1, 1, 2, 1])

    @right("6.8")
    def guided_step_in_one_batch(net, y, x):
        for k, w in enumerate([1, 1, 1, 1, 2, 1]):
            labels = torch.cat([torch.full_like(y, net.null), y])
            u = net(x, k / 6, y) if w == 1 else torch.lerp(*net(torch.cat([x, x]), k / 6, labels).chunk(2), w)
            x = x + u / 6
        return x
