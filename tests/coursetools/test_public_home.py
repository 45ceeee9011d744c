"""Workflows, forms and metadata say the same as the README, the pins and course.toml."""

import re
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = next(folder for folder in Path(__file__).resolve().parents if (folder / "pyproject.toml").is_file())
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
FORMS = sorted((ROOT / ".github" / "ISSUE_TEMPLATE").glob("wrong-*.yml"))


def read(path):
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def jobs(*names):
    """Every job of these workflows, of all without names."""
    paths = [path for path in WORKFLOWS if not names or path.stem in names]
    return [job for path in paths for job in read(path)["jobs"].values()]


def commands(job):
    """The lines that a job runs."""
    return [line.split(" #")[0].strip() for step in job["steps"] for line in step.get("run", "").splitlines()]


def readme_lines(heading):
    """The lines of the README's first block of code below a heading in bold."""
    text = (ROOT / "README.md").read_text(encoding="utf-8").replace("\r\n", "\n")
    return re.search(rf"\*\*{heading}.*?\n```\n(.*?)\n```", text, flags=re.DOTALL).group(1).split("\n")


@pytest.mark.parametrize(("name", "heading"), [("windows", "Windows"), ("macos", "pip, on any system")])
def test_a_job_installs_by_the_readme_s_lines(name, heading):
    *install, opens = readme_lines(heading)
    lines = commands(read(ROOT / ".github" / "workflows" / "tests.yml")["jobs"][name])
    assert lines[: len(install) + 1] == [*install, f"{opens} --version"]


def test_the_oldest_and_the_newest_python_are_tested():
    told = [each.rpartition(" :: ")[2] for each in PROJECT["classifiers"] if re.search(r" :: 3\.\d+$", each)]
    assert PROJECT["requires-python"] == f">={told[0]}"
    tested = [job["strategy"]["matrix"]["python"] for job in jobs() if "strategy" in job]
    assert len(tested) == 4
    assert all(each == [told[0], told[-1]] for each in tested)


def test_what_the_jobs_run_is_there():
    named = [re.findall(r"(?:tests|lectures|labs|solutions)/[\w./]+|\.ci/\w+", line)
             for job in jobs() for line in commands(job)]  # fmt: skip
    assert sorted({path for paths in named for path in paths if not (ROOT / path).exists()}) == []


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_a_workflow_may_little_and_ends(path):
    workflow = read(path)
    assert workflow["permissions"] == {"contents": "read"}
    for job in workflow["jobs"].values():
        assert job["timeout-minutes"] <= 60
        assert job.get("permissions", {}) in (
            {},
            {"issues": "write"},
            {"pages": "write", "id-token": "write"},
        )
        for step in job["steps"]:
            assert re.fullmatch(
                r"actions/[\w-]+@v\d+|[\w./-]+@[0-9a-f]{40}", step.get("uses", "actions/a@v1")
            )


@pytest.mark.parametrize("path", FORMS, ids=lambda path: path.stem)
def test_the_fields_of_a_form_have_names_of_their_own(path):
    fields = [field for field in read(path)["body"] if field["type"] != "markdown"]
    for names in ([field["id"] for field in fields], [field["attributes"]["label"] for field in fields]):
        assert len(set(names)) == len(names) > 2


def test_hooks_run_the_pinned_ruff():
    pins = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    (ruff,) = [line for line in pins if line.startswith("ruff==")]
    hooks = read(ROOT / ".pre-commit-config.yaml")["repos"][0]["hooks"]
    asked = [each for hook in hooks for each in hook["additional_dependencies"] if each.startswith("ruff")]
    assert asked == [ruff, ruff]


def test_the_package_names_the_repository_where_there_is_one():
    repository = tomllib.loads((ROOT / "course.toml").read_text(encoding="utf-8"))["repository"]
    assert PROJECT["urls"].get("Repository", "") == (repository and f"https://github.com/{repository}")
