"""Is everything in place? One line that says so, with what was found folded beneath."""

import html
import os
import platform
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import torch

from .display import show, table
from .files import user_folder
from .runtime import installed_version

PYTHON = (3, 11)
TORCH = (2, 6)
PACKAGES = ("torch", "numpy", "scipy", "scikit-learn", "matplotlib", "ipywidgets", "safetensors")


class InstallationError(RuntimeError):
    """Something that the course needs is missing; the message says what to do."""


@dataclass(frozen=True)
class Installation:
    """What was found, in one line and in detail."""

    details: Mapping[str, str]

    @property
    def summary(self) -> str:
        """The one line."""
        return f"✓ Everything is in place: coursekit {self.details['coursekit']}, {self.details['Python']}."

    def text(self) -> str:
        """The line, with the details below."""
        return "\n".join([self.summary, *(f"  {name}: {text}" for name, text in self.details.items())])

    def html(self) -> str:
        """The line, with the details in a fold."""
        rows = table((html.escape(name), html.escape(text)) for name, text in self.details.items())
        return f"<details><summary>{html.escape(self.summary)}</summary>{rows}</details>"


def check_installation() -> None:
    """Show in one line whether everything is in place, with what was found in a fold.

    It looks at Python, PyTorch, its threads, and the folder in which progress is kept.

    Raises:
        InstallationError: something is off; the message says what to do.

    >>> coursekit.check_installation()  # doctest: +SKIP
    ✓ Everything is in place: coursekit 0.1.0, Python 3.12.3 on Linux x86_64.
    """
    found = inspect_installation()
    show(found.text(), found.html())


def inspect_installation() -> Installation:
    """Return what was found; raise `InstallationError` as `check_installation` does.

    >>> inspect_installation().summary.split(":")[0]
    '✓ Everything is in place'
    """
    if sys.version_info[:2] < PYTHON:
        raise InstallationError(
            f"This is Python {platform.python_version()}: install Python {PYTHON[0]}.{PYTHON[1]} or newer, "
            "then set the course up again, as the README says."
        )
    if _major_minor(version("torch")) < TORCH:
        raise InstallationError(
            f"PyTorch {version('torch')} is older than {TORCH[0]}.{TORCH[1]}: set the course up again, as "
            "the README says."
        )
    cores = os.cpu_count() or 1
    if torch.get_num_threads() > cores:
        raise InstallationError(
            f"PyTorch uses {torch.get_num_threads()} threads on {cores} cores and will be slow: set "
            "OMP_NUM_THREADS=1 and restart the kernel."
        )
    folder = user_folder("data")
    if not _writable(folder):
        raise InstallationError(
            f"Progress cannot be saved in {folder}: set COURSEKIT_HOME to a folder of yours."
        )
    try:
        packages = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    except PackageNotFoundError as error:
        raise InstallationError(
            f"{error.name} is missing: set the course up again, as the README says."
        ) from None
    cuda = torch.version.cuda
    return Installation(
        {
            "coursekit": installed_version(),
            "Python": f"Python {platform.python_version()} on {platform.system()} {platform.machine()}",
            "packages": packages,
            "PyTorch": f"built for CUDA {cuda}" if cuda else "built for CPUs, all this course needs",
            "threads": f"{torch.get_num_threads()} of {cores} cores",
            "progress": f"kept in {folder}",
        }
    )


def _major_minor(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(".")[:2])


def _writable(folder: Path) -> bool:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError:
        return False
    return True
