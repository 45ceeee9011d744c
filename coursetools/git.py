"""Run git in one folder, whatever a hook's environment says of other repositories."""

import os
import subprocess
from pathlib import Path


def run_git(folder: Path, *words: str) -> bytes | None:
    """What a git command prints in a folder; None if the folder is in no repository.

    Raises:
        ValueError: it is in one, and git fails there or is not installed.
    """
    here = folder.resolve()
    if not any((each / ".git").exists() for each in (here, *here.parents)):
        return None
    settings = {
        key: value
        for key, value in os.environ.items()
        if not key.startswith("GIT_") or key.startswith("GIT_CONFIG")
    }
    settings |= {"LC_ALL": "C"}
    try:
        done = subprocess.run(["git", "-C", here, *words], capture_output=True, check=False, env=settings)
    except OSError as error:
        raise ValueError(f"{folder} has a git repository, and git can't be run: {error}") from None
    if done.returncode:
        message = done.stderr.decode(errors="replace").strip()
        raise ValueError(f"git can't read the repository of {folder}: {message}")
    return done.stdout
