"""What everything rests on: time, fields, large batches in chunks, files."""

from .chunking import chunked, concat_chunks
from .fields import Field, SingularField, singular_at
from .times import Time, as_time, time_shape

__all__ = [
    "Field",
    "SingularField",
    "Time",
    "as_time",
    "chunked",
    "concat_chunks",
    "singular_at",
    "time_shape",
]
