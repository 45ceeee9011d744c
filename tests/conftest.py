"""What every test shares: coursekit's thread defaults, and a progress file that is nobody's."""

import coursekit  # noqa: F401  first of all, as in a notebook: it sets the thread defaults before torch is read
import pytest


@pytest.fixture(autouse=True, scope="session")
def _nobodys_progress(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COURSEKIT_HOME", str(tmp_path_factory.mktemp("progress")))
        patch.delenv("COURSEKIT_STRICT", raising=False)
        yield
