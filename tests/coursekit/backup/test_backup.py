"""`coursekit.save()` and `restore()`: what was written comes back at its place, and nothing else changes."""

import os
from collections import Counter
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import nbformat
import pytest
from backup_labs import LABS, ROOT, built, opened, output, own, put, tagged, worked

import coursekit
from coursekit.backup import api, cells, display, merge, saved_file, session
from coursekit.checks.core import panel, progress_store

pytestmark = pytest.mark.usefixtures("own_home")


def save(path):
    """Save, and return the new file."""
    before = set(path.parent.iterdir())
    coursekit.save(path)
    (made,) = set(path.parent.iterdir()) - before
    return made


def restore(path, saved=None):
    """Restore, and return the new notebook's path and JSON; whatever was there is as it was."""
    before = {each: each.read_bytes() for each in path.parent.iterdir()}
    coursekit.restore(saved, notebook=path)
    (made,) = set(path.parent.iterdir()) - before.keys()
    assert {each: each.read_bytes() for each in before} == before
    return made, opened(made.read_text(encoding="utf-8"))


def texts(book):
    return [(cell["cell_type"], cell["source"]) for cell in book["cells"]]


def brought(folder, lab, saved, today=None):
    """The saved file beside a fresh copy of the lab in a new course's folder, restored."""
    path = put(folder, lab, today)
    (path.parent / saved.name).write_bytes(saved.read_bytes())
    return restore(path)[1]


@pytest.mark.parametrize("lab", LABS)
def test_every_cell_of_a_built_lab_is_known_as_untouched(lab, tmp_path):
    book = cells.open_lab(put(tmp_path, lab))
    assert all(cells.untouched(lab, book.cells()))
    numbers = cells.exercises(book.cells())
    assert "" not in [number for number, cell in zip(numbers, book.cells(), strict=True) if cell.tag]
    changed = [cells.Cell(each.kind, each.text + " ", each.tag, each.id) for each in book.cells()]
    assert not any(cells.untouched(lab, changed))


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("lab", LABS)
def test_whatever_was_done_to_a_lab_comes_back(lab, seed, tmp_path):
    book, hers = worked(lab, seed)
    saved = save(put(tmp_path / "old", lab, book))
    back = brought(tmp_path / "new", lab, saved)
    nbformat.validate(nbformat.from_dict(back))
    lost = Counter(cell["source"] for cell in hers) - Counter(cell["source"] for cell in back["cells"])
    assert not lost
    assert len(back["cells"]) <= len(built(lab)["cells"]) + len(hers)
    today = [cell["id"] for cell in built(lab)["cells"]]
    assert [cell["id"] for cell in back["cells"] if cell["id"] in today] == today
    theirs = {cell["id"]: cell["source"] for cell in book["cells"]}
    for old, cell in zip(built(lab)["cells"], [c for c in back["cells"] if c["id"] in today], strict=True):
        assert cell["source"] == theirs.get(cell["id"], old["source"])
        assert cell["metadata"] == old["metadata"]
    assert not any(cell.get("outputs") or cell.get("execution_count") for cell in back["cells"])


@pytest.mark.parametrize("lab", LABS)
def test_a_restored_lab_is_saved_and_restored_again_as_it_is(lab, tmp_path):
    saved = save(put(tmp_path / "old", lab, worked(lab, 1)[0]))
    path = put(tmp_path / "new", lab)
    first, book = restore(path, saved)
    second = brought(tmp_path / "newer", lab, save(first))
    assert texts(second) == texts(book)
    assert [cell["id"] for cell in second["cells"]] == [cell["id"] for cell in book["cells"]]


def test_own_cells_come_after_the_cell_they_came_after(tmp_path):
    book = built("01_flows")
    for index in (0, 7, 20, len(book["cells"])):
        book["cells"].insert(index, own("code", f"own {index}"))
        book["cells"].insert(index + 1, own("markdown", f"own {index} too"))
    assert texts(brought(tmp_path / "new", "01_flows", save(put(tmp_path, "01_flows", book)))) == texts(book)


def mended(lab):
    """The lab after its course was mended: a stub, a check and a text are others, an exercise is gone."""
    book = built(lab)
    first, second, *_ = tagged(book, "exercise")
    first["source"], first["id"] = first["source"].replace('"""', '"""Mended. ', 1), "mended-stub"
    tagged(book, "check")[0]["id"] = "mended-check"
    tagged(book, "written")[0]["id"] = "mended-written"
    book["cells"][1] |= {"source": "# Another title", "id": "mended-title"}
    at = next(n for n, cell in enumerate(book["cells"]) if "### Exercise 1.2 " in cell["source"])
    end = next(n for n, cell in enumerate(book["cells"]) if "### Exercise 1.3 " in cell["source"])
    assert second in book["cells"][at:end]
    del book["cells"][at:end]
    return book


def test_a_lab_that_was_mended_takes_the_answers(tmp_path):
    book = built("01_flows")
    for number, cell in enumerate(tagged(book, "exercise", "written")):
        cell["source"] = f"answer {number}"
    gone = tagged(book, "exercise")[1]["source"]
    saved = save(put(tmp_path, "01_flows", book))
    back = brought(tmp_path / "new", "01_flows", saved, mended("01_flows"))
    by_id = {cell["id"]: cell for cell in back["cells"]}
    assert by_id["mended-stub"]["source"] == "answer 0"
    assert by_id["mended-written"]["source"] in {cell["source"] for cell in tagged(book, "written")}
    display = [source for _, source in texts(back)]
    assert display[1] == "# Another title"
    assert not any(source.startswith("# Lab 01") for source in display)  # the course's old text is not hers
    assert display[display.index(merge.PLACELESS) + 1 :][0] == gone
    assert all(display.count(f"answer {n}") == 1 for n in range(len(tagged(book, "exercise", "written"))))


def test_a_changed_cell_whose_original_was_mended_stays_beside_it(tmp_path):
    book = built("01_flows")
    book["cells"][1]["source"] += "\n\nMy note."
    back = brought(tmp_path / "new", "01_flows", save(put(tmp_path, "01_flows", book)), mended("01_flows"))
    assert [cell["source"] for cell in back["cells"]].count(book["cells"][1]["source"]) == 1
    assert back["cells"][0]["source"] == built("01_flows")["cells"][0]["source"]


def test_pictures_in_an_answer_and_notebooks_without_ids(tmp_path):
    book = built("01_flows")
    picture = {"me.png": {"image/png": "aGVsbG8=", "image/svg+xml": ["<svg>\n", "</svg>"]}}
    tagged(book, "written")[0] |= {"source": "![](attachment:me.png)", "attachments": picture}
    tagged(book, "exercise")[2]["source"] = "def mine(): ..."
    for cell in book["cells"]:
        del cell["id"]
    back = brought(tmp_path / "new", "01_flows", save(put(tmp_path, "01_flows", book)))
    assert tagged(back, "written")[0]["attachments"]["me.png"]["image/svg+xml"] == "<svg>\n</svg>"
    assert tagged(back, "exercise")[2]["source"] == "def mine(): ..."
    assert len(back["cells"]) == len(built("01_flows")["cells"])  # without ids the texts tell


def test_nothing_is_overwritten_and_the_newest_file_is_taken(tmp_path, monkeypatch):
    path = put(tmp_path, "01_flows")
    first = save(path)
    book = built("01_flows")
    tagged(book, "exercise")[0]["source"] = "newer"
    put(tmp_path, "01_flows", book)
    monkeypatch.setattr(api, "datetime", SimpleNamespace(now=lambda: datetime.now(UTC) + timedelta(days=1)))
    newest = save(path)
    again = save(path)  # within the same second, or not: never the same name
    assert len({first, newest, again}) == 3
    put(tmp_path, "01_flows")
    newest.rename(tmp_path / newest.name)  # the course's folder: where a file dragged into the list may lie
    monkeypatch.chdir("/")
    again.unlink()
    names = []
    for name in (None, newest.name, tmp_path / newest.name):
        made, back = restore(path, name)
        names.append(made.name)
        assert tagged(back, "exercise")[0]["source"] == "newer"
    assert names == ["01_flows_restored.ipynb", "01_flows_restored_2.ipynb", "01_flows_restored_3.ipynb"]


def test_a_restored_notebook_builds_on_the_lab_beside_it(tmp_path):
    book = built("01_flows")
    tagged(book, "exercise")[0]["source"] = "first session"
    saved = save(put(tmp_path, "01_flows", book))
    put(tmp_path, "01_flows")
    made, _ = restore(tmp_path / "labs" / "01_flows.ipynb", saved)
    other, back = restore(made, saved)
    assert other.name == "01_flows_restored_2.ipynb"
    assert tagged(back, "exercise")[0]["source"] == "first session"


def test_progress_comes_back_and_never_gets_worse(tmp_path, own_home):
    day = datetime(2026, 1, 2, tzinfo=UTC)
    assert progress_store.merge({"1.2": day, "1.3": day, "2.1": day}) == ""
    saved = save(put(tmp_path, "01_flows"))
    assert set(saved_file.read(saved).passed) == {"1.2", "1.3"}  # of this lab
    (own_home / "progress.json").unlink()
    later, earlier = day + timedelta(days=1), day - timedelta(days=1)
    progress_store.merge({"1.2": earlier, "1.3": later, "1.4": later})
    restore(put(tmp_path / "new", "01_flows"), saved)
    assert progress_store.load().passed == {"1.2": earlier, "1.3": day, "1.4": later}
    assert progress_store.merge({"1.2": later}) == ""
    assert progress_store.load().passed["1.2"] == earlier


def test_progress_that_cannot_be_written_is_told_and_the_notebook_is_there(tmp_path, monkeypatch, capsys):
    progress_store.merge({"1.2": datetime.now(UTC)})
    saved = save(put(tmp_path, "01_flows"))
    (tmp_path / "file").touch()
    monkeypatch.setenv("COURSEKIT_HOME", str(tmp_path / "file" / "inside"))
    restore(put(tmp_path / "new", "01_flows"), saved)
    assert "could not be recorded" in capsys.readouterr().out


def test_calls_of_save_and_restore_are_no_work(tmp_path):
    book = built("01_flows")
    book["cells"] += [
        own("code", text) for text in ("coursekit.save()", "import coursekit\n\ncoursekit.restore('a')")
    ]
    book["cells"] += [own("code", text) for text in (" \n", "coursekit.save(); x = 1", "# coursekit.save()")]
    back = brought(tmp_path / "new", "01_flows", save(put(tmp_path, "01_flows", book)))
    added = [cell["source"] for cell in back["cells"][len(built("01_flows")["cells"]) :]]
    assert added == ["coursekit.save(); x = 1", "# coursekit.save()"]


@pytest.fixture
def kernel(monkeypatch):
    """As in a kernel: `run` is its history, `page` is asked to save, `told` are the panels."""
    seen = SimpleNamespace(run=[""], page=lambda mark: None, told=[], names={})
    history = SimpleNamespace(input_hist_raw=seen.run)
    monkeypatch.setattr(
        session, "_shell", lambda: SimpleNamespace(user_ns=seen.names, history_manager=history)
    )
    monkeypatch.setattr(panel, "in_notebook", lambda: True)
    monkeypatch.setattr(session, "PATIENCE", 0.3)
    monkeypatch.setattr(display.Place, "ask", lambda place, mark: seen.page(mark))
    monkeypatch.setattr(display.Place, "show", lambda place, text, page: seen.told.append((text, page)))
    return seen


def test_the_page_is_asked_to_save_and_its_text_is_taken(kernel, tmp_path):
    path = put(tmp_path, "01_flows")

    def answer(mark):
        book = built("01_flows")
        tagged(book, "written")[0]["source"] = "typed a second ago, never run"
        book["cells"].append(own("code", "coursekit.save()") | {"outputs": [output(mark)]})
        put(tmp_path, "01_flows", book)

    kernel.page, kernel.run[:] = answer, ["", "an older draft"]
    os.utime(path, (1, 1))
    work = saved_file.read(save(path))
    assert "typed a second ago, never run" in [cell.text for cell in work.cells]
    assert work.ran == ()
    assert kernel.told[-1][0].startswith("✓ Saved\n")
    assert "data:application/json;base64," in kernel.told[-1][1]


def test_a_file_older_than_what_was_run_is_told_and_what_was_run_is_kept(kernel, tmp_path):
    book = built("01_flows")
    tagged(book, "exercise")[0]["source"] = "on the disk"
    path = put(tmp_path, "01_flows", book)
    kernel.run += [
        book["cells"][2]["source"],
        "run since then",
        "on the disk",
        "run since then",
        "coursekit.save()",
    ]
    saved = save(path)
    assert saved_file.read(saved).ran == ("run since then",)
    text = kernel.told[-1][0]
    assert text.startswith("△ Saved, but perhaps not your last words")
    assert "Press Ctrl+S" in text
    back = brought(tmp_path / "new", "01_flows", saved)
    assert [cell["source"] for cell in back["cells"]][-2:] == [merge.RAN, "run since then"]


@pytest.mark.parametrize("vs_code", [False, True])
@pytest.mark.parametrize(("age", "whole"), [(5, True), (300, False)])
def test_where_no_page_answers_only_vs_code_is_believed_just_after_a_save(
    kernel, tmp_path, age, whole, vs_code
):
    """VS Code is never asked. JupyterLab was, in vain: another window may have saved other words."""
    path = put(tmp_path, "01_flows")
    kernel.run += ["an older draft", built("01_flows")["cells"][2]["source"], "coursekit.save()"]
    if vs_code:
        kernel.names["__vsc_ipynb_file__"] = str(path)
        kernel.page = lambda mark: pytest.fail("VS Code has no page to ask")
    then = path.stat().st_mtime - age
    os.utime(path, (then, then))
    save(path)
    assert kernel.told[-1][0].startswith("✓ Saved\n") is (whole and vs_code)
    assert ("5 seconds ago" if whole else "5 minutes ago") in kernel.told[-1][0]


def test_a_path_from_the_course_s_folder_is_found_from_the_lab_s(kernel, tmp_path, monkeypatch):
    put(tmp_path, "01_flows")
    monkeypatch.chdir(tmp_path / "labs")
    coursekit.save("labs/01_flows.ipynb")
    assert len([*(tmp_path / "labs").glob("01_flows_saved_*.json")]) == 1


def test_where_the_newest_file_is_damaged_the_one_before_it_is_named(kernel, tmp_path):
    path = put(tmp_path, "01_flows")
    coursekit.save(path)
    (good,) = (tmp_path / "labs").glob("01_flows_saved_*.json")
    (tmp_path / "01_flows_saved_9999-01-01_000000.json").write_text("{")
    coursekit.restore(notebook=path)
    assert "Nothing was restored" in kernel.told[-1][0]
    assert f'coursekit.restore("{good.name}")' in kernel.told[-1][0]


def test_the_server_or_vs_code_says_which_notebook_it_is(kernel, tmp_path, monkeypatch, capsys):
    path = put(tmp_path, "01_flows")
    monkeypatch.setenv("JPY_SESSION_NAME", str(path))
    coursekit.save()
    assert "Nothing was saved" not in kernel.told[-1][0]
    kernel.names["__vsc_ipynb_file__"] = str(tmp_path / "gone.ipynb")
    coursekit.save()
    assert "There is no notebook" in kernel.told[-1][0]
    kernel.names.clear()
    monkeypatch.delenv("JPY_SESSION_NAME")
    coursekit.save()
    assert 'coursekit.save(notebook="labs/01_flows.ipynb")' in kernel.told[-1][0]
    coursekit.restore()
    assert 'coursekit.restore(notebook="labs/01_flows.ipynb")' in kernel.told[-1][0]
    monkeypatch.setitem(__import__("sys").modules, "google.colab", session)
    coursekit.save()
    assert "Save a copy in Drive" in kernel.told[-1][0]


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"cells": [], "metadata": {}}', '{"cells": [1], "metadata": {}}']
)
def test_what_is_no_lab_is_not_saved(text, tmp_path, capsys):
    path = tmp_path / "some.ipynb"
    path.write_text(text)
    coursekit.save(path)
    assert capsys.readouterr().out.startswith("△ Nothing was saved\n  `")
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("folder", ["lectures", "solutions"])
def test_only_labs_are_saved(folder, capsys):
    coursekit.save(ROOT / folder / "01_flows.ipynb")
    assert "is not a lab" in capsys.readouterr().out


def test_a_disk_that_is_full_is_told_and_leaves_nothing_behind(tmp_path, monkeypatch, capsys):
    path = put(tmp_path, "01_flows")
    saved = save(path)
    before = sorted(path.parent.iterdir())

    def full(*args, **options):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "chmod", full)
    coursekit.save(path)
    coursekit.restore(saved, notebook=path)
    told = capsys.readouterr().out
    assert told.count("No space left on device") == 2
    assert sorted(path.parent.iterdir()) == before


def test_a_file_system_without_links_overwrites_nothing_either(tmp_path, monkeypatch):
    def no_links(*args):
        raise OSError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", no_links)
    path = put(tmp_path, "01_flows")
    saved = save(path)
    assert restore(path, saved)[0].name == "01_flows_restored.ipynb"
    assert restore(path, saved)[0].name == "01_flows_restored_2.ipynb"


def test_too_large_a_notebook_is_told(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(saved_file, "LARGEST", 1000)
    path = put(tmp_path, "01_flows")
    coursekit.save(path)
    assert "File → Download" in capsys.readouterr().out
    assert list(path.parent.iterdir()) == [path]
