"""Train the classifier of MNIST that the package ships: `python tools/make_classifier.py`.

It writes coursekit/weights/mnist_classifier.safetensors and, beside it, mnist_classifier.json with its
accuracy on the 10,000 test images, which training never sees. Training images are turned, sized and moved
a little, anew at each sight: the classifier is to read digits that no one wrote yet. The result is the same
on every run, but for rounding, which differs between processors.
"""

import argparse
import json
import math
import time
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Generator, Tensor
from torch.nn.functional import affine_grid, cross_entropy, grid_sample

from coursekit import limit_threads
from coursekit.data import Labelled, mnist
from coursekit.evaluation import metrics
from coursekit.evaluation.classifiers import ConvNet, MNISTClassifier

WEIGHTS = Path(__file__).parents[1] / "coursekit" / "weights"
BATCH = 128
RATE = 4e-3  # the largest learning rate of the cycle
TURN, SIZE, MOVE = math.radians(10), 0.1, 2 / 14  # at most: 10 degrees, 10 %, 2 of 28 pixels


def varied(images: Tensor, generator: Generator) -> Tensor:
    """Each image turned, sized and moved by amounts of its own."""
    angle, size, *move = torch.empty(4, len(images)).uniform_(-1, 1, generator=generator)
    cos, sin = (1 + SIZE * size) * (TURN * angle).cos(), (1 + SIZE * size) * (TURN * angle).sin()
    rows = torch.stack([cos, -sin, MOVE * move[0], sin, cos, MOVE * move[1]], dim=1).reshape(-1, 2, 3)
    grid = affine_grid(rows, list(images.shape), align_corners=False)
    return grid_sample(images + 1, grid, align_corners=False) - 1  # beyond the edge is paper, -1


def train(known: Labelled, epochs: int, seed: int) -> ConvNet:
    torch.manual_seed(seed)  # the network's first weights
    net, generator = ConvNet().to(memory_format=torch.channels_last), Generator().manual_seed(seed)
    optimiser = torch.optim.AdamW(net.parameters(), weight_decay=0.01)
    steps = epochs * (len(known.labels) // BATCH)
    cycle = torch.optim.lr_scheduler.OneCycleLR(optimiser, RATE, total_steps=steps)
    for epoch in range(epochs):
        total, start = 0.0, time.perf_counter()
        order = torch.randperm(len(known.labels), generator=generator)
        for rows in order[: len(order) // BATCH * BATCH].split(BATCH):
            loss = cross_entropy(net(varied(known.images[rows], generator)), known.labels[rows])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            cycle.step()
            total += loss.item()
        mean, seconds = total * epochs / steps, time.perf_counter() - start
        print(f"epoch {epoch + 1} of {epochs}: loss {mean:.4f}, {seconds:.0f} s", flush=True)
    return net.eval().requires_grad_(False)


def measure(net: ConvNet, train: Labelled, test: Labelled) -> dict[str, object]:
    """How many digits it reads right, and which it misses."""
    judge = MNISTClassifier(net)
    seen = judge.classify(test.images)
    share = metrics.accuracy(seen, test.labels)
    missed = test.labels[seen != test.labels].bincount(minlength=10)
    learnt = metrics.accuracy(judge.classify(train.images), train.labels)
    return {
        "accuracy": share,
        "standard_error": round(math.sqrt(share * (1 - share) / len(seen)), 5),
        "missed_of_each_digit": missed.tolist(),
        "accuracy_on_training_images": round(learnt, 5),
    }


def main() -> None:
    limit_threads()
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--limit", type=int, help="how many training images; all by default")
    parser.add_argument("--out", type=Path, default=WEIGHTS / "mnist_classifier.safetensors")
    chosen = parser.parse_args()
    known = mnist(chosen.limit)
    began = time.process_time()
    net = train(known.train, chosen.epochs, chosen.seed)
    told = {
        "command": "python tools/make_classifier.py",
        "training_images": len(known.train.labels),
        "epochs": chosen.epochs,
        "seed": chosen.seed,
        "parameters": sum(p.numel() for p in net.parameters()),
        "processor_seconds": round(time.process_time() - began),
    } | measure(net, known.train, known.test)
    save_file({name: value.contiguous() for name, value in net.state_dict().items()}, chosen.out)
    chosen.out.chmod(0o644)  # the writer keeps it to its owner, but a package's file is for all
    text = json.dumps(told, indent=2)
    chosen.out.with_suffix(".json").write_text(text + "\n")
    print(text)


if __name__ == "__main__":
    main()
