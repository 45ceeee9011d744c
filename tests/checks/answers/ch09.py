"""Chapter 09, latents and transformers: answers as students write them."""

import math
from functools import reduce
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch.distributions import Independent, MultivariateNormal, Normal, kl_divergence

from coursekit import Euler, guided, solve
from coursekit.nets import patchify, unpatchify

from . import right, wrong


class Ex9_1:
    """gaussian_kl(mean, log_var, prior_mean, prior_log_var)"""

    @right("9.1")
    def in_one_line(mean, log_var, prior_mean, prior_log_var):
        d = log_var - prior_log_var
        return 0.5 * ((mean - prior_mean) ** 2 * (-prior_log_var).exp() + d.exp() - d - 1).flatten(1).sum(1)

    @right("9.1")
    def by_torch(mean, log_var, prior_mean, prior_log_var):
        code, prior = (
            Normal(m, (s / 2).exp())
            for m, s in ((mean, log_var), (prior_mean.expand_as(mean), prior_log_var.expand_as(mean)))
        )
        event = mean.dim() - 1
        return kl_divergence(Independent(code, event), Independent(prior, event))

    @right("9.1")
    def row_by_row(mean, log_var, prior_mean, prior_log_var):
        out = []
        for m, s in zip(mean, log_var, strict=True):
            v, p = torch.exp(s), torch.exp(prior_log_var)
            out.append(torch.sum(torch.log(torch.sqrt(p / v)) + (v + (m - prior_mean) ** 2) / (2 * p) - 0.5))
        return torch.stack(out)

    @right("9.1")
    def in_double_precision(mean, log_var, prior_mean, prior_log_var):
        m, s, a, b = (part.double() for part in (mean, log_var, prior_mean, prior_log_var))
        total = -0.5 * (1 + s - b - (m - a).pow(2) / b.exp() - (s - b).exp())
        return total.reshape(len(m), -1).sum(-1)

    @right("9.1")
    def in_place(mean, log_var, prior_mean, prior_log_var):
        terms = (mean - prior_mean).pow(2) + log_var.exp()
        terms /= prior_log_var.exp()
        terms += prior_log_var - log_var - 1
        return terms.sum(dim=tuple(range(1, mean.dim()))) / 2

    @wrong("9.1", "wrong sum")
    def two_axes_of_images_only(mean, log_var, prior_mean, prior_log_var):
        d = log_var - prior_log_var
        terms = (mean - prior_mean) ** 2 / prior_log_var.exp() + d.exp() - d - 1
        return 0.5 * (terms.sum((1, 2, 3)) if terms.dim() == 4 else terms.sum(1) / 3 * 3 ** (len(terms) > 1))

    @wrong("9.1", "wrong distance")
    def a_softplus(mean, log_var, prior_mean, prior_log_var):
        v, p = F.softplus(log_var), F.softplus(prior_log_var)
        return 0.5 * ((mean - prior_mean) ** 2 / p + v / p - 1 + p.log() - v.log()).flatten(1).sum(1)

    @wrong("9.1", "wrong widths")
    def a_root_for_the_log(mean, log_var, prior_mean, prior_log_var):
        d = log_var - prior_log_var
        terms = (mean - prior_mean) ** 2 / prior_log_var.exp() + d.exp() - 1 - d * d.abs().sqrt()
        return 0.5 * terms.flatten(1).sum(1)

    @wrong("9.1", "wrong distance")
    def a_quarter(mean, log_var, prior_mean, prior_log_var):
        d = log_var - prior_log_var
        return (
            (0.25 * (mean - prior_mean) ** 2 / prior_log_var.exp() + (d.exp() - d - 1) / 2).flatten(1).sum(1)
        )

    @wrong("9.1", "no gradient")
    def numbers_from_numpy(mean, log_var, prior_mean, prior_log_var):
        m, s, a, b = (part.detach() for part in (mean, log_var, prior_mean, prior_log_var))
        return 0.5 * ((m - a) ** 2 / b.exp() + (s - b).exp() - 1 + b - s).flatten(1).sum(1)

    @wrong("9.1", "log-variances taken for variances")
    def as_it_comes(mean, log_var, prior_mean, prior_log_var):
        ratio = log_var / prior_log_var
        return 0.5 * ((mean - prior_mean) ** 2 / prior_log_var + ratio - 1 - ratio.log()).flatten(1).sum(1)

    @wrong("9.1", "one number for the whole batch")
    def a_sum_of_all(mean, log_var, prior_mean, prior_log_var):
        d = log_var - prior_log_var
        return 0.5 * ((mean - prior_mean) ** 2 / prior_log_var.exp() + d.exp() - d - 1).sum()

    @wrong("9.1", "logarithm of the variances in full")
    def half_of_the_log(mean, log_var, prior_mean, prior_log_var):
        d = log_var - prior_log_var
        return (0.5 * ((mean - prior_mean) ** 2 / prior_log_var.exp() + d.exp() - 1) - d).flatten(1).sum(1)

    @wrong("9.1", "the one is missing")
    def constants_do_not_matter(mean, log_var, prior_mean, prior_log_var):
        d = log_var - prior_log_var
        return 0.5 * ((mean - prior_mean) ** 2 / prior_log_var.exp() + d.exp() - d).flatten(1).sum(1)

    @wrong("9.1", "mean over the coordinates")
    def averaged(mean, log_var, prior_mean, prior_log_var):
        d = log_var - prior_log_var
        return 0.5 * ((mean - prior_mean) ** 2 / prior_log_var.exp() + d.exp() - d - 1).flatten(1).mean(1)

    @wrong("9.1", "not zero for equals")
    def one_in_the_wrong_bracket(mean, log_var, prior_mean, prior_log_var):
        d = log_var - prior_log_var
        return 0.5 * ((mean - prior_mean) ** 2 / prior_log_var.exp() + d.exp() - d + 1).flatten(1).sum(1)

    @wrong("9.1", "wrong sum")
    def the_one_after_the_sum(mean, log_var, prior_mean, prior_log_var):
        d = log_var - prior_log_var
        return 0.5 * (((mean - prior_mean) ** 2 / prior_log_var.exp() + d.exp() - d).flatten(1).sum(1) - 1)

    @wrong("9.1", "wrong sum")
    def one_width_for_all(mean, log_var, prior_mean, prior_log_var):
        d = log_var - prior_log_var
        away = (mean - prior_mean).square() / prior_log_var.exp().mean()
        return 0.5 * (away + d.exp() - 1 - d).flatten(1).sum(1)


def drawn(mean, log_var):
    return mean + torch.exp(0.5 * log_var) * torch.randn_like(mean)


def price(mean, log_var):
    return 0.5 * (mean**2 + log_var.exp() - 1 - log_var).flatten(1).sum(1)


class Ex9_2:
    """vae_loss(vae, x, log_s2, beta)"""

    @right("9.2")
    def as_in_the_text(vae, x, log_s2, beta):
        mean, log_var = vae.encode(x)
        squares = (x - vae.decode(drawn(mean, log_var))).square().flatten(1).sum(1)
        return (squares / (2 * log_s2.exp()) + x[0].numel() / 2 * log_s2 + beta * price(mean, log_var)).mean()

    @right("9.2")
    def by_distributions(vae, x, log_s2, beta):
        mean, log_var = vae.encode(x)
        code = Normal(mean, (log_var / 2).exp())
        image = Normal(vae.decode(code.rsample()), (log_s2 / 2).exp())
        kl = kl_divergence(code, Normal(0.0, 1.0)).flatten(1).sum(1)
        return (beta * kl - image.log_prob(x).flatten(1).sum(1)).mean()

    @right("9.2")
    def nll_of_torch(vae, x, log_s2, beta):
        mean, log_var = vae.encode(x)
        out = vae.decode(drawn(mean, log_var))
        nll = F.gaussian_nll_loss(out, x, log_s2.exp().expand_as(x), reduction="sum") / len(x)
        return nll + beta * price(mean, log_var).sum() / x.shape[0]

    @right("9.2")
    def image_by_image(vae, x, log_s2, beta):
        mean, log_var = vae.encode(x)
        out, total = vae.decode(drawn(mean, log_var)), 0.0
        for i in range(len(x)):
            total = total + ((x[i] - out[i]) ** 2).sum() * torch.exp(-log_s2) / 2 + log_s2 * x[i].numel() / 2
            total = total + beta * price(mean[i : i + 1], log_var[i : i + 1])[0]
        return total / len(x)

    @right("9.2")
    def by_einsum_in_double_precision(vae, x, log_s2, beta):
        mean, log_var = vae.encode(x)
        eps = torch.randn(mean.shape)
        e = (x - vae.decode(mean + eps * log_var.exp().sqrt())).flatten(1).double()
        image = torch.einsum("ij,ij->", e, e) / (2 * log_s2.exp()) + e.numel() / 2 * (
            math.log(2 * math.pi) + log_s2
        )
        return (image + beta * price(mean, log_var).sum()) / len(x)

    @wrong("9.2", "mean over the pixels")
    def mse_of_torch(vae, x, log_s2, beta):
        mean, log_var = vae.encode(x)
        out = vae.decode(drawn(mean, log_var))
        return (
            F.mse_loss(out, x) / (2 * log_s2.exp())
            + x[0].numel() / 2 * log_s2
            + beta * price(mean, log_var).mean()
        )

    @wrong("9.2", "mean over the pixels, and no count of them")
    def nll_averaged(vae, x, log_s2, beta):
        mean, log_var = vae.encode(x)
        out = vae.decode(drawn(mean, log_var))
        return F.gaussian_nll_loss(out, x, log_s2.exp().expand_as(x)) + beta * price(mean, log_var).mean()

    @wrong("9.2", "no gradient through the draw")
    def torch_normal(vae, x, log_s2, beta):
        mean, log_var = vae.encode(x)
        z = torch.normal(mean, (log_var / 2).exp()).detach()
        squares = (x - vae.decode(z)).square().flatten(1).sum(1)
        return (squares / (2 * log_s2.exp()) + x[0].numel() / 2 * log_s2 + beta * price(mean, log_var)).mean()

    @wrong("9.2", "the mean is decoded")
    def no_draw(vae, x, log_s2, beta):
        mean, log_var = vae.encode(x)
        squares = (x - vae.decode(mean)).square().flatten(1).sum(1)
        return (squares / (2 * log_s2.exp()) + x[0].numel() / 2 * log_s2 + beta * price(mean, log_var)).mean()

    @wrong("9.2", "variance for the deviation")
    def exp_without_half(vae, x, log_s2, beta):
        mean, log_var = vae.encode(x)
        squares = (x - vae.decode(mean + log_var.exp() * torch.randn_like(mean))).square().flatten(1).sum(1)
        return (squares / (2 * log_s2.exp()) + x[0].numel() / 2 * log_s2 + beta * price(mean, log_var)).mean()

    @wrong("9.2", "no gradient")
    def a_plain_number(vae, x, log_s2, beta):
        mean, log_var = vae.encode(x)
        squares = (x - vae.decode(drawn(mean, log_var))).square().flatten(1).sum(1)
        loss = (squares / (2 * log_s2.exp()) + x[0].numel() / 2 * log_s2 + beta * price(mean, log_var)).mean()
        return loss.item()

    @wrong("9.2", "wrong draw")
    def temperature(vae, x, log_s2, beta):
        mean, log_var = vae.encode(x)
        squares = (x - vae.decode(mean + 0.7 * (drawn(mean, log_var) - mean))).square().flatten(1).sum(1)
        return (squares / (2 * log_s2.exp()) + x[0].numel() / 2 * log_s2 + beta * price(mean, log_var)).mean()

    @wrong("9.2", "the same draw each time")
    def seeded(vae, x, log_s2, beta):
        mean, log_var = vae.encode(x)
        eps = torch.randn(mean.shape, generator=torch.Generator().manual_seed(0))
        squares = (x - vae.decode(mean + (log_var / 2).exp() * eps)).square().flatten(1).sum(1)
        return (squares / (2 * log_s2.exp()) + x[0].numel() / 2 * log_s2 + beta * price(mean, log_var)).mean()

    @wrong("9.2", "wrong squares")
    def a_third(vae, x, log_s2, beta):
        mean, log_var = vae.encode(x)
        squares = (x - vae.decode(drawn(mean, log_var))).square().flatten(1).sum(1)
        return (squares / (3 * log_s2.exp()) + x[0].numel() / 2 * log_s2 + beta * price(mean, log_var)).mean()

    @wrong("9.2", "wrong price of a code")
    def beta_squared(vae, x, log_s2, beta):
        mean, log_var = vae.encode(x)
        squares = (x - vae.decode(drawn(mean, log_var))).square().flatten(1).sum(1)
        return (
            squares / (2 * log_s2.exp()) + x[0].numel() / 2 * log_s2 + beta**2 * price(mean, log_var)
        ).mean()

    @wrong("9.2", "wrong slope by the variance")
    def rows_counted(vae, x, log_s2, beta):
        mean, log_var = vae.encode(x)
        squares = (x - vae.decode(drawn(mean, log_var))).square().flatten(1).sum(1)
        return (squares / (2 * log_s2.exp()) + x.shape[-1] / 2 * log_s2 + beta * price(mean, log_var)).mean()

    @wrong("9.2", "net misused")
    def both_decoded(vae, x, log_s2, beta):
        code = torch.cat(vae.encode(x), dim=1)
        return (x - vae.decode(code)).square().mean()

    @wrong("9.2", "wrong slope by the variance")
    def the_whole_batch_counted(vae, x, log_s2, beta):
        mean, log_var = vae.encode(x)
        squares = (x - vae.decode(drawn(mean, log_var))).square().flatten(1).sum(1)
        return (squares / (2 * log_s2.exp()) + x.numel() / 2 * log_s2 + beta * price(mean, log_var)).mean()

    @wrong("9.2", "wrong price of a code")
    def all_over_the_variance(vae, x, log_s2, beta):
        mean, log_var = vae.encode(x)
        squares = (x - vae.decode(drawn(mean, log_var))).square().flatten(1).sum(1)
        return ((squares / 2 + beta * price(mean, log_var)) / log_s2.exp() + x[0].numel() / 2 * log_s2).mean()


def normalised(h):
    return F.layer_norm(h, (h.shape[-1],))


class Ex9_3:
    """adaln_block(x, c, knobs, mix, think)"""

    @right("9.3")
    def six_parts(x, c, knobs, mix, think):
        s1, k1, g1, s2, k2, g2 = knobs(c).unsqueeze(1).chunk(6, dim=2)
        x = x + g1 * mix(normalised(x) * (1 + k1) + s1)
        return x + g2 * think(normalised(x) * (1 + k2) + s2)

    @right("9.3")
    def in_a_loop(x, c, knobs, mix, think):
        table = knobs(c).reshape(len(x), 2, 3, 1, x.shape[-1])
        h = x.clone()
        for i, layer in enumerate((mix, think)):
            mean, var = h.mean(-1, keepdim=True), h.var(-1, keepdim=True, correction=0)
            shift, scale, gate = table[:, i].unbind(1)
            h = h + gate * layer((h - mean) / torch.sqrt(var + 1e-6) * (scale + 1) + shift)
        return h

    @wrong("9.3", "changed in place")
    def sums_in_place(x, c, knobs, mix, think):
        table = knobs(c).reshape(len(x), 2, 3, 1, x.shape[-1])
        h = x.clone()
        for i, layer in enumerate((mix, think)):
            mean, var = h.mean(-1, keepdim=True), h.var(-1, keepdim=True, correction=0)
            shift, scale, gate = table[:, i].unbind(1)
            h += gate * layer((h - mean) / torch.sqrt(var + 1e-6) * (scale + 1) + shift)
        return h

    @wrong("9.3", "no gradient")
    def knobs_under_no_grad(x, c, knobs, mix, think):
        with torch.no_grad():
            table = knobs(c).reshape(len(x), 2, 3, 1, x.shape[-1])
        for i, layer in enumerate((mix, think)):
            mean, var = x.mean(-1, keepdim=True), x.var(-1, keepdim=True, correction=0)
            shift, scale, gate = table[:, i].unbind(1)
            x = x + gate * layer((x - mean) / torch.sqrt(var + 1e-6) * (scale + 1) + shift)
        return x

    @right("9.3")
    def image_by_image_in_double_precision(x, c, knobs, mix, think):
        six = knobs(c).double()
        w = x.shape[-1]
        cut = [six[:, None, i * w : (i + 1) * w] for i in range(6)]
        norm = torch.nn.LayerNorm(w, elementwise_affine=False)
        h = x.double()
        h = torch.addcmul(h, cut[2], mix(norm(h) + norm(h) * cut[1] + cut[0]))
        return torch.addcmul(h, cut[5], think(norm(h) + norm(h) * cut[4] + cut[3]))

    @right("9.3")
    def by_einsum(x, c, knobs, mix, think):
        six = knobs(c).unflatten(-1, (6, -1))

        def film(h, i):
            return torch.einsum("bnd,bd->bnd", normalised(h), 1 + six[:, i + 1]) + six[:, i, None]

        h = x + torch.einsum("bd,bnd->bnd", six[:, 2], mix(film(x, 0)))
        return h + torch.einsum("bd,bnd->bnd", six[:, 5], think(film(h, 3)))

    @wrong("9.3", "one forgotten in the scale")
    def scale_alone(x, c, knobs, mix, think):
        s1, k1, g1, s2, k2, g2 = knobs(c)[:, None].chunk(6, dim=-1)
        x = x + g1 * mix(normalised(x) * k1 + s1)
        return x + g2 * think(normalised(x) * k2 + s2)

    @wrong("9.3", "gate forgotten")
    def four_parts(x, c, knobs, mix, think):
        s1, k1, _, s2, k2, _ = knobs(c)[:, None].chunk(6, dim=-1)
        x = x + mix(normalised(x) * (1 + k1) + s1)
        return x + think(normalised(x) * (1 + k2) + s2)

    @wrong("9.3", "not normalised")
    def film_only(x, c, knobs, mix, think):
        s1, k1, g1, s2, k2, g2 = knobs(c)[:, None].chunk(6, dim=-1)
        x = x + g1 * mix(x * (1 + k1) + s1)
        return x + g2 * think(x * (1 + k2) + s2)

    @wrong("9.3", "raises")
    def no_axis(x, c, knobs, mix, think):
        s1, k1, g1, s2, k2, g2 = knobs(c)[:, :, None].chunk(6, dim=-1)
        x = x + g1 * mix(normalised(x) * (1 + k1) + s1)
        return x + g2 * think(normalised(x) * (1 + k2) + s2)

    @wrong("9.3", "knobs along the batch")
    def torch_lines_axes_up(x, c, knobs, mix, think):
        s1, k1, g1, s2, k2, g2 = knobs(c).chunk(6, dim=-1)
        x = x + g1 * mix(normalised(x) * (1 + k1) + s1)
        return x + g2 * think(normalised(x) * (1 + k2) + s2)

    @wrong("9.3", "wrong change in the second step")
    def second_gate_squared(x, c, knobs, mix, think):
        s1, k1, g1, s2, k2, g2 = knobs(c)[:, None].chunk(6, dim=-1)
        x = x + g1 * mix(normalised(x) * (1 + k1) + s1)
        return x + g2.square() * think(normalised(x) * (1 + k2) + s2)

    @wrong("9.3", "wrong modulation in the second step")
    def shift_of_the_first(x, c, knobs, mix, think):
        s1, k1, g1, s2, k2, g2 = knobs(c)[:, None].chunk(6, dim=-1)
        x = x + g1 * mix(normalised(x) * (1 + k1) + s1)
        return x + g2 * think(normalised(x) * (1 + k2) + s2 / 2)

    @wrong("9.3", "not the identity at the start")
    def normed_tokens_kept(x, c, knobs, mix, think):
        s1, k1, g1, s2, k2, g2 = knobs(c)[:, None].chunk(6, dim=-1)
        x = normalised(x)
        x = x + g1 * mix(x * (1 + k1) + s1)
        x = normalised(x)
        return x + g2 * think(x * (1 + k2) + s2)

    @wrong("9.3", "wrong modulation in the first step")
    def shift_behind_the_layer(x, c, knobs, mix, think):
        s1, k1, g1, s2, k2, g2 = knobs(c)[:, None].chunk(6, dim=-1)
        x = x + g1 * (mix(normalised(x) * (1 + k1)) + s1)
        return x + g2 * (think(normalised(x) * (1 + k2)) + s2)

    @wrong("9.3", "not the identity at the start")
    def half_open(x, c, knobs, mix, think):
        s1, k1, g1, s2, k2, g2 = knobs(c)[:, None].chunk(6, dim=-1)
        x = x + (g1 + 0.5) * mix(normalised(x) * (1 + k1) + s1)
        return x + (g2 + 0.5) * think(normalised(x) * (1 + k2) + s2)

    @wrong("9.3", "wrong in another size")
    def four_numbers(x, c, knobs, mix, think):
        s1, k1, g1, s2, k2, g2 = knobs(c)[:, None].chunk(6, dim=-1)

        def norm(h):
            return (h - h.mean(-1, keepdim=True)) / (
                ((h - h.mean(-1, keepdim=True)) ** 2).sum(-1, keepdim=True) / 4 + 1e-6
            ).sqrt()

        x = x + g1 * mix(norm(x) * (1 + k1) + s1)
        return x + g2 * think(norm(x) * (1 + k2) + s2)


class Ex9_4:
    """dit(net, x, t, y)"""

    @right("9.4")
    def place_first(net, x, t, y):
        c = net.condition(x, t, y)
        h = net.place + net.first(patchify(x, net.patch))
        for block in net.blocks:
            h = block(h, c)
        return unpatchify(net.last(h, c), x.shape)

    @right("9.4")
    def in_place(net, x, t, y):
        h = net.first(patchify(x, net.patch))
        h += net.place[None]
        c = net.condition(x, t, y)
        for k in range(len(net.blocks)):
            h = net.blocks[k](h, c)
        return unpatchify(net.last(h, c), x.shape)

    @right("9.4")
    def reduced(net, x, t, y):
        c = net.condition(x, t, y)
        start = net.first(patchify(x, net.patch)) + net.place.unsqueeze(0).expand(len(x), -1, -1)
        return unpatchify(net.last(reduce(lambda h, block: block(h, c), net.blocks, start), c), x.shape)

    @wrong("9.4", "position added after the blocks")
    def as_it_was(net, x, t, y):
        c = net.condition(x, t, y)
        h = net.first(patchify(x, net.patch))
        for block in net.blocks:
            h = block(h, c)
        return unpatchify(net.last(h + net.place, c), x.shape)

    @wrong("9.4", "position added before and after")
    def twice(net, x, t, y):
        c = net.condition(x, t, y)
        h = net.first(patchify(x, net.patch)) + net.place
        for block in net.blocks:
            h = block(h, c)
        return unpatchify(net.last(h + net.place, c), x.shape)

    @wrong("9.4", "wrong condition")
    def silent_last_layer(net, x, t, y):
        c = net.condition(x, t, y)
        h = net.first(patchify(x, net.patch)) + net.place
        for block in net.blocks:
            h = block(h, c)
        return unpatchify(net.last(h, 0 * c), x.shape)

    @wrong("9.4", "wrong tokens between")
    def a_residual_too_many(net, x, t, y):
        c = net.condition(x, t, y)
        h = net.first(patchify(x, net.patch)) + net.place
        for block in net.blocks:
            h = h + block(h, c)
        return unpatchify(net.last(h, c), x.shape)

    @wrong("9.4", "net misused")
    def place_before_the_first_layer(net, x, t, y):
        c = net.condition(x, t, y)
        h = net.first(torch.cat([patchify(x, net.patch), net.place.expand(len(x), -1, -1)], -1))
        for block in net.blocks:
            h = block(h, c)
        return unpatchify(net.last(h, c), x.shape)

    @wrong("9.4", "wrong tokens leave")
    def from_before(net, x, t, y):
        c = net.condition(x, t, y)
        h = first = net.first(patchify(x, net.patch)) + net.place
        for block in net.blocks:
            h = block(h, c)
        return unpatchify(net.last(h + first, c), x.shape)

    @wrong("9.4", "wrong tokens enter")
    def place_after_the_first_block(net, x, t, y):
        c, h = net.condition(x, t, y), net.first(patchify(x, net.patch))
        for k, block in enumerate(net.blocks):
            h = block(h, c) + (net.place if k == 0 else 0)
        return unpatchify(net.last(h, c), x.shape)

    @wrong("9.4", "wrong tokens enter")
    def place_in_the_condition(net, x, t, y):
        c, h = net.condition(x, t, y) + net.place.mean(dim=0), net.first(patchify(x, net.patch))
        for block in net.blocks:
            h = block(h, c)
        return unpatchify(net.last(h, c), x.shape)

    @wrong("9.4", "blocks not in turn")
    def the_first_again_and_again(net, x, t, y):
        c = net.condition(x, t, y)
        h = net.first(patchify(x, net.patch)) + net.place
        for _ in net.blocks:
            h = net.blocks[0](h, c)
        return unpatchify(net.last(h, c), x.shape)


def velocity(net, z, t, y, w):
    none = net(z, t, torch.full_like(y, net.null))
    return (1 - w) * none + w * net(z, t, y)


class Ex9_5:
    """relabel(net, vae, x, y, w, start, steps)"""

    @right("9.5")
    def step_by_step(net, vae, x, y, w, start, steps):
        z = (vae.encode(x)[0] - vae.shift) / vae.scale
        z = start * z + (1 - start) * torch.randn_like(z)
        h = (1 - start) / steps
        for k in range(steps):
            z = z + h * velocity(net, z, start + k * h, y, w)
        return vae.decode(vae.scale * z + vae.shift)

    @right("9.5")
    def both_branches_in_one_batch(net, vae, x, y, w, start, steps):
        mean, _ = vae.encode(x)
        z = torch.lerp(torch.randn(mean.shape), (mean - vae.shift) / vae.scale, start)
        times = torch.linspace(start, 1, steps + 1)
        labels = torch.cat([torch.full_like(y, net.null), y])
        for t, s in pairwise(times):
            none, told = net(torch.cat([z, z]), t.expand(2 * len(z)).reshape(-1, 1, 1, 1), labels).chunk(2)
            z = z + (s - t) * (none + w * (told - none))
        return vae.decode(z * vae.scale + vae.shift)

    @right("9.5")
    def by_the_library(net, vae, x, y, w, start, steps):
        z = (vae.encode(x)[0] - vae.shift) / vae.scale
        z = start * z + (1 - start) * torch.randn_like(z)
        field = guided(net, y, w)
        return vae.decode(
            vae.shift + vae.scale * solve(field, z, torch.linspace(start, 1, steps + 1), Euler())
        )

    @right("9.5")
    def in_place(net, vae, x, y, w, start, steps):
        z = vae.encode(x)[0].clone().sub_(vae.shift).div_(vae.scale).mul_(start)
        z += (1 - start) * torch.randn(z.shape)
        t = start
        for _ in range(steps):
            z += velocity(net, z, t, y, w) * (1 - start) / steps
            t += (1 - start) / steps
        return vae.decode(z.mul_(vae.scale).add_(vae.shift))

    @right("9.5")
    def cut_for_looking_at(net, vae, x, y, w, start, steps):
        z = (vae.encode(x)[0] - vae.shift) / vae.scale
        z = start * z + (1 - start) * torch.randn_like(z)
        for t in torch.linspace(start, 1, steps + 1)[:-1]:
            z = z + (1 - start) / steps * velocity(net, z, t, y, w)
        return vae.decode(vae.shift + vae.scale * z).clamp(-1, 1)

    @wrong("9.5", "the batch's own mean and spread")
    def own_statistics(net, vae, x, y, w, start, steps):
        z = vae.encode(x)[0]
        z = start * (z - z.mean()) / z.std() + (1 - start) * torch.randn_like(z)
        for k in range(steps):
            z = z + (1 - start) / steps * velocity(net, z, start + k * (1 - start) / steps, y, w)
        return vae.decode(vae.shift + vae.scale * z)

    @wrong("9.5", "scale not undone")
    def decoded_as_it_is(net, vae, x, y, w, start, steps):
        z = (vae.encode(x)[0] - vae.shift) / vae.scale
        z = start * z + (1 - start) * torch.randn_like(z)
        for k in range(steps):
            z = z + (1 - start) / steps * velocity(net, z, start + k * (1 - start) / steps, y, w)
        return vae.decode(z)

    @wrong("9.5", "latents not standardised, scale not undone")
    def no_scale_at_all(net, vae, x, y, w, start, steps):
        z = vae.encode(x)[0]
        z = start * z + (1 - start) * torch.randn_like(z)
        for k in range(steps):
            z = z + (1 - start) / steps * velocity(net, z, start + k * (1 - start) / steps, y, w)
        return vae.decode(z)

    @wrong("9.5", "label out of range")
    def ten_is_the_null(net, vae, x, y, w, start, steps):
        z = (vae.encode(x)[0] - vae.shift) / vae.scale
        z = start * z + (1 - start) * torch.randn_like(z)
        for k in range(steps):
            t = start + k * (1 - start) / steps
            none, told = net(z, t, torch.full_like(y, 10)), net(z, t, y)
            z = z + (1 - start) / steps * (none + w * (told - none))
        return vae.decode(vae.shift + vae.scale * z)

    @wrong("9.5", "null label equal to a real class")
    def zero_is_the_null(net, vae, x, y, w, start, steps):
        z = (vae.encode(x)[0] - vae.shift) / vae.scale
        z = start * z + (1 - start) * torch.randn_like(z)
        for k in range(steps):
            t = start + k * (1 - start) / steps
            none, told = net(z, t, 0 * y), net(z, t, y)
            z = z + (1 - start) / steps * (none + w * (told - none))
        return vae.decode(vae.shift + vae.scale * z)

    @wrong("9.5", "steps too long")
    def whole_steps(net, vae, x, y, w, start, steps):
        z = (vae.encode(x)[0] - vae.shift) / vae.scale
        z = start * z + (1 - start) * torch.randn_like(z)
        for k in range(steps):
            z = z + velocity(net, z, start + k * (1 - start) / steps, y, w) / steps
        return vae.decode(vae.shift + vae.scale * z)

    @wrong("9.5", "net misused")
    def noise_on_the_image(net, vae, x, y, w, start, steps):
        x = start * x + (1 - start) * torch.randn_like(x)
        for k in range(steps):
            x = x + (1 - start) / steps * velocity(net, x, start + k * (1 - start) / steps, y, w)
        return vae.decode(vae.encode(x)[0])

    @wrong("9.5", "wrong start")
    def a_cosine(net, vae, x, y, w, start, steps):
        z = (vae.encode(x)[0] - vae.shift) / vae.scale
        z = math.sin(start * math.pi / 2) * z + math.cos(start * math.pi / 2) * torch.randn_like(z)
        for k in range(steps):
            z = z + (1 - start) / steps * velocity(net, z, start + k * (1 - start) / steps, y, w)
        return vae.decode(vae.shift + vae.scale * z)

    @wrong("9.5", "wrong guidance")
    def twice_the_pull(net, vae, x, y, w, start, steps):
        z = (vae.encode(x)[0] - vae.shift) / vae.scale
        z = start * z + (1 - start) * torch.randn_like(z)
        for k in range(steps):
            z = z + (1 - start) / steps * velocity(net, z, start + k * (1 - start) / steps, y, 2 * w)
        return vae.decode(vae.shift + vae.scale * z)

    @wrong("9.5", "wrong start")
    def variance_kept(net, vae, x, y, w, start, steps):
        z = (vae.encode(x)[0] - vae.shift) / vae.scale
        z = start * z + math.sqrt(1 - start**2) * torch.randn_like(z)
        for k in range(steps):
            z = z + (1 - start) / steps * velocity(net, z, start + k * (1 - start) / steps, y, w)
        return vae.decode(vae.shift + vae.scale * z)

    @wrong("9.5", "wrong clock")
    def one_velocity_for_all_steps(net, vae, x, y, w, start, steps):
        z = (vae.encode(x)[0] - vae.shift) / vae.scale
        z = start * z + (1 - start) * torch.randn_like(z)
        u = velocity(net, z, start, y, w)
        for _ in range(steps):
            z = z + (1 - start) / steps * u
        return vae.decode(vae.shift + vae.scale * z)

    @wrong("9.5", "images changed")
    def stretched(net, vae, x, y, w, start, steps):
        z = (vae.encode(x)[0] - vae.shift) / vae.scale
        z = start * z + (1 - start) * torch.randn_like(z)
        for k in range(steps):
            z = z + (1 - start) / steps * velocity(net, z, start + k * (1 - start) / steps, y, w)
        return torch.tanh(vae.decode(vae.shift + vae.scale * z))

    @wrong("9.5", "repeats itself")
    def a_generator_inside(net, vae, x, y, w, start, steps):
        z = (vae.encode(x)[0] - vae.shift) / vae.scale
        z = start * z + (1 - start) * torch.randn(z.shape, generator=torch.Generator().manual_seed(1))
        for k in range(steps):
            z = z + (1 - start) / steps * velocity(net, z, start + k * (1 - start) / steps, y, w)
        return vae.decode(vae.shift + vae.scale * z)


class Ex9_6:
    """rate_distortion(eigenvalues, beta, width)"""

    @right("9.6")
    def sorted_and_back(eigenvalues, beta, width):
        order = eigenvalues.argsort(descending=True)
        rate, left = torch.zeros_like(eigenvalues), eigenvalues.clone()
        for i in order[:width]:
            if eigenvalues[i] > beta:
                rate[i], left[i] = 0.5 * torch.log(eigenvalues[i] / beta), beta
        return rate, left

    @right("9.6")
    def by_topk(eigenvalues, beta, width):
        on = torch.zeros_like(eigenvalues, dtype=torch.bool)
        on[eigenvalues.topk(min(width, len(eigenvalues))).indices] = True
        on &= eigenvalues > beta
        left = torch.where(on, beta, eigenvalues)
        return torch.where(on, 0.5 * (eigenvalues / beta).log(), 0.0), left

    @right("9.6")
    def in_double_precision_from_the_distortion(eigenvalues, beta, width):
        s = eigenvalues.double()
        least = s.sort(descending=True).values[min(width, len(s)) - 1]
        left = torch.where(s >= least, s.clamp(max=beta), s)
        return -0.5 * (left / s).clamp(min=1e-12, max=1.0).abs().log() * (s > beta), left

    @right("9.6")
    def plain_numbers(eigenvalues, beta, width):
        s = eigenvalues.tolist()
        best = sorted(range(len(s)), key=lambda i: -s[i])[:width]
        on = [i in best and v > beta for i, v in enumerate(s)]
        rate = [math.log(v / beta) / 2 if a else 0.0 for v, a in zip(s, on, strict=True)]
        return torch.tensor(rate), torch.tensor([beta if a else v for v, a in zip(s, on, strict=True)])

    @wrong("9.6", "negative rates")
    def without_a_floor(eigenvalues, beta, width):
        order = eigenvalues.argsort(descending=True)[:width]
        rate, left = torch.zeros_like(eigenvalues), eigenvalues.clone()
        rate[order] = 0.5 * (eigenvalues[order] / beta).log()
        left[order] = eigenvalues[order].clamp(max=beta)
        return rate, left

    @wrong("9.6", "latents not counted")
    def however_many(eigenvalues, beta, width):
        return 0.5 * (eigenvalues / beta).clamp(min=1).log(), eigenvalues.clamp(max=beta)

    @wrong("9.6", "wrong distortion")
    def half_of_beta(eigenvalues, beta, width):
        on = (eigenvalues > beta) & (eigenvalues.argsort(descending=True).argsort() < width)
        return torch.where(on, 0.5 * (eigenvalues / beta).log(), 0.0), torch.where(on, beta / 2, eigenvalues)

    @wrong("9.6", "wrong rate")
    def difference(eigenvalues, beta, width):
        on = (eigenvalues > beta) & (eigenvalues.argsort(descending=True).argsort() < width)
        return torch.where(on, (eigenvalues - beta) / 2, 0.0), torch.where(on, beta, eigenvalues)

    @wrong("9.6", "wrong distortion")
    def level_everywhere(eigenvalues, beta, width):
        told = eigenvalues.argsort(descending=True)[:width]
        rate, left = torch.zeros_like(eigenvalues), eigenvalues.clone()
        rate[told] = (0.5 * (eigenvalues[told].clamp(min=1e-9) / beta).log()).clamp(min=0)
        left[told] = beta
        return rate, left

    @wrong("9.6", "wrong with few latents")
    def one_latent_too_many(eigenvalues, beta, width):
        on = (eigenvalues > beta) & (eigenvalues.argsort(descending=True).argsort() <= width)
        return torch.where(on, 0.5 * (eigenvalues / beta).log(), 0.0), torch.where(on, beta, eigenvalues)

    @wrong("9.6", "wrong type")
    def one_number(eigenvalues, beta, width):
        return eigenvalues.clamp(max=beta).sum()


class Ex9_7:
    """elbo_gap(x, W, b, s2, mean, log_var)"""

    @right("9.7")
    def by_distributions(x, W, b, s2, mean, log_var):
        like = MultivariateNormal(b, W @ W.T + s2 * torch.eye(len(b), dtype=W.dtype))
        M = W.T @ W + s2 * torch.eye(W.shape[1], dtype=W.dtype)
        post = MultivariateNormal(torch.linalg.solve(M, W.T @ (x - b).T).T, s2 * torch.linalg.inv(M))
        return like.log_prob(x), kl_divergence(
            MultivariateNormal(mean, torch.diag_embed(log_var.exp())), post
        )

    @right("9.7")
    def by_bayes_rule(x, W, b, s2, mean, log_var):
        """The ELBO in closed form; the gap is what is missing to the log-likelihood."""
        d, v = len(b), log_var.exp()
        like = MultivariateNormal(b, W @ W.T + s2 * torch.eye(d, dtype=W.dtype)).log_prob(x)
        squares = (x - b - mean @ W.T).square().sum(1) + (v * W.square().sum(0)).sum(1)
        elbo = -squares / (2 * s2) - d / 2 * torch.log(2 * math.pi * s2) - price(mean, log_var)
        return like, like - elbo

    @right("9.7")
    def image_by_image(x, W, b, s2, mean, log_var):
        k, out = W.shape[1], []
        C = W @ W.T + s2 * torch.eye(len(b), dtype=W.dtype)
        S = torch.linalg.inv(torch.eye(k, dtype=W.dtype) + W.T @ W / s2)
        for xi, m, lv in zip(x, mean, log_var, strict=True):
            e = xi - b
            like = -0.5 * (e @ torch.linalg.solve(C, e) + torch.linalg.slogdet(2 * math.pi * C)[1])
            away = m - S @ W.T @ e / s2
            P = torch.linalg.inv(S)
            kl = 0.5 * (
                torch.trace(P @ torch.diag(lv.exp())) + away @ P @ away - k + torch.logdet(S) - lv.sum()
            )
            out.append(torch.stack([like, kl]))
        return torch.stack(out).unbind(1)

    @wrong("9.7", "gap in the other direction")
    def posterior_first(x, W, b, s2, mean, log_var):
        like = MultivariateNormal(b, W @ W.T + s2 * torch.eye(len(b), dtype=W.dtype))
        M = W.T @ W + s2 * torch.eye(W.shape[1], dtype=W.dtype)
        post = MultivariateNormal(torch.linalg.solve(M, W.T @ (x - b).T).T, s2 * torch.linalg.inv(M))
        return like.log_prob(x), kl_divergence(
            post, MultivariateNormal(mean, torch.diag_embed(log_var.exp()))
        )

    @wrong("9.7", "noise forgotten in the posterior's covariance")
    def bishop_without_sigma(x, W, b, s2, mean, log_var):
        like = MultivariateNormal(b, W @ W.T + s2 * torch.eye(len(b), dtype=W.dtype))
        M = W.T @ W + s2 * torch.eye(W.shape[1], dtype=W.dtype)
        post = MultivariateNormal(torch.linalg.solve(M, W.T @ (x - b).T).T, torch.linalg.inv(M))
        return like.log_prob(x), kl_divergence(
            MultivariateNormal(mean, torch.diag_embed(log_var.exp())), post
        )

    @wrong("9.7", "gap from the prior")
    def the_rate(x, W, b, s2, mean, log_var):
        like = MultivariateNormal(b, W @ W.T + s2 * torch.eye(len(b), dtype=W.dtype))
        return like.log_prob(x), price(mean, log_var)

    @wrong("9.7", "image's variance without the latents")
    def given_the_latent(x, W, b, s2, mean, log_var):
        like = Normal(b, s2.sqrt()).log_prob(x).sum(1)
        M = W.T @ W + s2 * torch.eye(W.shape[1], dtype=W.dtype)
        post = MultivariateNormal(torch.linalg.solve(M, W.T @ (x - b).T).T, s2 * torch.linalg.inv(M))
        return like, kl_divergence(MultivariateNormal(mean, torch.diag_embed(log_var.exp())), post)

    @wrong("9.7", "wrong gap")
    def variances_for_deviations(x, W, b, s2, mean, log_var):
        like = MultivariateNormal(b, W @ W.T + s2 * torch.eye(len(b), dtype=W.dtype)).log_prob(x)
        M = W.T @ W + s2 * torch.eye(W.shape[1], dtype=W.dtype)
        post = MultivariateNormal(torch.linalg.solve(M, W.T @ (x - b).T).T, s2 * torch.linalg.inv(M))
        gap = kl_divergence(MultivariateNormal(mean, torch.diag_embed(log_var.exp())), post)
        return like, gap.square()

    @wrong("9.7", "wrong likelihood")
    def given_the_mean_of_the_code(x, W, b, s2, mean, log_var):
        M = W.T @ W + s2 * torch.eye(W.shape[1], dtype=W.dtype)
        post = MultivariateNormal(torch.linalg.solve(M, W.T @ (x - b).T).T, s2 * torch.linalg.inv(M))
        gap = kl_divergence(MultivariateNormal(mean, torch.diag_embed(log_var.exp())), post)
        return Normal(b + mean @ W.T, s2.sqrt()).log_prob(x).sum(1), gap

    @wrong("9.7", "a gap where there is none")
    def sign_of_a_determinant(x, W, b, s2, mean, log_var):
        like = MultivariateNormal(b, W @ W.T + s2 * torch.eye(len(b), dtype=W.dtype)).log_prob(x)
        P = torch.eye(W.shape[1], dtype=W.dtype) + W.T @ W / s2
        e = mean - torch.linalg.solve(P, W.T @ (x - b).T / s2).T
        terms = log_var.exp() @ P.diagonal() + (e @ P * e).sum(1) - len(P) + P.logdet() - log_var.sum(1)
        return like, terms / 2

    @wrong("9.7", "wrong likelihood")
    def of_the_mean_image(x, W, b, s2, mean, log_var):
        like = Normal(b + mean @ W.T, s2.sqrt()).log_prob(x).sum(1)
        return like, price(mean, log_var)


class Ex9_8:
    """multiply_adds(tokens, width, hidden, words)"""

    @right("9.8")
    def matrix_by_matrix(tokens, width, hidden, words):

        def product(a, b, c):
            return a * b * c

        itself = (
            4 * product(tokens, width, width)
            + product(tokens, width, tokens)
            + product(tokens, tokens, width)
        )
        asked = 2 * product(tokens, width, width) + 2 * product(words, width, width)
        asked += product(tokens, width, words) + product(tokens, words, width)
        return itself + asked + product(tokens, width, hidden) + product(tokens, hidden, width)

    @right("9.8")
    def in_one_line(tokens, width, hidden, words):
        return 2 * width * (tokens * (3 * width + hidden + tokens + words) + words * width)

    @right("9.8")
    def counted_by_torch(tokens, width, hidden, words):
        sizes = [(tokens, width, width)] * 6 + [(words, width, width)] * 2
        sizes += [(tokens, width, m) for m in (tokens, tokens, words, words, hidden, hidden)]
        return torch.tensor(sizes).double().prod(1).sum()

    @right("9.8")
    def heads_do_not_matter(tokens, width, hidden, words):
        total, heads = 0, width
        for others in (tokens, words):
            total += 2 * tokens * width**2 + 2 * others * width**2
            total += heads * 2 * tokens * others * (width // heads)
        return float(total + 2 * tokens * width * hidden)

    @wrong("9.8", "multiplications and additions apart")
    def flops(tokens, width, hidden, words):
        return 4 * width * (tokens * (3 * width + hidden + tokens + words) + words * width)

    @wrong("9.8", "words left out")
    def without_words(tokens, width, hidden, words):
        return 4 * tokens * width**2 + 2 * tokens**2 * width + 2 * tokens * width * hidden

    @wrong("9.8", "wrong count")
    def four_hidden_layers(tokens, width, hidden, words):
        return 2 * width * (tokens * (3 * width + 2 * hidden + tokens + words) + words * width)

    @wrong("9.8", "wrong count")
    def hidden_is_four_times_the_width(tokens, width, hidden, words):
        return 2 * width * (tokens * (3 * width + 4 * width + tokens + words) + words * width)

    @wrong("9.8", "wrong in real sizes")
    def no_words_no_attention(tokens, width, hidden, words):
        itself = 2 * width * tokens * (2 * width + hidden + tokens)
        return itself + (2 * width * (tokens * (width + words) + words * width) if words else 0)

    @wrong("9.8", "other products")
    def with_biases(tokens, width, hidden, words):
        return 2 * width * (tokens * (3 * width + hidden + tokens + words) + words * width) + tokens * (
            6 * width + hidden
        )

    @wrong("9.8", "other products")
    def four_times_wide(tokens, width, hidden, words):
        return 2 * width * (tokens * (3 * width + 4 * width + tokens + words) + words * width) + hidden


def axes_of(x):
    middle = x.mean(0)
    _, sizes, axes = torch.linalg.svd(x - middle, full_matrices=False)
    return middle, sizes / len(x) ** 0.5, axes


class Ex9_9:
    """my_space(x)"""

    @right("9.9")
    def axes_and_what_they_lose(x):
        middle, sizes, axes = axes_of(x)
        lost = axes[8:].T * sizes[8:]

        def decode(z):
            return middle + (z * sizes[:8]) @ axes[:8] + torch.randn(len(z), 56) @ lost.T

        return lambda x: (x - middle) @ axes[:8].T / sizes[:8], decode

    @right("9.9")
    def a_covariance_of_the_rest(x):
        mean = x.mean(0)
        values, vectors = torch.linalg.eigh(torch.cov(x.T))
        top = vectors[:, -8:]
        rest = x - mean - (x - mean) @ top @ top.T
        root = torch.linalg.cholesky(torch.cov(rest.T) + 1e-5 * torch.eye(64))
        scale = values[-8:].sqrt().mean()
        return (
            lambda x: (x - mean) @ top / scale,
            lambda z: (mean + z @ top.T * scale + torch.randn(len(z), 64) @ root.T).clamp(-1, 1),
        )

    @right("9.9")
    def rest_of_a_random_image(x):
        middle, sizes, axes = axes_of(x)
        rest = (x - middle) @ axes[8:].T

        def decode(z):
            other = rest[torch.randint(len(x), (len(z),))]
            return (middle + (z * sizes[:8]) @ axes[:8] + other @ axes[8:]).clamp(-1, 1)

        return lambda x: (x - middle) @ axes[:8].T / sizes[:8], decode

    @wrong("9.9", "decoder too sure")
    def axes_alone(x):
        middle, sizes, axes = axes_of(x)
        return lambda x: (x - middle) @ axes[:8].T / sizes[:8], lambda z: middle + (z * sizes[:8]) @ axes[:8]

    @wrong("9.9", "little comes back")
    def images_of_its_own(x):
        middle, sizes, axes = axes_of(x)
        return lambda x: torch.randn(len(x), 8), lambda z: middle + (torch.randn(len(z), 64) * sizes) @ axes

    @wrong("9.9", "little comes back")
    def eight_pixels(x):
        return lambda x: x[:, 26:34], lambda z: torch.cat([z, z.new_zeros(len(z), 56)], dim=1)

    @wrong("9.9", "too many numbers")
    def pixels(x):
        return lambda x: x, lambda z: z

    @wrong("9.9", "copies")
    def look_up(x):
        middle, sizes, axes = axes_of(x)

        def encode(x):
            return (x - middle) @ axes[:8].T / sizes[:8]

        known = encode(x)
        return encode, lambda z: x[torch.cdist(z, known).argmin(1)]

    @wrong("9.9", "latents without the right size")
    def tiny(x):
        middle, _, axes = axes_of(x)
        return lambda x: (x - middle) @ axes[:8].T / 100, lambda z: middle + 100 * z @ axes[:8]

    @wrong("9.9", "too much noise")
    def all_of_the_noise(x):
        middle, sizes, axes = axes_of(x)

        def decode(z):
            return middle + (z * sizes[:8]) @ axes[:8] + 3 * x.std(0) * torch.randn(len(z), 64)

        return lambda x: (x - middle) @ axes[:8].T / sizes[:8], decode

    @wrong("9.9", "wrong type")
    def one_function(x):
        return lambda x: x[:, :8]

    @wrong("9.9", "wrong shape")
    def an_image_shaped_one(x):
        return lambda x: x[:, :8], lambda z: z.new_zeros(len(z), 1, 8, 8)

    @wrong("9.9", "not near enough")
    def on_grey_paper(x):
        middle, sizes, axes = axes_of(x)
        lost = axes[8:] * sizes[8:, None]

        def decode(z):
            return middle + 0.4 + (z * sizes[:8]) @ axes[:8] + torch.randn(len(z), 56) @ lost

        return lambda x: (x - middle) @ axes[:8].T / sizes[:8], decode
