"""Answers to the losses of exercises 4.4, 4.6, 5.4, 5.5, 5.6, 6.3 and 7.2."""

import numpy as np
import torch
import torch.nn.functional as F

from . import right, wrong


def drawn(z, scheduler, last=1.0):
    t, eps = last * torch.rand(len(z), 1), torch.randn_like(z)
    alpha, beta, _, _ = scheduler(t)
    return t, eps, alpha, beta, alpha * z + beta * eps


def asked_at(net, z, scheduler, t):
    eps = torch.randn_like(z)
    alpha, beta, _, _ = scheduler(t)
    return ((net(alpha * z + beta * eps, t) + eps / beta) ** 2).mean()


def drop(y, rate, null):
    """The drop_labels that the notebook has by then."""
    return torch.where(torch.rand(len(y)) < rate, null, y)


def times(z):
    return torch.rand(len(z), 1, 1, 1)


def mse(a, b):
    return ((a - b) ** 2).mean()


def noised(z, bar):
    k, eps = torch.randint(1, len(bar), (len(z),)), torch.randn_like(z)
    a = bar[k][:, None]
    return k, eps, a, a.sqrt() * z + (1 - a).sqrt() * eps


def spread(t, z):
    """Times (rows,) as a column for each axis of z."""
    return t.reshape(-1, *[1] * (z.dim() - 1))


def path(z, scheduler, t=None, eps=None):
    """Times, state and velocity, right for points and images."""
    t = spread(torch.rand(len(z)), z) if t is None else t
    eps = torch.randn_like(z) if eps is None else eps
    a, b, da, db = scheduler(t)
    return t, a * z + b * eps, da * z + db * eps


class Ex4_4:
    """flow_matching_loss(net, z, scheduler)."""

    @wrong("4.4", "time along the wrong axis")
    def points_only(net, z, scheduler):
        t, x, u = path(z, scheduler, torch.rand(len(z), 1))
        return mse(net(x, t), u)

    @wrong("4.4", "time along the wrong axis")
    def a_column_of_times_met_too_early(net, z, scheduler):
        _, x, u = path(z, scheduler, t := torch.rand(len(z), 1))
        return mse(net(x, t if z.dim() == 2 else t[..., None, None]), u)

    @wrong("4.4", "wrong target")
    def state_in_place_of_noise(net, z, scheduler):
        t, x, _ = path(z, scheduler)
        _, _, da, db = scheduler(t)
        return mse(net(x, t), da * z + db * x)

    @wrong("4.4", "another batch")
    def images_only(net, z, scheduler):
        t = torch.rand(len(z), 1, 1, 1)
        t, x, u = path(z, scheduler, t if z.dim() == 4 else t[:, :, 0, 0])
        return mse(net(x, t).squeeze(), u)

    @wrong("4.4", "target of the straight line")
    def from_the_lecture(net, z, scheduler):
        t, eps = spread(torch.rand(len(z)), z), torch.randn_like(z)
        a, b, _, _ = scheduler(t)
        return mse(net(a * z + b * eps, t), z - eps)

    @wrong("4.4", "straight line assumed")
    def the_lecture_itself(net, z, scheduler):
        t, eps = spread(torch.rand(len(z)), z), torch.randn_like(z)
        return mse(net(t * z + (1 - t) * eps, t), z - eps)

    @wrong("4.4", "wrong target")
    def line_in_terms_of_the_place(net, z, scheduler):
        t, x, _ = path(z, scheduler)
        return mse(net(x, t), (z - x) / (1 - t))

    @wrong("4.4", "times on a grid")
    def a_thousand_times(net, z, scheduler):
        t, x, u = path(z, scheduler, spread(torch.randint(0, 1000, (len(z),)) / 1000, z))
        return F.mse_loss(net(x, t), u)

    @wrong("4.4", "times outside")
    def told_in_thousandths(net, z, scheduler):
        t, x, u = path(z, scheduler)
        return F.mse_loss(net(x, 1000 * t), u)

    @wrong("4.4", "another batch")
    def squeezed(net, z, scheduler):
        t, x, u = path(z, scheduler)
        answer = net(x, t)
        return ((answer.squeeze(-1) - u) ** 2).mean() if z.dim() == 2 else mse(answer, u)

    @wrong("4.4", "wrong cost")
    def huber(net, z, scheduler):
        t, x, u = path(z, scheduler)
        return F.smooth_l1_loss(net(x, t), u)

    @wrong("4.4", "weighted")
    def late_times_count_less(net, z, scheduler):
        t, x, u = path(z, scheduler)
        return ((1 - t) * (net(x, t) - u) ** 2).mean()

    @wrong("4.4", "states in double precision")
    def double_draws(net, z, scheduler):
        t, x, u = path(z, scheduler, spread(torch.rand(len(z), dtype=torch.float64), z))
        return F.mse_loss(net(x, t), u)

    @wrong("4.4", "one time for the whole batch")
    def a_single_time(net, z, scheduler):
        t, x, u = path(z, scheduler, torch.rand(1))
        return mse(net(x, t), u)

    @wrong("4.4", "one time for each coordinate")
    def a_time_like_z(net, z, scheduler):
        t, x, u = path(z, scheduler, torch.rand_like(z))
        return ((net(x, t) - u) ** 2).mean()

    @wrong("4.4", "rand for randn")
    def uniform_noise(net, z, scheduler):
        t, x, u = path(z, scheduler, eps=torch.rand_like(z))
        return mse(net(x, t), u)

    @wrong("4.4", "one noise for the whole batch")
    def row_of_noise(net, z, scheduler):
        t, x, u = path(z, scheduler, eps=torch.randn(z.shape[1:]).expand_as(z))
        return mse(net(x, t), u)

    @wrong("4.4", "square after the mean over the batch")
    def norm_of_the_mean(net, z, scheduler):
        t, x, u = path(z, scheduler)
        return (net(x, t) - u).mean(0).square().sum()

    @wrong("4.4", "not squared")
    def absolute(net, z, scheduler):
        t, x, u = path(z, scheduler)
        return F.l1_loss(net(x, t), u)

    @wrong("4.4", "no gradient")
    def a_plain_number(net, z, scheduler):
        t, x, u = path(z, scheduler)
        return mse(net(x, t), u).item()

    @wrong("4.4", "the same draw each time")
    def always_the_same(net, z, scheduler):
        g = torch.Generator().manual_seed(0)
        t, x, u = path(
            z, scheduler, spread(torch.rand(len(z), generator=g), z), torch.randn(z.shape, generator=g)
        )
        return mse(net(x, t), u)

    @wrong("4.4", "wrong shape")
    def one_for_each_state(net, z, scheduler):
        t, x, u = path(z, scheduler)
        return (net(x, t) - u).square().flatten(1).mean(dim=1)

    @wrong("4.4", "net misused")
    def time_first(net, z, scheduler):
        t, x, u = path(z, scheduler)
        return mse(net(t, x), u)

    @wrong("4.4", "net misused")
    def scheduler_handed_on(net, z, scheduler):
        t, x, u = path(z, scheduler)
        return mse(net(x, t, scheduler), u)

    @wrong("4.4", "eps minus z")
    def downhill(net, z, scheduler):
        t, x, u = path(z, scheduler)
        return mse(net(x, t), -u)

    @wrong("4.4", "z into the network")
    def sees_the_data(net, z, scheduler):
        t, _, u = path(z, scheduler)
        return mse(net(z, t), u)

    @wrong("4.4", "t = 0 is data")
    def weights_the_other_way_round(net, z, scheduler):
        t, eps = spread(torch.rand(len(z)), z), torch.randn_like(z)
        b, a, db, da = scheduler(t)
        return mse(net(a * z + b * eps, t), da * z + db * eps)

    @wrong("4.4", "slopes swapped")
    def dots_the_other_way_round(net, z, scheduler):
        t, eps = spread(torch.rand(len(z)), z), torch.randn_like(z)
        a, b, db, da = scheduler(t)
        return mse(net(a * z + b * eps, t), da * z + db * eps)

    @wrong("4.4", "nearly the target")
    def clamped_denominator(net, z, scheduler):
        t, x, _ = path(z, scheduler)
        a, b, da, db = scheduler(t)
        return mse(net(x, t), da * z + db * (x - a * z) / b.clamp(min=0.1))

    @wrong("4.4", "other rows")
    def two_draws_for_each(net, z, scheduler):
        t, x, u = path(torch.cat([z, z]), scheduler)
        return mse(net(x, t), u)

    @wrong("4.4", "times shared")
    def ends_of_time_only(net, z, scheduler):
        t, x, u = path(z, scheduler, spread(torch.randint(0, 2, (len(z),)).to(z), z))
        return mse(net(x, t), u)

    @wrong("4.4", "wrong noise")
    def a_tenth_of_the_noise(net, z, scheduler):
        t, x, u = path(z, scheduler, eps=0.1 * torch.randn_like(z))
        return mse(net(x, t), u)

    @wrong("4.4", "backward called")
    def goes_backward(net, z, scheduler):
        t, x, u = path(z, scheduler)
        value = mse(net(x, t), u)
        value.backward()
        return value

    @wrong("4.4", "two draws of noise")
    def drawn_twice(net, z, scheduler):
        t, x, _ = path(z, scheduler)
        return mse(net(x, t), path(z, scheduler, t)[2])

    @right("4.4")
    def row_by_row(net, z, scheduler):
        total = 0.0
        for row in z:
            t, x, u = path(row[None], scheduler)
            total = total + (net(x, t) - u).square().mean()
        return total / len(z)

    @right("4.4")
    def asked_twice(net, z, scheduler):
        t, x, u = path(z, scheduler)
        return ((net(x, t) - u) * (net(x, t) - u)).mean()

    @right("4.4")
    def opposite_noises_and_shifted_times(net, z, scheduler):
        n = len(z)
        half = torch.randn((n + 1) // 2, *z.shape[1:])
        t = spread((torch.arange(n) / n + torch.rand(())) % 1, z)
        t, x, u = path(z, scheduler, t, torch.cat([half, -half])[:n])
        v = net(x, t)
        v -= u
        return torch.einsum("bd,bd->", v.flatten(1), v.flatten(1)) / v.numel()

    @right("4.4")
    def by_an_operation_without_second_derivatives(net, z, scheduler):
        t, x, u = path(z, scheduler)
        return torch.cdist(net(x, t).flatten(1)[:, None], u.flatten(1)[:, None]).square().mean()

    @right("4.4")
    def with_mse(net, z, scheduler):
        t, x, u = path(z, scheduler, torch.rand(len(z), *(1,) * (z.ndim - 1)))
        return F.mse_loss(net(x, t), u)

    @right("4.4")
    def flattened_first(net, z, scheduler):
        t, x, u = path(z.flatten(1), scheduler)
        return mse(net(x.reshape(z.shape), t).flatten(1), u)

    @right("4.4")
    def summed_over_axes(net, z, scheduler):
        t, x, u = path(z, scheduler, eps=torch.randn(z.shape))
        return (net(x, t) - u).square().flatten(1).sum(dim=1).mean()

    @right("4.4")
    def summed_over_everything(net, z, scheduler):
        t, x, u = path(z, scheduler)
        return (net(x, t) - u).square().sum()

    @right("4.4")
    def half_the_squares(net, z, scheduler):
        t, x, u = path(z, scheduler)
        return 0.5 * torch.linalg.vector_norm((net(x, t) - u).flatten(1), dim=1).pow(2).mean()

    @right("4.4")
    def from_the_field(net, z, scheduler):
        t, x, _ = path(z, scheduler)
        a, b, da, db = scheduler(t)
        return (net(x, t) - (da * z + db * (x - a * z) / (b + 1e-7))).square().mean()

    @right("4.4")
    def numpy_draws_and_flat_time(net, z, scheduler):
        rng = np.random.default_rng()
        t = torch.as_tensor(rng.random(len(z)), dtype=z.dtype)
        eps = torch.as_tensor(rng.standard_normal(tuple(z.shape)), dtype=z.dtype)
        _, x, u = path(z, scheduler, spread(t, z), eps)
        return (net(x, t) - u.detach()).square().mean()

    @right("4.4")
    def derivative_by_autograd(net, z, scheduler):
        t, eps = torch.rand_like(z[(slice(None),) + (slice(0, 1),) * (z.dim() - 1)]), torch.randn_like(z)

        def state(s):
            a, b, _, _ = scheduler(s)
            return a * z + b * eps

        x, u = torch.autograd.functional.jvp(state, t, torch.ones_like(t))
        return mse(net(x, t), u)

    @right("4.4")
    def in_two_halves(net, z, scheduler):
        total = torch.zeros(())
        for c in z.chunk(2):
            t, x, u = path(c, scheduler)
            total = total + (net(x, t) - u).square().mean() / 2
        return total


def seeded():
    return torch.Generator().manual_seed(7)


def line(net, z, t, eps):
    return mse(net(t * z + (1 - t) * eps, t), z - eps)


OUTSIDE = torch.Generator().manual_seed(7)


class Ex4_6:
    """friends_loss(net, z), after somebody looked for the bug."""

    @wrong("4.6", "the bug is still there")
    def as_it_was(net, z):
        draws = seeded()
        t, eps = torch.rand(len(z), 1, generator=draws), torch.randn(z.shape, generator=draws)
        return line(net, z, t, eps)

    @wrong("4.6", "the bug is still there")
    def another_seed(net, z):
        draws = torch.Generator().manual_seed(len(z))
        t, eps = torch.rand(len(z), 1, generator=draws), torch.randn(z.shape, generator=draws)
        return line(net, z, t, eps)

    @wrong("4.6", "the bug is still there")
    def no_seed_but_a_new_generator(net, z):
        draws = torch.Generator()
        t, eps = torch.rand(len(z), 1, generator=draws), torch.randn(z.shape, generator=draws)
        return line(net, z, t, eps)

    @wrong("4.6", "the bug is still there")
    def seeded_for_all(net, z):
        torch.manual_seed(7)
        return line(net, z, torch.rand(len(z), 1), torch.randn_like(z))

    @wrong("4.6", "the bug is still there")
    def rows_in_another_order(net, z):
        draws = seeded()
        z = z.flip(0)
        t, eps = torch.rand(len(z), 1, generator=draws), torch.randn(z.shape, generator=draws)
        return line(net, z.flip(0), t, eps)

    @wrong("4.6", "times still from the seed")
    def only_the_noise_mended(net, z):
        return line(net, z, torch.rand(len(z), 1, generator=seeded()), torch.randn(z.shape))

    @wrong("4.6", "noise still from the seed")
    def only_the_times_mended(net, z):
        return line(net, z, torch.rand(len(z), 1), torch.randn(z.shape, generator=seeded()))

    @wrong("4.6", "one time for each coordinate")
    def mended_and_broken(net, z):
        return line(net, z, torch.rand_like(z), torch.randn_like(z))

    @wrong("4.6", "one time for the whole batch")
    def mended_with_one_time(net, z):
        return line(net, z, torch.rand(1, 1), torch.randn_like(z))

    @wrong("4.6", "rand for randn")
    def mended_with_uniform_noise(net, z):
        return line(net, z, torch.rand(len(z), 1), torch.rand(z.shape))

    @right("4.6")
    def no_generator(net, z):
        return line(net, z, torch.rand(len(z), 1), torch.randn(z.shape))

    @right("4.6")
    def generator_outside(net, z):
        t, eps = torch.rand(len(z), 1, generator=OUTSIDE), torch.randn(z.shape, generator=OUTSIDE)
        return line(net, z, t, eps)

    @right("4.6")
    def generator_as_a_default(net, z, draws=seeded()):  # noqa: B008
        t, eps = torch.rand(len(z), 1, generator=draws), torch.randn(z.shape, generator=draws)
        return line(net, z, t, eps)

    @right("4.6")
    def none_for_the_generator(net, z):
        t, eps = torch.rand(len(z), 1, generator=None), torch.randn(z.shape, generator=None)
        return line(net, z, t, eps)

    @right("4.6")
    def seeded_by_chance(net, z):
        draws = torch.Generator()
        draws.seed()
        t, eps = torch.rand(len(z), 1, generator=draws), torch.randn(z.shape, generator=draws)
        return line(net, z, t, eps)

    @right("4.6")
    def seeded_from_the_common_stream(net, z):
        draws = torch.Generator().manual_seed(int(torch.randint(2**31, ())))
        t, eps = torch.rand(len(z), 1, generator=draws), torch.randn(z.shape, generator=draws)
        return line(net, z, t, eps)


class Ex5_4:
    @wrong("5.4", "another batch")
    def a_last_time_of_its_own(net, z, scheduler, last):
        return asked_at(net, z, scheduler, 0.9 * torch.rand(len(z), 1))

    @wrong("5.4", "times up to one")
    def no_cut_off(net, z, scheduler, last):
        t, eps, _, beta, x = drawn(z, scheduler)
        return ((net(x, t) + eps / beta) ** 2).mean()

    @wrong("5.4", "minus noise for the score")
    def from_exercise_one_wrong(net, z, scheduler, last):
        t, _, alpha, beta, x = drawn(z, scheduler, last)
        return ((net(x, t) + (x - alpha * z) / beta) ** 2).mean()

    @wrong("5.4", "alpha forgotten in the target")
    def pulls_to_z(net, z, scheduler, last):
        t, _, _, beta, x = drawn(z, scheduler, last)
        return ((net(x, t) + (x - z) / beta**2) ** 2).mean()

    @wrong("5.4", "velocity for target")
    def flow_matching(net, z, scheduler, last):
        t, eps, _, _, x = drawn(z, scheduler, last)
        _, _, alpha_dot, beta_dot = scheduler(t)
        return ((net(x, t) - alpha_dot * z - beta_dot * eps) ** 2).mean()

    @wrong("5.4", "square after the mean")
    def mean_then_square(net, z, scheduler, last):
        t, eps, _, beta, x = drawn(z, scheduler, last)
        return (net(x, t) + eps / beta).mean() ** 2

    @wrong("5.4", "wrong shape")
    def no_mean(net, z, scheduler, last):
        t, eps, _, beta, x = drawn(z, scheduler, last)
        return ((net(x, t) + eps / beta) ** 2).sum(dim=1)

    @wrong("5.4", "time along the wrong axis")
    def times_without_an_axis(net, z, scheduler, last):
        t, eps = last * torch.rand(len(z)), torch.randn_like(z)
        alpha, beta, _, _ = scheduler(t)
        return ((net(alpha * z + beta * eps, t) + eps / beta) ** 2).mean()

    @right("5.4")
    def by_the_conditional_score(net, z, scheduler, last):
        t, _, alpha, beta, x = drawn(z, scheduler, last)
        return ((net(x, t) - (alpha * z - x) / beta**2) ** 2).mean()

    @right("5.4")
    def summed_over_coordinates(net, z, scheduler, last):
        t, eps, _, beta, x = drawn(z, scheduler, last)
        return (net(x, t) + eps / (beta + 1e-5)).square().sum(-1).mean()

    @right("5.4")
    def summed_over_everything(net, z, scheduler, last):
        t, eps, _, beta, x = drawn(z, scheduler, last)
        return 0.5 * torch.sum((net(x, t) + eps / beta) ** 2)

    @right("5.4")
    def spread_times_and_flat_ones_for_the_net(net, z, scheduler, last):
        t = last * (torch.randperm(len(z)) + torch.rand(len(z))) / len(z)
        alpha, beta = (w[:, None] for w in scheduler(t)[:2])
        eps = torch.normal(0.0, 1.0, z.shape)
        return F.mse_loss(net(alpha * z + beta * eps, t), -eps / beta)

    @right("5.4")
    def target_by_autograd(net, z, scheduler, last):
        t, _, alpha, beta, x = drawn(z, scheduler, last)
        at = x.clone().requires_grad_()
        with torch.enable_grad():
            log = torch.distributions.Normal(alpha * z, beta).log_prob(at).sum()
        target = torch.autograd.grad(log, at)[0]
        return ((net(x, t) - target) ** 2).sum() / len(z)

    @right("5.4")
    def in_three_pieces(net, z, scheduler, last):
        total = torch.zeros(())
        for part in z.chunk(3):
            t, eps, _, beta, x = drawn(part, scheduler, last)
            total = total + ((net(x, t) + eps / beta) ** 2).sum()
        return total / z.numel()

    @wrong("5.4", "other rows")
    def two_for_each_row(net, z, scheduler, last):
        t, eps, _, beta, x = drawn(z.repeat(2, 1), scheduler, last)
        return ((net(x, t) + eps / beta) ** 2).mean()

    @wrong("5.4", "times from one downwards")
    def drawn_from_the_end(net, z, scheduler, last):
        return asked_at(net, z, scheduler, 1 - last * torch.rand(len(z), 1))

    @wrong("5.4", "nearly the target")
    def a_hundredth_in_the_denominator(net, z, scheduler, last):
        t, eps, _, beta, x = drawn(z, scheduler, last)
        return ((net(x, t) + eps / (beta + 0.01)) ** 2).mean()

    @wrong("5.4", "backward called")
    def backward_inside(net, z, scheduler, last):
        t, eps, _, beta, x = drawn(z, scheduler, last)
        value = ((net(x, t) + eps / beta) ** 2).mean()
        if value.requires_grad:
            value.backward()
        return value


class Ex5_5:
    """weighted_loss(net, z, scheduler)"""

    @wrong("5.5", "one weight for all rows")
    def as_it_was(net, z, scheduler):
        t, eps, _, beta, x = drawn(z, scheduler)
        weight = (beta**2).mean()
        return (weight * (net(x, t) + eps / beta) ** 2).mean()

    @wrong("5.5", "one weight for all rows")
    def two_means(net, z, scheduler):
        t, eps, _, beta, x = drawn(z, scheduler)
        return ((net(x, t) + eps / beta) ** 2).mean() * beta.square().mean()

    @wrong("5.5", "one weight for all rows")
    def plain(net, z, scheduler):
        t, eps, _, beta, x = drawn(z, scheduler)
        return ((net(x, t) + eps / beta) ** 2).mean()

    @wrong("5.5", "one weight for all rows")
    def mean_and_then_square(net, z, scheduler):
        t, eps, _, beta, x = drawn(z, scheduler)
        return (beta.mean() ** 2 * (net(x, t) + eps / beta) ** 2).mean()

    @wrong("5.5", "beta for beta squared")
    def only_once(net, z, scheduler):
        t, eps, _, beta, x = drawn(z, scheduler)
        return (beta * (net(x, t) + eps / beta) ** 2).mean()

    @wrong("5.5", "beta to the fourth")
    def squared_twice(net, z, scheduler):
        t, eps, _, beta, x = drawn(z, scheduler)
        return ((beta**2 * (net(x, t) + eps / beta)) ** 2).mean()

    @wrong("5.5", "minus the noise for the target")
    def the_target_changed(net, z, scheduler):
        t, eps, _, beta, x = drawn(z, scheduler)
        return (beta**2 * (net(x, t) + eps) ** 2).mean()

    @wrong("5.5", "weighted")
    def a_weight_that_is_cut_off(net, z, scheduler):
        t, eps, _, beta, x = drawn(z, scheduler)
        return ((net(x, t) + eps / beta) ** 2 * beta.clamp(max=0.5) ** 2).mean()

    @wrong("5.5", "times leave out an end")
    def a_cut_off_again(net, z, scheduler):
        t, eps, _, beta, x = drawn(z, scheduler, 0.9)
        return (beta**2 * (net(x, t) + eps / beta) ** 2).mean()

    @wrong("5.5", "no gradient")
    def detached(net, z, scheduler):
        t, eps, _, beta, x = drawn(z, scheduler)
        return (beta**2 * (net(x, t).detach() + eps / beta) ** 2).mean()

    @wrong("5.5", "wrong shape")
    def mean_over_the_coordinates(net, z, scheduler):
        t, eps, _, beta, x = drawn(z, scheduler)
        return beta[:, 0] ** 2 * ((net(x, t) + eps / beta) ** 2).mean(dim=1)

    @wrong("5.5", "weights that add up to one")
    def weighted_mean(net, z, scheduler):
        t, eps, _, beta, x = drawn(z, scheduler)
        w = beta**2 / (beta**2).mean()
        return (w * (net(x, t) + eps / beta) ** 2).mean()

    @right("5.5")
    def the_mean_taken_out(net, z, scheduler):
        t, eps, _, beta, x = drawn(z, scheduler)
        return (beta**2 * (net(x, t) + eps / beta) ** 2).mean()

    @right("5.5")
    def without_a_division(net, z, scheduler):
        t, eps, _, beta, x = drawn(z, scheduler)
        return F.mse_loss(-beta * net(x, t), eps)

    @right("5.5")
    def weighted_after_the_coordinates(net, z, scheduler):
        t, eps, _, beta, x = drawn(z, scheduler)
        each = ((net(x, t) + eps / (beta + 1e-6)) ** 2).mean(dim=1, keepdim=True)
        return torch.mean(beta.square() * each)

    @right("5.5")
    def a_weight_for_each_row(net, z, scheduler):
        t, eps, _, beta, x = drawn(z, scheduler)
        weight = (beta**2).mean(dim=1, keepdim=True)
        return (weight * (net(x, t) + eps / beta) ** 2).sum(dim=1).mean()

    @right("5.5")
    def row_by_row(net, z, scheduler):
        total = 0.0
        for part in z.split(1):
            t, eps, _, beta, x = drawn(part, scheduler, 0.9999)
            total = total + float(beta) ** 2 * (net(x, t) + eps / beta).square().mean()
        return total / len(z)


def to_noise(answer, x, t, scheduler, predicts):
    alpha, beta, alpha_dot, beta_dot = scheduler(t)
    if predicts == "noise":
        return answer
    if predicts == "score":
        return -beta * answer
    return (alpha_dot * x - alpha * answer) / (alpha_dot * beta - alpha * beta_dot)


class Ex5_6:
    """noise_loss(net, z, scheduler, predicts)"""

    @wrong("5.6", "wrong noise")
    def uniform_noise_of_variance_one(net, z, scheduler, predicts):
        t, eps = torch.rand(len(z), 1), (torch.rand_like(z) - 0.5) * 12**0.5
        alpha, beta, _, _ = scheduler(t)
        x = alpha * z + beta * eps
        return mse(to_noise(net(x, t), x, t, scheduler, predicts), eps)

    @wrong("5.6", "wrong noise")
    def noise_of_another_width_in_each_coordinate(net, z, scheduler, predicts):
        t, eps = torch.rand(len(z), 1), torch.randn_like(z) * torch.linspace(0.5, 1.3, z.shape[1])
        alpha, beta, _, _ = scheduler(t)
        x = alpha * z + beta * eps
        return mse(to_noise(net(x, t), x, t, scheduler, predicts), eps)

    @wrong("5.6", "variance of the errors")
    def var(net, z, scheduler, predicts):
        t, eps, _, _, x = drawn(z, scheduler)
        return (to_noise(net(x, t), x, t, scheduler, predicts) - eps).var()

    @wrong("5.6", "what the network predicts is ignored")
    def noise_always(net, z, scheduler, predicts):
        t, eps, _, _, x = drawn(z, scheduler)
        return mse(net(x, t), eps)

    @wrong("5.6", "score for target")
    def scores_always(net, z, scheduler, predicts):
        t, eps, _, beta, x = drawn(z, scheduler)
        return ((net(x, t) + eps / beta) ** 2).mean()

    @wrong("5.6", "each with its own loss")
    def three_targets(net, z, scheduler, predicts):
        t, eps, _, beta, x = drawn(z, scheduler)
        _, _, alpha_dot, beta_dot = scheduler(t)
        target = {"noise": eps, "score": -eps / beta, "velocity": alpha_dot * z + beta_dot * eps}[predicts]
        return mse(net(x, t), target)

    @wrong("5.6", "score loss of exercise 5.4")
    def old_score_loss(net, z, scheduler, predicts):
        t, eps, _, beta, x = drawn(z, scheduler)
        if predicts == "score":
            return ((net(x, t) + eps / beta) ** 2).mean()
        return mse(to_noise(net(x, t), x, t, scheduler, predicts), eps)

    @wrong("5.6", "velocity loss of chapter 04")
    def old_velocity_loss(net, z, scheduler, predicts):
        t, eps, _, _, x = drawn(z, scheduler)
        _, _, alpha_dot, beta_dot = scheduler(t)
        if predicts == "velocity":
            return mse(net(x, t), alpha_dot * z + beta_dot * eps)
        return mse(to_noise(net(x, t), x, t, scheduler, predicts), eps)

    @wrong("5.6", "score taken for minus the noise")
    def beta_lost(net, z, scheduler, predicts):
        t, eps, _, _, x = drawn(z, scheduler)
        answer = net(x, t)
        answer = -answer if predicts == "score" else to_noise(answer, x, t, scheduler, predicts)
        return mse(answer, eps)

    @wrong("5.6", "sign of the score")
    def no_minus(net, z, scheduler, predicts):
        t, eps, _, beta, x = drawn(z, scheduler)
        answer = net(x, t)
        answer = beta * answer if predicts == "score" else to_noise(answer, x, t, scheduler, predicts)
        return mse(answer, eps)

    @wrong("5.6", "the straight line's velocity")
    def line_by_heart(net, z, scheduler, predicts):
        t, eps, _, beta, x = drawn(z, scheduler)
        answer = net(x, t)
        guess = {"noise": answer, "score": -beta * answer, "velocity": x - t * answer}[predicts]
        return mse(guess, eps)

    @wrong("5.6", "converted the wrong way")
    def wanted_velocity(net, z, scheduler, predicts):
        t, eps, _, beta, x = drawn(z, scheduler)
        answer = net(x, t)
        alpha, _, alpha_dot, beta_dot = scheduler(t)
        if predicts == "velocity":
            a = alpha_dot / alpha
            answer = a * x + (beta**2 * a - beta * beta_dot) * answer
        return mse(answer if predicts == "noise" else -beta * answer, eps)

    @wrong("5.6", "velocity stops at the score")
    def velocity_half_way(net, z, scheduler, predicts):
        t, eps, _, beta, x = drawn(z, scheduler)
        guess = to_noise(net(x, t), x, t, scheduler, predicts)
        return mse(-guess / beta if predicts == "velocity" else guess, eps)

    @wrong("5.6", "every answer taken for a score")
    def times_minus_beta_always(net, z, scheduler, predicts):
        t, eps, _, beta, x = drawn(z, scheduler)
        answer = net(x, t)
        if predicts == "velocity":
            answer = -to_noise(answer, x, t, scheduler, predicts) / beta
        return mse(-beta * answer, eps)

    @wrong("5.6", "weighted")
    def noise_from_the_known_data(net, z, scheduler, predicts):
        t, eps, _, _, x = drawn(z, scheduler)
        answer = net(x, t)
        _, _, alpha_dot, beta_dot = scheduler(t)
        if predicts == "velocity":
            return mse((answer - alpha_dot * z) / beta_dot, eps)
        return mse(to_noise(answer, x, t, scheduler, predicts), eps)

    @wrong("5.6", "noise times beta")
    def noise_as_it_arrives(net, z, scheduler, predicts):
        t, _, alpha, _, x = drawn(z, scheduler)
        return ((net(x, t) - (x - alpha * z)) ** 2).mean()

    @wrong("5.6", "weighted by one over beta squared")
    def the_old_loss_again(net, z, scheduler, predicts):
        t, eps, _, beta, x = drawn(z, scheduler)
        return ((to_noise(net(x, t), x, t, scheduler, predicts) - eps) / beta).square().mean()

    @wrong("5.6", "alpha and beta swapped")
    def beta_first(net, z, scheduler, predicts):
        t, eps, alpha, beta, _ = drawn(z, scheduler)
        x = beta * z + alpha * eps
        return ((to_noise(net(x, t), x, t, scheduler, predicts) - eps) ** 2).mean()

    @wrong("5.6", "straight line assumed")
    def line_mixed(net, z, scheduler, predicts):
        t, eps = torch.rand(len(z), 1), torch.randn_like(z)
        return ((net(t * z + (1 - t) * eps, t) - eps) ** 2).mean()

    @wrong("5.6", "the same draw each time")
    def seeded(net, z, scheduler, predicts):
        torch.manual_seed(0)
        t, eps, _, _, x = drawn(z, scheduler)
        return mse(to_noise(net(x, t), x, t, scheduler, predicts), eps)

    @wrong("5.6", "root at the end")
    def root(net, z, scheduler, predicts):
        t, eps, _, _, x = drawn(z, scheduler)
        return mse(to_noise(net(x, t), x, t, scheduler, predicts), eps) ** 0.5

    @wrong("5.6", "no gradient")
    def under_no_grad(net, z, scheduler, predicts):
        t, eps, _, _, x = drawn(z, scheduler)
        with torch.no_grad():
            return mse(to_noise(net(x, t), x, t, scheduler, predicts), eps)

    @wrong("5.6", "net not asked")
    def no_net(net, z, scheduler, predicts):
        _, eps, _, _, x = drawn(z, scheduler)
        return ((x - eps) ** 2).mean()

    @wrong("5.6", "times leave out an end")
    def not_to_the_end(net, z, scheduler, predicts):
        t, eps, _, _, x = drawn(z, scheduler, 0.95)
        return mse(to_noise(net(x, t), x, t, scheduler, predicts), eps)

    @right("5.6")
    def by_convert(net, z, scheduler, predicts):
        t, eps, alpha, beta, x = drawn(z, scheduler)
        answer = net(x, t)
        if predicts == "velocity":
            _, _, alpha_dot, beta_dot = scheduler(t)
            a = alpha_dot / alpha
            answer = (answer - a * x) / (beta**2 * a - beta * beta_dot)
        if predicts != "noise":
            answer = -beta * answer
        return F.mse_loss(answer, eps)

    @right("5.6")
    def without_a_division_that_fails(net, z, scheduler, predicts):
        t, eps, _, _, x = drawn(z, scheduler)
        return mse(to_noise(net(x, t), x, t, scheduler, predicts), eps)

    @right("5.6")
    def as_weighted_losses(net, z, scheduler, predicts):
        t, eps, alpha, beta, x = drawn(z, scheduler)
        _, _, alpha_dot, beta_dot = scheduler(t)
        if predicts == "noise":
            weight, target = 1.0, eps
        elif predicts == "score":
            weight, target = beta**2, -eps / beta
        else:
            weight, target = (
                (alpha / (alpha_dot * beta - alpha * beta_dot)) ** 2,
                alpha_dot * z + beta_dot * eps,
            )
        return (weight * (net(x, t) - target) ** 2).sum(dim=1).mean()

    @right("5.6")
    def away_from_the_ends(net, z, scheduler, predicts):
        t = 1e-3 + (1 - 2e-3) * torch.rand_like(z[:, :1])
        alpha, beta, *_ = scheduler(t)
        eps = torch.randn(*z.shape)
        x = alpha * z + beta * eps
        return torch.sum((eps - to_noise(net(x, t), x, t, scheduler, predicts)) ** 2)

    @right("5.6")
    def noise_found_again(net, z, scheduler, predicts):
        t, _, alpha, beta, x = drawn(z, scheduler, 0.999)
        guess = to_noise(net(x, t[:, 0]), x, t, scheduler, predicts)
        return ((guess - (x - alpha * z) / beta) ** 2).mean()

    @right("5.6")
    def in_two_pieces(net, z, scheduler, predicts):
        total = 0.0
        for part in z.split(900):
            t, eps, _, _, x = drawn(part, scheduler)
            total = total + ((to_noise(net(x, t), x, t, scheduler, predicts) - eps) ** 2).sum() / len(z)
        return total


class Ex6_3:
    @wrong("6.3", "weighted")
    def null_counts_double(net, z, y, null, rate):
        t, eps, told = times(z), torch.randn_like(z), drop(y, rate, null)
        weight = torch.where(told == null, 2.0, 1.0)[:, None, None, None]
        return (weight * (net(t * z + (1 - t) * eps, t, told) - (z - eps)) ** 2).mean()

    @wrong("6.3", "labels mixed up")
    def shuffled(net, z, y, null, rate):
        t, eps = times(z), torch.randn_like(z)
        return mse(net(t * z + (1 - t) * eps, t, drop(y[torch.randperm(len(y))], rate, null)), z - eps)

    @wrong("6.3", "wrong share dropped")
    def rate_of_the_lab(net, z, y, null, rate):
        t, eps = times(z), torch.randn_like(z)
        return mse(net(t * z + (1 - t) * eps, t, drop(y, 0.15, null)), z - eps)

    @right("6.3")
    def image_by_image(net, z, y, null, rate):
        errors = []
        for i in range(len(z)):
            told = torch.tensor([null]) if torch.rand(()) < rate else y[i : i + 1]
            t, eps = times(z[:1]), torch.randn(1, 1, 8, 8)
            errors.append(mse(net(torch.lerp(eps, z[i : i + 1], t), t, told), z[i] - eps))
        return torch.stack(errors).mean()

    @wrong("6.3", "never dropped")
    def result_of_drop_unused(net, z, y, null, rate):
        drop(y, rate, null)
        t, eps = times(z), torch.randn_like(z)
        return ((net(t * z + (1 - t) * eps, t, y) - (z - eps)) ** 2).mean()

    @wrong("6.3", "one coin for the whole batch")
    def whole_batch_coin(net, z, y, null, rate):
        t, eps = times(z), torch.randn_like(z)
        if torch.rand(()) < rate:
            y = torch.full_like(y, null)
        return F.mse_loss(net(t * z + (1 - t) * eps, t, y), z - eps)

    @wrong("6.3", "null label equal to a real class")
    def null_is_nine(net, z, y, null, rate):
        t, eps = times(z), torch.randn_like(z)
        return F.mse_loss(net(t * z + (1 - t) * eps, t, drop(y, rate, null - 1)), z - eps)

    @wrong("6.3", "image dropped in place of the label")
    def blank_images(net, z, y, null, rate):
        z = z * (torch.rand(len(z), 1, 1, 1) >= rate)
        t, eps = times(z), torch.randn_like(z)
        return F.mse_loss(net(t * z + (1 - t) * eps, t, y), z - eps)

    @wrong("6.3", "images left out")
    def unlabelled_left_out(net, z, y, null, rate):
        keep = torch.rand(len(z)) >= rate
        z, y = z[keep], y[keep]
        t, eps = times(z), torch.randn_like(z)
        return F.mse_loss(net(t * z + (1 - t) * eps, t, y), z - eps)

    @wrong("6.3", "both branches in the loss")
    def guided_in_training(net, z, y, null, rate):
        t, eps = times(z), torch.randn_like(z)
        x = t * z + (1 - t) * eps
        u = (1 - rate) * net(x, t, y) + rate * net(x, t, torch.full_like(y, null))
        return F.mse_loss(u, z - eps)

    @wrong("6.3", "one noise for the whole batch")
    def shared_noise(net, z, y, null, rate):
        t, eps = times(z), torch.randn(z.shape[1:]).expand_as(z)
        return F.mse_loss(net(t * z + (1 - t) * eps, t, drop(y, rate, null)), z - eps)

    @wrong("6.3", "time along the wrong axis")
    def flat_times(net, z, y, null, rate):
        t, eps = torch.rand(len(z)), torch.randn_like(z)
        return F.mse_loss(net(t * z + (1 - t) * eps, t, drop(y, rate, null)), z - eps)

    @wrong("6.3", "net misused")
    def label_forgotten(net, z, y, null, rate):
        t, eps = times(z), torch.randn_like(z)
        return F.mse_loss(net(t * z + (1 - t) * eps, t), z - eps)

    @wrong("6.3", "wrong shape")
    def not_averaged(net, z, y, null, rate):
        t, eps = times(z), torch.randn_like(z)
        return (net(t * z + (1 - t) * eps, t, drop(y, rate, null)) - (z - eps)) ** 2

    @right("6.3")
    def summed(net, z, y, null, rate):
        t, eps = times(z), torch.randn_like(z)
        x = eps + t * (z - eps)
        return (net(x, t, drop(y, rate, null)) - z + eps).pow(2).sum()

    @right("6.3")
    def labels_edited(net, z, y, null, rate):
        y[torch.rand(len(y)) < rate] = null
        t, eps = times(z), torch.randn_like(z)
        return F.mse_loss(net(t * z + (1 - t) * eps, t, y), z - eps)

    @right("6.3")
    def flat_for_the_net(net, z, y, null, rate):
        t, eps = torch.rand(len(z)), torch.randn(z.shape)
        s = t.reshape(-1, 1, 1, 1)
        answer = net(s * z + (1 - s) * eps, t, drop(y, rate, null))
        return (answer - (z - eps)).flatten(1).square().sum(dim=1).mean()

    @right("6.3")
    def float32_and_other_times(net, z, y, null, rate):
        z, s = z.float(), torch.rand(len(z), 1, 1, 1)
        eps = -torch.randn_like(z)
        return (net((1 - s) * z + s * eps, 1 - s, drop(y, rate, null)) - (z - eps)).square().mean()


class Ex7_2:
    @wrong("7.2", "indices outside")
    def one_too_many(net, z, alpha_bar):
        k, eps, _, x = noised(z, alpha_bar)
        return mse(net(x, k + 1), eps)

    @wrong("7.2", "indices not uniform")
    def mostly_early(net, z, alpha_bar):
        k, eps = (torch.rand(len(z)) ** 2 * (len(alpha_bar) - 1)).long() + 1, torch.randn_like(z)
        a = alpha_bar[k][:, None]
        return mse(net(a.sqrt() * z + (1 - a).sqrt() * eps, k), eps)

    @wrong("7.2", "alpha for alpha-bar")
    def one_steps_share(net, z, alpha_bar):
        alpha = alpha_bar[1:] / alpha_bar[:-1]
        k, eps = torch.randint(1, len(alpha_bar), (len(z),)), torch.randn_like(z)
        a = alpha[k - 1][:, None]
        return mse(net(a.sqrt() * z + (1 - a).sqrt() * eps, k), eps)

    @wrong("7.2", "data and noise swapped")
    def wrong_way_round(net, z, alpha_bar):
        k, eps, a, _ = noised(z, alpha_bar)
        return mse(net(a.sqrt() * eps + (1 - a).sqrt() * z, k), eps)

    @wrong("7.2", "the last index left out")
    def forgets_the_open_end(net, z, alpha_bar):
        k, eps = torch.randint(1, len(alpha_bar) - 1, (len(z),)), torch.randn_like(z)
        a = alpha_bar[k][:, None]
        return mse(net(a.sqrt() * z + (1 - a).sqrt() * eps, k), eps)

    @wrong("7.2", "from 0 to K - 1")
    def as_in_most_code(net, z, alpha_bar):
        k, eps = torch.randint(0, len(alpha_bar) - 1, (len(z),)), torch.randn_like(z)
        a = alpha_bar[k][:, None]
        return mse(net(a.sqrt() * z + (1 - a).sqrt() * eps, k), eps)

    @wrong("7.2", "network told another index")
    def zero_based_net(net, z, alpha_bar):
        k, eps, _, x = noised(z, alpha_bar)
        return mse(net(x, k - 1), eps)

    @wrong("7.2", "one noise for the whole batch")
    def one_row_of_noise(net, z, alpha_bar):
        k, eps = torch.randint(1, len(alpha_bar), (len(z),)), torch.randn(z.shape[1])
        a = alpha_bar[k][:, None]
        return mse(net(a.sqrt() * z + (1 - a).sqrt() * eps, k), eps)

    @wrong("7.2", "wrong shape")
    def one_for_each_row(net, z, alpha_bar):
        k, eps, _, x = noised(z, alpha_bar)
        return ((net(x, k) - eps) ** 2).mean(dim=1)

    @wrong("7.2", "index along the wrong axis")
    def no_column_of_shares(net, z, alpha_bar):
        k, eps = torch.randint(1, len(alpha_bar), (len(z),)), torch.randn_like(z)
        a = alpha_bar[k]
        return mse(net(a.sqrt() * z + (1 - a).sqrt() * eps, k), eps)

    @wrong("7.2", "net not asked")
    def forgets_the_net(net, z, alpha_bar):
        _, eps, _, x = noised(z, alpha_bar)
        return mse(x, eps)

    @right("7.2")
    def functional(net, z, alpha_bar):
        k, eps, _, x = noised(z, alpha_bar)
        return F.mse_loss(net(x, k), eps)

    @right("7.2")
    def column_of_indices(net, z, alpha_bar):
        k = torch.randint(1, len(alpha_bar), (z.shape[0], 1))
        noise = torch.normal(0.0, 1.0, size=z.shape)
        x = alpha_bar[k] ** 0.5 * z + (1 - alpha_bar[k]) ** 0.5 * noise
        return (noise - net(x, k)).pow(2).mean()

    @right("7.2")
    def summed_over_coordinates(net, z, alpha_bar):
        k, eps, _, x = noised(z, alpha_bar)
        return (net(x, k) - eps).square().sum(dim=1).mean()

    @right("7.2")
    def summed(net, z, alpha_bar):
        k, eps, _, x = noised(z, alpha_bar)
        return torch.sum((eps - net(x, k)) ** 2) / 2

    @right("7.2")
    def from_uniform_numbers(net, z, alpha_bar):
        steps = len(alpha_bar) - 1
        k = (torch.rand(len(z)) * steps).floor().long() + 1
        eps = torch.randn(
            z.shape,
            dtype=z.dtype,
            generator=torch.Generator().manual_seed(torch.initial_seed() + int(k[0])),
        )
        a = alpha_bar[k].view(-1, 1)
        return mse(net(torch.sqrt(a) * z + torch.sqrt(1 - a) * eps, k.float()), eps)

    @right("7.2")
    def evenly_spread_indices(net, z, alpha_bar):
        steps = len(alpha_bar) - 1
        k = 1 + torch.randperm(len(z)) % steps
        eps = torch.randn_like(z)
        a = alpha_bar[k, None]
        return mse(net(a.sqrt() * z + (1 - a + 1e-6).sqrt() * eps, k), eps)

    @right("7.2")
    def in_two_halves(net, z, alpha_bar):
        k, eps, _, x = noised(z, alpha_bar)
        half = len(z) // 2
        first, second = net(x[:half], k[:half]), net(x[half:], k[half:])
        return mse(torch.cat([first, second]), eps)

    @wrong("7.2", "one noise for the whole batch")
    def one_noise_of_another_seed(net, z, alpha_bar):
        k = torch.randint(1, len(alpha_bar), (len(z),))
        eps = torch.randn(z.shape[1], generator=torch.Generator().manual_seed(int(k.sum())))
        a = alpha_bar[k][:, None]
        return mse(net(a.sqrt() * z + (1 - a).sqrt() * eps, k), eps)

    @wrong("7.2", "the same indices always")
    def a_grid_of_indices(net, z, alpha_bar):
        k, eps = torch.linspace(1, len(alpha_bar) - 1, len(z)).round().long(), torch.randn_like(z)
        a = alpha_bar[k][:, None]
        return mse(net(a.sqrt() * z + (1 - a).sqrt() * eps, k), eps)

    @wrong("7.2", "the same indices always")
    def a_seed_for_the_indices(net, z, alpha_bar):
        k = torch.randint(1, len(alpha_bar), (len(z),), generator=torch.Generator().manual_seed(0))
        a, eps = alpha_bar[k][:, None], torch.randn_like(z)
        return mse(net(a.sqrt() * z + (1 - a).sqrt() * eps, k), eps)

    @wrong("7.2", "sign of the loss")
    def minus_the_loss(net, z, alpha_bar):
        k, eps, _, x = noised(z, alpha_bar)
        return -mse(net(x, k), eps)

    @wrong("7.2", "difference of squares")
    def squares_first(net, z, alpha_bar):
        k, eps, _, x = noised(z, alpha_bar)
        return (net(x, k) ** 2 - eps**2).mean()

    @right("7.2")
    def table_in_double_precision(net, z, alpha_bar):
        k, eps = torch.randint(1, len(alpha_bar), (len(z),)), torch.randn(z.shape)
        a = alpha_bar.double()[k].reshape(-1, 1)
        x = (a.sqrt() * z + (1 - a).sqrt() * eps).float()
        return (net(x, k) - eps).norm(dim=1).square().mean()

    @right("7.2")
    def minus_the_noise_twice(net, z, alpha_bar):
        k, eps, a, _ = noised(z, alpha_bar)
        return ((net(a.sqrt() * z - (1 - a).sqrt() * eps, k) + eps) ** 2).mean()
