"""`coursekit release DEST`: dates, the tree, and replacing it as a whole or not at all."""

import errno
import json
import os
import re
import shlex
import subprocess
from datetime import datetime
from pathlib import Path

import pytest
from release_texts import COURSE, laid_out

from coursekit.command.cli import main
from coursekit.release import dest as places
from coursekit.release import links, replacing
from coursekit.release.build import load, notebooks
from coursekit.release.course import parse_course
from coursekit.release.dates import moment, plan
from coursekit.release.faults import CourseError

ROOT = Path(__file__).resolve().parent.parent
LAB, SOLUTION = "labs/01_flows.ipynb", "solutions/01_flows.md"
DATES = "lab = true\nlab_from = 2026-11-20T09:00:00+01:00\nsolution_from = 2026-11-24T09:00:00+01:00"
BEFORE, OPEN, DUE = "2026-11-20T07:59Z", "2026-11-20T08:00Z", "2026-11-24T09:00+01:00"


@pytest.fixture
def root(tmp_path):
    """A small course; its chapter 01 has dates."""
    folder = laid_out(tmp_path / "course")
    (folder / "course.toml").write_text(COURSE.replace("lab = true", DATES))
    (folder / "coursekit/deep/__pycache__").mkdir(parents=True)
    (folder / "coursekit/__init__.py").write_text('"""The package."""\n')
    (folder / "coursekit/deep/__pycache__/old.cpython-311.pyc").write_bytes(b"\0")
    (folder / "coursekit/deep/steps.py").write_text("GOES = 'on'\n")
    (folder / "postBuild").write_text("#!/bin/sh\n")
    (folder / "postBuild").chmod(0o755)
    (folder / "tests").mkdir()
    (folder / "tests/test_hidden.py").write_text("assert True\n")
    return folder


@pytest.fixture
def dest(tmp_path):
    return tmp_path / "students"


def release(root, dest, *more, date=OPEN):
    return main(["release", str(dest), "--root", str(root), "--date", date, *more])


def content(folder):
    """Everything in a folder but git's own."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and ".git/" not in path.as_posix()
    }


def git(folder, *words):
    who = ("-c", "user.name=A", "-c", "user.email=a@b.c", "-c", "commit.gpgsign=false")
    done = subprocess.run(["git", "-C", folder, *who, *words], check=True, capture_output=True, text=True)
    return done.stdout


# ------------------------------------------------------------------------------------------------ dates


@pytest.mark.parametrize(
    ("date", "lab", "solution"), [(BEFORE, False, False), (OPEN, True, False), (DUE, True, True)]
)
def test_what_is_out_follows_the_dates(root, dest, capsys, date, lab, solution):
    assert release(root, dest, date=date) == 0
    assert (dest / LAB).exists() == lab
    assert (dest / SOLUTION).exists() == (dest / "solutions/01_flows.ipynb").exists() == solution
    (line,) = [each for each in capsys.readouterr().out.splitlines() if each.startswith("01")]
    held = ("is held back until 2026-11-20 09:00+01:00", "is held back until 2026-11-24 09:00+01:00")
    assert line == f"01  lab {'is out' if lab else held[0]}; solution {'is out' if solution else held[1]}"


@pytest.mark.parametrize(
    ("options", "lab", "solution"),
    [
        (["--labs", "all"], True, False),
        (["--labs", "01", "--solutions", "01"], True, True),
        (["--labs", "all", "--solutions", "all"], True, True),
        (["--labs", "none", "--solutions", "none"], False, False),
    ],
)
@pytest.mark.parametrize("date", [BEFORE, DUE])
def test_options_override_the_dates(root, dest, options, lab, solution, date):
    if "--solutions" not in options and date == DUE:
        solution = True
    assert release(root, dest, *options, date=date) == 0
    assert ((dest / LAB).exists(), (dest / SOLUTION).exists()) == (lab, solution)


def test_without_dates_all_is_out_at_once():
    (out,) = plan(parse_course(COURSE), moment(BEFORE))
    assert (out.lab, out.solution) == (True, True)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--labs", "07"], "--labs: no chapter '07' has a lab; there are 01"),
        (["--solutions", "01,00"], "--solutions: no chapter '00' has a lab"),
        (["--solutions", "all", "--labs", "none"], "the solution of 01 would be out without its lab"),
        (["--date", "2026-11-24"], "--date 2026-11-24 has no time zone"),
        (["--date", "2026-11-24T09:00"], "has no time zone; write it as"),
        (["--date", "tomorrow"], "--date tomorrow is not a date"),
    ],
)
def test_bad_options_are_told_and_nothing_is_written(root, dest, capsys, options, told):
    assert release(root, dest, *options) == 1
    assert told in capsys.readouterr().err
    assert not dest.exists()


def test_a_plan_wants_a_zone():
    with pytest.raises(ValueError, match="no time zone"):
        plan(parse_course(COURSE), datetime(2026, 11, 24))


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        ("lab = true\nlab_from = 2026-11-20T09:00:00", "lab_from has no time zone"),
        ("lab = true\nsolution_from = 2026-11-20", "solution_from is not a date with a time"),
        ('lab = true\nsolution_from = "2026-11-20T09:00Z"', "solution_from is not a date with a time"),
        ("lab = true\nlab_opens = 2026-11-20T09:00:00Z", "unknown key 'lab_opens'"),
        ("lab = true\nlab_from = 2026-11-20T09:00:00Z", "the lab has a date and its solution has none"),
        (
            "lab = true\nlab_from = 2026-11-20T09:00:00Z\nsolution_from = 2026-11-20T09:00:00+01:00",
            "the solution would be out before its lab",
        ),
        ("lab = true\nlab_from = 2026-13-20T09:00:00Z", "not TOML"),
        ("lab = true\nlab_from =", "not TOML"),
    ],
)
def test_bad_dates_in_the_course_are_faults_with_their_line(root, dest, capsys, lines, told):
    (root / "course.toml").write_text(COURSE.replace("lab = true", lines))
    assert release(root, dest) == 1
    assert re.search(rf"course\.toml:1[0-9]: {told}", capsys.readouterr().err)
    assert not dest.exists()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("points = 3\n", r"course\.toml:1: points are not a \[points\] table"),
        ("[points]\nhard = 3\n", "points of 'hard'"),
        ("[points]\ncore = -1\n", "points of core are -1"),
        ("[points]\ncore = true\n", "points of core are True"),
        ("[point]\ncore = 1\n", "unknown key 'point'"),
    ],
)
def test_bad_points(text, told):
    with pytest.raises(CourseError, match=told):
        parse_course(text + COURSE if text.startswith("points") else COURSE + text)


def test_a_course_that_is_not_utf8_or_a_list_of_numbers(root, dest, capsys):
    (root / "course.toml").write_bytes(b'title = "caf\xe9"\n')
    assert release(root, dest) == 1
    assert "course.toml:1: not UTF-8" in capsys.readouterr().err
    (root / "course.toml").write_text('title = "T"\nrepository = ""\nbranch = "main"\nchapters = [1]\n')
    assert release(root, dest) == 1
    assert "chapters are not [[chapters]] tables" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--date", ""], "--date  is not a date such as"),
        (["--date", "2026-11-24T09:00+25:00"], "is not a date such as"),
        (["--date", "2026-02-29T09:00Z"], "is not a date such as"),
        (["--labs", ""], "--labs: no chapter '' has a lab"),
        (["--labs", "01,"], "--labs: no chapter '' has a lab"),
        (["--labs", "1"], "--labs: no chapter '1' has a lab"),
        (["--labs", "01,all"], "--labs: no chapter 'all' has a lab"),
        (["--solutions", "ALL"], "--solutions: no chapter 'ALL' has a lab"),
    ],
)
def test_odd_forms_of_options_are_refused(root, dest, capsys, options, told):
    assert release(root, dest, *options) == 1
    assert told in capsys.readouterr().err
    assert not dest.exists()


@pytest.mark.parametrize("choice", ["01", " 01 ", "01_flows", "01,01", "01, 01_flows"])
def test_a_chapter_is_named_by_its_number_or_its_slug(root, dest, choice):
    assert release(root, dest, "--labs", choice, date=BEFORE) == 0
    assert (dest / LAB).exists()


@pytest.mark.parametrize(
    ("date", "lab"),
    [
        ("2026-11-20T08:59:59+01:00", False),
        ("2026-11-20T09:00:00+01:00", True),
        ("2026-11-20T03:00:00-05:00", True),
        ("2026-11-20T13:44:59+05:45", False),
        ("2026-11-20T13:45:00+05:45", True),
    ],
)
def test_a_date_is_a_moment_wherever_it_is_written(root, dest, date, lab):
    assert release(root, dest, date=date) == 0
    assert (dest / LAB).exists() == lab


@pytest.mark.parametrize("options", [["--date", OPEN], ["--solutions", "none"]])
def test_options_that_a_course_for_nbgrader_does_not_have(root, dest, capsys, options):
    assert main(["release", "--nbgrader", str(dest), "--root", str(root), *options]) == 1
    assert "takes no --date and no --solutions" in capsys.readouterr().err
    assert not dest.exists()


@pytest.mark.skipif(os.name == "nt", reason="pipes of POSIX")
@pytest.mark.parametrize(
    ("more", "status"), [(["--dry-run"], 0), ([], 0), (["--solutions", "all", "--labs", "none"], 1)]
)
@pytest.mark.parametrize("both", ["", "2>&1"])
def test_a_reader_who_goes_away_is_no_fault(root, dest, more, status, both):
    """`coursekit release … | head -1` ends quietly, with the status of what was done."""
    (root / "pictures").mkdir()
    for number in range(2000):
        (root / f"pictures/{number:0100}.png").touch()  # more than a pipe holds
    words = [
        os.sys.executable,
        "-m",
        "coursekit",
        "release",
        str(dest),
        "--root",
        str(root),
        "--date",
        OPEN,
        *more,
    ]
    line = f'{shlex.join(words)} {both} | sleep 0; echo "status ${{PIPESTATUS[0]}}"'
    done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.stdout == f"status {status}\n"
    assert "Broken pipe" not in done.stderr
    assert dest.exists() == (not more)


# --------------------------------------------------------------------------------------------- the tree


def test_the_tree_has_what_is_named_and_nothing_else(root, dest):
    release(root, dest)
    assert sorted(content(dest)) == sorted(
        [".release.json", "README.md", "coursekit/__init__.py", "coursekit/deep/steps.py", "postBuild", LAB]
        + [
            f"lectures/{slug}.{end}"
            for slug in ("00_start", "01_flows", "02_noise")
            for end in ("md", "ipynb")
        ]
    )
    assert os.name == "nt" or os.access(dest / "postBuild", os.X_OK)


def test_twice_changes_nothing_not_even_a_time_stamp(root, dest, capsys):
    release(root, dest)
    before = {path: path.stat().st_mtime_ns for path in dest.rglob("*")}
    capsys.readouterr()
    assert release(root, dest) == 0
    assert capsys.readouterr().out.endswith("is up to date: nothing changed\n")
    assert {path: path.stat().st_mtime_ns for path in dest.rglob("*")} == before


def test_a_dry_run_says_what_would_change_and_changes_nothing(root, dest, capsys):
    release(root, dest)
    before = content(dest)
    capsys.readouterr()
    assert release(root, dest, "--dry-run", date=DUE) == 0
    told = capsys.readouterr().out.splitlines()
    new = ["solutions/01_flows.ipynb", SOLUTION, ".release.json"]
    assert told[1:-1] == [f"  write   {path}" for path in new]
    assert told[-1] == f"3 files would be written, 0 would be removed in {dest}"
    assert content(dest) == before
    assert release(root, dest.parent / "new", "--dry-run") == 0
    assert not (dest.parent / "new").exists()


def test_only_what_git_knows_is_handed_on_and_the_rest_is_named(root, dest, capsys):
    git(root, "init", "-q")
    git(root, "add", "README.md", "coursekit/__init__.py", "course.toml")
    release(root, dest)
    assert "not in git, so left out: coursekit/deep/steps.py, postBuild" in capsys.readouterr().out
    assert not (dest / "postBuild").exists()


def test_files_that_are_gone_from_the_course_are_removed(root, dest):
    release(root, dest)
    (root / "coursekit/deep/steps.py").unlink()
    release(root, dest)
    assert not (dest / "coursekit/deep").exists()


def test_the_readme_names_no_file_that_is_not_there(root, dest):
    text = (
        "# A course\n\n<!-- instructors only -->\nTo instructors.\n\n<!-- end of instructors only -->\n"
        f"[lab]({LAB}), [solution](solutions/01_flows.ipynb), [lecture](lectures/01_flows.ipynb),"
        " [site](https://example.org)\n\n| | |\n|---|---|\n"
        "| `labs/` `solutions/` | books |\n| `tests/` | proof |\n"
    )
    (root / "README.md").write_text(text)
    release(root, dest)
    told = (dest / "README.md").read_text()
    assert f"[lab]({LAB}), solution from 2026-11-24 09:00+01:00, [lecture](" in told
    assert "[site](https://example.org)" in told
    assert "| `labs/` `solutions/` | books |\n" in told
    assert "instructors" not in told
    assert "proof" not in told


def dead_links(folder):
    """Links of every page and notebook in a folder that lead to no file in it."""
    found = []
    for path in sorted([*folder.rglob("*.md"), *folder.rglob("*.ipynb")]):
        text = path.read_text(encoding="utf-8")
        if path.suffix == ".ipynb":
            cells = [cell for cell in json.loads(text)["cells"] if cell["cell_type"] == "markdown"]
            text = "\n\n".join("".join(cell["source"]) for cell in cells)
        for _, target in links.links(text):
            name = target.partition("#")[0]
            if name and ":" not in name and not (path.parent / name).exists():
                found.append(f"{path.relative_to(folder)}: {target}")
    return found


@pytest.mark.parametrize("date", [BEFORE, OPEN, DUE])
def test_no_link_leads_to_what_is_held_back(root, dest, date):
    release(root, dest, date=date)
    assert dead_links(dest) == []
    told = (dest / "lectures/01_flows.md").read_text(encoding="utf-8")
    book = json.loads((dest / "lectures/01_flows.ipynb").read_text(encoding="utf-8"))
    first = "".join(book["cells"][0]["source"])
    if date == BEFORE:
        assert "A picture, then the lab from 2026-11-20 09:00+01:00." in told
        assert "Lab from 2026-11-20 09:00+01:00 · " in first
    else:
        assert "[the lab](../labs/01_flows.ipynb)" in told
        assert (dest / "lectures/01_flows.ipynb").read_text() == made(root)["lectures/01_flows.ipynb"]


def made(root):
    return notebooks(load(root))


def test_what_only_looks_like_a_link_stays(root, dest):
    path = root / "lectures/01_flows.md"
    more = "\nThe mean $E[x](t)$, [the page](https://example.org), [below](#evidence), `a[0](b)`.\n"
    path.write_text(path.read_text(encoding="utf-8") + more, encoding="utf-8")
    release(root, dest, date=BEFORE)
    assert more in (dest / "lectures/01_flows.md").read_text(encoding="utf-8")


def test_an_instructors_only_without_its_end_is_a_fault(root, dest, capsys):
    (root / "README.md").write_text(
        "# T\n\n<!-- instructors only -->\nsecret\n<!-- end of instructor only -->\n"
    )
    assert release(root, dest) == 1
    assert "README.md:3: an 'instructors only' without its other end" in capsys.readouterr().err


def test_this_course_s_tree_has_all_that_make_lab_needs(tmp_path):
    """The real course: its student's tree starts JupyterLab, and names no target that it can't make."""
    dest = tmp_path / "students"
    assert main(["release", str(dest), "--root", str(ROOT), "--labs", "01", "--solutions", "none"]) == 0
    there = {path.name for path in dest.iterdir()}
    assert there.isdisjoint({"tests", "solutions", "benchmarks", ".git", ".ci", "course.toml"})
    assert dead_links(dest) == []
    readme = (dest / "README.md").read_text(encoding="utf-8")
    for word in (
        "instructor",
        "course.toml",
        "make notebooks",
        "make test",
        "TEACHING",
        "CONTRIBUTING",
        "tests/",
    ):
        assert word not in readme, word
    targets = re.findall(r"^  make (\w+)", subprocess.check_output(["make"], cwd=dest, text=True), re.M)
    assert sorted(targets) == ["clean", "env", "help", "lab"]
    plan = subprocess.check_output(["make", "-n", "lab"], cwd=dest, text=True)
    named = re.findall(r'tools/[\w./]+|"\$\(CURDIR\)/([\w/]+)"|lab/tree/([\w./]+)', plan)
    assert len(named) == 3
    for path in re.findall(r"tools/[\w./]+", plan) + re.findall(r"lab/tree/([\w./]+)", plan):
        assert (dest / path).exists(), path
    code = "import sys; sys.path.insert(0, '.'); import coursekit.command.cli as cli; print(cli.__file__)"
    shown = subprocess.check_output([os.sys.executable, "-c", code], cwd=dest, text=True)
    assert shown.strip() == str(dest / "coursekit/command/cli.py")


# ----------------------------------------------------------------------------------- replaced, or as it was


def test_a_file_changed_by_hand_is_named_and_kept_unless_forced(root, dest, capsys):
    release(root, dest)
    (dest / "README.md").write_text("mine\n")
    (dest / "syllabus.txt").write_text("Mondays\n")
    (root / "README.md").write_text("# A new one\n")
    before = content(dest)
    assert release(root, dest, date=DUE) == 1
    assert f"changed by hand in {dest}: README.md; " in capsys.readouterr().err
    assert content(dest) == before
    assert release(root, dest, "--force", date=DUE) == 0
    assert (dest / "README.md").read_text() == "# A new one\n"
    assert (dest / "syllabus.txt").read_text() == "Mondays\n"


def test_a_changed_file_that_would_be_removed_is_kept_too(root, dest, capsys):
    release(root, dest)
    (dest / "coursekit/deep/steps.py").write_text("MINE = 1\n")
    (root / "coursekit/deep/steps.py").unlink()
    assert release(root, dest) == 1
    assert "changed by hand" in capsys.readouterr().err
    assert (dest / "coursekit/deep/steps.py").read_text() == "MINE = 1\n"


def test_a_git_working_tree_with_files_of_its_own(root, dest, capsys):
    dest.mkdir()
    git(dest, "init", "-q")
    (dest / "README.md").write_text("theirs\n")
    assert release(root, dest) == 1
    assert "changed by hand" in capsys.readouterr().err
    (dest / "README.md").unlink()
    assert release(root, dest) == 0
    assert (dest / ".git/HEAD").exists()


def test_line_ends_that_git_changed_are_no_change_by_hand(root, dest):
    release(root, dest)
    (dest / "README.md").write_bytes((dest / "README.md").read_bytes().replace(b"\n", b"\r\n"))
    (root / "README.md").write_text("# A new one\n")
    assert release(root, dest) == 0


def failing_after(monkeypatch, module, name, count, error):
    """Let a function work `count` times and then fail."""
    works, calls = getattr(module, name), []

    def failing(*arguments, **options):
        calls.append(arguments)
        if len(calls) == count + 1:
            raise error
        return works(*arguments, **options)

    monkeypatch.setattr(module, name, failing)
    return calls


FULL = OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize("count", range(0, 9, 2))
@pytest.mark.parametrize("where", ["staging", "swapping"])
def test_a_full_disk_mid_way_changes_nothing(root, dest, capsys, monkeypatch, count, where):
    release(root, dest)
    before = content(dest)
    for path in ("lectures/00_start.md", "lectures/02_noise.md", "README.md"):
        (root / path).write_text((root / path).read_text() + "\nOne more line.\n")
    (root / "coursekit/deep/steps.py").unlink()
    with monkeypatch.context() as patch:
        if where == "staging":
            failing_after(patch, Path, "write_bytes", min(count, 6), FULL)
        else:
            failing_after(patch, replacing.os, "replace", 1 + min(count, 5), FULL)
        assert release(root, dest, date=DUE) == 1
    assert "No space left on device" in capsys.readouterr().err
    assert content(dest) == before
    assert release(root, dest, date=DUE) == 0
    assert not (dest / "coursekit/deep").exists()


def test_a_full_disk_leaves_no_new_folder(root, dest, monkeypatch):
    failing_after(monkeypatch, Path, "write_bytes", 3, FULL)
    assert release(root, dest / "deep" / "down") == 1
    assert not dest.exists()


def test_a_run_killed_while_it_replaces_is_undone_by_the_next(root, dest, capsys, monkeypatch):
    release(root, dest)
    before = content(dest)
    with monkeypatch.context() as patch:
        failing_after(patch, replacing.os, "replace", 2, KeyboardInterrupt())
        patch.setattr(replacing, "undo", lambda dest: False)  # as kill -9: nobody puts anything back
        assert release(root, dest, date=DUE) == 130
    assert (dest / replacing.STAGING).exists()
    assert content(dest) != before
    assert replacing.undo(dest)
    assert content(dest) == before


@pytest.mark.skipif(os.name == "nt" or os.geteuid() != 0, reason="takes root's rights away")
def test_without_write_permission(root, dest, capsys):
    release(root, dest)
    before = content(dest)
    program = (
        "import os, sys; from coursekit.command.cli import main\n"
        "main([*sys.argv[1:], '--dry-run'])  # loads all that is needed while it may be read\n"
        "os.seteuid(65534); sys.exit(main(sys.argv[1:]))"
    )
    for folder in (dest, *dest.parents[:-2]):
        folder.chmod(0o755)
    command = [os.sys.executable, "-c", program, "release", str(dest), "--root", str(root), "--date", DUE]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 1, done.stderr
    assert "Permission denied" in done.stderr
    assert "Traceback" not in done.stderr
    assert content(dest) == before


# ------------------------------------------------------------------------------------------- bad places


def test_a_dest_that_is_a_file(root, dest, capsys):
    dest.write_text("a file\n")
    assert release(root, dest) == 1
    assert "is a file; name a folder" in capsys.readouterr().err
    assert dest.read_text() == "a file\n"


@pytest.mark.parametrize("where", ["", "students", "labs", "../course/x", ".."])
def test_a_dest_inside_or_around_the_repository(root, capsys, where):
    assert release(root, root / where) == 1
    assert "one inside the other" in capsys.readouterr().err


def test_a_link_into_the_repository_is_inside_it(root, dest, capsys):
    dest.symlink_to(root / "labs")
    assert release(root, dest) == 1
    assert "one inside the other" in capsys.readouterr().err


def test_a_link_that_leads_nowhere(root, dest, capsys):
    dest.symlink_to(root.parent / "nowhere")
    assert release(root, dest) == 1
    assert "leads nowhere" in capsys.readouterr().err


def test_somebody_s_folder(root, dest, capsys):
    dest.mkdir()
    (dest / "thesis.tex").write_text("a year's work")
    assert release(root, dest, "--force") == 1
    assert "not empty, and neither an earlier release" in capsys.readouterr().err


def test_a_link_out_of_the_tree_in_the_course(root, dest, capsys):
    (root.parent / "private.py").write_text("KEY = 1\n")
    (root / "coursekit/keys.py").symlink_to(root.parent / "private.py")
    assert release(root, dest) == 1
    assert "coursekit/keys.py:1: a link, to" in capsys.readouterr().err
    assert not dest.exists()


@pytest.mark.parametrize("path", ["coursekit", "README.md"])
def test_a_link_out_of_dest_is_not_followed(root, dest, capsys, path):
    release(root, dest)
    outside = root.parent / "outside"
    os.rename(dest / path, outside)
    (dest / path).symlink_to(outside)
    (root / "README.md").write_text("# Changed\n")
    (root / "coursekit/deep/steps.py").write_text("CHANGED = 1\n")
    before = outside.read_bytes() if outside.is_file() else content(outside)
    assert release(root, dest, "--force") == 1
    assert f"{path}:1: a link in DEST" in capsys.readouterr().err
    assert (outside.read_bytes() if outside.is_file() else content(outside)) == before


def test_folders_and_files_in_the_way(root, dest, capsys):
    dest.mkdir()
    git(dest, "init", "-q")
    (dest / "README.md").mkdir()
    (dest / "lectures").write_text("a file")
    assert release(root, dest, "--force") == 1
    told = capsys.readouterr().err
    assert "README.md:1: a folder in DEST where a file belongs" in told
    assert "lectures:1: a file in DEST where a folder belongs" in told


def test_notebooks_of_the_course_that_are_no_json_are_built_from_their_sources(root, dest):
    (root / "labs").mkdir(exist_ok=True)
    (root / LAB).write_text("{ no JSON")
    assert release(root, dest) == 0
    assert json.loads((dest / LAB).read_text(encoding="utf-8"))["nbformat"] == 4


def test_a_solution_that_is_missing(root, dest, capsys):
    (root / SOLUTION).unlink()
    assert release(root, dest) == 1
    assert "chapter '01_flows' has no solutions/01_flows.md" in capsys.readouterr().err
    assert not dest.exists()


# ------------------------------------------------------------------- labs that are out stay as they are


def test_exercise_cells_of_a_lab_that_is_out_do_not_change(root, dest, capsys):
    release(root, dest)
    before = content(dest)
    path = root / SOLUTION
    path.write_text(path.read_text().replace("def step(field, x, t, h):", "def step(field, x, t, h, more):"))
    assert release(root, dest, "--force", date=DUE) == 1
    told = capsys.readouterr().err
    assert (
        f"{LAB}:1: this lab is out, and the release would change exercise 1.1; mend it in coursekit" in told
    )
    assert content(dest) == before


@pytest.mark.parametrize("old", ["return x + h * slope  #", "One step at a time.", "hidden_state, 0.0"])
def test_all_else_in_a_lab_that_is_out_may_change(root, dest, old):
    release(root, dest)
    path = root / SOLUTION
    path.write_text(path.read_text().replace(old, old.replace("0.0", "1.0") + " "))
    assert release(root, dest, date=DUE) == 0


def test_one_answer_in_words_more_is_a_change(root, dest, capsys):
    release(root, dest)
    path = root / SOLUTION
    more = '+++ {"tags": ["written"]}\n\nA second sample answer, long enough.\n\n+++\n\nAnother way'
    path.write_text(path.read_text().replace("Another way", more))
    assert release(root, dest) == 1
    assert "the number or the order of its exercise cells" in capsys.readouterr().err


def test_a_lab_that_is_out_can_not_be_held_back_again(root, dest, capsys):
    release(root, dest)
    assert release(root, dest, "--labs", "none", "--force") == 1
    assert f"{LAB}:1: this lab is out, and students have it" in capsys.readouterr().err


def test_a_fix_under_a_new_name_leaves_the_old_lab_in_place(root, dest):
    release(root, dest)
    old = (dest / LAB).read_bytes()
    for path in [*root.glob("lectures/01*"), *root.glob("solutions/01*")]:
        text = path.read_text().replace("(../labs/01_flows.ipynb)", "(../labs/01_flows_again.ipynb)")
        path.rename(path.with_stem("01_flows_again")).write_text(text.replace("def step(", "def one_step("))
    course = root / "course.toml"
    course.write_text(course.read_text().replace("01_flows", "01_flows_again"))
    for _ in range(2):
        assert release(root, dest) == 0
        assert (dest / LAB).read_bytes() == old
        assert (dest / "labs/01_flows_again.ipynb").exists()
        assert not (dest / "lectures/01_flows.ipynb").exists()


def test_without_its_memory_the_labs_in_dest_count(root, dest, capsys):
    dest.mkdir()
    git(dest, "init", "-q")
    release(root, dest)
    (dest / places.MANIFEST).unlink()
    path = root / SOLUTION
    path.write_text(path.read_text().replace("def step(field, x, t, h):", "def step(field, x, t, h, more):"))
    assert release(root, dest, "--force") == 1
    assert "would change exercise 1.1" in capsys.readouterr().err


@pytest.mark.parametrize("text", ["{ no JSON", "[1]", '{"cells": 3}', '{"cells": [{"source": 1}]}'])
def test_a_notebook_in_dest_that_is_none(root, dest, capsys, text):
    dest.mkdir()
    git(dest, "init", "-q")
    release(root, dest)
    (dest / LAB).write_text(text)
    assert release(root, dest) == 1
    assert f"changed by hand in {dest}: {LAB}" in capsys.readouterr().err
    (dest / places.MANIFEST).unlink()
    assert release(root, dest, "--force") == 1
    assert f"{dest / LAB} is no notebook; restore or remove it" in capsys.readouterr().err
    assert (dest / LAB).read_text() == text


@pytest.mark.parametrize("text", ["{", "[]", '{"files": 1, "labs": 2}'])
def test_a_memory_that_can_not_be_read(root, dest, capsys, text):
    release(root, dest)
    (dest / places.MANIFEST).write_text(text)
    assert release(root, dest, "--force") == 1
    assert "can't be read" in capsys.readouterr().err


def test_what_is_remembered_holds_no_answer(root, dest):
    release(root, dest)
    table = json.loads((dest / places.MANIFEST).read_text())
    assert set(table) == {"files", "labs"}
    assert [each.split()[0] for each in table["labs"][LAB]] == ["1.1", "written"]
