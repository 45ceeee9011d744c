"""One process or several that train one network together, each on its share of every batch."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

import torch
from torch import Tensor, distributed, nn


@dataclass(frozen=True)
class Distributed:
    """Place of this process among those that torchrun started; alone without torchrun.

    Args:
        rank: number of this process, from 0; the first one writes files and talks.
        size: number of processes.
        device: where this process computes.
    """

    rank: int
    size: int
    device: torch.device

    @property
    def is_main(self) -> bool:
        """Whether this is the process that writes and talks."""
        return self.rank == 0

    def share(self, rows: Tensor) -> Tensor:
        """Rows that this process takes of a batch drawn alike everywhere: every `size`-th, from `rank` on."""
        return rows[self.rank :: self.size]

    def wrap_ddp(self, net: nn.Module) -> nn.Module:
        """The network, so wrapped that a backward pass averages gradients over the group."""
        if self.size == 1:
            return net
        on = [self.device.index] if self.device.type == "cuda" else None
        return nn.parallel.DistributedDataParallel(net, device_ids=on)

    def agreed(self, number: float) -> float:
        """The leading process's number, in every process: clocks differ."""
        if self.size == 1:
            return number
        told = torch.tensor([number], dtype=torch.float64 if self.device.type == "cpu" else torch.float32)
        told = told.to(self.device)
        distributed.broadcast(told, src=0)
        return float(told)


@contextmanager
def init_distributed(device: str) -> Iterator[Distributed]:
    """Join the processes that torchrun started (gloo on CPUs, nccl on GPUs), and part in the end.

    Args:
        device: "cpu", "cuda", "mps", or "auto" for the fastest that is there.
    Raises:
        ValueError: the device is not there.
    """
    size, rank = int(os.environ.get("WORLD_SIZE", "1")), int(os.environ.get("RANK", "0"))
    where = _device(device, int(os.environ.get("LOCAL_RANK", "0")))
    if size == 1:
        yield Distributed(0, 1, where)
        return
    if where.type == "cuda":
        torch.cuda.set_device(where)
    backend = "nccl" if where.type == "cuda" else "gloo"
    distributed.init_process_group(backend, timeout=timedelta(minutes=10))
    try:
        yield Distributed(rank, size, where)
    finally:
        distributed.destroy_process_group()


def _device(name: str, local: int) -> torch.device:
    there = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if name == "auto":
        name = next(kind for kind in ("cuda", "mps", "cpu") if there[kind])
    if not there.get(name):
        found = ", ".join(kind for kind, yes in there.items() if yes)
        raise ValueError(f"--device {name} is not to be had on this machine; there is {found}")
    return torch.device(name, local) if name == "cuda" else torch.device(name)
