"""The page for instructors and the scheduled release say and do what the command does."""

import re
import subprocess
from pathlib import Path

import pytest
import yaml
from coursekit.release.course import parse_course
from release_texts import COURSE, laid_out

from coursekit.command.cli import _parser

ROOT = Path(__file__).resolve().parent.parent
PAGE = (ROOT / "TEACHING.md").read_text(encoding="utf-8")
WORKFLOW = yaml.safe_load((ROOT / "examples/release.yml").read_text(encoding="utf-8"))
(JOB,) = WORKFLOW["jobs"].values()


def help_of_release():
    (commands,) = [each for each in _parser()._actions if each.choices and "release" in each.choices]
    return commands.choices["release"].format_help()


def test_every_option_that_the_page_names_is_one_and_none_is_missing():
    options = set(re.findall(r"--[a-z-]+", help_of_release())) - {"--help", "--root"}
    assert options <= set(re.findall(r"(?:`|release )(--[a-z-]+)", PAGE))
    told = set(re.findall(r"coursekit release [^\n`]*?(--[a-z-]+)", PAGE))
    assert told <= options


def test_the_dates_on_the_page_are_dates_of_a_course():
    (block,) = re.findall(r"```\n(\[\[chapters]]\n.*?)```", PAGE, re.S)
    (chapter,) = parse_course(COURSE.partition("[[")[0] + block).chapters
    assert chapter.lab_from < chapter.solution_from


def test_the_plan_names_every_chapter_in_both_lengths():
    rows = re.findall(r"^\| (\d+) \| (.*?) \| (.*?) ?\|$", PAGE, re.M)
    assert [int(week) for week, _, _ in rows] == list(range(1, 13))
    chapters = [path.stem[:2] for path in sorted((ROOT / "lectures").glob("*.md"))]
    for column in (1, 2):
        assert sorted(set(re.findall(r"\b\d\d\b", " ".join(row[column] for row in rows)))) == chapters
    assert [bool(row[2]) for row in rows] == [True] * 6 + [False] * 6


def test_the_workflow_runs_daily_searches_all_history_and_may_only_read_here():
    assert WORKFLOW[True]["schedule"][0]["cron"].split()[2:] == ["*", "*", "*"]
    assert WORKFLOW["permissions"] == {"contents": "read"}
    (students,) = [step for step in JOB["steps"] if step.get("with", {}).get("path") == "students"]
    assert students["with"]["fetch-depth"] == 0
    assert any("coursekit release" in step.get("run", "") for step in JOB["steps"])


@pytest.mark.parametrize("days", [["2026-11-20T08:00Z"], ["2026-11-20T08:00Z", "2026-11-20T09:00Z"]])
def test_the_workflow_s_last_step_pushes_a_release_once(tmp_path, days):
    """The step as it is written, after real releases; on a day with nothing new it pushes nothing."""
    from coursekit.command.cli import main

    def git(*words, at=tmp_path):
        done = subprocess.run(["git", "-C", at, *words], check=True, capture_output=True, text=True)
        return done.stdout

    root = laid_out(tmp_path / "course")
    git("init", "-q", "--bare", "-b", "main", "remote.git")
    git("clone", "-q", "remote.git", "students")
    git("switch", "-qc", "main", at=tmp_path / "students")
    for day in days:
        assert main(["release", str(tmp_path / "students"), "--root", str(root), "--date", day]) == 0
        subprocess.run(["bash", "-ec", JOB["steps"][-1]["run"]], cwd=tmp_path / "students", check=True)
    assert git("log", "--oneline", "main", at=tmp_path / "remote.git").count("\n") == 1
    assert "labs/01_flows.ipynb" in git("ls-tree", "-r", "--name-only", "main", at=tmp_path / "remote.git")
