"""Chapter 04, flow matching: answers as students write them; a class for each exercise."""

import copy
import random

import numpy as np
import torch
from scipy.optimize import linear_sum_assignment

from coursekit import Euler, Heun, simulate, solve, time_grid
from coursekit.training import EMA

from . import right, wrong


@right("4.1")
def as_in_the_notes(x, z, t, scheduler):
    a, b, da, db = scheduler(t)
    ratio = db / b
    return (da - ratio * a) * z + ratio * x


def mixed(rule):
    return lambda x, z, t, scheduler: rule(x, z, *scheduler(t))


class Ex4_1:
    """velocity(x, z, t, scheduler)."""

    way_over_time_left = wrong("4.1", "straight line only")(lambda x, z, t, scheduler: (z - x) / (1 - t))
    dots_swapped = wrong("4.1", "slopes swapped")(
        mixed(lambda x, z, a, b, db, da: da * z + db * (x - a * z) / b)
    )
    nothing_done = wrong("4.1", "identity")(lambda x, z, t, scheduler: x)
    with_a_small_number = right("4.1")(
        mixed(lambda x, z, a, b, da, db: da * z + db * (x - a * z) / (b + 1e-8))
    )
    never_divides_by_little = wrong("4.1", "wrong noise part")(
        mixed(lambda x, z, a, b, da, db: da * z + db * (x - a * z) / b.clamp(min=0.1))
    )

    @wrong("4.1", "beta not divided")
    def rest_for_noise(x, z, t, scheduler):
        a, _b, da, db = scheduler(t)
        rest = x - a * z
        return da * z + db * rest

    @wrong("4.1", "one time for the whole batch")
    def only_the_first_time(x, z, t, scheduler):
        a, b, da, db = (float(value) for value in scheduler(t.flatten()[0]))
        return da * z + db * (x - a * z) / b

    @wrong("4.1", "raises")
    def sized_like_the_batch(x, z, t, scheduler):
        a, b, da, db = (value.reshape(len(x), -1)[:, :1] for value in scheduler(t))
        return da * z + db * (x - a * z) / b + 0 * x

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

    @wrong("4.1", "wrong data part")
    def a_difference_with_a_long_step(x, z, t, scheduler):
        a, b, _, _ = scheduler(t)
        later, narrower, _, _ = scheduler(t + 0.1)
        return (later * z + narrower * (x - a * z) / b - x) / 0.1

    @wrong("4.1", "wrong shape")
    def two_coordinates(x, z, t, scheduler):
        u = as_in_the_notes(x, z, t, scheduler)
        return torch.stack([u[..., 0], u[..., 1]], dim=-1)

    @right("4.1")
    def in_double_precision(x, z, t, scheduler):
        a, b, da, db = scheduler(t.double())
        return ((db / b) * x + (da * b - a * db) / b * z).float()


def logs_of(x, points, t, scheduler):
    a, b, _, _ = scheduler(t)
    return -((x[:, None] - a[:, None] * points) ** 2).sum(-1) / (2 * b**2)


@right("4.2")
def by_products(x, points, t, scheduler):
    a, b, _, _ = scheduler(t)
    logs = (a * (x @ points.T) - a**2 * points.square().sum(1) / 2) / b**2
    return torch.softmax(logs, 1)


@right("4.2")
def by_log_sum_exp(x, points, t, scheduler):
    logs = logs_of(x, points, t, scheduler)
    return (logs - logs.logsumexp(dim=1, keepdim=True)).exp()


@wrong("4.2", "exp before the sum")
def underflows(x, points, t, scheduler):
    p = torch.exp(logs_of(x, points, t, scheduler))
    return p / p.sum(dim=1, keepdim=True)


@wrong("4.2", "one shift for the whole batch")
def one_largest_for_all(x, points, t, scheduler):
    logs = logs_of(x, points, t, scheduler)
    p = (logs - logs.max()).exp()
    return p / p.sum(1, keepdim=True)


@wrong("4.2", "straight line assumed")
def line_by_heart(x, points, t, scheduler):
    return (-((x[:, None] - t[:, None] * points) ** 2).sum(-1) / (2 * (1 - t) ** 2)).softmax(1)


class Ex4_2:
    """posterior_weights(x, points, t, scheduler)."""

    softmax_over_states = wrong("4.2", "normalised over the batch")(
        lambda x, points, t, scheduler: torch.softmax(logs_of(x, points, t, scheduler), dim=0)
    )
    columns = wrong("4.2", "axes swapped")(
        lambda x, points, t, scheduler: logs_of(x, points, t, scheduler).softmax(1).T
    )
    row_by_row = right("4.2")(
        lambda x, points, t, scheduler: torch.stack(
            [logs_of(x[k : k + 1], points, t[k : k + 1], scheduler)[0].softmax(0) for k in range(len(x))]
        )
    )
    clamped_logarithms = wrong("4.2", "underflow")(
        lambda x, points, t, scheduler: logs_of(x, points, t, scheduler).clamp(min=-50).softmax(1)
    )
    from_a_state_of_its_own = wrong("4.2", "random result")(
        lambda x, points, t, scheduler: logs_of(torch.randn_like(x), points, t, scheduler).softmax(1)
    )

    @wrong("4.2", "exp before the sum, and a small number")
    def underflows_quietly(x, points, t, scheduler):
        p = torch.exp(logs_of(x, points, t, scheduler))
        return p / (p.sum(dim=1, keepdim=True) + 1e-10)

    @wrong("4.2", "beta for beta squared")
    def width_for_variance(x, points, t, scheduler):
        a, b, _, _ = scheduler(t)
        d = torch.cdist(x[:, None], a[:, None] * points)[:, 0]
        return torch.softmax(-(d**2) / (2 * b), dim=-1)

    @wrong("4.2", "nearest point only")
    def hard_choice(x, points, t, scheduler):
        best = logs_of(x, points, t, scheduler).argmax(1)
        return torch.nn.functional.one_hot(best, len(points)).double()

    @wrong("4.2", "raises")
    def no_pairs(x, points, t, scheduler):
        a, b, _, _ = scheduler(t)
        return (-((x - a * points) ** 2).sum(-1) / (2 * b**2)).softmax(-1)

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

    @wrong("4.2", "underflow")
    def halves_for_what_is_lost(x, points, t, scheduler):
        p = logs_of(x, points, t, scheduler).exp()
        return torch.nan_to_num(p / p.sum(1, keepdim=True), nan=1 / len(points))

    @wrong("4.2", "underflow")
    def a_little_for_each(x, points, t, scheduler):
        p = logs_of(x, points, t, scheduler).exp() + 1e-8
        return p / p.sum(1, keepdim=True)

    @wrong("4.2", "underflow")
    def all_or_nothing_for_what_is_lost(x, points, t, scheduler):
        p = logs_of(x, points, t, scheduler).exp()
        best = logs_of(x, points, t, scheduler).argmax(1, keepdim=True)
        return torch.where(
            p.sum(1, keepdim=True) > 0, p / p.sum(1, keepdim=True), torch.zeros_like(p).scatter(1, best, 1)
        )

    @wrong("4.2", "wrong odds")
    def never_quite_zero(x, points, t, scheduler):
        p = logs_of(x, points, t, scheduler).softmax(1).clamp(min=1e-4)
        return p / p.sum(1, keepdim=True)

    @right("4.2")
    def softmin_of_scaled_distances(x, points, t, scheduler):
        a, b, _, _ = scheduler(t)
        distances = torch.cdist((x / b)[:, None], (a / b)[:, None] * points)[:, 0]
        return torch.nn.functional.softmin(distances**2 / 2, dim=-1)

    @right("4.2")
    def by_numpy(x, points, t, scheduler):
        logs = logs_of(x, points, t, scheduler).double().numpy()
        p = np.exp(logs - logs.max(axis=1, keepdims=True))
        return torch.from_numpy(p / p.sum(axis=1, keepdims=True))


class Ex4_3:
    """marginal_field(x, points, t, scheduler)."""

    no_weights = wrong("4.3", "plain mean")(
        lambda x, points, t, scheduler: as_in_the_notes(x[:, None], points, t[:, None], scheduler).mean(1)
    )
    likeliest = wrong("4.3", "nearest point only")(
        lambda x, points, t, scheduler: as_in_the_notes(
            x, points[by_products(x, points, t, scheduler).argmax(1)], t, scheduler
        )
    )
    own_weights = wrong("4.3", "exp before the sum")(
        lambda x, points, t, scheduler: as_in_the_notes(
            x, underflows(x, points, t, scheduler) @ points, t, scheduler
        )
    )
    the_line_throughout = wrong("4.3", "straight line assumed")(
        lambda x, points, t, scheduler: (line_by_heart(x, points, t, scheduler) @ points - x) / (1 - t)
    )
    arrow_to_the_mean = right("4.3")(
        lambda x, points, t, scheduler: as_in_the_notes(
            x, by_log_sum_exp(x, points, t, scheduler) @ points, t, scheduler
        )
    )

    @wrong("4.3", "mean for sum")
    def averaged_twice(x, points, t, scheduler):
        w = by_products(x, points, t, scheduler)
        return (w[..., None] * as_in_the_notes(x[:, None], points, t[:, None], scheduler)).mean(1)

    @wrong("4.3", "wrong shape")
    def sum_lost(x, points, t, scheduler):
        w = by_products(x, points, t, scheduler)
        return w[..., None] * as_in_the_notes(x[:, None], points, t[:, None], scheduler)

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

    @wrong("4.3", "wrong for one point")
    def score_for_velocity(x, points, t, scheduler):
        a, b, _, _ = scheduler(t)
        return (a * (by_products(x, points, t, scheduler) @ points) - x) / b**2

    @wrong("4.3", "wrong on the line")
    def the_two_likeliest(x, points, t, scheduler):
        w, rows = by_products(x, points, t, scheduler).topk(min(2, len(points)), dim=1)
        u = as_in_the_notes(x[:, None], points[rows], t[:, None], scheduler)
        return (w[..., None] * u).sum(1) / w.sum(1, keepdim=True)

    @wrong("4.3", "wrong late in time")
    def equal_weights_for_what_is_lost(x, points, t, scheduler):
        w = underflows(x, points, t, scheduler).nan_to_num(1 / len(points))
        return as_in_the_notes(x, w @ points, t, scheduler)

    @wrong("4.3", "random result")
    def one_point_by_lot(x, points, t, scheduler):
        rows = torch.multinomial(by_log_sum_exp(x, points, t, scheduler), 1)[:, 0]
        return as_in_the_notes(x, points[rows], t, scheduler)

    @right("4.3")
    def by_the_score(x, points, t, scheduler):
        a, b, da, db = scheduler(t)
        x = x.clone().requires_grad_()
        logs = torch.logsumexp(logs_of(x, points, t, scheduler), dim=1).sum()
        (score,) = torch.autograd.grad(logs, x)
        return (da / a) * x + (b**2 * da / a - b * db) * score


def batch_of(data, rows=256):
    return data[torch.randint(len(data), (rows,))]


def lerped(smooth, net, decay):
    with torch.no_grad():
        for average, weight in zip(smooth.parameters(), net.parameters(), strict=True):
            average.lerp_(weight, 1 - decay)


def followed(answer):
    """A loop without a copy, watched from outside: a copy follows the weights from one loss to the next."""

    def train(net, loss, data, steps, lr, decay):
        smooth, seen = copy.deepcopy(net), []

        def watched(asked, z):
            if seen:
                lerped(smooth, net, decay)
            seen.append(0)
            return loss(asked, z)

        losses = answer(net, watched, data, steps, lr)
        lerped(smooth, net, decay)
        return losses, smooth

    return train


def training(
    draw=batch_of,
    calls="zero back step",
    rate=lambda lr: lr,
    finish=lambda losses, net: losses,
    follow=lerped,
    result=lambda losses, smooth: (losses, smooth),
):
    """The usual loop, with batches, calls in a step, a learning rate or a result of another kind."""

    def train(net, loss, data, steps, lr, decay):
        smooth = copy.deepcopy(net)
        opt, losses = torch.optim.Adam(net.parameters(), lr=rate(lr)), []
        for _ in range(steps):
            value = loss(net, draw(data))
            for call in calls.split():
                {"zero": opt.zero_grad, "back": value.backward, "step": opt.step}[call]()
            follow(smooth, net, decay)
            losses.append(value.detach())
        return result(finish(torch.stack(losses), net), smooth)

    return train


class Ex4_5:
    """train(net, loss, data, steps, lr, decay)."""

    first_rows = wrong("4.5", "same batch each time")(training(lambda data: data[:256]))
    everything = wrong("4.5", "whole data set in each step")(training(lambda data: data))
    noisy_rows = wrong("4.5", "not the data")(training(lambda data: batch_of(data) + torch.randn(256, 1)))
    a_law_of_its_own = wrong("4.5", "not the data")(training(lambda data: 1.5 + 0.5 * torch.randn(256, 1)))
    first_256 = wrong("4.5", "only a part of the data")(training(lambda data: batch_of(data[:256])))
    first_half = wrong("4.5", "only a part of the data")(
        training(lambda data: batch_of(data[: len(data) // 2]))
    )
    single_points = wrong("4.5", "batch of another size")(training(lambda data: batch_of(data, 1)))
    small_batches = wrong("4.5", "batch of another size")(training(lambda data: batch_of(data, 32)))
    a_window = wrong("4.5", "rows in order")(
        training(lambda data: data[int(torch.randint(1745, ())) :][:256])
    )
    rows_of_the_lab = wrong("4.5", "raises")(training(lambda data: data[torch.randint(2000, (256,))]))
    never_cleared = wrong("4.5", "gradients add up")(training(calls="back step"))
    no_step = wrong("4.5", "no optimiser step")(training(calls="zero back"))
    cleared_before_the_step = wrong("4.5", "gradients cleared too early")(training(calls="back zero step"))
    no_backward = wrong("4.5", "no backward")(training(calls="zero step"))
    steps_twice = wrong("4.5", "several updates in a step")(training(calls="zero back step step"))
    step_before_backward = wrong("4.5", "update before the gradient")(training(calls="step zero back"))
    own_rate = wrong("4.5", "lr not used")(training(rate=lambda lr: 0.05))
    a_hundred_times_the_rate = wrong("4.5", "lr not used")(training(rate=lambda lr: 100 * lr))
    default_rate = wrong("4.5", "not trained")(training(rate=lambda lr: 1e-3))
    running_total = wrong("4.5", "losses not those of the steps")(
        training(finish=lambda ls, net: ls.cumsum(0))
    )
    in_reverse = wrong("4.5", "losses not those of the steps")(training(finish=lambda ls, net: ls.flip(0)))
    the_last = wrong("4.5", "only the last loss")(training(finish=lambda ls, net: float(ls[-1])))
    mean_of_the_losses = wrong("4.5", "one number for all losses")(training(finish=lambda ls, net: ls.mean()))
    the_network = wrong("4.5", "not losses and network")(training(finish=lambda ls, net: net))
    two_things = wrong("4.5", "wrong type")(training(finish=lambda ls, net: (net, ls)))
    on_a_copy = wrong("4.5", "trains a copy")(lambda net, *more: training()(copy.deepcopy(net), *more))
    list_of_numbers = right("4.5")(training(finish=lambda ls, net: ls.tolist()))
    numpy_row = right("4.5")(training(finish=lambda ls, net: ls.numpy()))
    loss_computed_again_for_the_list = wrong("4.5", "steps miscounted")(
        lambda net, loss, *more: training()(net, lambda net, z: loss(net, z) + 0 * loss(net, z), *more)
    )

    @wrong("4.5", "optimiser made anew")
    @followed
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

    @wrong("4.5", "returns before the end")
    @followed
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
    @followed
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

    @wrong("4.5", "loss computed once")
    @followed
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

    @wrong("4.5", "new tensors for the weights")
    @followed
    def new_names_for_the_weights(net, loss, data, steps, lr):
        losses = []
        for _ in range(steps):
            value = loss(net, batch_of(data))
            for p, g in zip(net.parameters(), torch.autograd.grad(value, net.parameters()), strict=True):
                p = p - lr * g
            losses.append(value.detach())
        return torch.stack(losses)

    @wrong("4.5", "no optimiser step")
    @followed
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
    @followed
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
    @followed
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
    @followed
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
    @followed
    def without_backward(net, loss, data, steps, lr):
        parameters, losses = list(net.parameters()), []
        for _ in range(steps):
            value = loss(net, batch_of(data))
            for p, g in zip(parameters, torch.autograd.grad(value, parameters), strict=True):
                p.data.sub_(lr * g)
            losses.append(value.detach())
        return torch.stack(losses)

    @right("4.5")
    @followed
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

    @wrong("4.5", "another gradient")
    @followed
    def cleared_now_and_then(net, loss, data, steps, lr):
        opt, losses = torch.optim.SGD(net.parameters(), lr=lr), []
        for k in range(steps):
            if k % 10 == 0:
                opt.zero_grad()
            value = loss(net, batch_of(data))
            value.backward()
            opt.step()
            losses.append(value.item())
        return torch.tensor(losses)

    @right("4.5")
    @followed
    def by_a_closure(net, loss, data, steps, lr):
        opt, losses = torch.optim.RMSprop(net.parameters(), lr=lr), torch.empty(steps)
        for k in range(steps):

            def closure():
                opt.zero_grad()
                value = loss(net, data[torch.multinomial(torch.ones(len(data)), 256)])
                value.backward()
                return value

            losses[k] = opt.step(closure).detach()
        return losses

    @wrong("4.5", "loss not used")
    def a_loss_of_its_own(net, loss, data, steps, lr, decay):
        def own(net, z):
            t, eps = torch.rand(len(z), 1), torch.randn_like(z)
            return (net(t * z + (1 - t) * eps, t) - (z - eps)).square().mean()

        return training()(net, own, data, steps, lr, decay)

    losses_alone = wrong("4.5", "not losses and network")(training(result=lambda losses, smooth: losses))
    network_first = wrong("4.5", "order of the two")(training(result=lambda losses, smooth: (smooth, losses)))
    weights_by_name = wrong("4.5", "weights for a network")(
        training(result=lambda losses, smooth: (losses, smooth.state_dict()))
    )
    nothing_follows = wrong("4.5", "copy never moves")(training(follow=lambda smooth, net, decay: None))
    follows_at_once = wrong("4.5", "copy follows at once")(
        training(follow=lambda smooth, net, decay: lerped(smooth, net, 1 - decay))
    )
    all_of_the_new = wrong("4.5", "copy follows at once")(
        training(follow=lambda smooth, net, decay: smooth.load_state_dict(net.state_dict()))
    )

    def unfastened(smooth, net, decay):
        for average, weight in zip(smooth.parameters(), net.parameters(), strict=True):
            average = decay * average + (1 - decay) * weight

    new_tensors = wrong("4.5", "copy never moves")(training(follow=unfastened))

    def in_sum(smooth, net, decay):
        with torch.no_grad():
            for average, weight in zip(smooth.parameters(), net.parameters(), strict=True):
                average += (1 - decay) * weight

    not_kept = wrong("4.5", "another average")(training(follow=in_sum))

    def with_history(smooth, net, decay):
        for average, weight in zip(smooth.parameters(), net.parameters(), strict=True):
            average *= decay
            average += (1 - decay) * weight

    def grows(smooth, net, decay):
        with torch.no_grad():
            for average, weight in zip(smooth.parameters(), net.parameters(), strict=True):
                average.copy_(decay * average + weight)

    sum_of_weights = wrong("4.5", "another average")(training(follow=grows))
    decay_of_the_lab = wrong("4.5", "another average")(
        training(follow=lambda smooth, net, decay: lerped(smooth, net, 0.99))
    )

    leaves_in_place = wrong("4.5", "raises")(training(follow=with_history))

    def by_state(smooth, net, decay):
        old, new = smooth.state_dict(), net.state_dict()
        smooth.load_state_dict({k: decay * old[k] + (1 - decay) * new[k] for k in old})

    by_state_dict = right("4.5")(training(follow=by_state))

    def by_data(smooth, net, decay):
        for average, weight in zip(smooth.parameters(), net.parameters(), strict=True):
            average.data.mul_(decay).add_((1 - decay) * weight.data)

    by_data_of_the_weights = right("4.5")(training(follow=by_data))

    @wrong("4.5", "a second name for the network")
    def not_copied(net, loss, data, steps, lr, decay):
        smooth = net
        return training()(net, loss, data, steps, lr, decay)[0], smooth

    @wrong("4.5", "copy follows at once")
    def copied_afterwards(net, loss, data, steps, lr, decay):
        losses, _ = training()(net, loss, data, steps, lr, decay)
        return losses, copy.deepcopy(net)

    @wrong("4.5", "warm-up")
    def library_average(net, loss, data, steps, lr, decay):
        smooth = EMA(net, decay)
        rule = training(follow=lambda copied, net, decay: smooth.update())
        return rule(net, loss, data, steps, lr, decay)[0], smooth.net

    @wrong("4.5", "begun at zero")
    def from_zeros(net, loss, data, steps, lr, decay):
        zeros = copy.deepcopy(net)
        with torch.no_grad():
            for weight in zeros.parameters():
                weight.zero_()
        rule = training(follow=lambda copied, net, decay: lerped(zeros, net, decay))
        return rule(net, loss, data, steps, lr, decay)[0], zeros

    @right("4.5")
    def averaged_by_torch(net, loss, data, steps, lr, decay):
        average = torch.optim.swa_utils.get_ema_multi_avg_fn(decay)
        smooth = torch.optim.swa_utils.AveragedModel(net, multi_avg_fn=average)
        rule = training(follow=lambda copied, net, decay: smooth.update_parameters(net))
        return [float(one) for one in rule(net, loss, data, steps, lr, decay)[0]], smooth

    @wrong("4.5", "one update behind")
    def before_the_step(net, loss, data, steps, lr, decay):
        smooth, opt, losses = copy.deepcopy(net), torch.optim.Adam(net.parameters(), lr=lr), []
        for _ in range(steps):
            with torch.no_grad():
                for a, w in zip(smooth.parameters(), net.parameters(), strict=True):
                    a.copy_(decay * a + (1 - decay) * w)
            value = loss(net, batch_of(data))
            opt.zero_grad()
            value.backward()
            opt.step()
            losses.append(value.item())
        return torch.tensor(losses), smooth


def pieces(density, field, grid, t, dt):
    change = (density(grid, t + dt) - density(grid, t - dt)) / (2 * dt)
    return change[1:-1], density(grid, t), field(grid, t), (grid[1] - grid[0]).item()


@right("4.7")
def by_gradient(density, field, grid, t, dt):
    change = (density(grid, t + dt) - density(grid, t - dt)) / (2 * dt)
    return (change + torch.gradient(density(grid, t) * field(grid, t), spacing=(grid,))[0])[1:-1]


def in_parts(rule):
    return lambda *given: rule(*pieces(*given))


class Ex4_7:
    """continuity(density, field, grid, t, dt)."""

    minus_divergence = wrong("4.7", "sign of the outflow")(
        in_parts(lambda c, p, u, h: c - ((p * u)[2:] - (p * u)[:-2]) / (2 * h))
    )
    advection = wrong("4.7", "slope of the field missing")(
        in_parts(lambda c, p, u, h: c + u[1:-1] * (p[2:] - p[:-2]) / (2 * h))
    )
    a_step_of_its_own = wrong("4.7", "dt not used")(
        lambda density, field, grid, t, dt: by_gradient(density, field, grid, t, 1e-3)
    )

    @wrong("4.7", "one-sided in time")
    def forward_in_time(density, field, grid, t, dt):
        _, p, u, h = pieces(density, field, grid, t, dt)
        c = ((density(grid, t + dt) - p) / dt)[1:-1]
        return c + ((p * u)[2:] - (p * u)[:-2]) / (2 * h)

    @wrong("4.7", "wrong shape")
    def whole_grid(density, field, grid, t, dt):
        change = (density(grid, t + dt) - density(grid, t - dt)) / (2 * dt)
        return change + torch.gradient(density(grid, t) * field(grid, t), spacing=(grid,))[0]

    @wrong("4.7", "brackets in time")
    def only_the_earlier_divided(density, field, grid, t, dt):
        _, p, u, h = pieces(density, field, grid, t, dt)
        change = density(grid, t + dt) - density(grid, t - dt) / (2 * dt)
        return change[1:-1] + ((p * u)[2:] - (p * u)[:-2]) / (2 * h)

    @wrong("4.7", "density misused")
    def time_first_then_grid(density, field, grid, t, dt):
        change = (density(t + dt, grid) - density(t - dt, grid)) / (2 * dt)
        _, p, u, h = pieces(density, field, grid, t, dt)
        return change[1:-1] + ((p * u)[2:] - (p * u)[:-2]) / (2 * h)

    @wrong("4.7", "change at the wrong points")
    def change_of_the_left_neighbour(density, field, grid, t, dt):
        _, p, u, h = pieces(density, field, grid, t, dt)
        change = (density(grid, t + dt) - density(grid, t - dt)) / (2 * dt)
        return change[:-2] + ((p * u)[2:] - (p * u)[:-2]) / (2 * h)

    @right("4.7")
    def by_rolling(density, field, grid, t, dt):
        flux, h = density(grid, t) * field(grid, t), float(grid[1] - grid[0])
        outflow = (flux.roll(-1) - flux.roll(1)) / (2 * h)
        return ((density(grid, t + dt) - density(grid, t - dt)) / 2 / dt + outflow)[1:-1]

    @right("4.7")
    def inside_only(density, field, grid, t, dt):
        left, inner, after = grid[:-2], grid[1:-1], grid[2:]
        outflow = (density(after, t) * field(after, t) - density(left, t) * field(left, t)) / (after - left)
        return outflow + (density(inner, t + dt) - density(inner, t - dt)) / (2 * dt)

    @wrong("4.7", "wrong residual")
    def flux_of_the_later_density(density, field, grid, t, dt):
        c, _, u, h = pieces(density, field, grid, t, dt)
        flux = density(grid, t + dt) * u
        return c + (flux[2:] - flux[:-2]) / (2 * h)

    @wrong("4.7", "wrong outflow")
    def the_later_field(density, field, grid, t, dt):
        c, p, _, h = pieces(density, field, grid, t, dt)
        flux = p * field(grid, t + dt)
        return c + (flux[2:] - flux[:-2]) / (2 * h)

    @right("4.7")
    def by_a_convolution(density, field, grid, t, dt):
        kernel = torch.tensor([[[-1.0, 0.0, 1.0]]], dtype=grid.dtype)
        flux = (density(grid, torch.tensor(t)) * field(grid, torch.tensor(t)))[None, None]
        outflow = torch.nn.functional.conv1d(flux, kernel)[0, 0] / (2 * (grid[1] - grid[0]))
        return (density(grid, t + dt) - density(grid, t - dt))[1:-1] / (2 * dt) + outflow

    @right("4.7")
    def point_by_point(density, field, grid, t, dt):
        later, earlier, flux = density(grid, t + dt), density(grid, t - dt), density(grid, t) * field(grid, t)
        return torch.stack(
            [
                (later[i] - earlier[i]) / (2 * dt) + (flux[i + 1] - flux[i - 1]) / (grid[i + 1] - grid[i - 1])
                for i in range(1, len(grid) - 1)
            ]
        )


def error(q):
    return q.std() / len(q) ** 0.5


def floor(
    rest=lambda u, z, e, t: u(t * z + (1 - t) * e, t) - (z - e),
    times=lambda n: torch.rand(n, 1),
    finish=lambda q: (q.mean(), error(q)),
):
    return lambda field, z: finish(rest(field, z, torch.randn_like(z), times(len(z))).square().mean(1))


class Ex4_8:
    """loss_floor(field, z)."""

    half_of_time = wrong("4.8", "wrong times")(floor(times=lambda n: 0.5 * torch.rand(n, 1)))
    at_half_time = wrong("4.8", "one time always")(floor(times=lambda n: torch.full((n, 1), 0.5)))
    shared_time = wrong("4.8", "one time for the whole batch")(floor(times=lambda n: torch.rand(1, 1)))
    diffusion = wrong("4.8", "path runs backwards")(
        floor(lambda u, z, e, t: u((1 - t) * z + t * e, t) - e + z)
    )
    the_way = wrong("4.8", "z minus x_t")(
        floor(lambda u, z, e, t: u(t * z + (1 - t) * e, t) - (1 - t) * (z - e))
    )
    no_field = wrong("4.8", "field not asked")(floor(lambda u, z, e, t: z - e))
    no_root_of_n = wrong("4.8", "spread for standard error")(floor(finish=lambda q: (q.mean(), q.std())))
    an_interval = wrong("4.8", "wrong standard error")(floor(finish=lambda q: (q.mean(), 1.96 * error(q))))
    estimate_alone = wrong("4.8", "wrong type")(floor(finish=lambda q: q.mean()))
    error_first = wrong("4.8", "order of the two")(floor(finish=lambda q: (error(q), q.mean())))
    one_batch = wrong("4.8", "other rows")(lambda field, z: floor()(field, z[torch.randint(len(z), (256,))]))
    one_tensor = right("4.8")(floor(finish=lambda q: torch.stack([q.mean(), (q.var() / len(q)).sqrt()])))
    floats = right("4.8")(
        floor(finish=lambda q: (float(q.mean()), float(q.std(unbiased=False)) / len(q) ** 0.5))
    )
    summed_over_axes = right("4.8")(lambda field, z: [z.shape[1] * part for part in floor()(field, z)])
    one_in_each_slice = right("4.8")(
        floor(times=lambda n: (torch.randperm(n)[:, None] + torch.rand(n, 1)) / n)
    )

    @wrong("4.8", "seed set inside")
    def with_a_seed(field, z):
        torch.manual_seed(3)
        q = floor(finish=lambda q: q)(field, z)
        return q.mean(), q.std() / len(z) ** 0.5

    @wrong("4.8", "nothing fresh")
    def with_a_seed_apart(field, z):
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(3)
            q = floor(finish=lambda q: q)(field, z)
        return q.mean(), q.std() / len(z) ** 0.5

    @right("4.8")
    def numpy_and_flat_time(field, z):
        t = torch.as_tensor(np.random.default_rng().random(len(z)))
        eps = torch.randn(z.shape)
        q = (z - eps - field(t[:, None] * z + (1 - t)[:, None] * eps, t)).pow(2).mean(-1)
        return [q.mean(), q.std() * len(z) ** -0.5]

    @right("4.8")
    def in_pieces(field, z):
        parts = [floor(finish=lambda q: q)(field, part) for part in z.split(500)]
        return torch.cat(parts).mean().item(), error(torch.cat(parts)).item()


def searching(
    counts=(1, 2, 4, 8, 16, 32, 64),
    many=512,
    grid=time_grid,
    solver=None,
    distance=lambda gap: gap.square().sum(dim=1).mean().sqrt(),
    found=lambda steps: steps,
):
    def steps_needed(field, x0, tol):
        true = solve(field, x0, grid(many), solver or Euler())
        for steps in counts:
            if distance(solve(field, x0, grid(steps), solver or Euler()) - true) <= tol:
                return found(steps)
        return found(0)

    return steps_needed


class Ex4_9:
    """steps_needed(field, x0, tol)."""

    from_one_to_zero = wrong("4.9", "starts at another time")(
        searching(grid=lambda n: time_grid(n, 1.0, 0.0))
    )
    half_way = wrong("4.9", "ends on the way")(searching(grid=lambda n: time_grid(n, 0.0, 0.5)))
    every_number = wrong("4.9", "wrong number of steps")(searching(range(1, 65)))
    never_gives_up = wrong("4.9", "nothing is enough")(searching(found=lambda steps: steps or 64))
    minus_one = wrong("4.9", "nothing is enough")(searching(found=lambda steps: steps or -1))
    no_return = wrong("4.9", "returns nothing")(searching(found=lambda steps: steps or None))
    the_next_number = wrong("4.9", "the next number")(searching(found=lambda steps: 2 * steps))
    exponent = wrong("4.9", "place in the list")(searching(found=lambda steps: int(np.log2(steps or 1))))
    by_heun = wrong("4.9", "Heun's steps")(searching(solver=Heun()))
    truth_too_short = wrong("4.9", "nothing is enough")(searching(many=64))
    over_everything = wrong("4.9", "coordinates for states")(
        searching(distance=lambda g: (g**2).mean() ** 0.5)
    )
    squares = wrong("4.9", "root left out")(searching(distance=lambda g: (g**2).sum(-1).mean()))
    mean_of_norms = wrong("4.9", "mean of the distances")(searching(distance=lambda g: g.norm(dim=-1).mean()))
    worst = wrong("4.9", "farthest state")(searching(distance=lambda g: g.norm(dim=-1).max()))
    total = wrong("4.9", "wrong number of steps")(searching(distance=lambda g: g.norm()))
    in_a_tensor = right("4.9")(searching(found=torch.tensor))
    in_numpy = right("4.9")(searching(found=np.int64))
    as_a_float = right("4.9")(searching(found=float))
    a_thousand_for_the_truth = right("4.9")(searching(many=1000))
    by_norm = right("4.9")(searching(distance=lambda g: float(g.norm()) / len(g) ** 0.5))

    median = wrong("4.9", "wrong number of steps")(searching(distance=lambda g: g.norm(dim=1).median()))

    @wrong("4.9", "nothing is enough")
    def while_too_far(field, x0, tol):
        true, steps = solve(field, x0, time_grid(512), Euler()), 1
        while (solve(field, x0, time_grid(steps), Euler()) - true).norm() > tol * len(
            x0
        ) ** 0.5 and steps < 64:
            steps *= 2
        return steps

    @right("4.9")
    def squares_compared(field, x0, tol):
        true = solve(field, x0, time_grid(512), Euler())
        for steps in (1, 2, 4, 8, 16, 32, 64):
            if ((solve(field, x0, time_grid(steps), Euler()) - true) ** 2).sum(1).mean() <= tol**2:
                return steps
        return 0

    @wrong("4.9", "tolerance not used")
    def own_tolerance(field, x0, tol):
        return searching()(field, x0, 0.075)

    @wrong("4.9", "fresh noise for each walk")
    def fresh_noise(field, x0, tol):
        true = solve(field, torch.randn_like(x0), time_grid(512), Euler())
        for steps in (1, 2, 4, 8, 16, 32, 64):
            gap = solve(field, torch.randn_like(x0), time_grid(steps), Euler()) - true
            if gap.square().sum(1).mean().sqrt() <= tol:
                return steps
        return 0

    @wrong("4.9", "fresh noise for each walk")
    def fresh_noise_beside_the_truth(field, x0, tol):
        true = solve(field, x0, time_grid(512), Euler())
        for steps in (1, 2, 4, 8, 16, 32, 64):
            gap = solve(field, torch.randn_like(x0), time_grid(steps), Euler()) - true
            if gap.square().sum(1).mean().sqrt() <= tol:
                return steps
        return 0

    @wrong("4.9", "steady")
    def zero_inside_the_loop(field, x0, tol):
        true = solve(field, x0, time_grid(512), Euler())
        for steps in (2, 4, 8, 16, 32, 64):
            gap = solve(field, x0, time_grid(steps), Euler()) - true
            if gap.square().sum(1).mean().sqrt() <= tol:
                return steps
            return 0
        return None

    @wrong("4.9", "compared with the start")
    def how_far_they_walk(field, x0, tol):
        for steps in (1, 2, 4, 8, 16, 32, 64):
            if (solve(field, x0, time_grid(steps), Euler()) - x0).norm(dim=1).square().mean() ** 0.5 <= tol:
                return steps
        return 0

    @wrong("4.9", "compared with twice as many")
    def until_doubling_changes_little(field, x0, tol):
        for steps in (1, 2, 4, 8, 16, 32, 64):
            a, b = (solve(field, x0, time_grid(n), Euler()) for n in (steps, 2 * steps))
            if (a - b).square().sum(1).mean().sqrt() <= tol:
                return steps
        return 0

    @wrong("4.9", "fresh noise for each walk")
    def samples_of_its_own(field, x0, tol):
        return searching()(field, torch.randn_like(x0), tol)

    @right("4.9")
    def own_loop(field, x0, tol):
        def walk(n):
            x = x0.clone()
            for k in range(n):
                x = x + field(x, torch.full((len(x), 1), k / n)) / n
            return x.detach()

        true = walk(512)
        return next(
            (n for n in (1, 2, 4, 8, 16, 32, 64) if (walk(n) - true).norm() <= tol * len(x0) ** 0.5), 0
        )

    @right("4.9")
    def heun_for_the_truth(field, x0, tol):
        true, steps = solve(field, x0, time_grid(256), Heun()), 1
        while steps <= 64:
            x = simulate(field, x0, torch.linspace(0, 1, steps + 1), Euler())[-1]
            if torch.sqrt(torch.mean(torch.sum((x - true) ** 2, dim=1))) < tol:
                return float(steps)
            steps *= 2
        return np.int64(0)

    @right("4.9")
    def all_then_choose(field, x0, tol):
        ends = {n: solve(field, x0, time_grid(n), Euler()) for n in (64, 32, 16, 8, 4, 2, 1, 512)}
        gaps = {n: (end - ends[512]).norm(dim=1).square().mean().sqrt() for n, end in ends.items()}
        return min((n for n, gap in gaps.items() if gap <= tol and n < 512), default=0)


def exchanged(z, eps, rounds):
    eps, half = eps.clone(), len(z) // 2
    for _ in range(rounds):
        deal = torch.randperm(len(z))
        a, b = deal[:half], deal[half : 2 * half]
        worse = ((z[a] - z[b]) * (eps[a] - eps[b])).sum(1) < 0
        a, b = a[worse], b[worse]
        eps[a], eps[b] = eps[b], eps[a].clone()
    return eps


def by_turning_lines(z, eps, lines):
    """Sorted along the best of several directions."""
    sortings = []
    for k in range(lines):
        way = torch.randn(z.shape[1], generator=torch.Generator().manual_seed(k))
        sortings.append(eps[(eps @ way).argsort()][(z @ way).argsort().argsort()])
    return min(sortings, key=lambda each: float((each - z).square().sum()))


class Ex4_10:
    """my_pairs(z, eps)."""

    each_takes_the_nearest = wrong("4.10", "nearest noise")(
        lambda z, eps: eps[torch.cdist(z, eps).argmin(dim=1)]
    )
    by_radius = wrong("4.10", "no better than chance")(
        lambda z, eps: eps[eps.norm(dim=1).argsort()][z.norm(dim=1).argsort().argsort()]
    )
    pulled_closer = wrong("4.10", "not the same noise")(lambda z, eps: (z + eps) / 2)
    unchanged = wrong("4.10", "identity")(lambda z, eps: eps)
    row_numbers = wrong("4.10", "order returned")(
        lambda z, eps: torch.as_tensor(linear_sum_assignment(torch.cdist(z, eps).square().numpy())[1])
    )
    solver = right("4.10")(lambda z, eps: eps[linear_sum_assignment(torch.cdist(z, eps).square().numpy())[1]])
    plain_distance = right("4.10")(
        lambda z, eps: eps[torch.as_tensor(linear_sum_assignment(torch.cdist(z, eps).numpy())[1])]
    )
    data_rearranged = wrong("4.10", "data for noise")(
        lambda z, eps: z[linear_sum_assignment(torch.cdist(eps, z).numpy())[1]]
    )
    row_numbers_of_numpy = wrong("4.10", "order returned")(
        lambda z, eps: linear_sum_assignment(torch.cdist(z, eps).numpy())[1]
    )

    @wrong("4.10", "no better than chance")
    def inverse_order(z, eps):
        _rows, cols = linear_sum_assignment(torch.cdist(eps, z).square().numpy())
        return eps[torch.as_tensor(cols)]

    @wrong("4.10", "coordinates torn apart")
    def each_axis(z, eps):
        ranks = z.argsort(dim=0).argsort(dim=0)
        return eps.sort(dim=0).values.gather(0, ranks)

    @wrong("4.10", "not the same noise")
    def exchanged_without_a_copy(z, eps):
        out = eps.clone()
        for _ in range(30):
            a, b = torch.randperm(len(z))[: len(z) // 2 * 2].chunk(2)
            worse = ((z[a] - z[b]) * (out[a] - out[b])).sum(1) < 0
            a, b = a[worse], b[worse]
            out[a] = out[b]
            out[b] = out[a]
        return out

    @wrong("4.10", "gain too small")
    def by_angle(z, eps):
        angles = [torch.atan2(x[:, 1], x[:, 0]) for x in (z, eps)]
        return eps[angles[1].argsort()][angles[0].argsort().argsort()]

    @wrong("4.10", "gain too small")
    def one_after_another(z, eps):
        cost = torch.cdist(z, eps).square()
        chosen = []
        for row in cost:
            row = row.clone()
            row[chosen] = float("inf")
            chosen.append(int(row.argmin()))
        return eps[chosen]

    @wrong("4.10", "gain too small")
    def few_exchanges(z, eps):
        eps = eps.clone()
        for _ in range(15):
            a, b = torch.randperm(len(z))[: len(z) // 2 * 2].chunk(2)
            worse = ((z[a] - z[b]) * (eps[a] - eps[b])).sum(1) < 0
            a, b = a[worse], b[worse]
            eps[a], eps[b] = eps[b], eps[a].clone()
        return eps

    @wrong("4.10", "raises")
    def as_many_as_in_the_check(z, eps):
        a, b = torch.randperm(96).chunk(2)
        worse = ((z[a] - z[b]) * (eps[a] - eps[b])).sum(1) < 0
        eps = eps.clone()
        eps[a[worse]], eps[b[worse]] = eps[b[worse]], eps[a[worse]].clone()
        return eps

    @wrong("4.10", "not the same noise")
    def drawn_anew(z, eps):
        eps = torch.randn_like(eps)
        return eps[linear_sum_assignment(torch.cdist(z, eps).numpy())[1]]

    @wrong("4.10", "gain too small")
    def each_in_turn_by_lot(z, eps):
        distances, free, order = torch.cdist(z, eps), list(range(len(z))), [0] * len(z)
        for i in random.sample(range(len(z)), len(z)):
            order[i] = min(free, key=lambda j: float(distances[i, j]))
            free.remove(order[i])
        return eps[order]

    half_an_hour_of_sorting = wrong("4.10", "gain too small")(
        lambda z, eps: exchanged(z, by_turning_lines(z, eps, 12), 0)
    )
    many_exchanges = right("4.10")(lambda z, eps: exchanged(z, eps, 150))
    angle_then_exchanges = right("4.10")(lambda z, eps: exchanged(z, by_turning_lines(z, eps, 12), 150))

    @right("4.10")
    def every_pair_of_pairs(z, eps):
        eps, n = eps.clone(), len(z)
        for _ in range(3):
            for i in range(n):
                gain = ((z[i] - z) * (eps[i] - eps)).sum(1)
                j = int(gain.argmin())
                if gain[j] < 0:
                    eps[i], eps[j] = eps[j].clone(), eps[i].clone()
        return eps

    @right("4.10")
    def by_auction_of_prices(z, eps):
        worth, prices = -torch.cdist(z, eps).square().double(), torch.zeros(len(z)).double()
        owner, free = [-1] * len(z), list(range(len(z)))
        while free:
            i = free.pop()
            best = (worth[i] - prices).topk(2)
            j = int(best.indices[0])
            prices[j] += best.values[0] - best.values[1] + 0.02
            if owner[j] >= 0:
                free.append(owner[j])
            owner[j] = i
        order = torch.empty(len(z), dtype=torch.long)
        order[torch.tensor(owner)] = torch.arange(len(z))
        return eps[order]

    @wrong("4.10", "no better than chance")
    def shuffled(z, eps):
        return eps[torch.randperm(len(eps))]

    @wrong("4.10", "not the same noise")
    def means_of_neighbours(z, eps):
        near = torch.cdist(z, eps).topk(2, largest=False).indices
        return eps[near].mean(1)
