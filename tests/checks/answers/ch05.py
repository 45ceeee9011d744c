"""Chapter 05, Fokker–Planck and score matching: answers as students write them."""

import math

import torch

from . import right, wrong


def weights(t, scheduler):
    alpha, beta, alpha_dot, beta_dot = scheduler(t)
    a = alpha_dot / alpha
    return a, beta**2 * a - beta * beta_dot


def both(x, value, a, b, wanted):
    return (value - a * x) / b if wanted == "score" else a * x + b * value


def logs(x, points, alpha, beta):
    return -(((x[:, None] - alpha[:, None] * points) / beta[:, None]) ** 2).sum(-1) / 2


def middle(values):
    return values[1:-1]


def slope(values, dx):
    return (values[2:] - values[:-2]) / (2 * dx)


def bend(values, dx):
    return (values[2:] - 2 * values[1:-1] + values[:-2]) / (dx * dx)


def speed(score, x, t, scheduler):
    a, b = weights(torch.as_tensor(t, dtype=x.dtype), scheduler)
    return a * x + b * score(x, t)


def gaps(times):
    ticks = times.tolist()
    return [(t, after - t) for t, after in zip(ticks, ticks[1:])]  # noqa: B905, RUF007


class Ex5_1:
    """normal_score(x, mean, std, t, scheduler)"""

    @wrong("5.1", "alpha and beta swapped")
    def order_of_the_scheduler(x, mean, std, t, scheduler):
        beta, alpha, _, _ = scheduler(t)
        return -(x - alpha * mean) / (alpha**2 * std**2 + beta**2)

    @wrong("5.1", "widths added")
    def one_width_after_the_other(x, mean, std, t, scheduler):
        a, b, _, _ = scheduler(t)
        width = a * std + b
        return (a * mean - x) / width**2

    @wrong("5.1", "width of the data forgotten")
    def the_conditional_score(x, mean, std, t, scheduler):
        a, b, _, _ = scheduler(t)
        return -(x - a * mean) / b**2

    @wrong("5.1", "alpha not squared")
    def alpha_times_the_variance(x, mean, std, t, scheduler):
        a, b, _, _ = scheduler(t)
        return (a * mean - x) / (a * std.pow(2) + b.pow(2))

    @wrong("5.1", "second part not divided")
    def no_brackets(x, mean, std, t, scheduler):
        a, b, _, _ = scheduler(t)
        return -(x - a * mean) / (a * std) ** 2 + b**2

    @wrong("5.1", "wrong variance")
    def two_kept(x, mean, std, t, scheduler):
        a, b, _, _ = scheduler(t)
        return -0.5 * (x - a * mean) / (a**2 * std**2 + b**2)

    @wrong("5.1", "time along the wrong axis")
    def squeezed(x, mean, std, t, scheduler):
        a, b, _, _ = scheduler(t.squeeze())
        return (a * mean - x) / ((a * std) ** 2 + b**2)

    @wrong("5.1", "mean over the batch")
    def gradient_of_a_mean(x, mean, std, t, scheduler):
        a, b, _, _ = scheduler(t)
        x = x.clone().requires_grad_()
        law = torch.distributions.Normal(a * mean, ((a * std) ** 2 + b**2).sqrt())
        return torch.autograd.grad(law.log_prob(x).sum(1).mean(), x)[0]

    @wrong("5.1", "wrong shape")
    def log_density(x, mean, std, t, scheduler):
        a, b, _, _ = scheduler(t)
        return torch.distributions.Normal(a * mean, ((a * std) ** 2 + b**2).sqrt()).log_prob(x).sum(-1)

    @wrong("5.1", "wrong far out")
    def logarithm_of_a_density(x, mean, std, t, scheduler):
        a, b, _, _ = scheduler(t)
        x = x.clone().requires_grad_()
        v = (a * std) ** 2 + b**2
        density = torch.exp(-((x - a * mean) ** 2 / (2 * v)).sum(1))
        return torch.autograd.grad(density.log().sum(), x)[0]

    @wrong("5.1", "wrong late in time")
    def a_thousandth_below(x, mean, std, t, scheduler):
        a, b, _, _ = scheduler(t)
        return (a * mean - x) / ((a * std) ** 2 + b**2 + 1e-3)

    @wrong("5.1", "not zero at the centre")
    def of_length_one(x, mean, std, t, scheduler):
        a, b, _, _ = scheduler(t)
        s = (a * mean - x) / ((a * std) ** 2 + b**2)
        return s / s.norm(dim=1, keepdim=True)

    @wrong("5.1", "ignores `t`")
    def time_of_the_notebook(x, mean, std, t, scheduler):
        a, b, _, _ = scheduler(torch.tensor(0.5))
        return (a * mean - x) / ((a * std) ** 2 + b**2)

    @wrong("5.1", "wrong for a point")
    def a_point_by_itself(x, mean, std, t, scheduler):
        a, b, _, _ = scheduler(t)
        if bool((std == 0).all()):
            return (a * mean - x) / b
        return (a * mean - x) / ((a * std) ** 2 + b**2)

    @wrong("5.1", "variance-preserving path assumed")
    def squares_add_up_to_one(x, mean, std, t, scheduler):
        a = scheduler(t)[0]
        return (a * mean - x) / (a**2 * std**2 + 1 - a**2)

    @wrong("5.1", "width of the noise forgotten")
    def of_the_data_alone(x, mean, std, t, scheduler):
        a, _, _, _ = scheduler(t)
        return -(x - a * mean) / (a * std) ** 2

    @wrong("5.1", "one width for all coordinates")
    def a_round_cloud(x, mean, std, t, scheduler):
        a, b, _, _ = scheduler(t)
        v = (a * std) ** 2 + b**2
        return (a * mean - x) / v.mean(dim=-1, keepdim=True)

    @wrong("5.1", "variance for width")
    def std_once(x, mean, std, t, scheduler):
        a, b, *_ = scheduler(t)
        var = a**2 * std + b**2
        return -(x - a * mean) / var

    @right("5.1")
    def by_autograd(x, mean, std, t, scheduler):
        a, b, _, _ = scheduler(t)
        x = x.clone().requires_grad_()
        law = torch.distributions.Normal(a * mean, torch.sqrt((a * std) ** 2 + b**2))
        return torch.autograd.grad(law.log_prob(x).sum(), x)[0]

    @right("5.1")
    def with_a_small_number(x, mean, std, t, scheduler):
        a, b, *_ = scheduler(t)
        return (a * mean - x) / (a.square() * std.square() + b.square() + 1e-5)

    @right("5.1")
    def by_widths(x, mean, std, t, scheduler):
        a, b, *_ = scheduler(t)
        width = torch.hypot(a * std, b.expand_as(x))
        return -(x - a * mean) / width / width

    @right("5.1")
    def row_by_row(x, mean, std, t, scheduler):
        mean, std, rows = mean.expand_as(x), std.expand_as(x), []
        for i in range(len(x)):
            a, b = (float(w) for w in scheduler(t[i])[:2])
            rows.append((a * mean[i] - x[i]) / (a**2 * std[i] ** 2 + b**2))
        return torch.stack(rows)

    @right("5.1")
    def by_the_expected_noise(x, mean, std, t, scheduler):
        a, b, *_ = scheduler(t)
        eps = b * (x - a * mean) / (a**2 * std**2 + b**2)
        return -eps / b

    @right("5.1")
    def by_precisions(x, mean, std, t, scheduler):
        a, b, *_ = scheduler(t)
        ratio = a * std / b
        return (a * mean - x) / b**2 / (1 + ratio**2)


class Ex5_2:
    """convert(value, x, t, scheduler, wanted)"""

    @wrong("5.2", "coefficients swapped")
    def swapped_one_way(value, x, t, scheduler, wanted):
        a, b = weights(t, scheduler)
        if wanted == "velocity":
            return b * x + a * value
        return (value - a * x) / b

    @wrong("5.2", "alpha beta times the ratio")
    def noise_equals_minus_score(value, x, t, scheduler, wanted):
        al, be, ald, bed = scheduler(t)
        if wanted == "velocity":
            eps = -value
            return ald * (x - be * eps) / al + bed * eps
        a = ald / al
        return (value - a * x) / (be * a - bed)

    @wrong("5.2", "directions swapped")
    def reads_wanted_as_given(value, x, t, scheduler, wanted):
        a, b = weights(t, scheduler)
        return a * x + b * value if wanted == "score" else (value - a * x) / b

    @wrong("5.2", "brackets on the way back")
    def no_brackets(value, x, t, scheduler, wanted):
        a, b = weights(t, scheduler)
        return value - a * x / b if wanted == "score" else a * x + b * value

    @wrong("5.2", "wrong score")
    def plus(value, x, t, scheduler, wanted):
        a, b = weights(t, scheduler)
        return (value + a * x) / b if wanted == "score" else a * x + b * value

    @wrong("5.2", "wrong weight of the score")
    def half_of_b(value, x, t, scheduler, wanted):
        a, b = weights(t, scheduler)
        return both(x, value, a, b / 2, wanted)

    @right("5.2")
    def through_the_hub(value, x, t, scheduler, wanted):
        al, be, ald, bed = scheduler(t)
        if wanted == "velocity":
            eps = -be * value
            return ald * ((x - be * eps) / al) + bed * eps
        eps = (al * value - ald * x) / (al * bed - be * ald)
        return -eps / be

    @right("5.2")
    def by_a_linear_system(value, x, t, scheduler, wanted):
        al, be, ald, bed = (w[:, 0].double() for w in scheduler(t))
        zero = torch.zeros_like(al)
        state, speed = torch.stack([al, be], -1), torch.stack([ald, bed], -1)
        score = torch.stack([zero, -1 / be], -1)
        known, asked = (speed, score) if wanted == "score" else (score, speed)
        right_side = torch.stack([x.double(), value.double()], 1)
        hub = torch.linalg.solve(torch.stack([state, known], 1), right_side)
        return torch.einsum("bk,bkd->bd", asked, hub)

    @right("5.2")
    def with_small_numbers(value, x, t, scheduler, wanted):
        al, be, ald, bed = scheduler(t)
        a = ald / (al + 1e-6)
        b = be * (be * a - bed)
        return {"score": (value - a * x) / (b + 1e-6), "velocity": a * x + b * value}[wanted]

    @right("5.2")
    def by_logarithms(value, x, t, scheduler, wanted):
        al, be, ald, bed = scheduler(t)
        rate = ald / al - bed / be
        if wanted == "velocity":
            return bed / be * x + rate * (x + be**2 * value)
        return ((value - bed / be * x) / rate - x) / be**2

    @right("5.2")
    def with_smaller_numbers(value, x, t, scheduler, wanted):
        al, be, ald, bed = scheduler(t)
        a = ald / (al + 1e-8)
        return both(x, value, a, be * (be * a - bed) + 1e-8, wanted)

    @wrong("5.2", "wrong near the ends")
    def cut_off(value, x, t, scheduler, wanted):
        al, be, ald, bed = scheduler(t)
        a = ald / al.clamp(min=0.1)
        return both(x, value, a, be**2 * a - be * bed, wanted)

    @wrong("5.2", "only one direction")
    def misspelt(value, x, t, scheduler, wanted):
        return both(x, value, *weights(t, scheduler), wanted.capitalize())

    @wrong("5.2", "wrong weight of the state")
    def data_not_divided(value, x, t, scheduler, wanted):
        _, be, ald, bed = scheduler(t)
        if wanted == "score":
            return both(x, value, *weights(t, scheduler), wanted)
        return ald * (x + be**2 * value) - bed * be * value


class Ex5_3:
    """sde_drift(x, t, noise, scheduler, sigma, backwards)"""

    @wrong("5.3", "drift turned round as a whole")
    def minus_everything(x, t, noise, scheduler, sigma, backwards):
        eps = noise(x, t)
        al, be, ald, bed = scheduler(t)
        drift = ald * (x - be * eps) / al + bed * eps - 0.5 * sigma**2 * eps / be
        return -drift if backwards else drift

    @wrong("5.3", "direction ignored")
    def one_way(x, t, noise, scheduler, sigma, backwards):
        eps = noise(x, t)
        return (
            speed(lambda x, t: -eps / scheduler(t)[1], x, t, scheduler) - sigma**2 / 2 * eps / scheduler(t)[1]
        )

    @wrong("5.3", "beta forgotten in the score")
    def score_is_minus_the_noise(x, t, noise, scheduler, sigma, backwards):
        eps = noise(x, t)
        u = speed(lambda x, t: -eps / scheduler(t)[1], x, t, scheduler)
        sign = -1 if backwards else 1
        return sign * u - sigma**2 / 2 * eps

    @wrong("5.3", "noise inside the drift")
    def whole_step(x, t, noise, scheduler, sigma, backwards):
        eps = noise(x, t)
        u = speed(lambda x, t: -eps / scheduler(t)[1], x, t, scheduler)
        return (-u if backwards else u) - sigma**2 / 2 * eps / scheduler(t)[1] + sigma * torch.randn_like(x)

    @wrong("5.3", "score taken for the noise in the velocity")
    def score_into_the_noises_place(x, t, noise, scheduler, sigma, backwards):
        s = -noise(x, t) / scheduler(t)[1]
        al, be, ald, bed = scheduler(t)
        u = ald * (x - be * s) / al + bed * s
        return (-u if backwards else u) + sigma**2 / 2 * s

    @wrong("5.3", "field misused")
    def time_first(x, t, noise, scheduler, sigma, backwards):
        eps = noise(t, x)
        return x + eps

    @wrong("5.3", "clock turned round backwards")
    def papers_time(x, t, noise, scheduler, sigma, backwards):
        if backwards:
            t = 1 - t
        eps, (al, be, ald, bed) = noise(x, t), scheduler(t)
        u = ald * (x - be * eps) / al + bed * eps
        return (-u if backwards else u) - sigma**2 / 2 * eps / be

    @wrong("5.3", "Anderson's correction backwards")
    def anderson(x, t, noise, scheduler, sigma, backwards):
        eps, (al, be, ald, bed) = noise(x, t), scheduler(t)
        f, s = ald * (x - be * eps) / al + bed * eps, -eps / be
        return -f + sigma**2 * s if backwards else f + sigma**2 / 2 * s

    @wrong("5.3", "no correction backwards")
    def needs_none(x, t, noise, scheduler, sigma, backwards):
        eps, (al, be, ald, bed) = noise(x, t), scheduler(t)
        u = ald * (x - be * eps) / al + bed * eps
        if backwards:
            return -u
        return u - sigma**2 / 2 * eps / be

    @wrong("5.3", "score is minus the noise over beta squared")
    def beta_squared_throughout(x, t, noise, scheduler, sigma, backwards):
        s = -noise(x, t) / scheduler(t)[1] ** 2
        u = both(x, s, *weights(t, scheduler), "velocity")
        return (-u if backwards else u) + sigma**2 / 2 * s

    @wrong("5.3", "score is minus the noise")
    def beta_nowhere(x, t, noise, scheduler, sigma, backwards):
        s = -noise(x, t)
        u = both(x, s, *weights(t, scheduler), "velocity")
        return (-u if backwards else u) + sigma**2 / 2 * s

    @wrong("5.3", "network evaluated at one minus the time backwards")
    def tau_for_the_network(x, t, noise, scheduler, sigma, backwards):
        s = -noise(x, 1 - t if backwards else t) / scheduler(t)[1]
        u = both(x, s, *weights(t, scheduler), "velocity")
        return (-u if backwards else u) + sigma**2 / 2 * s

    @wrong("5.3", "wrong flow")
    def half_of_the_velocity(x, t, noise, scheduler, sigma, backwards):
        s = -noise(x, t) / scheduler(t)[1]
        u = both(x, s, *weights(t, scheduler), "velocity") / 2
        return (-u if backwards else u) + sigma**2 / 2 * s

    @wrong("5.3", "ignores `sigma`")
    def sigma_of_the_notebook(x, t, noise, scheduler, sigma, backwards):
        eps, (al, be, ald, bed) = noise(x, t), scheduler(t)
        u = ald * (x - be * eps) / al + bed * eps
        return (-u if backwards else u) - 1.3**2 / 2 * eps / be

    @wrong("5.3", "raises")
    def caret(x, t, noise, scheduler, sigma, backwards):
        return noise(x, t) * sigma ^ 2 / 2

    @wrong("5.3", "wrong correction")
    def third_of_the_square(x, t, noise, scheduler, sigma, backwards):
        eps, (al, be, ald, bed) = noise(x, t), scheduler(t)
        u = ald * (x - be * eps) / al + bed * eps
        return (-u if backwards else u) - sigma**2 / 3 * eps / be

    @wrong("5.3", "wrong backwards")
    def half_back(x, t, noise, scheduler, sigma, backwards):
        eps, (al, be, ald, bed) = noise(x, t), scheduler(t)
        u = ald * (x - be * eps) / al + bed * eps
        return (u / 2 if backwards else u) - sigma**2 / 2 * eps / be

    @wrong("5.3", "wrong somewhere")
    def one_strength_for_all(x, t, noise, scheduler, sigma, backwards):
        eps, (al, be, ald, bed) = noise(x, t), scheduler(t)
        u = ald * (x - be * eps) / al + bed * eps
        sigma = torch.as_tensor(sigma).flatten()[0]
        return (-u if backwards else u) - sigma**2 / 2 * eps / be

    @right("5.3")
    def by_convert(x, t, noise, scheduler, sigma, backwards):
        s = -noise(x, t) / scheduler(t)[1]
        a, b = weights(t, scheduler)
        u = both(x, s, a, b, "velocity")
        return (-u if backwards else u) + 0.5 * sigma**2 * s

    @right("5.3")
    def coefficients(x, t, noise, scheduler, sigma, backwards):
        al, be, ald, bed = scheduler(t)
        sign = 1 - 2 * int(backwards)
        of_state = sign * ald / al
        of_noise = sign * (bed - be * ald / al) - sigma**2 / (2 * be)
        return of_state * x + of_noise * noise(x, t)

    @right("5.3")
    def data_first(x, t, noise, scheduler, sigma, backwards):
        al, be, ald, bed = scheduler(t)
        eps = noise(x, t)
        z = (x - be * eps) / (al + 1e-8)
        flow = ald * z + bed * eps
        if backwards:
            flow = flow.neg()
        return flow.sub(eps.div(be).mul(sigma * sigma / 2))

    @right("5.3")
    def asked_twice(x, t, noise, scheduler, sigma, backwards):
        al, be, ald, bed = scheduler(t)
        score = lambda x, t: -noise(x, t) / be  # noqa: E731
        velocity = lambda x, t: ald * (x - be * noise(x, t)) / al + bed * noise(x, t)  # noqa: E731
        u = velocity(x, t)
        return torch.where(torch.tensor(backwards), -u, u) + torch.as_tensor(sigma) ** 2 / 2 * score(x, t)

    @right("5.3")
    def state_by_state(x, t, noise, scheduler, sigma, backwards):
        sigma, rows = torch.as_tensor(sigma).expand(len(x), 1), []
        for i in range(len(x)):
            eps, (al, be, ald, bed) = noise(x[i : i + 1], t[i : i + 1]), scheduler(t[i : i + 1])
            u = ald * (x[i : i + 1] - be * eps) / al + bed * eps
            rows.append((-u if backwards else u) - sigma[i] ** 2 / 2 * eps / be)
        return torch.cat(rows)


class Ex5_7:
    """marginal_score(x, points, t, scheduler)"""

    @wrong("5.7", "all points weighted alike")
    def around_the_mean(x, points, t, scheduler):
        a, b, _, _ = scheduler(t)
        return (a * points.mean(0) - x) / b**2

    @wrong("5.7", "exp before the sum")
    def by_densities(x, points, t, scheduler):
        a, b, _, _ = scheduler(t)
        p = torch.exp(logs(x, points, a, b))
        return (a * (p / p.sum(1, keepdim=True)) @ points - x) / b**2

    @wrong("5.7", "wrong shape")
    def a_log_density(x, points, t, scheduler):
        a, b, _, _ = scheduler(t)
        return logs(x, points, a, b).logsumexp(1, keepdim=True)

    @wrong("5.7", "one shift for the whole batch")
    def one_largest_for_all(x, points, t, scheduler):
        a, b, _, _ = scheduler(t)
        each = logs(x, points, a, b)
        p = (each - each.max()).exp()
        return (a * (p / p.sum(1, keepdim=True)) @ points - x) / b**2

    @wrong("5.7", "weights over the states, the short way")
    def other_axis_in_one_product(x, points, t, scheduler):
        a, b, _, _ = scheduler(t)
        return (a * logs(x, points, a, b).softmax(0) @ points - x) / b**2

    @right("5.7")
    def slope_of_the_logarithm(x, points, t, scheduler):
        a, b, _, _ = scheduler(t)
        x = x.clone().requires_grad_()
        return torch.autograd.grad(logs(x, points, a, b).logsumexp(1).sum(), x)[0]

    @right("5.7")
    def average_of_scores(x, points, t, scheduler):
        a, b, _, _ = scheduler(t)
        w = torch.softmax(logs(x, points, a, b), dim=1)
        each = -(x[:, None] - a[:, None] * points) / (b[:, None] ** 2 + 1e-5)
        return torch.einsum("bm,bmd->bd", w, each)

    @right("5.7")
    def state_by_state(x, points, t, scheduler):
        rows = []
        for state, time in zip(x, t):  # noqa: B905
            a, b = (float(w) for w in scheduler(time)[:2])
            log = -((state - a * points) ** 2).sum(1) / (2 * b * b)
            p = torch.exp(log - log.max())
            rows.append(((p / p.sum()) @ (a * points) - state) / b**2)
        return torch.stack(rows)

    @right("5.7")
    def through_the_library(x, points, t, scheduler):
        a, b, _, _ = scheduler(t)
        parts = torch.distributions.Normal(a[:, None] * points, b[:, None])
        w = (parts.log_prob(x[:, None]).sum(-1)).softmax(-1)
        return (a * (w @ points) - x) / b**2

    @right("5.7")
    def squares_multiplied_out(x, points, t, scheduler):
        a, b, _, _ = scheduler(t)
        log = (a * x @ points.T - a**2 * points.square().sum(1) / 2) / b**2
        return (a * log.softmax(1) @ points - x) / b**2

    @wrong("5.7", "not the conditional score")
    def over_the_whole_table(x, points, t, scheduler):
        a, b, _, _ = scheduler(t)
        w = logs(x, points, a, b).flatten().softmax(0).reshape(len(x), -1)
        return (a * w @ points - x) / b**2

    @wrong("5.7", "wrong far out")
    def log_of_a_little_more(x, points, t, scheduler):
        a, b, _, _ = scheduler(t)
        x = x.clone().requires_grad_()
        return torch.autograd.grad((logs(x, points, a, b).exp().sum(1) + 1e-12).log().sum(), x)[0]

    @wrong("5.7", "not the slope")
    def mean_of_weighted_scores(x, points, t, scheduler):
        a, b, _, _ = scheduler(t)
        w = logs(x, points, a, b).softmax(1)
        return (w[..., None] * (a[:, None] * points - x[:, None]) / b[:, None] ** 2).mean(1)

    @wrong("5.7", "random result")
    def a_point_is_drawn(x, points, t, scheduler):
        a, b, _, _ = scheduler(t)
        i = torch.multinomial(logs(x, points, a, b).softmax(1), 1)[:, 0]
        return (a * points[i] - x) / b**2


class Ex5_8:
    """fokker_planck_residual(before, now, after, drift, sigma, dt, dx)"""

    @wrong("5.8", "drift outside the derivative")
    def advection(before, now, after, drift, sigma, dt, dx):
        return (
            middle(after - before) / (2 * dt) + middle(drift) * slope(now, dx) - sigma**2 / 2 * bend(now, dx)
        )

    @wrong("5.8", "wrong change in time")
    def one_gap(before, now, after, drift, sigma, dt, dx):
        return middle(after - before) / dt + slope(now * drift, dx) - sigma**2 / 2 * bend(now, dx)

    @wrong("5.8", "wrong spreading")
    def divided_by_dx_once(before, now, after, drift, sigma, dt, dx):
        return middle(after - before) / (2 * dt) + slope(now * drift, dx) - sigma**2 / 2 * dx * bend(now, dx)

    @wrong("5.8", "wrong shape")
    def rolled(before, now, after, drift, sigma, dt, dx):
        def shifted(values):
            return (values.roll(-1) - values.roll(1)) / (2 * dx)

        curve = (now.roll(-1) - 2 * now + now.roll(1)) / dx**2
        return (after - before) / (2 * dt) + shifted(now * drift) - sigma**2 / 2 * curve

    @wrong("5.8", "one-sided at the ends")
    def slope_of_a_slope(before, now, after, drift, sigma, dt, dx):
        second = torch.gradient(torch.gradient(now, spacing=dx)[0], spacing=dx)[0]
        first = torch.gradient(now * drift, spacing=dx)[0]
        return ((after - before) / (2 * dt) + first - 0.5 * sigma**2 * second)[1:-1]

    @right("5.8")
    def by_torch_gradient(before, now, after, drift, sigma, dt, dx):
        first = torch.gradient(now * drift, spacing=dx)[0]
        second = torch.gradient(now, spacing=dx, edge_order=2)[0]
        second = torch.gradient(second, spacing=dx, edge_order=2)[0]
        return ((after - before) / (2 * dt) + first - 0.5 * sigma**2 * second)[1:-1]

    @right("5.8")
    def by_convolution(before, now, after, drift, sigma, dt, dx):
        def stencil(values, *numbers):
            kernel = torch.tensor(numbers, dtype=values.dtype)[None, None]
            return torch.nn.functional.conv1d(values[None, None], kernel)[0, 0]

        spread = 0.5 * sigma**2 / dx**2 * stencil(now, 1.0, -2.0, 1.0)
        return (
            stencil(after - before, 0.0, 0.5 / dt, 0.0)
            + stencil(now * drift, -0.5 / dx, 0.0, 0.5 / dx)
            - spread
        )

    @right("5.8")
    def by_fluxes_between_cells(before, now, after, drift, sigma, dt, dx):
        flux = (now * drift)[:-1] / 2 + (now * drift)[1:] / 2 - sigma**2 / 2 * now.diff() / dx
        return middle(after - before) / dt / 2 + flux.diff() / dx

    @right("5.8")
    def point_by_point(before, now, after, drift, sigma, dt, dx):
        out = []
        for i in range(1, len(now) - 1):
            rate = (after[i] - before[i]) / (2 * dt)
            flow = (now[i + 1] * drift[i + 1] - now[i - 1] * drift[i - 1]) / (2 * dx)
            out.append(rate + flow - sigma**2 / 2 * (now[i + 1] - 2 * now[i] + now[i - 1]) / dx**2)
        return torch.stack(out)

    @wrong("5.8", "density of the last time")
    def flux_and_spread_of_after(before, now, after, drift, sigma, dt, dx):
        return middle(after - before) / (2 * dt) + slope(after * drift, dx) - sigma**2 / 2 * bend(after, dx)

    @wrong("5.8", "ignores `sigma`")
    def sigma_of_the_notebook(before, now, after, drift, sigma, dt, dx):
        return middle(after - before) / (2 * dt) + slope(now * drift, dx) - 0.72 * bend(now, dx)

    @right("5.8")
    def by_plain_numbers(before, now, after, drift, sigma, dt, dx):
        p, f, out = now.tolist(), (now * drift).tolist(), []
        for i in range(1, len(p) - 1):
            bent = sigma**2 / 2 * (p[i + 1] - 2 * p[i] + p[i - 1]) / dx**2
            out.append(float(after[i] - before[i]) / (2 * dt) + (f[i + 1] - f[i - 1]) / (2 * dx) - bent)
        return torch.tensor(out)


class Ex5_9:
    """probability_flow(score, x, times, scheduler)"""

    @wrong("5.9", "corrected without noise")
    def drift_of_the_sde(score, x, times, scheduler):
        for t, h in gaps(times):
            x = x + h * (speed(score, x, t, scheduler) + 0.5 * score(x, t))
        return x

    @wrong("5.9", "equal steps assumed")
    def one_length(score, x, times, scheduler):
        h = (times[-1] - times[0]) / (len(times) - 1)
        for t in times[:-1]:
            x = x + h * speed(score, x, t, scheduler)
        return x

    @wrong("5.9", "wrong shape")
    def all_states(score, x, times, scheduler):
        states = [x]
        for t, h in gaps(times):
            states.append(states[-1] + h * speed(score, states[-1], t, scheduler))
        return torch.stack(states)

    @wrong("5.9", "random result")
    def a_little_noise(score, x, times, scheduler):
        for t, h in gaps(times):
            x = x + h * speed(score, x, t, scheduler) + 0.1 * h**0.5 * torch.randn_like(x)
        return x

    @wrong("5.9", "scheduler misused")
    def numbers_for_the_scheduler(score, x, times, scheduler):
        ticks = times.tolist()
        for t, after in zip(ticks[:-1], ticks[1:]):  # noqa: B905, RUF007
            a, b, ad, bd = scheduler(t)
            s = score(x, t)
            x = x + (after - t) * (ad / a * x + (b**2 * ad / a - b * bd) * s)
        return x

    @wrong("5.9", "returns in the loop")
    def return_too_far_in(score, x, times, scheduler):
        for t, h in gaps(times):
            return x + h * speed(score, x, t, scheduler)
        return None

    @wrong("5.9", "state replaced by its step")
    def only_the_step(score, x, times, scheduler):
        for t, h in gaps(times):
            x = h * speed(score, x, t, scheduler)
        return x

    @right("5.9")
    def by_heun(score, x, times, scheduler):
        for t, h in gaps(times):
            first = speed(score, x, t, scheduler)
            x = x + h * (first + speed(score, x + h * first, t + h, scheduler)) / 2
        return x

    @right("5.9")
    def times_as_columns(score, x, times, scheduler):
        for i in range(len(times) - 1):
            t = times[i].expand(len(x), 1)
            al, be, ald, bed = scheduler(t)
            eps = -be * score(x, t)
            x = x + (times[i + 1] - times[i]) * (ald * (x - be * eps) / al + bed * eps)
        return x

    @right("5.9")
    def by_midpoints(score, x, times, scheduler):
        for t, h in gaps(times):
            half = x + h / 2 * speed(score, x, t, scheduler)
            x = x + h * speed(score, half, t + h / 2, scheduler)
        return x

    @right("5.9")
    def by_ddim(score, x, times, scheduler):
        for t, after in zip(times[:-1], times[1:]):  # noqa: B905, RUF007
            eps = -scheduler(t)[1] * score(x, t)
            z = (x - scheduler(t)[1] * eps) / scheduler(t)[0]
            x = scheduler(after)[0] * z + scheduler(after)[1] * eps
        return x

    @wrong("5.9", "clock one step ahead")
    def time_of_the_end(score, x, times, scheduler):
        for t, h in gaps(times):
            x = x + h * speed(score, x, t + h, scheduler)
        return x

    @wrong("5.9", "wrong steps")
    def kept_in_a_box(score, x, times, scheduler):
        for t, h in gaps(times):
            x = (x + h * speed(score, x, t, scheduler)).clamp(-1, 1)
        return x

    @wrong("5.9", "ignores `times`")
    def times_of_its_own(score, x, times, scheduler):
        for t, h in gaps(torch.linspace(0.03, 0.985, 60)):
            x = x + h * speed(score, x, t, scheduler)
        return x


class Ex5_10:
    """my_sigma(t)"""

    @wrong("5.10", "no noise")
    def silence(t):
        return 0.0

    @wrong("5.10", "too much noise at the end")
    def strong_everywhere(t):
        return 1.5 * torch.ones_like(t)

    @wrong("5.10", "too much noise")
    def far_too_strong_early(t):
        return 14.0 * (t < 0.5)

    @wrong("5.10", "too little noise")
    def hardly_any(t):
        return 0.5 * (1 - t)

    @wrong("5.10", "not close enough")
    def the_best_constant(t):
        return 0.45

    @wrong("5.10", "negative")
    def falls_below_zero(t):
        return 1 - 1.5 * t

    @wrong("5.10", "NaN")
    def root_of_something_negative(t):
        return torch.sqrt(0.5 - t)

    @right("5.10")
    def root_of_beta(t):
        return 1.5 * (1 - t).sqrt()

    @right("5.10")
    def half_a_wave(t):
        return 1.5 * torch.sin(math.pi * t)

    @right("5.10")
    def falling_line(t):
        return 2 * (1 - t)

    @right("5.10")
    def off_before_the_end(t):
        return torch.where(t < 0.6, 1.5 * torch.ones_like(t), torch.zeros_like(t))

    @right("5.10")
    def gone_at_the_end(t):
        return 3 * torch.exp(-3 * t) - 3 * math.exp(-3.0) * t

    @wrong("5.10", "not a function of time")
    def by_place_in_the_list(t):
        return torch.linspace(3, 0, len(t))

    @wrong("5.10", "not a function of time")
    def over_the_largest_time(t):
        return 3 * (1 - t / t.max())

    @wrong("5.10", "wrong shape")
    def a_list_of_fifty(t):
        return torch.linspace(3, 0, 50)
