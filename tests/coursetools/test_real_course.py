"""This repository's own course, released as every week does; it is read once for all of them."""

import json
import os
import re
import subprocess
import sys
import tomllib
from datetime import UTC, datetime
from pathlib import Path

import pytest
from course_texts import ROOT, contents

from coursetools.build import links
from coursetools.build.editions import load_course
from coursetools.publish.release import release, tree_leaks
from coursetools.publish.schedule import schedule
from coursetools.publish.student_files import student_files

NOW = datetime.now(UTC)


@pytest.fixture(scope="module")
def course():
    return load_course(ROOT)


def weeks(parsed):
    """Labs and solutions that are out, as options: labs 1…k and solutions 1…k−1 for each k."""
    numbers = [chapter.slug[:2] for chapter in parsed.course.chapters if chapter.lab]
    return [(",".join(numbers[: k + 1]), ",".join(numbers[:k]) or "none") for k in range(len(numbers))]


def test_the_course_is_released_week_by_week_into_one_tree(course, tmp_path):
    """Each week on top of the last: no leak, and no lab that is out changes; then all, and twice the same."""
    assert len(weeks(course)) == len(list((ROOT / "solutions").glob("*.md")))
    for labs, solutions in [*weeks(course), ("all", "all")]:
        made = release(course, tmp_path / "students", NOW, labs=labs, solutions=solutions)
        assert made.change.write, (labs, solutions)
        assert not made.change.remove
    again = release(course, tmp_path / "students", NOW, labs="all", solutions="all")
    assert not again.change.write


def test_a_number_names_one_algorithm():
    """Numbers are those of Holderrieth and Erives, so no two algorithms share one."""
    named = {}
    for lecture in sorted((ROOT / "lectures").glob("*.md")):
        for number, title in re.findall(r"^:::\{algorithm\} (\d+): ([^,\n]+)", lecture.read_text(), re.M):
            named.setdefault(number, set()).add(title)
    assert set(named) == set("12345678"), named
    assert all(len(titles) == 1 for titles in named.values()), named


@pytest.mark.parametrize("choice", [("none", "none"), ("all", "none"), ("all", "all"), ("due", "due")])
def test_the_course_is_released_into_a_new_tree(course, tmp_path, choice):
    labs, solutions = choice
    made = release(course, tmp_path / "students", NOW, labs=labs, solutions=solutions)
    assert set(made.change.write) == set(contents(tmp_path / "students"))


def test_a_solution_s_line_in_this_course_s_readme_would_be_found(course):
    """The counter-example: the gate that lets every week pass does look."""
    statuses = schedule(course.course, NOW, *weeks(course)[-1])
    tree = {path: file.data for path, file in student_files(course, statuses).items()}
    assert not list(tree_leaks(course, tree, {}, statuses))
    last = f"solutions/{course.course.chapters[-1].slug}"
    withheld = course.notebooks[f"{last}.ipynb"].encode()
    faults = list(tree_leaks(course, tree | {"notes.ipynb": withheld}, {}, statuses))
    assert len(faults) > 20
    assert {fault.file for fault in faults} == {f"{last}.md"}


@pytest.fixture(scope="module")
def students(course, tmp_path_factory):
    """The tree of the first week."""
    dest = tmp_path_factory.mktemp("first") / "students"
    release(course, dest, NOW, labs="01", solutions="none")
    return dest


def dead_links(folder: Path) -> list[str]:
    """Links of every page and notebook in a folder that lead to no file in it."""
    found = []
    for path in sorted([*folder.rglob("*.md"), *folder.rglob("*.ipynb")]):
        text = path.read_text(encoding="utf-8")
        if path.suffix == ".ipynb":
            cells = [cell for cell in json.loads(text)["cells"] if cell["cell_type"] == "markdown"]
            text = "\n\n".join("".join(cell["source"]) for cell in cells)
        for _, target in links.find_links(text):
            name = target.partition("#")[0]
            if name and ":" not in name and not (path.parent / name).exists():
                found.append(f"{path.relative_to(folder)}: {target}")
    return found


def test_students_get_nothing_of_the_instructors_and_no_dead_link(students):
    there = {path.name for path in students.iterdir()}
    hidden = {"tests", "solutions", "benchmarks", "coursetools", ".git", ".ci", "course.toml", "TEACHING.md"}
    assert there.isdisjoint(hidden)
    assert dead_links(students) == []
    for path in ("README.md", "Makefile", "pyproject.toml"):
        assert "instructors only" not in (students / path).read_text(encoding="utf-8")
    readme = (students / "README.md").read_text(encoding="utf-8")
    assert not re.search(
        r"course\.toml|make (notebooks|test)|TEACHING|CONTRIBUTING|tests/|coursetools", readme
    )


def test_the_students_package_installs_without_the_instructors(students):
    """Every script leads to a module of the tree, and what is packaged is there."""
    project = tomllib.loads((students / "pyproject.toml").read_text(encoding="utf-8"))
    assert set(project["project"]["scripts"]) == {"coursekit"}
    module, _, name = project["project"]["scripts"]["coursekit"].partition(":")
    code = f"import {module} as m, setuptools as s; print(m.__file__, callable(m.{name}), s.find_packages())"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=students, capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith(f"{students / module.replace('.', '/')}.py True ['coursekit', ")
    assert "coursetools" not in done.stdout
    for extra in project["project"]["optional-dependencies"].values():
        assert not any("coursetools" in each for each in extra)


@pytest.mark.skipif(os.name == "nt", reason="make")
def test_the_students_makefile_names_what_is_there(students):
    page, commands = (
        subprocess.check_output(["make", *words], cwd=students, text=True) for words in ([], ["-n", "lab"])
    )
    assert sorted(re.findall(r"^  make (\w+)", page, re.M)) == ["clean", "env", "help", "lab"]
    paths = re.findall(r"tools/[\w./]+|lectures/[\w./]+", commands)
    assert len(paths) >= 3
    for path in paths:
        assert (students / path).exists(), path
