"""Chapter 04, flow matching: answers as students write them."""

import copy

import numpy as np
import torch
from scipy.optimize import linear_sum_assignment

from coursekit import Euler, solve, time_grid, two_sample_test

from . import right, wrong

# ---------------------------------------------------------------- 4.1 velocity(x, z, t, scheduler)


@wrong("4.1", "way for velocity")
def z_minus_x(x, z, t, scheduler):
    return z - x


@wrong("4.1", "way to the scaled point")
def to_the_centre(x, z, t, scheduler):
    a, _, _, _ = scheduler(t)
    return a * z - x


@wrong("4.1", "straight line only")
def way_over_time_left(x, z, t, scheduler):
    return (z - x) / (1 - t)


@wrong("4.1", "slopes of the straight line")
def data_minus_noise(x, z, t, scheduler):
    a, b, _, _ = scheduler(t)
    eps = (x - a * z) / b
    return z - eps


@wrong("4.1", "beta not divided")
def rest_for_noise(x, z, t, scheduler):
    a, _b, da, db = scheduler(t)
    rest = x - a * z
    return da * z + db * rest


@wrong("4.1", "divided by beta squared")
def variance_for_width(x, z, t, scheduler):
    a, b, da, db = scheduler(t)
    return da * z + db * (x - a * z) / b.pow(2)


@wrong("4.1", "state for the noise")
def whole_state(x, z, t, scheduler):
    _, _, da, db = scheduler(t)
    return da * z + db * x


@wrong("4.1", "data left in the noise")
def ratio_times_state(x, z, t, scheduler):
    _, b, da, db = scheduler(t)
    return da * z + (db / b) * x


@wrong("4.1", "alpha missing")
def whole_point_subtracted(x, z, t, scheduler):
    _, b, da, db = scheduler(t)
    return da * z + db * (x - z) / b


@wrong("4.1", "sign of the noise part")
def extra_minus(x, z, t, scheduler):
    a, b, da, db = scheduler(t)
    return da * z - db * (x - a * z) / b


@wrong("4.1", "towards the noise")
def backwards(x, z, t, scheduler):
    a, b, da, db = scheduler(t)
    return -(da * z + db * (x - a * z) / b)


@wrong("4.1", "slopes swapped")
def dots_swapped(x, z, t, scheduler):
    a, b, db, da = scheduler(t)
    return da * z + db * (x - a * z) / b


@wrong("4.1", "alpha and beta swapped")
def all_swapped(x, z, t, scheduler):
    b, a, db, da = scheduler(t)
    return da * z + db * (x - a * z) / b


@wrong("4.1", "noise for velocity")
def half_way_there(x, z, t, scheduler):
    a, b, _, _ = scheduler(t)
    return (x - a * z) / b


@wrong("4.1", "one time for the whole batch")
def only_the_first_time(x, z, t, scheduler):
    a, b, da, db = (float(value) for value in scheduler(t.flatten()[0]))
    return da * z + db * (x - a * z) / b


@wrong("4.1", "raises")
def sized_like_the_batch(x, z, t, scheduler):
    a, b, da, db = (value.reshape(len(x), -1)[:, :1] for value in scheduler(t))
    return da * z + db * (x - a * z) / b + 0 * x


@wrong("4.1", "identity")
def nothing_done(x, z, t, scheduler):
    return x


@right("4.1")
def as_in_the_notes(x, z, t, scheduler):
    a, b, da, db = scheduler(t)
    ratio = db / b
    return (da - ratio * a) * z + ratio * x


@right("4.1")
def with_a_small_number(x, z, t, scheduler):
    a, b, da, db = scheduler(t)
    return da * z + db * (x - a * z) / (b + 1e-8)


@right("4.1")
def by_score(x, z, t, scheduler):
    a, b, da, db = scheduler(t)
    score = -(x - a * z) / b**2
    return (da / a) * x + (b**2 * da / a - b * db) * score


@right("4.1")
def by_autograd(x, z, t, scheduler):
    a, b, _, _ = scheduler(t)
    eps = ((x - a * z) / b).detach()

    def path(s):
        alpha, beta, _, _ = scheduler(s)
        return alpha * z + beta * eps

    return torch.autograd.functional.jvp(path, t, torch.ones_like(t))[1]


# ------------------------------------------------------ 4.2 posterior_weights(x, points, t, scheduler)


def logs_of(x, points, t, scheduler):
    a, b, _, _ = scheduler(t)
    return -((x[:, None] - a[:, None] * points) ** 2).sum(-1) / (2 * b**2)


@wrong("4.2", "normalised over the batch")
def softmax_over_states(x, points, t, scheduler):
    return torch.softmax(logs_of(x, points, t, scheduler), dim=0)


@wrong("4.2", "normalised over everything")
def one_for_all(x, points, t, scheduler):
    p = logs_of(x, points, t, scheduler).exp()
    return p / p.sum()


@wrong("4.2", "not normalised")
def densities(x, points, t, scheduler):
    return logs_of(x, points, t, scheduler).exp()


@wrong("4.2", "logarithms")
def log_weights(x, points, t, scheduler):
    logs = logs_of(x, points, t, scheduler)
    return logs - torch.logsumexp(logs, dim=1, keepdim=True)


@wrong("4.2", "exp before the sum")
def underflows(x, points, t, scheduler):
    p = torch.exp(logs_of(x, points, t, scheduler))
    return p / p.sum(dim=1, keepdim=True)


@wrong("4.2", "exp before the sum, and a small number")
def underflows_quietly(x, points, t, scheduler):
    p = torch.exp(logs_of(x, points, t, scheduler))
    return p / (p.sum(dim=1, keepdim=True) + 1e-10)


@wrong("4.2", "beta for beta squared")
def width_for_variance(x, points, t, scheduler):
    a, b, _, _ = scheduler(t)
    d = torch.cdist(x[:, None], a[:, None] * points)[:, 0]
    return torch.softmax(-(d**2) / (2 * b), dim=-1)


@wrong("4.2", "no half in the exponent")
def too_sure(x, points, t, scheduler):
    return (2 * logs_of(x, points, t, scheduler)).softmax(-1)


@wrong("4.2", "beta left out")
def no_width(x, points, t, scheduler):
    a, _, _, _ = scheduler(t)
    return (-((x[:, None] - a[:, None] * points) ** 2).sum(-1) / 2).softmax(-1)


@wrong("4.2", "sign of the exponent")
def far_is_likely(x, points, t, scheduler):
    return (-logs_of(x, points, t, scheduler)).softmax(-1)


@wrong("4.2", "distance not squared")
def cdist_alone(x, points, t, scheduler):
    a, b, _, _ = scheduler(t)
    d = torch.cdist(x[:, None], a[:, None] * points)[:, 0]
    return torch.softmax(-d / (2 * b**2), dim=-1)


@wrong("4.2", "mean over the coordinates")
def mean_of_squares(x, points, t, scheduler):
    a, b, _, _ = scheduler(t)
    return (-((x[:, None] - a[:, None] * points) ** 2).mean(-1) / (2 * b**2)).softmax(-1)


@wrong("4.2", "alpha left out")
def distance_to_the_data(x, points, t, scheduler):
    _, b, _, _ = scheduler(t)
    return (-((x[:, None] - points) ** 2).sum(-1) / (2 * b**2)).softmax(-1)


@wrong("4.2", "alpha and beta swapped")
def weights_swapped(x, points, t, scheduler):
    b, a, _, _ = scheduler(t)
    return (-((x[:, None] - a[:, None] * points) ** 2).sum(-1) / (2 * b**2)).softmax(-1)


@wrong("4.2", "nearest point only")
def hard_choice(x, points, t, scheduler):
    best = logs_of(x, points, t, scheduler).argmax(1)
    return torch.nn.functional.one_hot(best, len(points)).double()


@wrong("4.2", "axes swapped")
def columns(x, points, t, scheduler):
    return logs_of(x, points, t, scheduler).softmax(1).T


@wrong("4.2", "mean time for the whole batch")
def average_time(x, points, t, scheduler):
    return logs_of(x, points, t.mean().expand_as(t), scheduler).softmax(1)


@wrong("4.2", "raises")
def no_pairs(x, points, t, scheduler):
    a, b, _, _ = scheduler(t)
    return (-((x - a * points) ** 2).sum(-1) / (2 * b**2)).softmax(-1)


@right("4.2")
def by_log_sum_exp(x, points, t, scheduler):
    logs = logs_of(x, points, t, scheduler)
    return (logs - logs.logsumexp(dim=1, keepdim=True)).exp()


@right("4.2")
def by_hand_with_the_largest(x, points, t, scheduler):
    logs = logs_of(x, points, t, scheduler)
    p = (logs - logs.max(dim=1, keepdim=True).values).exp()
    return p / p.sum(1, keepdim=True)


@right("4.2")
def with_the_normaliser(x, points, t, scheduler):
    a, b, _, _ = scheduler(t)
    law = torch.distributions.Normal(a[..., None] * points, b[..., None])
    return law.log_prob(x[:, None]).sum(-1).softmax(-1)


@right("4.2")
def by_products(x, points, t, scheduler):
    a, b, _, _ = scheduler(t)
    logs = (a * (x @ points.T) - a**2 * points.square().sum(1) / 2) / b**2
    return torch.softmax(logs, 1)


@right("4.2")
def row_by_row(x, points, t, scheduler):
    return torch.stack(
        [logs_of(x[k : k + 1], points, t[k : k + 1], scheduler)[0].softmax(0) for k in range(len(x))]
    )


@wrong("4.2", "one shift for the whole batch")
def one_largest_for_all(x, points, t, scheduler):
    logs = logs_of(x, points, t, scheduler)
    p = (logs - logs.max()).exp()
    return p / p.sum(1, keepdim=True)


@wrong("4.2", "underflow")
def halves_for_what_is_lost(x, points, t, scheduler):
    p = logs_of(x, points, t, scheduler).exp()
    return torch.nan_to_num(p / p.sum(1, keepdim=True), nan=1 / len(points))


@wrong("4.2", "underflow")
def clamped_logarithms(x, points, t, scheduler):
    return logs_of(x, points, t, scheduler).clamp(min=-50).softmax(1)


@wrong("4.2", "underflow")
def a_little_for_each(x, points, t, scheduler):
    p = logs_of(x, points, t, scheduler).exp() + 1e-8
    return p / p.sum(1, keepdim=True)


@wrong("4.2", "straight line assumed")
def line_by_heart(x, points, t, scheduler):
    return (-((x[:, None] - t[:, None] * points) ** 2).sum(-1) / (2 * (1 - t) ** 2)).softmax(1)


@wrong("4.2", "beta squared multiplied")
def no_brackets_below(x, points, t, scheduler):
    a, b, _, _ = scheduler(t)
    return (-((x[:, None] - a[:, None] * points) ** 2).sum(-1) / 2 * b**2).softmax(1)


@wrong("4.2", "exponents")
def no_softmax(x, points, t, scheduler):
    return logs_of(x, points, t, scheduler)


# ---------------------------------------------------------------- 4.3 marginal_field(x, points, t, scheduler)


@wrong("4.3", "plain mean")
def no_weights(x, points, t, scheduler):
    return as_in_the_notes(x[:, None], points, t[:, None], scheduler).mean(1)


@wrong("4.3", "plain sum")
def all_added(x, points, t, scheduler):
    return as_in_the_notes(x[:, None], points, t[:, None], scheduler).sum(1)


@wrong("4.3", "nearest point only")
def likeliest(x, points, t, scheduler):
    return as_in_the_notes(x, points[by_products(x, points, t, scheduler).argmax(1)], t, scheduler)


@wrong("4.3", "weights over the wrong axis")
def weights_over_the_batch(x, points, t, scheduler):
    w = logs_of(x, points, t, scheduler).softmax(0)
    return (w[..., None] * as_in_the_notes(x[:, None], points, t[:, None], scheduler)).sum(1)


@wrong("4.3", "weights not normalised")
def by_densities(x, points, t, scheduler):
    w = logs_of(x, points, t, scheduler).exp()
    return (w[..., None] * as_in_the_notes(x[:, None], points, t[:, None], scheduler)).sum(1)


@wrong("4.3", "mean for sum")
def averaged_twice(x, points, t, scheduler):
    w = by_products(x, points, t, scheduler)
    return (w[..., None] * as_in_the_notes(x[:, None], points, t[:, None], scheduler)).mean(1)


@wrong("4.3", "way for velocity")
def division_lost(x, points, t, scheduler):
    return by_products(x, points, t, scheduler) @ points - x


@wrong("4.3", "straight line only")
def scheduler_forgotten(x, points, t, scheduler):
    return (by_products(x, points, t, scheduler) @ points - x) / (1 - t)


@wrong("4.3", "mean data point for velocity")
def denoised(x, points, t, scheduler):
    return by_products(x, points, t, scheduler) @ points


@wrong("4.3", "towards the noise")
def field_backwards(x, points, t, scheduler):
    return -as_in_the_notes(x, by_products(x, points, t, scheduler) @ points, t, scheduler)


@wrong("4.3", "exp before the sum")
def own_weights(x, points, t, scheduler):
    return as_in_the_notes(x, underflows(x, points, t, scheduler) @ points, t, scheduler)


@wrong("4.3", "one time for the whole batch")
def one_moment(x, points, t, scheduler):
    t = t[:1].expand_as(t)
    return as_in_the_notes(x, by_products(x, points, t, scheduler) @ points, t, scheduler)


@wrong("4.3", "wrong shape")
def sum_lost(x, points, t, scheduler):
    w = by_products(x, points, t, scheduler)
    return w[..., None] * as_in_the_notes(x[:, None], points, t[:, None], scheduler)


@right("4.3")
def arrow_to_the_mean(x, points, t, scheduler):
    return as_in_the_notes(x, by_log_sum_exp(x, points, t, scheduler) @ points, t, scheduler)


@right("4.3")
def by_einsum(x, points, t, scheduler):
    u = as_in_the_notes(x[:, None], points, t[:, None], scheduler)
    return torch.einsum("bn,bnd->bd", by_log_sum_exp(x, points, t, scheduler), u)


@right("4.3")
def in_a_loop(x, points, t, scheduler):
    w, total = by_products(x, points, t, scheduler), torch.zeros_like(x)
    for k, z in enumerate(points):
        total = total + w[:, k : k + 1] * as_in_the_notes(x, z.expand_as(x), t, scheduler)
    return total


@right("4.3")
def by_the_noise(x, points, t, scheduler):
    a, b, da, db = scheduler(t)
    z = by_products(x, points, t, scheduler) @ points
    return da * z + db * (x - a * z) / (b + 1e-9)


@wrong("4.3", "one shift for the whole batch")
def weights_with_one_largest(x, points, t, scheduler):
    return as_in_the_notes(x, one_largest_for_all(x, points, t, scheduler) @ points, t, scheduler)


@wrong("4.3", "straight line assumed")
def the_line_throughout(x, points, t, scheduler):
    return (line_by_heart(x, points, t, scheduler) @ points - x) / (1 - t)


@wrong("4.3", "nearest point by distance")
def nearest_to_the_state(x, points, t, scheduler):
    return as_in_the_notes(x, points[torch.cdist(x, points).argmin(1)], t, scheduler)


# ---------------------------------------------------------------- 4.5 train(net, loss, data, steps, lr)


def batch_of(data):
    return data[torch.randint(len(data), (256,))]


@wrong("4.5", "gradients add up")
def never_cleared(net, loss, data, steps, lr):
    opt, losses = torch.optim.Adam(net.parameters(), lr=lr), []
    for _ in range(steps):
        value = loss(net, batch_of(data))
        value.backward()
        opt.step()
        losses.append(value.item())
    return torch.tensor(losses)


@wrong("4.5", "gradients add up")
def cleared_once(net, loss, data, steps, lr):
    opt, losses = torch.optim.SGD(net.parameters(), lr=lr), []
    opt.zero_grad()
    for _ in range(steps):
        value = loss(net, batch_of(data))
        value.backward()
        opt.step()
        losses.append(value.item())
    return torch.tensor(losses)


@wrong("4.5", "no optimiser step")
def no_step(net, loss, data, steps, lr):
    opt, losses = torch.optim.Adam(net.parameters(), lr=lr), []
    for _ in range(steps):
        value = loss(net, batch_of(data))
        opt.zero_grad()
        value.backward()
        losses.append(value.detach())
    return torch.stack(losses)


@wrong("4.5", "gradients cleared too early")
def cleared_before_the_step(net, loss, data, steps, lr):
    opt, losses = torch.optim.Adam(net.parameters(), lr=lr), []
    for _ in range(steps):
        value = loss(net, batch_of(data))
        value.backward()
        opt.zero_grad()
        opt.step()
        losses.append(value.detach())
    return torch.stack(losses)


@wrong("4.5", "no backward")
def no_backward(net, loss, data, steps, lr):
    opt, losses = torch.optim.Adam(net.parameters(), lr=lr), []
    for _ in range(steps):
        opt.zero_grad()
        value = loss(net, batch_of(data))
        opt.step()
        losses.append(value.detach())
    return torch.stack(losses)


@wrong("4.5", "same batch each time")
def one_batch(net, loss, data, steps, lr):
    opt, losses = torch.optim.Adam(net.parameters(), lr=lr), []
    z = batch_of(data)
    for _ in range(steps):
        value = loss(net, z)
        opt.zero_grad()
        value.backward()
        opt.step()
        losses.append(value.detach())
    return torch.stack(losses)


@wrong("4.5", "same batch each time")
def first_rows(net, loss, data, steps, lr):
    return trained_by(net, loss, data[:256], steps, lr, lambda data: data)


@wrong("4.5", "whole data set in each step")
def everything(net, loss, data, steps, lr):
    return trained_by(net, loss, data, steps, lr, lambda data: data)


@wrong("4.5", "not the data")
def noisy_rows(net, loss, data, steps, lr):
    return trained_by(net, loss, data, steps, lr, lambda data: batch_of(data) + torch.randn(256, 1))


@wrong("4.5", "optimiser made anew")
def new_optimiser(net, loss, data, steps, lr):
    losses = []
    for _ in range(steps):
        opt = torch.optim.Adam(net.parameters(), lr=lr)
        value = loss(net, batch_of(data))
        opt.zero_grad()
        value.backward()
        opt.step()
        losses.append(value.detach())
    return torch.stack(losses)


@wrong("4.5", "trains a copy")
def on_a_copy(net, loss, data, steps, lr):
    return trained_by(copy.deepcopy(net), loss, data, steps, lr, batch_of)


@wrong("4.5", "returns before the end")
def indented_return(net, loss, data, steps, lr):
    opt, losses = torch.optim.Adam(net.parameters(), lr=lr), []
    for _ in range(steps):
        value = loss(net, batch_of(data))
        opt.zero_grad()
        value.backward()
        opt.step()
        losses.append(value.detach())
        return torch.stack(losses)
    return None


@wrong("4.5", "uphill")
def ascent(net, loss, data, steps, lr):
    opt, losses = torch.optim.Adam(net.parameters(), lr=lr), []
    for _ in range(steps):
        value = loss(net, batch_of(data))
        opt.zero_grad()
        (-value).backward()
        opt.step()
        losses.append(value.detach())
    return torch.stack(losses)


@wrong("4.5", "uphill")
def plus_the_gradient(net, loss, data, steps, lr):
    losses = []
    for _ in range(steps):
        value = loss(net, batch_of(data))
        net.zero_grad()
        value.backward()
        with torch.no_grad():
            for p in net.parameters():
                p += lr * p.grad
        losses.append(value.item())
    return torch.tensor(losses)


@wrong("4.5", "only the last loss")
def the_last(net, loss, data, steps, lr):
    return float(trained_by(net, loss, data, steps, lr, batch_of)[-1])


@wrong("4.5", "one step short")
def range_from_one(net, loss, data, steps, lr):
    return trained_by(net, loss, data, len(range(1, steps)), lr, batch_of)


@wrong("4.5", "lr not used")
def own_rate(net, loss, data, steps, lr):
    return trained_by(net, loss, data, steps, 0.05, batch_of)


@wrong("4.5", "not trained")
def default_rate(net, loss, data, steps, lr):
    return trained_by(net, loss, data, steps, 1e-3, batch_of)


@wrong("4.5", "losses not those of the steps")
def running_total(net, loss, data, steps, lr):
    return trained_by(net, loss, data, steps, lr, batch_of).cumsum(0)


@wrong("4.5", "network returned")
def the_network(net, loss, data, steps, lr):
    trained_by(net, loss, data, steps, lr, batch_of)
    return net


@wrong("4.5", "wrong type")
def two_things(net, loss, data, steps, lr):
    return net, trained_by(net, loss, data, steps, lr, batch_of)


@wrong("4.5", "loss computed once")
def outside_the_loop(net, loss, data, steps, lr):
    opt, losses = torch.optim.Adam(net.parameters(), lr=lr), []
    value = loss(net, batch_of(data))
    for _ in range(steps):
        opt.zero_grad()
        value.backward(retain_graph=True)
        torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        losses.append(value.item())
    opt.step()
    return torch.tensor(losses)


def trained_by(net, loss, data, steps, lr, draw):
    opt, losses = torch.optim.Adam(net.parameters(), lr=lr), []
    for _ in range(steps):
        value = loss(net, draw(data))
        opt.zero_grad()
        value.backward()
        opt.step()
        losses.append(value.detach())
    return torch.stack(losses)


@right("4.5")
def list_of_numbers(net, loss, data, steps, lr):
    return trained_by(net, loss, data, steps, lr, batch_of).tolist()


@right("4.5")
def numpy_row(net, loss, data, steps, lr):
    return trained_by(net, loss, data, steps, lr, batch_of).numpy()


@right("4.5")
def by_hand(net, loss, data, steps, lr):
    losses = torch.zeros(steps)
    for k in range(steps):
        value = loss(net, data[torch.randperm(len(data))[:256]])
        net.zero_grad()
        value.backward()
        with torch.no_grad():
            for p in net.parameters():
                p -= lr * p.grad
        losses[k] = value.item()
    return losses


@right("4.5")
def clears_afterwards_and_clips(net, loss, data, steps, lr):
    opt, losses = torch.optim.AdamW(net.parameters(), lr), []
    net.train()
    for _ in range(steps):
        value = loss(net, batch_of(data))
        value.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 10.0)
        opt.step()
        opt.zero_grad()
        losses.append(value)
    return torch.stack(losses)


@right("4.5")
def with_momentum_and_numpy(net, loss, data, steps, lr):
    rng = np.random.default_rng()
    opt, losses = torch.optim.SGD(net.parameters(), lr=lr / 2, momentum=0.5), []
    for _ in range(steps):
        opt.zero_grad()
        value = loss(net, data[rng.choice(len(data), 256, replace=False)])
        value.backward()
        opt.step()
        losses.append(value.item())
    return losses


@right("4.5")
def without_backward(net, loss, data, steps, lr):
    parameters, losses = list(net.parameters()), []
    for _ in range(steps):
        value = loss(net, batch_of(data))
        for p, g in zip(parameters, torch.autograd.grad(value, parameters), strict=True):
            p.data.sub_(lr * g)
        losses.append(value.detach())
    return torch.stack(losses)


@wrong("4.5", "only a part of the data")
def first_256_rows(net, loss, data, steps, lr):
    return trained_by(net, loss, data, steps, lr, lambda data: data[torch.randint(256, (256,))])


@wrong("4.5", "batch of another size")
def single_points(net, loss, data, steps, lr):
    return trained_by(net, loss, data, steps, lr, lambda data: data[torch.randint(len(data), (1,))])


@wrong("4.5", "batch of another size")
def small_batches(net, loss, data, steps, lr):
    return trained_by(net, loss, data, steps, lr, lambda data: data[torch.randint(len(data), (32,))])


@wrong("4.5", "rows in order")
def one_after_the_other(net, loss, data, steps, lr):
    starts = iter(range(10**6))
    return trained_by(
        net, loss, data, steps, lr, lambda data: data[(next(starts) * 256 + torch.arange(256)) % len(data)]
    )


@wrong("4.5", "several updates in a step")
def steps_twice(net, loss, data, steps, lr):
    opt, losses = torch.optim.Adam(net.parameters(), lr=lr), []
    for _ in range(steps):
        value = loss(net, batch_of(data))
        opt.zero_grad()
        value.backward()
        opt.step()
        opt.step()
        losses.append(value.detach())
    return torch.stack(losses)


@wrong("4.5", "update before the gradient")
def step_before_backward(net, loss, data, steps, lr):
    opt, losses = torch.optim.Adam(net.parameters(), lr=lr), []
    for _ in range(steps):
        value = loss(net, batch_of(data))
        opt.step()
        opt.zero_grad()
        value.backward()
        losses.append(value.detach())
    return torch.stack(losses)


@wrong("4.5", "one number for all losses")
def mean_of_the_losses(net, loss, data, steps, lr):
    return trained_by(net, loss, data, steps, lr, batch_of).mean()


@wrong("4.5", "new tensors for the weights")
def new_names_for_the_weights(net, loss, data, steps, lr):
    losses = []
    for _ in range(steps):
        value = loss(net, batch_of(data))
        for p, g in zip(net.parameters(), torch.autograd.grad(value, net.parameters()), strict=True):
            p = p - lr * g
        losses.append(value.detach())
    return torch.stack(losses)


@wrong("4.5", "no optimiser step")
def new_names_after_backward(net, loss, data, steps, lr):
    losses = []
    for _ in range(steps):
        value = loss(net, batch_of(data))
        net.zero_grad()
        value.backward()
        for p in net.parameters():
            p = p - lr * p.grad
        losses.append(value.detach())
    return torch.stack(losses)


@right("4.5")
def by_a_loader(net, loss, data, steps, lr):
    loader = torch.utils.data.DataLoader(data, batch_size=256, shuffle=True)
    opt, losses = torch.optim.Adam(net.parameters(), lr=lr), []
    while len(losses) < steps:
        for z in loader:
            value = loss(net, z)
            opt.zero_grad()
            value.backward()
            opt.step()
            losses.append(value.item())
            if len(losses) == steps:
                break
    return torch.tensor(losses)


# ---------------------------------------------------------------- 4.6 continuity(density, field, grid, t, dt)


def pieces(density, field, grid, t, dt):
    change = (density(grid, t + dt) - density(grid, t - dt)) / (2 * dt)
    return change[1:-1], density(grid, t), field(grid, t), (grid[1] - grid[0]).item()


@wrong("4.6", "sign of the outflow")
def minus_divergence(density, field, grid, t, dt):
    c, p, u, h = pieces(density, field, grid, t, dt)
    return c - ((p * u)[2:] - (p * u)[:-2]) / (2 * h)


@wrong("4.6", "slope of the field missing")
def advection(density, field, grid, t, dt):
    c, p, u, h = pieces(density, field, grid, t, dt)
    return c + u[1:-1] * (p[2:] - p[:-2]) / (2 * h)


@wrong("4.6", "slope of the density missing")
def divergence_of_u(density, field, grid, t, dt):
    c, p, u, h = pieces(density, field, grid, t, dt)
    return c + p[1:-1] * (u[2:] - u[:-2]) / (2 * h)


@wrong("4.6", "density missing in the flux")
def only_u(density, field, grid, t, dt):
    c, _p, u, h = pieces(density, field, grid, t, dt)
    return c + (u[2:] - u[:-2]) / (2 * h)


@wrong("4.6", "one spacing for two")
def half_the_distance(density, field, grid, t, dt):
    c, p, u, h = pieces(density, field, grid, t, dt)
    return c + ((p * u)[2:] - (p * u)[:-2]) / h


@wrong("4.6", "dt for two")
def half_the_time(density, field, grid, t, dt):
    c, p, u, h = pieces(density, field, grid, t, dt)
    return 2 * c + ((p * u)[2:] - (p * u)[:-2]) / (2 * h)


@wrong("4.6", "one-sided in space")
def to_the_right(density, field, grid, t, dt):
    c, p, u, h = pieces(density, field, grid, t, dt)
    return c + ((p * u)[2:] - (p * u)[1:-1]) / h


@wrong("4.6", "one-sided in time")
def forward_in_time(density, field, grid, t, dt):
    _, p, u, h = pieces(density, field, grid, t, dt)
    c = ((density(grid, t + dt) - p) / dt)[1:-1]
    return c + ((p * u)[2:] - (p * u)[:-2]) / (2 * h)


@wrong("4.6", "change in time missing")
def steady_only(density, field, grid, t, dt):
    _, p, u, h = pieces(density, field, grid, t, dt)
    return ((p * u)[2:] - (p * u)[:-2]) / (2 * h)


@wrong("4.6", "wrong shape")
def whole_grid(density, field, grid, t, dt):
    change = (density(grid, t + dt) - density(grid, t - dt)) / (2 * dt)
    return change + torch.gradient(density(grid, t) * field(grid, t), spacing=(grid,))[0]


@right("4.6")
def by_gradient(density, field, grid, t, dt):
    change = (density(grid, t + dt) - density(grid, t - dt)) / (2 * dt)
    return (change + torch.gradient(density(grid, t) * field(grid, t), spacing=(grid,))[0])[1:-1]


@right("4.6")
def by_rolling(density, field, grid, t, dt):
    flux, h = density(grid, t) * field(grid, t), float(grid[1] - grid[0])
    outflow = (flux.roll(-1) - flux.roll(1)) / (2 * h)
    return ((density(grid, t + dt) - density(grid, t - dt)) / 2 / dt + outflow)[1:-1]


@right("4.6")
def inside_only(density, field, grid, t, dt):
    left, inner, after = grid[:-2], grid[1:-1], grid[2:]
    outflow = (density(after, t) * field(after, t) - density(left, t) * field(left, t)) / (after - left)
    return outflow + (density(inner, t + dt) - density(inner, t - dt)) / (2 * dt)


@wrong("4.6", "two dt without brackets")
def times_dt(density, field, grid, t, dt):
    _, p, u, h = pieces(density, field, grid, t, dt)
    change = (density(grid, t + dt) - density(grid, t - dt)) / 2 * dt
    return change[1:-1] + ((p * u)[2:] - (p * u)[:-2]) / (2 * h)


@wrong("4.6", "brackets in time")
def only_the_earlier_divided(density, field, grid, t, dt):
    _, p, u, h = pieces(density, field, grid, t, dt)
    change = density(grid, t + dt) - density(grid, t - dt) / (2 * dt)
    return change[1:-1] + ((p * u)[2:] - (p * u)[:-2]) / (2 * h)


@wrong("4.6", "density misused")
def time_first_then_grid(density, field, grid, t, dt):
    change = (density(t + dt, grid) - density(t - dt, grid)) / (2 * dt)
    _, p, u, h = pieces(density, field, grid, t, dt)
    return change[1:-1] + ((p * u)[2:] - (p * u)[:-2]) / (2 * h)


@wrong("4.6", "absolute values")
def size_of_the_residual(density, field, grid, t, dt):
    return by_gradient(density, field, grid, t, dt).abs()


@wrong("4.6", "change at the wrong points")
def change_of_the_left_neighbour(density, field, grid, t, dt):
    _, p, u, h = pieces(density, field, grid, t, dt)
    change = (density(grid, t + dt) - density(grid, t - dt)) / (2 * dt)
    return change[:-2] + ((p * u)[2:] - (p * u)[:-2]) / (2 * h)


# ---------------------------------------------------------------- 4.7 loss_floor(field, z)


def squares_of(field, z, target=lambda z, eps, x: z - eps):
    t, eps = torch.rand(len(z), 1), torch.randn_like(z)
    x = t * z + (1 - t) * eps
    return (target(z, eps, x) - field(x, t)).square().mean(1)


@wrong("4.7", "field left out")
def no_field(field, z):
    q = (z - torch.randn_like(z)).square().mean(1)
    return q.mean(), q.std() / len(z) ** 0.5


@wrong("4.7", "z minus x_t")
def floor_of_the_way(field, z):
    q = squares_of(field, z, lambda z, eps, x: z - x)
    return q.mean(), q.std() / len(z) ** 0.5


@wrong("4.7", "eps minus z")
def floor_backwards(field, z):
    q = squares_of(field, z, lambda z, eps, x: eps - z)
    return q.mean(), q.std() / len(z) ** 0.5


@wrong("4.7", "distance from z")
def floor_of_the_data(field, z):
    q = squares_of(field, z, lambda z, eps, x: z)
    return q.mean(), q.std() / len(z) ** 0.5


@wrong("4.7", "spread for standard error")
def no_root_of_n(field, z):
    q = squares_of(field, z)
    return q.mean(), q.std()


@wrong("4.7", "variance of the mean")
def root_forgotten(field, z):
    q = squares_of(field, z)
    return q.mean(), q.var() / len(z)


@wrong("4.7", "divided by n")
def n_for_its_root(field, z):
    q = squares_of(field, z)
    return q.mean(), q.std() / len(z)


@wrong("4.7", "norm after the mean")
def floor_mean_first(field, z):
    t, eps = torch.rand(len(z), 1), torch.randn_like(z)
    d = z - eps - field(t * z + (1 - t) * eps, t)
    return d.mean(0).square().mean(), d.std() / len(z) ** 0.5


@wrong("4.7", "wrong type")
def estimate_alone(field, z):
    return squares_of(field, z).mean()


@right("4.7")
def plain_floats(field, z):
    q = squares_of(field, z)
    return float(q.mean()), float(q.std(unbiased=False) / np.sqrt(len(z)))


@right("4.7")
def as_one_tensor(field, z):
    q = squares_of(field, z)
    return torch.stack([q.mean(), (q.var() / len(q)).sqrt()])


@right("4.7")
def floor_summed_over_axes(field, z):
    q = squares_of(field, z) * z.shape[1]
    return q.mean(), q.std() / len(z) ** 0.5


@right("4.7")
def numpy_and_flat_time(field, z):
    t = torch.as_tensor(np.random.default_rng().random(len(z)))
    eps = torch.randn(z.shape)
    q = (z - eps - field(t[:, None] * z + (1 - t)[:, None] * eps, t)).pow(2).mean(-1)
    return [q.mean(), q.std() * len(z) ** -0.5]


@wrong("4.7", "root at the end")
def root_of_the_mean(field, z):
    q = squares_of(field, z)
    return q.mean().sqrt(), q.std() / len(z) ** 0.5


@wrong("4.7", "one time always")
def at_half_time(field, z):
    t, eps = torch.full((len(z), 1), 0.5), torch.randn_like(z)
    q = (z - eps - field(t * z + (1 - t) * eps, t)).square().mean(1)
    return q.mean(), q.std() / len(z) ** 0.5


@wrong("4.7", "every coordinate a draw")
def error_over_all_numbers(field, z):
    t, eps = torch.rand(len(z), 1), torch.randn_like(z)
    s = (z - eps - field(t * z + (1 - t) * eps, t)).square()
    return s.mean(), s.std() / s.numel() ** 0.5


@wrong("4.7", "nothing fresh")
def with_a_seed(field, z):
    torch.manual_seed(3)
    q = squares_of(field, z)
    return q.mean(), q.std() / len(z) ** 0.5


@wrong("4.7", "rand for randn")
def uniform_draws(field, z):
    t, eps = torch.rand(len(z), 1), torch.rand_like(z)
    q = (z - eps - field(t * z + (1 - t) * eps, t)).square().mean(1)
    return q.mean(), q.std() / len(z) ** 0.5


@wrong("4.7", "one time for the whole batch")
def shared_time(field, z):
    t, eps = torch.rand(1, 1), torch.randn_like(z)
    q = (z - eps - field(t * z + (1 - t) * eps, t)).square().mean(1)
    return q.mean(), q.std() / len(z) ** 0.5


@wrong("4.7", "order of the two")
def error_first(field, z):
    q = squares_of(field, z)
    return q.std() / len(z) ** 0.5, q.mean()


# ---------------------------------------------------------------- 4.8 steps_needed(field, fresh)


def tried(field, fresh, counts=(1, 2, 4, 8, 16, 32, 64), draw=torch.randn_like, ends=(0.0, 1.0)):
    for steps in counts:
        x = solve(field, draw(fresh), time_grid(steps, *ends), Euler())
        test = two_sample_test(x, fresh)
        if test.statistic <= test.level():
            return steps
    return 0


@wrong("4.8", "comparison turned round")
def above_the_level(field, fresh):
    for steps in (1, 2, 4, 8, 16, 32, 64):
        test = two_sample_test(solve(field, torch.randn_like(fresh), time_grid(steps), Euler()), fresh)
        if test.statistic > test.level():
            return steps
    return 0


@wrong("4.8", "largest number first")
def downwards(field, fresh):
    return tried(field, fresh, (64, 32, 16, 8, 4, 2, 1))


@wrong("4.8", "starts from the data")
def from_data(field, fresh):
    return tried(field, fresh, draw=lambda fresh: fresh)


@wrong("4.8", "start not normal")
def from_uniform(field, fresh):
    return tried(field, fresh, draw=torch.rand_like)


@wrong("4.8", "starts at another time")
def from_one_to_zero(field, fresh):
    return tried(field, fresh, ends=(1.0, 0.0))


@wrong("4.8", "ends on the way")
def half_way(field, fresh):
    return tried(field, fresh, ends=(0.0, 0.5))


@wrong("4.8", "compared with the noise")
def noise_twice(field, fresh):
    for steps in (1, 2, 4, 8, 16, 32, 64):
        x0 = torch.randn_like(fresh)
        test = two_sample_test(solve(field, x0, time_grid(steps), Euler()), torch.randn_like(fresh))
        if test.statistic <= test.level():
            return steps
    return 0


@wrong("4.8", "nothing is enough")
def never_gives_up(field, fresh):
    return tried(field, fresh) or 64


@wrong("4.8", "returns nothing")
def no_return_behind_the_loop(field, fresh):
    return tried(field, fresh) or None


@right("4.8")
def by_p_value(field, fresh):
    for steps in [2**k for k in range(7)]:
        x1 = solve(field, torch.randn(fresh.shape), time_grid(steps), Euler())
        if two_sample_test(x1, fresh).p_value > 0.05:
            return steps
    return 0


@right("4.8")
def own_loop(field, fresh):
    for k in range(7):
        x, h = torch.randn_like(fresh), 1 / 2**k
        for j in range(2**k):
            x = x + h * field(x, torch.full((len(x), 1), j * h))
        test = two_sample_test(x.detach(), fresh, permutations=100)
        if test.level() >= test.statistic:
            return torch.tensor(2.0**k)
    return 0


@right("4.8")
def all_then_choose(field, fresh):
    found = [0]
    for steps in (64, 32, 16, 8, 4, 2, 1):
        test = two_sample_test(solve(field, torch.randn_like(fresh), time_grid(steps), Euler()), fresh)
        if test.statistic < test.level(0.05):
            found.append(steps)
    return min(found[1:], default=0)


@right("4.8")
def one_noise_for_all(field, fresh):
    x0 = torch.randn_like(fresh)
    return tried(field, fresh, draw=lambda fresh: x0)


@right("4.8")
def a_whole_number_in_a_tensor(field, fresh):
    return torch.tensor(tried(field, fresh))


@wrong("4.8", "gives up at once")
def zero_inside_the_loop(field, fresh):
    for steps in (1, 2, 4, 8, 16, 32, 64):
        x = solve(field, torch.randn_like(fresh), time_grid(steps), Euler())
        test = two_sample_test(x, fresh)
        if test.statistic <= test.level():
            return steps
        return 0
    return None


@wrong("4.8", "wrong for a steady field")
def the_next_number(field, fresh):
    return 2 * tried(field, fresh)


@wrong("4.8", "fixed level")
def a_level_of_its_own(field, fresh):
    for steps in (1, 2, 4, 8, 16, 32, 64):
        x = solve(field, torch.randn_like(fresh), time_grid(steps), Euler())
        if two_sample_test(x, fresh).statistic <= 0.05:
            return steps
    return 0


@wrong("4.8", "another number of samples")
def a_hundred_samples(field, fresh):
    return tried(field, fresh, draw=lambda fresh: torch.randn(100, 2))


@wrong("4.8", "calls miscounted")
def by_heun(field, fresh):
    for steps in (1, 2, 4, 8, 16, 32, 64):
        test = two_sample_test(solve(field, torch.randn_like(fresh), time_grid(steps)), fresh)
        if test.statistic <= test.level():
            return steps
    return 0


# ---------------------------------------------------------------- 4.9 my_pairs(z, eps)


@wrong("4.9", "no better than chance")
def shuffled(z, eps):
    return eps[torch.randperm(len(eps))]


@wrong("4.9", "no better than chance")
def inverse_order(z, eps):
    _rows, cols = linear_sum_assignment(torch.cdist(eps, z).square().numpy())
    return eps[torch.as_tensor(cols)]


@wrong("4.9", "no better than chance")
def sorted_alone(z, eps):
    return eps[eps[:, 0].argsort()]


@wrong("4.9", "nearest noise")
def each_takes_the_nearest(z, eps):
    return eps[torch.cdist(z, eps).argmin(dim=1)]


@wrong("4.9", "farthest pairs")
def maximised(z, eps):
    return eps[linear_sum_assignment(torch.cdist(z, eps).square().numpy(), maximize=True)[1]]


@wrong("4.9", "coordinates torn apart")
def each_axis(z, eps):
    ranks = z.argsort(dim=0).argsort(dim=0)
    return eps.sort(dim=0).values.gather(0, ranks)


@wrong("4.9", "one axis only")
def first_axis(z, eps):
    return eps[eps[:, 0].argsort()][z[:, 0].argsort().argsort()]


@wrong("4.9", "not the same noise")
def pulled_closer(z, eps):
    return (z + eps) / 2


@wrong("4.9", "identity")
def unchanged(z, eps):
    return eps


@right("4.9")
def solver(z, eps):
    return eps[linear_sum_assignment(torch.cdist(z, eps).square().numpy())[1]]


@right("4.9")
def plain_distance(z, eps):
    return eps[torch.as_tensor(linear_sum_assignment(torch.cdist(z, eps).numpy())[1])]


@right("4.9")
def by_angle(z, eps):
    angles = [torch.atan2(x[:, 1], x[:, 0]) for x in (z, eps)]
    return eps[angles[1].argsort()][angles[0].argsort().argsort()]


@right("4.9")
def one_after_another(z, eps):
    cost = torch.cdist(z, eps).square()
    chosen = []
    for row in cost:
        row = row.clone()
        row[chosen] = float("inf")
        chosen.append(int(row.argmin()))
    return eps[chosen]


@right("4.9")
def few_exchanges(z, eps):
    eps = eps.clone()
    for _ in range(15):
        a, b = torch.randperm(len(z)).chunk(2)
        worse = ((z[a] - z[b]) * (eps[a] - eps[b])).sum(1) < 0
        a, b = a[worse], b[worse]
        eps[a], eps[b] = eps[b], eps[a].clone()
    return eps


@wrong("4.9", "not the same noise")
def exchanged_without_a_copy(z, eps):
    out = eps.clone()
    for _ in range(30):
        a, b = torch.randperm(len(z)).chunk(2)
        worse = ((z[a] - z[b]) * (out[a] - out[b])).sum(1) < 0
        a, b = a[worse], b[worse]
        out[a] = out[b]
        out[b] = out[a]
    return out


@wrong("4.9", "order returned")
def row_numbers(z, eps):
    return torch.as_tensor(linear_sum_assignment(torch.cdist(z, eps).square().numpy())[1])


@wrong("4.9", "no better than chance")
def by_radius(z, eps):
    return eps[eps.norm(dim=1).argsort()][z.norm(dim=1).argsort().argsort()]
