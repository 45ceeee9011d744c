"""Explorer of the plane: noise carried to data by an exact field, or by a field of the reader's own."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

import torch
from torch import Generator, Tensor

from ..base import Field, Time, singular_at
from ..distributions import Chessboard, Empirical, Gaussian, GaussianMixture
from ..paths import (
    VP,
    CondOT,
    ConvertedField,
    Cosine,
    GaussianPath,
    Scheduler,
    SquareRoot,
    TractableDistribution,
    marginal_law,
    marginal_velocity,
)
from ..plots import COLORS, Picture, colorbar, density, panels, picture, quiver, samples, trajectories
from ..solvers import DDIM, Euler, EulerMaruyama, Heun, ODESolver, SDEExtension, simulate, time_grid
from .browser import STATIC, BrowserExplorer
from .own import evaluate_own

View = Literal["flow", "solvers", "path", "marginalization", "sde"]
"""What an explorer of the plane is about; each shows the few controls that it needs."""

LIM = 3.2
# Where a reader's field is asked; just before t = 1 exact fields are singular.
TIMES, SIDE = (*(k / 10 for k in range(10)), 0.95, 0.98), 25
OWN_PARTICLES = 400
POINTS = 200  # data points that the page takes
STARS = (
    (-2.0, 0.5),
    (-1.0, -1.5),
    (-0.4, 1.6),
    (0.5, 0.2),
    (1.2, -1.2),
    (1.5, 1.4),
    (2.3, 0.1),
)
MORE = ["data", "scheduler", "method", "steps", "sigma", "corrected", "fading", "count", "noise", "show"]
VIEWS: dict[View, dict[str, Any]] = {
    "flow": {"data": "chessboard", "show": ["particles"], "controls": []},
    "solvers": {
        "data": "mixture",
        "method": "euler",
        "steps": 6,
        "t": 1.0,
        "show": ["particles", "paths", "arrows"],
        "controls": ["method", "steps"],
    },
    "path": {
        "data": "points",
        "motion": "path",
        "edit": True,
        "t": 0.6,
        "show": ["particles", "density", "data"],
        "controls": ["scheduler", "part", "tool"],
    },
    "marginalization": {
        "data": "points",
        "edit": True,
        "probe": [-1.6, 1.4],
        "t": 0.4,
        "show": ["arrows", "density", "data"],
        "controls": ["tool"],
    },
    "sde": {
        "data": "mixture",
        "sigma": 1.0,
        "steps": 50,
        "t": 1.0,
        "show": ["particles", "density", "shares"],
        "controls": ["sigma", "corrected", "steps"],
    },
}
SETS: dict[str, TractableDistribution] = {
    "points": Empirical(torch.tensor(STARS)),
    "mixture": GaussianMixture(
        torch.tensor([0.5, 0.3, 0.2]),
        torch.tensor([[-1.6, 0.3], [1.2, 1.5], [1.0, -1.5]]),
        torch.full((3,), 0.35),
    ),
    "chessboard": Chessboard(),
}
"""The laws that a view begins with, as js/src/field/data.js has them; the page offers more."""


class FieldExplorer(BrowserExplorer):
    """The explorer that `field` makes."""

    name = "field"
    _esm = STATIC / "field.js"


@dataclass(frozen=True, eq=False)
class _Own:
    """A reader's field as solvers call it; what is wrong with its answers is a ValueError.

    Where the exact field is singular, one that was written after its formula is, too: it need not declare it.
    """

    field: Field
    singular_at: float | None

    def __call__(self, x: Tensor, t: Time) -> Tensor:
        return evaluate_own(self.field, x, float(t))


def field(
    u: Field | None = None,
    data: Tensor | TractableDistribution | None = None,
    *,
    view: View = "flow",
    path: GaussianPath | None = None,
    t: float | None = None,
    steps: int | None = None,
    method: Literal["euler", "heun", "ddim"] | None = None,
    sigma: float | None = None,
    particles: int = 4000,
) -> FieldExplorer:
    """Explore the field of a Gaussian path in the plane, and the particles that follow it.

        u_t(x) = alpha' E[z | x] + beta' E[eps | x],   dX = [u_t(X) + sigma^2 / 2 s_t(X)] dt + sigma dW

    The page computes exact fields itself, in double precision by the formulas of `coursekit.paths`, and shows
    only states that a solver has reached. A field of the reader's own is evaluated here: its arrows and
    particles stand beside the exact ones, their distance is shaded, and other steps, methods or noise are
    asked for as the controls move.

    Args:
        u: the reader's own field, called as u(x, t) with x (batch, 2) and t (batch, 1), float32; a trained
            network for instance. None shows the exact field alone.
        data: data points (n, 2), n at most 200, or a law of the plane whose exact field is known; None takes
            what the view begins with.
        view: "flow" carries noise to data; "solvers" shows every step of a method; "path" shows samples of
            the path, of all data or of one part; "marginalization" probes what lies behind a state; "sde"
            adds noise, with and without the correction by the score.
        path: the Gaussian path; straight lines (CondOT) unless given.
        t: time to begin with, in [0, 1].
        steps: number of equal steps from t = 0 to t = 1, 1 to 100.
        method: "euler", "heun" or "ddim"; with noise every step is Euler and Maruyama's.
        sigma: diffusion coefficient, in [0, 2], data units per square root of time.
        particles: how many, 2,000 to 10,000; with a field of the reader's own 400.
    Returns:
        The explorer; as the last line of a cell it shows itself.
    Raises:
        ValueError: an argument is out of its range, the data do not lie in the plane, or the page does not
            know the path's scheduler.
        TypeError: no exact field is known for the law `data`.

    >>> explorer = field(data=torch.tensor([[-1.0, 0.0], [1.0, 0.0]]), view="marginalization")
    >>> explorer.settings["data"]
    {'points': [[-1.0, 0.0], [1.0, 0.0]]}
    """
    if view not in get_args(View):
        raise ValueError(f"view = {view!r}; choose one of {', '.join(get_args(View))}")
    asked = {"t": t, "steps": steps, "method": method, "sigma": sigma}
    settings = VIEWS[view] | {name: value for name, value in asked.items() if value is not None}
    _check(settings, particles)
    path = GaussianPath() if path is None else path
    law = SETS[settings["data"]] if data is None else _law(data)
    settings |= {"scheduler": _name(path.scheduler), "particles": particles}
    if data is not None:
        settings["data"] = _described(law)
    rest = [name for name in MORE if name not in settings["controls"]]
    if settings.get("motion") == "path":
        rest = [name for name in rest if name not in ("method", "steps", "sigma", "corrected", "fading")]
    settings["more"] = rest
    if u is None:
        return FieldExplorer(settings, lambda: _still(settings, law, path, None))
    settings = _with_own(settings)
    own = _Own(u, singular_at(u) or singular_at(marginal_velocity(law, path)))
    answer = _answering(own, path, settings)

    def still() -> Picture:
        return _still(settings, law, path, None if "fault" in answer({}) else own)

    return FieldExplorer(settings, still, answer)


def _check(settings: Mapping[str, Any], particles: int) -> None:
    ranges: dict[str, tuple[float, float]] = {"t": (0, 1), "steps": (1, 100), "sigma": (0, 2)}
    for name, (low, high) in ranges.items():
        value = settings.get(name, low)
        if not low <= value <= high:
            raise ValueError(f"{name} = {value}; give a number from {low} to {high}")
    if settings.get("method", "heun") not in _SOLVERS:
        raise ValueError(f"method = {settings['method']!r}; choose one of {', '.join(_SOLVERS)}")
    if not 2000 <= particles <= 10000:
        raise ValueError(f"particles = {particles}; give a number from 2000 to 10000")


def _law(data: Tensor | TractableDistribution) -> TractableDistribution:
    law = Empirical(data.detach().cpu()) if isinstance(data, Tensor) else data
    if isinstance(law, Empirical):
        n, *event = law.points.shape
        if event != [2] or n > POINTS:
            raise ValueError(
                f"data points have shape {tuple(law.points.shape)}; the explorer shows a plane and up to "
                f"{POINTS} points, (n, 2)"
            )
    elif isinstance(law, Gaussian | GaussianMixture):
        if law.dim != 2:
            raise ValueError(f"the law has {law.dim} axes; the explorer shows a plane, 2")
    elif not isinstance(law, Chessboard):
        raise TypeError(f"no exact field is known for {type(law).__name__}; give a data set or a mixture")
    return law


def _described(law: TractableDistribution) -> dict[str, Any]:
    """A law as js/src/field/data.js takes it."""
    if isinstance(law, Empirical):
        return {"points": law.points.tolist()}
    if isinstance(law, Chessboard):
        return {"squares": law.squares, "halfWidth": law.half_width}
    mixture = law.as_mixture() if isinstance(law, Gaussian) else law
    return {
        "means": mixture.means.tolist(),
        "stds": mixture.stds.tolist(),
        "weights": mixture.weights.tolist(),
    }


def _name(scheduler: Scheduler) -> str:
    for known in (CondOT(), Cosine(), VP(), SquareRoot()):
        if scheduler == known:
            return type(known).__name__
    raise ValueError(f"the page has no scheduler {scheduler}; it has CondOT, Cosine, VP and SquareRoot")


def _with_own(settings: dict[str, Any]) -> dict[str, Any]:
    """Settings with the controls of a reader's field; data and scheduler stay those it was made for."""
    fixed = ("data", "scheduler", "motion", "part", "count", "noise")
    kept = {name: [c for c in settings[name] if c not in fixed] for name in ("controls", "more")}
    shown = [name for name in settings["show"] if name != "density"]
    return settings | {
        "controls": ["follow", *(c for c in kept["controls"] if c != "follow")],
        "more": kept["more"],
        "show": list(dict.fromkeys([*shown, "particles", "arrows", "gap"])),
        "motion": "flow",
        "edit": False,
        "follow": "own",
        "particles": OWN_PARTICLES,
        "steps": settings.get("steps", 25),
    }


_SOLVERS: dict[str, Callable[[GaussianPath], ODESolver]] = {
    "euler": lambda _: Euler(),
    "heun": lambda _: Heun(),
    "ddim": DDIM,
}


def _grid() -> Tensor:
    """Places of the square where a reader's field is asked, (SIDE^2, 2), rows from bottom to top."""
    side = torch.linspace(-LIM, LIM, SIDE, dtype=torch.float64)
    return torch.cartesian_prod(side, side).flip(-1)


def _answering(own: _Own, path: GaussianPath, settings: Mapping[str, Any]) -> Callable[..., dict[str, Any]]:
    """What the page is told about a reader's field, for each question that it asks."""
    known: dict[str, Any] = {}

    def answer(question: dict[str, Any]) -> dict[str, Any]:
        asked = {"method": "heun", "sigma": 0.0, "corrected": True, "fading": False, **settings, **question}
        try:
            if not known:
                grid = torch.stack([own(_grid(), t) for t in TIMES])
                known.update(grid=_bytes(grid), times=list(TIMES), n=SIDE, lim=LIM)
            states, solver = _states(own, path, asked)
        except ValueError as fault:
            return {"fault": str(fault)}
        return {
            **known,
            "states": _bytes(states),
            "steps": len(states) - 1,
            "count": states.shape[1],
            "solver": solver,
        }

    return answer


def _states(field: Field, path: GaussianPath, asked: Mapping[str, Any]) -> tuple[Tensor, str]:
    """Trajectories of a field as the page asks for them, (steps + 1, OWN_PARTICLES, 2), and how in words."""
    source = Generator().manual_seed(int(asked.get("seed", 0)))
    start = torch.randn(OWN_PARTICLES, 2, dtype=torch.float64, generator=source)
    steps = int(asked["steps"])
    times, told = time_grid(steps), f"{steps} step{'s' if steps > 1 else ''}"
    sigma = float(asked["sigma"])
    if sigma == 0:
        solver = _SOLVERS[asked["method"]](path)
        return simulate(field, start, times, solver), f"{type(solver).__name__}, {told}"

    def diffusion(t: Tensor) -> Tensor:
        return sigma * (path.scheduler.beta(t) if asked["fading"] else torch.ones_like(t))

    score = ConvertedField(field, path, "velocity", "score") if asked["corrected"] else _no_score
    process = SDEExtension(field, score, diffusion)
    part = "with" if asked["corrected"] else "without"
    words = f"Euler–Maruyama, {told}, σ = {sigma:.1f}, drift {part} the score’s part"
    return simulate(process, start, times, EulerMaruyama(source)), words


def _no_score(x: Tensor, t: Time) -> Tensor:
    return torch.zeros_like(x)


def _bytes(x: Tensor) -> bytes:
    return x.float().contiguous().numpy().tobytes()


def _still(
    settings: Mapping[str, Any], law: TractableDistribution, path: GaussianPath, own: _Own | None
) -> Picture:
    """Three moments of what the page will show, drawn by Matplotlib."""
    times, show = (0.0, 0.5, 1.0), settings["show"]
    exact = marginal_velocity(law, path)
    asked = {"method": "heun", "corrected": True, "fading": False, "sigma": 0.0, "steps": 50, **settings}
    asked["steps"] += asked["steps"] % 2  # so that the middle is a state of its own
    states, solver = _states(exact if own is None else own, path, {**asked, "sigma": 0.0})
    figure, axs = panels(3, [f"t = {t:g}" for t in times], (2.6, 2.6), share=True)
    for ax, t in zip(axs, times, strict=True):
        k = round(t * (len(states) - 1))
        near = min(t, 0.9 if exact.singular_at else 1.0)
        u = exact(states[k], near).norm(dim=1)
        arrows: dict[str, Any] = {"lim": LIM, "n": 13, "where": states[k], "longest": float(u.max())}
        if "density" in show:
            density(marginal_law(law, path, near).log_prob, ax, lim=LIM, n=80)
        if "paths" in show:
            trajectories(states[: k + 1, :25], ax, color=COLORS[0], lim=LIM)
        if "particles" in show:
            samples(states[k], ax, color=COLORS[0], lim=LIM, size=3)
        if "arrows" in show:
            quiver(exact, near, ax, **arrows)
        if own is not None:
            quiver(own, near, ax, color=COLORS[1], **arrows)
        if isinstance(law, Empirical) and "data" in show:
            samples(law.points, ax, color="black", lim=LIM, size=14)
    if "density" in show:
        colorbar(axs, "density")
    whose = "the exact field" if own is None else "your field, in orange beside the exact one in grey"
    text = (
        f"{states.shape[1]} particles at t = 0 (noise), 0.5 and 1 (data), carried by {whose}, {solver}. "
        "Where scripts run, time, data and solver are set by controls."
    )
    return picture(figure, text)
