"""Importing changes nothing; `limit_threads` does, and leaves the last word to the user."""

import os
import subprocess
import sys

import pytest

import coursekit

LIGHT = ("scipy.optimize", "matplotlib", "IPython", "sklearn", "ipywidgets", "pooch", "threadpoolctl")


def run(program, **environment):
    """What a program prints in a process of its own, without our OMP_* variables."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("OMP_")}
    found = subprocess.run(
        [sys.executable, "-c", program], env=env | environment, capture_output=True, text=True, check=True
    )
    return found.stdout.split()


def test_importing_changes_no_threads_and_no_environment():
    program = (
        "import os, torch; torch.set_num_threads(2); before = dict(os.environ); import coursekit; "
        "print(torch.get_num_threads(), os.environ == before)"
    )
    assert run(program) == ["2", "True"]


def test_importing_stays_light():
    assert run(f"import sys, coursekit; print(*(name for name in {LIGHT} if name in sys.modules))") == []


def test_one_thread_unless_the_user_says_otherwise():
    program = "import torch, coursekit; coursekit.limit_threads({}); print(torch.get_num_threads())"
    assert run(program.format("")) == ["1"]
    assert run(program.format(""), OMP_NUM_THREADS="2") == ["2"]
    assert run(program.format("3"), OMP_NUM_THREADS="2") == ["3"]


def test_libraries_and_processes_that_come_later_are_told():
    program = "import os, coursekit; coursekit.limit_threads(); print(os.environ['OMP_NUM_THREADS'])"
    assert run(program) == ["1"]


def test_libraries_that_are_loaded_already_are_told():
    program = (
        "import numpy, coursekit, threadpoolctl; coursekit.limit_threads(); "
        "print(*{pool['num_threads'] for pool in threadpoolctl.threadpool_info()})"
    )
    assert run(program) == ["1"]


def test_no_threads_at_all_are_refused():
    with pytest.raises(ValueError, match="at least one"):
        coursekit.limit_threads(0)


def test_the_version_is_that_of_the_installed_package(monkeypatch):
    from importlib.metadata import PackageNotFoundError

    from coursekit.base import runtime

    assert coursekit.__version__ == runtime.installed_version()

    def missing(name):
        raise PackageNotFoundError(name)

    monkeypatch.setattr(runtime, "version", missing)
    assert runtime.installed_version() == "0+unknown"
