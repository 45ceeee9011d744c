"""Train the classifier of small digits on a larger canvas: `python tools/make_window_classifier.py`.

It writes coursekit/weights/window_classifier.safetensors and, beside it, a JSON file with its accuracy on
held-out digits in clips and in pairs. Each training digit is drawn anew at each sight: at a fraction of a
pixel, sized from 0.85 to 1.05, with ink that is a little fainter or fuller. Only real digits are used.
"""

import argparse
import json
import math
import time
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Generator, Tensor
from torch.nn.functional import cross_entropy

from coursekit import limit_threads
from coursekit.base import ink_centre, resample
from coursekit.data import Labelled, digits, moving_digits, placed_digits
from coursekit.evaluation.classifiers import WindowClassifier, WindowNet
from coursekit.evaluation.classifiers.small import windows_of
from coursekit.training import Adam, cosine_rate, improve

WEIGHTS = Path(__file__).parents[1] / "coursekit" / "weights"
BATCH, RATE = 256, 3e-3


def drawn(known: Labelled, rows: Tensor, generator: Generator) -> Tensor:
    """Windows of training digits, each drawn on a canvas at a place and a size of its own."""
    ink = (known.images[rows, 0] + 1) / 2
    zoom = float(torch.empty(()).uniform_(0.85, 1.05, generator=generator))
    where = 7.5 + torch.rand(len(rows), 2, generator=generator)
    ink = resample(ink, 16, ink_centre(ink), where, zoom)
    stretch = 1 + 0.2 * (torch.rand(len(rows), 1, 1, generator=generator) - 0.5)
    ink = (ink * stretch).clamp(0, 1) + 0.03 * torch.randn(ink.shape, generator=generator)
    return windows_of(torch.where(ink > 0.15, ink, 0.0))


def main() -> None:
    limit_threads()
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=4000)
    parser.add_argument("--out", type=Path, default=WEIGHTS / "window_classifier.safetensors")
    chosen = parser.parse_args()
    known, generator, began = digits().train, Generator().manual_seed(0), time.process_time()
    torch.manual_seed(0)
    net = WindowNet()
    adam = Adam(net.parameters(), RATE)
    for step in range(1, chosen.steps + 1):
        adam.lr = RATE * cosine_rate(step, chosen.steps)
        rows = torch.randint(len(known.labels), (BATCH,), generator=generator)
        loss = cross_entropy(net(drawn(known, rows, generator)), known.labels[rows], label_smoothing=0.05)
        improve(adam, loss)
    spent = time.process_time() - began
    net = net.half().float().eval().requires_grad_(False)  # as it is kept
    judge = WindowClassifier(net)
    clips = moving_digits(2000, "test", generator=generator)
    pairs = placed_digits(2000, "all", "test", generator)
    seen = judge.classify(clips.frames) == clips.labels[:, None]
    left, right = judge.read_pairs(pairs.images)
    both = (left == pairs.left) & (right == pairs.right)
    test = digits().test
    frames = torch.full((len(test.labels), 1, 16, 16), -1.0)
    frames[..., 4:12, 4:12] = test.images
    share = float((judge.classify(frames) == test.labels).double().mean())
    told = {
        "command": "python tools/make_window_classifier.py",
        "training_images": len(known.labels),
        "steps": chosen.steps,
        "parameters": sum(p.numel() for p in net.parameters()),
        "processor_seconds": round(spent),
        "held_out_images": len(test.labels),
        "accuracy": share,
        "standard_error": round(math.sqrt(share * (1 - share) / len(test.labels)), 5),
        "accuracy_in_frames_of_clips": round(float(seen.double().mean()), 4),
        "accuracy_on_both_of_a_pair": round(float(both.double().mean()), 4),
    }
    save_file({name: value.half().contiguous() for name, value in net.state_dict().items()}, chosen.out)
    chosen.out.chmod(0o644)  # the writer keeps it to its owner, but a package's file is for all
    text = json.dumps(told, indent=2)
    chosen.out.with_suffix(".json").write_text(text + "\n", encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
