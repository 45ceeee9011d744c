"""Work that outlives a session: `coursekit.save()` and `coursekit.restore()`.

A server such as Binder forgets everything when a session ends. `save` puts the work in a lab, and its
progress, into one small file to download. `restore` reads that file in the next session and writes a new
notebook beside the lab: the lab of today with the saved work at its places. Neither changes a file that is
there already.

    faults      a sentence for each reason why nothing was done
    cells       a notebook's cells, and which of them are still as the course made them
    saved_file  the file: one JSON object with a checksum, read with distrust
    merge       saved work put at its places in the lab of today
    display     what the reader sees: a button, a link, a sentence
    session     which notebook this is, and its text as the page has it
    api         `save` and `restore`
"""

from .api import restore, save

__all__ = ["restore", "save"]
