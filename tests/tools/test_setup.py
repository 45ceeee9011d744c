"""Set-up: what a newcomer reads when it fails, and that it redoes exactly what is needed."""

import ast
import functools
import http.server
import importlib.util
import os
import shutil
import socket
import threading
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "tools" / "setup_env.py"

specification = importlib.util.spec_from_file_location("setup_env", SCRIPT)
setup_env = importlib.util.module_from_spec(specification)
specification.loader.exec_module(setup_env)

# What real runs printed (shortened), and words that the sentence for it must have: the fault and the remedy.
PRINTED = {
    "disk full": (
        "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device",
        ["disk is full", "free"],
    ),
    "disk full, seen as a broken download": (
        "WARNING: Retrying after connection broken by 'NewConnectionError'\n"
        "OSError: [Errno 28] No space left on device",
        ["disk is full"],
    ),
    "no python3-venv": (
        "The virtual environment was not created successfully because ensurepip is not\navailable.",
        ["venv module", "sudo apt install python3-venv"],
    ),
    "no venv": ("/usr/bin/python3: No module named venv", ["venv module", "python3-venv"]),
    "not mine": (
        "Error: [Errno 13] Permission denied: '/opt/course/.venv'",
        ["may not be written", "/opt/course/.venv", "clone the course into your home"],
    ),
    "company network": (
        "SSLError(SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed'))",
        ["certificate", "PIP_CERT"],
    ),
    "no network": (
        "WARNING: Retrying (Retry(total=4)) after connection broken by 'NewConnectionError('Failed to "
        "establish a new connection: [Errno -3] Temporary failure in name resolution')': /simple/torch/\n"
        "ERROR: Could not find a version that satisfies the requirement setuptools>=9 (from versions: none)\n"
        "ERROR: No matching distribution found for setuptools>=69",
        ["cannot be reached", "network", "HTTPS_PROXY"],
    ),
    "pin not for this Python": (
        "ERROR: Could not find a version that satisfies the requirement soupsieve==4.1.2 "
        "(from versions: 2.10)\n"
        "ERROR: No matching distribution found for soupsieve==4.1.2",
        ["no soupsieve==4.1.2 for Python 3.", "PYTHON="],
    ),
    "pin not for this system": (
        "ERROR: Could not find a version that satisfies the requirement torch==2.13.0 (from versions: none)\n"
        "ERROR: No matching distribution found for torch==2.13.0",
        ["no torch==2.13.0 for Python 3.", "64-bit"],
    ),
    "pins disagree": (
        "ERROR: ResolutionImpossible: for help visit ...",
        ["constraints.txt and pyproject.toml contradict", "go back"],
    ),
    "Windows without its runtime": (
        "OSError: [WinError 126] Error loading c10.dll",
        ["Visual C++ Redistributable"],
    ),
    "never seen": (
        "Processing\nERROR: flux capacitor missing.\nmore talk",
        ["not a known one", "flux capacitor missing"],
    ),
    "silence": ("", ["not a known one"]),
}


@pytest.mark.parametrize("name", PRINTED)
def test_every_fault_has_its_sentence(name):
    printed, words = PRINTED[name]
    sentence = setup_env.explain(printed, "/home/me/course")
    assert "\n" not in sentence
    assert [word for word in words if word not in sentence] == []


def test_the_script_parses_under_very_old_pythons():
    source = SCRIPT.read_text(encoding="utf-8")
    ast.parse(source, feature_version=(3, 4))
    imports = [node for node in ast.parse(source).body if isinstance(node, ast.Import)]
    # what Python 2.7 has too; newer modules are imported in functions, after the version was checked
    assert {alias.name for node in imports for alias in node.names} <= {
        "hashlib",
        "os",
        "re",
        "subprocess",
        "sys",
    }


@pytest.mark.parametrize("info", [(2, 7, 18), (3, 6, 15), (3, 10, 13)])
def test_too_old_a_python_is_a_sentence(course, info, capsys):
    assert setup_env.main(str(course.root), str(course.python), info) == 1
    told = capsys.readouterr().err
    assert told.count("\n") == 1
    assert f"Python {'.'.join(map(str, info))} is too old, the course needs 3.11 or newer; " in told
    assert not (course.root / ".venv").exists()


class Course:
    """A folder with the pins, and a `python` whose venv and pip do as told and write down their calls."""

    def __init__(self, root):
        self.root = root
        for name in ("pyproject.toml", "constraints.txt"):
            shutil.copy(ROOT / name, root / name)
        self.calls = root / "calls"
        self.python = root / "python"
        self.venv_python = root / "venv-python"
        self.behave()

    def behave(self, pip="exit 0", torch="echo"):
        call = f'#!/bin/sh\necho "$@" >> "{self.calls}"\n'
        inside = f'{call}case "$*" in *" pip install"*) {pip};; *"import torch"*) {torch};; esac\n'
        self.write(self.venv_python, inside)
        make = f'mkdir -p "$3/bin" && cp -p "{self.venv_python}" "$3/bin/python"\n'
        self.write(self.python, call + make)
        installed = self.root / ".venv" / "bin" / "python"
        if installed.exists():
            shutil.copy(self.venv_python, installed)

    @staticmethod
    def write(path, text):
        path.write_text(text, encoding="utf-8")
        path.chmod(0o755)

    def set_up(self):
        """Run the set-up; return its status and what it called: 'venv', 'pip', both or nothing."""
        self.calls.write_text("", encoding="utf-8")
        status = setup_env.main(str(self.root), str(self.python))
        text = self.calls.read_text(encoding="utf-8")
        return status, [word for word in ("venv", "pip") if f"-m {word} " in text]


@pytest.fixture
def course(tmp_path, monkeypatch):
    if os.name == "nt":
        pytest.skip("the stand-in for Python is a shell script")
    monkeypatch.setattr(setup_env, "torch_source", list)
    monkeypatch.setenv("PATH", os.defpath)  # other Pythons on the PATH are none of these tests' business
    return Course(tmp_path)


def test_built_once_then_left_alone(course):
    assert course.set_up() == (0, ["venv", "pip"])
    assert course.set_up() == (0, [])


def test_renewed_in_place_when_a_pin_or_a_dependency_changes(course):
    course.set_up()
    for name, old, new in (
        ("constraints.txt", "six==", "six==9"),
        ("pyproject.toml", '"numpy>=', '"numpy>=1.2'),
    ):
        path = course.root / name
        path.write_text(path.read_text(encoding="utf-8").replace(old, new, 1), encoding="utf-8")
        assert course.set_up() == (0, ["pip"])
        assert course.set_up() == (0, [])


def test_a_linters_setting_changes_nothing(course):
    course.set_up()
    path = course.root / "pyproject.toml"
    path.write_text(
        path.read_text(encoding="utf-8").replace("line-length = 110", "line-length = 99"), encoding="utf-8"
    )
    assert course.set_up() == (0, [])


def test_an_interrupted_build_is_redone(course):
    course.behave(pip="kill -9 $$")
    assert course.set_up() == (1, ["venv", "pip"])
    course.behave()
    assert course.set_up() == (0, ["venv", "pip"])


def test_an_update_that_failed_is_tried_again_without_losing_the_environment(course):
    course.set_up()
    (course.root / "constraints.txt").write_text("torch==2.13.0\n", encoding="utf-8")
    course.behave(pip="exit 1")
    assert course.set_up() == (1, ["pip"])
    course.behave()
    assert course.set_up() == (0, ["pip"])


def test_an_environment_whose_python_is_gone_is_built_anew(course):
    course.set_up()
    python = course.root / ".venv" / "bin" / "python"
    python.unlink()
    python.symlink_to("/nowhere/python3.11")
    assert course.set_up() == (0, ["venv", "pip"])


def test_an_environment_that_was_moved_is_built_anew(course):
    course.set_up()
    ready = course.root / ".venv" / setup_env.READY
    ready.write_text(
        ready.read_text(encoding="utf-8").replace(str(course.root), "/elsewhere"), encoding="utf-8"
    )
    assert course.set_up() == (0, ["venv", "pip"])


def test_somebodys_own_environment_is_used_not_rebuilt(course):
    (course.root / ".venv" / "bin").mkdir(parents=True)
    shutil.copy(course.venv_python, course.root / ".venv" / "bin" / "python")
    assert course.set_up() == (0, ["pip"])


def test_a_folder_that_is_no_environment_is_refused_and_left(course, capsys):
    kept = course.root / ".venv" / "thesis.tex"
    kept.parent.mkdir()
    kept.touch()
    assert course.set_up() == (1, [])
    assert "move" in capsys.readouterr().err
    assert kept.exists()


def test_a_failure_is_one_sentence_and_the_log_has_everything(course, capsys):
    course.behave(pip="echo talk; echo 'ERROR: [Errno 28] No space left on device' >&2; exit 1")
    assert course.set_up() == (1, ["venv", "pip"])
    told = capsys.readouterr().err
    log = course.root / "build" / "setup.log"
    assert told.startswith("Setting up failed: the disk is full;")
    assert told.count("\n") == 1
    assert str(log) in told
    assert "talk\nERROR: [Errno 28]" in log.read_text(encoding="utf-8")


def test_a_full_disk_is_noticed_before_the_download(course, capsys, monkeypatch):
    usage = functools.partial(shutil._ntuple_diskusage, 10**12, 10**12)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(3 * 10**8))
    assert course.set_up() == (1, [])
    assert "has 0.3 GB free and the environment needs" in capsys.readouterr().err


def test_a_folder_that_may_not_be_written(course, capsys, monkeypatch):
    def refuse(path, *rest):
        raise PermissionError(13, "Permission denied", path)

    monkeypatch.setattr(setup_env.os, "mkdir", refuse)
    assert course.set_up() == (1, [])
    told = capsys.readouterr().err
    assert "may not be written" in told
    assert told.count("\n") == 1


def test_a_cuda_build_gets_advice_on_linux_and_is_used(course, capsys, monkeypatch):
    monkeypatch.setattr(setup_env.sys, "platform", "linux")
    course.behave(torch="echo 13.0")
    assert course.set_up() == (0, ["venv", "pip"])
    assert "--force-reinstall --no-deps torch==" in capsys.readouterr().out


def test_the_probe_of_the_cpu_index_never_waits_long():
    with http.server.HTTPServer(("127.0.0.1", 0), http.server.SimpleHTTPRequestHandler) as server:
        server.RequestHandlerClass.log_message = lambda *words: None
        threading.Thread(target=server.handle_request, daemon=True).start()
        assert setup_env.reachable(f"http://127.0.0.1:{server.server_port}/", seconds=5)
    with socket.create_server(("127.0.0.1", 0)) as silent:  # takes the call and says nothing
        assert not setup_env.reachable(f"http://127.0.0.1:{silent.getsockname()[1]}/", seconds=0.3)
    assert not setup_env.reachable("http://127.0.0.1:9/", seconds=5)


def test_the_cpu_index_is_asked_for_on_linux_only_when_it_answers(monkeypatch):
    answers = {("linux", True): 2, ("linux", False): 0, ("darwin", True): 0, ("win32", True): 0}
    for (platform, there), words in answers.items():
        monkeypatch.setattr(setup_env.sys, "platform", platform)
        monkeypatch.setattr(setup_env, "reachable", lambda url, there=there: there)
        assert len(setup_env.torch_source()) == words
