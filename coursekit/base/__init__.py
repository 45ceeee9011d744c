"""The foundation of the package: time, fields, large batches in chunks, files, threads, the installation."""

from .chunking import chunked, concat_chunks
from .fields import Field, SingularField, singular_at
from .files import atomic_write, user_folder
from .installation import Installation, InstallationError, check_installation, inspect_installation
from .runtime import installed_version, limit_threads
from .times import Time, as_time, time_shape

__all__ = [
    "Field",
    "Installation",
    "InstallationError",
    "SingularField",
    "Time",
    "as_time",
    "atomic_write",
    "check_installation",
    "chunked",
    "concat_chunks",
    "inspect_installation",
    "installed_version",
    "limit_threads",
    "singular_at",
    "time_shape",
    "user_folder",
]
