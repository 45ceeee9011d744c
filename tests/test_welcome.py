"""Lecture 00: its map of the course says what course.toml says."""

import re
from pathlib import Path

from coursetools.build.course import read_course

ROOT = Path(__file__).parents[1]
ROW = re.compile(
    r"^\| (\d\d) (?:\[([^]]+)\]\(([^)]+)\)|([^|]+?)) \| [^|]+\? \| (?:\[lab\]\(([^)]+)\) )?\|$", re.M
)


def rows():
    """Rows of the map: number, title, link to the lecture, link to the lab."""
    text = (ROOT / "lectures" / "00_welcome.md").read_text(encoding="utf-8")
    return [(n, linked or bare, link, lab) for n, linked, link, bare, lab in ROW.findall(text)]


def test_the_map_names_every_chapter_in_order():
    assert [number for number, *_ in rows()] == [f"{n:02d}" for n in range(11)]


def test_the_map_links_exactly_the_chapters_that_exist():
    linked = [(number, title, link) for number, title, link, _ in rows() if link]
    chapters = read_course(ROOT).chapters[1:]
    assert linked == [(c.slug[:2], c.title, f"{c.slug}.ipynb") for c in chapters]


def test_the_map_links_exactly_the_labs_that_exist():
    labs = [lab for *_, lab in rows() if lab]
    assert labs == [f"../labs/{c.slug}.ipynb" for c in read_course(ROOT).chapters if c.lab]
