"""One process, or several that train one network together, each on its shard of every batch."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

import torch
from torch import Tensor, distributed, nn


@dataclass(frozen=True)
class Distributed:
    """The place of this process among those that torchrun started; rank 0 of 1 without torchrun.

    Args:
        rank: number of this process, from 0; process 0 writes files and prints.
        size: number of processes.
        device: where this process computes.
    """

    rank: int
    size: int
    device: torch.device

    @property
    def is_main(self) -> bool:
        """Whether this is the process that writes files and prints."""
        return self.rank == 0

    def shard(self, rows: Tensor) -> Tensor:
        """Rows of this process in a batch that all processes drew alike: every `size`-th, from `rank` on."""
        return rows[self.rank :: self.size]

    def wrap_ddp(self, net: nn.Module) -> nn.Module:
        """Wrap a network so that a backward pass averages its gradients over the group."""
        if self.size == 1:
            return net
        on = [self.device.index] if self.device.type == "cuda" else None
        return nn.parallel.DistributedDataParallel(net, device_ids=on)

    def broadcast(self, number: float) -> float:
        """Return the number of process 0 in every process: clocks differ."""
        if self.size == 1:
            return number
        value = torch.tensor([number], dtype=torch.float64 if self.device.type == "cpu" else torch.float32)
        value = value.to(self.device)
        distributed.broadcast(value, src=0)
        return float(value)


@contextmanager
def init_distributed(device: str) -> Iterator[Distributed]:
    """Join the processes that torchrun started (gloo on CPUs, nccl on GPUs), and leave at the end.

    Args:
        device: "cpu", "cuda", "mps", or "auto" for the fastest that is available.
    Raises:
        ValueError: the device is not available.
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
    available = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if name == "auto":
        name = next(kind for kind in ("cuda", "mps", "cpu") if available[kind])
    if not available.get(name):
        found = ", ".join(kind for kind, yes in available.items() if yes)
        raise ValueError(f"--device {name} is not available on this machine; there is {found}")
    return torch.device(name, local) if name == "cuda" else torch.device(name)
