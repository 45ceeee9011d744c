"""Chapter 07, DDPM and DDIM: answers as students write them."""

import math
from itertools import pairwise

import torch

from . import right, wrong


def table(betas):
    return torch.cat([torch.ones(1), torch.cumprod(1 - betas, 0)])


@wrong("7.1", "variance instead of standard deviation")
def variance(z, k, betas):
    a = table(betas)[k].unsqueeze(1)
    return a.sqrt() * z, 1 - a


class Ex7_1:
    @wrong("7.1", "alpha for alpha-bar")
    def last_step_only(z, k, betas):
        alpha = torch.cat([torch.ones(1), 1 - betas])[k][:, None]
        return alpha.sqrt() * z, (1 - alpha).sqrt()

    @wrong("7.1", "root missing on the data")
    def share_times_z(z, k, betas):
        a = table(betas)[k].unsqueeze(1)
        return a * z, torch.sqrt(1 - a)

    @wrong("7.1", "k = 0 wraps round")
    def no_entry_for_zero(z, k, betas):
        bar = torch.cumprod(1 - betas, dim=0)
        a = bar[k - 1][:, None]
        return a.sqrt() * z, (1 - a).sqrt()

    @wrong("7.1", "one index for the whole batch")
    def product_of_all(z, k, betas):
        a = torch.prod(1 - betas)
        return a.sqrt() * z, (1 - a).sqrt()

    @wrong("7.1", "wrong type")
    def only_the_mean(z, k, betas):
        return table(betas)[k][:, None].sqrt() * z

    @right("7.1")
    def with_a_loop(z, k, betas):
        share = torch.stack([torch.prod(1 - betas[: int(i)]) for i in k]).reshape(-1, 1)
        return torch.sqrt(share) * z, torch.sqrt(1 - share)

    @right("7.1")
    def by_logarithms(z, k, betas):
        logs = torch.cat([torch.zeros(1), torch.log1p(-betas).cumsum(0)])
        half = logs[k].reshape(-1, 1) / 2
        return half.exp() * z, torch.sqrt(-torch.expm1(2 * half))

    @right("7.1")
    def step_after_step(z, k, betas):
        weights, variances = [torch.tensor(1.0)], [torch.tensor(0.0)]
        for beta in betas:
            weights.append(weights[-1] * (1 - beta).sqrt())
            variances.append(variances[-1] * (1 - beta) + beta)
        return torch.stack(weights)[k, None] * z, torch.stack(variances)[k, None].sqrt()

    @right("7.1")
    def padded_betas(z, k, betas):
        padded = torch.nn.functional.pad(betas, (1, 0))
        bar = (1 - padded).cumprod(0).gather(0, k).view(-1, 1)
        return bar**0.5 * z, (1.0 - bar) ** 0.5

    @right("7.1")
    def spread_shaped_like_z(z, k, betas):
        a = table(betas)[k][:, None].expand(z.shape)
        return [a.sqrt() * z, (1 - a + 1e-8).sqrt()]

    @right("7.1")
    def in_single_precision(z, k, betas):
        a = table(betas.float())[k][:, None]
        return a.sqrt() * z.float(), (1 - a).clamp(min=0).sqrt()

    @wrong("7.1", "wrong start")
    def zero_clamped(z, k, betas):
        a = torch.cumprod(1 - betas, 0)[(k - 1).clamp(min=0)][:, None]
        return a.sqrt() * z, (1 - a).sqrt()

    @right("7.1")
    def with_masks_and_a_clone(z, k, betas):
        mine = betas.clone()
        mine.neg_().add_(1)
        kept = torch.where(torch.arange(1, len(mine) + 1) <= k[:, None], mine, 1.0)
        a = kept.prod(dim=1, keepdim=True)
        return torch.einsum("bo,bd->bd", a.sqrt(), z), torch.sqrt(1 - a + 1e-8)
        raise NotImplementedError("Exercise 7.1: fill me in")

    @wrong("7.1", "wrong for other sizes")
    def never_the_last_index(z, k, betas):
        a = table(betas)[k.clamp(max=len(betas) - 1)][:, None]
        return a.sqrt() * z, (1 - a).sqrt()

    @wrong("7.1", "one index for the whole batch")
    def largest_index_for_all(z, k, betas):
        a = table(betas)[k.max()]
        return a.sqrt() * z, (1 - a).sqrt().expand(len(z), 1)


def law_of(x, z, k, j, alpha_bar):
    a, b = alpha_bar[k], alpha_bar[j]
    r = a / b
    return (b.sqrt() * (1 - r) * z + r.sqrt() * (1 - b) * x) / (1 - a), (1 - b) * (1 - r) / (1 - a)


class Ex7_3:
    @right("7.3")
    def closed_form(x, z, k, j, alpha_bar):
        return law_of(x, z, k, j, alpha_bar)

    @right("7.3")
    def two_witnesses(x, z, k, j, alpha_bar):
        r = alpha_bar[k] / alpha_bar[j]
        m1, v1 = alpha_bar[j].sqrt() * z, 1 - alpha_bar[j]
        m2, v2 = x / r.sqrt(), (1 - r) / r
        return (m1 * v2 + m2 * v1) / (v1 + v2), v1 * v2 / (v1 + v2)

    @right("7.3")
    def conditioning_two_gaussians(x, z, k, j, alpha_bar):
        r = alpha_bar[k] / alpha_bar[j]
        before, now = 1 - alpha_bar[j], 1 - alpha_bar[k]
        gain = r.sqrt() * before / now
        mean = alpha_bar[j].sqrt() * z + gain * (x - alpha_bar[k].sqrt() * z)
        return [mean, before - gain**2 * now]

    @right("7.3")
    def with_floats(x, z, k, j, alpha_bar):
        a, b = float(alpha_bar[k]), float(alpha_bar[j])
        if j == 0:
            return z, 0.0
        forwards, backwards = 1 / (1 - b), (a / b) / (1 - a / b)
        total = forwards + backwards
        return (forwards * math.sqrt(b) * z + backwards * x / math.sqrt(a / b)) / total, 1 / total

    @right("7.3")
    def variance_as_a_column(x, z, k, j, alpha_bar):
        mean, variance = law_of(x, z, k, j, alpha_bar)
        return mean, variance * torch.ones(len(x), 1)

    @right("7.3")
    def variance_like_the_mean(x, z, k, j, alpha_bar):
        mean, variance = law_of(x.double(), z.double(), k, j, alpha_bar.double())
        return mean.float(), variance.expand(x.shape).float()

    @right("7.3")
    def step_after_step(x, z, k, j, alpha_bar):
        variance = torch.tensor(0.0)
        for i in range(k, j, -1):
            a, b = alpha_bar[i], alpha_bar[i - 1]
            of_state = (a / b).sqrt() * (1 - b) / (1 - a)
            x = b.sqrt() * (1 - a / b) / (1 - a) * z + of_state * x
            variance = of_state**2 * variance + (1 - b) * (1 - a / b) / (1 - a)
        return x, variance

    @right("7.3")
    def keeps_the_old_noise_in_part(x, z, k, j, alpha_bar):
        eps = (x - alpha_bar[k].sqrt() * z) / (1 - alpha_bar[k]).sqrt()
        variance = (1 - alpha_bar[j]) / (1 - alpha_bar[k]) * (1 - alpha_bar[k] / alpha_bar[j])
        return alpha_bar[j].sqrt() * z + (1 - alpha_bar[j] - variance).clamp(min=0).sqrt() * eps, variance

    @right("7.3")
    def by_a_matrix(x, z, k, j, alpha_bar):
        r, v = alpha_bar[k] / alpha_bar[j], 1 - alpha_bar[j]
        joint = torch.stack([v, r.sqrt() * v, r.sqrt() * v, 1 - alpha_bar[k]]).reshape(2, 2)
        off = x - alpha_bar[k].sqrt() * z
        mean = alpha_bar[j].sqrt() * z + joint[0, 1] / joint[1, 1] * off
        return mean, torch.linalg.det(joint) / joint[1, 1]

    @wrong("7.3", "divided by zero at the end")
    def precisions_as_they_are(x, z, k, j, alpha_bar):
        p1 = 1 / (1 - alpha_bar[j])
        r = alpha_bar[k] / alpha_bar[j]
        p2 = r / (1 - r)
        v = 1 / (p1 + p2)
        return v * (p1 * alpha_bar[j].sqrt() * z + p2 * x / r.sqrt()), v

    @wrong("7.3", "always one step")
    def the_lectures_formula(x, z, k, j, alpha_bar):
        alpha = alpha_bar[k] / alpha_bar[k - 1]
        before, bar = alpha_bar[k - 1], alpha_bar[k]
        mean = (before.sqrt() * (1 - alpha) * z + alpha.sqrt() * (1 - before) * x) / (1 - bar)
        return mean, (1 - before) / (1 - bar) * (1 - alpha)

    @wrong("7.3", "noise in between not divided")
    def forgets_to_turn_it_round(x, z, k, j, alpha_bar):
        r = alpha_bar[k] / alpha_bar[j]
        v1, v2 = 1 - alpha_bar[j], 1 - r
        return (v2 * alpha_bar[j].sqrt() * z + v1 * x / r.sqrt()) / (v1 + v2), v1 * v2 / (v1 + v2)

    @wrong("7.3", "standard deviation")
    def root_of_the_variance(x, z, k, j, alpha_bar):
        mean, variance = law_of(x, z, k, j, alpha_bar)
        return mean, variance**0.5

    @wrong("7.3", "difference of the shares, not divided")
    def what_is_lost_in_between(x, z, k, j, alpha_bar):
        r, v1, v2 = alpha_bar[k] / alpha_bar[j], 1 - alpha_bar[j], alpha_bar[j] - alpha_bar[k]
        return (v2 * alpha_bar[j].sqrt() * z + v1 * x / r.sqrt()) / (v1 + v2), v1 * v2 / (v1 + v2)

    @wrong("7.3", "weighted by variance")
    def wrong_way_round(x, z, k, j, alpha_bar):
        r = alpha_bar[k] / alpha_bar[j]
        v1, v2 = 1 - alpha_bar[j], (1 - r) / r
        return (v1 * alpha_bar[j].sqrt() * z + v2 * x / r.sqrt()) / (v1 + v2), v1 * v2 / (v1 + v2)

    @wrong("7.3", "wrong mean")
    def adds_a_little(x, z, k, j, alpha_bar):
        mean, variance = law_of(x, z, k, j, alpha_bar)
        return mean + 0.1 * x, variance

    @wrong("7.3", "wrong type")
    def only_the_mean(x, z, k, j, alpha_bar):
        return law_of(x, z, k, j, alpha_bar)[0]

    @wrong("7.3", "wrong for other sizes")
    def never_the_last_index(x, z, k, j, alpha_bar):
        return law_of(x, z, min(k, 8), j, alpha_bar)

    @wrong("7.3", "wrong end")
    def never_quite_sure(x, z, k, j, alpha_bar):
        mean, variance = law_of(x, z, k, j, alpha_bar)
        return mean, variance.clamp(min=0.01)

    @wrong("7.3", "raises")
    def calls_for_betas(x, z, k, j, alpha_bar):
        return law_of(x, z, k, j, betas)  # noqa: F821

    @wrong("7.3", "law without the later state")
    def the_first_exercise(x, z, k, j, alpha_bar):
        return alpha_bar[j].sqrt() * z, 1 - alpha_bar[j]

    @wrong("7.3", "forward law for the backward one")
    def both_forwards(x, z, k, j, alpha_bar):
        r, v1 = alpha_bar[k] / alpha_bar[j], 1 - alpha_bar[j]
        v2 = 1 - r
        return (alpha_bar[j].sqrt() * z * v2 + x * r.sqrt() * v1) / (v1 + v2), v1 * v2 / (v1 + v2)

    @wrong("7.3", "standard deviations for variances")
    def weighs_by_widths(x, z, k, j, alpha_bar):
        r = alpha_bar[k] / alpha_bar[j]
        v1, v2 = (1 - alpha_bar[j]).sqrt(), ((1 - r) / r).sqrt()
        return (alpha_bar[j].sqrt() * z * v2 + x / r.sqrt() * v1) / (v1 + v2), v1 * v2 / (v1 + v2)

    @wrong("7.3", "noise kept, nothing uncertain")
    def remixes(x, z, k, j, alpha_bar):
        eps = (x - alpha_bar[k].sqrt() * z) / (1 - alpha_bar[k]).sqrt()
        return alpha_bar[j].sqrt() * z + (1 - alpha_bar[j]).sqrt() * eps, torch.tensor(0.0)

    @wrong("7.3", "plain average")
    def averages(x, z, k, j, alpha_bar):
        r = alpha_bar[k] / alpha_bar[j]
        v1, v2 = 1 - alpha_bar[j], (1 - r) / r
        return (alpha_bar[j].sqrt() * z + x / r.sqrt()) / 2, v1 * v2 / (v1 + v2)

    @wrong("7.3", "wrong shape")
    def a_matrix(x, z, k, j, alpha_bar):
        mean, variance = law_of(x, z, k, j, alpha_bar)
        return mean, variance * torch.eye(x.shape[1])

    @right("7.3")
    def a_small_number_at_the_end(x, z, k, j, alpha_bar):
        r = torch.prod(alpha_bar[j + 1 : k + 1] / alpha_bar[j:k])
        p1, p2 = 1 / (1 - alpha_bar[j] + 1e-12), r / (1 - r)
        v = 1 / (p1 + p2)
        return v * (p1 * alpha_bar[j].sqrt() * z + r.sqrt() / (1 - r) * x), v

    @right("7.3")
    def with_lerp(x, z, k, j, alpha_bar):
        r = torch.exp(alpha_bar[k].log() - alpha_bar[j].log())
        v1, v2 = 1 - alpha_bar[j], (1 - r) / r
        return torch.lerp(alpha_bar[j].sqrt() * z, x / r.sqrt(), v1 / (v1 + v2)), v1 * v2 / (v1 + v2)

    @wrong("7.3", "order swapped")
    def variance_first(x, z, k, j, alpha_bar):
        mean, variance = law_of(x, z, k, j, alpha_bar)
        return variance, mean


def paper(net, x, k, betas, alpha_bar):
    beta = betas[k - 1]
    return (x - beta / (1 - alpha_bar[k]).sqrt() * net(x, k)) / (1 - beta).sqrt(), beta.sqrt()


def kicked(mean, k, sigma):
    return mean + sigma * torch.randn_like(mean) if k > 1 else mean


def bayes(x, z, k, betas, alpha_bar):
    beta, before, bar = betas[k - 1], alpha_bar[k - 1], alpha_bar[k]
    return (before.sqrt() * beta * z + (1 - beta).sqrt() * (1 - before) * x) / (1 - bar)


class Ex7_4:
    @wrong("7.4", "the bug is still there")
    def renames_only(net, x, k, betas, alpha_bar):
        beta = betas[k - 1]
        mean = (x - beta.sqrt() * net(x, k)) / (1 - beta).sqrt()
        return kicked(mean, k, beta.sqrt())

    @wrong("7.4", "beta alone on the predicted noise")
    def drops_the_root(net, x, k, betas, alpha_bar):
        beta = betas[k - 1]
        return kicked((x - beta * net(x, k)) / (1 - beta).sqrt(), k, beta.sqrt())

    @wrong("7.4", "alpha_bar one place too early")
    def bar_of_the_step_before(net, x, k, betas, alpha_bar):
        beta, rest = betas[k - 1], (1 - alpha_bar[k - 1]).clamp(min=1e-6)
        return kicked((x - beta / rest.sqrt() * net(x, k)) / (1 - beta).sqrt(), k, beta.sqrt())

    @right("7.4")
    def mended(net, x, k, betas, alpha_bar):
        beta = betas[k - 1]
        alpha = 1 - beta
        mean = (x - beta / (1 - alpha_bar[k]).sqrt() * net(x, k)) / alpha.sqrt()
        if k == 1:
            return mean
        return mean + beta.sqrt() * torch.randn_like(x)

    @right("7.4")
    def with_my_posterior(net, x, k, betas, alpha_bar):
        z, _ = guess(net, x, k, alpha_bar)
        mean, variance = law_of(x, z, k, k - 1, alpha_bar)
        return mean + variance.sqrt() * torch.randn_like(x)

    @wrong("7.4", "noise at the last step")
    def always_noise(net, x, k, betas, alpha_bar):
        mean, sigma = paper(net, x, k, betas, alpha_bar)
        return mean + sigma * torch.randn_like(x)

    @wrong("7.4", "no noise")
    def mean_only(net, x, k, betas, alpha_bar):
        return paper(net, x, k, betas, alpha_bar)[0]

    @wrong("7.4", "DDIM step")
    def next_exercise(net, x, k, betas, alpha_bar):
        eps, a, b = net(x, k), alpha_bar[k], alpha_bar[k - 1]
        return b.sqrt() * (x - (1 - a).sqrt() * eps) / a.sqrt() + (1 - b).sqrt() * eps

    @wrong("7.4", "alpha-bar for alpha in the divisor")
    def divides_by_the_bar(net, x, k, betas, alpha_bar):
        beta = betas[k - 1]
        mean = (x - beta / (1 - alpha_bar[k]).sqrt() * net(x, k)) / alpha_bar[k].sqrt()
        return kicked(mean, k, beta.sqrt())

    @wrong("7.4", "field misused")
    def index_first(net, x, k, betas, alpha_bar):
        mean, sigma = paper(lambda x, k: net(k, x), x, k, betas, alpha_bar)
        return kicked(mean, k, sigma)

    @right("7.4")
    def with_beta_tilde(net, x, k, betas, alpha_bar):
        mean, _ = paper(net, x, k, betas, alpha_bar)
        tilde = betas[k - 1] * (1 - alpha_bar[k - 1]) / (1 - alpha_bar[k])
        return mean + tilde.sqrt() * torch.randn_like(x)

    @right("7.4")
    def through_the_posterior(net, x, k, betas, alpha_bar):
        z = (x - (1 - alpha_bar[k]).sqrt() * net(x, k)) / alpha_bar[k].sqrt()
        noise = torch.randn_like(x) if k > 1 else torch.zeros_like(x)
        return bayes(x, z, k, betas, alpha_bar) + betas[k - 1] ** 0.5 * noise

    @right("7.4")
    def through_the_score(net, x, k, betas, alpha_bar):
        score = -net(x, k) / (1 - alpha_bar[k]).sqrt()
        beta = float(betas[k - 1])
        mean = (x + beta * score) / math.sqrt(1 - beta)
        return mean + (k != 1) * math.sqrt(beta) * torch.randn(x.shape, dtype=x.dtype)

    @right("7.4")
    def alpha_from_the_table(net, x, k, betas, alpha_bar):
        alpha = alpha_bar[k] / alpha_bar[k - 1]
        mean = alpha.rsqrt() * (x - (1 - alpha) * (1 - alpha_bar[k]).rsqrt() * net(x, k))
        return torch.normal(mean, (1 - alpha).sqrt().item() * (1.0 if k > 1 else 0.0))

    @right("7.4")
    def asks_with_a_tensor(net, x, k, betas, alpha_bar):
        eps = net(x, torch.full((len(x),), k))
        beta, gap = betas[k - 1], 1 - alpha_bar[k] + 1e-6
        out = (x - beta * eps / gap.sqrt()) / (1 - beta).sqrt()
        if k == 1:
            return out
        return out + beta.sqrt() * torch.randn_like(out)

    @right("7.4")
    def ddim_with_eta_one(net, x, k, betas, alpha_bar):
        eps, a, b = net(x, k), alpha_bar[k], alpha_bar[k - 1]
        fresh = (1 - b) / (1 - a) * (1 - a / b)
        z = (x - (1 - a).sqrt() * eps) / a.sqrt()
        return b.sqrt() * z + (1 - b - fresh).clamp(min=0).sqrt() * eps + fresh.sqrt() * torch.randn_like(x)

    @wrong("7.4", "net not asked")
    def forward_once_more(net, x, k, betas, alpha_bar):
        return (1 - betas[k - 1]).sqrt() * x + betas[k - 1].sqrt() * torch.randn_like(x)

    @wrong("7.4", "wrong type")
    def mean_and_spread(net, x, k, betas, alpha_bar):
        return paper(net, x, k, betas, alpha_bar)

    @right("7.4")
    def asks_twice_and_takes_the_noise_away(net, x, k, betas, alpha_bar):
        z = (x - (1 - alpha_bar[k]).sqrt() * net(x, k)) / alpha_bar[k].sqrt()
        eps = (x - alpha_bar[k].sqrt() * z) / (1 - alpha_bar[k]).sqrt()
        mean, sigma = paper(net, x, k, betas, alpha_bar)
        return mean - (sigma * torch.randn_like(eps) if k > 1 else 0)

    @right("7.4")
    def plain_numbers_and_normal(net, x, k, betas, alpha_bar):
        beta, bar = betas[k - 1].item(), alpha_bar[k].item()
        mean = (x - beta / math.sqrt(1 - bar + 1e-10) * net(x, k)) / math.sqrt(1 - beta)
        return torch.normal(mean, math.sqrt(beta) * (k > 1))

    @wrong("7.4", "raises")
    def noise_of_two_columns(net, x, k, betas, alpha_bar):
        mean, sigma = paper(net, x, k, betas, alpha_bar)
        return mean + sigma * torch.randn(len(x), 2) if k > 1 else mean

    @wrong("7.4", "network shown another state")
    def starts_anew(net, x, k, betas, alpha_bar):
        x = torch.randn_like(x)
        return kicked(*[paper(net, x, k, betas, alpha_bar)[0], k, betas[k - 1].sqrt()])

    @wrong("7.4", "state hardly in the result")
    def pure_noise(net, x, k, betas, alpha_bar):
        net(x, k)
        return betas[k - 1].sqrt() * torch.randn_like(x)

    @wrong("7.4", "mean of the predicted noise")
    def averages_the_answer(net, x, k, betas, alpha_bar):
        mean, sigma = paper(lambda x, k: net(x, k).mean(dim=0), x, k, betas, alpha_bar)
        return kicked(mean, k, sigma)

    @wrong("7.4", "wrong spread")
    def half_the_noise(net, x, k, betas, alpha_bar):
        mean, sigma = paper(net, x, k, betas, alpha_bar)
        return kicked(mean, k, sigma / 2)

    @wrong("7.4", "not normal")
    def laplace(net, x, k, betas, alpha_bar):
        mean, sigma = paper(net, x, k, betas, alpha_bar)
        noise = torch.distributions.Laplace(0.0, 0.5**0.5).sample(x.shape)
        return mean + sigma * noise if k > 1 else mean

    @right("7.4")
    def asks_in_parts(net, x, k, betas, alpha_bar):
        def in_parts(x, k):
            return torch.cat([net(part, k) for part in x.split(40)])

        return kicked(*paper(in_parts, x, k, betas, alpha_bar)[:1], k, betas[k - 1].sqrt())


def mixed(z, eps, b):
    return b.sqrt() * z + (1 - b).sqrt() * eps


def guess(net, x, k, alpha_bar):
    eps, a = net(x, k), alpha_bar[k]
    return (x - (1 - a).sqrt() * eps) / a.sqrt(), eps


class Ex7_5:
    @wrong("7.5", "data not divided by the root of alpha-bar")
    def noise_out_and_done(net, x, k, j, alpha_bar, eta):
        eps = net(x, k)
        return mixed(x - (1 - alpha_bar[k]).sqrt() * eps, eps, alpha_bar[j])

    @wrong("7.5", "root missing on the data in the guess")
    def divided_too_much(net, x, k, j, alpha_bar, eta):
        eps = net(x, k)
        return mixed((x - (1 - alpha_bar[k]).sqrt() * eps) / alpha_bar[k], eps, alpha_bar[j])

    @wrong("7.5", "multiplied instead of divided")
    def times_the_root(net, x, k, j, alpha_bar, eta):
        eps = net(x, k)
        return mixed((x - (1 - alpha_bar[k]).sqrt() * eps) * alpha_bar[k].sqrt(), eps, alpha_bar[j])

    @wrong("7.5", "noise keeps its old weight")
    def old_noise_weight(net, x, k, j, alpha_bar, eta):
        z, eps = guess(net, x, k, alpha_bar)
        return alpha_bar[j].sqrt() * z + (1 - alpha_bar[k]).sqrt() * eps

    @wrong("7.5", "net not asked")
    def rescales(net, x, k, j, alpha_bar, eta):
        return x * (alpha_bar[j] / alpha_bar[k]).sqrt()

    @wrong("7.5", "identity")
    def forgets_to_return_it(net, x, k, j, alpha_bar, eta):
        mixed(*guess(net, x, k, alpha_bar), alpha_bar[j])
        return x

    @wrong("7.5", "field misused")
    def asks_without_the_state(net, x, k, j, alpha_bar, eta):
        eps = net(k, x)
        return mixed(x, eps, alpha_bar[j])

    @right("7.5")
    def as_derived(net, x, k, j, alpha_bar, eta):
        z, eps = guess(net, x, k, alpha_bar)
        a, b = alpha_bar[k], alpha_bar[j]
        variance = eta**2 * (1 - b) * (1 - a / b) / (1 - a)
        return b.sqrt() * z + (1 - b - variance).sqrt() * eps + variance.sqrt() * torch.randn_like(x)

    @right("7.5")
    def by_the_papers_sigma(net, x, k, j, alpha_bar, eta):
        a, b = alpha_bar[k], alpha_bar[j]
        sigma = eta * torch.sqrt((1 - b) / (1 - a)) * torch.sqrt(1 - a / b)
        e = net(x, k)
        x0 = (x - torch.sqrt(1 - a) * e) / torch.sqrt(a)
        return torch.sqrt(b) * x0 + torch.sqrt(1 - b - sigma**2) * e + sigma * torch.randn(x.shape)

    @right("7.5")
    def with_floats(net, x, k, j, alpha_bar, eta):
        a, b = float(alpha_bar[k]), float(alpha_bar[j])
        eps = net(x, k)
        z = (x - math.sqrt(1 - a) * eps) / math.sqrt(a)
        variance = eta**2 / (1 / (1 - b) + a / b / (1 - a / b)) if j > 0 else 0.0
        kept = math.sqrt(max(1 - b - variance, 0.0))
        return torch.normal(math.sqrt(b) * z + kept * eps, math.sqrt(variance))

    @right("7.5")
    def in_one_line_with_a_column(net, x, k, j, alpha_bar, eta):
        a, b, eps = alpha_bar[k], alpha_bar[j], net(x, torch.full((len(x), 1), k))
        v = eta**2 * (1 - b) / (1 - a) * (1 - a / b)
        return (
            (b / a).sqrt() * x
            + ((1 - b - v).clamp(min=0).sqrt() - (b * (1 - a) / a).sqrt()) * eps
            + v**0.5 * torch.randn_like(eps)
        )

    @right("7.5")
    def noise_from_the_data(net, x, k, j, alpha_bar, eta):
        z, _ = guess(net, x, k, alpha_bar)
        old = (x - alpha_bar[k].sqrt() * z) / (1 - alpha_bar[k]).sqrt()
        share = eta**2 * (1 - alpha_bar[k] / alpha_bar[j]) / (1 - alpha_bar[k])
        noise = (1 - share).sqrt() * old + share.sqrt() * torch.randn_like(x)
        return mixed(z, noise, alpha_bar[j])

    @right("7.5")
    def quiet_when_eta_is_zero(net, x, k, j, alpha_bar, eta):
        z, eps = guess(net, x.double(), k, alpha_bar.double())
        a, b = alpha_bar[k].double(), alpha_bar[j].double()
        if eta == 0 or j == 0:
            return mixed(z, eps, b).float()
        v = eta**2 * (1 - b) * (b - a) / (b * (1 - a))
        return (b.sqrt() * z + (1 - b - v).sqrt() * eps + v.sqrt() * torch.randn_like(z)).float()

    @right("7.5")
    def through_the_posterior_and_ddim(net, x, k, j, alpha_bar, eta):
        z, eps = guess(net, x, k, alpha_bar)
        mean, variance = law_of(x, z, k, j, alpha_bar)
        if eta == 1:
            return mean + variance.sqrt() * torch.randn_like(x)
        kept = 1 - alpha_bar[j] - eta**2 * variance
        return alpha_bar[j].sqrt() * z + kept.sqrt() * eps + eta * variance.sqrt() * torch.randn_like(x)

    @right("7.5")
    def asks_twice_the_same(net, x, k, j, alpha_bar, eta):
        z, _ = guess(net, x, k, alpha_bar)
        _, variance = law_of(x, z, k, j, alpha_bar)
        sigma = eta * variance.sqrt()
        return (
            alpha_bar[j].sqrt() * z
            + (1 - alpha_bar[j] - sigma.square()).sqrt() * net(x, k)
            - sigma * torch.randn_like(x)
        )

    @right("7.5")
    def row_by_row(net, x, k, j, alpha_bar, eta):
        eps = torch.cat([net(part, k) for part in x.split(10)])
        a, b = alpha_bar[k], alpha_bar[j]
        z = (x - (1 - a).sqrt() * eps) / a.sqrt()
        s = eta * ((1 - b) / (1 - a) * (1 - a / b)) ** 0.5
        return (
            b**0.5 * z + (1 - b - s * s) ** 0.5 * eps + torch.stack([s * torch.randn_like(row) for row in x])
        )

    @wrong("7.5", "old noise kept whole")
    def shakes_what_ddim_makes(net, x, k, j, alpha_bar, eta):
        z, eps = guess(net, x, k, alpha_bar)
        _, variance = law_of(x, z, k, j, alpha_bar)
        return mixed(z, eps, alpha_bar[j]) + eta * variance.sqrt() * torch.randn_like(x)

    @wrong("7.5", "all of the noise at j")
    def blends_old_and_new(net, x, k, j, alpha_bar, eta):
        z, eps = guess(net, x, k, alpha_bar)
        blend = math.sqrt(1 - eta**2) * eps + eta * torch.randn_like(x)
        return mixed(z, blend, alpha_bar[j])

    @wrong("7.5", "beta for beta-tilde")
    def noise_of_the_steps_between(net, x, k, j, alpha_bar, eta):
        z, eps = guess(net, x, k, alpha_bar)
        v = eta**2 * (1 - alpha_bar[k] / alpha_bar[j])
        return (
            alpha_bar[j].sqrt() * z
            + (1 - alpha_bar[j] - v).clamp(min=0).sqrt() * eps
            + v.sqrt() * torch.randn_like(x)
        )

    @wrong("7.5", "eta ignored")
    def forgets_eta(net, x, k, j, alpha_bar, eta):
        return mixed(*guess(net, x, k, alpha_bar), alpha_bar[j])

    @wrong("7.5", "ancestral step")
    def always_a_draw(net, x, k, j, alpha_bar, eta):
        z, _ = guess(net, x, k, alpha_bar)
        mean, variance = law_of(x, z, k, j, alpha_bar)
        return mean + 0.3 * variance.sqrt() * torch.randn_like(x)

    @wrong("7.5", "wrong spread")
    def half_of_it(net, x, k, j, alpha_bar, eta):
        z, eps = guess(net, x, k, alpha_bar)
        v = eta**2 * law_of(x, z, k, j, alpha_bar)[1]
        return (
            alpha_bar[j].sqrt() * z
            + (1 - alpha_bar[j] - v).sqrt() * eps
            + 0.6 * v.sqrt() * torch.randn_like(x)
        )

    @wrong("7.5", "NaN")
    def precisions_at_the_end(net, x, k, j, alpha_bar, eta):
        z, eps = guess(net, x, k, alpha_bar)
        a, b = alpha_bar[k], alpha_bar[j]
        v = eta**2 / (1 / (1 - b) + a / b / (1 - a / b)) if eta > 0 else torch.zeros(())
        ratio = v / (1 - b) if eta > 0 else 0.0
        return b.sqrt() * z + ((1 - b) * (1 - ratio)).sqrt() * eps + v.sqrt() * torch.randn_like(x)

    @wrong("7.5", "does not land")
    def a_little_noise_always(net, x, k, j, alpha_bar, eta):
        z, eps = guess(net, x, k, alpha_bar)
        v = eta**2 * law_of(x, z, k, j, alpha_bar)[1] + (1e-4 if eta > 0 else 0)
        return (
            alpha_bar[j].sqrt() * z
            + (1 - alpha_bar[j] - v).clamp(min=0).sqrt() * eps
            + v.sqrt() * torch.randn_like(x)
        )

    @wrong("7.5", "predicted noise for fresh noise")
    def draws_nothing(net, x, k, j, alpha_bar, eta):
        z, eps = guess(net, x, k, alpha_bar)
        v = eta**2 * law_of(x, z, k, j, alpha_bar)[1]
        return alpha_bar[j].sqrt() * z + ((1 - alpha_bar[j] - v).sqrt() + v.sqrt()) * eps

    @wrong("7.5", "posterior of a single step")
    def always_from_k_to_k_minus_one(net, x, k, j, alpha_bar, eta):
        z, eps = guess(net, x, k, alpha_bar)
        v = eta**2 * law_of(x, z, k, k - 1, alpha_bar)[1]
        rest = (1 - alpha_bar[j] - v).clamp(min=0)
        return alpha_bar[j].sqrt() * z + rest.sqrt() * eps + v.sqrt() * torch.randn_like(x)

    @wrong("7.5", "wrong old noise")
    def between_the_two_ends(net, x, k, j, alpha_bar, eta):
        z, eps = guess(net, x, k, alpha_bar)
        mean, variance = law_of(x, z, k, j, alpha_bar)
        random = mean + variance.sqrt() * torch.randn_like(x)
        return (1 - eta) * mixed(z, eps, alpha_bar[j]) + eta * random

    @wrong("7.5", "mean of the reverse step")
    def only_the_kick_scaled(net, x, k, j, alpha_bar, eta):
        z, _ = guess(net, x, k, alpha_bar)
        mean, variance = law_of(x, z, k, j, alpha_bar)
        return mean + eta * variance.sqrt() * torch.randn_like(x)

    @wrong("7.5", "wrong type")
    def mean_and_strength(net, x, k, j, alpha_bar, eta):
        z, eps = guess(net, x, k, alpha_bar)
        return mixed(z, eps, alpha_bar[j]), eta

    @wrong("7.5", "does not land")
    def never_takes_the_last_step(net, x, k, j, alpha_bar, eta):
        return mixed(*guess(net, x, k, alpha_bar), alpha_bar[j]) if j > 0 else x

    @wrong("7.5", "wrong for other sizes")
    def never_from_the_last_index(net, x, k, j, alpha_bar, eta):
        return mixed(*guess(net, x, min(k, len(alpha_bar) - 2), alpha_bar), alpha_bar[j])

    @wrong("7.5", "new state cut off")
    def pixels(net, x, k, j, alpha_bar, eta):
        return mixed(*guess(net, x, k, alpha_bar), alpha_bar[j]).clamp(-1, 1)

    @wrong("7.5", "random result")
    def a_little_chance(net, x, k, j, alpha_bar, eta):
        z, eps = guess(net, x, k, alpha_bar)
        return mixed(z, 0.9 * eps + 0.1 * torch.randn_like(eps), alpha_bar[j])


def share_at(k, table):
    low = k.floor().long().clamp(0, len(table) - 2)
    return torch.exp(torch.lerp(table.log()[low], table.log()[low + 1], k - low))


def numbers(k, share):
    return k, share.sqrt(), (1 - share).sqrt()


class Ex7_6:
    @wrong("7.6", "time not turned round")
    def k_grows_with_t(t, alpha_bar):
        k = (len(alpha_bar) - 1) * t
        return numbers(k, share_at(k, alpha_bar))

    @wrong("7.6", "one step too few")
    def length_minus_two(t, alpha_bar):
        k = (len(alpha_bar) - 2) * (1 - t)
        return numbers(k, share_at(k, alpha_bar))

    @wrong("7.6", "nearest index")
    def rounded_for_the_table(t, alpha_bar):
        k = (len(alpha_bar) - 1) * (1 - t)
        return numbers(k, alpha_bar[k.round().long()])

    @wrong("7.6", "shares on a straight line")
    def lerp_of_shares(t, alpha_bar):
        k = (len(alpha_bar) - 1) * (1 - t)
        low = k.floor().long().clamp(max=len(alpha_bar) - 2)
        return numbers(k, alpha_bar[low] + (k - low) * (alpha_bar[low + 1] - alpha_bar[low]))

    @wrong("7.6", "wrong type")
    def no_index(t, alpha_bar):
        return numbers(t, share_at((len(alpha_bar) - 1) * (1 - t), alpha_bar))[1:]

    @wrong("7.6", "wrong dtype")
    def whole_index(t, alpha_bar):
        k = (len(alpha_bar) - 1) * (1 - t)
        return k.long(), share_at(k, alpha_bar).sqrt(), (1 - share_at(k, alpha_bar)).sqrt()

    @right("7.6")
    def with_ceil(t, alpha_bar):
        k = (len(alpha_bar) - 1) * (1 - t)
        low, high = k.floor().long(), k.ceil().long()
        logs, r = torch.log(alpha_bar), k - k.floor()
        alpha = (((1 - r) * logs[low] + r * logs[high]) / 2).exp()
        return k, alpha, (1 - alpha**2).sqrt()

    @right("7.6")
    def by_powers(t, alpha_bar):
        k = (len(alpha_bar) - 1) * (1 - t)
        low = k.floor().long().clamp(max=len(alpha_bar) - 2)
        r = k - low
        share = alpha_bar[low] ** (1 - r) * alpha_bar[low + 1] ** r
        return [k, share**0.5, (1 - share + 1e-9) ** 0.5]

    @right("7.6")
    def by_rates(t, alpha_bar):
        steps = len(alpha_bar) - 1
        k = steps - steps * t
        low = k.long().clamp(0, steps - 1)
        rate = -torch.log(alpha_bar[1:] / alpha_bar[:-1])[low]
        logs = alpha_bar.log()[low] - rate * (k - low)
        return k, torch.exp(logs / 2), torch.sqrt(-torch.expm1(logs))

    @right("7.6")
    def with_numpy_interp(t, alpha_bar):
        import numpy as np

        k = (len(alpha_bar) - 1) * (1 - t)
        grid = np.arange(len(alpha_bar))
        share = torch.from_numpy(np.exp(np.interp(k.numpy(), grid, alpha_bar.log().numpy())))
        return k, share.sqrt(), (1 - share).sqrt()

    @right("7.6")
    def row_by_row(t, alpha_bar):
        logs, rows = alpha_bar.log().tolist(), []
        for time in t.flatten().tolist():
            k = (len(logs) - 1) * (1 - time)
            low = min(int(k), len(logs) - 2)
            share = math.exp(logs[low] + (k - low) * (logs[low + 1] - logs[low]))
            rows.append([k, math.sqrt(share), math.sqrt(1 - share)])
        return torch.tensor(rows).T[:, :, None]

    @right("7.6")
    def in_single_precision_again(t, alpha_bar):
        k = (len(alpha_bar) - 1) * (1 - t.float())
        share = share_at(k, alpha_bar.float())
        return k, share.sqrt(), (1 - share).clamp(min=0).sqrt()

    @wrong("7.6", "K of the notebook")
    def a_thousand_steps(t, alpha_bar):
        k = 1000 * (1 - t)
        return numbers(k, share_at(k, alpha_bar))

    @wrong("7.6", "wrong ends")
    def rest_before_the_clamp(t, alpha_bar):
        k, logs = (len(alpha_bar) - 1) * (1 - t), alpha_bar.log()
        low, rest = k.long(), k - k.floor()
        low = low.clamp(max=len(alpha_bar) - 2)
        return numbers(k, torch.lerp(logs[low], logs[low + 1], rest).exp())

    @wrong("7.6", "raises")
    def no_clamp(t, alpha_bar):
        k, logs = (len(alpha_bar) - 1) * (1 - t), alpha_bar.log()
        low = k.floor().long()
        return numbers(k, torch.lerp(logs[low], logs[low + 1], k - low).exp())

    @right("7.6")
    def wraps_where_nothing_is_left(t, alpha_bar):
        k, logs = (len(alpha_bar) - 1) * (1 - t), alpha_bar.log()
        low = k.floor().long()
        return numbers(k, torch.lerp(logs[low], logs[(low + 1) % len(alpha_bar)], k - low).exp())

    @right("7.6")
    def hats(t, alpha_bar):
        k = (len(alpha_bar) - 1) * (1 - t)
        weights = (1 - (k - torch.arange(len(alpha_bar))).abs()).clamp(min=0)
        log = (weights @ alpha_bar.log())[:, None]
        return [k, (log / 2).exp(), (-torch.expm1(log)).sqrt()]

    @wrong("7.6", "wrong ends")
    def stops_before_the_noise(t, alpha_bar):
        k = ((len(alpha_bar) - 1) * (1 - t)).clamp(max=len(alpha_bar) - 2)
        return numbers(k, share_at(k, alpha_bar))

    @wrong("7.6", "rate not constant")
    def slow_start_of_each_step(t, alpha_bar):
        k = (len(alpha_bar) - 1) * (1 - t)
        low = k.floor()
        return numbers(k, share_at(low + (k - low) ** 2, alpha_bar))

    @wrong("7.6", "wrong for another chain")
    def logs_not_too_small(t, alpha_bar):
        k = (len(alpha_bar) - 1) * (1 - t)
        return numbers(k, share_at(k, alpha_bar.clamp(min=0.01)))


def f(steps, offset):
    return torch.cos((torch.arange(steps + 1) / steps + offset) / (1 + offset) * math.pi / 2) ** 2


def variances(f, largest=0.999):
    return torch.clamp(1 - f[1:] / f[:-1], max=largest)


class Ex7_7:
    @wrong("7.7", "cosine not squared")
    def plain_cosine(steps, offset):
        return variances(f(steps, offset).sqrt())

    @wrong("7.7", "offset left out")
    def no_offset(steps, offset):
        return variances(f(steps, 0.0))

    @wrong("7.7", "wrong share")
    def offset_only_added(steps, offset):
        return variances(torch.cos((torch.arange(steps + 1) / steps + offset) * math.pi / 2) ** 2)

    @wrong("7.7", "not bounded")
    def never_clamped(steps, offset):
        s = f(steps, offset)
        return 1 - s[1:] / s[:-1]

    @wrong("7.7", "share in place of variance")
    def returns_the_shares(steps, offset):
        s = f(steps, offset)
        return s[1:] / s[0]

    @wrong("7.7", "wrong shape")
    def one_too_many(steps, offset):
        return torch.cat([torch.zeros(1), variances(f(steps, offset))])

    @wrong("7.7", "last step not bounded")
    def bounded_elsewhere(steps, offset):
        return variances(f(steps, offset), largest=0.99)

    @wrong("7.7", "wrong type")
    def a_list(steps, offset):
        return variances(f(steps, offset)).tolist()

    @right("7.7")
    def in_a_loop(steps, offset):
        def share(k):
            return math.cos((k / steps + offset) / (1 + offset) * math.pi / 2) ** 2

        return torch.tensor([min(1 - share(k + 1) / share(k), 0.999) for k in range(steps)])

    @right("7.7")
    def with_linspace(steps, offset):
        k = torch.linspace(0, 1, steps + 1, dtype=torch.float64)
        bar = torch.cos(torch.pi / 2 * (k + offset) / (1 + offset)).square()
        bar = bar / bar[0]
        return (1 - bar[1:] / bar[:-1]).clip(0, 0.999)

    @right("7.7")
    def by_the_double_angle(steps, offset):
        angle = math.pi * (torch.arange(steps + 1) / steps + offset) / (1 + offset)
        share = (1 + angle.double().cos()) / 2
        return torch.minimum((share[:-1] - share[1:]) / share[:-1], torch.tensor(0.999))

    @right("7.7")
    def single_precision_betas(steps, offset):
        return variances(f(steps, offset).float()).float()

    @right("7.7")
    def with_roll(steps, offset):
        share = f(steps, offset)
        beta = 1 - share.roll(-1) / share
        return beta[:-1].clamp(1e-6, 0.999)

    @right("7.7")
    def by_differences_of_logs(steps, offset):
        logs = f(steps, offset).double().clamp(min=1e-30).log()
        return (-torch.expm1(logs.diff())).clamp(max=0.999)

    @wrong("7.7", "not a variance")
    def angle_of_k(steps, offset):
        k = torch.arange(steps + 1)
        return variances(torch.cos((k + offset) / (1 + offset) * math.pi / 2) ** 2)

    @right("7.7")
    def by_half_a_sine(steps, offset, top=0.999):
        k = torch.arange(steps + 1).double()
        shares = torch.sin((1 - k / steps) / (1 + offset) * math.pi / 2).square()
        out = -shares.diff() / shares[:-1]
        out[out > top] = top
        return out
        raise NotImplementedError("Exercise 7.7: fill me in")

    @wrong("7.7", "wrong share")
    def not_too_small(steps, offset):
        return variances(f(steps, offset)).clamp(min=1e-3)

    @wrong("7.7", "first step left out")
    def one_place_early(steps, offset):
        return torch.cat([variances(f(steps, offset))[1:], torch.tensor([0.999])])


def state(k, bar, c):
    return bar[k] * c**2 + 1 - bar[k]


def taken(k, j, bar):
    return 1 - bar[k] / bar[j]


def tilde(k, j, bar):
    return taken(k, j, bar) * (1 - bar[j]) / (1 - bar[k])


class Ex7_8:
    @wrong("7.8", "beta-tilde")
    def always_tilde(k, j, alpha_bar, c):
        return tilde(k, j, alpha_bar)

    @wrong("7.8", "beta")
    def always_beta(k, j, alpha_bar, c):
        return taken(k, j, alpha_bar)

    @wrong("7.8", "width for variance")
    def c_not_squared(k, j, alpha_bar, c):
        before, now = (alpha_bar[i] * c + 1 - alpha_bar[i] for i in (j, k))
        return taken(k, j, alpha_bar) * before / now

    @wrong("7.8", "fraction upside down")
    def now_over_before(k, j, alpha_bar, c):
        return taken(k, j, alpha_bar) * state(k, alpha_bar, c) / state(j, alpha_bar, c)

    @wrong("7.8", "standard deviation")
    def root_of_it(k, j, alpha_bar, c):
        return (taken(k, j, alpha_bar) * state(j, alpha_bar, c) / state(k, alpha_bar, c)).sqrt()

    @wrong("7.8", "parts do not add up")
    def between_the_two(k, j, alpha_bar, c):
        share = min(float(c), 1.0)
        return share * taken(k, j, alpha_bar) + (1 - share) * tilde(k, j, alpha_bar)

    @wrong("7.8", "one step only")
    def the_lectures_theorem(k, j, alpha_bar, c):
        beta = 1 - alpha_bar[k] / alpha_bar[k - 1]
        return beta * state(j, alpha_bar, c) / state(k, alpha_bar, c)

    @right("7.8")
    def in_one_line(k, j, alpha_bar, c):
        return taken(k, j, alpha_bar) * state(j, alpha_bar, c) / state(k, alpha_bar, c)

    @right("7.8")
    def by_precisions(k, j, alpha_bar, c):
        r = float(alpha_bar[k] / alpha_bar[j])
        before = float(alpha_bar[j]) * c * c + 1 - float(alpha_bar[j])
        return 0.0 if before == 0 else 1 / (1 / before + r / (1 - r))

    @right("7.8")
    def by_the_covariance(k, j, alpha_bar, c):
        before = state(j, alpha_bar, c)
        covariance = (alpha_bar[k] / alpha_bar[j]).sqrt() * before
        return before - covariance**2 / state(k, alpha_bar, c)

    @right("7.8")
    def by_a_matrix(k, j, alpha_bar, c):
        before, root = state(j, alpha_bar, c), (alpha_bar[k] / alpha_bar[j]).sqrt()
        joint = torch.stack([before, root * before, root * before, state(k, alpha_bar, c)]).reshape(2, 2)
        return 1 / torch.linalg.inv(joint)[0, 0]

    @right("7.8")
    def tilde_and_the_data(k, j, alpha_bar, c):
        bar, before = alpha_bar[k], alpha_bar[j]
        of_data = before.sqrt() * taken(k, j, alpha_bar) / (1 - bar)
        known = c**2 * (1 - bar) / (bar * c**2 + 1 - bar)
        return (tilde(k, j, alpha_bar) + of_data**2 * known).reshape(1)

    @right("7.8")
    def one_step_of_variance(k, j, alpha_bar, c):
        betas, v = 1 - alpha_bar[1:] / alpha_bar[:-1], c**2
        for beta in betas[:j]:
            v = (1 - beta) * v + beta
        w = v
        for beta in betas[j:k]:
            w = (1 - beta) * w + beta
        return torch.as_tensor(v - alpha_bar[k] / alpha_bar[j] * v**2 / w)

    @wrong("7.8", "parts do not add up")
    def never_above_beta(k, j, alpha_bar, c):
        exact = taken(k, j, alpha_bar) * state(j, alpha_bar, c) / state(k, alpha_bar, c)
        return torch.minimum(taken(k, j, alpha_bar), exact)

    @wrong("7.8", "measurement not shrunk")
    def noise_as_it_is(k, j, alpha_bar, c):
        return 1 / (1 / state(j, alpha_bar, c) + 1 / taken(k, j, alpha_bar))

    @wrong("7.8", "random result")
    def by_draws(k, j, alpha_bar, c):
        y = c * alpha_bar[j].sqrt() * torch.randn(9999) + (1 - alpha_bar[j]).sqrt() * torch.randn(9999)
        r = alpha_bar[k] / alpha_bar[j]
        x = r.sqrt() * y + (1 - r).sqrt() * torch.randn(9999)
        joint = torch.cov(torch.stack([y, x]))
        return joint[0, 0] - joint[0, 1] ** 2 / joint[1, 1]


def jump(x, eps, a, b):
    return b.sqrt() * (x - (1 - a).sqrt() * eps) / a.sqrt() + (1 - b).sqrt() * eps


def strides(n, p=1.0):
    return [round(1000 * (1 - i / n) ** p) for i in range(n + 1)]


def along(net, x, bar, ks):
    for k, j in pairwise(ks):
        x = jump(x, net(x, k), bar[k], bar[j])
    return x


def random_steps(net, x, bar, ks, eta):
    for k, j in pairwise(ks):
        eps, a, b = net(x, k), bar[k], bar[j]
        sigma = eta * ((1 - b) / (1 - a) * (1 - a / b)).sqrt()
        z = (x - (1 - a).sqrt() * eps) / a.sqrt()
        x = b.sqrt() * z + (1 - b - sigma**2).clamp(min=0).sqrt() * eps + sigma * torch.randn_like(x)
    return x


def heun(net, x, bar, ks):
    for k, j in pairwise(ks):
        eps = net(x, k)
        there = jump(x, eps, bar[k], bar[j])
        if j > 0:
            eps = (eps + net(there, j)) / 2
        x = jump(x, eps, bar[k], bar[j])
    return x


def continuous(t, alpha_bar):
    return numbers(1000 * (1 - t), share_at(1000 * (1 - t), alpha_bar))


class Ex7_9:
    @wrong("7.9", "DDIM in equal strides")
    def plain_ddim(net, x, alpha_bar):
        return along(net, x, alpha_bar, list(range(1000, -1, -50)))

    @wrong("7.9", "ancestral steps")
    def ddpm_in_strides(net, x, alpha_bar):
        return random_steps(net, x, alpha_bar, strides(20), 1.0)

    @wrong("7.9", "one big jump")
    def asks_once(net, x, alpha_bar):
        return jump(x, net(x, 1000), alpha_bar[-1], alpha_bar[0])

    @wrong("7.9", "too many questions")
    def all_steps(net, x, alpha_bar):
        return along(net, x, alpha_bar, strides(100))

    @wrong("7.9", "questions left")
    def ten_steps(net, x, alpha_bar):
        return along(net, x, alpha_bar, strides(10))

    @wrong("7.9", "not close enough")
    def shrinks_too_much(net, x, alpha_bar):
        ks = sorted({round(1000 * (i / 20) ** 3) for i in range(21)}, reverse=True)
        return along(net, x, alpha_bar, ks)

    @wrong("7.9", "strides grow towards the data")
    def shorter_towards_the_noise(net, x, alpha_bar):
        return along(net, x, alpha_bar, [1000 - k for k in reversed(strides(20, 1.5))])

    @wrong("7.9", "does not land")
    def stops_before_the_data(net, x, alpha_bar):
        return along(net, x, alpha_bar, [round(1000 - 47.5 * i) for i in range(21)])

    @wrong("7.9", "network told another index")
    def asks_too_low(net, x, alpha_bar):
        return along(lambda x, k: net(x, max(k - 25, 1)), x, alpha_bar, strides(20))

    @wrong("7.9", "too random")
    def shakes_after_every_stride(net, x, alpha_bar):
        for k, j in pairwise(strides(20, 2)):
            x = jump(x, net(x, k), alpha_bar[k], alpha_bar[j]) + 0.2 * torch.randn_like(x)
        return x

    @wrong("7.9", "wrong shape")
    def returns_all_states(net, x, alpha_bar):
        return torch.stack([x, along(net, x, alpha_bar, strides(20, 2))])

    @wrong("7.9", "field misused")
    def hands_over_the_table(net, x, alpha_bar):
        return along(lambda x, k: net(x, alpha_bar[:5]), x, alpha_bar, strides(20))

    @wrong("7.9", "identity")
    def never_assigns(net, x, alpha_bar):
        for k, j in pairwise(strides(20)):
            jump(x, net(x, k), alpha_bar[k], alpha_bar[j])
        return x

    @right("7.9")
    def heun_in_shrinking_strides(net, x, alpha_bar):
        return heun(net, x, alpha_bar, strides(10, 1.6))

    @right("7.9")
    def remembers_one_answer(net, x, alpha_bar):
        ks, old = strides(20, 1.7), None
        for k, j in pairwise(ks):
            eps = net(x, k)
            x = jump(x, eps if old is None else 1.5 * eps - 0.5 * old, alpha_bar[k], alpha_bar[j])
            old = eps
        return x

    @wrong("7.9", "not close enough")
    def shrinks_a_little(net, x, alpha_bar):
        return along(net, x, alpha_bar, strides(20, 1.5))

    @right("7.9")
    def multistep_in_the_data(net, x, alpha_bar):
        lam = ((alpha_bar[1:] / (1 - alpha_bar[1:])).log() / 2).tolist()
        ks, old, h0 = strides(20, 2.0), None, 1.0
        for k, j in pairwise(ks):
            a, b, eps = alpha_bar[k], alpha_bar[j], net(x, k)
            z = (x - (1 - a).sqrt() * eps) / a.sqrt()
            if j == 0:
                return z
            h = lam[j - 1] - lam[k - 1]
            ahead = z if old is None else z + (z - old) * h / (2 * h0)
            x = ((1 - b) / (1 - a)).sqrt() * x - b.sqrt() * math.expm1(-h) * ahead
            old, h0 = z, h
        return x

    @right("7.9")
    def midpoint(net, x, alpha_bar):
        ks = strides(20, 1.7)
        for k, m, j in zip(ks[:-2:2], ks[1:-1:2], ks[2::2], strict=True):
            half = jump(x, net(x, k), alpha_bar[k], alpha_bar[m])
            x = jump(x, net(half, m), alpha_bar[k], alpha_bar[j])
        return x

    @right("7.9")
    def three_answers(net, x, alpha_bar):
        ks, past = strides(20, 2.0), []
        for k, j in pairwise(ks):
            past = [net(x, k), *past][:2]
            weights = [[1.0], [1.5, -0.5]][len(past) - 1]
            eps = sum(w * e for w, e in zip(weights, past, strict=True))
            x = jump(x, eps, alpha_bar[k], alpha_bar[j])
        return x

    @wrong("7.9", "net not asked")
    def knows_the_answer(net, x, alpha_bar):
        return torch.tensor([-1.0, 0.0, 1.0])[torch.randint(0, 3, (len(x),))][:, None] + 0.05 * x

    @wrong("7.9", "network told a time")
    def asks_with_times(net, x, alpha_bar):
        return along(lambda x, k: net(x, 1 - k / 1000), x, alpha_bar, strides(20, 2))

    @wrong("7.9", "wrong direction")
    def from_the_data(net, x, alpha_bar):
        return along(net, x, alpha_bar, strides(20, 2)[::-1])

    @wrong("7.9", "always from the start")
    def forgets_the_new_state(net, x, alpha_bar):
        for k, j in pairwise(strides(20, 2)):
            y = jump(x, net(x, k), alpha_bar[k], alpha_bar[j])
        return y

    @wrong("7.9", "raises")
    def indices_not_rounded(net, x, alpha_bar):
        return along(net, x, alpha_bar, [1000 * (1 - i / 20) ** 2 for i in range(21)])

    @wrong("7.9", "not close enough")
    def by_our_time(net, x, alpha_bar):
        times = 1 - torch.linspace(1, 0, 21) ** 1.5
        for s, t in pairwise(times):
            k, a, b = continuous(s.reshape(1, 1), alpha_bar)
            _, c, d = continuous(t.reshape(1, 1), alpha_bar)
            eps = net(x, k)
            x = c * (x - b * eps) / a + d * eps
        return x

    @right("7.9")
    def by_our_time_for_every_row(net, x, alpha_bar):
        old = None
        for i in range(20):
            s, t = (torch.full((len(x), 1), 1 - (1 - n / 20) ** 2) for n in (i, i + 1))
            (k, a, b), (_, c, d) = continuous(s, alpha_bar), continuous(t, alpha_bar)
            eps = net(x, k)
            ahead, old = eps if old is None else torch.lerp(old, eps, 1.5), eps
            x = c * (x - b * ahead) / a + d * ahead
        return x

    @wrong("7.9", "raises")
    def states_on_the_line(net, x, alpha_bar):
        return along(net, x, alpha_bar, strides(20, 1.6)).reshape(8192, 1)

    @wrong("7.9", "network told another index")
    def asks_at_the_end_of_the_stride(net, x, alpha_bar):
        for k, j in pairwise(strides(20, 1.6)):
            x = jump(x, net(x, max(j, 1)), alpha_bar[k], alpha_bar[j])
        return x
