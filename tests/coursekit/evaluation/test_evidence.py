"""Evidence for a claim: level and power of its tests, each statement right and wrong, words and HTML."""

import contextlib
import io
import math
import re
import subprocess
import sys
import types

import numpy as np
import pytest
import torch
from scipy import stats

from coursekit import EvidenceError, evidence
from coursekit.evaluation import chance
from coursekit.evaluation.energy_tail import energy_test

NAN = math.nan


def agrees(state, **options):
    """Whether a claim with the given statement agrees, without its line."""
    with contextlib.redirect_stdout(io.StringIO()):
        try:
            with evidence("a claim", **options) as claim:
                state(claim)
        except EvidenceError:
            return False
    return True


def normal(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


# ----- level and power ---------------------------------------------------------------------------


def alarms(state, claims, level):
    """How many of the claims, all true, are rejected."""
    return sum(not agrees(lambda claim, k=k: state(claim, k), _level=level) for k in range(claims))


def test_false_alarms_of_means_of_skewed_draws_have_the_level_of_the_whole_claim():
    """Two columns of squares and a product: three comparisons of one claim, at the stated level."""
    draws = torch.randn(10_000, 200, 3, generator=torch.Generator().manual_seed(1))
    draws = torch.stack([draws[..., 0] ** 2, draws[..., 1] ** 2, draws[..., 1] * draws[..., 2]], dim=-1)
    expected = torch.tensor([1.0, 1.0, 0.0])
    found = alarms(lambda claim, k: claim.mean("", draws[k], expected), 10_000, 0.01)
    assert 50 < found <= stats.binom.isf(1e-6, 10_000, 0.01)  # 150; without a common level it were 300


def test_false_alarms_of_shares_laws_and_counts_stay_below_the_level():
    uniform = torch.rand(5000, 400, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    cells = (8 * uniform).long()

    def state(claim, k):
        claim.share("below a third", uniform[k] < 1 / 3, 1 / 3)
        claim.law("uniform", uniform[k], lambda x: x)
        claim.counts("eighths", cells[k].bincount(minlength=8), torch.full((8,), 50))

    found = alarms(state, 5000, 0.03)
    assert 75 < found <= stats.binom.isf(1e-6, 5000, 0.03)


def test_false_alarms_of_two_samples_stay_below_the_level():
    points = torch.randn(1000, 100, 2, generator=torch.Generator().manual_seed(3))
    found = alarms(lambda claim, k: claim.same("", points[k, :40], points[k, 40:]), 1000, 0.05)
    assert 20 < found <= stats.binom.isf(1e-6, 1000, 0.05)


def test_small_p_values_of_two_samples_are_those_of_all_exchanges():
    """Against 100,000 exchanges, where those can resolve: right or somewhat too large, never too small."""
    x, y = normal(60, 2), normal(60, 2, seed=1) + 0.55
    pooled = torch.cat([x, y])
    distances = torch.cdist(pooled, pooled)
    distance, log_p = energy_test(x, y)
    larger, g = 1, torch.Generator().manual_seed(0)
    for _ in range(20):
        chosen = torch.rand(120, 5000, generator=g).argsort(0)[:60]
        weights = torch.full((120, 5000), -1 / 60, dtype=torch.float64).scatter_(0, chosen, 1 / 60)
        larger += int((-(weights * (distances @ weights)).sum(0) >= distance).sum())
    assert 20 < larger < 200  # a p-value of about 1e-3
    assert 0.7 < math.exp(log_p) / (larger / 100_000) < 2.5


def test_false_alarms_of_a_slope_of_draws():
    """Errors h² (1 + noise), one column for each path: the slope is 2 but for chance."""
    h = torch.tensor([0.1, 0.2, 0.4, 0.8])
    noise = torch.randn(2000, 4, 100, generator=torch.Generator().manual_seed(4))
    errors = h[:, None] ** 2 * (1 + 0.3 * noise)
    found = alarms(lambda claim, k: claim.slope("", h, errors[k], 2, tol=0.0), 2000, 0.02)
    assert 10 < found <= stats.binom.isf(1e-6, 2000, 0.02)


@pytest.mark.parametrize(
    "state",
    [
        lambda claim, x: claim.mean("", x + 8 / 20, 0.0),  # 8 standard errors
        lambda claim, x: claim.mean("", torch.stack([x, x + 8 / 20], 1), 0.0),
        lambda claim, x: claim.share("", x < 0.5, 0.5),
        lambda claim, x: claim.same("", x[:200], x[200:] + 0.8),
        lambda claim, x: claim.law("", x + 0.5, stats.norm.cdf),
        lambda claim, x: claim.counts("", ((x > -1).long() + (x > 1)).bincount(), [120, 160, 120]),
        lambda claim, x: claim.slope(
            "", [1.0, 2.0], torch.stack([1 + 0.1 * x, 2.2 * (1 + 0.1 * x)]), 1, tol=0
        ),
    ],
)
def test_a_known_deviation_is_found(state):
    assert not any(agrees(lambda claim, k=k: state(claim, normal(400, seed=k))) for k in range(20))


def test_counter_examples_take_no_part_of_the_level():
    x = normal(400)
    tight = float(chance._room(x, 1e-4)[1])
    value = float(x.mean()) - 0.999 * tight  # agrees at the whole level, not at half of it

    def state(claim):
        for _ in range(5):
            claim.fails.mean("far", x, 9.0)
        claim.mean("near", x, value)

    assert agrees(state)
    assert not agrees(lambda claim: claim.mean("beyond", x, float(x.mean()) - 1.001 * tight))


# ----- each statement ----------------------------------------------------------------------------

H = [0.1, 0.2, 0.4]
STATEMENTS = {
    "close": (lambda c, a: c.close("", [1.0, a], 1.0, tol=0.1), 1.05, 1.2),
    "close relative": (lambda c, a: c.close("", [100.0, a], 100.0, rtol=0.01), 100.5, 102.0),
    "close to each": (lambda c, a: c.close("", [1.0, a], [1.0, 2.0], tol=[0.0, 0.5]), 2.5, 2.6),
    "below": (lambda c, a: c.below("", [0.5, a], [1.0, 2.0]), 2.0, 2.1),
    "below a negative": (lambda c, a: c.below("", a, -1.0), -1.5, -0.5),
    "below zero": (lambda c, a: c.below("", a, 0.0), -1.0, 0.5),
    "above": (lambda c, a: c.above("", [3.0, a], 1.0), 1.0, 0.9),
    "between": (lambda c, a: c.between("", [0.2, a], 0.1, 0.3), 0.3, 0.31),
    "slope": (lambda c, a: c.slope("", H, [h**a for h in H], 2, tol=0.1), 1.95, 1.8),
    "rising": (lambda c, a: c.rising("", [1.0, 2.0, a]), 2.1, 2.0),
    "falling": (lambda c, a: c.falling("", [[3.0, 1.0], [2.0, a]]), 0.5, 1.5),
    "equal": (lambda c, a: c.equal("", torch.tensor([1, 2]), [1.0, a]), 2.0, 2.0000001),
    "mean": (lambda c, a: c.mean("", normal(100) + a, 0.0), 0.0, 3.0),
    "mean with a bias": (lambda c, a: c.mean("", normal(100) + a, 0.0, bias=1.0), 1.0, 3.0),
    "larger": (lambda c, a: c.larger("", normal(100) + a, 0.0), 3.0, 0.0),
    "larger than others": (lambda c, a: c.larger("", normal(100) + a, normal(80, seed=1)), 3.0, 0.0),
    "share": (lambda c, a: c.share("", np.arange(100) < a, 0.3), 31.0, 80.0),
    "same": (lambda c, a: c.same("", normal(60), normal(50, seed=1) + a), 0.0, 3.0),
    "law": (lambda c, a: c.law("", normal(100, 1) + a, stats.norm.cdf), 0.0, 2.0),
    "counts": (lambda c, a: c.counts("", [50 + a, 50, 50 - a], [50, 50, 50]), 5.0, 40.0),
}


@pytest.mark.parametrize("name", STATEMENTS)
def test_a_statement_agrees_or_not_and_its_counter_example_the_other_way(name):
    state, right, wrong = STATEMENTS[name]
    assert agrees(lambda claim: state(claim, right))
    assert not agrees(lambda claim: state(claim, wrong))
    assert agrees(lambda claim: state(claim.fails, wrong))
    assert not agrees(lambda claim: state(claim.fails, right))


@pytest.mark.parametrize("name", [name for name in STATEMENTS if name not in ("share", "counts")])
def test_what_is_not_a_number_agrees_with_nothing(name):
    state, *_ = STATEMENTS[name]
    assert not agrees(lambda claim: state(claim, NAN))
    assert not agrees(lambda claim: state(claim.fails, NAN))


def test_what_is_not_a_number_is_not_counted():
    for state in (
        lambda claim: claim.counts("", [NAN, 50.0], [50, 50]),
        lambda claim: claim.share("", [0, 1, NAN], 0.5),
        lambda claim: claim.close("", math.inf, math.inf, tol=1),
    ):
        assert not agrees(state)


def test_one_column_that_is_off_is_enough():
    x = normal(500, 4, 2)
    off = torch.zeros(4, 2)
    off[2, 1] = 0.5
    assert agrees(lambda claim: claim.mean("", x, torch.zeros(4, 2)))
    with pytest.raises(EvidenceError, match=re.escape("[2, 1]")), evidence("c") as claim:
        claim.mean("", x, off)
    assert agrees(lambda claim: claim.fails.mean("", x, off))


def test_numbers_of_every_kind_are_taken():
    x = torch.ones(3, dtype=torch.float32, requires_grad=True)
    kinds = (
        x,
        x.detach().numpy(),
        [1, 1.0, True],
        list(x),
        (np.float32(1),) * 3,
        {1: 1.0, 2: 1.0, 3: 1.0}.values(),
    )
    for kind in kinds:
        assert agrees(lambda claim, kind=kind: claim.equal("", kind, torch.ones(3, dtype=torch.int64)))
    assert agrees(lambda claim: claim.equal("", torch.zeros(2, 3).shape, (2, 3)))
    assert agrees(lambda claim: claim.close("", x[:1], torch.tensor(1.0), tol=0))
    assert agrees(lambda claim: claim.equal("", [[1, 2], [3, 4]], torch.tensor([[1, 2], [3, 4]])))


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (lambda c: c.close("", torch.ones(3), torch.ones(3, 1), tol=1), r"\(3,\), \(3, 1\)"),
        (lambda c: c.close("", 1.0, 1.0), "tol="),
        (lambda c: c.close("", [], 1.0, tol=1), "nothing"),
        (lambda c: c.close("", 1.0, 1.0, tol=-1), "negative"),
        (lambda c: c.between("", 1, 2, 1), "above the upper"),
        (lambda c: c.between("", 1, 0, math.inf), "below or above"),
        (lambda c: c.rising("", [1.0]), "at least 2"),
        (lambda c: c.mean("", [1.0] * 7, 1.0), "at least 8 independent draws"),
        (lambda c: c.mean("", 1.0, 1.0), r"close\(…, tol=…\)"),
        (lambda c: c.mean("", torch.ones(9, 2), torch.ones(3)), "single number"),
        (lambda c: c.mean("", torch.ones(9), 1, bias=-1), "bias"),
        (lambda c: c.larger("", torch.ones(9, 2), 1), "one column"),
        (lambda c: c.share("", [0.5] * 9, 0.5), "use mean"),
        (lambda c: c.share("", [True] * 9, 1.5), "between 0 and 1"),
        (lambda c: c.same("", torch.ones(9, 2), torch.ones(9, 3)), "same event"),
        (lambda c: c.same("", torch.ones(3, 2), torch.ones(9, 2)), "at least 8"),
        (lambda c: c.same("", torch.ones(4000, 1), torch.ones(4000, 1)), "at most 6000"),
        (lambda c: c.law("", torch.ones(9, 2), stats.norm.cdf), "on the line"),
        (lambda c: c.law("", torch.ones(9), stats.norm.logpdf), "cdf"),
        (lambda c: c.counts("", [50, 50], [0.5, 0.5]), "not shares"),
        (lambda c: c.counts("", [50, 50], [50]), "as many"),
        (lambda c: c.counts("", [5, 5], [5, 5]), "too few draws"),
        (lambda c: c.slope("", [1, 2, 3], [1, 2], 1), "errors"),
        (lambda c: c.slope("", [1, 2], [1, 0], 1), "logarithm"),
        (lambda c: c.slope("", [1, 1], [1, 2], 1), "different"),
        (lambda c: c.slope("", [1, 2], torch.ones(2, 3), 1), "too few"),
        (lambda c: None, "no statement"),
    ],
)
def test_a_statement_that_says_nothing_is_an_error_with_its_remedy(state, words):
    with pytest.raises(ValueError, match=words), evidence("a claim") as claim:
        state(claim)


def test_rare_cells_are_joined():
    found, wanted = chance.pooled(torch.tensor([3.0, 30, 1, 40, 2]), torch.tensor([2.0, 33, 2, 38, 1]))
    assert (found.tolist(), wanted.tolist()) == ([36, 40], [38, 38])


def test_a_slope_of_single_errors_is_not_excused_by_their_scatter():
    assert not agrees(lambda claim: claim.slope("", [1, 2, 4, 8], [1.0, 5.0, 3.0, 20.0], 1, tol=0.1))


# ----- what is shown -----------------------------------------------------------------------------


LINE = (
    "✓ {}: 2 of 2 agree, and a counter-example fails, as it must; closest call: Heun: 1.96, expected 2 ± 0.15"
)


def gather(claim):
    claim.close("exact", 0.5 + 2e-16, 0.5, tol=1e-12)
    claim.slope("Heun", [0.1, 0.2], [0.01, 0.039], 2, tol=0.15)
    claim.fails.slope("Euler & Heun", [0.1, 0.2], [0.1, 0.2], 2, tol=0.15)


def test_one_line_names_the_closest_call(capsys):
    with evidence("It holds") as claim:
        gather(claim)
    assert capsys.readouterr().out == f"{LINE.format('It holds')}\n"
    with evidence("It fails") as claim:
        claim.fails.close("just outside", 0.0, 1.0, tol=0.9)
        claim.fails.close("far outside", 0.0, 9.0, tol=0.9)
    assert capsys.readouterr().out == "✓ It fails: 2 counter-examples fail, as they must\n"
    with evidence("It is exact") as claim:
        claim.close("far from its tolerance", 0.0, 1e-16, tol=1e-12)
    assert capsys.readouterr().out == "✓ It is exact: 1 of 1 agrees\n"


def test_a_notebook_sees_a_fold_with_a_table(monkeypatch):
    seen = []
    ipython = types.SimpleNamespace(get_ipython=lambda: types.SimpleNamespace(kernel=object()))
    display = types.SimpleNamespace(display=lambda data, raw: seen.append(data))
    monkeypatch.setitem(sys.modules, "IPython", ipython)
    monkeypatch.setitem(sys.modules, "IPython.display", display)
    with evidence("a < b") as claim:
        gather(claim)
    (shown,) = seen
    assert shown["text/plain"] == LINE.format("a < b")
    page = shown["text/html"]
    assert page.startswith("<details")
    assert all(words in page for words in ("<summary", "a &lt; b", "Euler &amp; Heun"))
    assert (page.count("<tr"), page.count("counter-example")) == (4, 2)  # in the line and in the table
    colours = re.findall(r"(?<![-\w])(?:color|background):([^;\"']+)", page)
    assert set(colours) <= {"inherit", "none"}  # reads on light and on dark pages


def three_of_four_wrong():
    with evidence("It holds") as claim:
        claim.close("too far", [1.0, 2.0], [1.0, 1.0], tol=0.25)
        claim.close("fine", 1.0, 1.0, tol=0.1)
        claim.below("too large", 3.0, 2.0)
        claim.fails.close("too good", 1.0, 1.0, tol=0.1)


def test_everything_that_disagrees_is_named(capsys):
    with pytest.raises(EvidenceError) as caught:
        three_of_four_wrong()
    assert str(caught.value).splitlines() == [
        "It holds: 3 of 4 do not agree.",
        "- too far: measured 2 at [1], expected 1 ± 0.25; the gap is 1, 4 times the tolerance.",
        "- too large: measured 3, expected at most 2; 1 outside.",
        "- too good: measured 1, expected 1 ± 0.1. They agree, and a counter-example must not.",
    ]
    assert isinstance(caught.value, AssertionError)
    assert capsys.readouterr().out == ""


def interrupted():
    with evidence("It holds") as claim:
        claim.close("wrong", 1.0, 2.0, tol=0.1)
        raise KeyError("mine")


def test_an_exception_inside_passes_through(capsys):
    with pytest.raises(KeyError, match="mine"):
        interrupted()
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (2.2e-16, "2.2e-16"),
        (1e-12, "1e-12"),
        (0.12345, "0.123"),
        (12345.6, "12,346"),
        (1.96, "1.96"),
        (2e9, "2e9"),
    ],
)
def test_numbers_are_short(value, text, capsys):
    with evidence("n") as claim:
        claim.close("x", value, value, tol=1)
        claim.below("x", value, value)
    assert f"x: {text}, at most {text}" in capsys.readouterr().out


# ----- quantiles, and what they cost -------------------------------------------------------------


@pytest.mark.parametrize("level", [1e-3, 1e-4, 1e-7])
@pytest.mark.parametrize("n", [8, 200, 50_000])
def test_quantiles_are_those_of_scipy_stats(n, level):
    assert chance._kolmogorov(level, n) == pytest.approx(stats.kstwo.isf(level, n), rel=2e-4)
    assert chance._kolmogorov(level, n) >= stats.kstwo.isf(level, n) * (1 - 1e-9)  # on the safe side
    for p in (0.0, 1e-5, 0.3, 0.98, 1.0):
        assert chance._fewest_hits(level, n, p) == stats.binom.ppf(level, n, p)
        assert chance._most_hits(level, n, p) == stats.binom.isf(level, n, p)


def test_claims_import_neither_scipys_statistics_nor_its_optimisers():
    """75 MB in the kernel of every lecture."""
    program = (
        "import sys, torch; from coursekit import evidence\n"
        "x = torch.randn(100, generator=torch.Generator().manual_seed(0)).double()\n"
        "with evidence('all that needs chance') as claim:\n"
        "    claim.mean('', x, 0); claim.share('', x > 0, 0.5); claim.same('', x[:50], x[50:])\n"
        "    claim.law('', x, torch.special.ndtr); claim.counts('', [48, 52], [50, 50])\n"
        "print(*(name for name in ('scipy.stats', 'scipy.optimize') if name in sys.modules))"
    )
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert found.stdout.splitlines()[-1] == ""
