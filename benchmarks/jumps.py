"""Jumping: steps of a discrete path beside flow_matching's solver, with the same exact denoiser."""

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor

from coursekit import DenoisedJumps, DiscretePath, data, solve, time_grid
from coursekit.distributions import Sequences

from . import peers
from .rounds import interleaved, ratios, spread, table

STEPS, BATCH = (4, 16, 64), 5_000


def ours(law: Sequences, path: DiscretePath) -> Callable[[Tensor, int], Tensor]:
    """`solve` with the path's exact denoiser."""

    def denoiser(x: Tensor, t: float) -> Tensor:
        return path.posterior(law, x, t).log()

    def run(x: Tensor, steps: int) -> Tensor:
        return solve(DenoisedJumps(denoiser, path), x, time_grid(steps))

    return run


def section(rounds: int = 5) -> str:
    """The part of the report about jumps."""
    if not peers.present("flow_matching"):
        return "flow_matching is not installed."
    law, rows = data.three_letter_words().law, []
    for source in ("mask", "uniform"):
        path = DiscretePath(law.tokens, source)
        start = path.start((BATCH, law.length), torch.Generator().manual_seed(0))
        known = {"ours": ours(law, path), "flow_matching": peers.flow_matching_jumps(law, path)}
        for steps in STEPS:
            seconds = interleaved({name: partial(run, start, steps) for name, run in known.items()}, rounds)
            beside = spread(ratios(seconds, "ours", "flow_matching"))
            rows.append([source, steps, f"{1e3 * min(seconds['ours']):.0f}", beside])
    return table(["source", "steps", "ours, ms", "ours / flow_matching"], rows)
