"""Evidence for a claim: what a lecture says, measured against what theory expects.

>>> with evidence("A straight line has slope 1") as claim:
...     claim.slope("x against x", [1.0, 2.0, 4.0], [1.0, 2.0, 4.0], 1, tol=0.1)
...     claim.fails.slope("x² against x", [1.0, 2.0, 4.0], [1.0, 4.0, 16.0], 1, tol=0.1)
✓ A straight line has slope 1: 1 of 1 agrees, and a counter-example fails, as it must
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from torch import Tensor

from ..base.display import inline, show, table
from . import chance, findings
from .findings import Finding, Statement, Values

LEVEL = 1e-4  # probability of a false alarm, for all comparisons with chance in one claim together


class EvidenceError(AssertionError):
    """What was measured does not agree with a claim; its text says what, and by how much.

    >>> try:
    ...     with evidence("Two is one") as claim:
    ...         claim.close("two", 2.0, 1.0, tol=0.5)
    ... except EvidenceError as error:
    ...     print(error)
    Two is one: 1 of 1 does not agree.
    - two: measured 2, expected 1 ± 0.5; the gap is 1, 2 times the tolerance.
    """


_CLOSE = 0.05  # in units of the tolerance: what is nearer to its expectation is no close call


@dataclass(frozen=True)
class _Row:
    """One statement of a claim, judged."""

    name: str
    finding: Finding
    must_fail: bool

    @property
    def agrees(self) -> bool:
        """A counter-example agrees if it is outside; what is not a number shows nothing."""
        return self.finding.agrees != self.must_fail and not self.finding.broken

    @property
    def words(self) -> str:
        """What was measured and expected, as a sentence."""
        finding = self.finding
        room = "" if finding.tolerance == "none" else f" {finding.tolerance}"
        if room and not room.startswith(" ±"):
            room = f" ({room.strip()})"
        stated = f"{self.name}: measured {finding.measured}, expected {finding.expected}{room}"
        if self.must_fail and not finding.broken:
            return f"{stated}. They agree, and a counter-example must not."
        return f"{stated}; {'something here is not a number' if finding.broken else finding.beyond}."


class Statements:
    """The statements that a claim can make; each takes its name first.

    Numbers are floats, tensors of any type and device, arrays, or lists of such; everything is detached.
    Shapes must be equal, but a single number is compared with each element. What is not a number agrees
    with nothing. The statements about draws (`mean`, `larger`, `share`, `same`, `law`, `counts`, and `slope`
    with draws) are tests: all those of one claim, and all their columns, share the level 1e-4 in equal parts
    (Bonferroni), so that a claim that is true is rejected with at most this probability. Counter-examples
    need no part of it: they are tested at the level of a single comparison.

    >>> with evidence("Coins are fair") as claim:
    ...     claim.share("heads", [True, False] * 50, 0.5)
    ✓ Coins are fair: 1 of 1 agrees
    """

    def __init__(self, add: Callable[[str, Statement], None]) -> None:
        self._add = add

    def close(
        self, name: str, measured: Values, expected: Values, tol: Values = None, rtol: float | None = None
    ) -> None:
        """State |measured - expected| <= tol + rtol |expected| in every element.

        Args:
            name: what is measured, for the table.
            measured: values, of any shape.
            expected: the same shape, or one number.
            tol: absolute tolerance, one number or of that shape.
            rtol: relative tolerance.

        Raises:
            ValueError: shapes do not agree, nothing is compared, or there is no tolerance.

        >>> with evidence("One half") as claim:
        ...     claim.close("a quotient", torch.tensor([1.0, 2.0]) / torch.tensor([2.0, 4.0]), 0.5, tol=1e-12)
        ✓ One half: 1 of 1 agrees
        """
        self._add(name, findings.settled(findings.close(measured, expected, tol, rtol)))

    def equal(self, name: str, measured: Values, expected: Values) -> None:
        """State that all elements are exactly equal; Booleans and sizes are numbers too.

        Args:
            name: what is measured.
            measured: values, of any shape.
            expected: the same shape, or one number.

        Raises:
            ValueError: shapes do not agree, or nothing is compared.

        >>> with evidence("Shapes") as claim:
        ...     claim.equal("two rows of three", torch.zeros(2, 3).shape, (2, 3))
        ✓ Shapes: 1 of 1 agrees
        """
        self._add(name, findings.settled(findings.equal(measured, expected)))

    def below(self, name: str, measured: Values, limit: Values) -> None:
        """State measured <= limit in every element.

        Args:
            name: what is measured.
            measured: values, of any shape.
            limit: the same shape, or one number.

        Raises:
            ValueError: shapes do not agree, or nothing is compared.

        >>> with evidence("A sine is below its argument") as claim:
        ...     claim.below("sin x", torch.sin(torch.tensor([0.5, 1.0])), [0.5, 1.0])
        ✓ A sine is below its argument: 1 of 1 agrees; closest call: sin x: 0.479, at most 0.5
        """
        self._add(name, findings.settled(findings.bounded(measured, limit, 1)))

    def above(self, name: str, measured: Values, limit: Values) -> None:
        """State measured >= limit in every element; otherwise like `below`.

        Args:
            name: what is measured.
            measured: values, of any shape.
            limit: the same shape, or one number.

        >>> with evidence("Squares are positive") as claim:
        ...     claim.above("a square", (-3) ** 2, 0)
        ✓ Squares are positive: 1 of 1 agrees
        """
        self._add(name, findings.settled(findings.bounded(measured, limit, -1)))

    def between(self, name: str, measured: Values, low: Values, high: Values) -> None:
        """State low <= measured <= high in every element.

        Args:
            name: what is measured.
            measured: values, of any shape.
            low: the same shape, or one number.
            high: likewise.

        Raises:
            ValueError: shapes do not agree, or `low` is above `high`.

        >>> with evidence("Pi") as claim:
        ...     claim.between("Archimedes", 3.14159, 223 / 71, 22 / 7)
        ✓ Pi: 1 of 1 agrees; closest call: Archimedes: 3.14 in 3.14 … 3.14
        """
        self._add(name, findings.settled(findings.between(measured, low, high)))

    def rising(self, name: str, values: Values) -> None:
        """State that each value is above the one before.

        Args:
            name: what is measured.
            values: (k, …), k at least 2, compared along axis 0.

        Raises:
            ValueError: there are fewer than 2.

        >>> with evidence("Order") as claim:
        ...     claim.rising("squares", [1, 4, 9])
        ✓ Order: 1 of 1 agrees
        """
        self._add(name, findings.settled(findings.monotone(values, 1)))

    def falling(self, name: str, values: Values) -> None:
        """State that each value is below the one before.

        Args:
            name: what is measured.
            values: (k, …), k at least 2, compared along axis 0.

        >>> with evidence("Order") as claim:
        ...     claim.falling("halves", [1, 1 / 2, 1 / 4])
        ✓ Order: 1 of 1 agrees
        """
        self._add(name, findings.settled(findings.monotone(values, -1)))

    def mean(self, name: str, values: Values, expected: Values, bias: Values = 0.0) -> None:
        """State that independent draws have the given expectation; a test for each column.

            T = (mean - expected) / (s / √n),   g(T) = ((1 + aT)³ - 1) / (3a) + a/2,   a = skewness / (3 √n)

        |g(T)| is compared with a quantile of Student's t with n - 1 degrees of freedom (Student 1908). The
        cubic g takes the skewness out of T (Hall 1992). At the level 1e-4, simulations reject squares of
        normals as often as stated from 200 draws on; products of two normals, fourth powers and lognormal
        draws up to 3 times as often with 200 draws, and at most twice as often with 1,000. Draws without a
        variance have no such test.

        Args:
            name: what is measured.
            values: draws, (n, *event), independent along axis 0, n at least 8.
            expected: their expectation, shape `event` or one number.
            bias: size of a known systematic error that is added to the tolerance, likewise.

        Raises:
            ValueError: too few draws to tell their spread, or shapes do not agree.

        >>> with evidence("Uniform draws") as claim:
        ...     claim.mean("average", torch.linspace(0, 1, 101), 0.5)
        ✓ Uniform draws: 1 of 1 agrees
        """
        self._add(name, chance.mean(values, expected, bias))

    def larger(self, name: str, values: Values, than: Values) -> None:
        """State that draws have a larger expectation than a number or than other draws, beyond chance.

        One-sided test as in `mean`. Chance grants this statement with at most its part of the level. For
        two quantities of the same draws hand over their difference, and compare it with 0.

        Args:
            name: what is measured.
            values: independent draws, (n,), n at least 8.
            than: a number, or draws (m,) that are independent of the first.

        Raises:
            ValueError: too few draws, or several columns.

        >>> with evidence("The second is larger") as claim:
        ...     claim.larger("by 1", torch.linspace(1, 2, 101), torch.linspace(0, 1, 101))
        ✓ The second is larger: 1 of 1 agrees; closest call: by 1: 1.5, larger than 0.5 + 0.159
        """
        self._add(name, chance.larger(values, than))

    def share(self, name: str, events: Values, expected: Values, bias: Values = 0.0) -> None:
        """State that independent events have the given probability; a test for each column.

        Exact binomial test with half of the level on each side (Clopper & Pearson 1934).

        Args:
            name: what is measured.
            events: Booleans, (n, *event), independent along axis 0.
            expected: their probability, shape `event` or one number.
            bias: size of a known systematic error, likewise.

        Raises:
            ValueError: values other than 0 and 1, no probability, or shapes that do not agree.

        >>> with evidence("Coins") as claim:
        ...     claim.share("heads", torch.arange(1000) % 2 == 0, 0.5)
        ✓ Coins: 1 of 1 agrees
        """
        self._add(name, chance.share(events, expected, bias))

    def same(self, name: str, x: Values, y: Values) -> None:
        """State that two sets of samples come from one distribution.

        Test with the energy distance (Székely & Rizzo 2004). Its p-value is the limit for many samples of
        the share of exchanges that separate the sets at least as much (`energy_tail.energy_test`), because
        1e-4 and less could be resolved only by many thousands of exchanges. Compared with 400,000 of these
        it is right or too large: up to 3 times for 50 samples of each on a line or in a plane, more in high
        dimension or with very long tails, where it misses small differences but gives no false alarms.

        Args:
            name: what is compared.
            x: samples, (n, *event) or (n,), n at least 8.
            y: samples, (m, *event); n + m at most 6,000.

        Raises:
            ValueError: events differ, or there are too few or too many samples.

        >>> with evidence("Two grids") as claim:
        ...     claim.same("the same places", torch.linspace(0, 1, 50), torch.linspace(0, 1, 60))
        ✓ Two grids: 1 of 1 agrees
        """
        self._add(name, chance.same(x, y))

    def law(self, name: str, values: Values, cdf: Callable[[Tensor], Values], bias: float = 0.0) -> None:
        """State that draws on the line have the given distribution function.

        Test of Kolmogorov 1933 with the exact distribution of the largest gap.

        Args:
            name: what is compared.
            values: independent draws, (n,) or (n, 1), n at least 8.
            cdf: distribution function, from doubles (n,) to probabilities (n,).
            bias: a known gap that is added to the tolerance.

        Raises:
            ValueError: draws of more dimensions, or a `cdf` that is none.

        >>> with evidence("Uniform") as claim:
        ...     claim.law("a grid", torch.linspace(0, 1, 100), lambda x: x)
        ✓ Uniform: 1 of 1 agrees
        """
        self._add(name, chance.law(values, cdf, bias))

    def counts(self, name: str, observed: Values, expected: Values) -> None:
        """State that the cells of a histogram have the given expected counts.

            chi² = sum (observed - expected)² / expected

        with (cells - 1) degrees of freedom; Pearson 1900. The rarest cells are joined until each expects
        20 draws, because the limit is poor for rare ones.

        Args:
            name: what is compared.
            observed: counts of all draws, of any shape.
            expected: expected counts, of the same number and with the same sum.

        Raises:
            ValueError: number or sum differ, or there are too few draws.

        >>> with evidence("A fair die") as claim:
        ...     claim.counts("600 throws", [99, 104, 96, 101, 100, 100], [100] * 6)
        ✓ A fair die: 1 of 1 agrees
        """
        self._add(name, chance.counts(observed, expected))

    def slope(self, name: str, h: Values, errors: Values, expected: float, tol: float = 0.1) -> None:
        """State that errors grow like a power of the step: the slope on logarithmic axes, by least squares.

        With one error for each step chance plays no part, and the slope lies within `tol`: the scatter about
        the line is the next order's, and widening the tolerance by it would excuse a bend. With draws the
        slope is that of their averages, and its standard error (delta method: draw i moves the slope by
        sum_k lever_k e_ki / mean_k) is allowed for on top, by a quantile of Student's t. A column of draws
        belongs to one path, seen with each step; columns are independent.

        Args:
            name: what is measured.
            h: steps, (k,), positive.
            errors: (k,), or draws (k, n) of the same n at least 8 paths with each step.
            expected: the power.
            tol: by how much the slope may differ.

        Raises:
            ValueError: shapes do not agree, or an error or a step is not positive.

        >>> with evidence("Order 2") as claim:
        ...     claim.slope("h²", [0.1, 0.2, 0.4], [0.01, 0.04, 0.16], 2, tol=0.1)
        ✓ Order 2: 1 of 1 agrees
        """
        self._add(name, chance.slope(h, errors, expected, tol))


class Claim(Statements):
    """A claim while its evidence is gathered: what stands after `as` in `with evidence(…) as claim`.

    `claim.fails` has the same methods for counter-examples: they agree when the statement does not hold.

    >>> with evidence("Three is not two") as claim:
    ...     claim.fails.close("three", 3, 2, tol=0.1)
    ✓ Three is not two: a counter-example fails, as it must
    """

    def __init__(self, text: str, level: float = LEVEL) -> None:
        self._text, self._level = text, level
        self._statements: list[tuple[str, Statement, bool]] = []
        super().__init__(lambda name, statement: self._statements.append((name, statement, False)))
        self.fails = Statements(lambda name, statement: self._statements.append((name, statement, True)))

    def _judged(self) -> list[_Row]:
        """Judge every statement, now that the number of comparisons is known."""
        if not self._statements:
            raise ValueError(f"the claim {self._text!r} makes no statement; call one, as claim.close(…)")
        comparisons = sum(each.comparisons for _, each, must_fail in self._statements if not must_fail)
        single = self._level / max(comparisons, 1)
        return [_Row(name, each.judge(single), must_fail) for name, each, must_fail in self._statements]

    def _settle(self) -> None:
        """Show one line and its table, or say what disagrees."""
        rows = self._judged()
        wrong = [row for row in rows if not row.agrees]
        if wrong:
            verb = "does" if len(wrong) == 1 else "do"
            head = f"{self._text}: {len(wrong)} of {len(rows)} {verb} not agree."
            raise EvidenceError("\n".join([head, *(f"- {row.words}" for row in wrong)]))
        line = _line(self._text, rows)
        show(line, _page(line, rows))


def _line(text: str, rows: list[_Row]) -> str:
    """The outcome in one line; a call that is not close is not worth a reader's time."""
    held = [row for row in rows if not row.must_fail]
    failed = len(rows) - len(held)
    parts = [f"{len(held)} of {len(held)} {'agrees' if len(held) == 1 else 'agree'}"] if held else []
    if failed:
        parts.append("a counter-example fails" if failed == 1 else f"{failed} counter-examples fail")
        parts[-1] += ", as it must" if failed == 1 else ", as they must"
    line = f"✓ {text}: {', and '.join(parts)}"
    closest = max(held, key=lambda row: row.finding.ratio or 0.0, default=None)
    if closest is None or (closest.finding.ratio or 0.0) < _CLOSE:
        return line
    return f"{line}; closest call: {closest.name}: {closest.finding.summary}"


_COLOUR = "46, 150, 100"
_BOX = (
    f"border-left:3px solid rgb({_COLOUR}); color:inherit; padding:0.1em 0.8em; margin:0.3em 0; "
    "max-width:60em; line-height:1.5"
)


def _page(line: str, rows: list[_Row]) -> str:
    """The line with its table folded under it, on light and on dark pages."""
    cells = []
    for row in rows:
        finding = row.finding
        room = finding.tolerance + (f", gap {finding.gap}" if finding.gap else "")
        cells.append([inline(text) for text in (row.name, finding.measured, finding.expected, room)])
        if row.must_fail:
            cells[-1][0] += " <em>(counter-example: must miss)</em>"
    unfolded = table(cells, ("what", "measured", "expected", "tolerance"))
    summary = f'<summary style="cursor:pointer">{inline(line)}</summary>'
    return f'<details style="{_BOX}">{summary}{unfolded}</details>'


@contextmanager
def evidence(claim: str, _level: float = LEVEL) -> Iterator[Claim]:
    """Gather evidence for a claim, and show in one line whether it agrees.

    On leaving the block every statement is judged. If all agree, one line says so and names the closest
    call, the largest deviation in units of its tolerance; in a notebook a table unfolds from it. An exception
    inside the block passes through. What can be stated is described at `Statements`.

    Args:
        claim: what the statements are evidence for, in words.

    Yields:
        A `Claim`.

    Raises:
        EvidenceError: a statement does not hold, or a counter-example does.
        ValueError: no statement was made.

    >>> with evidence("The sine is odd") as claim:
    ...     x = torch.linspace(-3, 3, 7)
    ...     claim.close("sin(-x)", torch.sin(-x), -torch.sin(x), tol=1e-12)
    ...     claim.fails.close("cos(-x)", torch.cos(-x), -torch.cos(x), tol=1e-12)
    ✓ The sine is odd: 1 of 1 agrees, and a counter-example fails, as it must
    """
    found = Claim(claim, _level)
    yield found
    found._settle()
