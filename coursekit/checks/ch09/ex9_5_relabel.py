"""Exercise 9.5: another digit in the same hand, by a guided flow between latents."""

from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor

from ..core.engine import exercise
from ..core.facts import Fact, margin, number
from ..core.faults import Fault
from ..core.student_function import StudentFunction
from ..shared.mistakes import Mistake, recurring

CLASSES, EVENT, IMAGE = 3, (2, 2, 2), (1, 4, 4)
CASES = ((96, 1.7, 0.4, 8), (60, 0.5, 0.0, 5), (5, 1.0, 0.75, 2), (6, 1.0, 0.999, 2), (1, -0.5, 0.2, 1))
"""Images, guidance scale, start and steps."""
TESTS = 16


class RecordingVAE:
    """An autoencoder that keeps a record of what it decodes."""

    def __init__(self, images: int) -> None:
        self.shift, self.scale = torch.tensor(0.8), torch.tensor(2.5)
        self.image = torch.randn(images, *IMAGE)
        self.mean = 0.8 + 2.5 * torch.randn(images, *EVENT)
        self.codes: list[Tensor] = []

    def __repr__(self) -> str:
        return "an autoencoder"

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Means and log-variances of the codes of images."""
        if not isinstance(x, Tensor) or x.shape[1:] != IMAGE:
            raise Fault(
                "net misused",
                "`vae.encode` takes images as they come. Your function gives it something of another shape: "
                "what do you do to `x` before?",
            )
        rows = [int((self.image - each).abs().flatten(1).sum(dim=1).argmin()) for each in x]
        return self.mean[rows].clone(), torch.full((len(x), *EVENT), 3.0)

    def decode(self, z: Tensor) -> Tensor:
        """Images of codes."""
        if not isinstance(z, Tensor) or z.shape[1:] != EVENT:
            raise Fault(
                "net misused",
                f"`vae.decode` takes codes (batch, {', '.join(map(str, EVENT))}), and your function gives "
                f"it something of another shape. Is it an image already?",
            )
        self.codes.append(z.detach().clone())
        return (z.sum(dim=1, keepdim=True) / 3).repeat_interleave(2, 2).repeat_interleave(2, 3)


class RecordingNet:
    """A network whose velocity depends on the label alone, and which keeps a record."""

    def __init__(self) -> None:
        self.event, self.null = EVENT, CLASSES
        self.velocity = torch.randn(CLASSES + 1, *EVENT)
        self.calls: list[tuple[Tensor, Tensor, Tensor]] = []

    def __call__(self, z: Tensor, t: Any, y: Tensor) -> Tensor:
        """Velocities of latents (batch, *event)."""
        if not isinstance(z, Tensor) or z.shape[1:] != EVENT:
            raise Fault(
                "net misused",
                "The network is shown something that is no latent. Latents have the shape of what "
                "`vae.encode` returns: is an image shown?",
            )
        if not isinstance(y, Tensor) or y.is_floating_point() or y.shape != z.shape[:1]:
            raise Fault(
                "net misused",
                "The network is called as `net(z, t, labels)`, with one whole number for each latent as its "
                "label, the null label among them.",
            )
        if int(y.min()) < 0 or int(y.max()) > CLASSES:
            raise Fault(
                "label out of range",
                "Your function asks the network about a label that it does not know. The null label of a "
                "network is its `null`; another network has another one.",
            )
        t = (
            torch.as_tensor(t).detach().double().reshape(-1).expand(len(z))
            if torch.as_tensor(t).numel() in (1, len(z))
            else None
        )
        if t is None:
            raise Fault(
                "net misused",
                "The network's time is one number for all latents, or one for each. Yours has another shape.",
            )
        self.calls.append((z.detach().clone(), t.clone(), y.clone()))
        return self.velocity[y].to(z)


def _noisy(z: Tensor, start: float) -> Tensor:
    return start * z + (1 - start) * torch.randn_like(z)


def _guided(net: Any, z: Tensor, t: float, y: Tensor, w: float) -> Tensor:
    none = net(z, t, torch.full_like(y, net.null))
    return none + w * (net(z, t, y) - none)


def _clock(start: float, steps: int) -> tuple[list[float], float]:
    h = (1 - start) / steps
    return [start + k * h for k in range(steps)], h


def _rule(
    enter: Callable[[Any, Tensor], Tensor] = lambda vae, z: (z - vae.shift) / vae.scale,
    code: Callable[[Tensor, Tensor], Tensor] = lambda mean, log_var: mean,
    noisy: Callable[[Tensor, float], Tensor] = _noisy,
    clock: Callable[[float, int], tuple[list[float], float]] = _clock,
    field: Callable[..., Tensor] = _guided,
    leave: Callable[[Any, Tensor], Tensor] = lambda vae, z: vae.shift + vae.scale * z,
    decode: Callable[[Any, Tensor], Tensor] = lambda vae, z: vae.decode(z),
) -> Callable[..., Tensor]:
    """The whole way from its parts, any of which may be wrong."""

    def rule(net: Any, vae: Any, x: Tensor, y: Tensor, w: float, start: float, steps: int) -> Tensor:
        with torch.no_grad():
            z = noisy(enter(vae, code(*vae.encode(x))), start)
            times, h = clock(start, steps)
            for t in times:
                z = z + h * field(net, z, t, y, w)
            return decode(vae, leave(vae, z))

    return rule


def _scaled(scale: Callable[[float], float]) -> Callable[..., Tensor]:
    return _rule(field=lambda net, z, t, y, w: _guided(net, z, t, y, scale(w)))


def _null_zero(net: Any, z: Tensor, t: float, y: Tensor, w: float) -> Tensor:
    none = net(z, t, torch.zeros_like(y))
    return none + w * (net(z, t, y) - none)


MISTAKES: dict[str, Mistake] = {
    "latents not standardised": (
        _rule(enter=lambda vae, z: z),
        "You show the network codes as the encoder gives them. It has been trained on standardised ones, "
        "with "
        "mean zero and spread one, and so is the noise that you mix in.",
    ),
    "latents not standardised, scale not undone": (
        _rule(enter=lambda vae, z: z, leave=lambda vae, z: z),
        "Your function never uses `vae.shift` and `vae.scale`: what goes into the flow is not standardised, "
        "and "
        "what comes out is decoded as it is. The network knows standardised codes only, the decoder the "
        "others.",
    ),
    "scale not undone": (
        _rule(leave=lambda vae, z: z),
        "You decode the flow's standardised latents as they are. The decoder knows codes of the encoder's "
        "own "
        "size and middle: what was done to them has to be undone.",
    ),
    "undone twice": (
        _rule(leave=lambda vae, z: vae.shift + vae.scale * (vae.shift + vae.scale * z)),
        "The scale is undone twice before you decode: once is in a line above already.",
    ),
    "standardised again before decoding": (
        _rule(leave=lambda vae, z: (z - vae.shift) / vae.scale),
        "Before you decode, the latents are standardised a second time. The step has to be undone there.",
    ),
    "standardised twice": (
        _rule(enter=lambda vae, z: ((z - vae.shift) / vae.scale - vae.shift) / vae.scale),
        "You standardise the codes twice, so that they are far too small beside the noise.",
    ),
    "the batch's own mean and spread": (
        _rule(enter=lambda vae, z: (z - z.mean()) / z.std()),
        "You standardise by the mean and spread of this batch. They are a matter of chance, and the network "
        "has "
        "been trained with one shift and one scale for all: `vae.shift` and `vae.scale`.",
    ),
    "the wrong way in": (
        _rule(enter=lambda vae, z: vae.shift + vae.scale * z),
        "On the way in you multiply by the scale and add the shift. That is the way out: codes with this "
        "mean "
        "and spread should get mean zero and spread one.",
    ),
    "the shift is forgotten": (
        _rule(enter=lambda vae, z: z / vae.scale, leave=lambda vae, z: vae.scale * z),
        "You divide by the scale and leave the shift out, so the latents' middle is not at zero.",
    ),
    "the shift comes too late": (
        _rule(enter=lambda vae, z: z / vae.scale - vae.shift),
        "You divide first and subtract the shift afterwards. It is the mean of the codes as they come.",
    ),
    "shift and scale in the wrong order": (
        _rule(leave=lambda vae, z: (z + vae.shift) * vae.scale),
        "Before decoding you add the shift first, so it is scaled too. Undo the two steps in reverse: which "
        "was "
        "made last?",
    ),
    "shift not undone": (
        _rule(leave=lambda vae, z: vae.scale * z),
        "Before decoding you multiply by the scale, and the shift is not added again. The flow's latents "
        "have their "
        "middle at zero, codes have it elsewhere.",
    ),
    "the code is drawn": (
        _rule(code=lambda mean, log_var: mean + (log_var / 2).exp() * torch.randn_like(mean)),
        "You draw the code of an image from the encoder's distribution. Here the task wants its mean: noise "
        "is "
        "added anyway, and in the right amount, by the path.",
    ),
    "log-variance taken for the code": (
        _rule(code=lambda mean, log_var: log_var),
        "You use the second thing that the encoder returns, the log-variance. The mean comes first.",
    ),
    "pure noise": (
        _rule(noisy=lambda z, start: torch.randn_like(z)),
        "You begin with pure noise, whatever `start` is. At time `start` a state is part data, part noise.",
    ),
    "no noise": (
        _rule(noisy=lambda z, start: z),
        "No noise is mixed in. At time `start` the network knows states that are part data, part noise; and "
        "without noise nothing is free to change.",
    ),
    "noise not scaled": (
        _rule(noisy=lambda z, start: start * z + torch.randn_like(z)),
        "Your noise is not weighted. On the straight line a state at time t has what share of noise?",
    ),
    "weights swapped": (
        _rule(noisy=lambda z, start: (1 - start) * z + start * torch.randn_like(z)),
        "Latent and noise have changed their weights. In this course time 1 is data: the later the start, "
        "the more "
        "is left of the image.",
    ),
    "data not scaled": (
        _rule(noisy=lambda z, start: z + (1 - start) * torch.randn_like(z)),
        "You add noise to the whole latent. On the straight line a state at time t has the share t of the "
        "data.",
    ),
    **recurring(
        {
            "one noise for the whole batch": _rule(
                noisy=lambda z, start: start * z + (1 - start) * torch.randn_like(z[:1])
            ),
            "rand for randn": _rule(noisy=lambda z, start: start * z + (1 - start) * torch.rand_like(z)),
            "1 + w": _scaled(lambda w: 1 + w),
            "w and 1 - w swapped": _scaled(lambda w: 1 - w),
            "guidance left out": _scaled(lambda w: 1.0),
            "label left out": _scaled(lambda w: 0.0),
            "null label equal to a real class": _rule(field=_null_zero),
        }
    ),
    "clock from zero": (
        _rule(clock=lambda start, steps: ([k / steps for k in range(steps)], 1 / steps)),
        "Your clock runs from 0 to 1, but the states begin at time `start`. The network is told a time that "
        "does "
        "not belong to its state, and you go too far.",
    ),
    "clock from zero, short steps": (
        _rule(clock=lambda start, steps: ([k / steps for k in range(steps)], (1 - start) / steps)),
        "Your steps have the right length, but the clock begins at 0. At which time does the first step "
        "start?",
    ),
    "steps too long": (
        _rule(clock=lambda start, steps: (_clock(start, steps)[0], 1 / steps)),
        "Your steps are as long as if the whole way from 0 to 1 were to go. How much time is left at "
        "`start`?",
    ),
    "from start in whole steps": (
        _rule(clock=lambda start, steps: ([k / steps for k in range(int(start * steps), steps)], 1 / steps)),
        "You skip the first steps of a grid from 0 to 1. The task wants `steps` steps from `start` to 1, all "
        "of one length; and `start` need not lie on that grid.",
    ),
    "last step left out": (
        _rule(clock=lambda start, steps: (_clock(start, steps)[0][:-1], _clock(start, steps)[1])),
        "You make one step fewer than you should. How many steps lie between `steps` + 1 times?",
    ),
    "ends asked": (
        _rule(clock=lambda start, steps: (torch.linspace(start, 1, steps).tolist(), (1 - start) / steps)),
        "Your times include both ends, so the last step sets out from time 1. A step begins at the time from "
        "which it starts.",
    ),
    "clock runs backwards": (
        _rule(clock=lambda start, steps: (_clock(start, steps)[0], -_clock(start, steps)[1])),
        "Your states move against the velocity. In this course time runs from noise to data.",
    ),
    "guidance between images": (
        lambda net, vae, x, y, w, start, steps: _two_images(net, vae, x, y, w, start, steps),
        "You make two images, one with the label and one without, and mix the pixels. Guidance mixes two "
        "*velocities* in every step; what is decoded is one latent.",
    ),
}


def _two_images(net: Any, vae: Any, x: Tensor, y: Tensor, w: float, start: float, steps: int) -> Tensor:
    z = _noisy((vae.encode(x)[0] - vae.shift) / vae.scale, start)
    ends = []
    for labels in (torch.full_like(y, net.null), y):
        now = z
        for t in _clock(start, steps)[0]:
            now = now + (1 - start) / steps * net(now, t, labels)
        ends.append(vae.decode(vae.shift + vae.scale * now))
    return (1 - w) * ends[0] + w * ends[1]


HINTS = {
    "start": "The first state that the network is shown should be made of the standardised code and of "
    "noise, with the weights of the straight line at time `start`, here {0:g}. {1}",
    "own": "With hardly any noise the first states should be the standardised codes. They are not: the "
    "shift is "
    "{0:g} and the scale {1:g}, whatever codes are in the batch. Where do your numbers come from?",
    "noise": "Take the part of the code away from the first states, divide by the weight of the noise, and "
    "standard normal numbers should be left, each drawn for itself. Which function draws yours, and in which "
    "shape?",
    "clock": "The times that the network is told are not those at which {0} equal steps from {1:g} to 1 "
    "begin. {2}",
    "labels": "The network is asked about labels that are neither the image's new one nor its null label, "
    '`net.null`. What stands for "no label"?',
    "guided": "On the way your latents move by {0} times the velocity without a label plus {1} times that "
    "with "
    "it, over the time that is left. At w = {2:g} the two weights should be {3} and {4}.",
    "rest": "What you decode is not the first state moved along the two velocities. Is something added, "
    "cut, or "
    "drawn anew on the way, and is it the last state that you decode?",
    "decoded": "The decoder gets {0} times the flow's last latent plus {1}, and it knows codes with spread "
    "{2:g} and mean {3:g} only. What was done to a code on the way in, and in which order is it undone?",
    "image": "What you return is not what the decoder says. The images are to be left as they come, or cut "
    "to −1 … 1 at most.",
}


def _mixed(got: Tensor, wanted: Tensor, tol: float, scale: float) -> str:
    """What is wrong with the first states, from the weight and middle of the latent and size of the noise."""
    wrong, start = (got - wanted).abs() > tol, max(float(wanted[0]), 1e-6)
    weight, middle, size = (float(part) for part in got)
    said = f"In yours the latent has the weight {number(weight)} and the noise {number(size)}. "
    if abs(weight**2 + size**2 - 1) < 0.15 and not bool(wrong[1]):
        return (
            said
            + "Their squares add up to about one, as on a path that keeps the variance. What adds up to one "
            "on the straight line?"
        )
    if abs(weight / start / scale**2 - 1) < 0.15:
        return said + "The first is too large by the square of the scale: is a code multiplied by it?"
    if abs(size / (1 - start) * scale - 1) < 0.15:
        return said + "The noise is too small by the scale: was it mixed in before the code was standardised?"
    if not bool(wrong[2]):
        said += "The noise is right. What are mean and spread of the standardised codes?"
        return said + (f" Yours lie about {number(middle / start)}." if bool(wrong[1]) else "")
    return said + (
        "How are the two weights tied?"
        if bool(wrong[:2].any())
        else "The first is right; on the straight line the two add up to one."
    )


def _ticked(asked: Tensor, calls: int, start: float, steps: int) -> str:
    """What is wrong with the times that were asked, in two sentences."""
    if len(asked) == 1:
        return (
            f"Yours is {number(asked[0])} in all {calls} calls. The velocity is asked anew in every step, "
            f"at the time at which it begins."
        )
    gaps = asked.diff()
    if float((gaps - gaps.mean()).abs().max()) > 1e-4:
        return "Yours do not lie equally far apart. Write them down for one step and for two."
    gap = float(gaps.mean())
    said = f"Yours begin at {number(asked[0])} and lie {number(gap)} apart, {len(asked)} of them. "
    if abs(gap - 1 / steps) < 1e-4:
        return said + "That is the step of a whole way from 0 to 1. How much time is left at `start`?"
    if abs(gap - (1 - start) / max(steps - 1, 1)) < 1e-4:
        return said + "As many points as steps have one gap too few: how many points do that many steps need?"
    if len(asked) > steps and float(asked[-1]) > 1 - 1e-4:
        return said + "The last is time 1, where the way ends: no step of Euler's method begins there."
    if abs(gap - (1 - start) / steps) < 1e-4:
        said += "The steps have the right length. Which time does the first state belong to? "
    return said + "Write them down for one step and for two."


def _fit(columns: list[Tensor], values: Tensor) -> tuple[Tensor, Tensor]:
    table = torch.stack([column.double().flatten() for column in columns], dim=1)
    weights = torch.linalg.lstsq(table, values.double().reshape(-1, 1), driver="gelsd").solution
    return weights[:, 0], (values.double().flatten() - table @ weights[:, 0]).reshape(values.shape)


def _asked(net: RecordingNet, vae: RecordingVAE) -> None:
    """Raise a Fault unless a velocity was asked for and a code decoded."""
    if not net.calls:
        raise Fault(
            "net not asked",
            "Your function never asks the network for a velocity. It is asked in every step, with a label "
            "and without.",
        )
    if not vae.codes:
        raise Fault(
            "net not asked",
            "Your function never decodes anything. What the flow ends in are latents; images are wanted.",
        )


def _run(student: StudentFunction, case: tuple[Any, ...]) -> list[Fact]:
    """One call, followed from the code to the image."""
    n, w, start, steps = case
    vae, net, y = RecordingVAE(n), RecordingNet(), torch.arange(n) % CLASSES
    came = student(net, vae, vae.image, y, w, start, steps, shape=(n, *IMAGE)).double()
    _asked(net, vae)
    what = "" if n == CASES[0][0] else f", start {start:g}, w = {w:g}"
    first = torch.cat([z for z, t, _ in net.calls if float(t[0]) == float(net.calls[0][1][0])])[:n]
    if len(first) < n:
        raise Fault("net misused", "The network should be shown all latents of the batch in every step.")
    facts = []
    latent = (vae.mean - vae.shift) / vae.scale
    if n > 50:
        (slope, offset), rest = _fit([vae.mean, torch.ones_like(vae.mean)], first)
        rest *= 1.0 if start < 1 else 0.0
        size = rest.square().mean().sqrt()
        got = torch.stack([slope * vae.scale, offset + slope * vae.shift, size])
        wanted = torch.tensor([start, 0.0, 1 - start])
        tol = margin(TESTS) * (1 - start) / first.numel() ** 0.5
        hint = HINTS["start"].format(start, _mixed(got, wanted, tol, float(vae.scale)))
        facts.append(
            Fact(
                "wrong start",
                f"first states: latent, offset, noise{what}",
                wanted,
                got.clamp(-99, 99),
                hint,
                tol,
                tol + 0.03,
            )
        )
        eps = rest / size.clamp(min=1e-6)
        ties = torch.stack(
            [
                eps.mean(dim=0).square().mean() - 1 / n,
                eps.mean(dim=(1, 2, 3)).square().mean() - 0.125,
                (eps.abs() < 1).double().mean() - 0.6827,
            ]
        )
        ties = ties * float(size > 1e-3)
        facts.append(
            Fact(
                "wrong noise",
                f"noise: ties in batch and image, surplus within 1{what}",
                torch.zeros(3),
                ties,
                HINTS["noise"],
                0.2 if n < 80 else 0.15,
                0.2,
            )
        )
    if start > 0.99:
        hint = HINTS["own"].format(float(vae.shift), float(vae.scale))
        facts.append(
            Fact(
                "wrong start", f"first states, nearly without noise{what}", start * latent, first, hint, 0.02
            )
        )
    asked = torch.tensor(sorted({round(float(t[0]), 5) for _, t, _ in net.calls}), dtype=torch.float64)
    wanted = torch.tensor(_clock(start, steps)[0], dtype=torch.float64)
    facts.append(
        Fact(
            "wrong clock",
            f"times asked, {steps} steps{what}",
            wanted,
            asked,
            HINTS["clock"].format(steps, start, _ticked(asked, len(net.calls), start, steps)),
            1e-4,
            1e-3,
        )
    )
    strange = sum(
        float(((labels != y.repeat(len(labels) // n or 1)[: len(labels)]) & (labels != net.null)).sum())
        for _, _, labels in net.calls
        if len(labels) % n == 0
    )
    facts.append(Fact("strange labels", f"other labels asked{what}", 0.0, min(strange, 1.0), HINTS["labels"]))
    none, told = net.velocity[-1].expand(n, *EVENT), net.velocity[y]
    if n > 50:
        (a, b, c, d), rest = _fit([first, none, told, torch.ones_like(first)], vae.codes[-1])
        left = (1 - start) * torch.where(a.abs() > 1e-3, a, torch.ones_like(a))
        weights = torch.stack([b / left, c / left]).clamp(-99, 99)
        facts.append(
            Fact(
                "not the flow",
                f"what else is decoded{what}",
                0.0,
                float(rest.abs().max().clamp(max=99)),
                HINTS["rest"],
                5e-3,
                0.5,
            )
        )
        hint = HINTS["guided"].format(number(weights[0]), number(weights[1]), w, number(1 - w), number(w))
        facts.append(
            Fact(
                "wrong guidance",
                f"weights of velocities without and with label{what}",
                torch.tensor([1 - w, w]),
                weights,
                hint,
                5e-3,
                0.02,
            )
        )
        hint = HINTS["decoded"].format(number(a), number(d), float(vae.scale), float(vae.shift))
        facts.append(
            Fact(
                "wrong code decoded",
                f"decoded code: times the last latent, plus{what}",
                torch.tensor([2.5, 0.8]),
                torch.stack([a, d]).clamp(-99, 99),
                hint,
                5e-3,
                0.02,
            )
        )
    else:
        wanted = vae.shift + vae.scale * (first + (1 - start) * ((1 - w) * none + w * told))
        facts.append(
            Fact("wrong code decoded", f"decoded codes{what}", wanted, vae.codes[-1], HINTS["rest"], 5e-3)
        )
    says = vae.decode(vae.codes[-1]).double()
    if float((says.clamp(-1, 1) - came).abs().max()) < 1e-4:  # cut, for looking at
        says = came
    if len(says) == n:
        facts.append(Fact("images changed", f"images, as the decoder says{what}", says, came, HINTS["image"]))
    return facts


@exercise(
    "9.5",
    "Another digit, the same hand",
    "core",
    "net, vae, x, y, w, start, steps",
    _rule(),
    MISTAKES,
    random=True,
)
def relabel(student: StudentFunction) -> Iterator[Fact]:
    """From the code to the first state, the clock, labels and weights on the way, and what is decoded."""
    for case in CASES:
        facts = _run(student, case)
        yield from facts if case is CASES[0] else [fact for fact in facts if not fact.holds()]
        if not all(fact.holds() for fact in facts):
            return
