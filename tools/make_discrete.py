"""Train the denoisers of chapter 11 that the package ships: `python tools/make_discrete.py digit_tokens`.

`digit_tokens` and `prose` write a network each into coursekit/weights, a JSON file with its settings and
measurements beside it, and a model card. For prose the measurements, in prose_models.json, set the network
beside its autoregressive twin, of the same size, beside n-grams of letters, gzip and xz, and what it writes
in several orders beside real text. All networks are measured as they are shipped, in float16. Training goes
on in build/; a network that lies there finished is not trained again.
"""

import argparse
import json
import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from make_checkpoint import processor
from torch import Generator, Tensor, nn

from coursekit import EMA, fit, guided, limit_threads
from coursekit.data import Prose, digit_tokens, digits, prose, tokens_to_images
from coursekit.evaluation import metrics, text
from coursekit.evaluation.classifiers import digit_classifiers
from coursekit.nets import TokenMLP, TokenNetwork, TokenTransformer, pretrained
from coursekit.solvers import unmask
from coursekit.training import Loss, likelihood_bound, masked_loss, with_dropped_labels

ROOT = Path(__file__).parents[1]
WEIGHTS = ROOT / "coursekit" / "weights"
BUILD = ROOT / "build"
LEVELS, DROPPED, COMPARED = 4, 0.15, 500
SIZES: dict[str, Any] = {"width": 96, "depth": 4, "heads": 4, "kernel": 5, "dropout": 0.1}
STEPS = {"masked": 4500, "causal": 600, "causal_long": 1500}
"""The twin is ready soon, and then begins to learn by heart: the long run shows it."""
EVERY = 300
WRITTEN = 64
"""Rows that each order writes."""


class NextPiece:
    """Loss of the autoregressive twin: -log p of a row, nats."""

    def __call__(
        self, net: nn.Module, z: Tensor, y: Tensor | None = None, *, generator: Generator | None = None
    ) -> Tensor:
        """Mean over rows z (batch, length)."""
        return next_piece_cost(net, z).mean()


def next_piece_cost(net: nn.Module, z: Tensor) -> Tensor:
    """-log p of each row (n, length) for a causal network: (n,) nats."""
    cost = nn.functional.cross_entropy(net(z, 0.0).transpose(1, 2), z, reduction="none")
    return cost.sum(1)


def trained(
    name: str,
    net: TokenNetwork,
    loss: Loss,
    rows: Any,
    steps: int,
    batch: int,
    lr: float,
    decay: float,
    generator: Generator,
    check: Callable[[TokenNetwork], float],
) -> tuple[TokenNetwork, dict[str, Any]]:
    """The average of a network that was trained, in float16 as it ships, and how it was made.

    Every `EVERY` steps it is kept in build/, with what a check says of it then.
    """
    path, told = BUILD / f"{name}.safetensors", BUILD / f"{name}.json"
    if not told.exists():
        ema, log = EMA(net, decay), []
        began = time.process_time()
        for step in fit(net, loss, rows, steps, batch=batch, lr=lr, ema=ema, generator=generator):
            if step.step % EVERY == 0:
                spent = round(time.process_time() - began)
                held = round(check(ema.net), 4)
                log.append({"step": step.step, "processor_seconds": spent, "held_out": held})
                print(name, log[-1], f"loss {step.loss:.3f}", flush=True)
                pretrained.save(ema.net, path, half=True)
        notes = {
            "machine": f"one thread of {processor()}, torch {torch.__version__}",
            "network": type(net).__name__,
            "sizes": net.config,
            "parameters": sum(weight.numel() for weight in net.parameters()),
            "steps": steps,
            "batch": batch,
            "lr": lr,
            "decay": decay,
            "processor_seconds": log[-1]["processor_seconds"],
            "log": log,
        }
        told.write_text(json.dumps(notes), encoding="utf-8")
    again = pretrained.load(path)
    assert isinstance(again, TokenNetwork)
    return again, json.loads(told.read_text(encoding="utf-8"))


def ship(name: str, net: TokenNetwork, told: dict[str, Any]) -> None:
    """Write the network and what is told of it into the package."""
    pretrained.save(net, WEIGHTS / f"{name}.safetensors", half=True, command=told["command"])
    (WEIGHTS / f"{name}.json").write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")


def write_card(name: str, **told: Any) -> None:
    """Write the model card, from what was asked for and measured."""
    form = Path(__file__).with_name(f"{name}_card.md").read_text(encoding="utf-8")
    (WEIGHTS / f"{name}.md").write_text(form.format(**told), encoding="utf-8")


def last(states: Any) -> Tensor:
    """The state in which a solver's iterator ends."""
    *_, end = states
    return end


def make_digits() -> None:
    """Train the network of digits, write many, and let the judge of chapter 06 read them."""
    torch.manual_seed(0)
    data = digit_tokens(LEVELS)
    (held, y_held), generator = data.test, Generator().manual_seed(1)

    def check(net: TokenNetwork) -> float:
        return float(likelihood_bound(net, held, 8, generator.manual_seed(1), y=y_held).mean())

    net, told = trained(
        "digit_tokens",
        TokenMLP(LEVELS, data.train.tokens.shape[1], hidden=128, blocks=2, classes=10),
        with_dropped_labels(masked_loss(), DROPPED),
        data.train,
        steps=1500,
        batch=256,
        lr=3e-3,
        decay=0.995,
        generator=Generator().manual_seed(0),
        check=check,
    )
    judge, real = digit_classifiers(), digits().test
    features = judge.features(real.images)
    y = torch.arange(10).repeat(COMPARED // 10)
    told |= {"levels": LEVELS, "dropped_labels": DROPPED, "images_compared": COMPARED}
    told |= {"held_out_nats": round(check(net), 2)}
    rounded = tokens_to_images(data.train.tokens, LEVELS)
    floor = metrics.frechet_floor(judge.features(rounded), features, generator=generator)
    told |= {
        "agreement_real": metrics.accuracy(judge.classify(tokens_to_images(held, LEVELS)), y_held),
        "frechet_real": round(float(floor.mean()), 4),
    }
    rows = []
    for looks in (64, 16, 1):
        for w in (1.0, 1.5, 2.0):
            start = torch.full((COMPARED, net.length), net.mask)
            x = last(unmask(guided(net, y, w), start, looks, mask=net.mask, generator=generator))
            images = tokens_to_images(x, LEVELS)
            agreement = metrics.accuracy(judge.classify(images), y)
            frechet = metrics.frechet_distance(judge.features(images), features)
            told[f"agreement_w{w:g}_looks{looks}"] = agreement
            told[f"frechet_w{w:g}_looks{looks}"] = round(frechet, 4)
            rows.append(f"| {looks} | {w:g} | {agreement:.1%} | {frechet:.2f} |")
    told = {"command": "python tools/make_discrete.py digit_tokens", **told}
    ship("digit_tokens", net, told)
    write_card("digit_tokens", **told, rows="\n".join(rows))
    print(json.dumps(told, indent=1))


@torch.no_grad()
def bits_a_letter(net: TokenNetwork, known: Prose, rows: Tensor, draws: int = 32) -> tuple[float, float]:
    """What rows cost a network, bits a letter, and its standard error over rows."""
    if net.config["causal"]:
        nats = torch.cat([next_piece_cost(net, part) for part in rows.split(256)]).double()
    else:
        nats = likelihood_bound(net, rows, draws, Generator().manual_seed(1))
    letters = known.letters(rows).double()
    ratio = nats.sum() / letters.sum()
    error = (nats - ratio * letters).std() / len(rows) ** 0.5 / letters.mean()
    return float(ratio) / math.log(2), float(error) / math.log(2)


@torch.no_grad()
def write_on(net: TokenNetwork, n: int, temperature: float, generator: Generator) -> Tensor:
    """Rows that a causal network writes piece by piece, (n, length)."""
    x = torch.full((n, net.length), net.mask)
    for place in range(net.length):
        odds = (net(x, 0.0)[:, place] / temperature).softmax(-1)
        x[:, place] = torch.multinomial(odds, 1, generator=generator)[:, 0]
    return x


def described(texts: list[str], known: str) -> dict[str, Any]:
    """What can be counted in texts."""
    word, share = text.most_frequent_word(texts)
    copies = [text.longest_copy(each, known) for each in texts[:32]]
    return {
        "known_words": round(text.known_words(texts, known), 4),
        "distinct": round(text.distinct(texts), 4),
        "most_frequent_word": word,
        "share_of_it": round(share, 4),
        "bits_by_5_gram": round(text.ngram_bits(known, "\n".join(texts), 5), 4),
        "longest_copy_mean": round(sum(copies) / len(copies), 1),
        "longest_copy": max(copies),
        "example": texts[0],
    }


def make_prose() -> None:
    """Train the twins, and measure what they and simpler models say of held-out text, and what they write."""
    known, nets, told = prose(), {}, {}
    for kind, steps in STEPS.items():
        torch.manual_seed(0)  # the first weights, and dropout
        generator = Generator().manual_seed(0)
        seen = known.train[torch.randperm(len(known.train), generator=generator)[:400]]
        nets[kind], told[kind] = trained(
            f"prose_{kind}",
            TokenTransformer(known.tokens, known.length, **SIZES, causal=kind != "masked"),
            masked_loss() if kind == "masked" else NextPiece(),
            known.train,
            steps=steps,
            batch=32,
            lr=3e-3,
            decay=0.998,
            generator=generator,
            check=lambda net: bits_a_letter(net, known, known.held_out, 2)[0],
        )
    costs: dict[str, Any] = {}
    for name, kind in (
        ("masked diffusion", "masked"),
        ("autoregression", "causal"),
        ("autoregression, longer", "causal_long"),
    ):
        held, error = bits_a_letter(nets[kind], known, known.held_out)
        own = bits_a_letter(nets[kind], known, seen)[0]
        costs[name] = {"held_out": round(held, 4), "standard_error": round(error, 4), "train": round(own, 4)}
        costs[name] |= {key: told[kind][key] for key in ("steps", "processor_seconds", "parameters", "log")}
    for order in (2, 3, 4, 5, 6):
        bits = text.ngram_bits(known.train_text, known.held_out_text, order)
        costs[f"{order}-gram"] = {"held_out": round(bits, 4)}
    for method in ("gzip", "xz"):
        bits = text.compressed_bits(known.train_text, known.held_out_text, method)
        costs[method] = {"held_out": round(bits, 4)}
    real = [known.text(row) for row in known.held_out[:WRITTEN]]
    samples = {"held-out text": described(real, known.train_text)}
    for order, temperature, looks in (
        ("random", 1.0, 64),
        ("random", 0.8, 64),
        ("random", 1.0, 16),
        ("left", 1.0, 64),
        ("entropy", 1.0, 64),
        ("surest", 1.0, 64),
        ("surest", 0.8, 64),
    ):
        start = torch.full((WRITTEN, known.length), known.mask)
        x = last(unmask(nets["masked"], start, looks, order, temperature, generator=generator))
        entry = {"order": order, "temperature": temperature, "looks": looks}
        entry |= described([known.text(row) for row in x], known.train_text)
        samples[f"{order}, T = {temperature:g}, {looks} looks"] = entry
    for temperature in (1.0, 0.8):
        x = write_on(nets["causal"], WRITTEN, temperature, generator)
        entry = {"order": "autoregression", "temperature": temperature, "looks": 64}
        entry |= described([known.text(row) for row in x], known.train_text)
        samples[f"autoregression, T = {temperature:g}"] = entry
    sizes = {"train_letters": len(known.train_text), "held_out_letters": len(known.held_out_text)}
    sizes |= {"pieces": known.tokens, "train_rows": len(known.train), "held_out_rows": len(known.held_out)}
    sizes |= {"rows_written": WRITTEN}
    command = {"command": "python tools/make_discrete.py prose"}
    table = command | {"machine": told["masked"]["machine"], **sizes}
    table |= {"bits_a_letter": costs, "samples": samples}
    (WEIGHTS / "prose_models.json").write_text(json.dumps(table, indent=1) + "\n", encoding="utf-8")
    notes = command | told["masked"] | {"held_out_bits_a_letter": costs["masked diffusion"]["held_out"]}
    ship("prose", nets["masked"], notes)
    write_card(
        "prose",
        **notes,
        **sizes,
        written=WRITTEN,
        costs="\n".join(f"| {name} | {each['held_out']:.2f} |" for name, each in costs.items()),
        samples="\n".join(
            f"| {name} | {each['known_words']:.1%} | {each['distinct']:.2f} | {each['most_frequent_word']} "
            f"{each['share_of_it']:.1%} | {each['bits_by_5_gram']:.2f} | {each['longest_copy']} |"
            for name, each in samples.items()
        ),
    )


def main() -> None:
    limit_threads()
    makers = {"digit_tokens": make_digits, "prose": make_prose}
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("which", choices=makers)
    chosen = parser.parse_args()
    BUILD.mkdir(exist_ok=True)
    makers[chosen.which]()


if __name__ == "__main__":
    main()
