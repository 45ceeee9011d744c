"""Chapter 10, words and video: answers as students write them."""

import math

import torch
import torch.nn.functional as F

from answers import right, wrong
from coursekit.evaluation.clips import fit_motion
from coursekit.nets import patchify


class Ex10_1:
    """word_vectors(captions, vocabulary, table, places)"""

    @right("10.1")
    def by_dictionary(captions, vocabulary, table, places):
        index = {word: i for i, word in enumerate(vocabulary)}
        rows = torch.full((len(captions), len(places)), len(vocabulary))
        for i, caption in enumerate(captions):
            for k, word in enumerate(caption.split()):
                rows[i, k] = index[word]
        return table[rows] + places

    @right("10.1")
    def embedding_of_torch(captions, vocabulary, table, places):
        null = len(vocabulary)
        rows = []
        for caption in captions:
            words = [vocabulary.index(word) for word in caption.split(" ") if word]
            rows.append(words + [null] * (len(places) - len(words)))
        return F.embedding(torch.tensor(rows), table) + places[None]

    @right("10.1")
    def one_hot_product(captions, vocabulary, table, places):
        out = []
        for caption in captions:
            words = caption.split()
            hot = torch.zeros(len(places), len(table), dtype=torch.float64)
            for k in range(len(places)):
                hot[k, vocabulary.index(words[k]) if k < len(words) else -1] = 1
            out.append(hot @ table.double() + places.double())
        return torch.stack(out)

    @right("10.1")
    def word_by_word(captions, vocabulary, table, places):
        out = table.new_zeros(len(captions), *places.shape)
        for i, caption in enumerate(captions):
            words = (*caption.split(), *[None] * len(places))[: len(places)]
            for k, word in enumerate(words):
                out[i, k] = places[k] + table[len(vocabulary) if word is None else vocabulary.index(word)]
        return out

    @wrong("10.1", "null shared with the first word")
    def zeros_to_start(captions, vocabulary, table, places):
        rows = torch.zeros(len(captions), len(places)).long()
        for i, caption in enumerate(captions):
            for k, word in enumerate(caption.split()):
                rows[i, k] = vocabulary.index(word)
        return table[rows] + places

    @wrong("10.1", "zeros for no word")
    def words_filled_in(captions, vocabulary, table, places):
        out = torch.zeros(len(captions), *places.shape)
        for i, caption in enumerate(captions):
            for k, word in enumerate(caption.split()):
                out[i, k] = table[vocabulary.index(word)] + places[k]
        return out

    @wrong("10.1", "place of the first occurrence")
    def looked_up_in_the_caption(captions, vocabulary, table, places):
        out = (table[-1] + places).repeat(len(captions), 1, 1)
        for i, caption in enumerate(captions):
            words = caption.split()
            for k, word in enumerate(words):
                out[i, k] = table[vocabulary.index(word)] + places[words.index(word)]
        return out

    @wrong("10.1", "no gradient")
    def detached(captions, vocabulary, table, places):
        rows = [[vocabulary.index(w) for w in c.split()] for c in captions]
        rows = torch.tensor([r + [len(vocabulary)] * (len(places) - len(r)) for r in rows])
        return torch.tensor((table[rows] + places).tolist())

    @wrong("10.1", "raises")
    def not_padded(captions, vocabulary, table, places):
        return torch.stack([table[[vocabulary.index(w) for w in c.split()]] for c in captions]) + places

    @wrong("10.1", "wrong for other words")
    def null_written_in(captions, vocabulary, table, places):
        rows = [[vocabulary.index(w) for w in c.split()] for c in captions]
        null = 8 if len(vocabulary) > 3 else 0
        rows = torch.tensor([r + [min(null, len(vocabulary))] * (len(places) - len(r)) for r in rows])
        return table[rows] + places

    @wrong("10.1", "wrong words")
    def a_table_of_ones(captions, vocabulary, table, places):
        rows = [[vocabulary.index(w) for w in c.split()] for c in captions]
        rows = torch.tensor([r + [len(vocabulary)] * (len(places) - len(r)) for r in rows])
        return 3 * table[rows] + places

    @wrong("10.1", "places by word")
    def places_by_word(captions, vocabulary, table, places):
        rows = [[vocabulary.index(w) for w in c.split()] for c in captions]
        rows = torch.tensor([r + [len(vocabulary)] * (len(places) - len(r)) for r in rows])
        return table[rows] + places[rows % len(places)]

    @wrong("10.1", "stops at an empty caption")
    def split_at_blanks(captions, vocabulary, table, places):
        index = {word: i for i, word in enumerate(vocabulary)}
        rows = [[index[w] for w in c.split(" ")] for c in captions]
        rows = torch.tensor([r + [len(vocabulary)] * (len(places) - len(r)) for r in rows])
        return table[rows] + places

    @wrong("10.1", "wrong places")
    def places_halved(captions, vocabulary, table, places):
        rows = [[vocabulary.index(w) for w in c.split()] for c in captions]
        rows = torch.tensor([r + [len(vocabulary)] * (len(places) - len(r)) for r in rows])
        return table[rows] + places / 2


def apart(x, heads):
    return x.unflatten(-1, (heads, -1)).transpose(1, 2)


class Ex10_2:
    """cross_attention(patches, words, padded, layers, heads)"""

    @right("10.2")
    def of_torch(patches, words, padded, layers, heads):
        q, k, v = (apart(layer(x), heads) for layer, x in zip(layers, (patches, words, words), strict=True))
        mask = ~padded[:, None, None, :]
        return F.scaled_dot_product_attention(q, k, v, attn_mask=mask).transpose(1, 2).flatten(2)

    @right("10.2")
    def einsum(patches, words, padded, layers, heads):
        q, k, v = layers[0](patches), layers[1](words), layers[2](words)
        b, n, w = q.shape
        q, k, v = (x.view(b, -1, heads, w // heads) for x in (q, k, v))
        scores = torch.einsum("bihd,bjhd->bhij", q, k) / math.sqrt(w // heads)
        scores = scores.masked_fill(padded.view(b, 1, 1, -1), float("-inf"))
        return torch.einsum("bhij,bjhd->bihd", scores.softmax(-1), v).reshape(b, n, w)

    @right("10.2")
    def caption_by_caption(patches, words, padded, layers, heads):
        rows = []
        for p, w, gone in zip(patches, words, padded, strict=True):
            w = w[~gone]
            q, k, v = layers[0](p), layers[1](w), layers[2](w)
            d = q.shape[-1] // heads
            parts = [
                torch.softmax(q[:, c : c + d] @ k[:, c : c + d].T / d**0.5, 1) @ v[:, c : c + d]
                for c in range(0, q.shape[-1], d)
            ]
            rows.append(torch.cat(parts, 1))
        return torch.stack(rows)

    @right("10.2")
    def very_small_scores(patches, words, padded, layers, heads):
        to_query, to_key, to_value = layers
        q, k, v = apart(to_query(patches), heads), apart(to_key(words), heads), apart(to_value(words), heads)
        scores = q @ k.mT / q.shape[-1] ** 0.5 - 1e9 * padded[:, None, None].float()
        return (scores.softmax(-1) @ v).transpose(1, 2).flatten(2)

    @right("10.2")
    def renormalised(patches, words, padded, layers, heads):
        q, k, v = (apart(f(x), heads).double() for f, x in zip(layers, (patches, words, words), strict=True))
        scores = q @ k.mT / q.shape[-1] ** 0.5
        a = (scores - scores.amax(-1, keepdim=True)).softmax(-1) * ~padded[:, None, None]
        return (a / a.sum(-1, keepdim=True).clamp_min(1e-300) @ v).transpose(1, 2).flatten(2)

    @wrong("10.2", "mask turned over")
    def torch_mask_misread(patches, words, padded, layers, heads):
        q, k, v = (apart(layer(x), heads) for layer, x in zip(layers, (patches, words, words), strict=True))
        mask = padded[:, None, None, :]
        return F.scaled_dot_product_attention(q, k, v, attn_mask=mask).transpose(1, 2).flatten(2).nan_to_num()

    @wrong("10.2", "mask after the softmax")
    def values_removed(patches, words, padded, layers, heads):
        q, k, v = (apart(layer(x), heads) for layer, x in zip(layers, (patches, words, words), strict=True))
        v = v * ~padded[:, None, :, None]
        return F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2)

    @wrong("10.2", "mask after the softmax")
    def words_removed_last(patches, words, padded, layers, heads):
        q, k, v = (apart(layer(x), heads) for layer, x in zip(layers, (patches, words, words), strict=True))
        a = (q @ k.mT / q.shape[-1] ** 0.5).softmax(-1).masked_fill(padded[:, None, None], 0)
        return (a @ v).transpose(1, 2).flatten(2)

    @wrong("10.2", "masked scores zero")
    def scores_multiplied(patches, words, padded, layers, heads):
        q, k, v = (apart(layer(x), heads) for layer, x in zip(layers, (patches, words, words), strict=True))
        scores = q @ k.mT / q.shape[-1] ** 0.5 * ~padded[:, None, None]
        return (scores.softmax(-1) @ v).transpose(1, 2).flatten(2)

    @wrong("10.2", "padding looked at")
    def keys_to_zero_are_not_looked_away(patches, words, padded, layers, heads):
        q, k, v = (apart(layer(x), heads) for layer, x in zip(layers, (patches, words, words), strict=True))
        return F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2)

    @wrong("10.2", "queries from words")
    def the_other_way_round(patches, words, padded, layers, heads):
        q, k, v = (apart(layer(x), heads) for layer, x in zip(layers, (words, patches, patches), strict=True))
        return F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2)

    @wrong("10.2", "patches look at patches")
    def as_in_chapter_08(patches, words, padded, layers, heads):
        q, k, v = (apart(layer(patches), heads) for layer in layers)
        return F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2)

    @wrong("10.2", "scores not scaled")
    def bare_scores(patches, words, padded, layers, heads):
        q, k, v = (apart(layer(x), heads) for layer, x in zip(layers, (patches, words, words), strict=True))
        scores = (q @ k.mT).masked_fill(padded[:, None, None], -torch.inf)
        return (scores.softmax(-1) @ v).transpose(1, 2).flatten(2)

    @wrong("10.2", "softmax along the queries")
    def patches_compete(patches, words, padded, layers, heads):
        q, k, v = (apart(layer(x), heads) for layer, x in zip(layers, (patches, words, words), strict=True))
        scores = (q @ k.mT / q.shape[-1] ** 0.5).masked_fill(padded[:, None, None], -1e9)
        return (scores.softmax(2) @ v).transpose(1, 2).flatten(2)

    @wrong("10.2", "heads cut across tokens")
    def viewed(patches, words, padded, layers, heads):
        q, k, v = layers[0](patches), layers[1](words), layers[2](words)
        b, n, w = q.shape
        q, k, v = (x.reshape(b, heads, -1, w // heads) for x in (q, k, v))
        mask = ~padded[:, None, None]
        return F.scaled_dot_product_attention(q, k, v, attn_mask=mask).reshape(b, n, w)

    @wrong("10.2", "mask turned over")
    def mask_turned_over(patches, words, padded, layers, heads):
        q, k, v = (apart(layer(x), heads) for layer, x in zip(layers, (patches, words, words), strict=True))
        scores = (q @ k.mT / q.shape[-1] ** 0.5).masked_fill(~padded[:, None, None], -torch.inf)
        return (scores.softmax(-1) @ v).transpose(1, 2).flatten(2)

    @wrong("10.2", "mask turned over, with a large negative number")
    def mask_turned_over_by_a_number(patches, words, padded, layers, heads):
        q, k, v = (apart(layer(x), heads) for layer, x in zip(layers, (patches, words, words), strict=True))
        scores = (q @ k.mT / q.shape[-1] ** 0.5).masked_fill(~padded[:, None, None], -1e9)
        return (scores.softmax(-1) @ v).transpose(1, 2).flatten(2)

    @wrong("10.2", "nothing left to look at")
    def heads_compete_for_nothing(patches, words, padded, layers, heads):
        q, k, v = (apart(layer(x), heads) for layer, x in zip(layers, (patches, words, words), strict=True))
        scores = (q @ k.mT / q.shape[-1] ** 0.5).masked_fill(padded[:, None, None], -torch.inf)
        return (scores.softmax(1) @ v).transpose(1, 2).flatten(2)

    @wrong("10.2", "heads cut across tokens, and put back as they should")
    def viewed_and_transposed(patches, words, padded, layers, heads):
        q, k, v = (layer(x) for layer, x in zip(layers, (patches, words, words), strict=True))
        q, k, v = (x.reshape(len(x), heads, x.shape[1], -1) for x in (q, k, v))
        mask = ~padded[:, None, None]
        return F.scaled_dot_product_attention(q, k, v, attn_mask=mask).transpose(1, 2).flatten(2)

    @wrong("10.2", "null words when the largest score is taken")
    def largest_of_all_words(patches, words, padded, layers, heads):
        q, k, v = (apart(layer(x), heads) for layer, x in zip(layers, (patches, words, words), strict=True))
        s = q @ k.mT / q.shape[-1] ** 0.5
        a = (s - s.amax(-1, keepdim=True)).exp() * ~padded[:, None, None]
        return (a / a.sum(-1, keepdim=True) @ v).transpose(1, 2).flatten(2)

    @wrong("10.2", "overflows")
    def exponentials(patches, words, padded, layers, heads):
        q, k, v = (apart(layer(x), heads) for layer, x in zip(layers, (patches, words, words), strict=True))
        a = (q @ k.mT / q.shape[-1] ** 0.5).exp() * ~padded[:, None, None]
        return (a / a.sum(-1, keepdim=True) @ v).transpose(1, 2).flatten(2)

    @wrong("10.2", "query added")
    def with_the_query(patches, words, padded, layers, heads):
        q, k, v = (apart(layer(x), heads) for layer, x in zip(layers, (patches, words, words), strict=True))
        got = F.scaled_dot_product_attention(q, k, v, attn_mask=~padded[:, None, None])
        return layers[0](patches) + got.transpose(1, 2).flatten(2)

    @wrong("10.2", "wrong weights beside padding")
    def only_some_renormalised(patches, words, padded, layers, heads):
        q, k, v = (apart(layer(x), heads) for layer, x in zip(layers, (patches, words, words), strict=True))
        a = (q @ k.mT / q.shape[-1] ** 0.5).softmax(-1) * ~padded[:, None, None]
        return ((a / a.sum(-1, keepdim=True) ** 0.5) @ v).transpose(1, 2).flatten(2)

    @wrong("10.2", "scores divided by something else")
    def thrice_as_sharp(patches, words, padded, layers, heads):
        q, k, v = (apart(layer(x), heads) for layer, x in zip(layers, (patches, words, words), strict=True))
        mask, scale = ~padded[:, None, None], 3 / math.sqrt(q.shape[-1])
        return F.scaled_dot_product_attention(q, k, v, mask, scale=scale).transpose(1, 2).flatten(2)

    @wrong("10.2", "another function for the softmax")
    def shares_of_sigmoids(patches, words, padded, layers, heads):
        q, k, v = (apart(layer(x), heads) for layer, x in zip(layers, (patches, words, words), strict=True))
        a = torch.sigmoid(q @ k.mT / q.shape[-1] ** 0.5) * ~padded[:, None, None]
        return (a / a.sum(-1, keepdim=True) @ v).transpose(1, 2).flatten(2)

    @wrong("10.2", "unequal weights for equal keys")
    def the_best_word_only(patches, words, padded, layers, heads):
        q, k, v = (apart(layer(x), heads) for layer, x in zip(layers, (patches, words, words), strict=True))
        scores = (q @ k.mT).masked_fill(padded[:, None, None], -torch.inf)
        return (F.one_hot(scores.argmax(-1), k.shape[2]).to(v) @ v).transpose(1, 2).flatten(2)

    @wrong("10.2", "images mixed")
    def captions_of_others(patches, words, padded, layers, heads):
        sources = patches, words, words.flip(0)
        q, k, v = (apart(layer(x), heads) for layer, x in zip(layers, sources, strict=True))
        mask = ~padded[:, None, None]
        return F.scaled_dot_product_attention(q, k, v, attn_mask=mask).transpose(1, 2).flatten(2)


class Ex10_3:
    """tubes(x, span, patch, shape)"""

    @right("10.3")
    def eight_axes(x, span, patch, shape=None):
        b, f, c, h, w = x.shape if shape is None else shape
        t, r, k = f // span, h // patch, w // patch
        if shape is None:
            cells = x.reshape(b, t, span, c, r, patch, k, patch).permute(0, 1, 4, 6, 2, 3, 5, 7)
            return cells.reshape(b, t * r * k, -1)
        cells = x.reshape(b, t, r, k, span, c, patch, patch).permute(0, 1, 4, 5, 2, 6, 3, 7)
        return cells.reshape(shape)

    @right("10.3")
    def in_loops(x, span, patch, shape=None):
        b, f, c, h, w = x.shape if shape is None else shape
        out, tokens, n = (None if shape is None else x.new_zeros(shape)), [], 0
        for i in range(0, f, span):
            for r in range(0, h, patch):
                for k in range(0, w, patch):
                    block = (
                        slice(None),
                        slice(i, i + span),
                        slice(None),
                        slice(r, r + patch),
                        slice(k, k + patch),
                    )
                    if shape is None:
                        tokens.append(x[block].flatten(1))
                    else:
                        out[block] = x[:, n].reshape(b, span, c, patch, patch)
                    n += 1
        return torch.stack(tokens, 1) if shape is None else out

    @right("10.3")
    def frames_as_channels(x, span, patch, shape=None):
        if shape is None:
            b, f, c, h, w = x.shape
            return patchify(x.reshape(b * f // span, span * c, h, w), patch).reshape(
                b, -1, span * c * patch**2
            )
        b, f, c, h, w = shape
        rows = x.reshape(b * f // span, -1, x.shape[-1]).transpose(1, 2)
        return F.fold(rows, (h, w), patch, stride=patch).reshape(shape)

    @right("10.3")
    def unfold_of_tensors(x, span, patch, shape=None):
        if shape is None:
            u = x.unfold(1, span, span).unfold(3, patch, patch).unfold(4, patch, patch)
            return u.permute(0, 1, 3, 4, 5, 2, 6, 7).flatten(4).flatten(1, 3).double()
        _, f, c, h, w = shape
        cells = x.unflatten(2, (span, c, patch, patch)).unflatten(1, (f // span, h // patch, w // patch))
        return torch.einsum("btrkscpq->btscrpkq", cells).reshape(shape)

    @wrong("10.3", "reshaped only")
    def reshaped(x, span, patch, shape=None):
        return x.reshape(len(x), -1, span * x.shape[2] * patch**2) if shape is None else x.reshape(shape)

    @wrong("10.3", "frames as tokens of their own")
    def images(x, span, patch, shape=None):
        if shape is None:
            b, f = x.shape[:2]
            return patchify(x.flatten(0, 1), patch).unflatten(0, (b, f)).flatten(1, 2)
        b, f, c, h, w = shape
        cells = x.reshape(b, f, h // patch, w // patch, c, patch, patch)
        return cells.permute(0, 1, 4, 2, 5, 3, 6).reshape(shape)

    @wrong("10.3", "channels before frames")
    def channels_outside(x, span, patch, shape=None):
        b, f, c, h, w = x.shape if shape is None else shape
        t, r, k = f // span, h // patch, w // patch
        if shape is None:
            cells = x.reshape(b, t, span, c, r, patch, k, patch).permute(0, 1, 4, 6, 3, 2, 5, 7)
            return cells.reshape(b, t * r * k, -1)
        cells = x.reshape(b, t, r, k, c, span, patch, patch).permute(0, 1, 5, 4, 2, 6, 3, 7)
        return cells.reshape(shape)

    @wrong("10.3", "the way back is a reshape")
    def half_done(x, span, patch, shape=None):
        if shape is not None:
            return x.reshape(shape)
        b, f, c, h, w = x.shape
        return patchify(x.reshape(b * f // span, span * c, h, w), patch).reshape(b, -1, span * c * patch**2)

    @wrong("10.3", "every so many-th frame")
    def split_the_wrong_way(x, span, patch, shape=None):
        b, f, c, h, w = x.shape if shape is None else shape
        t, r, k = f // span, h // patch, w // patch
        if shape is None:
            cells = x.reshape(b, span, t, c, r, patch, k, patch).permute(0, 2, 4, 6, 1, 3, 5, 7)
            return cells.reshape(b, t * r * k, -1)
        cells = x.reshape(b, t, r, k, span, c, patch, patch).permute(0, 4, 1, 5, 2, 6, 3, 7)
        return cells.reshape(shape)

    @wrong("10.3", "no blocks")
    def channels_and_rows_swapped(x, span, patch, shape=None):
        if shape is None:
            return x.transpose(2, 4).reshape(len(x), -1, span * x.shape[2] * patch**2)
        return x.reshape(shape)

    @wrong("10.3", "patches not in their places")
    def halves_of_the_clip_swapped(x, span, patch, shape=None):
        if shape is not None:
            return Ex10_3.eight_axes(x.roll(1, 1), span, patch, shape)
        return Ex10_3.eight_axes(x, span, patch)

    @wrong("10.3", "clips mixed")
    def batch_behind_the_rows(x, span, patch, shape=None):
        if shape is not None:
            return Ex10_3.eight_axes(x, span, patch, shape)
        b, f, c, h, w = x.shape
        cells = x.reshape(b, f // span, span, c, h // patch, patch, w // patch, patch)
        return cells.permute(1, 4, 0, 6, 2, 3, 5, 7).reshape(b, -1, span * c * patch**2)

    @wrong("10.3", "right for square clips only")
    def width_before_height(x, span, patch, shape=None):
        if shape is not None:
            return Ex10_3.eight_axes(x, span, patch, shape)
        b, f, c, w, h = x.shape
        cells = x.reshape(b, f // span, span, c, h // patch, patch, w // patch, patch)
        return cells.permute(0, 1, 4, 6, 2, 3, 5, 7).reshape(b, -1, span * c * patch**2)


class Ex10_4:
    """over_time(x, attend)"""

    @right("10.4")
    def transposed(x, attend):
        b, f, p, w = x.shape
        rows = x.transpose(1, 2).reshape(b * p, f, w)
        return attend(rows).reshape(b, p, f, w).transpose(1, 2)

    @right("10.4")
    def place_by_place(x, attend):
        return torch.stack([attend(x[:, :, p]) for p in range(x.shape[2])], dim=2)

    @right("10.4")
    def clip_by_clip(x, attend):
        return torch.stack([attend(clip.transpose(0, 1)).transpose(0, 1) for clip in x.double()])

    @right("10.4")
    def places_first(x, attend):
        b, _, p, _ = x.shape
        rows = x.permute(2, 0, 1, 3).flatten(0, 1)
        return attend(rows).unflatten(0, (p, b)).permute(1, 2, 0, 3)

    @right("10.4")
    def filled_in(x, attend):
        out = torch.empty_like(x)
        for i in range(x.shape[0]):
            for p in range(x.shape[2]):
                out[i, :, p] = attend(x[i, :, p][None])[0]
        return out

    @wrong("10.4", "a reshape in place of a transposition")
    def as_in_the_lab(x, attend):
        batch, frames, places, width = x.shape
        rows = x.reshape(batch * places, frames, width)
        return attend(rows).reshape(batch, places, frames, width).transpose(1, 2)

    @wrong("10.4", "reshaped there and back")
    def consistent_at_least(x, attend):
        b, f, p, w = x.shape
        return attend(x.reshape(b * p, f, w)).reshape(b, f, p, w)

    @wrong("10.4", "no transposition on the way back")
    def half_mended(x, attend):
        b, f, p, w = x.shape
        return attend(x.transpose(1, 2).reshape(b * p, f, w)).reshape(b, f, p, w)

    @wrong("10.4", "attention in space")
    def as_before(x, attend):
        return attend(x.flatten(0, 1)).unflatten(0, x.shape[:2])

    @wrong("10.4", "everything attends to everything")
    def the_whole_clip(x, attend):
        return attend(x.flatten(1, 2)).reshape(x.shape)

    @wrong("10.4", "wrong axes for attention")
    def four_axes(x, attend):
        return attend(x.transpose(1, 2)).transpose(1, 2)

    @wrong("10.4", "wrong result")
    def twice_as_much(x, attend):
        mixed = Ex10_4.transposed(x, attend)
        return mixed + (mixed - x)

    @wrong("10.4", "frames out of order")
    def backwards(x, attend):
        return Ex10_4.transposed(x.flip(1), attend).flip(1)

    @wrong("10.4", "axes left swapped")
    def no_way_back(x, attend):
        b, f, p, w = x.shape
        return attend(x.transpose(1, 2).reshape(b * p, f, w)).reshape(b, p, f, w)


class Ex10_5:
    """guided_words(net, x, t, words, w, null)"""

    @right("10.5")
    def line(net, x, t, words, w, null):
        nothing = net(x, t, torch.full_like(words, null))
        return nothing + w * (net(x, t, words) - nothing)

    @right("10.5")
    def one_batch(net, x, t, words, w, null):
        y = torch.cat([words * 0 + null, words])
        a, b = net(torch.cat([x, x]), torch.cat([t, t]), y).chunk(2)
        return (1 - w) * a + w * b

    @right("10.5")
    def lerp(net, x, t, words, w, null):
        empty = words.clone()
        empty[:] = null
        return torch.lerp(net(x, t, empty), net(x, t, words), w)

    @right("10.5")
    def beyond_the_caption(net, x, t, words, w, null):
        said = net(x, t, words).double()
        return said + (w - 1) * (said - net(x, t, torch.full(words.shape, null)).double())

    @right("10.5")
    def branch_saved(net, x, t, words, w, null):
        if w == 1:
            return net(x, t, words)
        nothing = net(x, t, torch.full_like(words, null))
        return nothing if w == 0 else nothing.mul(1 - w).add(net(x, t, words), alpha=w)

    @wrong("10.5", "1 + w")
    def as_in_the_paper(net, x, t, words, w, null):
        return (1 + w) * net(x, t, words) - w * net(x, t, torch.full_like(words, null))

    @wrong("10.5", "away from the caption")
    def the_difference_turned(net, x, t, words, w, null):
        nothing = net(x, t, torch.full_like(words, null))
        return nothing + w * (nothing - net(x, t, words))

    @wrong("10.5", "the first word for null")
    def zero_for_nothing(net, x, t, words, w, null):
        nothing = net(x, t, torch.zeros_like(words))
        return nothing + w * (net(x, t, words) - nothing)

    @wrong("10.5", "captions of another shape")
    def one_null_for_each_state(net, x, t, words, w, null):
        nothing = net(x, t, torch.full((len(x),), null))
        return nothing + w * (net(x, t, words) - nothing)

    @wrong("10.5", "times of another shape")
    def times_not_doubled(net, x, t, words, w, null):
        a, b = net(torch.cat([x, x]), t, torch.cat([torch.full_like(words, null), words])).chunk(2)
        return (1 - w) * a + w * b

    @wrong("10.5", "only the first word removed")
    def first_word_only(net, x, t, words, w, null):
        empty = words.clone()
        empty[:, 0] = null
        nothing = net(x, t, empty)
        return nothing + w * (net(x, t, words) - nothing)

    @wrong("10.5", "wrong guidance")
    def halfway_squared(net, x, t, words, w, null):
        nothing = net(x, t, torch.full_like(words, null))
        return nothing + w**2 * (net(x, t, words) - nothing)

    @wrong("10.5", "wrong guidance")
    def cut_off_at_three(net, x, t, words, w, null):
        nothing = net(x, t, torch.full_like(words, null))
        return nothing + min(w, 1.5) * (net(x, t, words) - nothing)

    @wrong("10.5", "two batches mixed up")
    def every_other(net, x, t, words, w, null):
        y = torch.cat([torch.full_like(words, null), words])
        both = net(torch.cat([x, x]), torch.cat([t, t]), y)
        return (1 - w) * both[0::2] + w * both[1::2]


class Ex10_6:
    """caption_vector(words, table, places)"""

    @right("10.6")
    def products(words, table, places):
        return (table[words] * places).sum(1)

    @right("10.6")
    def bent_before_the_sum(words, table, places):
        return torch.relu(table[words] + places).mean(1)

    @right("10.6")
    def rotated(words, table, places):
        return sum(torch.roll(table[words[:, k]], k, -1) for k in range(words.shape[1]))

    @right("10.6")
    def recurrent(words, table, places):
        h = torch.zeros(len(words), table.shape[1])
        for k in range(words.shape[1]):
            h = 0.9 * h.roll(1, -1) + torch.tanh(table[words[:, k]] + places[k])
        return h

    @right("10.6")
    def attention_first(words, table, places):
        e = table[words] + places
        return ((e @ e.mT / e.shape[-1] ** 0.5).softmax(-1) @ e + e.sin()).mean(1)

    @right("10.6")
    def sines(words, table, places):
        return torch.einsum("bkd,kd->bd", table[words].double(), (3 * places).sin().double())

    @wrong("10.6", "a bag of words")
    def places_in_the_sum(words, table, places):
        return (table[words] + places).sum(1)

    @wrong("10.6", "a bag of words")
    def product_of_all(words, table, places):
        return (table[words] * places).prod(1)

    @wrong("10.6", "a bag of words")
    def places_by_word(words, table, places):
        return (table[words] * places[words % len(places)]).sum(1)

    @wrong("10.6", "a bag of words")
    def plain(words, table, places):
        return table[words].mean(1)

    @wrong("10.6", "a bag of words")
    def bent_after_the_sum(words, table, places):
        return torch.tanh((table[words] + places).mean(1)) * places.sum(0)

    @wrong("10.6", "a bag of words")
    def largest(words, table, places):
        return table[words].amax(1) + places.amax(0)

    @wrong("10.6", "words not read")
    def first_and_last(words, table, places):
        return table[words[:, 0]] - table[words[:, -1]] * places[0]

    @wrong("10.6", "some orders not told apart")
    def evens_and_odds(words, table, places):
        e = table[words]
        return e[:, ::2].sum(1) - e[:, 1::2].sum(1)

    @wrong("10.6", "wrong shape")
    def side_by_side(words, table, places):
        return (table[words] + places).flatten(1)

    @wrong("10.6", "words without meaning")
    def numbers_of_words(words, table, places):
        return (words[..., None].float() * places).sum(1)

    @wrong("10.6", "not one vector for a caption")
    def depends_on_the_batch(words, table, places):
        e = (table[words] * places).sum(1)
        return e - e.mean(0)

    @wrong("10.6", "no gradient")
    def without_gradient(words, table, places):
        return (table[words] * places).sum(1).detach()


def line_left(u):
    k = torch.arange(u.shape[-1], dtype=u.dtype)
    A = torch.stack([torch.ones_like(k), k], 1)
    return (u - u @ torch.linalg.pinv(A).T @ A.T).square().sum(-1)


class Ex10_7:
    """motion_residual(centres, low, high)"""

    @right("10.7")
    def all_turns(centres, low, high):
        b, n, _ = centres.shape
        k, total = torch.arange(n), 0
        for axis in (0, 1):
            best = torch.full((b,), torch.inf, dtype=torch.float64)
            for y in (centres[..., axis].double(), low + high - centres[..., axis].double()):
                for i in range(1, n + 1):
                    for j in range(i, n + 1):
                        u = torch.where(k < i, y, torch.where(k < j, 2 * high - y, y + 2 * (high - low)))
                        best = torch.minimum(best, line_left(u))
            total = total + best
        return (total / (2 * n)).sqrt()

    @right("10.7")
    def search_over_lines(centres, low, high):
        if (low, high) == (4.75, 10.25):
            return fit_motion(centres)[0]
        return Ex10_7.all_turns(centres, low, high)

    @right("10.7")
    def by_lstsq(centres, low, high):
        n, wide = centres.shape[1], high - low
        A = torch.stack([torch.ones(n), torch.arange(float(n))], 1).double()
        out = []
        for clip in centres.double():
            total = 0.0
            for y in clip.T:
                ways = []
                for m in (y - low, high - y):
                    for i in range(n + 1):
                        for j in range(i, n + 1):
                            ways.append(torch.cat([m[:i], 2 * wide - m[i:j], m[j:] + 2 * wide]))
                U = torch.stack(ways, 1)
                left = U - A @ torch.linalg.lstsq(A, U).solution
                total += float(left.square().sum(0).min())
            out.append((total / (2 * n)) ** 0.5)
        return torch.tensor(out)

    @wrong("10.7", "reflections not unfolded")
    def straight_only(centres, low, high):
        return ((line_left(centres[..., 0]) + line_left(centres[..., 1])) / (2 * centres.shape[1])).sqrt()

    @wrong("10.7", "second differences")
    def accelerations(centres, low, high):
        rule = []
        for axis in (0, 1):
            y = centres[..., axis].double()
            n, best = y.shape[1], torch.full((len(y),), torch.inf).double()
            k = torch.arange(n)
            for z in (y, low + high - y):
                for i in range(1, n + 1):
                    for j in range(i, n + 1):
                        u = torch.where(k < i, z, torch.where(k < j, 2 * high - z, z + 2 * (high - low)))
                        best = torch.minimum(best, u.diff(dim=1).diff(dim=1).square().sum(1))
            rule.append(best)
        return ((rule[0] + rule[1]) / (2 * centres.shape[1])).sqrt()

    @wrong("10.7", "wrong size of an error")
    def mean_of_absolute_errors(centres, low, high):
        return 0.8 * Ex10_7.all_turns(centres, low, high)

    @wrong("10.7", "exact tracks not recognised")
    def speed_changes(centres, low, high):
        return centres.diff(dim=1).norm(dim=2).std(dim=1)

    @wrong("10.7", "not the root")
    def mean_square(centres, low, high):
        return Ex10_7.all_turns(centres, low, high) ** 2

    @wrong("10.7", "divided by the frames alone")
    def per_frame(centres, low, high):
        return Ex10_7.all_turns(centres, low, high) * 2**0.5

    @wrong("10.7", "walls written in")
    def my_walls(centres, low, high):
        return Ex10_7.all_turns(centres, 4.75, 10.25)


class Ex10_8:
    """continue_clip(net, given, x, steps)"""

    @right("10.8")
    def replaced_each_time(net, given, x, steps):
        k, shape = given.shape[1], (*x.shape[:2], *[1] * (x.dim() - 2))
        x = torch.cat([given, x[:, k:]], 1)
        for i in range(steps):
            times = torch.full(shape, i / steps)
            times[:, :k] = 1
            u = (net(x, times) - x) / (1 - i / steps)
            x = torch.cat([given, (x + u / steps)[:, k:]], 1)
        return x

    @right("10.8")
    def in_place_on_a_copy(net, given, x, steps):
        k, x = given.shape[1], x.clone()
        x[:, :k] = given
        times = torch.zeros(x.shape[0], x.shape[1], *[1] * (x.dim() - 2))
        times[:, :k] = 1.0
        for i in range(steps):
            times[:, k:] = i / steps
            x[:, k:] += (net(x, times) - x)[:, k:] / (steps - i)
        return x

    @right("10.8")
    def by_mask(net, given, x, steps):
        k, ones = given.shape[1], [1] * (x.dim() - 2)
        held = (torch.arange(x.shape[1]) < k).reshape(1, -1, *ones).expand(len(x), -1, *ones)
        full = torch.zeros_like(x)
        full[:, :k] = given
        for t in torch.linspace(0, 1, steps + 1)[:-1]:
            x = torch.where(held, full, x)
            guess = net(x, torch.where(held, 1.0, t))
            x = x + (guess - x) / (1 - t) / steps
        return torch.where(held, full, x)

    @right("10.8")
    def noise_and_data_mixed_anew(net, given, x, steps):
        k = given.shape[1]
        x = torch.cat([given, x[:, k:]], 1).double()
        for i in range(steps):
            times = torch.full((*x.shape[:2], *[1] * (x.dim() - 2)), i / steps)
            times[:, :k] = 1
            guess = net(x.float(), times).double()
            x[:, k:] = torch.lerp(x[:, k:], guess[:, k:], 1 / (steps - i))
        return x

    @wrong("10.8", "held frames told the state's time")
    def one_clock(net, given, x, steps):
        k = given.shape[1]
        x = torch.cat([given, x[:, k:]], 1)
        for i in range(steps):
            times = torch.full((*x.shape[:2], *[1] * (x.dim() - 2)), i / steps)
            x = x + (net(x, times) - x) / (steps - i)
            x = torch.cat([given, x[:, k:]], 1)
        return x

    @wrong("10.8", "held frames noised")
    def replacement(net, given, x, steps):
        k, noise = given.shape[1], x
        for i in range(steps):
            t = i / steps
            x = torch.cat([t * given + (1 - t) * noise[:, :k], x[:, k:]], 1)
            x = x + (net(x, torch.full((*x.shape[:2], *[1] * (x.dim() - 2)), t)) - x) / (steps - i)
        return torch.cat([given, x[:, k:]], 1)

    @wrong("10.8", "given frames divided by zero")
    def divided_by_nothing(net, given, x, steps):
        k = given.shape[1]
        x = torch.cat([given, x[:, k:]], 1)
        for i in range(steps):
            times = torch.full((*x.shape[:2], *[1] * (x.dim() - 2)), i / steps)
            times[:, :k] = 1
            x = x + (net(x, times) - x) / (1 - times) / steps * 1.0
        return x

    @wrong("10.8", "held at the start only")
    def then_let_go(net, given, x, steps):
        k = given.shape[1]
        x = torch.cat([given, x[:, k:]], 1)
        for i in range(steps):
            times = torch.full((*x.shape[:2], *[1] * (x.dim() - 2)), i / steps)
            times[:, :k] = 1
            x = x + (net(x, times) - x) / (steps - i)
        return x

    @wrong("10.8", "input edited")
    def into_the_noise(net, given, x, steps):
        x[:, : given.shape[1]] = given
        return Ex10_8.replaced_each_time(net, given, x, steps)

    @wrong("10.8", "times of another shape")
    def one_time_for_the_clip(net, given, x, steps):
        k = given.shape[1]
        x = torch.cat([given, x[:, k:]], 1)
        for i in range(steps):
            x = x + (net(x, torch.full((len(x), 1), i / steps)) - x) / (steps - i)
        return x

    @wrong("10.8", "wrong number of steps")
    def one_step_too_few(net, given, x, steps):
        return Ex10_8.replaced_each_time(net, given, x, max(steps - 1, 1))

    @wrong("10.8", "wrong new frames")
    def half_a_step(net, given, x, steps):
        k = given.shape[1]
        x = torch.cat([given, x[:, k:]], 1)
        for i in range(steps):
            times = torch.full((*x.shape[:2], *[1] * (x.dim() - 2)), i / steps)
            times[:, :k] = 1
            x = torch.cat([given, (x + (net(x, times) - x) / (steps - i) ** 2)[:, k:]], 1)
        return x


class Ex10_9:
    """my_mixer(h, knobs)"""

    @right("10.9")
    def a_matrix_for_each_head(h, knobs):
        parts = h.unflatten(-1, (4, 12))
        return h + 0.3 * torch.einsum("aij,bjad->biad", knobs.view(4, 8, 8), parts).flatten(2)

    @right("10.9")
    def one_matrix(h, knobs):
        return h + 0.3 * knobs[:64].reshape(8, 8) @ h

    @right("10.9")
    def two_matrices(h, knobs):
        a, b = h.chunk(2, dim=-1)
        one, two = knobs[:128].reshape(2, 8, 8)
        return h + 0.3 * torch.cat([one @ a, two @ b], dim=-1)

    @wrong("10.9", "frames do not talk")
    def nothing(h, knobs):
        return h * 1.0 + 0.1 * knobs[:48]

    @wrong("10.9", "order not known")
    def bare_attention(h, knobs):
        return h + (h @ h.mT / 48**0.5).softmax(-1) @ h

    @wrong("10.9", "order not known")
    def the_mean(h, knobs):
        return h + h.mean(1, keepdim=True)

    @wrong("10.9", "clips know of one another")
    def over_the_batch(h, knobs):
        return h + h.mean(0, keepdim=True)

    @wrong("10.9", "clips stand still")
    def round_the_ring(h, knobs):
        return h + h.roll(1, 1)

    @wrong("10.9", "nothing to train")
    def detached(h, knobs):
        return h.detach() * 2 + h.detach().flip(1)

    @wrong("10.9", "identity")
    def handed_back(h, knobs):
        return h
