"""Places in a student's tree, and in its git, where a secret can stand; each returns what is to be named."""

import gzip
import io
import json
import lzma
import marshal
import sqlite3
import struct
import subprocess
import tarfile
import zipfile
import zlib

import leak_plants


def git(folder, *words):
    who = ("-c", "user.name=A", "-c", "user.email=a@b.c", "-c", "commit.gpgsign=false")
    subprocess.run(["git", "-C", folder, *who, *words], check=True, capture_output=True)


def zipped(name, text):
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, text)
    return made.getvalue()


def tarred(name, text, mode):
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode=mode) as archive:
        member = tarfile.TarInfo(name)
        member.size = len(text.encode())
        archive.addfile(member, io.BytesIO(text.encode()))
    return made.getvalue()


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def picture(text):
    comment = chunk(b"zTXt", b"Comment\0\0" + zlib.compress(text.encode()))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", bytes(13)) + comment + chunk(b"IEND", b"")


def put(folder, path, content):
    target = folder / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def book(plant, text):
    made = {"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    made["cells"].append({"cell_type": "markdown", "id": "a", "metadata": {}, "source": ["# Notes"]})
    made["cells"].append(
        {"cell_type": "code", "id": "b", "metadata": {"tags": []}, "source": [], "outputs": []}
    )
    plant(made, text)
    return json.dumps(made)


def widgets(made, text):
    state = {"abc": {"model_name": "HTMLModel", "state": {"value": f"<b>{text}</b>"}}}
    made["metadata"]["widgets"] = {"application/vnd.jupyter.widget-state+json": {"state": state}}


# In the course: what the release would copy.


def in_readme(root, dest, text):
    return put(root, "README.md", f"# A course\n\nThink of `{text}`.\n")


def in_a_script(root, dest, text):
    return put(root, "postBuild", f"#!/bin/sh\n# {text}\n")


def in_a_picture(root, dest, text):
    return put(root, "pictures/01_flows.png", picture(text))


def in_packaged_data(root, dest, text):
    return put(root, "coursekit/weights/notes.json", json.dumps({"note": text}))


def in_weights(root, dest, text):
    return put(root, "coursekit/weights/net.safetensors", b"\x10\0\0\0\0\0\0\0" + text.encode() + bytes(99))


def in_the_lab_itself(root, dest, text):
    path = root / "solutions/01_flows.md"
    path.write_text(
        path.read_text(encoding="utf-8").replace("Say why.", f"Say why: `{text}`"), encoding="utf-8"
    )
    return "labs/01_flows.ipynb, cell "


# In DEST: what is there already, and stays.


def in_a_checkpoint(root, dest, text):
    path = "labs/.ipynb_checkpoints/01_flows-checkpoint.ipynb"
    return put(dest, path, book(leak_plants.in_source, text)) + ", cell 2 source"


def in_outputs(root, dest, text):
    return put(dest, "more/notes.ipynb", book(leak_plants.in_stream, text)) + ", cell 2 outputs"


def in_an_attachment(root, dest, text):
    made = book(leak_plants.in_attachment_base64, text)
    return put(dest, "notes.ipynb", made) + ", cell 1 attachments"


def in_cell_metadata(root, dest, text):
    return put(dest, "notes.ipynb", book(leak_plants.in_cell_metadata, text)) + ", cell 2 metadata"


def in_widget_state(root, dest, text):
    return put(dest, "notes.ipynb", book(widgets, text)) + ", notebook metadata"


def in_a_cache(root, dest, text):
    data = b"\xa7\r\r\n" + bytes(12) + marshal.dumps(compile(f"note = {text!r}", "a.py", "exec"))
    put(dest, "coursekit/a.py", "")
    return put(dest, "coursekit/__pycache__/a.cpython-311.pyc", data)


def in_a_built_wheel(root, dest, text):
    return put(dest, "dist/kit-1.whl", zipped("kit/a.py", text)) + ": kit/a.py"


def in_a_built_archive(root, dest, text):
    return put(dest, "dist/kit-1.tar.gz", tarred("kit/a.py", text, "w:gz")) + ": kit/a.py"


def in_a_plain_tar(root, dest, text):
    return put(dest, "old.tar", tarred("a.py", text, "w")) + ": a.py"


def in_an_archive_in_an_archive(root, dest, text):
    inner = gzip.compress(zipped("a.py", text))
    return put(dest, "old.xz", lzma.compress(zipped("b.gz", inner)))


def in_a_notebook_in_an_archive(root, dest, text):
    made = zipped("a.ipynb", book(leak_plants.in_attachment_base64, text))
    return put(dest, "labs.zip", made) + ": a.ipynb, cell 1 attachments"


def in_the_build_folder(root, dest, text):
    return put(dest, "build/lib/kit/a.py", text)


def in_an_egg_info(root, dest, text):
    return put(dest, "kit.egg-info/PKG-INFO", f"Name: kit\n\n{text}\n")


def in_wide_text(root, dest, text):
    return put(dest, "notes.txt", text.encode("utf-16"))


def in_a_data_base(root, dest, text):
    with sqlite3.connect(dest / "history.sqlite") as base:
        base.execute("create table history (source text)")
        base.execute("insert into history values (?)", [text])
    return "history.sqlite"


def in_a_file_s_name(root, dest, text):
    return put(dest, text.strip().replace("/", "-"), "")


def in_a_link(root, dest, text):
    (dest / "link").symlink_to(text.strip())
    return "link"


# In the git objects of DEST.


def in_a_commit(root, dest, text):
    put(dest, "old.py", text)
    git(dest, "add", "-A")
    git(dest, "commit", "-qm", "one")
    git(dest, "rm", "-q", "old.py")
    git(dest, "commit", "-qm", "two")
    return "old.py in git object "


def in_packed_objects(root, dest, text):
    in_a_commit(root, dest, text)
    git(dest, "gc", "-q")
    return "old.py in git object "


def in_another_branch(root, dest, text):
    git(dest, "add", "-A")
    git(dest, "commit", "-qm", "one")
    git(dest, "switch", "-qc", "drafts")
    put(dest, "old.py", text)
    git(dest, "add", "-A")
    git(dest, "commit", "-qm", "two")
    git(dest, "switch", "-q", "-")
    return "old.py in git object "


def in_an_unreachable_object(root, dest, text):
    put(dest, "old.py", text)
    git(dest, "add", "old.py")
    git(dest, "rm", "-q", "--cached", "old.py")
    (dest / "old.py").unlink()
    return "blob in git object "


def in_the_stash(root, dest, text):
    git(dest, "add", "-A")
    git(dest, "commit", "-qm", "one")
    put(dest, "README.md", text)
    git(dest, "stash", "-q")
    return "README.md in git object "


def in_a_commit_s_message(root, dest, text):
    git(dest, "commit", "-q", "--allow-empty", "-m", text)
    (dest / ".git/COMMIT_EDITMSG").unlink()
    (dest / ".git/logs/HEAD").unlink()
    for path in (dest / ".git/logs/refs/heads").iterdir():
        path.unlink()
    return "commit in git object "


def in_a_tag(root, dest, text):
    git(dest, "commit", "-q", "--allow-empty", "-m", "one")
    git(dest, "tag", "-a", "v1", "-m", text)
    return "v1 in git object "


def in_an_archive_in_git(root, dest, text):
    put(dest, "old.zip", zipped("a.py", text))
    git(dest, "add", "-A")
    git(dest, "commit", "-qm", "one")
    git(dest, "rm", "-q", "old.zip")
    git(dest, "commit", "-qm", "two")
    return "old.zip in git object "


def in_git_s_own_files(root, dest, text):
    return put(dest, ".git/description", text)


COURSE = (in_readme, in_a_script, in_a_picture, in_packaged_data, in_weights, in_the_lab_itself)
DEST = (
    *(in_a_checkpoint, in_outputs, in_an_attachment, in_cell_metadata, in_widget_state, in_a_cache),
    *(in_a_built_wheel, in_a_built_archive, in_a_plain_tar, in_an_archive_in_an_archive),
    *(in_a_notebook_in_an_archive, in_the_build_folder, in_an_egg_info, in_wide_text, in_a_data_base),
    *(in_a_file_s_name, in_a_link),
)
GIT = (
    *(in_a_commit, in_packed_objects, in_another_branch, in_an_unreachable_object, in_the_stash),
    *(in_a_commit_s_message, in_a_tag, in_an_archive_in_git, in_git_s_own_files),
)
PLACES = {plant.__name__: plant for plant in (*COURSE, *DEST, *GIT)}
