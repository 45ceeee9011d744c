"""What authors and instructors run; no student's tree has it, and `coursekit` does not import it.

    coursetools build           write every notebook from its source
    coursetools check           notebooks = sources, no leaks, no dead links
    coursetools release DEST    the students' tree, with what is out today

`build` makes notebooks from text, `publish` makes the students' tree from the course, and `nbgrader` makes a
course for nbgrader; each imports only from those before it. All of it needs jupytext (the `lab` extra).
"""
