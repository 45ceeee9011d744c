"""The JavaScript of the explorers: its tests, its bundles, and the answers that it is tested against."""

import importlib.util
import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
JS = ROOT / "js"
SPEC = importlib.util.spec_from_file_location("js_reference", ROOT / "tools" / "js_reference.py")
js_reference = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(js_reference)


def needed(condition, remedy):
    """Skip with a clear word where something is missing; in CI that is a failure."""
    if not condition:
        if os.environ.get("CI"):
            pytest.fail(f"CI must test the explorers: {remedy}")
        pytest.skip(remedy)


def numbers(tree):
    """All numbers of nested lists and dictionaries, in order."""
    if isinstance(tree, dict):
        tree = [tree[name] for name in sorted(tree)]
    if isinstance(tree, list):
        return [each for part in tree for each in numbers(part)]
    return [tree]


def test_the_committed_reference_is_what_coursekit_answers():
    committed = json.loads(js_reference.OUT.read_text(encoding="utf-8"))
    made = js_reference.reference()
    assert committed.keys() == made.keys()
    for name, tree in made.items():
        assert numbers(committed[name]) == pytest.approx(numbers(tree), rel=1e-12, abs=1e-12), name


def test_the_javascript_passes_its_own_tests():
    needed(shutil.which("node"), "no node on the PATH (Debian: apt install nodejs npm)")
    files = sorted(str(path) for path in (JS / "test").glob("*.test.js"))
    done = subprocess.run(["node", "--test", *files], cwd=JS, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout[-4000:]


def test_the_committed_bundles_are_what_the_sources_make():
    needed(shutil.which("node"), "no node on the PATH (Debian: apt install nodejs npm)")
    if os.environ.get("NPM_OUT_OF_REACH"):
        pytest.skip("npm could not install esbuild; `.ci/run` says so too")
    needed((JS / "node_modules" / "esbuild").exists(), "no esbuild: run `npm ci --prefix js`")
    done = subprocess.run(["node", JS / "build.mjs", "--check"], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
