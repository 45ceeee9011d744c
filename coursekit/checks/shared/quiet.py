"""Facts that are told only where they fail, so that a pass stays short."""

from collections.abc import Iterable, Iterator

from ..core.facts import Fact


def failing(facts: Iterable[Fact]) -> Iterator[Fact]:
    """Those facts that do not hold; a check asks more than a pass has to list."""
    return (fact for fact in facts if not fact.holds())
