"""What a check shows: panels, plain text, and the table of progress with the file behind it."""

import json
import os
import subprocess
import sys
from datetime import datetime, timedelta

import pytest
from euler_answers import borrowed, right_euler, wrong_euler

import coursekit
from coursekit import checks
from coursekit.checks.core import panel, progress_store
from coursekit.checks.core.engine import registry

pytestmark = pytest.mark.usefixtures("own_home")


def outcomes():
    yield registry["1.2"].examine(right_euler)
    yield registry["1.2"].examine(wrong_euler)
    yield registry["1.2"].examine(lambda field, x, t, h: 1 / 0)
    yield registry["1.10"].examine(borrowed(registry["1.10"].reference))


def test_panel_says_the_state_in_words_and_escapes_the_rest():
    for outcome in outcomes():
        page = panel.html(outcome)
        assert f'aria-label="Exercise {outcome.exercise.number}: {outcome.mark[1]}"' in page
        assert f"</span> {outcome.mark[1]}</strong>" in page
        assert page.count("<div") == page.count("</div>")

    def markup(field, x, t, h):
        raise ValueError("<script>alert(1)</script> & `code`")

    page = panel.html(registry["1.2"].examine(markup))
    assert "<script>" not in page
    assert "&lt;script&gt;" in page


def test_a_notebook_gets_both_forms(monkeypatch):
    IPython = pytest.importorskip("IPython")
    shown = []
    monkeypatch.setattr(IPython, "get_ipython", lambda: type("Shell", (), {"kernel": 1})())
    monkeypatch.setattr("IPython.display.display", lambda data, raw: shown.append((data, raw)))
    checks.ch01.euler_step(right_euler)
    (data, raw) = shown[0]
    assert raw
    assert set(data) == {"text/html", "text/plain"}


def test_plain_text_needs_no_ipython():
    code = (
        "import sys; sys.modules['IPython'] = None\n"
        "import coursekit; from coursekit import checks\n"
        "checks.ch01.euler_step(lambda field, x, t, h: x + h * field(x, t)); checks.progress()\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert "✓ Passed" in done.stdout
    assert "1 of 10 done" in done.stdout


def test_progress_shows_done_and_open(capsys):
    checks.progress()
    assert "0 of 10 done" in capsys.readouterr().out
    checks.ch01.euler_step(right_euler)
    capsys.readouterr()
    coursekit.progress()
    said = capsys.readouterr().out
    assert "Chapter 01 · 1 of 10 done" in said
    done = [line for line in said.splitlines() if "✓ done" in line]
    assert len(done) == 1
    assert "1.2  Find the bug: an Euler step" in done[0]
    assert f"{datetime.now():%Y}" in done[0]
    numbers = [line.split()[0] for line in said.splitlines() if not line.startswith("Chapter")]
    assert numbers == sorted(registry, key=lambda number: [int(part) for part in number.split(".")])


def test_progress_takes_a_line_a_chapter_and_folds_the_rest(monkeypatch):
    shown = []
    monkeypatch.setattr("coursekit.checks.core.panel.show", lambda text, page: shown.append(page))
    progress_store.passed("1.2")
    checks.progress()
    (page,) = shown
    chapters = {number.split(".")[0] for number in registry}
    assert page.count("<details>") == page.count("<summary>") == len(chapters)
    assert "Chapter 01 · 1 of 10 done" in page
    assert page.count("●") == 1
    assert page.count("○") == 2 * (len(registry) - 1)  # a mark, and a row in the fold


def test_the_first_pass_counts(own_home):
    assert progress_store.passed("1.2") == ""
    first = progress_store.load().passed["1.2"]
    assert datetime.now().astimezone() - first < timedelta(minutes=5)
    file = own_home / "progress.json"
    file.write_text(json.dumps({"version": 1, "passed": {"1.2": "2020-01-02T03:04:05+00:00"}}))
    assert progress_store.passed("1.2") == ""
    assert progress_store.passed("1.3") == ""
    assert progress_store.load().passed["1.2"].year == 2020
    assert [path.name for path in own_home.iterdir()] == ["progress.json"]


DAMAGED = [
    "",
    "{",
    "[1]",
    '{"passed": 3}',
    '{"passed": {"1.2": 5}}',
    '{"passed": {"1.2": "soon"}}',
    "[" * 5000,
]


@pytest.mark.parametrize("text", [*(text.encode() for text in DAMAGED), b"\xff\xfe\x00"])
def test_damaged_file_is_told_and_kept_aside(text, own_home, capsys):
    own_home.mkdir()
    (own_home / "progress.json").write_bytes(text)
    checks.progress()
    assert "damaged" in capsys.readouterr().out
    assert checks.ch01.euler_step(right_euler) is right_euler
    assert "damaged" in capsys.readouterr().out
    assert list(progress_store.load().passed) == ["1.2"]
    assert progress_store.load().note == ""
    assert (own_home / "progress.damaged.json").read_bytes() == text


def test_folder_that_cannot_be_written_is_told(tmp_path, monkeypatch, capsys):
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    monkeypatch.setenv("COURSEKIT_HOME", str(blocked / "inside"))
    assert checks.ch01.euler_step(right_euler) is right_euler
    assert "could not be recorded" in capsys.readouterr().out
    checks.progress()


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everywhere")
def test_read_only_folder_is_told(own_home, capsys):
    own_home.mkdir(mode=0o500)
    assert checks.ch01.euler_step(right_euler) is right_euler
    assert "could not be recorded" in capsys.readouterr().out


def test_a_crash_while_writing_leaves_the_old_file(own_home, monkeypatch):
    progress_store.passed("1.2")
    before = (own_home / "progress.json").read_bytes()

    def full(*args, **kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(type(own_home), "write_text", full)
    assert "No space left" in progress_store.passed("1.3")
    assert (own_home / "progress.json").read_bytes() == before
    assert len(list(own_home.iterdir())) == 1


def test_without_the_variable_the_users_data_folder_serves(monkeypatch):
    monkeypatch.delenv("COURSEKIT_HOME")
    assert progress_store.folder().name == "coursekit"
    assert progress_store.folder().is_absolute()
