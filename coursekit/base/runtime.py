"""How the course runs on a machine: threads, and the version that is installed."""

import os
from importlib.metadata import PackageNotFoundError, version

import torch


def limit_threads(threads: int | None = None) -> None:
    """Compute on one thread, unless the user has set `OMP_NUM_THREADS`.

    The course's tensors are small: on a busy machine two threads, which wait for one another, are many times
    slower than one. Libraries that are loaded already are limited at once; those that are loaded later, and
    child processes, read it from the environment.

    Args:
        threads: a number that overrules the environment; None: that of `OMP_NUM_THREADS`, or 1.
    Raises:
        ValueError: `threads` is below 1.

    >>> import coursekit
    >>> coursekit.limit_threads(1)
    >>> torch.get_num_threads()
    1
    """
    if threads is not None and threads < 1:
        raise ValueError(f"threads = {threads}; at least one is needed")
    if threads is None and "OMP_NUM_THREADS" in os.environ:
        return
    from threadpoolctl import threadpool_limits  # here, so that importing coursekit stays light

    os.environ["OMP_NUM_THREADS"] = str(threads or 1)
    os.environ.setdefault(
        "OMP_WAIT_POLICY", "PASSIVE"
    )  # threads that wait sleep, and leave the core to others
    torch.set_num_threads(threads or 1)
    threadpool_limits(threads or 1)


def installed_version() -> str:
    """Version of the installed package, as pyproject.toml states it; "0+unknown" if it is not installed."""
    try:
        return version("coursekit")
    except PackageNotFoundError:
        return "0+unknown"
