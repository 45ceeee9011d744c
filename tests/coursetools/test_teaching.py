"""The page for instructors and the scheduled release name commands, options and files that exist."""

import argparse
import re
import subprocess

import pytest
import yaml
from course_texts import COURSE, ROOT, git, write_course

from coursetools.build.course import parse_course
from coursetools.cli import _parser, main

PAGE = (ROOT / "TEACHING.md").read_text(encoding="utf-8")
WORKFLOW = yaml.safe_load((ROOT / "examples/release.yml").read_text(encoding="utf-8"))
(JOB,) = WORKFLOW["jobs"].values()


def test_every_option_that_the_page_names_is_one_and_none_is_missing():
    (commands,) = [each for each in _parser()._actions if isinstance(each, argparse._SubParsersAction)]
    assert set(commands.choices) == {"build", "check", "site", "release"}
    options = set(re.findall(r"--[a-z-]+", commands.choices["release"].format_help())) - {"--help", "--root"}
    assert options == set(re.findall(r"(?:`|coursetools release [^\n`]*?)(--[a-z-]+)", PAGE))


def test_every_module_and_file_that_the_page_names_is_there():
    modules = re.findall(r"python -m (coursetools[\w.]*)", PAGE)
    files = re.findall(r"\]\((?!\w+:)([^)#]+)\)", PAGE) + [f"{each.replace('.', '/')}.py" for each in modules]
    assert len(files) >= 4
    assert [path for path in files if not (ROOT / path).exists()] == []


def test_the_dates_on_the_page_are_dates_of_a_course():
    (block,) = re.findall(r"```\n(\[\[chapters]]\n.*?)```", PAGE, re.S)
    (chapter,) = parse_course(COURSE.partition("[[")[0] + block).chapters
    assert chapter.lab_from < chapter.solution_from


def test_the_workflow_runs_daily_and_may_only_read_here():
    assert WORKFLOW[True]["schedule"][0]["cron"].split()[2:] == ["*", "*", "*"]
    assert WORKFLOW["permissions"] == {"contents": "read"}
    assert any(re.search(r"bin/coursetools release ", step.get("run", "")) for step in JOB["steps"])


@pytest.mark.parametrize("days", [["2026-11-20T08:00Z"], ["2026-11-20T08:00Z", "2026-11-20T09:00Z"]])
def test_the_workflow_s_last_step_pushes_a_release_once(tmp_path, days):
    """The step as it is written, after real releases; on a day with nothing new it pushes nothing."""
    root = write_course(tmp_path / "course")
    git(tmp_path, "init", "-q", "--bare", "-b", "main", "remote.git")
    git(tmp_path, "clone", "-q", "remote.git", "students")
    git(tmp_path / "students", "switch", "-qc", "main")
    for day in days:
        assert main(["release", str(tmp_path / "students"), "--root", str(root), "--date", day]) == 0
        subprocess.run(["bash", "-ec", JOB["steps"][-1]["run"]], cwd=tmp_path / "students", check=True)
    assert git(tmp_path / "remote.git", "log", "--oneline", "main").count("\n") == 1
    assert "labs/01_flows.ipynb" in git(tmp_path / "remote.git", "ls-tree", "-r", "--name-only", "main")
