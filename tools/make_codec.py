"""Train the codec of frames that the package ships: `python tools/make_codec.py`.

It writes coursekit/weights/what_where.safetensors (float16) and, beside it, a JSON file with what it loses:
the scores of real clips that went through it, beside those of the clips themselves. A variational autoencoder
of windows around the ink, with little weight on the prior: a generator of latents makes the samples.
"""

import argparse
import json
import time
from pathlib import Path

import torch
from torch import Generator, Tensor

from coursekit import limit_threads
from coursekit.data import WALLS, digits, draw_clips, moving_digits
from coursekit.evaluation.classifiers import window_classifier
from coursekit.evaluation.clips import as_rounded, frechet_floor_of_clips, score_clips, track
from coursekit.nets import WhatWhere, pretrained
from coursekit.nets.what_where import FINE
from coursekit.training import EMA, Adam, cosine_rate, draw_batch, training_steps

WEIGHTS = Path(__file__).parents[1] / "coursekit" / "weights"
BATCH, RATE, DECAY = 256, 2e-3, 0.998
BETA = 0.01
"""Weight of the Kullback-Leibler divergence beside half the squared error."""
GAIN = 30.0
"""Of the position beside the other numbers: see `WhatWhere`."""


def loss(codec: WhatWhere, windows: Tensor, fine: Tensor, generator: Generator) -> Tensor:
    """Half the squared error of a fine window, an eighth of it for each of its four times as many pixels,
    plus BETA times KL(q(what | window) || N(0, I)), in the mean.
    """
    again, mean, log_var = codec(windows, generator)
    divergence = 0.5 * (mean.square() + log_var.exp() - 1 - log_var).sum(1)
    return ((again - fine).square().flatten(1).sum(1) / (2 * FINE**2) + BETA * divergence).mean()


def windows_and_digits(codec: WhatWhere, generator: Generator) -> tuple[Tensor, Tensor]:
    """Windows of training digits somewhere on the canvas, and the fine windows of the digits themselves."""
    images = digits().train.images.repeat(20, 1, 1, 1)
    places = WALLS[0] + (WALLS[1] - WALLS[0]) * torch.rand(len(images), 1, 2, generator=generator)
    windows, _ = codec.windows(draw_clips(images, places)[:, 0])
    return windows, codec.fine_windows(images)


def main() -> None:
    limit_threads()
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=12_000)
    parser.add_argument("--out", type=Path, default=WEIGHTS / "what_where.safetensors")
    chosen = parser.parse_args()
    generator, began = Generator().manual_seed(0), time.process_time()
    torch.manual_seed(0)
    codec = WhatWhere()
    windows, fine = windows_and_digits(codec, generator)
    adam, ema = Adam(codec.parameters(), RATE), EMA(codec, DECAY)
    rates = (RATE * cosine_rate(step, chosen.steps) for step in range(1, chosen.steps + 1))

    def batch_loss(step: int) -> Tensor:
        seen, wanted = draw_batch((windows, fine), BATCH, generator)
        return loss(codec, seen, wanted, generator)

    for _ in training_steps(batch_loss, adam, rates, ema=ema):
        pass
    spent = time.process_time() - began
    ema.net.standardise(windows, GAIN)
    pretrained.save(ema.net, chosen.out, half=True, command="python tools/make_codec.py")
    shipped = pretrained.load(chosen.out)
    assert isinstance(shipped, WhatWhere)
    judge = window_classifier()
    real, other = (moving_digits(400, "test", generator=generator) for _ in range(2))
    pool = moving_digits(1600, generator=generator)
    latents = shipped.latents(other.frames)
    decoded = shipped.clips(latents)
    scores = [
        as_rounded(score_clips(frames, other.labels, other.directions, real, judge))
        for frames in (decoded, other.frames)
    ]
    floor = frechet_floor_of_clips(pool.frames, real.frames, judge, generator=generator)
    told = {
        "command": "python tools/make_codec.py",
        "steps": chosen.steps,
        "beta": BETA,
        "gain": GAIN,
        "parameters": sum(weight.numel() for weight in codec.parameters()),
        "processor_seconds": round(spent),
        "squared_error_of_a_pixel": round(float((decoded - other.frames).square().mean()), 5),
        "error_of_the_centre": round(float((track(decoded) - other.positions).norm(dim=-1).median()), 4),
        "spread_of_the_latents": [round(float(each), 3) for each in latents.std((0, 1)).flatten()],
        "decoded": scores[0],
        "real": scores[1],
        "frechet_floor": round(float(floor.mean()), 4),
    }
    text = json.dumps(told, indent=2)
    chosen.out.with_suffix(".json").write_text(text + "\n", encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
