"""Chapter 11, discrete diffusion: answers as students write them."""

import math

import torch
import torch.nn.functional as F
from torch.distributions import Bernoulli, Categorical

from answers import right, wrong


class Ex11_1:
    """two_state(t, start, up, down)"""

    @right("11.1")
    def by_matrix_exponential(t, start, up, down):
        rates = torch.tensor([[-up, down], [up, -down]], dtype=t.dtype)
        return (torch.linalg.matrix_exp(t[:, None, None] * rates) @ rates.new_tensor([1 - start, start]))[
            :, 1
        ]

    @right("11.1")
    def weights_of_start_and_end(t, start, up, down):
        kept = torch.exp(-t * up) * torch.exp(-t * down)
        return kept * start + (1 - kept) * up / (up + down)

    @right("11.1")
    def an_array_of_numbers(t, start, up, down):
        end = up / (up + down)
        return torch.tensor([end + (start - end) * math.exp(-(up + down) * s) for s in t.tolist()])

    @wrong("11.1", "only `up` in the exponent")
    def leaves_with_up(t, start, up, down):
        end = up / (up + down)
        return end + (start - end) * torch.exp(-up * t)

    @wrong("11.1", "settles at the other share")
    def other_share(t, start, up, down):
        end = down / (up + down)
        return end + (start - end) * torch.exp(-(up + down) * t)

    @wrong("11.1", "grows")
    def sign_of_the_exponent(t, start, up, down):
        end = up / (up + down)
        return end + (start - end) * torch.exp((up + down) * t)

    @wrong("11.1", "start forgotten")
    def always_from_zero(t, start, up, down):
        return up / (up + down) * (1 - torch.exp(-(up + down) * t))

    @wrong("11.1", "one Euler step")
    def straight_on(t, start, up, down):
        return start + t * (up * (1 - start) - down * start)


class Ex11_2:
    """jump_step(x, rates, h)"""

    @right("11.2")
    def categorical_with_the_rest(x, rates, h):
        away = rates.clamp(min=0)
        p = (h * away).scatter(-1, x[..., None], 1 - h * away.sum(-1, keepdim=True))
        return Categorical(p.clamp(min=0)).sample()

    @right("11.2")
    def coin_then_target(x, rates, h):
        away = rates.clamp(min=0)
        moves = torch.rand(x.shape) < h * away.sum(-1)
        target = torch.multinomial(away.flatten(0, 1) + 1e-12, 1).reshape(x.shape)
        return torch.where(moves, target, x)

    @right("11.2")
    def exact_waiting(x, rates, h):
        leave = -rates.gather(-1, x[..., None])[..., 0]
        moves = torch.rand(x.shape) > torch.exp(-h * leave)
        new = x.clone()
        if moves.any():
            new[moves] = torch.multinomial(rates[moves].clamp(min=0), 1)[:, 0]
        return new

    @right("11.2")
    def by_cumulative_sum(x, rates, h):
        own = F.one_hot(x, rates.shape[-1])
        p = h * rates * (1 - own) + own * (1 - h * (rates * (1 - own)).sum(-1, keepdim=True))
        u = torch.rand(*x.shape, 1)
        return (u > p.cumsum(-1)).sum(-1).clamp(max=rates.shape[-1] - 1)

    @wrong("11.2", "h left out")
    def without_h(x, rates, h):
        own = F.one_hot(x, rates.shape[-1])
        p = rates + own
        return torch.multinomial(p.flatten(0, 1).clamp(min=0), 1).reshape(x.shape)

    @wrong("11.2", "always jumps")
    def jumps_for_sure(x, rates, h):
        return torch.multinomial((h * rates).clamp(min=0).flatten(0, 1) + 1e-12, 1).reshape(x.shape)

    @wrong("11.2", "one coin a row")
    def whole_rows(x, rates, h):
        leave = h * rates.clamp(min=0).sum(-1)
        target = torch.multinomial(rates.clamp(min=0).flatten(0, 1) + 1e-12, 1).reshape(x.shape)
        return torch.where(torch.rand(len(x), 1) < leave, target, x)

    @wrong("11.2", "any token alike")
    def anywhere(x, rates, h):
        moves = torch.rand(x.shape) < h * rates.clamp(min=0).sum(-1)
        return torch.where(moves, torch.randint(rates.shape[-1], x.shape), x)

    @wrong("11.2", "stays with 1 - h")
    def wrong_rest(x, rates, h):
        p = h * rates.clamp(min=0) + (1 - h) * F.one_hot(x, rates.shape[-1])
        return torch.multinomial(p.flatten(0, 1), 1).reshape(x.shape)

    @wrong("11.2", "raises")
    def random_numbers_like_whole_ones(x, rates, h):
        moves = torch.rand_like(x) < h * rates.clamp(min=0).sum(-1)
        target = torch.multinomial(rates.flatten(0, 1), 1).reshape(x.shape)
        return torch.where(moves, target, x)


class Ex11_3:
    """corrupt(z, t, mask)"""

    @right("11.3")
    def masked_fill(z, t, mask):
        return z.masked_fill(torch.rand(z.shape) > t, mask)

    @right("11.3")
    def bernoulli(z, t, mask):
        kept = Bernoulli(t.expand(z.shape)).sample().bool()
        return torch.where(kept, z, torch.full_like(z, mask))

    @right("11.3")
    def arithmetic(z, t, mask):
        kept = (torch.rand(len(z), z.shape[1]) < t).long()
        return kept * z + (1 - kept) * mask

    @wrong("11.3", "rows all or nothing")
    def as_it_was(z, t, mask):
        return torch.where(torch.rand(len(z), 1) < t, z, mask)

    @wrong("11.3", "one coin a place")
    def a_coin_for_each_column(z, t, mask):
        return torch.where(torch.rand(1, z.shape[1]) < t, z, mask)

    @wrong("11.3", "hides with t")
    def turned_round(z, t, mask):
        return torch.where(torch.rand(z.shape) < t, mask, z)

    @wrong("11.3", "a fixed number hidden")
    def exactly_so_many(z, t, mask):
        shown = (t * z.shape[1]).round()
        return torch.where(torch.rand(z.shape).argsort(1).argsort(1) < shown, z, mask)

    @wrong("11.3", "coin from randn")
    def normal_noise(z, t, mask):
        return torch.where(torch.randn(z.shape) < t, z, mask)

    @wrong("11.3", "raises")
    def random_numbers_like_whole_ones(z, t, mask):
        return torch.where(torch.rand_like(z) < t, z, mask)


class Ex11_4:
    """posterior_rates(p, x, alpha, alpha_dot)"""

    @right("11.4")
    def scatter(p, x, alpha, alpha_dot):
        delta = torch.zeros_like(p).scatter(-1, x[..., None], 1.0)
        return (p - delta) * alpha_dot / (1 - alpha)

    @right("11.4")
    def own_entry_from_the_others(p, x, alpha, alpha_dot):
        rates = alpha_dot / (1 - alpha) * p.clone()
        rates.scatter_(-1, x[..., None], 0.0)
        return rates.scatter(-1, x[..., None], -rates.sum(-1, keepdim=True))

    @right("11.4")
    def by_comparison(p, x, alpha, alpha_dot):
        same = torch.arange(p.shape[-1]) == x[..., None]
        return alpha_dot * (p - same.double()) / (1.0 - alpha)

    @wrong("11.4", "speed left out")
    def without_alpha_dot(p, x, alpha, alpha_dot):
        return (p - F.one_hot(x, p.shape[-1])) / (1 - alpha)

    @wrong("11.4", "divided by alpha")
    def over_alpha(p, x, alpha, alpha_dot):
        return alpha_dot / alpha * (p - F.one_hot(x, p.shape[-1]))

    @wrong("11.4", "own entry left as it is")
    def no_delta(p, x, alpha, alpha_dot):
        return alpha_dot / (1 - alpha) * p

    @wrong("11.4", "own entry zero")
    def nothing_at_home(p, x, alpha, alpha_dot):
        return alpha_dot / (1 - alpha) * p * (1 - F.one_hot(x, p.shape[-1]))

    @wrong("11.4", "towards the noise")
    def other_sign(p, x, alpha, alpha_dot):
        return alpha_dot / (1 - alpha) * (F.one_hot(x, p.shape[-1]) - p)

    @wrong("11.4", "time left over left out")
    def without_what_is_left(p, x, alpha, alpha_dot):
        return alpha_dot * (p - F.one_hot(x, p.shape[-1]))


def _costs(net, x, z):
    return F.cross_entropy(net(x).transpose(1, 2), z, reduction="none")


class Ex11_5:
    """masked_loss(net, z, mask)"""

    @right("11.5")
    def by_time(net, z, mask):
        t = torch.rand(len(z), 1)
        hidden = torch.rand(z.shape) >= t
        return (_costs(net, torch.where(hidden, mask, z), z) * hidden / (1 - t)).sum(1).mean()

    @right("11.5")
    def by_a_loop_over_rows(net, z, mask):
        x, weight = z.clone(), torch.zeros(z.shape)
        for i in range(len(z)):
            m = int(torch.randint(1, z.shape[1] + 1, ()))
            places = torch.randperm(z.shape[1])[:m]
            x[i, places], weight[i, places] = mask, z.shape[1] / m
        return (weight * _costs(net, x, z)).sum() / len(z)

    @right("11.5")
    def log_softmax_and_nll(net, z, mask):
        length = z.shape[1]
        m = torch.randint(length, (len(z), 1)) + 1
        hidden = torch.rand(z.shape).argsort(dim=1) < m
        logits = net(z.masked_fill(hidden, mask)).log_softmax(dim=-1)
        paid = F.nll_loss(logits.flatten(0, 1), z.flatten(), reduction="none").reshape(z.shape)
        return (paid * hidden).sum(1).div(m[:, 0]).mul(length).mean()

    @wrong("11.5", "no weight")
    def plain(net, z, mask):
        t = torch.rand(len(z), 1)
        hidden = torch.rand(z.shape) >= t
        return (_costs(net, torch.where(hidden, mask, z), z) * hidden).sum(1).mean()

    @wrong("11.5", "mean over the batch's hidden tokens")
    def as_in_bert(net, z, mask):
        hidden = torch.rand(z.shape) >= torch.rand(len(z), 1)
        return _costs(net, torch.where(hidden, mask, z), z)[hidden].mean()

    @wrong("11.5", "mask turned round")
    def hides_with_t(net, z, mask):
        t = torch.rand(len(z), 1)
        hidden = torch.rand(z.shape) < t
        return (_costs(net, torch.where(hidden, mask, z), z) * hidden / (1 - t)).sum(1).mean()

    @wrong("11.5", "all places")
    def everything_counts(net, z, mask):
        t = torch.rand(len(z), 1)
        hidden = torch.rand(z.shape) >= t
        return (_costs(net, torch.where(hidden, mask, z), z) / (1 - t)).sum(1).mean()

    @wrong("11.5", "sign")
    def log_likelihood(net, z, mask):
        m = torch.randint(1, z.shape[1] + 1, (len(z), 1))
        hidden = torch.rand(z.shape).argsort(1).argsort(1) < m
        return -(_costs(net, torch.where(hidden, mask, z), z) * hidden * z.shape[1] / m).sum(1).mean()

    @wrong("11.5", "clean sentence shown")
    def nothing_is_hidden(net, z, mask):
        m = torch.randint(1, z.shape[1] + 1, (len(z), 1))
        hidden = torch.rand(z.shape).argsort(1).argsort(1) < m
        return (_costs(net, z, z) * hidden * z.shape[1] / m).sum(1).mean()

    @wrong("11.5", "raises")
    def random_numbers_like_whole_ones(net, z, mask):
        t = torch.rand(len(z), 1)
        hidden = torch.rand_like(z) >= t
        return (_costs(net, torch.where(hidden, mask, z), z) * hidden / (1 - t)).sum(1).mean()


class Ex11_6:
    """generate(net, n, length, steps, mask)"""

    @right("11.6")
    def with_times(net, n, length, steps, mask):
        x = torch.full((n, length), mask)
        for k in range(steps):
            t, h = k / steps, 1 / steps
            drawn = Categorical(logits=net(x)).sample()
            go = (x == mask) & (torch.rand(n, length) < h / (1 - t) + 1e-9)
            x = torch.where(go, drawn, x)
        return x

    @right("11.6")
    def counting_down(net, n, length, steps, mask):
        x = mask * torch.ones(n, length, dtype=torch.long)
        for left in range(steps, 0, -1):
            p = torch.softmax(net(x), dim=-1)
            go = (x == mask) & torch.bernoulli(torch.full((n, length), 1 / left)).bool()
            if go.any():
                x[go] = torch.multinomial(p[go], 1)[:, 0]
        return x

    @right("11.6")
    def a_time_for_each_place(net, n, length, steps, mask):
        turn = torch.randint(steps, (n, length))
        x = torch.full((n, length), mask)
        for k in range(steps):
            p = net(x).softmax(-1)
            drawn = torch.multinomial(p.reshape(n * length, -1), 1).reshape(n, length)
            x = torch.where(turn == k, drawn, x)
        return x

    @wrong("11.6", "reveals with 1/steps")
    def with_h_alone(net, n, length, steps, mask):
        x = torch.full((n, length), mask)
        for _ in range(steps):
            drawn = Categorical(logits=net(x)).sample()
            x = torch.where((x == mask) & (torch.rand(n, length) < 1 / steps), drawn, x)
        return x

    @wrong("11.6", "draws again what stands")
    def forgets_what_stands(net, n, length, steps, mask):
        x = torch.full((n, length), mask)
        for k in range(steps):
            drawn = Categorical(logits=net(x)).sample()
            x = torch.where(torch.rand(n, length) < 1 / (steps - k), drawn, x)
        return x

    @wrong("11.6", "the likeliest letter")
    def argmax(net, n, length, steps, mask):
        x = torch.full((n, length), mask)
        for k in range(steps):
            go = (x == mask) & (torch.rand(n, length) < 1 / (steps - k))
            x = torch.where(go, net(x).argmax(-1), x)
        return x

    @wrong("11.6", "same places in all rows")
    def one_row_of_coins(net, n, length, steps, mask):
        x = torch.full((n, length), mask)
        for k in range(steps):
            drawn = Categorical(logits=net(x)).sample()
            x = torch.where((x == mask) & (torch.rand(1, length) < 1 / (steps - k)), drawn, x)
        return x


class Ex11_7:
    """exact_posterior(x, sentences, mask)"""

    @right("11.7")
    def a_loop_over_states(x, sentences, mask):
        rows = []
        for state in x:
            shown = state != mask
            fits = sentences[(sentences[:, shown] == state[shown]).all(1)]
            rows.append(F.one_hot(fits, mask).double().mean(0))
        return torch.stack(rows)

    @right("11.7")
    def counted_by_scatter(x, sentences, mask):
        agrees = ~((x[:, None] != sentences) & (x[:, None] != mask)).any(-1)
        p = torch.zeros(*x.shape, mask)
        for i, fits in enumerate(agrees):
            for sentence in sentences[fits]:
                p[i].scatter_add_(1, sentence[:, None], torch.ones(len(sentence), 1))
        return p / p.sum(-1, keepdim=True)

    @right("11.7")
    def by_matrix_product(x, sentences, mask):
        hot = F.one_hot(sentences, mask + 1)[..., :mask].float()
        seen = F.one_hot(x, mask + 1)[..., :mask].float()
        hits = seen.flatten(1) @ hot.flatten(1).T
        w = (hits == (x != mask).sum(1, keepdim=True)).float()
        return (w @ hot.flatten(1)).reshape(*x.shape, mask) / w.sum(1)[:, None, None]

    @wrong("11.7", "average of all sentences")
    def frequencies(x, sentences, mask):
        return F.one_hot(sentences, mask).float().mean(0).expand(*x.shape, mask)

    @wrong("11.7", "the first sentence that agrees")
    def first_match(x, sentences, mask):
        agrees = ((x[:, None] == sentences) | (x[:, None] == mask)).all(-1)
        return F.one_hot(sentences[agrees.int().argmax(1)], mask).float()

    @wrong("11.7", "divided by all sentences")
    def wrong_total(x, sentences, mask):
        agrees = ((x[:, None] == sentences) | (x[:, None] == mask)).all(-1).float()
        return torch.einsum("bn,njw->bjw", agrees / len(sentences), F.one_hot(sentences, mask).float())

    @wrong("11.7", "tokens counted off the sentences")
    def as_many_tokens_as_there_are(x, sentences, mask):
        agrees = ((x[:, None] == sentences) | (x[:, None] == mask)).all(-1).float()
        hot = F.one_hot(sentences, int(sentences.max()) + 1).float()
        return torch.einsum("bn,njw->bjw", agrees / agrees.sum(1, keepdim=True), hot)


class Ex11_8:
    """guided_logits(net, x, y, w, null)"""

    @right("11.8")
    def by_cases(net, x, y, w, null):
        without = torch.log_softmax(net(x, torch.full_like(y, null)), -1)
        given = torch.log_softmax(net(x, y), -1)
        if w == 0:
            return without
        if w == 1:
            return given
        gone = given == -math.inf
        mixed = (1 - w) * without.masked_fill(gone, 0.0) + w * given.masked_fill(gone, 0.0)
        mixed = mixed.masked_fill(gone, -math.inf)
        return mixed - mixed.logsumexp(-1, keepdim=True)

    @right("11.8")
    def both_in_one_call(net, x, y, w, null):
        logits = net(torch.cat([x, x]), torch.cat([torch.full_like(y, null), y]))
        u, c = logits.log_softmax(-1).chunk(2)
        if w == 0:
            return u
        mixed = torch.where(torch.isinf(c), c, u + w * (c - u))
        return mixed.log_softmax(-1)

    @right("11.8")
    def by_logsumexp(net, x, y, w, null):
        without, given = (net(x, label) for label in (torch.full_like(y, null), y))
        if float(w) == 0.0:
            return F.log_softmax(without, dim=2)
        out = w * given - (w - 1) * without.clamp(min=-1e4)
        return out - torch.logsumexp(out, dim=2)[..., None]

    @wrong("11.8", "NaN")
    def in_probabilities(net, x, y, w, null):
        u, c = net(x, torch.full_like(y, null)).softmax(-1), net(x, y).softmax(-1)
        return ((1 - w) * u + w * c).log()

    @wrong("11.8", "not normalised")
    def without_the_last_softmax(net, x, y, w, null):
        u, c = net(x, torch.full_like(y, null)).log_softmax(-1), net(x, y).log_softmax(-1)
        return torch.where(c == -math.inf, c, (1 - w) * u.clamp(min=-60) + w * c)

    @wrong("11.8", "no number where a token is impossible")
    def infinities_meet(net, x, y, w, null):
        u, c = net(x, torch.full_like(y, null)).log_softmax(-1), net(x, y).log_softmax(-1)
        return ((1 - w) * u + w * c).log_softmax(-1)


class Ex11_9:
    """choose(p, hidden)"""

    @right("11.9")
    def certain_by_entropy(p, hidden):
        entropy = -torch.xlogy(p, p).sum(-1)
        place = torch.where(hidden, torch.rand(hidden.shape), 2.0).argmin(1)
        return hidden & ((entropy < 0.02) | F.one_hot(place, hidden.shape[1]).bool())

    @right("11.9")
    def row_by_row(p, hidden):
        chosen = torch.zeros_like(hidden)
        for i in range(len(p)):
            places = hidden[i].nonzero()[:, 0]
            if len(places):
                chosen[i, places[0]] = True
                chosen[i] |= hidden[i] & (p[i].max(-1).values > 0.995)
        return chosen

    @right("11.9")
    def the_surest_beside_all_certain_ones(p, hidden):
        score = p.amax(-1).masked_fill(~hidden, -1.0)
        return hidden & (score >= score.amax(1, keepdim=True).clamp(min=0.0)) & (score > 0.99) | (
            hidden & F.one_hot(torch.where(hidden, torch.arange(9), 99).argmin(1), 9).bool()
        )

    @wrong("11.9", "everything at once")
    def all_hidden(p, hidden):
        return hidden.clone()

    @wrong("11.9", "one place at a time")
    def by_lot(p, hidden):
        lot = torch.rand(hidden.shape) * hidden
        return hidden & (lot == lot.max(1, keepdim=True).values)

    @wrong("11.9", "one place at a time")
    def leftmost(p, hidden):
        return hidden & (hidden.cumsum(1) == 1)

    @wrong("11.9", "places stay hidden")
    def only_what_is_certain(p, hidden):
        return hidden & (p.amax(-1) > 0.999)
