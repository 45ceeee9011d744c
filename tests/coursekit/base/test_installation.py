"""The check of the installation: one line with a fold, and for every fault what to do."""

import os
from pathlib import Path

import pytest
import torch

import coursekit
from coursekit.base import InstallationError, installation


@pytest.fixture(autouse=True)
def own_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSEKIT_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def test_one_line_with_the_details_in_a_fold(own_folder, capsys):
    found = installation.inspect_installation()
    page = found.html()
    assert found.summary.startswith("✓ Everything is in place: coursekit ")
    assert page.startswith(f"<details><summary>{found.summary}</summary>")
    assert f"torch {torch.__version__}" in page
    assert str(own_folder) in page
    coursekit.check_installation()
    assert capsys.readouterr().out == found.text() + "\n"
    assert found.text().splitlines()[0] == found.summary


def test_it_leaves_no_file_behind(own_folder):
    coursekit.check_installation()
    assert list(own_folder.iterdir()) == []


def test_python_that_is_too_old(monkeypatch):
    monkeypatch.setattr(installation, "PYTHON", (99, 0))
    with pytest.raises(InstallationError, match=r"install Python 99\.0 or newer"):
        coursekit.check_installation()


def test_torch_that_is_too_old(monkeypatch):
    monkeypatch.setattr(installation, "version", lambda name: "2.5.1+cpu")
    with pytest.raises(InstallationError, match=r"PyTorch 2\.5\.1\+cpu is older than 2\.6"):
        coursekit.check_installation()


def test_a_package_that_is_missing(monkeypatch):
    monkeypatch.setattr(installation, "PACKAGES", ("no-such-package",))
    with pytest.raises(InstallationError, match="no-such-package is missing: set the course up again"):
        coursekit.check_installation()


def test_more_threads_than_cores(monkeypatch):
    monkeypatch.setattr(os, "cpu_count", lambda: 1)
    monkeypatch.setattr(torch, "get_num_threads", lambda: 8)
    with pytest.raises(InstallationError, match="8 threads on 1 cores and will be slow: set OMP_NUM_THREADS"):
        coursekit.check_installation()


def test_folder_that_cannot_be_written(tmp_path, monkeypatch):
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    monkeypatch.setenv("COURSEKIT_HOME", str(blocked / "inside"))
    with pytest.raises(InstallationError, match="set COURSEKIT_HOME to a folder of yours"):
        coursekit.check_installation()
    assert Path(blocked).read_text() == "not a folder"
