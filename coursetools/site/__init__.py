"""The reader's site: the course's notebooks, run and laid out as the sources of a book.

`staging` writes the pages, in the course's own environment; `book/` holds the settings by which Sphinx turns
them into HTML, in another. `make site` does both.
"""
