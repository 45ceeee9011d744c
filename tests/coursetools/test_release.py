"""`coursetools release DEST`: dates, the students' tree, and what the command refuses."""

import errno
import json
import os
import re
import shlex
import subprocess
import sys

import pytest
from course_texts import COURSE, DATES, ROOT, SOLUTION, commit, contents, edit, git, put, write_course

from coursetools.build.course import parse_course
from coursetools.build.editions import load_course
from coursetools.cli import main
from coursetools.publish import destination
from coursetools.publish.destination import MANIFEST
from coursetools.publish.schedule import parse_date, schedule

LAB, SOURCE = "labs/01_flows.ipynb", "solutions/01_flows.md"
BEFORE, OPEN, DUE = "2026-11-20T07:59Z", "2026-11-20T08:00Z", "2026-11-24T09:00+01:00"
SECRET = "assert step(hidden_field, hidden_state, 0.0, 0.5) == 17"
STEPS = "coursekit/deep/steps.py"


@pytest.fixture
def root(tmp_path):
    """A small course; its chapter 01 has dates."""
    folder = write_course(tmp_path / "course")
    put(folder, "course.toml", COURSE.replace("lab = true", DATES))
    put(folder, "coursekit/deep/__pycache__/old.cpython-311.pyc", b"\0")
    put(folder, STEPS, "GOES = 'on'\n")
    put(folder, "postBuild", "#!/bin/sh\n").chmod(0o755)
    put(folder, "tests/test_hidden.py", "assert True\n")
    return folder


@pytest.fixture
def dest(tmp_path):
    return tmp_path / "students"


def release(root, dest, *more, date=OPEN):
    return main(["release", str(dest), "--root", str(root), "--date", date, *more])


@pytest.fixture
def refused(root, dest, capsys):
    """A release that must be refused and change nothing; returns what it says."""

    def run(*more, to=dest, date=OPEN):
        before = contents(to) if to.is_dir() else None
        capsys.readouterr()
        assert release(root, to, *more, date=date) == 1
        assert (contents(to) if to.is_dir() else None) == before
        return capsys.readouterr().err

    return run


# Dates and options


@pytest.mark.parametrize(
    ("date", "lab", "solution"), [(BEFORE, False, False), (OPEN, True, False), (DUE, True, True)]
)
def test_what_is_out_follows_the_dates(root, dest, capsys, date, lab, solution):
    assert release(root, dest, date=date) == 0
    assert (dest / LAB).exists() == lab
    assert (dest / SOURCE).exists() == (dest / "solutions/01_flows.ipynb").exists() == solution
    (line,) = [each for each in capsys.readouterr().out.splitlines() if each.startswith("01")]
    held = ("is held back until 2026-11-20 09:00+01:00", "is held back until 2026-11-24 09:00+01:00")
    assert line == f"01  lab {'is out' if lab else held[0]}; solution {'is out' if solution else held[1]}"


@pytest.mark.parametrize("date", [BEFORE, DUE])
@pytest.mark.parametrize(
    ("options", "lab", "solution"),
    [
        (["--labs", "all"], True, None),
        (["--labs", " 01_flows", "--solutions", "01"], True, True),
        (["--labs", "01,01", "--solutions", "all"], True, True),
        (["--labs", "none", "--solutions", "none"], False, False),
    ],
)
def test_options_override_the_dates(root, dest, options, lab, solution, date):
    assert release(root, dest, *options, date=date) == 0
    due = date == DUE if solution is None else solution
    assert ((dest / LAB).exists(), (dest / SOURCE).exists()) == (lab, due)


def test_without_dates_all_is_out_at_once_and_a_date_is_a_moment_wherever_it_is_written():
    (status,) = schedule(parse_course(COURSE), parse_date(BEFORE))
    assert (status.lab_out, status.solution_out) == (True, True)
    course = parse_course(COURSE.replace("lab = true", DATES))
    dates = ("2026-11-20T08:59:59+01:00", "2026-11-20T03:00-05:00", "2026-11-20T13:44+05:45")
    assert [schedule(course, parse_date(date))[0].lab_out for date in dates] == [False, True, False]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--labs", "07"], "--labs: no chapter '07' has a lab; there are 01"),
        (["--solutions", "01,00"], "--solutions: no chapter '00' has a lab"),
        (["--labs", "01,"], "--labs: no chapter '' has a lab"),
        (["--labs", "01,all"], "--labs: no chapter 'all' has a lab"),
        (["--solutions", "all", "--labs", "none"], "the solution of 01 would be out without its lab"),
        (["--date", "2026-11-24T09:00"], "is not a date with a time zone, such as"),
        (["--date", "tomorrow"], "--date tomorrow is not a date"),
        (["--date", ""], "--date  is not a date"),
    ],
)
def test_bad_options_are_explained_and_nothing_is_written(dest, refused, options, message):
    assert message in refused(*options)
    assert not dest.exists()


@pytest.mark.parametrize("options", [["--date", OPEN], ["--solutions", "none"]])
def test_options_that_a_course_for_nbgrader_does_not_have(root, dest, capsys, options):
    assert main(["release", "--nbgrader", str(dest), "--root", str(root), *options]) == 1
    assert "takes no --date and no --solutions" in capsys.readouterr().err
    assert not dest.exists()


@pytest.mark.skipif(os.name == "nt", reason="pipes of POSIX")
@pytest.mark.parametrize("both", ["", "2>&1"])
@pytest.mark.parametrize(
    ("command", "status"),
    [("release DEST --dry-run", 0), ("release DEST", 0), ("release DEST --labs x", 1), ("check", 1)],
)
def test_a_reader_that_goes_away_is_no_fault(root, dest, command, status, both):
    """`coursetools … | head -1` ends quietly, with the status of what was done."""
    for number in range(1000):  # more than a pipe holds
        put(root, f"pictures/{number:0100}.png", "")
        put(root, f"labs/{number}{'_orphan' * 20}.ipynb", "{}")
    words = [*command.replace("DEST", str(dest)).split(), "--root", str(root)]
    line = shlex.join([sys.executable, "-m", "coursetools", *words])
    line = f'{line} {both} | true; echo "status ${{PIPESTATUS[0]}}"'
    done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.stdout == f"status {status}\n"
    assert not re.search("Broken pipe|Traceback", done.stderr)
    assert dest.exists() == (command == "release DEST")


# The tree


def test_the_tree_has_what_is_named_and_nothing_else(root, dest):
    release(root, dest)
    lectures = [f"lectures/{slug}" for slug in ("00_start", "01_flows", "02_noise")]
    pages = [f"{each}.{end}" for each in lectures for end in ("md", "ipynb")]
    assert sorted(contents(dest)) == sorted([MANIFEST, "README.md", STEPS, "postBuild", LAB, *pages])
    assert os.name == "nt" or os.access(dest / "postBuild", os.X_OK)
    assert "hidden_state" not in (dest / MANIFEST).read_text()


def test_twice_changes_nothing_and_what_is_gone_from_the_course_is_removed(root, dest, capsys):
    release(root, dest)
    before = {path: path.stat().st_mtime_ns for path in dest.rglob("*")}
    assert release(root, dest) == 0
    assert capsys.readouterr().out.endswith("is up to date: nothing changed\n")
    assert {path: path.stat().st_mtime_ns for path in dest.rglob("*")} == before
    (root / STEPS).unlink()
    assert release(root, dest) == 0
    assert not (dest / "coursekit").exists()


def test_a_dry_run_says_what_would_change_and_changes_nothing(root, dest, capsys):
    release(root, dest)
    before = contents(dest)
    capsys.readouterr()
    assert release(root, dest, "--dry-run", date=DUE) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[1:-1] == [f"  write   {path}" for path in ("solutions/01_flows.ipynb", SOURCE, MANIFEST)]
    assert lines[-1] == f"3 files would be written, 0 would be removed in {dest}"
    assert contents(dest) == before
    assert release(root, dest.parent / "new", "--dry-run") == 0
    assert not (dest.parent / "new").exists()


def test_only_what_git_knows_is_handed_on_and_the_rest_is_named(root, dest, capsys, refused):
    git(root, "init", "-q")
    git(root, "add", "README.md", "course.toml")
    release(root, dest)
    assert f"not in git, so left out: {STEPS}, postBuild" in capsys.readouterr().out
    assert not (dest / "postBuild").exists()
    put(root, ".git/HEAD", "nonsense")  # it is not taken for a course without git
    assert "git can't read the repository" in refused()


def test_the_readme_names_no_file_that_is_not_there(root, dest):
    text = (
        "# A course\n\n<!-- instructors only -->\nTo instructors.\n\n<!-- end of instructors only -->\n"
        f"[lab]({LAB}), [solution](solutions/01_flows.ipynb), [lecture](lectures/01_flows.ipynb),"
        " [site](https://example.org)\n\n| | |\n|---|---|\n"
        "| `labs/` `solutions/` | books |\n| `tests/` | proof |\n"
    )
    put(root, "README.md", text)
    release(root, dest)
    page = (dest / "README.md").read_text()
    assert f"[lab]({LAB}), solution from 2026-11-24 09:00+01:00, [lecture](" in page
    assert "[site](https://example.org)" in page
    assert "| `labs/` `solutions/` | books |\n" in page
    assert not re.search("instructors|proof", page)


@pytest.mark.parametrize("date", [BEFORE, OPEN])
def test_links_to_a_lab_that_is_held_back_become_words(root, dest, date):
    more = "The mean $E[x](t)$, [the page](https://example.org), [below](#evidence), `a[0](b)`."
    edit(root / "lectures/01_flows.md", "A picture", f"{more}\n\nA picture")
    release(root, dest, date=date)
    text = (dest / "lectures/01_flows.md").read_text(encoding="utf-8")
    assert more in text  # what only looks like such a link stays
    notebook = (dest / "lectures/01_flows.ipynb").read_text(encoding="utf-8")
    first = "".join(json.loads(notebook)["cells"][0]["source"])
    if date == BEFORE:
        assert "A picture, then the lab from 2026-11-20 09:00+01:00." in text
        assert "Lab from 2026-11-20 09:00+01:00 · " in first
    else:
        assert "[the lab](../labs/01_flows.ipynb)" in text
        assert notebook == load_course(root).notebooks["lectures/01_flows.ipynb"]


def test_faults_in_the_course_stop_the_release(root, dest, refused):
    put(root, "README.md", "# T\n\n<!-- instructors only -->\nsecret\n<!-- end of instructor only -->\n")
    assert "README.md:3: an 'instructors only' without its other end" in refused()
    put(root, "README.md", "# T\n")
    (root / "coursekit/keys.py").symlink_to(put(root.parent, "private.py", "KEY = 1\n"))
    assert "coursekit/keys.py:1: a link, to" in refused()
    (root / SOURCE).unlink()
    message = refused()
    assert "chapter '01_flows' has no solutions/01_flows.md" in message
    assert message.endswith(f"1 fault: {dest} is as it was\n")


# Leaks

PLANTS = {
    "the README": lambda root, dest: put(root, "README.md", f"# A course\n\nThink of `{SECRET}`.\n"),
    "data": lambda root, dest: put(root, "coursekit/weights/notes.json", json.dumps({"note": SECRET})),
    "the lab itself": lambda root, dest: edit(root / SOURCE, "Say why.", f"Say why: `{SECRET}`"),
    "a file of DEST": lambda root, dest: put(dest, "notes/week 1.txt", SECRET),
    # What stands in `coursekit` is public only where it is released.
    "a module of DEST": lambda root, dest: put(dest, "coursekit/scratch.py", SECRET),
    "a checkpoint": lambda root, dest: put(
        dest, "labs/.ipynb_checkpoints/a.ipynb", json.dumps({"cells": [{"outputs": [{"text": [SECRET]}]}]})
    ),
}


@pytest.mark.parametrize("plant", PLANTS.values(), ids=PLANTS)
def test_a_withheld_line_anywhere_in_the_tree_is_found_until_it_is_out(root, dest, refused, plant):
    release(root, dest, date=BEFORE)
    plant(root, dest)
    assert re.search(rf"{SOURCE}:\d+: this withheld line is in ", refused())
    assert release(root, dest, date=DUE) == 0


def test_a_line_that_was_public_is_no_leak_in_the_file_that_this_release_removes(root, dest):
    put(root, STEPS, SECRET + "\n")
    release(root, dest)
    (root / STEPS).unlink()
    assert release(root, dest) == 0


def test_a_tree_full_of_leaks_is_refused_in_a_page(root, dest, refused):
    release(root, dest)
    for number in range(80):
        put(dest, f"copies/{number}.md", SOLUTION)
    lines = refused().splitlines()
    assert len(lines) < 60
    assert any(each.startswith("… and ") for each in lines)
    assert re.search(r"^\d{3,} faults: .* is as it was", lines[-1])


def test_a_tree_with_the_course_s_history_is_refused(root, dest, refused):
    """A clone of the instructor's repository has all solutions, whatever branch is checked out."""
    commit(root)
    git(root.parent, "clone", "-q", str(root), str(dest))
    git(dest, "switch", "-q", "--orphan", "students")
    assert "students has the history of" in refused()


# What students have


@pytest.mark.parametrize("manifest", [True, False])
def test_exercise_cells_of_a_lab_that_is_out_do_not_change(root, dest, refused, manifest):
    release(root, dest)
    commit(dest)
    if not manifest:
        (dest / MANIFEST).unlink()
    more = '+++ {"tags": ["written"]}\n\nA second sample answer, long enough.\n\n+++\n\nAnother way'
    edit(root / SOURCE, "Another way", more)
    assert "would change the number or the order of its exercise cells" in refused("--force")
    edit(root / SOURCE, "def step(field, x, t, h):", "def step(field, x, t, h, more):")
    message = f"{LAB}:1: this lab is out, and the release would change exercise 1.1; mend it in coursekit"
    assert message in refused("--force")


@pytest.mark.parametrize("old", ["return x + h * slope  #", "One step at a time.", "hidden_state, 0.0"])
def test_all_else_in_a_lab_that_is_out_may_change(root, dest, old):
    release(root, dest)
    edit(root / SOURCE, old, old.replace("0.0", "1.0") + " ")
    assert release(root, dest, date=DUE) == 0


def test_what_is_out_can_not_be_held_back_again(root, dest, refused):
    release(root, dest, date=DUE)
    message = refused("--labs", "none", "--solutions", "none", "--force")
    for folder in ("labs", "solutions"):
        assert f"{folder}/01_flows.ipynb:1: this is out, and students have it" in message
        assert f"name it in --{folder}" in message


def test_a_fix_under_a_new_name_leaves_the_old_lab_in_place(root, dest):
    release(root, dest)
    old = (dest / LAB).read_bytes()
    for path in [*root.glob("lectures/01*"), *root.glob("solutions/01*")]:
        text = path.read_text().replace("(../labs/01_flows.ipynb)", "(../labs/01_flows_again.ipynb)")
        path.rename(path.with_stem("01_flows_again")).write_text(text.replace("def step(", "def one_step("))
    edit(root / "course.toml", "01_flows", "01_flows_again")
    for _ in range(2):
        assert release(root, dest) == 0
        assert (dest / LAB).read_bytes() == old
        assert (dest / "labs/01_flows_again.ipynb").exists()
        assert not (dest / "lectures/01_flows.ipynb").exists()


@pytest.mark.parametrize("text", ["{ no JSON", "[1]", '{"cells": 3}', '{"cells": [{"source": 1}]}'])
def test_a_lab_in_dest_that_is_no_notebook(root, dest, refused, text):
    release(root, dest)
    put(dest, LAB, text)
    assert f"{LAB}:1: {dest / LAB} is no notebook; restore it" in refused("--force")


# Changes by hand, and undoing


def test_a_file_changed_by_hand_is_named_and_kept_unless_forced(root, dest, refused):
    release(root, dest)
    for path in ("README.md", STEPS, "syllabus.txt"):
        put(dest, path, "mine\n")
    put(root, "README.md", "# A new one\n")
    (root / STEPS).unlink()
    assert f"changed by hand in {dest}: README.md, {STEPS}; " in refused()
    assert release(root, dest, "--force") == 0
    assert (dest / "README.md").read_text() == "# A new one\n"
    assert not (dest / STEPS).exists()
    assert (dest / "syllabus.txt").read_text() == "mine\n"


def test_into_a_git_work_tree_only_where_git_can_undo_it(root, dest, refused, monkeypatch):
    """The last release need not be committed for the next; anything else has to be."""
    put(dest, "README.md", "theirs\n")
    commit(dest)
    assert "changed by hand" in refused()
    assert release(root, dest, "--force") == 0
    assert release(root, dest, date=DUE) == 0
    put(root, "README.md", "# A new one\n")
    put(dest, "syllabus.txt", "Mondays\n")
    assert f"not committed in {dest}: syllabus.txt; commit them" in refused("--force", date=DUE)
    commit(dest)
    before = contents(dest)
    git(root.parent, "init", "-q", "other")
    with monkeypatch.context() as patch:
        patch.setenv("GIT_DIR", str(root.parent / "other/.git"))  # as git sets it for a hook
        assert release(root, dest, date=DUE) == 0
    assert contents(dest) != before
    git(dest, "restore", ".")
    git(dest, "clean", "-fdq")
    assert contents(dest) == before
    assert release(root, dest, date=DUE) == 0


def test_line_ends_that_git_changed_are_no_change_by_hand(root, dest):
    release(root, dest)
    put(dest, "README.md", (dest / "README.md").read_bytes().replace(b"\n", b"\r\n"))
    put(root, "README.md", "# A new one\n")
    assert release(root, dest) == 0


@pytest.mark.parametrize("count", [0, 1, 3])
@pytest.mark.parametrize("in_git", [True, False])
def test_a_release_that_fails_half_way_is_completed_by_the_next(
    root, dest, capsys, monkeypatch, count, in_git
):
    """A full disk: no file is half written, and nothing is left over."""
    release(root, dest)
    if in_git:
        commit(dest)
    before = contents(dest)
    for path in ("lectures/00_start.md", "lectures/02_noise.md", "README.md"):
        put(root, path, (root / path).read_text() + "\nOne more line.\n")
    steps, replace = iter(range(100)), os.replace

    def failing(*paths):
        if next(steps) == count:
            raise OSError(errno.ENOSPC, "No space left on device")
        replace(*paths)

    with monkeypatch.context() as patch:
        patch.setattr(destination.os, "replace", failing)
        assert release(root, dest, date=DUE) == 1
    assert "coursetools: [Errno 28] No space left on device" in capsys.readouterr().err
    assert len([path for path, data in contents(dest).items() if before.get(path) != data]) == count
    assert release(root, dest, date=DUE) == 0
    assert release(root, dest.parent / "new", date=DUE) == 0
    assert contents(dest) == contents(dest.parent / "new")


# Bad places


def test_a_dest_inside_or_around_the_repository(root, dest, refused):
    (root / "labs").mkdir()
    dest.symlink_to(root / "labs")
    for where in (root, root / "students", root / "labs", root / "../course/x", root.parent, dest):
        assert "is inside the other" in refused(to=where)


def test_a_file_somebody_s_folder_and_a_bare_repository(root, dest, refused):
    path = put(root.parent, "file", "a file\n")
    assert "is a file; name a folder" in refused(to=path)
    assert "coursetools: " in refused(to=path / "students")
    put(dest, "thesis.tex", "a year's work")
    assert "not empty, and neither an earlier release" in refused("--force")
    git(root.parent, "init", "-q", "--bare", "bare.git")
    assert "neither an earlier release" in refused("--force", to=root.parent / "bare.git")


@pytest.mark.parametrize("path", ["coursekit", "README.md"])
def test_a_link_out_of_dest_is_not_followed(root, dest, refused, path):
    release(root, dest)
    outside = root.parent / "outside"
    os.rename(dest / path, outside)
    (dest / path).symlink_to(outside)
    put(root, "README.md", "# Changed\n")
    put(root, STEPS, "CHANGED = 1\n")
    assert f"{path}:1: a link, a folder or a file in {dest}" in refused("--force")


def test_folders_and_files_in_the_way(dest, refused):
    put(dest, "README.md/a", "")
    put(dest, "lectures", "a file")
    commit(dest)
    message = refused("--force")
    for path in ("README.md", "lectures"):
        assert f"{path}:1: a link, a folder or a file in {dest} in place of something else" in message


@pytest.mark.parametrize("path", ["../mine.txt", "lectures/../../mine.txt", "/etc/hosts", "a/.GIT/x"])
def test_a_manifest_that_names_what_is_not_of_the_tree_is_refused(root, dest, refused, path):
    """Students can propose a change of `.release.json`: it must not lead a release out of the tree."""
    release(root, dest)
    put(dest, MANIFEST, json.dumps({"files": {path: "0"}}))
    assert "names a file outside the tree" in refused("--force")


@pytest.mark.parametrize("text", ["{", "[]", '{"files": 1}'])
def test_a_manifest_that_can_not_be_read(root, dest, refused, text):
    release(root, dest)
    put(dest, MANIFEST, text)
    assert "can't be read" in refused("--force")


def test_the_students_tree_and_a_course_for_nbgrader_do_not_go_into_one_folder(root, dest, capsys, refused):
    edit(root / SOURCE, "checks.step(", "checks.ch01.step(")
    to_nbgrader = ["release", "--root", str(root), "--force", "--nbgrader"]
    release(root, dest)
    before = contents(dest)
    assert main([*to_nbgrader, str(dest)]) == 1
    assert "is a students' tree" in capsys.readouterr().err
    assert contents(dest) == before
    assert main([*to_nbgrader, str(root.parent / "grading")]) == 0
    assert "is a course for nbgrader" in refused("--force", to=root.parent / "grading")
