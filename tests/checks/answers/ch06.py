"""Chapter 06, guidance: answers as students write them."""

import math
import random

import numpy as np
import torch
import torch.nn.functional as F

from coursekit import Heun, solve, time_grid
from coursekit.evaluation import metrics

from . import right, wrong

# ---------------------------------------------------------------- 6.1 drop_labels(y, rate, null)


@wrong("6.1", "one coin for the whole batch")
def if_one_coin(y, rate, null):
    if torch.rand(1).item() < rate:
        return torch.full_like(y, null)
    return y.clone()


@wrong("6.1", "dropped with 1 - rate")
def keeps_where_below(y, rate, null):
    keep = torch.rand(len(y)) < rate
    return torch.where(keep, y, null)


@wrong("6.1", "null label equal to a real class")
def zero_for_none(y, rate, null):
    y = y.clone()
    y[torch.rand(len(y)) < rate] = 0
    return y


@wrong("6.1", "null label equal to a real class")
def last_class(y, rate, null):
    return torch.where(torch.rand(len(y)) < rate, null - 1, y)


@wrong("6.1", "null label not the one given")
def minus_one(y, rate, null):
    return torch.where(torch.rand(len(y)) < rate, -1, y)


@wrong("6.1", "null label not the one given")
def ten(y, rate, null):
    return torch.where(torch.rand(len(y)) < rate, 10, y)


@wrong("6.1", "null label equal to a real class")
def zeros_in_place(y, rate, null):
    y[torch.rand(len(y)) < rate] = 0
    return y


@wrong("6.1", "identity")
def not_assigned(y, rate, null):
    torch.where(torch.rand(len(y)) < rate, null, y)
    return y


@wrong("6.1", "randn for rand")
def normal_coin(y, rate, null):
    return torch.where(torch.randn(y.shape) < rate, null, y)


@wrong("6.1", "fixed number dropped")
def share_of_the_batch(y, rate, null):
    out = y.clone()
    out[torch.randperm(len(y))[: int(rate * len(y))]] = null
    return out


@wrong("6.1", "same labels each time")
def seeded_coins(y, rate, null):
    g = torch.Generator().manual_seed(0)
    return torch.where(torch.rand(len(y), generator=g) < rate, null, y)


@wrong("6.1", "same labels each time")
def first_ones(y, rate, null):
    out = y.clone()
    out[: int(rate * len(y))] = null
    return out


@wrong("6.1", "labels mixed up")
def any_label(y, rate, null):
    other = torch.randint(0, null + 1, y.shape)
    return torch.where(torch.rand(len(y)) < rate, other, y)


@wrong("6.1", "labels not whole numbers")
def by_multiplication(y, rate, null):
    mask = (torch.rand(len(y)) < rate).float()
    return (1 - mask) * y + mask * null


@wrong("6.1", "mask returned")
def only_the_mask(y, rate, null):
    return torch.rand(len(y)) < rate


@wrong("6.1", "wrong share dropped")
def half(y, rate, null):
    return torch.where(torch.rand(len(y)) < 0.5, null, y)


@wrong("6.1", "wrong share dropped")
def integer_coin(y, rate, null):
    return torch.where(torch.randint(0, 10, y.shape) < 10 * rate - 1, null, y)


@wrong("6.1", "wrong shape")
def rows_removed(y, rate, null):
    return y[torch.rand(len(y)) >= rate]


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


# ---------------------------------------------------------------- 6.2 guided_velocity(net, x, t, y, w, null)


@wrong("6.2", "1 + w")
def ho_and_salimans(net, x, t, y, w, null):
    return (1 + w) * net(x, t, y) - w * net(x, t, torch.full_like(y, null))


@wrong("6.2", "w and 1 - w swapped")
def weights_swapped(net, x, t, y, w, null):
    return w * net(x, t, torch.full_like(y, null)) + (1 - w) * net(x, t, y)


@wrong("6.2", "w and 1 - w swapped")
def lerp_from_the_label(net, x, t, y, w, null):
    return torch.lerp(net(x, t, y), net(x, t, torch.full_like(y, null)), w)


@wrong("6.2", "null label equal to a real class")
def zeros_for_null(net, x, t, y, w, null):
    return (1 - w) * net(x, t, torch.zeros_like(y)) + w * net(x, t, y)


@wrong("6.2", "weights that do not add up to one")
def plus_w(net, x, t, y, w, null):
    return net(x, t, torch.full_like(y, null)) + w * net(x, t, y)


@wrong("6.2", "difference alone")
def gap_only(net, x, t, y, w, null):
    return w * (net(x, t, y) - net(x, t, torch.full_like(y, null)))


@wrong("6.2", "difference turned round")
def gap_backwards(net, x, t, y, w, null):
    u0, u1 = net(x, t, torch.full_like(y, null)), net(x, t, y)
    return u0 + w * (u0 - u1)


@wrong("6.2", "guidance left out")
def told_only(net, x, t, y, w, null):
    return net(x, t, y)


@wrong("6.2", "label left out")
def untold_only(net, x, t, y, w, null):
    y = torch.full_like(y, null)
    return (1 - w) * net(x, t, y) + w * net(x, t, y)


@wrong("6.2", "labels mixed instead of fields")
def between_labels(net, x, t, y, w, null):
    label = (1 - w) * torch.full_like(y, null) + w * y
    return net(x, t, label.long())


@wrong("6.2", "different x for the two branches")
def fresh_noise(net, x, t, y, w, null):
    return (1 - w) * net(torch.randn_like(x), t, torch.full_like(y, null)) + w * net(x, t, y)


@wrong("6.2", "different x for the two branches")
def one_after_the_other(net, x, t, y, w, null):
    u0 = net(x, t, torch.full_like(y, null))
    return (1 - w) * u0 + w * net(x + 0.1 * u0, t, y)


@wrong("6.2", "wrong time")
def later(net, x, t, y, w, null):
    return (1 - w) * net(x, 1 - t, torch.full_like(y, null)) + w * net(x, t, y)


@wrong("6.2", "net misused")
def null_as_a_number(net, x, t, y, w, null):
    return (1 - w) * net(x, t, null) + w * net(x, t, y)


@wrong("6.2", "input edited")
def writes_null_into_y(net, x, t, y, w, null):
    u1 = net(x, t, y)
    y[:] = null
    return (1 - w) * net(x, t, y) + w * u1


@right("6.2")
def both_in_one_batch(net, x, t, y, w, null):
    both = net(torch.cat([x, x]), t, torch.cat([torch.full_like(y, null), y]))
    u0, u1 = both.chunk(2)
    return u0 + w * (u1 - u0)


@right("6.2")
def by_lerp(net, x, t, y, w, null):
    return torch.lerp(net(x, t, y * 0 + null), net(x, t, y), w)


@right("6.2")
def their_convention_translated(net, x, t, y, w, null):
    omega = w - 1
    return (1 + omega) * net(x, t, y) - omega * net(x, t, torch.full(y.shape, null))


@right("6.2")
def branch_without_weight_left_out(net, x, t, y, w, null):
    times = torch.full((len(x), 1, 1, 1), t)
    told = net(x, times, y)
    return told if w == 1 else (1 - w) * net(x, times, torch.full_like(y, null)) + w * told


def drop(y, rate, null):
    """The drop_labels that the notebook has by then."""
    return torch.where(torch.rand(len(y)) < rate, null, y)


# ---------------------------------------------------------------- 6.4 fourier_embedding(t, frequencies)


@wrong("6.4", "sines only")
def no_cosines(t, frequencies):
    return torch.sin(math.pi * t * frequencies)


@wrong("6.4", "sines twice")
def copied_line(t, frequencies):
    a = torch.pi * t * frequencies
    return torch.cat([a.sin(), a.sin()], dim=1)


@wrong("6.4", "cosines twice")
def copied_other_line(t, frequencies):
    a = torch.pi * t * frequencies
    return torch.cat([a.cos(), a.cos()], dim=1)


@wrong("6.4", "pi forgotten")
def no_pi(t, frequencies):
    a = t * frequencies
    return torch.cat([a.sin(), a.cos()], dim=1)


@wrong("6.4", "two pi for pi")
def whole_turns(t, frequencies):
    a = 2 * torch.pi * t * frequencies
    return torch.cat([a.sin(), a.cos()], dim=1)


@wrong("6.4", "frequency added")
def shifted(t, frequencies):
    a = torch.pi * (t + frequencies)
    return torch.cat([a.sin(), a.cos()], dim=1)


@wrong("6.4", "frequency divides")
def wavelengths(t, frequencies):
    a = torch.pi * t / frequencies
    return torch.cat([a.sin(), a.cos()], dim=1)


@wrong("6.4", "time as a whole number")
def integer_label(t, frequencies):
    a = torch.pi * t.long() * frequencies
    return torch.cat([a.sin(), a.cos()], dim=1)


@wrong("6.4", "one time for the whole batch")
def first_time(t, frequencies):
    a = (torch.pi * t[0] * frequencies).repeat(len(t), 1)
    return torch.cat([a.sin(), a.cos()], dim=1)


@wrong("6.4", "stacked below one another")
def joined_along_the_batch(t, frequencies):
    a = torch.pi * t * frequencies
    return torch.cat([a.sin(), a.cos()])


@wrong("6.4", "axes swapped")
def column_of_frequencies(t, frequencies):
    a = torch.pi * t.T * frequencies[:, None]
    return torch.cat([a.sin(), a.cos()], dim=1)


@wrong("6.4", "wrong waves")
def product(t, frequencies):
    a = torch.pi * t * frequencies
    return torch.cat([a.sin() * a.cos(), a.cos() ** 2], dim=1)


@wrong("6.4", "wrong shape")
def stacked_axis(t, frequencies):
    a = torch.pi * t * frequencies
    return torch.stack([a.sin(), a.cos()], dim=1)


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


# ---------------------------------------------------------------- 6.5 sample_digits(net, y, w, steps)


def guided(net, x, t, y, w):
    """The guided_velocity that the notebook has by then."""
    none = net(x, t, torch.full_like(y, net.null))
    return none + w * (net(x, t, y) - none)


@torch.no_grad()
def euler(net, x, y, w, steps):
    for k in range(steps):
        x = x + guided(net, x, k / steps, y, w) / steps
    return x


@wrong("6.5", "two finished trajectories mixed")
def images_mixed(net, y, w, steps):
    x = torch.randn(len(y), 1, 8, 8)
    return (1 - w) * euler(net, x, y, 0, steps) + w * euler(net, x, y, 1, steps)


@wrong("6.5", "1 + w")
def one_unit_more(net, y, w, steps):
    return euler(net, torch.randn(len(y), 1, 8, 8), y, 1 + w, steps)


@wrong("6.5", "guidance left out")
def conditional_only(net, y, w, steps):
    x = torch.randn(len(y), 1, 8, 8)
    for k in range(steps):
        x = x + net(x, k / steps, y) / steps
    return x


@wrong("6.5", "guidance left out")
def conditional_only_by_heun(net, y, w, steps):
    x = torch.randn(len(y), 1, 8, 8)
    return solve(lambda x, t: net(x, t, y), x, time_grid(steps), Heun())


@wrong("6.5", "label left out")
def unconditional_only(net, y, w, steps):
    return euler(net, torch.randn(len(y), 1, 8, 8), y, 0.0, steps)


@wrong("6.5", "null label equal to a real class")
def class_zero_for_none(net, y, w, steps):
    x = torch.randn(len(y), 1, 8, 8)
    for k in range(steps):
        none = net(x, k / steps, torch.zeros_like(y))
        x = x + (none + w * (net(x, k / steps, y) - none)) / steps
    return x


@wrong("6.5", "different x for the two branches")
def two_states(net, y, w, steps):
    x, h = torch.randn(len(y), 1, 8, 8), 1 / steps
    for k in range(steps):
        other = torch.randn_like(x)
        x = x + h * ((1 - w) * net(other, k * h, torch.full_like(y, net.null)) + w * net(x, k * h, y))
    return x


@wrong("6.5", "no h")
def whole_units(net, y, w, steps):
    x = torch.randn(len(y), 1, 8, 8)
    for k in range(steps):
        x = x + guided(net, x, k / steps, y, w)
    return x


@wrong("6.5", "one step too few")
def range_from_one(net, y, w, steps):
    x = torch.randn(len(y), 1, 8, 8)
    for k in range(steps - 1):
        x = x + guided(net, x, k / steps, y, w) / steps
    return x


@wrong("6.5", "time stands still")
def clock_never_moves(net, y, w, steps):
    x, t = torch.randn(len(y), 1, 8, 8), 0.0
    for _ in range(steps):
        x = x + guided(net, x, t, y, w) / steps
    return x


@wrong("6.5", "first step starts at h")
def one_ahead(net, y, w, steps):
    x = torch.randn(len(y), 1, 8, 8)
    for k in range(1, steps + 1):
        x = x + guided(net, x, k / steps, y, w) / steps
    return x


@wrong("6.5", "from data to noise")
def other_clock(net, y, w, steps):
    x = torch.randn(len(y), 1, 8, 8)
    for k in range(steps, 0, -1):
        x = x - guided(net, x, k / steps, y, w) / steps
    return x


@wrong("6.5", "rand for randn")
def uniform_start(net, y, w, steps):
    return euler(net, torch.rand(len(y), 1, 8, 8), y, w, steps)


@wrong("6.5", "no noise at the start")
def empty_start(net, y, w, steps):
    return euler(net, torch.zeros(len(y), 1, 8, 8), y, w, steps)


@wrong("6.5", "one noise for the whole batch")
def shared_start(net, y, w, steps):
    return euler(net, torch.randn(1, 8, 8).expand(len(y), 1, 8, 8), y, w, steps)


@wrong("6.5", "cut on the way")
def clamped_each_step(net, y, w, steps):
    x = torch.randn(len(y), 1, 8, 8)
    for k in range(steps):
        x = torch.clamp(x + guided(net, x, k / steps, y, w) / steps, -1, 1)
    return x


@wrong("6.5", "nothing random")
def seeded_start(net, y, w, steps):
    x = torch.randn(len(y), 1, 8, 8, generator=torch.Generator().manual_seed(1))
    return euler(net, x, y, w, steps)


@wrong("6.5", "net not asked")
def noise_returned(net, y, w, steps):
    return torch.randn(len(y), 1, 8, 8)


@wrong("6.5", "wrong shape")
def whole_walk(net, y, w, steps):
    x = [torch.randn(len(y), 1, 8, 8)]
    for k in range(steps):
        x.append(x[-1] + guided(net, x[-1], k / steps, y, w) / steps)
    return torch.stack(x)


@right("6.5")
def heun_by_the_library(net, y, w, steps):
    x = torch.randn(len(y), 1, 8, 8)
    return solve(lambda x, t: guided(net, x, t, y, w), x, time_grid(steps), Heun())


@right("6.5")
def finished_images_cut(net, y, w, steps):
    return euler(net, torch.randn((len(y), 1, 8, 8)), y, w, steps).clamp(-1, 1)


@right("6.5")
def both_branches_in_one_batch(net, y, w, steps):
    x, h = torch.empty(len(y), 1, 8, 8).normal_(), 1 / steps
    labels = torch.cat([torch.full_like(y, net.null), y])
    for t in torch.linspace(0, 1, steps + 1)[:-1]:
        u0, u1 = net(torch.cat([x, x]), t, labels).chunk(2)
        x = x + h * ((1 - w) * u0 + w * u1)
    return x


@right("6.5")
def heun_with_a_last_euler_step(net, y, w, steps):
    x, h = torch.from_numpy(np.random.default_rng().standard_normal((len(y), 1, 8, 8))), 1 / steps
    for k in range(steps):
        u = guided(net, x, k * h, y, w)
        if k < steps - 1:
            u = (u + guided(net, x + h * u, (k + 1) * h, y, w)) / 2
        x = x + h * u
    return x


# ---------------------------------------------------------------- 6.6 conditioned_block(x, c, knobs, conv)


@wrong("6.6", "added before it is broadcast over space")
def no_axes(x, c, knobs, conv):
    scale, shift = knobs(c).chunk(2, dim=-1)
    return x + conv(F.silu(x * (1 + scale) + shift))


@wrong("6.6", "broadcast over images")
def one_axis(x, c, knobs, conv):
    scale, shift = knobs(c).unsqueeze(-1).chunk(2, dim=1)
    return x + conv(F.silu(x * (1 + scale) + shift))


@wrong("6.6", "scale and shift swapped")
def order(x, c, knobs, conv):
    shift, scale = knobs(c)[..., None, None].chunk(2, dim=1)
    return x + conv(F.silu(x * (1 + scale) + shift))


@wrong("6.6", "one forgotten in the scale")
def no_one(x, c, knobs, conv):
    scale, shift = knobs(c)[..., None, None].chunk(2, dim=1)
    return x + conv(F.silu(x * scale + shift))


@wrong("6.6", "shift alone")
def added_only(x, c, knobs, conv):
    _, shift = knobs(c)[..., None, None].chunk(2, dim=1)
    return x + conv(F.silu(x + shift))


@wrong("6.6", "input not added")
def no_skip(x, c, knobs, conv):
    scale, shift = knobs(c)[..., None, None].chunk(2, dim=1)
    return conv(F.silu(x * (1 + scale) + shift))


@wrong("6.6", "modulated input added")
def overwritten(x, c, knobs, conv):
    scale, shift = knobs(c)[..., None, None].chunk(2, dim=1)
    x = x * (1 + scale) + shift
    return x + conv(F.silu(x))


@wrong("6.6", "modulated after the convolution")
def after_conv(x, c, knobs, conv):
    scale, shift = knobs(c)[..., None, None].chunk(2, dim=1)
    return x + conv(F.silu(x)) * (1 + scale) + shift


@wrong("6.6", "curve left out")
def linear(x, c, knobs, conv):
    scale, shift = knobs(c)[..., None, None].chunk(2, dim=1)
    return x + conv(x * (1 + scale) + shift)


@wrong("6.6", "condition not used")
def unconditional_block(x, c, knobs, conv):
    return x + conv(F.silu(x))


@wrong("6.6", "relu for silu")
def kink(x, c, knobs, conv):
    scale, shift = knobs(c)[..., None, None].chunk(2, dim=1)
    return x + conv(F.relu(x * (1 + scale) + shift))


@wrong("6.6", "input edited")
def block_in_place(x, c, knobs, conv):
    scale, shift = knobs(c)[..., None, None].chunk(2, dim=1)
    x *= 1 + scale
    return x + conv(F.silu(x + shift))


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


# --------------------------------------------------------------- 6.7 sweep(scales, make, judge, wanted, real)


def fd(judge, images, real):
    return metrics.frechet_distance(judge.features(images), real)


@wrong("6.7", "misses for hits")
def misses(scales, make, judge, wanted, real):
    rows = []
    for w in scales:
        images = make(w)
        rows.append([(judge.classify(images) != wanted).float().mean().item(), fd(judge, images, real)])
    return torch.tensor(rows)


@wrong("6.7", "hits not divided")
def counted(scales, make, judge, wanted, real):
    rows = []
    for w in scales:
        images = make(w)
        rows.append([(judge.classify(images) == wanted).sum().item(), fd(judge, images, real)])
    return torch.tensor(rows)


@wrong("6.7", "percent")
def hundred(scales, make, judge, wanted, real):
    rows = []
    for w in scales:
        images = make(w)
        rows.append([100 * metrics.accuracy(judge.classify(images), wanted), fd(judge, images, real)])
    return torch.tensor(rows)


@wrong("6.7", "columns swapped")
def distance_first(scales, make, judge, wanted, real):
    rows = []
    for w in scales:
        images = make(w)
        rows.append([fd(judge, images, real), metrics.accuracy(judge.classify(images), wanted)])
    return torch.tensor(rows)


@wrong("6.7", "same scale in every row")
def fixed_scale(scales, make, judge, wanted, real):
    rows = []
    for _ in scales:
        images = make(scales[0])
        rows.append([metrics.accuracy(judge.classify(images), wanted), fd(judge, images, real)])
    return torch.tensor(rows)


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


@wrong("6.7", "wrong shape")
def rows_for_columns(scales, make, judge, wanted, real):
    images = [make(w) for w in scales]
    shares = [metrics.accuracy(judge.classify(x), wanted) for x in images]
    return torch.tensor([shares, [fd(judge, x, real) for x in images]])


@wrong("6.7", "wrong distance")
def squared_again(scales, make, judge, wanted, real):
    rows = []
    for w in scales:
        images = make(w)
        rows.append([metrics.accuracy(judge.classify(images), wanted), fd(judge, images, real) ** 2])
    return torch.tensor(rows)


@right("6.7")
def nested_lists(scales, make, judge, wanted, real):
    images = [make(w) for w in scales]
    return [[metrics.accuracy(judge.classify(x), wanted), fd(judge, x, real)] for x in images]


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


# ---------------------------------------------------------------- 6.8 my_images(net, y, x)


def walk(net, y, x, scales, lengths=None):
    t, lengths = 0.0, lengths or [1 / len(scales)] * len(scales)
    for w, h in zip(scales, lengths, strict=True):
        u = net(x, t, y)
        if w != 1:
            none = net(x, t, torch.full_like(y, net.null))
            u = none + w * (u - none)
        x, t = x + h * u, t + h
    return x


@wrong("6.8", "no guidance")
def eight_plain_steps(net, y, x):
    return walk(net, y, x, [1] * 8)


@wrong("6.8", "label ignored")
def never_told(net, y, x):
    for k in range(8):
        x = x + net(x, k / 8, torch.full_like(y, net.null)) / 8
    return x


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
