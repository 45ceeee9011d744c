"""MNIST comes from a mirror, the cache or a folder, is what it must be, and faults end in a sentence."""

import gzip
import hashlib
import os
import struct
import threading
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest
import torch

from coursekit.data import DataUnavailable, loaders, mnist

HERE = os.environ.get("COURSEKIT_DATA")
NAMES = list(loaders.MNIST.sums)
DEAD = "http://127.0.0.1:9/"  # the port of "discard", where nothing listens


def written(values):
    return bytes([0, 0, 8, values.ndim]) + struct.pack(f">{values.ndim}I", *values.shape) + values.tobytes()


def made_up():
    """Seven images to train on and three to test on; the first pixels are 0 and 255."""
    random = np.random.default_rng(0)
    arrays = []
    for n in (7, 3):
        images = random.integers(0, 256, (n, 28, 28), dtype=np.uint8)
        images[0, 0, :2] = 0, 255
        arrays += [images, random.integers(0, 10, n, dtype=np.uint8)]
    return dict(zip(NAMES, arrays, strict=True))


ARRAYS = made_up()
PLAIN = {name: written(values) for name, values in ARRAYS.items()}
SUMS = {name: hashlib.sha256(content).hexdigest() for name, content in PLAIN.items()}


@pytest.fixture
def serve():
    """Start servers of files; each keeps a list of what it was asked for."""
    running = []

    def start(contents, announced=None):
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                asked.append(self.path)
                content = contents.get(self.path.removeprefix("/"))
                self.send_response(404 if content is None else 200)
                self.send_header("Content-Length", str(announced or len(content or b"")))
                self.end_headers()
                self.wfile.write(content or b"")

            def log_message(self, *_):
                pass

        asked = []
        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        running.append(server)
        return f"http://127.0.0.1:{server.server_port}/", asked

    yield start
    for server in running:
        server.shutdown()
        server.server_close()


@pytest.fixture
def packed():
    return {f"{name}.gz": gzip.compress(content) for name, content in PLAIN.items()}


@pytest.fixture
def cache(own_home, monkeypatch):
    """An empty cache, and no folder of the user's."""
    monkeypatch.delenv("COURSEKIT_DATA", raising=False)
    return own_home / "mnist"


@pytest.fixture
def mirrors(monkeypatch):
    def use(*urls):
        monkeypatch.setattr(loaders, "MNIST", replace(loaders.MNIST, mirrors=urls, sums=SUMS))

    use(DEAD)
    return use


def left(cache):
    return sorted(path.name for path in cache.rglob("*") if path.is_file())


def assert_made_up(known, limit=7):
    for part, (images, labels), n in (
        (known.train, list(ARRAYS.values())[:2], limit),
        (known.test, list(ARRAYS.values())[2:], 3),
    ):
        assert part.images.shape == (n, 1, 28, 28)
        assert part.images.dtype == torch.float32
        assert part.labels.dtype == torch.int64
        assert part.labels.tolist() == labels[:n].tolist()
        assert torch.allclose(
            (part.images[:, 0].double() + 1) * 127.5, torch.from_numpy(images[:n]).double(), atol=1e-4
        )
        assert part.images[0, 0, 0, :2].tolist() == [-1, 1]  # paper and ink, exactly


def test_download_comes_once_and_then_from_the_cache(serve, packed, cache, mirrors, capfd):
    address, asked = serve(packed)
    mirrors(address)
    assert_made_up(mnist())
    assert asked == [f"/{name}.gz" for name in NAMES]
    assert left(cache) == sorted(PLAIN)
    assert "train-images-idx3-ubyte: 100%" in capfd.readouterr().err  # the bar
    mirrors(DEAD)
    assert_made_up(mnist())
    assert capfd.readouterr().err == ""


def test_a_mirror_answers_where_the_first_address_does_not(serve, packed, cache, mirrors):
    empty, asked = serve({})
    mirror, _ = serve(packed)
    for first in (DEAD, empty):
        mirrors(first, mirror)
        assert_made_up(mnist())
        for path in cache.iterdir():
            path.unlink()
    assert len(asked) == 4


def test_a_server_that_packs_otherwise_serves_as_well(serve, cache, mirrors):
    mirrors(serve({f"{name}.gz": gzip.compress(content, 1) for name, content in PLAIN.items()})[0])
    assert_made_up(mnist())


@pytest.mark.parametrize(
    "spoil",
    [
        lambda content: content[:-20],  # cut
        lambda content: content[:40] + b"????" + content[44:],  # bytes changed on the way
        lambda _: gzip.compress(PLAIN[NAMES[2]]),  # another file
        lambda _: b"<html>Please log in to this network</html>",
        lambda _: b"",
    ],
)
def test_a_wrong_file_is_refused_and_nothing_is_left(serve, packed, cache, mirrors, spoil):
    name = f"{NAMES[0]}.gz"
    mirrors(serve(packed | {name: spoil(packed[name])})[0])
    with pytest.raises(DataUnavailable, match=r"sent a wrong or damaged file.*COURSEKIT_DATA"):
        mnist()
    assert left(cache.parent) == []
    mirrors(serve(packed | {name: spoil(packed[name])})[0], serve(packed)[0])
    assert_made_up(mnist())  # the mirror has the right one


def test_a_transfer_that_breaks_off_leaves_nothing(serve, packed, cache, mirrors):
    mirrors(serve(packed, announced=10**6)[0])
    with pytest.raises(DataUnavailable, match=r"127\.0\.0\.1: .*COURSEKIT_DATA"):
        mnist()
    assert left(cache.parent) == []


def test_offline_is_one_sentence_with_the_remedy(cache, mirrors):
    mirrors(DEAD, "http://localhost:9/")
    with pytest.raises(DataUnavailable) as caught:
        mnist()
    told = str(caught.value)
    assert "127.0.0.1: no connection; localhost: no connection" in told
    assert "connect to the internet" in told
    assert "COURSEKIT_DATA" in told
    assert "data.digits()" in told
    assert "\n" not in told
    assert caught.value.__cause__ is None
    assert left(cache.parent) == []


def test_a_server_that_says_no_is_quoted(serve, cache, mirrors):
    mirrors(serve({})[0])
    with pytest.raises(DataUnavailable, match="404"):
        mnist()


def test_a_cache_that_cannot_be_made_is_one_sentence(serve, packed, cache, mirrors):
    mirrors(serve(packed)[0])
    cache.parent.write_text("a file where the folder should be")
    with pytest.raises(DataUnavailable, match=r"COURSEKIT_HOME to a folder of yours"):
        mnist()


def test_a_damaged_file_in_the_cache_is_fetched_again(serve, packed, cache, mirrors):
    address, asked = serve(packed)
    mirrors(address)
    mnist()
    (cache / NAMES[0]).write_bytes(b"")
    assert_made_up(mnist())
    assert len(asked) == 5


@pytest.mark.parametrize("form", ["plain", "packed"])
def test_a_folder_of_the_users_serves_and_is_left_alone(form, packed, cache, mirrors, tmp_path, monkeypatch):
    contents = PLAIN if form == "plain" else packed
    folder = tmp_path / "own"
    folder.mkdir()
    for name, content in contents.items():
        (folder / name).write_bytes(content)
        (folder / name).chmod(0o400)
    folder.chmod(0o500)
    monkeypatch.setenv("COURSEKIT_DATA", str(folder))
    assert_made_up(mnist())
    folder.chmod(0o700)
    assert left(folder) == sorted(contents)
    assert left(cache.parent) == []


def test_a_folder_without_the_files_is_one_sentence(packed, cache, mirrors, tmp_path, monkeypatch):
    monkeypatch.setenv("COURSEKIT_DATA", str(tmp_path / "nowhere"))
    with pytest.raises(DataUnavailable, match=r"nowhere.*lacks train.*unset COURSEKIT_DATA"):
        mnist()
    for name in NAMES[:3]:
        (tmp_path / name).write_bytes(PLAIN[name])
    monkeypatch.setenv("COURSEKIT_DATA", str(tmp_path))
    with pytest.raises(DataUnavailable, match=rf"lacks {NAMES[3]}: put {NAMES[3]} or {NAMES[3]}.gz there"):
        mnist()
    (tmp_path / NAMES[3]).write_bytes(PLAIN[NAMES[3]][:-1])
    with pytest.raises(DataUnavailable, match=r"damaged or not MNIST's"):
        mnist()


def test_limit_takes_the_first_training_images(serve, packed, cache, mirrors):
    mirrors(serve(packed)[0])
    assert_made_up(mnist(limit=4), limit=4)
    assert_made_up(mnist(7))
    for wrong in (0, 8):
        with pytest.raises(ValueError, match=rf"limit = {wrong}; choose between 1 and the 7"):
            mnist(wrong)


@pytest.mark.skipif(not HERE, reason="MNIST itself is read only where COURSEKIT_DATA names its folder")
def test_mnist_itself():
    known = mnist(limit=5000)
    assert known.train.images.shape == (5000, 1, 28, 28)
    assert known.train.labels[:10].tolist() == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]
    assert known.test.images.shape == (10000, 1, 28, 28)
    # The published numbers of each digit in the test part.
    assert known.test.labels.bincount().tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    assert (known.train.images.min(), known.train.images.max()) == (-1, 1)
    # The mean and deviation that everybody normalises MNIST with, 0.1307 and 0.3081 for pixels in [0, 1].
    assert (known.test.images.mean() + 1) / 2 == pytest.approx(0.1307, abs=0.003)
    assert known.test.images.std() / 2 == pytest.approx(0.3081, abs=0.005)
