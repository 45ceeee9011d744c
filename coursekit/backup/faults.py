"""Why nothing was done: a sentence with the fault and the remedy, for the reader."""


class Refused(Exception):
    """Nothing was written; the text says what is wrong and what to do."""


def unwritable(error: OSError, where: object) -> Refused:
    """The sentence for a file that the system does not let us read or write."""
    reason = error.strerror or type(error).__name__
    return Refused(
        f"`{where}` cannot be read or written ({reason}): free some disk or move the notebook to a folder "
        "of yours, and run this cell again."
    )
