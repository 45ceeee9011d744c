"""A small course as text, and what the tests of `coursetools` do with it."""

import subprocess
from pathlib import Path

from coursetools.build.course import Course, parse_course
from coursetools.build.editions import build_editions, parse_source
from coursetools.cli import main

ROOT = Path(__file__).resolve().parents[2]

COURSE = """\
title = "A course"
repository = ""
branch = "main"

[[chapters]]
slug = "00_start"
title = "Start"
lab = false

[[chapters]]
slug = "01_flows"
title = "Flows"
lab = true

[[chapters]]
slug = "02_noise"
title = "Noise"
lab = false
"""

DATES = "lab = true\nlab_from = 2026-11-20T09:00:00+01:00\nsolution_from = 2026-11-24T09:00:00+01:00"

HEAD = 'lab = true\nminutes = [45, 90]\nneeds = "chapter 00"\ngoals = ["step"]'

LECTURE = """\
---
kernelspec:
  name: python3
---

# Flows

A picture, then [the lab](../labs/01_flows.ipynb).

+++

## Evidence

```{code-cell} python
:tags: [evidence]

with evidence("small") as claim:
    claim.below("error", abs(1.0 - 0.999), 0.01)
```

```{code-cell} python
print("a plain cell")
```
"""

ALGORITHM = """\
:::{algorithm} 1: steps along a field
Repeat

$$
x \\leftarrow x
  + h u
$$
:::
"""

# A lecture in the form that CONTRIBUTING.md describes.
FORMED = f"""\
# Flows

A picture.

```{{code-cell}} python
:tags: [figure]

plots.show(ax, caption="Figure 1.1. A line rises.", alt="A line.")
```

## 1 Steps

:::{{key-idea}}
Small steps.
:::

### Why

{ALGORITHM}
```{{code-cell}} python
:tags: [algorithm]

x = 0.0
```

:::{{theorem}} One way
There is one way from each place, taken once.
:::

```{{code-cell}} python
:tags: [evidence]

with evidence("One way") as claim:
    claim.equal("x", x, 0.0)
```

## Recap

### Three sentences

### Three formulas

### Five questions

### In practice

### References

## Going deeper

More.
"""

HINTS = """\
<details><summary>Hint 1 · the idea</summary>

Go along the slope.
</details>

<details><summary>Hint 2 · the equation</summary>

$x + h u$
</details>

<details><summary>Hint 3 · the line</summary>

`return x + ...`
</details>
"""

SOLUTION = f"""\
# Lab: flows

One step at a time.

### Exercise 1.1 · One step · core · 10 min

Take a step. `x`: (batch, dim).

```{{code-cell}} python
:tags: [exercise]

def step(field, x, t, h):
    if h == 0:
        return x
    ### BEGIN SOLUTION
    slope = field(x, t)
    return x + h * slope  # forward along the withheld slope
    ### END SOLUTION
```

{HINTS}
```{{code-cell}} python
:tags: [check]

step = checks.step(step)
```

```{{code-cell}} python
:tags: [hidden]

assert step(hidden_field, hidden_state, 0.0, 0.5) == 17
```

```{{code-cell}} python
print("in every copy")
```

### Exercise 1.2 · Why it works · stretch · 5 min

Say why.

{HINTS}
+++ {{"tags": ["written"]}}

Because the slope is followed for a short while. The error shrinks with the square of the step.

+++

Another way to write the step is below.

+++ {{"tags": ["solution"]}}

The author's own remark on the second way.

```{{code-cell}} python
:tags: [solution]

def step_again(field, x, t, h):
    return x + field(x, t) * h + 0 * secret_constant
```
"""


def course(**changes: str) -> Course:
    """The course above, with lines of its course.toml replaced: `course(repository="me/flows")`."""
    text = COURSE
    for key, value in changes.items():
        lines = [f'{key} = "{value}"' if line.startswith(key + " ") else line for line in text.splitlines()]
        text = "\n".join(lines)
    return parse_course(text)


def files() -> dict[str, str]:
    """All of the course's texts, path to content; every link leads somewhere."""
    plain = "# {}\n\nNothing yet.\n"
    return {
        "course.toml": COURSE,
        "lectures/00_start.md": plain.format("Start"),
        "lectures/01_flows.md": LECTURE,
        "lectures/02_noise.md": plain.format("Noise"),
        "solutions/01_flows.md": SOLUTION,
        "README.md": "# A course\n\nBegin with [the first chapter](lectures/00_start.ipynb).\n",
    }


def write_course(folder: Path) -> Path:
    for path, text in files().items():
        put(folder, path, text)
    return folder


def put(folder: Path, path: str, content: str | bytes) -> Path:
    target = folder / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(content.encode() if isinstance(content, str) else content)
    return target


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def contents(folder: Path) -> dict[str, bytes]:
    """Every file in a folder but git's own: path to content."""
    paths = (path for path in sorted(folder.rglob("*")) if path.is_file())
    found = {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}
    return {path: data for path, data in found.items() if not path.startswith(".git/")}


def build(text: str, file: str, of: Course) -> dict[str, str]:
    chapter = next(chapter for chapter in of.chapters if chapter.slug == Path(file).stem)
    return build_editions(parse_source(text, file, chapter), of, chapter)


def run(root: Path, command: str) -> int:
    return main([command, "--root", str(root)])


def git(folder: Path, *words: str) -> str:
    who = ("-c", "user.name=A", "-c", "user.email=a@b.c", "-c", "commit.gpgsign=false")
    command = ["git", "-C", str(folder), *who, *words]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def commit(folder: Path) -> None:
    if not (folder / ".git").exists():
        git(folder, "init", "-q", "-b", "main")
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "all")


def nearest(text, position, place):
    """The number of the line nearest to the position that contains `place`; (place, 1): the next line."""
    needle, offset = (place, 0) if isinstance(place, str) else place
    lines, at = text.split("\n"), text.count("\n", 0, position) + 1
    return offset + min((n for n, line in enumerate(lines, 1) if needle in line), key=lambda n: abs(n - at))
