"""Saved files that are damaged, foreign or hostile: refused in a sentence, and nothing changes."""

import copy
import hashlib
import json
import os
import pickle

import pytest
from backup_labs import built, put, tagged

import coursekit
from coursekit.backup import saved_file
from coursekit.checks.core import panel

pytestmark = pytest.mark.usefixtures("own_home")
EVIL = "<img src=x onerror=alert(1)>"


@pytest.fixture
def lab(tmp_path):
    """A lab, and beside it nothing."""
    return put(tmp_path / "course", "01_flows")


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The bytes of a saved file."""
    book = built("01_flows")
    tagged(book, "exercise")[0]["source"] = "def mine():\n    return 'mine'"
    path = put(tmp_path_factory.mktemp("first"), "01_flows", book)
    coursekit.save(path)
    (made,) = path.parent.glob("*.json")
    return made.read_bytes()


def signed(whole, **changes):
    """The file with changes, and a checksum that fits: damage is not the reason to refuse it."""
    table = copy.deepcopy(json.loads(whole)) | changes
    del table["sha256"]
    text = json.dumps(table, sort_keys=True, separators=(",", ":"))
    return json.dumps(table | {"sha256": hashlib.sha256(text.encode()).hexdigest()}).encode()


def everything(folder):
    return {path: path.read_bytes() if path.is_file() else None for path in folder.rglob("*")}


def refused(lab, name, data, tmp_path, monkeypatch):
    """Restore from such a file: what is shown as HTML; nothing may change, nor may anything be raised."""
    path = lab.parent / name
    if data is not None:
        path.write_bytes(data)
    before, pages = everything(tmp_path), []
    monkeypatch.setattr(panel, "show", lambda text, page: pages.append((text, page)))
    coursekit.restore(path, notebook=lab)
    assert everything(tmp_path) == before
    ((text, page),) = pages
    assert text.startswith("△ Nothing was restored\n  ")
    assert len(text.splitlines()) == 2
    assert "<img" not in page
    assert "<script" not in page
    return text


def one_cell(**changes):
    return [{"kind": "code", "text": "1"} | changes]


# Changes that a checksum does not find, each with words of the sentence that refuses the file.
HOSTILE = {
    "another format": ({"format": "other work"}, "is not work saved by"),
    "another version": ({"version": 2}, "another version"),
    "a version that is no number": ({"version": True}, "another version"),
    "another lab": ({"lab": "02_diffusion_processes", "passed": {}}, "open `02_diffusion_processes.ipynb`"),
    "another course": ({"course": "Knots", "cells": []}, "another course, “Knots”"),
    "a course with mark-up": ({"course": f"{EVIL}`{EVIL}`" * 9, "cells": []}, "another course"),
    "a path for a lab": ({"lab": "../../../etc/passwd", "passed": {}}, "never writes"),
    "a lab with mark-up": ({"lab": EVIL, "passed": {}}, "never writes"),
    "a lab that is no text": ({"lab": ["01_flows"]}, "never writes"),
    "a course that is no text": ({"course": 5}, "never writes"),
    "no time": ({"saved": "soon"}, "never writes"),
    "a time without a zone": ({"saved": "2026-01-01T00:00:00"}, "never writes"),
    "cells in a table": ({"cells": {"a": 1}}, "never writes"),
    "cells that are numbers": ({"cells": [1, 2]}, "never writes"),
    "too many cells": ({"cells": one_cell() * 5001}, "never writes"),
    "a cell of no kind": ({"cells": one_cell(kind="script")}, "never writes"),
    "a cell of a strange tag": ({"cells": one_cell(tag=EVIL)}, "never writes"),
    "a cell with more keys": ({"cells": one_cell(outputs=[])}, "never writes"),
    "a cell whose text is a list": ({"cells": one_cell(text=["a"])}, "never writes"),
    "an id with mark-up": ({"cells": one_cell(id=EVIL)}, "never writes"),
    "an id that is too long": ({"cells": one_cell(id="a" * 65)}, "never writes"),
    "pictures that are none": ({"cells": one_cell(pictures={"a.png": "b"})}, "never writes"),
    "pictures of no kind": ({"cells": one_cell(pictures={"a.png": {EVIL: "b"}})}, "never writes"),
    "runs that are numbers": ({"ran": [5]}, "never writes"),
    "progress that is a list": ({"passed": ["1.2"]}, "never writes"),
    "progress at no time": ({"passed": {"1.2": "soon"}}, "never writes"),
    "progress of another lab": ({"passed": {"2.2": "2026-01-01T00:00:00+00:00"}}, "never writes"),
    "progress of no exercise": ({"passed": {EVIL: "2026-01-01T00:00:00+00:00"}}, "never writes"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_foreign_or_hostile_file_is_refused(name, whole, lab, tmp_path, monkeypatch):
    changes, words = HOSTILE[name]
    assert words in refused(lab, "work.json", signed(whole, **changes), tmp_path, monkeypatch)


NO_WORK = {
    "empty": b"",
    "text": b"hello",
    "a list": b"[1, 2]",
    "a number": b"7",
    "a pickle": pickle.dumps({"format": saved_file.FORMAT}),
    "a deep list": b"[" * 200_000,
    "a deep object": b'{"format": "coursekit work", "a": ' + b"[" * 900 + b"]" * 900 + b"}",
    "a long number": b"9" * 100_000,
    "bytes": bytes(range(256)),
    "a picture": b"\x89PNG\r\n\x1a\n" + b"\0" * 100,
    "an object": b"{}",
    "zeros": b"\0" * 1000,
    "utf-16": '{"format": "coursekit work"}'.encode("utf-16"),
    "a half character": b'{"format": "coursekit work", "sha256": "\\ud800"}',
}


@pytest.mark.parametrize("name", NO_WORK)
def test_what_is_no_saved_work_is_refused(name, lab, tmp_path, monkeypatch):
    refused(lab, "work.json", NO_WORK[name], tmp_path, monkeypatch)


def test_a_notebook_is_refused_with_its_remedy(lab, tmp_path, monkeypatch):
    told = refused(lab, "other.ipynb", lab.read_bytes(), tmp_path, monkeypatch)
    assert "is a notebook, not saved work: open it" in told


def test_missing_folder_and_pipe(lab, tmp_path, monkeypatch):
    assert "There is no file" in refused(lab, "gone.json", None, tmp_path, monkeypatch)
    (lab.parent / "folder.json").mkdir()
    assert "There is no file" in refused(lab, "folder.json", None, tmp_path, monkeypatch)
    if hasattr(os, "mkfifo"):
        os.mkfifo(lab.parent / "pipe.json")
        assert "There is no file" in refused(lab, "pipe.json", None, tmp_path, monkeypatch)


def test_a_huge_file_is_not_even_read(lab, tmp_path, monkeypatch):
    with (lab.parent / "work.json").open("wb") as file:
        file.truncate(10**12 if os.name == "posix" else 10**8)
    pages = []
    monkeypatch.setattr(panel, "show", lambda text, page: pages.append(text))
    coursekit.restore(lab.parent / "work.json", notebook=lab)
    assert "too large" in pages[0]
    assert sorted(path.name for path in lab.parent.iterdir()) == ["01_flows.ipynb", "work.json"]


def test_a_file_cut_anywhere_is_refused(whole, lab, tmp_path, monkeypatch):
    for end in [*range(0, len(whole) - 2, len(whole) // 60), len(whole) - 3]:
        assert "is damaged" in refused(lab, "work.json", whole[:end], tmp_path, monkeypatch)


def test_a_flipped_bit_anywhere_is_refused_or_means_the_same(whole, tmp_path):
    """Between the texts of a JSON file a tab can stand in the place of a blank."""
    path, told = tmp_path / "work.json", saved_file.read(written(tmp_path / "whole.json", whole))
    same = 0
    for at in range(0, len(whole), 41):
        flipped = bytearray(whole)
        flipped[at] ^= 1 << (at % 8)
        try:
            read = saved_file.read(written(path, bytes(flipped)))
        except saved_file.Refused:
            continue
        assert read == told
        same += 1
    assert same < 20


def written(path, data):
    path.write_bytes(data)
    return path


def test_line_ends_and_a_mark_of_windows_do_no_harm(whole, tmp_path):
    windows = b"\xef\xbb\xbf" + whole.replace(b"\n", b"\r\n")
    assert saved_file.read(written(tmp_path / "a", windows)) == saved_file.read(
        written(tmp_path / "b", whole)
    )


def test_names_are_escaped(whole, lab, tmp_path, monkeypatch):
    told = refused(lab, f"{EVIL.replace('/', '')}.json", whole[:100], tmp_path, monkeypatch)
    assert "onerror" in told


def test_the_newest_file_is_refused_when_it_is_damaged_and_none_is_taken_unsaid(whole, lab, monkeypatch):
    (lab.parent / "01_flows_saved_2026-01-01_000000.json").write_bytes(whole)
    (lab.parent / "01_flows_saved_2026-01-02_000000.json").write_bytes(whole[:-9])
    pages = []
    monkeypatch.setattr(panel, "show", lambda text, page: pages.append(text))
    coursekit.restore(notebook=lab)
    assert "`01_flows_saved_2026-01-02_000000.json` is damaged" in pages[0]
    assert not list(lab.parent.glob("*restored*"))


def test_hostile_text_only_becomes_text(whole, lab):
    """Cells hold whatever a student may write; it comes back as that, in no other file."""
    nasty = [
        {"kind": kind, "text": f"<script>alert(1)</script>{EVIL}\ud800"}
        for kind in ("markdown", "code", "raw")
    ]
    path = written(lab.parent / "work.json", signed(whole, cells=nasty, ran=["../../x"], passed={}))
    coursekit.restore(path, notebook=lab)
    book = json.loads((lab.parent / "01_flows_restored.ipynb").read_text(encoding="utf-8"))
    assert [cell["source"] for cell in book["cells"][:3]] == [each["text"] for each in nasty]
    assert book["metadata"] == built("01_flows")["metadata"]


def test_a_course_whose_title_was_mended_takes_its_old_work(whole, lab, capsys):
    path = written(lab.parent / "work.json", signed(whole, course="Flow maching"))
    coursekit.restore(path, notebook=lab)
    assert capsys.readouterr().out.startswith("✓ Restored")
