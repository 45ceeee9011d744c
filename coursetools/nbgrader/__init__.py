"""The course for nbgrader: assignments, plugins for its commands, and grades from containers.

`plugins` and `container_grades` run inside nbgrader's environment, and need the `instructor` extra.
"""
