"""The foundation of the package: time, fields, batches in chunks, images, files, threads, installation."""

from .chunking import chunked, concat_chunks
from .fields import Field, SingularField, singular_at
from .files import atomic_write, user_folder
from .images import ink_centre, resample
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
    "ink_centre",
    "inspect_installation",
    "installed_version",
    "limit_threads",
    "resample",
    "singular_at",
    "time_shape",
    "user_folder",
]
