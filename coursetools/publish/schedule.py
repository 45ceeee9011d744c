"""Which labs and solutions students have on a date."""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from coursetools.build.course import Chapter, Course

CHOICES = ("none", "due", "all")


@dataclass(frozen=True)
class ChapterStatus:
    """A chapter with a lab, and whether its lab and its solution are out."""

    chapter: Chapter
    lab_out: bool
    solution_out: bool


def schedule(course: Course, at: datetime, labs: str = "due", solutions: str = "due") -> list[ChapterStatus]:
    """Decide what is out.

    Args:
        course: the course with its dates.
        at: the moment of the release, with a time zone.
        labs: `none`, `due`, `all`, or chapters such as `01,03`; overrides the dates.
        solutions: the same for solutions.
    Returns:
        One entry for each chapter that has a lab, in the order of the course.
    Raises:
        ValueError: an unknown chapter, or a solution without its lab.
    """
    opened, solved = select_labs(course, labs, "--labs"), select_labs(course, solutions, "--solutions")
    statuses = []
    for chapter in (chapter for chapter in course.chapters if chapter.lab):
        lab = (chapter.lab_from or at) <= at if opened is None else chapter.slug in opened
        solution = (chapter.solution_from or at) <= at if solved is None else chapter.slug in solved
        statuses.append(ChapterStatus(chapter, lab, solution))
    early = [each.chapter.slug[:2] for each in statuses if each.solution_out and not each.lab_out]
    if early:
        numbers = ", ".join(early)
        raise ValueError(f"the solution of {numbers} would be out without its lab; name it in --labs too")
    return statuses


def select_labs(course: Course, choice: str, option: str = "--labs") -> set[str] | None:
    """The slugs that `none`, `all` or numbers such as `01,03` name; None for `due`, which leaves it to dates.

    Raises:
        ValueError: there is no such chapter, or it has no lab.
    """
    slugs = [chapter.slug for chapter in course.chapters if chapter.lab]
    if choice in CHOICES:
        return {"none": set(), "all": set(slugs), "due": None}[choice]
    names = {name.strip() for name in choice.split(",")}
    unknown = names - {*slugs, *(slug[:2] for slug in slugs)}
    if unknown:
        there = ", ".join(slug[:2] for slug in slugs)
        raise ValueError(f"{option}: no chapter {', '.join(sorted(unknown))!r} has a lab; there are {there}")
    return {slug for slug in slugs if names & {slug, slug[:2]}}


def parse_date(text: str) -> datetime:
    """The date and time of `--date`.

    Raises:
        ValueError: the text is no date, or has no time zone.
    """
    with suppress(ValueError):
        at = datetime.fromisoformat(text)
        if at.tzinfo:
            return at
    raise ValueError(f"--date {text} is not a date with a time zone, such as 2026-11-24T09:00+01:00")


def status_lines(statuses: Iterable[ChapterStatus]) -> Iterator[str]:
    """A line for each chapter: what is out, and what is held back until when."""

    def state(out: bool, date: datetime | None) -> str:
        held = f"is held back until {format_date(date)}" if date else "is held back"
        return "is out" if out else held

    for each in statuses:
        lab = state(each.lab_out, each.chapter.lab_from)
        solution = state(each.solution_out, each.chapter.solution_from)
        yield f"{each.chapter.slug[:2]}  lab {lab}; solution {solution}"


def format_date(date: datetime) -> str:
    """A date as students read it: `2026-11-24 09:00+01:00`."""
    return date.isoformat(" ", "minutes")
