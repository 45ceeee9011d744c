"""Chapter 08, what the network predicts: answers as students write them."""

import math
from itertools import pairwise

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

    @right("8.1")
    def row_by_row(answer, x, t, given, wanted):
        out = torch.empty_like(x)
        for i in range(len(x)):
            now = float(t) if isinstance(t, float) else float(t[i])
            z, eps = ends(answer[i], x[i], now, given)
            out[i] = {"data": z, "noise": eps, "velocity": z - eps}[wanted]
        return out

    @right("8.1")
    def in_double_precision(answer, x, t, given, wanted):
        z, eps = ends(answer.double(), x.double(), torch.as_tensor(t).double(), given)
        return {"data": z, "noise": eps, "velocity": z - eps}[wanted]

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

    @wrong("8.1", "sign of a wanted velocity")
    def from_data_to_noise(answer, x, t, given, wanted):
        if given == wanted:
            return answer
        z, eps = ends(answer, x, t, given)
        return {"data": z, "noise": eps, "velocity": eps - z}[wanted]

    @wrong("8.1", "noise from data, weight of the answer: a root")
    def as_in_chapter_07(answer, x, t, given, wanted):
        if (given, wanted) == ("data", "noise"):
            return (x - t * answer) / (1 - t) ** 0.5
        z, eps = ends(answer, x, t, given)
        return {"data": z, "noise": eps, "velocity": z - eps}[wanted]

    @wrong("8.1", "returns nothing")
    def half_of_the_table(answer, x, t, given, wanted):
        if given == wanted:
            return answer
        if wanted == "velocity":
            return (answer - x) / (1 - t) if given == "data" else (x - answer) / t
        return None

    @wrong("8.1", "circle for line")
    def variances_add_up(answer, x, t, given, wanted):
        t = torch.as_tensor(t)
        s = (1 - t**2).sqrt()
        if (given, wanted) == ("data", "noise"):
            return (x - t * answer) / s
        if (given, wanted) == ("noise", "data"):
            return (x - s * answer) / t
        z, eps = ends(answer, x, t, given)
        return {"data": z, "noise": eps, "velocity": z - eps}[wanted]

    @wrong("8.1", "raises")
    def tensors_only(answer, x, t, given, wanted):
        z, eps = ends(answer, x, t.expand_as(x), given)
        return {"data": z, "noise": eps, "velocity": z - eps}[wanted]

    @wrong("8.1", "identity")
    def nothing_to_do(answer, x, t, given, wanted):
        return answer

    @wrong("8.1", "one time for the whole batch")
    def two_equations_solved_once(answer, x, t, given, wanted):
        first = float(torch.as_tensor(t).flatten()[0])
        row = {"data": [1.0, 0.0], "noise": [0.0, 1.0], "velocity": [1.0, -1.0]}[given]
        both = torch.linalg.solve(
            torch.tensor([[first, 1 - first], row]), torch.stack([x.flatten(), answer.flatten()])
        )
        z, eps = (part.view_as(x) for part in both)
        return {"data": z, "noise": eps, "velocity": z - eps}[wanted]


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

    @right("8.2")
    def row_by_row(net, z, least):
        t, _, x = mixed(z)
        answer, total = net(x, t), 0.0
        for i in range(len(z)):
            total = total + ((answer[i] - z[i]) / max(1 - float(t[i]), least)).square().sum()
        return total / z.numel()

    @right("8.2")
    def in_place(net, z, least):
        t, _, x = mixed(z)
        below = torch.where(1 - t < least, least, 1 - t)
        answer = net(x, t)
        answer -= x
        answer /= below
        return torch.nn.MSELoss()(answer, (z - x).double() / below)

    @wrong("8.2", "numbers without a gradient")
    def quotient_clipped(net, z, least):
        t, eps, x = mixed(z)
        answer = ((net(x, t) - x) / (1 - t)).clamp(-1 / least, 1 / least)
        return (answer - (z - eps)).square().mean()

    @wrong("8.2", "more than the row's own data and noise in the target")
    def mean_target(net, z, least):
        t, _, x = mixed(z)
        below = (1 - t).clamp(min=least)
        return ((net(x, t) - x) / below - ((z - x) / below).mean(0)).square().mean()

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

    @wrong("8.2", "at most for at least in the answer")
    def another_word_in_the_clamp(net, z, least):
        t, eps, x = mixed(z)
        return ((net(x, t) - x) / (1 - t).clamp(max=least) - (z - eps)).square().mean()

    @wrong("8.2", "the time is cut off")
    def never_late(net, z, least):
        t, eps = times(z).clamp(max=1 - least), torch.randn_like(z)
        x = t * z + (1 - t) * eps
        return ((net(x, t) - x) / (1 - t) - (z - eps)).square().mean()

    @wrong("8.2", "the answer is not clipped")
    def the_other_side(net, z, least):
        t, _, x = mixed(z)
        return ((net(x, t) - x) / (1 - t) - (z - x) / (1 - t).clamp(min=least)).square().mean()

    @wrong("8.2", "the right target times another number")
    def multiplied_by_the_clip(net, z, least):
        t, eps, x = mixed(z)
        below = (1 - t).clamp(min=least)
        return ((net(x, t) - x) / below - (z - eps) * below).square().mean()

    @wrong("8.2", "no noise in the target")
    def data_over_the_clip(net, z, least):
        t, _, x = mixed(z)
        below = (1 - t).clamp(min=least)
        return ((net(x, t) - x) / below - z / below).square().mean()

    @wrong("8.2", "noise of another size")
    def clip_in_the_mix(net, z, least):
        t, eps = times(z), torch.randn_like(z)
        below = (1 - t).clamp(min=least)
        x = t * z + below * eps
        return ((net(x, t) - x) / below - (z - x) / below).square().mean()

    @wrong("8.2", "the right target at some times only")
    def two_clips(net, z, least):
        t, _, x = mixed(z)
        target = (z - x) / (1 - t).clamp(min=1 - least)
        return ((net(x, t) - x) / (1 - t).clamp(min=least) - target).square().mean()

    @right("8.2")
    def noise_taken_away_twice(net, z, least):
        t, eps, x = mixed(z)
        below = (1 - t).clamp(min=least)
        return ((net(x, t) - eps) / below - (z - eps) / below).square().mean()


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

    @right("8.3")
    def by_einsum(net, z, given, space, least):
        t, eps, x = mixed(z)
        error = net(x, t) - {"data": z, "noise": eps, "velocity": z - eps}[given]
        k = factor(given, space, t, least) * torch.ones_like(t)
        return torch.einsum("i,ij->", k.flatten().square(), error.flatten(1).square()) / z.numel()

    @right("8.3")
    def mean_of_means(net, z, given, space, least):
        t = torch.rand_like(z[:, :1] if z.dim() == 2 else z[:, :1, :1, :1])
        eps = torch.randn_like(z)
        error = net(torch.lerp(eps, z, t), t) - {"data": z, "noise": eps, "velocity": z - eps}[given]
        return (factor(given, space, t, least) * error).pow(2).flatten(1).mean(1).mean()

    @wrong("8.3", "not the mean")
    def sum_over_coordinates(net, z, given, space, least):
        t, eps, x = mixed(z)
        error = net(x, t) - {"data": z, "noise": eps, "velocity": z - eps}[given]
        return (factor(given, space, t, least) * error).square().flatten(1).sum(1).mean()

    @wrong("8.3", "not the mean")
    def one_of_nine_doubled(net, z, given, space, least):
        t, eps, x = mixed(z)
        error = net(x, t) - {"data": z, "noise": eps, "velocity": z - eps}[given]
        k = factor(given, space, t, least) * (2 if (given, space) == ("noise", "velocity") else 1)
        return (k * error).square().mean()

    @wrong("8.3", "times in another shape")
    def flat_times(net, z, given, space, least):
        t, eps, x = mixed(z)
        error = net(x, t.flatten()) - {"data": z, "noise": eps, "velocity": z - eps}[given]
        return (factor(given, space, t, least) * error).square().mean()

    @wrong("8.3", "wrong factor from noise to velocity")
    def the_data_s_factor(net, z, given, space, least):
        t, eps, x = mixed(z)
        error = net(x, t) - {"data": z, "noise": eps, "velocity": z - eps}[given]
        k = factor("data" if (given, space) == ("noise", "velocity") else given, space, t, least)
        return (k * error).square().mean()

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

    @wrong("8.3", "times cut off")
    def draws_away_from_the_ends(net, z, given, space, least):
        t, eps = times(z).clamp(least, 1 - least), torch.randn_like(z)
        error = net(t * z + (1 - t) * eps, t) - {"data": z, "noise": eps, "velocity": z - eps}[given]
        return (factor(given, space, t, 0.0) * error).square().mean()

    @wrong("8.3", "numerators clipped")
    def both_clipped_throughout(net, z, given, space, least):
        t, eps, x = mixed(z)
        late, early = (1 - t).clamp(min=least), t.clamp(min=least)
        k = {"data": 1.0, "noise": early, "velocity": 1.0}[space] if given == "velocity" else 1.0
        k = late if (given, space) == ("velocity", "data") else k
        if given == "data" and space != given:
            k = {"noise": early, "velocity": 1.0}[space] / late
        if given == "noise" and space != given:
            k = {"data": late, "velocity": 1.0}[space] / early
        return (k * (net(x, t) - {"data": z, "noise": eps, "velocity": z - eps}[given])).square().mean()

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

    @right("8.3")
    def clipped_as_in_the_lecture(net, z, given, space, least):
        t, eps, x = mixed(z)
        target = {"data": z, "noise": eps, "velocity": z - eps}[given]
        s = t.clamp(least if given == "noise" else 0.0, 1 - least if given == "data" else 1.0)
        size = {"data": 1.0, "noise": (1 - s) / s, "velocity": 1 - s}
        return (size[given] / size[space] * (net(x, t) - target)).square().mean()

    @wrong("8.3", "weights of each batch brought to one mean")
    def weights_with_mean_one(net, z, given, space, least):
        t, eps, x = mixed(z)
        error = net(x, t) - {"data": z, "noise": eps, "velocity": z - eps}[given]
        weight = factor(given, space, t, least) ** 2 * torch.ones_like(t)
        return (weight / weight.mean() * error**2).mean()

    @wrong("8.3", "data weighted by the root of t")
    def roots_in_the_mix(net, z, given, space, least):
        t, eps = times(z), torch.randn_like(z)
        error = net(t.sqrt() * z + (1 - t).sqrt() * eps, t)
        error = error - {"data": z, "noise": eps, "velocity": z - eps}[given]
        return (factor(given, space, t, least) * error).square().mean()

    @wrong("8.3", "weighted data loss")
    def always_by_way_of_the_velocity(net, z, given, space, least):
        t, eps, x = mixed(z)

        def there(a):
            late, early = (1 - t).clamp(min=least), t.clamp(min=least)
            u = {"data": (a - x) / late, "noise": (x - a) / early, "velocity": a}[given]
            return {"data": x + (1 - t) * u, "noise": x - t * u, "velocity": u}[space]

        target = {"data": z, "noise": eps, "velocity": z - eps}[given]
        return F.mse_loss(there(net(x, t)), there(target))


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

    @right("8.4")
    def by_pixel_shuffle(x, patch, shape=None):
        if shape is None:
            return F.pixel_unshuffle(x, patch).flatten(2).transpose(1, 2)
        b, _, h, w = shape
        return F.pixel_shuffle(x.transpose(1, 2).reshape(b, -1, h // patch, w // patch), patch)

    @right("8.4")
    def by_unfold_of_a_tensor(x, patch, shape=None):
        if shape is None:
            cells = x.unfold(2, patch, patch).unfold(3, patch, patch)
            return cells.permute(0, 2, 3, 1, 4, 5).flatten(3).flatten(1, 2)
        cells = x.unflatten(2, (shape[1], patch, patch)).unflatten(1, (-1, shape[3] // patch))
        return torch.einsum("bijcpq->bcipjq", cells).reshape(shape)

    @wrong("8.4", "no gradient")
    def lists_of_numbers(x, patch, shape=None):
        if shape is None:
            rows, columns = range(0, x.shape[2], patch), range(0, x.shape[3], patch)
            cells = [x[:, :, r : r + patch, c : c + patch].flatten(1).tolist() for r in rows for c in columns]
            return torch.tensor(cells).transpose(0, 1)
        b, c, h, w = shape
        cells = x.reshape(b, h // patch, w // patch, c, patch, patch)
        return cells.permute(0, 3, 1, 4, 2, 5).reshape(shape)

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

    @wrong("8.4", "patches not in their places")
    def channels_first_by_reshape(x, patch, shape=None):
        if shape is None:
            return cut(x, patch)
        b, c, h, w = shape
        cells = x.reshape(b, c, h // patch, w // patch, patch, patch)
        return cells.permute(0, 1, 2, 4, 3, 5).reshape(shape)

    @wrong("8.4", "patches not in their places")
    def channels_to_the_front_only(x, patch, shape=None):
        if shape is None:
            return cut(x, patch)
        b, c, h, w = shape
        cells = x.reshape(b, h // patch, w // patch, c, patch, patch)
        return cells.permute(0, 3, 1, 2, 4, 5).reshape(shape)

    @wrong("8.4", "raises")
    def square_images(x, patch, shape=None):
        if shape is None:
            return cut(x, patch)
        b, c, _, _ = shape
        n = math.isqrt(x.shape[1])
        return x.reshape(b, n, n, c, patch, patch).permute(0, 3, 1, 4, 2, 5).reshape(shape)

    @wrong("8.4", "images mixed")
    def batch_behind_the_rows(x, patch, shape=None):
        if shape is not None:
            batch, channels, height, width = shape
            x = x.reshape(batch, height // patch, width // patch, channels, patch, patch)
            return x.permute(0, 3, 1, 4, 2, 5).reshape(shape)
        b, c, h, w = x.shape
        x = x.reshape(b, c, h // patch, patch, w // patch, patch)
        return x.permute(2, 4, 0, 1, 3, 5).reshape(b, -1, c * patch**2)

    @wrong("8.4", "right for square images only")
    def width_before_height(x, patch, shape=None):
        batch, channels, width, height = x.shape if shape is None else shape
        rows, columns = height // patch, width // patch
        if shape is None:
            x = x.reshape(batch, channels, rows, patch, columns, patch)
            return x.permute(0, 2, 4, 1, 3, 5).reshape(batch, rows * columns, -1)
        return (
            x.reshape(batch, rows, columns, channels, patch, patch).permute(0, 3, 1, 4, 2, 5).reshape(shape)
        )


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

    @right("8.5")
    def in_loops_and_double(query, key, value, heads):
        d, out = query.shape[-1] // heads, torch.zeros_like(value)
        for i in range(len(query)):
            for c in (slice(h * d, (h + 1) * d) for h in range(heads)):
                scores = query[i, :, c].double() @ key[i, :, c].double().T / math.sqrt(d)
                out[i, :, c] = (torch.softmax(scores, 1) @ value[i, :, c].double()).float()
        return out

    @right("8.5")
    def by_logsumexp(query, key, value, heads):
        q, k, v = (torch.stack(x.chunk(heads, -1), 1) for x in (query, key, value))
        scores = torch.einsum("bhid,bhjd->bhij", q, k) * q.shape[-1] ** -0.5
        a = (scores - scores.logsumexp(-1, keepdim=True)).exp()
        return torch.cat((a @ v).unbind(1), -1)

    @wrong("8.5", "no gradient")
    def without_gradients(query, key, value, heads):
        q, k, v = (x.detach().unflatten(-1, (heads, -1)).transpose(1, 2) for x in (query, key, value))
        return F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2)

    @wrong("8.5", "numbers of a token in another order")
    def last_head_first(query, key, value, heads):
        q, k, v = (x.unflatten(-1, (heads, -1)).transpose(1, 2) for x in (query, key, value))
        return F.scaled_dot_product_attention(q, k, v).flip(1).transpose(1, 2).flatten(2)

    @wrong("8.5", "scores divided by something else")
    def thrice_as_sharp(query, key, value, heads):
        q, k, v = (x.unflatten(-1, (heads, -1)).transpose(1, 2) for x in (query, key, value))
        scale = 3 / math.sqrt(q.shape[-1])
        return F.scaled_dot_product_attention(q, k, v, scale=scale).transpose(1, 2).flatten(2)

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

    @wrong("8.5", "one head only, with the root of a head")
    def heads_in_the_root_only(query, key, value, heads):
        return (query @ key.mT / (query.shape[-1] // heads) ** 0.5).softmax(-1) @ value

    @wrong("8.5", "tokens do not look at themselves")
    def only_others(query, key, value, heads):
        q, k, v = (x.unflatten(-1, (heads, -1)).transpose(1, 2) for x in (query, key, value))
        others = ~torch.eye(q.shape[2], dtype=torch.bool)
        others = others if len(others) > 1 else None
        return F.scaled_dot_product_attention(q, k, v, attn_mask=others).transpose(1, 2).flatten(2)

    @wrong("8.5", "one head only")
    def heads_forgotten(query, key, value, heads):
        return (query @ key.mT / query.shape[-1] ** 0.5).softmax(-1) @ value

    @wrong("8.5", "ignores `key`")
    def values_for_keys(query, key, value, heads):
        q, _, v = (x.unflatten(-1, (heads, -1)).transpose(1, 2) for x in (query, key, value))
        return F.scaled_dot_product_attention(q, v, v).transpose(1, 2).flatten(2)

    @wrong("8.5", "another function for the softmax")
    def shares_of_sigmoids(query, key, value, heads):
        q, k, v = (x.unflatten(-1, (heads, -1)).transpose(1, 2) for x in (query, key, value))
        a = torch.sigmoid(q @ k.mT / math.sqrt(q.shape[-1]))
        return (a / a.sum(-1, keepdim=True) @ v).transpose(1, 2).flatten(2)

    @wrong("8.5", "unequal weights for equal keys")
    def the_best_key_only(query, key, value, heads):
        q, k, v = (x.unflatten(-1, (heads, -1)).transpose(1, 2) for x in (query, key, value))
        best = F.one_hot((q @ k.mT).argmax(-1), key.shape[1]).to(v)
        return (best @ v).transpose(1, 2).flatten(2)

    @wrong("8.5", "another scale for each query")
    def unit_queries(query, key, value, heads):
        q, k, v = (x.unflatten(-1, (heads, -1)).transpose(1, 2) for x in (query, key, value))
        return ((F.normalize(q, dim=-1) @ k.mT).softmax(-1) @ v).transpose(1, 2).flatten(2)

    @wrong("8.5", "images mixed")
    def batch_and_tokens_in_one_axis(query, key, value, heads):
        q, k, v = (x.flatten(0, 1).unflatten(-1, (heads, -1)).transpose(0, 1) for x in (query, key, value))
        return F.scaled_dot_product_attention(q, k, v).transpose(0, 1).reshape(query.shape)

    @wrong("8.5", "weights from other scores")
    def squared_distances(query, key, value, heads):
        q, k, v = (x.unflatten(-1, (heads, -1)).transpose(1, 2) for x in (query, key, value))
        a = (-(torch.cdist(q, k) ** 2) / math.sqrt(q.shape[-1])).softmax(-1)
        return (a @ v).transpose(1, 2).flatten(2)


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

    @right("8.6")
    def random_start(weight):
        u, s, _ = torch.linalg.svd(weight)
        rest = u[:, int((s > 1e-5 * s.max()).sum()) :]
        return rest @ torch.linalg.qr(torch.randn(rest.shape[1], rest.shape[1]))[0]

    @right("8.6")
    def padded_with_zeros(weight):
        n = len(weight)
        u, s, _ = torch.linalg.svd(torch.cat([weight, torch.zeros(n, n)], dim=1), full_matrices=False)
        return u[:, s <= 1e-5 * s[0]]

    @right("8.6")
    def one_unit_vector_after_another(weight):
        u, s, _ = torch.linalg.svd(weight.double())
        basis, mute = [u[:, i] for i in range(int((s > 1e-5 * s.max()).sum()))], []
        for e in torch.eye(len(weight), dtype=torch.float64):
            for b in (*basis, *basis):
                e = e - (b @ e) * b
            if e.norm() > 1e-3:
                mute.append(e / e.norm())
                basis.append(mute[-1])
        return torch.stack(mute, dim=1) if mute else torch.zeros(len(weight), 0)

    @wrong("8.6", "the wrong number")
    def share_of_nothing(weight):
        u, s, _ = torch.linalg.svd(weight)
        return u[:, len(s) - int((s / s.max() <= 1e-5).sum()) :]

    @wrong("8.6", "a fixed threshold")
    def small_numbers(weight):
        u, s, _ = torch.linalg.svd(weight)
        return u[:, int((s > 1e-5).sum()) :]

    @wrong("8.6", "singular vectors that are not there")
    def in_short(weight):
        u, s, _ = torch.linalg.svd(weight, full_matrices=False)
        return u[:, s < 1e-5 * s.max()]

    @wrong("8.6", "all where none is mute")
    def from_the_end(weight):
        u, s, _ = torch.linalg.svd(weight)
        return u[:, -(len(u) - int((s > 1e-5 * s.max()).sum())) :]

    @wrong("8.6", "number of hidden units taken for the rank")
    def above_nothing(weight):
        u, s, _ = torch.linalg.svd(weight)
        return u[:, int((s > 0).sum()) :]

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

    @wrong("8.6", "the first columns of QR")
    def by_qr(weight):
        q, r = torch.linalg.qr(weight, mode="complete")
        return q[:, int((r.diagonal().abs() > 1e-5 * r.abs().max()).sum()) :]


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

    @right("8.7")
    def what_projections_leave(covariance, width):
        axes = torch.linalg.eigh(covariance.double())[1].flip(1)[:, :width]
        kept = torch.einsum("ij,ik,kj->", axes, covariance.double(), axes)
        return float(covariance.trace() - kept) / len(covariance)

    @right("8.7")
    def in_a_loop(covariance, width):
        total = 0.0
        for i, value in enumerate(torch.linalg.eigvalsh(covariance)):
            total += value.item() if i < len(covariance) - width else 0.0
        return total / len(covariance)

    @wrong("8.7", "wrong number of mute directions")
    def half_the_units(covariance, width):
        return torch.linalg.svdvals(covariance)[width // 2 :].sum() / len(covariance)

    @wrong("8.7", "wrong along the axes")
    def smallest_for_each(covariance, width):
        share = max(len(covariance) - width, 0) / len(covariance)
        return share * torch.linalg.eigvalsh(covariance)[0]

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

    @wrong("8.7", "a floor that does not fall with the width")
    def largest_of_the_rest(covariance, width):
        values = torch.linalg.eigvalsh(covariance).flip(0)
        return values[width] if width < len(values) else values.sum() * 0

    @wrong("8.7", "wrong number of mute directions")
    def what_is_kept(covariance, width):
        values = torch.linalg.eigvalsh(covariance)
        return values[len(values) - min(width, len(values)) :].sum() / values.sum()


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

    @right("8.8")
    def plain_numbers(t, grid):
        s = [1 - v for v in t.flatten().tolist()]
        a, x, times = -sum(s) / sum(v * v for v in s), 1.0, grid.tolist()
        for start, end in pairwise(times):
            x += (end - start) * a * x
        return torch.tensor([a, x])

    @right("8.8")
    def in_double_precision(t, grid):
        s = (1 - t.double()).flatten()
        a = -s.sum() / torch.einsum("i,i->", s, s)
        return a, torch.cumprod(1 + a * torch.diff(grid.double()), 0)[-1]

    @wrong("8.8", "wrong mean over the times")
    def medians(t, grid):
        a = -(1 - t).median() / (1 - t).square().median()
        return a, (1 + a * grid.diff()).prod()

    @wrong("8.8", "wrong single step")
    def logarithm(t, grid):
        a = -(1 - t).mean() / ((1 - t) ** 2).mean()
        return a, (1 + a * grid.diff()).abs().log().sum()

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

    @wrong("8.8", "starts for steps")
    def when_it_begins(t, grid):
        a = -(1 - t).mean() / ((1 - t) ** 2).mean()
        return a, torch.prod(1 + a * grid[:-1])

    @wrong("8.8", "last step left out")
    def one_short(t, grid):
        a, x = -(1 - t).mean() / ((1 - t) ** 2).mean(), 1.0
        for i in range(len(grid) - 2):
            x = x + (grid[i + 1] - grid[i]) * a * x
        return a, x

    @wrong("8.8", "squared")
    def variance(t, grid):
        a = -(1 - t).mean() / ((1 - t) ** 2).mean()
        return a, (1 + a * grid.diff()).prod() ** 2

    @wrong("8.8", "skip that depends on the grid")
    def means_over_the_grid(t, grid):
        a = -(1 - grid).mean() / ((1 - grid) ** 2).mean()
        return a, (1 + a * grid.diff()).prod()

    @wrong("8.8", "wrong skip for a single time")
    def square_inside(t, grid):
        a = -(1 - t).mean() / (1 - t**2).mean()
        return a, (1 + a * grid.diff()).prod()

    @wrong("8.8", "a step that depends on its time")
    def with_the_weight_of_the_noise(t, grid):
        a = -(1 - t).mean() / ((1 - t) ** 2).mean()
        return a, (1 + a * (1 - grid[:-1]) * grid.diff()).prod()

    @wrong("8.8", "sign of the skip")
    def sign_turned_in_both(t, grid):
        a = (1 - t).mean() / ((1 - t) ** 2).mean()
        return a, (1 - a * grid.diff()).prod()


class Ex8_9:
    """my_velocity(net, x, t, knobs)"""

    @right("8.9")
    def asked_for_the_data(net, x, t, knobs):
        return (net(x, t) - x) / torch.clamp(1 - t, min=0.05)

    @right("8.9")
    def knobs_before_the_network(net, x, t, knobs):
        return (net(x, t) * knobs[0] - x) / (1 - t).clamp(min=0.02)

    @right("8.9")
    def powers_of_the_time(net, x, t, knobs):
        return net(x, t) + sum(knobs[i] * t**i for i in range(10)) * x

    @wrong("8.9", "samples in one place")
    def the_network_sees_no_state(net, x, t, knobs):
        return (net(0 * x, t) - x) / (1 - t).clamp(min=0.02)

    @wrong("8.9", "nothing to train")
    def detached(net, x, t, knobs):
        return (net(x, t).detach() - x) / (1 - t).clamp(min=0.02)

    @wrong("8.9", "no skip")
    def knobs_as_a_bias(net, x, t, knobs):
        return net(x, t) + knobs[:1].exp()

    @wrong("8.9", "not near enough")
    def a_skip_and_a_velocity(net, x, t, knobs):
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
