"""Pins, metadata and set-up files agree with one another, and importing the package stays cheap."""

import json
import os
import re
import statistics
import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
COURSE = tomllib.loads((ROOT / "course.toml").read_text(encoding="utf-8"))
CITATION = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
ENVIRONMENT = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
CPU_INDEX = "https://download.pytorch.org/whl/cpu"

# Where the course is to run: what markers such as `sys_platform == "win32"` can ask about.
SYSTEMS = {
    "Linux": {"sys_platform": "linux", "platform_system": "Linux", "os_name": "posix"},
    "macOS": {"sys_platform": "darwin", "platform_system": "Darwin", "os_name": "posix"},
    "Windows": {"sys_platform": "win32", "platform_system": "Windows", "os_name": "nt"},
}
PYTHONS = ("3.11", "3.12", "3.13", "3.14")


def pins(file="constraints.txt"):
    """Name to exact version, as constraints.txt gives them."""
    lines = (ROOT / file).read_text(encoding="utf-8").splitlines()
    found = {}
    for requirement in (Requirement(line) for line in lines if line and not line.startswith("#")):
        (only,) = requirement.specifier
        assert only.operator == "==", f"{requirement} is not a pin"
        assert canonicalize_name(requirement.name) not in found, f"{requirement.name} is pinned twice"
        found[canonicalize_name(requirement.name)] = Version(only.version)
    return found


def required(name, extras, marks):
    """What an installed distribution requires under these marks; nothing where it is not installed."""
    try:
        texts = metadata.requires(name) or []
    except metadata.PackageNotFoundError:
        return []
    every = [Requirement(text) for text in texts]
    asked = [{**marks, "extra": extra} for extra in ("", *extras)]
    return [
        each for each in every if each.marker is None or any(each.marker.evaluate(mark) for mark in asked)
    ]


def closure(marks):
    """Name to requirements of everything that `pip install .[dev]` brings under these marks."""
    found, todo = {}, [("coursekit", frozenset({"dev"}))]
    seen = set(todo)
    while todo:
        for each in required(*todo.pop(), marks):
            name = canonicalize_name(each.name)
            found.setdefault(name, []).append(each)
            node = (name, frozenset(each.extras))
            if node not in seen:
                seen.add(node)
                todo.append(node)
    found.pop("coursekit", None)
    return found


@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize("system", SYSTEMS)
def test_everything_that_is_installed_is_pinned_inside_its_ranges(system, python):
    marks = SYSTEMS[system] | {"python_version": python, "python_full_version": f"{python}.0"}
    fixed = pins()
    needed = closure(marks)
    assert len(needed) > 100
    assert sorted(set(needed) - set(fixed)) == []
    outside = [str(each) for name in needed for each in needed[name] if fixed[name] not in each.specifier]
    assert outside == []


def test_the_metadata_of_the_installed_package_is_this_pyproject():
    texts = list(PROJECT["project"]["dependencies"])
    for extra in PROJECT["project"]["optional-dependencies"].values():
        texts += extra
    declared = {
        str(Requirement(text).specifier) + canonicalize_name(Requirement(text).name) for text in texts
    }
    built = {
        str(each.specifier) + canonicalize_name(each.name)
        for each in map(Requirement, metadata.requires("coursekit"))
    }
    assert built == declared, "run `make env`"


def test_what_is_installed_is_what_is_pinned():
    fixed = pins()
    names = [name for name in closure({}) if name in fixed]
    other = {
        name: metadata.version(name)
        for name in names
        if Version(metadata.version(name)).public != str(fixed[name])
    }
    assert other == {}, "run `make clean env`"


def test_the_instructor_s_pins_add_to_the_others_and_students_do_not_get_them():
    more = pins("constraints-instructor.txt")
    assert more.keys().isdisjoint(pins())
    extra = [Requirement(text) for text in PROJECT["project"]["optional-dependencies"]["instructor"]]
    asked = {canonicalize_name(each.name): each.specifier for each in extra if each.name != "coursekit"}
    assert {name for name, ranges in asked.items() if more[name] not in ranges} == set()
    assert asked.keys().isdisjoint(closure({}))


def test_no_pin_asks_for_a_newer_python_than_the_course():
    oldest = PROJECT["project"]["requires-python"].removeprefix(">=") + ".0"
    wants = {name: metadata.metadata(name).get("Requires-Python") for name in closure({})}
    assert {name: want for name, want in wants.items() if want and oldest not in SpecifierSet(want)} == {}


def test_environment_has_the_same_python_and_torch_as_the_pins():
    plain = [each for each in ENVIRONMENT["dependencies"] if isinstance(each, str)]
    (pip,) = [each["pip"] for each in ENVIRONMENT["dependencies"] if isinstance(each, dict)]
    assert plain == [f"python={PROJECT['tool']['mypy']['python_version']}", "pip"]
    assert pip == [f"--extra-index-url {CPU_INDEX}", f"torch=={pins()['torch']}"]
    assert plain[0].removeprefix("python=") in SpecifierSet(PROJECT["project"]["requires-python"])


def test_binder_finds_its_files_at_the_top():
    for name in ("binder", ".binder", "requirements.txt", "setup.py", "runtime.txt", "Dockerfile"):
        assert not (ROOT / name).exists(), f"Binder would prefer {name} to environment.yml"
    for name in ("postBuild", ".ci/run"):
        assert os.name == "nt" or os.access(ROOT / name, os.X_OK)


def stand_in(folder, cuda):
    """A `python` whose pip writes down its words and whose torch was built for `cuda`."""
    (folder / "torch.py").write_text(f"class version:\n    cuda = {cuda!r}\n", encoding="utf-8")
    python = folder / "python"
    python.write_text(
        f'#!/bin/sh\nif [ "$1" = -m ]; then echo "$@" > {folder}/words; exit 0; fi\n'
        f'PYTHONPATH={folder} exec {sys.executable} "$@"\n',
        encoding="utf-8",
    )
    python.chmod(0o755)


@pytest.mark.skipif(os.name == "nt", reason="postBuild is a shell script")
@pytest.mark.parametrize(("cuda", "status"), [(None, 0), ("13.0", 1)])
def test_post_build_installs_from_the_pins_and_refuses_cuda(tmp_path, cuda, status):
    stand_in(tmp_path, cuda)
    env = os.environ | {"PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run(
        ["bash", "postBuild"], cwd=ROOT, env=env, capture_output=True, text=True, check=False
    )
    assert (tmp_path / "words").read_text() == "-m pip install --no-cache-dir -c constraints.txt -e .[lab]\n"
    assert done.returncode == status
    assert ("CUDA 13.0" in done.stderr) == bool(cuda)
    assert done.stderr.count("\n") == status


def test_citation_course_and_package_agree():
    assert CITATION["title"] == COURSE["title"]
    assert CITATION["version"] == PROJECT["project"]["version"]
    assert CITATION["license"] == PROJECT["project"]["license"]["text"] == "MIT"
    repository = COURSE["repository"]
    assert repository == "" or re.fullmatch(r"[\w.-]+/[\w.-]+", repository)
    assert CITATION.get("repository-code", "") == (repository and f"https://github.com/{repository}")


def test_the_readme_begins_with_the_title_and_maps_every_chapter():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert text.startswith(f"# {COURSE['title']}\n")
    for chapter in COURSE["chapters"]:
        (row,) = re.findall(rf"^\| {chapter['slug'][:2]} \|.*$", text, flags=re.MULTILINE)
        kinds = ("lectures", "labs", "solutions") if chapter["lab"] else ("lectures",)
        assert re.findall(r"\((\S+)\)", row) == [f"{kind}/{chapter['slug']}.ipynb" for kind in kinds]


def tracked():
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    return [ROOT / name for name in listed.split("\0") if name and (ROOT / name).is_file()]


def test_an_installed_package_brings_every_file_that_it_reads():
    globs = PROJECT["tool"]["setuptools"]["package-data"]["coursekit"]
    inside = [
        path.relative_to(ROOT / "coursekit") for path in tracked() if ROOT / "coursekit" in path.parents
    ]
    others = [path for path in inside if path.suffix != ".py"]
    assert len(others) > 20
    assert [str(path) for path in others if not any(path.match(glob) for glob in globs)] == []


def test_no_registry_host_is_named():
    # a pin is a name and a version: from where, each reader's own pip, conda or mirror decides
    hosts = ("pypi.", "files.pythonhosted.", "deb.debian.", "registry.npmjs.")
    pattern = re.compile(rf"({'|'.join(map(re.escape, hosts))})org".encode())
    assert len(tracked()) > 20
    assert [str(path.relative_to(ROOT)) for path in tracked() if pattern.search(path.read_bytes())] == []


@pytest.mark.skipif(os.name == "nt", reason="make and awk")
def test_make_help_is_the_default_and_lists_every_target():
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    phony = " ".join(re.findall(r"^\.PHONY: (.*)$", text, flags=re.MULTILINE))
    told = subprocess.run(
        ["make", "--no-print-directory"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    assert sorted(re.findall(r"^  make ([\w-]+)", told, flags=re.MULTILINE)) == sorted(phony.split())


COST = """
import json, sys, time
import psutil, torch
me = psutil.Process()
seconds, memory = time.process_time(), me.memory_info().rss
import coursekit
seconds, memory = time.process_time() - seconds, me.memory_info().rss - memory
heavy = ("sklearn", "scipy", "matplotlib.pyplot", "ipywidgets", "coursekit.checks", "coursetools")
print(json.dumps([seconds, memory / 1e6, [name for name in heavy if name in sys.modules]]))
"""


def test_importing_coursekit_is_cheap_and_light(tmp_path):
    """At most 0.2 s and 20 MB over torch: processor time, which a busy machine leaves as it is.

    As in an installed package, whose files have been compiled: the first run does that, and does not count.
    """
    env = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    env["PYTHONPYCACHEPREFIX"] = str(tmp_path)
    runs = []
    for turn in range(4):
        done = subprocess.run(
            [sys.executable, "-c", COST], cwd=ROOT, env=env, capture_output=True, text=True, check=True
        )
        if not turn:
            continue
        runs.append(json.loads(done.stdout))
    seconds, megabytes, heavy = zip(*runs, strict=True)
    assert heavy[0] == []
    assert statistics.median(seconds) <= 0.2
    assert statistics.median(megabytes) <= 20
