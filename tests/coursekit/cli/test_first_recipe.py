"""The recipe of lecture 06: as many steps as take five seconds on one quiet core make digits as asked for."""

import torch

from coursekit import GaussianPath, solve, time_grid
from coursekit.data import digits
from coursekit.evaluation.classifiers import digit_classifiers
from coursekit.evaluation.metrics import accuracy
from coursekit.nets import FiLMMLP
from coursekit.training import EMA, fit, guided, velocity_loss, with_dropped_labels

STEPS = 500


def test_five_seconds_of_training_reach_99_percent_agreement():
    torch.manual_seed(1)
    net, loss = FiLMMLP(), with_dropped_labels(velocity_loss(GaussianPath()), 0.15)
    ema, generator = EMA(net), torch.Generator().manual_seed(1)
    for _ in fit(net, loss, digits().train, STEPS, ema=ema, generator=generator):
        pass
    y = torch.arange(10).repeat(100)
    made = solve(guided(ema.net, y, 1.5), torch.randn(1000, 1, 8, 8, generator=generator), time_grid(20))
    assert accuracy(digit_classifiers().classify(made), y) >= 0.99
