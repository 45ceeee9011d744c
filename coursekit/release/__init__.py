"""From text to notebooks: build lectures, labs and solutions from their sources, and gate what is released.

    python -m coursekit.release build     write every notebook from its source
    python -m coursekit.release check     built = committed, no leaks, no dead links
    coursekit release DEST                the student's tree, with what is out today

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
    unpacked   what archives and compressed streams hold
    disguises  what a text says once unescaped, decoded or freed of mark-up
    leaks      gate: nothing withheld is in a lab
    links      gate: relative links lead to files
    cli        the two commands
    git        git, asked about one folder
    dates      what is out on a date
    later      links to what is not out, as words
    tree       the student's tree, in memory
    replacing  a folder's files, replaced as a whole or not at all
    kept       gate: a lab that is out keeps its exercise cells
    dest       what DEST has, and what is to change there
    shapes     an answer with its names changed
    search     gate: nothing withheld is anywhere in the tree or in DEST's git
    grading    a course for nbgrader
    submitted  its submissions, inside nbgrader
    boxed      those that were graded in a container each
    handout    `coursekit release`
"""
