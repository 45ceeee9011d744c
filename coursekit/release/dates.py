"""What of each chapter is out on a date: its lab, its solution."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from coursekit.release.course import Chapter, Course

CHOICES = ("none", "due", "all")


@dataclass(frozen=True)
class Out:
    """A chapter with a lab, and whether its lab and its solution are out."""

    chapter: Chapter
    lab: bool
    solution: bool


def plan(course: Course, at: datetime, labs: str = "due", solutions: str = "due") -> list[Out]:
    """Decide what is out.

    Args:
        course: the course with its dates.
        at: the moment of the release, with a time zone.
        labs: `none`, `due`, `all`, or chapters such as `01,03`; overrides the dates.
        solutions: the same for solutions.
    Returns:
        One entry for each chapter that has a lab, in the order of the course.
    Raises:
        ValueError: an unknown chapter, a date without a zone, or a solution without its lab.
    """
    if at.tzinfo is None:
        raise ValueError(f"the date {at.isoformat(' ')} has no time zone; write it as 2026-11-24T09:00+01:00")
    with_lab = [chapter for chapter in course.chapters if chapter.lab]
    opened = _chosen(with_lab, "--labs", labs, [_due(each.lab_from, at) for each in with_lab])
    solved = _chosen(with_lab, "--solutions", solutions, [_due(each.solution_from, at) for each in with_lab])
    out = [Out(*each) for each in zip(with_lab, opened, solved, strict=True)]
    early = [each.chapter.slug[:2] for each in out if each.solution and not each.lab]
    if early:
        raise ValueError(
            f"the solution of {', '.join(early)} would be out without its lab; name it in --labs too"
        )
    return out


def chosen(course: Course, labs: str) -> set[str]:
    """The slugs of the labs that `all`, or numbers such as `01,03`, name."""
    with_lab = [chapter for chapter in course.chapters if chapter.lab]
    picked = _chosen(with_lab, "--labs", labs, [True] * len(with_lab))
    return {chapter.slug for chapter, each in zip(with_lab, picked, strict=True) if each}


def moment(text: str) -> datetime:
    """The date and time of `--date`; a zone is required.

    Raises:
        ValueError: the text is no date, or has no zone.
    """
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"--date {text} is not a date such as 2026-11-24T09:00+01:00") from None
    if at.tzinfo is None:
        raise ValueError(f"--date {text} has no time zone; write it as 2026-11-24T09:00+01:00")
    return at


def told(out: Iterable[Out]) -> Iterator[str]:
    """A line for each chapter: what is out, and what is held back until when."""
    for each in out:
        chapter = each.chapter
        lab = _state(each.lab, chapter.lab_from)
        solution = _state(each.solution, chapter.solution_from)
        yield f"{chapter.slug[:2]}  lab {lab}; solution {solution}"


def written(date: datetime) -> str:
    """A date as this command writes it: `2026-11-24 09:00+01:00`."""
    return date.isoformat(" ", "minutes")


def _due(date: datetime | None, at: datetime) -> bool:
    return date is None or date <= at


def _chosen(chapters: list[Chapter], option: str, choice: str, due: list[bool]) -> list[bool]:
    if choice in CHOICES:
        return due if choice == "due" else [choice == "all"] * len(chapters)
    asked = {name.strip() for name in choice.split(",")}
    unknown = asked - {name for chapter in chapters for name in (chapter.slug[:2], chapter.slug)}
    if unknown:
        there = ", ".join(chapter.slug[:2] for chapter in chapters)
        raise ValueError(f"{option}: no chapter {', '.join(sorted(unknown))!r} has a lab; there are {there}")
    return [bool(asked & {chapter.slug[:2], chapter.slug}) for chapter in chapters]


def _state(out: bool, date: datetime | None) -> str:
    if out:
        return "is out"
    return f"is held back until {written(date)}" if date else "is held back"
