"""From text to notebooks: build lectures, labs and solutions from their sources, and gate what is released.

    python -m coursekit.release build     write every notebook from its source
    python -m coursekit.release check     built = committed, no leaks, no dead links

Nothing in `coursekit` imports this package, and it is not imported with `coursekit`. It needs jupytext
(the `lab` extra). The modules, in order of import:

    faults     one line for each thing wrong: `file:line: fault; remedy`
    course     course.toml
    markers    `### BEGIN SOLUTION` and `### END SOLUTION`
    source     MyST Markdown to cells that know their line numbers
    exercises  headings, hints and the cells below them
    rules      what a source may hold
    pages      the cells made from course.toml: header, set-up, navigation
    notebook   cells to the bytes of an .ipynb: ids, metadata
    build      sources to notebooks, in memory and on disk
    committed  gate: the files on disk are what the sources build
    disguises  what a text says once unescaped, decoded or freed of mark-up
    leaks      gate: nothing withheld is in a lab
    links      gate: relative links lead to files
    cli        the two commands
"""
