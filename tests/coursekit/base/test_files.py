"""Files are written whole or not at all, in the user's folders."""

import os
from pathlib import Path

import pytest

from coursekit.base import atomic_write, user_folder


def write(path, text, **options):
    with atomic_write(path, **options) as part:
        assert part.suffix == path.suffix
        part.write_text(text)


def test_a_file_is_replaced_and_its_folders_are_made(tmp_path):
    path = tmp_path / "new" / "a.json"
    for text in ("first", "second"):
        write(path, text)
        assert path.read_text() == text
    assert os.listdir(path.parent) == ["a.json"]


@pytest.mark.parametrize("fault", [OSError("disk full"), KeyboardInterrupt()])
def test_a_file_is_there_whole_or_not_at_all(tmp_path, fault):
    path = tmp_path / "a.json"
    path.write_text("old")

    def write_half():
        with atomic_write(path) as part:
            part.write_text("half of the n")
            raise fault

    with pytest.raises(type(fault)):
        write_half()
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["a.json"]


@pytest.mark.parametrize("links", [True, False])
def test_a_file_that_is_there_is_left_alone_if_asked(tmp_path, monkeypatch, links):
    def no_links(*_):
        raise OSError(1, "Operation not permitted")

    if not links:
        monkeypatch.setattr(os, "link", no_links)
    path = tmp_path / "a.json"
    write(path, "old", overwrite=False)
    with pytest.raises(FileExistsError):
        write(path, "new", overwrite=False)
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["a.json"]


def test_the_user_or_the_system_chooses_the_folders(monkeypatch):
    monkeypatch.setenv("COURSEKIT_HOME", "~/mine")
    assert user_folder("data") == user_folder("cache") == Path.home() / "mine"
    monkeypatch.delenv("COURSEKIT_HOME")
    assert user_folder("data").name == user_folder("cache").name == "coursekit"
