"""Jumps of a discrete path beside flow_matching's solver: one distribution, which is known exactly."""

import flow_matching  # noqa: F401 (where it is missing, this file fails and does not skip)
import pytest
import torch

from benchmarks import jumps, peers
from coursekit import DiscretePath, data, evidence
from coursekit.paths import Enumerated

LAW = data.three_letter_words().law
DRAWS = 8000


def counted(run, path, steps, seed):
    """How often each state is where the steps end."""
    torch.manual_seed(seed)
    x = run(path.start((DRAWS, LAW.length)), steps)
    return torch.bincount(Enumerated(LAW, path).index(x), minlength=path.states**LAW.length).double()


@pytest.mark.parametrize("source", ["mask", "uniform"])
def test_one_step_has_the_same_distribution_in_both_libraries(source):
    """In one step both draw every place from its posterior."""
    path = DiscretePath(LAW.tokens, source)
    law = Enumerated(LAW, path).law_after(1)
    with evidence("one step") as claim:
        for seed, run in enumerate((jumps.ours(LAW, path), peers.flow_matching_jumps(LAW, path))):
            claim.counts(f"library {seed}", counted(run, path, 1, seed), DRAWS * law + 1e-9)


@pytest.mark.parametrize("source", ["mask", "uniform"])
def test_many_steps_have_nearly_the_same_distribution_and_it_is_that_of_the_data(source):
    """Theirs holds the rate for a step, ours is Euler's: both are off by O(h), which 64 steps make small."""
    path = DiscretePath(LAW.tokens, source)
    space = Enumerated(LAW, path)
    right, exact = space.marginal(1.0), space.law_after(64)
    ours, theirs = (
        counted(run, path, 64, seed) / DRAWS
        for seed, run in enumerate((jumps.ours(LAW, path), peers.flow_matching_jumps(LAW, path)))
    )
    noise = float((right * (1 - right) / DRAWS).sqrt().sum() / 2)  # of a total variation that is all chance
    for found in (ours, theirs):
        assert float((found - right).abs().sum() / 2) < 0.02 + 2 * noise
    assert float((ours - exact).abs().sum() / 2) < 2 * noise
    assert float((ours - theirs).abs().sum() / 2) < 0.02 + 3 * noise
