"""Training that can be killed and resumed, by one process or by a group, with the same result."""

import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from torch import Generator, Tensor, nn
from tqdm.auto import tqdm

from ..base import atomic_write
from ..nets import ImageNetwork, pretrained
from ..training import (
    EMA,
    Adam,
    Continued,
    Loss,
    RegressionLoss,
    Step,
    cosine_rate,
    draw_batch,
    draw_given,
    prediction_loss,
    training_steps,
    with_dropped_labels,
)
from .config import DROP, PATH, TRANSFORMER_SIZES, TrainConfig
from .distributed import Distributed
from .run_state import STATE, load_state, save_state, write_json
from .worlds import training_data

EPS = 1e-5
"""Adam divides by |gradient| + eps. With the usual 1e-8 a gradient that is nothing but rounding makes a whole
step, and two processes, which add in another order, drift apart from one."""


@dataclass
class TrainState:
    """Steps made and seconds spent, on the clock and of the processor, over all runs that were resumed."""

    step: int = 0
    seconds: float = 0.0
    processor_seconds: float = 0.0


def train(
    config: TrainConfig, folder: Path, group: Distributed, *, resume: bool = False, save_every: float = 30.0
) -> ImageNetwork:
    """Train the network of a config and write model.safetensors and config.json into a folder.

    Every random number of step k comes from (seed, k) and is drawn for the whole batch in every process,
    so a resumed run makes the same steps as an uninterrupted one, and a group the same as a single process.

    Args:
        config: what to train.
        folder: where the files go; made if it does not exist.
        group: this process's place.
        resume: continue from the state in the folder.
        save_every: seconds between two states on disk.
    Returns:
        The averaged network, on the group's device.
    Raises:
        ValueError: the folder holds another run, or none to resume; or the batch cannot be split evenly.
        FloatingPointError: the loss became infinite or not a number.
    """
    _check(config, folder, group, resume)
    torch.manual_seed(config.seed)  # the network's first weights
    net = config.build().to(group.device)
    columns = [column.to(group.device) for column in training_data(config.data)]
    ema, adam = EMA(net, config.preset.decay), Adam(net.parameters(), config.preset.lr, EPS)
    state = TrainState(**load_state(folder, config, net, ema, adam)) if resume else TrainState()
    folder.mkdir(parents=True, exist_ok=True)
    net.train()
    steps = training_steps(
        _batch_loss(config, group, net, columns), adam, _rates(config, state), ema=ema, first=state.step + 1
    )
    saved = time.monotonic()
    for _ in _progress(config, state, group, _timed(steps, config, state, group)):
        if group.is_main and time.monotonic() - saved >= save_every:
            save_state(folder, config, net, ema, adam, **asdict(state))
            saved = time.monotonic()
    if group.is_main:
        save_state(folder, config, net, ema, adam, **asdict(state))
        _finish(config, folder, ema.net, state)
    return ema.net


def _check(config: TrainConfig, folder: Path, group: Distributed, resume: bool) -> None:
    if config.batch % group.size:
        raise ValueError(f"--batch {config.batch} cannot be split evenly among {group.size} processes")
    if (folder / STATE).exists() and not resume:
        raise ValueError(
            f"{folder} holds a run already: add --resume to continue it, or choose another --out"
        )


def _batch_loss(
    config: TrainConfig, group: Distributed, net: ImageNetwork, columns: list[Tensor]
) -> Callable[[int], Tensor]:
    """The loss of a step's batch, of which this process takes its shard."""
    wrapped, generator = group.wrap_ddp(net), Generator(group.device)
    own = prediction_loss(PATH, config.predict, config.preset.space or config.predict)
    loss = with_dropped_labels(_on_shard(own, group, config.preset.given), DROP, null=net.null)
    autocast = torch.autocast("cuda", torch.bfloat16) if group.device.type == "cuda" else nullcontext()

    def batch_loss(step: int) -> Tensor:
        generator.manual_seed((config.seed << 32) + step)
        batch = draw_batch(columns, config.batch, generator)
        with autocast:
            return loss(wrapped, *batch, generator=generator)

    return batch_loss


def _on_shard(loss: RegressionLoss, group: Distributed, share: float) -> Loss:
    """A loss that draws for the whole batch, as every process does, and evaluates this process's shard.

    In a `share` of the clips, if there is one, the first frames are given.
    """

    def on_shard(
        net: nn.Module, z: Tensor, y: Tensor | None = None, *, generator: Generator | None = None
    ) -> Tensor:
        t, eps = loss.draw(z, generator)
        if share:
            given = draw_given(len(z), z.shape[1], share, generator=generator).to(z.device)
            net = Continued(net, group.shard(z), group.shard(given))
        z, t, eps = group.shard(z), group.shard(t), group.shard(eps)
        return loss.value(net, z, t, eps, None if y is None else group.shard(y))

    return on_shard


def _rates(config: TrainConfig, state: TrainState) -> Iterator[float]:
    """Learning rates of the steps that remain, along a cosine that ends with the run."""
    while (remaining := _remaining_fraction(config, state)) > 0:
        step = state.step + 1
        # The remaining seconds say how many steps there will be.
        steps = config.steps or max(step, round(step / max(1 - remaining, 1e-9)))
        yield config.preset.lr * cosine_rate(step, steps)


def _remaining_fraction(config: TrainConfig, state: TrainState) -> float:
    if config.steps is not None:
        return 1 - state.step / config.steps
    return 1 - state.seconds / (config.seconds or 1)


def _timed(
    steps: Iterator[Step], config: TrainConfig, state: TrainState, group: Distributed
) -> Iterator[float]:
    """Pass on the loss of each step, and bring the state up to date."""
    begun, before = time.monotonic(), state.seconds
    begun_processor, before_processor = time.process_time(), state.processor_seconds
    for step in steps:
        seconds = before + time.monotonic() - begun
        state.step = step.step
        state.processor_seconds = before_processor + time.process_time() - begun_processor
        state.seconds = group.broadcast(seconds) if config.seconds else seconds
        yield step.loss


def _progress(
    config: TrainConfig, state: TrainState, group: Distributed, losses: Iterator[float]
) -> Iterator[float]:
    """Pass the losses on, under a bar with the smoothed loss, the rate and the remaining time."""
    total, start = (
        (config.steps, state.step) if config.steps else (round(config.seconds or 0), round(state.seconds))
    )
    unit, smooth = ("step", 0.0) if config.steps else ("s", 0.0)
    with tqdm(total=total, initial=start, unit=unit, disable=not group.is_main, mininterval=0.5) as bar:
        for loss in losses:
            smooth = loss if smooth == 0 else 0.98 * smooth + 0.02 * loss
            bar.update((state.step if config.steps else int(state.seconds)) - bar.n)
            bar.set_postfix_str(f"loss {smooth:.4f}, step {state.step}", refresh=False)
            yield loss


def _finish(config: TrainConfig, folder: Path, net: ImageNetwork, state: TrainState) -> None:
    settings = asdict(config) | {"lr": config.preset.lr, "decay": config.preset.decay}
    for name in TRANSFORMER_SIZES:  # beside the network's other sizes
        del settings[name]
    metadata = settings | {
        "steps": state.step,
        "training_seconds": round(state.seconds, 1),
        "processor_seconds": round(state.processor_seconds, 1),
    }
    with atomic_write(folder / "model.safetensors") as part:
        pretrained.save(net, part, **metadata)
    parameters = sum(weight.numel() for weight in net.parameters())
    sizes = {"network": type(net).__name__, "sizes": net.config, "parameters": parameters}
    write_json(folder / "config.json", metadata | sizes | {"path": "straight line", "dropped_labels": DROP})
