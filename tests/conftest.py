"""What every test shares: one thread, its own random numbers, and a progress file that is nobody's."""

import pytest
import torch

from coursekit import limit_threads

limit_threads()  # as in a notebook, and in every process that a test starts


@pytest.fixture(autouse=True, scope="session")
def _nobodys_progress(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COURSEKIT_HOME", str(tmp_path_factory.mktemp("progress")))
        patch.delenv("COURSEKIT_STRICT", raising=False)
        yield


@pytest.fixture
def own_home(tmp_path, monkeypatch):
    """A progress folder for this test alone."""
    monkeypatch.setenv("COURSEKIT_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture(autouse=True)
def _the_same_random_numbers_in_any_order():
    torch.manual_seed(0)  # tests only: library code never seeds
