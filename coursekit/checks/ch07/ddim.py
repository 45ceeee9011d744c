"""Exercise 7.4: one step of DDIM, from any index to any smaller one."""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from ..core.engine import exercise
from ..core.facts import Fact
from ..core.student_function import StudentFunction
from .common import TWICE, Predictor, heard, of_point, shares, uneven, watched
from .ddim_parts import rule
from .ddim_rivals import MISTAKES

LOOK_RANDOM = (
    "From the same state your step comes to different places. Nothing is drawn in DDIM: the noise in the new "
    "state is the one that the network finds in the old one."
)
LOOK_MIX = (
    "The network of the check knows the noise exactly, so your step should come to the mix of the *same* "
    "data and the *same* noise at the new index. First solve for the data point; then mix anew."
)
LOOK_LAND = (
    "A jump to the index 0 should land on the data point, because the network of the check knows the noise "
    "exactly. Which weights do data and noise have at the index 0?"
)


@exercise("7.4", "The DDIM step", "core", "net, x, k, j, alpha_bar", rule(), MISTAKES, double=True)
def ddim_step(student: StudentFunction) -> Iterator[Fact | str]:
    """No chance, what the network is asked, the same data and noise at the new index, and landing."""
    alpha_bar = shares(uneven(9))
    z, eps = 1 + torch.randn(2, 40, 3, dtype=torch.float64)

    def mix(k: int) -> Tensor:
        return alpha_bar[k].sqrt() * z + (1 - alpha_bar[k]).sqrt() * eps

    def jump(k: int, j: int) -> tuple[Tensor, Predictor]:
        net = of_point(alpha_bar, z)
        return student(net, mix(k), k, j, alpha_bar, shape=z.shape).double(), net

    x, net = jump(7, 3)
    changed = float((jump(7, 3)[0] != x).double().mean())
    yield Fact("random step", "share of the states that change when asked again", 0.0, changed, LOOK_RANDOM)
    if changed > 0:
        what = "share of the old noise in the new state"
        free = (x - alpha_bar[3].sqrt() * z) / (1 - alpha_bar[3]).sqrt()
        of_old = float((free * eps).mean() / eps.square().mean())
        yield Fact("random step", what, 1.0, of_old, LOOK_RANDOM, 0.05, 0.2)
        return
    yield heard(net, mix(7), 7)
    if not (yield from watched(_mixes(x, jump, mix))):
        return
    what = "state at j = 0, from k = 6, against the data"
    yield Fact("does not land", what, z, jump(6, 0)[0], LOOK_LAND, 2e-3)
    if net.evaluations(len(z)) > 1.5:
        yield TWICE


def _mixes(
    x: Tensor, jump: Callable[[int, int], tuple[Tensor, Predictor]], mix: Callable[[int], Tensor]
) -> Iterator[Fact]:
    """Where three jumps end, the first of them in `x`; each in the mix of the same data and noise."""
    for k, j in ((7, 3), (8, 4), (5, 4)):
        came = x if k == 7 else jump(k, j)[0]
        yield Fact("wrong mix", f"state at j = {j}, from k = {k}", mix(j), came, LOOK_MIX, 2e-3)
