"""Chapter 08, what the network predicts: answers as students write them."""

import math

import torch
import torch.nn.functional as F

from . import right, wrong


def times(z):
    return torch.rand(len(z), *[1] * (z.dim() - 1))


def mixed(z):
    t, eps = times(z), torch.randn_like(z)
    return t, eps, t * z + (1 - t) * eps


def ends(answer, x, t, given):
    """Data and noise."""
    if given == "data":
        return answer, (x - t * answer) / (1 - t)
    if given == "noise":
        return (x - (1 - t) * answer) / t, answer
    return x + (1 - t) * answer, x - t * answer


def factor(given, space, t, least):
    late, early = torch.clamp(1 - t, min=least), torch.clamp(t, min=least)
    rows = {
        "data": {"data": 1, "noise": t / late, "velocity": 1 / late},
        "noise": {"data": (1 - t) / early, "noise": 1, "velocity": 1 / early},
        "velocity": {"data": 1 - t, "noise": t, "velocity": 1},
    }
    return rows[given][space]


class Ex8_1:
    """convert(answer, x, t, given, wanted)"""

    @right("8.1")
    def through_both_ends(answer, x, t, given, wanted):
        z, eps = ends(answer, x, t, given)
        return z if wanted == "data" else eps if wanted == "noise" else z - eps

    @right("8.1")
    def through_the_velocity(answer, x, t, given, wanted):
        u = answer if given == "velocity" else (answer - x) / (1 - t) if given == "data" else (x - answer) / t
        if wanted == "velocity":
            return u
        return x + (1 - t) * u if wanted == "data" else x - t * u

    @right("8.1")
    def a_table_of_functions(answer, x, t, given, wanted):
        s = 1 - t
        table = {
            "data": {
                "data": lambda a: a,
                "noise": lambda a: (x - t * a) / s,
                "velocity": lambda a: (a - x) / s,
            },
            "noise": {
                "data": lambda a: (x - s * a) / t,
                "noise": lambda a: a,
                "velocity": lambda a: (x - a) / t,
            },
            "velocity": {"data": lambda a: x + s * a, "noise": lambda a: x - t * a, "velocity": lambda a: a},
        }
        return table[given][wanted](answer)

    @right("8.1")
    def two_by_two_systems(answer, x, t, given, wanted):
        t = torch.as_tensor(t, dtype=x.dtype).expand(x.shape)
        row = {"data": (1.0, 0.0), "noise": (0.0, 1.0), "velocity": (1.0, -1.0)}
        a, b = row[given]
        det = t * b - (1 - t) * a
        z, eps = (x * b - (1 - t) * answer) / det, (t * answer - a * x) / det
        return row[wanted][0] * z + row[wanted][1] * eps

    @wrong("8.1", "eps minus z")
    def the_other_clock(answer, x, t, given, wanted):
        if given == "velocity":
            z, eps = x - (1 - t) * answer, x + t * answer
        else:
            z, eps = ends(answer, x, t, given)
        return {"data": z, "noise": eps, "velocity": eps - z}[wanted]

    @wrong("8.1", "weight of the data forgotten")
    def not_in_full(answer, x, t, given, wanted):
        if (given, wanted) == ("data", "noise"):
            return (x - answer) / (1 - t)
        z, eps = ends(answer, x, t, given)
        return {"data": z, "noise": eps, "velocity": z - eps}[wanted]

    @wrong("8.1", "raises")
    def columns_of_points_only(answer, x, t, given, wanted):
        t = torch.as_tensor(t)
        t = t.reshape(-1, 1) if t.dim() else t
        z, eps = ends(answer, x, t, given)
        return {"data": z, "noise": eps, "velocity": z - eps}[wanted]

    @wrong("8.1", "denominators clipped at 0.05")
    def safe(answer, x, t, given, wanted):
        t = torch.as_tensor(t)
        if given == "data":
            z, eps = answer, (x - t * answer) / (1 - t).clamp(min=0.05)
            return {"data": z, "noise": eps, "velocity": (z - x) / (1 - t).clamp(min=0.05)}[wanted]
        if given == "noise":
            z, eps = (x - (1 - t) * answer) / t.clamp(min=0.05), answer
            return {"data": z, "noise": eps, "velocity": (x - eps) / t.clamp(min=0.05)}[wanted]
        z, eps = ends(answer, x, t, given)
        return {"data": z, "noise": eps, "velocity": answer}[wanted]

    @wrong("8.1", "raises")
    def tensors_only(answer, x, t, given, wanted):
        z, eps = ends(answer, x, t.expand_as(x), given)
        return {"data": z, "noise": eps, "velocity": z - eps}[wanted]

    @wrong("8.1", "identity")
    def nothing_to_do(answer, x, t, given, wanted):
        return answer


class Ex8_2:
    """clipped_loss(net, z, least)"""

    @right("8.2")
    def target_by_the_same_recipe(net, z, least):
        t, _, x = mixed(z)
        below = (1 - t).clamp(min=least)
        return (((net(x, t) - x) / below - (z - x) / below) ** 2).mean()

    @right("8.2")
    def errors_divided(net, z, least):
        t, _, x = mixed(z)
        return ((net(x, t) - z) / torch.clamp(1 - t, min=least)).pow(2).mean()

    @right("8.2")
    def by_torch(net, z, least):
        t, _, x = mixed(z)
        below = torch.maximum(1 - t, torch.tensor(least))
        return F.mse_loss((net(x, t) - x) / below, (z - x) / below)

    @wrong("8.2", "the target is not clipped")
    def as_it_was(net, z, least):
        t, eps, x = mixed(z)
        return ((net(x, t) - x) / (1 - t).clamp(min=least) - (z - eps)).square().mean()

    @wrong("8.2", "nothing is clipped")
    def clip_taken_out(net, z, least):
        t, eps, x = mixed(z)
        return ((net(x, t) - x) / (1 - t) - (z - eps)).square().mean()

    @wrong("8.2", "data compared with data")
    def of_the_data(net, z, least):
        t, _, x = mixed(z)
        return F.mse_loss(net(x, t), z)

    @wrong("8.2", "the answer is not clipped")
    def the_other_side(net, z, least):
        t, _, x = mixed(z)
        return ((net(x, t) - x) / (1 - t) - (z - x) / (1 - t).clamp(min=least)).square().mean()


class Ex8_3:
    """space_loss(net, z, given, space, least)"""

    @right("8.3")
    def a_table(net, z, given, space, least):
        t, eps, x = mixed(z)
        target = {"data": z, "noise": eps, "velocity": z - eps}[given]
        return ((factor(given, space, t, least) * (net(x, t) - target)) ** 2).mean()

    @right("8.3")
    def weights_before_the_mean(net, z, given, space, least):
        t, eps, x = mixed(z)
        target = z if given == "data" else eps if given == "noise" else z - eps
        w = factor(given, space, t, least)
        return (w * w * F.mse_loss(net(x, t), target, reduction="none")).mean()

    @right("8.3")
    def both_converted(net, z, given, space, least):
        t, eps, x = mixed(z)

        def to(answer):
            late, early = (1 - t).clamp(min=least), t.clamp(min=least)
            if given == space:
                return answer
            if given == "data":
                return (x - t * answer) / late if space == "noise" else (answer - x) / late
            if given == "noise":
                return (x - (1 - t) * answer) / early if space == "data" else (x - answer) / early
            return x + (1 - t) * answer if space == "data" else x - t * answer

        return F.mse_loss(to(net(x, t)), to({"data": z, "noise": eps, "velocity": z - eps}[given]))

    @wrong("8.3", "target of the space")
    def apples_and_pears(net, z, given, space, least):
        t, eps, x = mixed(z)
        return F.mse_loss(net(x, t), {"data": z, "noise": eps, "velocity": z - eps}[space])

    @wrong("8.3", "always in the prediction's own space")
    def one_space(net, z, given, space, least):
        t, eps, x = mixed(z)
        return F.mse_loss(net(x, t), {"data": z, "noise": eps, "velocity": z - eps}[given])

    @wrong("8.3", "factor not squared")
    def weighted_squares(net, z, given, space, least):
        t, eps, x = mixed(z)
        error = net(x, t) - {"data": z, "noise": eps, "velocity": z - eps}[given]
        return (factor(given, space, t, least) * error**2).mean()

    @wrong("8.3", "the clock is clipped")
    def inside_the_ends(net, z, given, space, least):
        t, eps, x = mixed(z)
        error = net(x, t) - {"data": z, "noise": eps, "velocity": z - eps}[given]
        return (factor(given, space, t.clamp(least, 1 - least), 0.0) * error).square().mean()

    @wrong("8.3", "given and space swapped")
    def names_in_another_order(net, z, given, space, least):
        t, eps, x = mixed(z)
        error = net(x, t) - {"data": z, "noise": eps, "velocity": z - eps}[given]
        return (factor(space, given, t, least) * error).square().mean()

    @wrong("8.3", "nothing is clipped")
    def bare(net, z, given, space, least):
        t, eps, x = mixed(z)
        error = net(x, t) - {"data": z, "noise": eps, "velocity": z - eps}[given]
        return (factor(given, space, t, 0.0) * error).square().mean()


def cut(x, p):
    b, c, h, w = x.shape
    return x.view(b, c, h // p, p, w // p, p).permute(0, 2, 4, 1, 3, 5).reshape(b, -1, c * p * p)


class Ex8_4:
    """patchify(x, patch, shape)"""

    @right("8.4")
    def reshaped(x, patch, shape=None):
        if shape is None:
            return cut(x, patch)
        b, c, h, w = shape
        cells = x.reshape(b, h // patch, w // patch, c, patch, patch)
        return cells.permute(0, 3, 1, 4, 2, 5).reshape(shape)

    @right("8.4")
    def unfolded(x, patch, shape=None):
        if shape is None:
            return F.unfold(x, patch, stride=patch).transpose(1, 2)
        return F.fold(x.transpose(1, 2), shape[2:], patch, stride=patch)

    @right("8.4")
    def in_loops(x, patch, shape=None):
        if shape is None:
            rows, columns = range(0, x.shape[2], patch), range(0, x.shape[3], patch)
            cells = [x[:, :, r : r + patch, c : c + patch].flatten(1) for r in rows for c in columns]
            return torch.stack(cells, dim=1)
        out, k = x.new_zeros(shape), 0
        for r in range(0, shape[2], patch):
            for c in range(0, shape[3], patch):
                out[:, :, r : r + patch, c : c + patch] = x[:, k].reshape(shape[0], shape[1], patch, patch)
                k += 1
        return out

    @wrong("8.4", "reshaped only")
    def stripes(x, patch, shape=None):
        return x.reshape(len(x), -1, x.shape[1] * patch * patch) if shape is None else x.reshape(shape)

    @wrong("8.4", "the way back is a reshape")
    def one_way(x, patch, shape=None):
        return cut(x, patch) if shape is None else x.reshape(shape)

    @wrong("8.4", "channels last")
    def pixels_with_all_channels(x, patch, shape=None):
        p = patch
        if shape is None:
            b, c, h, w = x.shape
            return x.view(b, c, h // p, p, w // p, p).permute(0, 2, 4, 3, 5, 1).reshape(b, -1, c * p * p)
        b, c, h, w = shape
        return x.reshape(b, h // p, w // p, p, p, c).permute(0, 5, 1, 3, 2, 4).reshape(shape)

    @wrong("8.4", "raises")
    def square_images(x, patch, shape=None):
        if shape is None:
            return cut(x, patch)
        b, c, _, _ = shape
        n = math.isqrt(x.shape[1])
        return x.reshape(b, n, n, c, patch, patch).permute(0, 3, 1, 4, 2, 5).reshape(shape)


class Ex8_5:
    """attention(query, key, value, heads)"""

    @right("8.5")
    def of_torch(query, key, value, heads):
        q, k, v = (x.unflatten(-1, (heads, -1)).transpose(1, 2) for x in (query, key, value))
        return F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2)

    @right("8.5")
    def head_by_head(query, key, value, heads):
        d = query.shape[-1] // heads
        out = []
        for q, k, v in zip(query.split(d, -1), key.split(d, -1), value.split(d, -1), strict=True):
            out.append(torch.softmax(q @ k.mT / d**0.5, dim=2) @ v)
        return torch.cat(out, dim=-1)

    @right("8.5")
    def einsum(query, key, value, heads):
        b, n, w = query.shape
        q, k, v = (x.view(b, n, heads, w // heads) for x in (query, key, value))
        a = torch.einsum("bihd,bjhd->bhij", q, k).div(math.sqrt(w // heads)).softmax(-1)
        return torch.einsum("bhij,bjhd->bihd", a, v).reshape(b, n, w)

    @wrong("8.5", "overflows")
    def exponentials(query, key, value, heads):
        q, k, v = (x.unflatten(-1, (heads, -1)).transpose(1, 2) for x in (query, key, value))
        a = (q @ k.mT / q.shape[-1] ** 0.5).exp()
        return (a / a.sum(-1, keepdim=True) @ v).transpose(1, 2).flatten(2)

    @wrong("8.5", "scores not scaled")
    def bare_products(query, key, value, heads):
        q, k, v = (x.unflatten(-1, (heads, -1)).transpose(1, 2) for x in (query, key, value))
        return ((q @ k.mT).softmax(-1) @ v).transpose(1, 2).flatten(2)

    @wrong("8.5", "heads cut across tokens")
    def in_one_go(query, key, value, heads):
        b, n, w = query.shape
        q, k, v = (x.reshape(b, heads, n, w // heads) for x in (query, key, value))
        return F.scaled_dot_product_attention(q, k, v).reshape(b, n, w)

    @wrong("8.5", "one head only")
    def heads_forgotten(query, key, value, heads):
        return (query @ key.mT / query.shape[-1] ** 0.5).softmax(-1) @ value


class Ex8_6:
    """mute_directions(weight)"""

    @right("8.6")
    def null_space(weight):
        u, s, _ = torch.linalg.svd(weight, full_matrices=True)
        return u[:, (s > 1e-4 * s.max()).sum() :]

    @right("8.6")
    def eigenvectors(weight):
        sizes, axes = torch.linalg.eigh(weight.double() @ weight.double().T)
        return axes[:, sizes <= 1e-9 * sizes.max()].float()

    @right("8.6")
    def by_rank(weight):
        rank = int(torch.linalg.matrix_rank(weight))
        return torch.linalg.svd(weight)[0][:, rank:]

    @wrong("8.6", "number of hidden units taken for the rank")
    def complete_qr(weight):
        return torch.linalg.qr(weight, mode="complete")[0][:, weight.shape[1] :]

    @wrong("8.6", "number of hidden units taken for the rank")
    def full_rank(weight):
        return torch.linalg.svd(weight)[0][:, weight.shape[1] :]

    @wrong("8.6", "reduced factor")
    def q_of_qr(weight):
        return torch.linalg.qr(weight)[0]

    @wrong("8.6", "not orthonormal")
    def twice_as_long(weight):
        u, s, _ = torch.linalg.svd(weight)
        return 2 * u[:, int((s > 1e-5 * s.max()).sum()) :]


class Ex8_7:
    """loss_floor(covariance, width)"""

    @right("8.7")
    def smallest(covariance, width):
        values = torch.linalg.eigvalsh(covariance)
        return values[: max(0, len(values) - width)].sum() / len(values)

    @right("8.7")
    def what_is_left(covariance, width):
        values = torch.linalg.svdvals(covariance)
        return float((values.sum() - values[:width].sum()) / len(covariance))

    @right("8.7")
    def from_the_top(covariance, width):
        values = torch.linalg.eigh(covariance).eigenvalues.flip(0)
        return values[width:].sum() / values.numel()

    @wrong("8.7", "the diagonal")
    def coordinates(covariance, width):
        values = covariance.diag().sort().values
        return values[: max(0, len(values) - width)].sum() / len(values)

    @wrong("8.7", "wrong at an edge")
    def negative_end(covariance, width):
        values = torch.linalg.eigvalsh(covariance)
        return values[: len(values) - width].sum() / len(values)

    @wrong("8.7", "a sum, not a mean")
    def total(covariance, width):
        return torch.linalg.eigvalsh(covariance).flip(0)[width:].sum()

    @wrong("8.7", "largest for smallest")
    def the_wrong_end(covariance, width):
        return torch.linalg.eigvalsh(covariance)[width:].sum() / len(covariance)


class Ex8_8:
    """best_skip(t, grid)"""

    @right("8.8")
    def by_means(t, grid):
        a = -torch.mean(1 - t) / torch.mean((1 - t) ** 2)
        return a, torch.prod(1 + a * (grid[1:] - grid[:-1]))

    @right("8.8")
    def step_by_step(t, grid):
        s = (1 - t).flatten()
        a, x = float(-s.sum() / (s @ s)), 1.0
        for i in range(len(grid) - 1):
            x += float(grid[i + 1] - grid[i]) * a * x
        return a, x

    @right("8.8")
    def least_squares(t, grid):
        s = (1 - t).reshape(-1, 1)
        a = torch.linalg.lstsq(s, -torch.ones_like(s)).solution[0, 0]
        return [a, (1 + a * grid.diff()).prod()]

    @wrong("8.8", "an exponential")
    def exactly(t, grid):
        a = -(1 - t).mean() / ((1 - t) ** 2).mean()
        return a, torch.exp(a * (grid[-1] - grid[0]))

    @wrong("8.8", "sign of the skip")
    def plus(t, grid):
        a = (1 - t).mean() / ((1 - t) ** 2).mean()
        return a, (1 + a * grid.diff()).prod()

    @wrong("8.8", "minus three halves always")
    def from_the_paper(t, grid):
        return torch.tensor(-1.5), (1 - 1.5 * grid.diff()).prod()

    @wrong("8.8", "squared")
    def variance(t, grid):
        a = -(1 - t).mean() / ((1 - t) ** 2).mean()
        return a, (1 + a * grid.diff()).prod() ** 2


class Ex8_9:
    """my_velocity(net, x, t, knobs)"""

    @right("8.9")
    def asked_for_the_data(net, x, t, knobs):
        return (net(x, t) - x) / torch.clamp(1 - t, min=0.05)

    @right("8.9")
    def a_skip_without_knobs(net, x, t, knobs):
        return net(x, t) - x / (1 - t).clamp(min=0.03)

    @right("8.9")
    def one_knob(net, x, t, knobs):
        return net(x, t) + (knobs[0] - 1) * x / (1.02 - t)

    @wrong("8.9", "no skip")
    def plain(net, x, t, knobs):
        return net(x, t)

    @wrong("8.9", "a constant skip")
    def constant(net, x, t, knobs):
        return net(x, t) + knobs[0] * x

    @wrong("8.9", "a skip that feeds the noise")
    def plus(net, x, t, knobs):
        return net(x, t) + 2 * x

    @wrong("8.9", "network not asked")
    def skip_alone(net, x, t, knobs):
        return -x / (1 - t).clamp(min=0.02)
