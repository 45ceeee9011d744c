"""Every rule that a source can break: what is said, with the file and the line."""

import pytest
from course_texts import (
    ALGORITHM,
    COURSE,
    DATES,
    FORMED,
    HEAD,
    HINTS,
    LECTURE,
    SOLUTION,
    build,
    course,
    nearest,
)

from coursetools.build.course import parse_course
from coursetools.build.diagnostics import CourseError
from coursetools.build.lecture_form import words
from coursetools.build.markers import looks_like_marker
from coursetools.build.source import parse

BEGIN, INSTEAD, END = "### BEGIN SOLUTION", "### INSTEAD", "### END SOLUTION"
WRITTEN = '+++ {"tags": ["written"]}'
REMARK = "The author's own remark on the second way."
PLAIN = "```{code-cell} python\n1\n```\n"
HEAD_2 = "### Exercise 1.2 · Why it works · stretch · 5 min"
CHECK_TAG = "```{code-cell} python\n:tags: [check]"
NO_REGION = "```{code-cell} python\n:tags: [exercise]\n\ndef more(x):\n    return x\n```\n"
MORE = f"### Exercise 1.3 · More · open · 5 min\n{HINTS}\n{NO_REGION}{CHECK_TAG}\n\nmore = 1\n```\n"

# name: (text replaced once, its replacement, what is on the line at fault nearest to it, what is said)
SOLUTION_FAULTS = {
    "unknown tag": ("[hidden]", "[hiden]", "code-cell", "unknown tag 'hiden'"),
    "lecture's tag": ("[hidden]", "[evidence]", "code-cell", "tag 'evidence' does not belong in solutions"),
    "two tags": ("[hidden]", "[hidden, check]", "code-cell", "not one name in a list"),
    "tag without list": (":tags: [hidden]", ":tags: hidden", "code-cell", "not one name in a list"),
    "no tag": (":tags: [hidden]", ":tags: []", "code-cell", "not one name in a list"),
    "options unread": (":tags: [hidden]", ":tags: [hidden", "code-cell", "options that can't be read"),
    "options of a break": ('"written"]}', '"written"', "+++", "options that can't be read"),
    "unknown option": (":tags: [hidden]", ":tag: [hidden]", "code-cell", "unknown cell options"),
    "late options": (":tags: [hidden]", "\n:tags: [hidden]", ":tags", "would be read as text"),
    "code tagged written": ("[hidden]", "[written]", "code-cell", "a code cell tagged 'written'"),
    "text tagged check": ('["written"]', '["check"]', "Because the", "a markdown cell tagged 'check'"),
    "break unread": ('+++ {"tags": ["written"]}', '++ {"tags": ["written"]}', "++ {", "read as text"),
    "break indented": (WRITTEN, f"    {WRITTEN}", "    +++", "read as text"),
    "break unfollowed": (REMARK, "", "+++", "tagged Markdown cell without"),
    "break at the end": ("\n#end\n", '\n+++ {"tags": ["solution"]}\n', "+++", "tagged Markdown cell without"),
    "no region": (HEAD_2, f"{MORE}\n{HEAD_2}", ("def more", -3), "without a solution region"),
    "no beginning": (f"    {BEGIN}\n", "", END, "without a beginning"),
    "no end": (f"    {END}\n", "", BEGIN, "without an end"),
    "nested": (f"    {END}", f"    {BEGIN}\n    {END}", f"{BEGIN}", "a second '### BEGIN SOLUTION'"),
    "stray end": (f"    {END}", f"    {END}\n    y = 2\n    {END}", ("y = 2", 1), "without a beginning"),
    "empty": (END, f"{END}\n    {BEGIN}\n\n    {END}", BEGIN, "an empty solution"),
    "misspelt": (BEGIN, "### BEGIN SOLUTON", "SOLUTON", "looks like a solution marker"),
    "two hashes": (END, "## END SOLUTION", "## END", "looks like a solution marker"),
    "no space": (BEGIN, "#BEGIN SOLUTION", "#BEGIN", "looks like a solution marker"),
    "small letters": (BEGIN, "### begin solution", "### begin", "looks like a solution marker"),
    "behind code": (f"    {END}", f"    x = x  {END}", "x = x", "looks like a solution marker"),
    "in a plain cell": ('print("in', f'{BEGIN}\nprint("in', BEGIN, "outside an exercise cell"),
    "in prose": ("Say why.", f"Say why.\n\n{END}\n", END, "outside an exercise cell"),
    "in a check": ("step = checks", "# end solution\nstep = checks", "# end", "outside an exercise cell"),
    "exercise tag forgotten": (":tags: [exercise]\n", "", BEGIN, "outside an exercise cell"),
    "half a block": (f"    return x\n    {BEGIN}", f"{BEGIN}\n        return x", "code-cell", "not Python"),
    "at the top level": (f"    {END}\n", f"    {END}\n{BEGIN}\ny = 1\n{END}\n", "code-cell", "untouched lab"),
    "not Python": ("    if h == 0:\n", "    if h == 0\n", "code-cell", "is not Python"),
    "no check": (":tags: [check]\n", "", (":tags: [exercise]", -1), "an exercise without a check"),
    "check too late": (CHECK_TAG, f"{PLAIN}\n{CHECK_TAG}", (":tags: [exercise]", -1), "without a check"),
    "number twice": ("Exercise 1.2", "Exercise 1.1", "Why it works", "Exercise 1.1 is there twice"),
    "other chapter": ("Exercise 1.2", "Exercise 2.2", "Why it works", "Exercise 2.2 is in chapter 1"),
    "no heading": ("### Exercise 1.1 · One step · core · 10 min\n", "", "code-cell", "without a heading"),
    "heading's kind": (" · core · ", " · easy · ", "One step", "not an exercise's heading"),
    "heading's level": ("### Exercise 1.2", "## Exercise 1.2", "Why it works", "not an exercise's heading"),
    "heading's dots": ("1.2 · Why", "1.2: Why", "Why it works", "not an exercise's heading"),
    "two hints": (HINTS.rpartition("<details>")[2], "</details>\n", "One step", "and has 1, 2"),
    "hints in disorder": ("Hint 2", "Hint 1", "One step", "and has 1, 1, 3"),
    "four hints": (HINTS, HINTS + HINTS, "One step", "and has 1, 2, 3, 1, 2, 3"),
    "hint's form": ("Hint 1 · the idea", "Hint 1", "Hint 1<", "not a hint's summary"),
    "hint unclosed": ("</details>", "", "Hint 1", "not in pairs"),
    "nothing to fill in": ('["written"]', '["solution"]', "Why it works", "has nothing to fill in"),
    "no title": ("# Lab: flows", "Lab: flows", "Lab: flows", "no title"),
    "unclosed fence": ("#end", "```bash\nls\n", "```bash", "never closed"),
    "unknown directive": ("#end", "```{note}\nmind\n```", "{note}", "unknown directive"),
    "other language": ("#end", "```{code-cell} ipython3\n1\n```", "ipython3", "unknown directive"),
    "raw cell": ("#end", "```{raw-cell}\n1\n```", "{raw-cell}", "unknown directive"),
    "cell below HTML": ("#end", "<div></div>\n```{code-cell} python\n1\n```\n", ("<div>", 1), "read as text"),
    "cell in a list": ("#end", "- item\n\n  ```{code-cell} python\n  1\n  ```", "  ```{", "inside a list"),
    "instead twice": (
        f"    {END}",
        f"    {INSTEAD}\n    # x\n    {INSTEAD}\n    {END}",
        ("# x", 1),
        "a second",
    ),
    "instead of nothing": (f"    {END}", f"    {INSTEAD}\n    {END}", INSTEAD, "no comment, or none at all"),
    "instead as code": (f"    {END}", f"    {INSTEAD}\n    return x\n    {END}", INSTEAD, "no comment"),
    "instead outside": (f"    {BEGIN}\n", f"    {INSTEAD}\n    {BEGIN}\n", INSTEAD, "without a beginning"),
    "odd line end": ("Say why.", "Say\u2028why.", "Say", "unusual line separator"),
}


def expect(run, text, position, place, what):
    """Running must report the fault, at the line nearest to the position that has the place."""
    with pytest.raises(CourseError) as caught:
        run(text)
    line = nearest(text, position, place)
    faults = caught.value.faults
    assert any(fault.line == line and what in fault.message + "; " + fault.remedy for fault in faults), faults
    assert all(str(fault).startswith(f"{fault.file}:{fault.line}: ") and fault.remedy for fault in faults)
    return faults


def build_solution(text):
    build(text, "solutions/01_flows.md", course())


@pytest.mark.parametrize(("old", "new", "place", "what"), SOLUTION_FAULTS.values(), ids=SOLUTION_FAULTS)
def test_fault_in_a_solution(old, new, place, what):
    text = SOLUTION + "\n#end\n"
    build_solution(text)  # which has no fault
    assert old in text
    faults = expect(build_solution, text.replace(old, new, 1), text.index(old), place, what)
    assert {fault.file for fault in faults} == {"solutions/01_flows.md"}


def test_a_malformed_heading_blames_no_other_exercise():
    text = SOLUTION.replace("### Exercise 1.2", "## Exercise 1.2")
    assert len(expect(build_solution, text, 0, "Why it works", "not an exercise's heading")) == 1


def test_a_solution_may_be_begun_without_any_code():
    build_solution("# Flows: solutions\n\nExercises will follow.\n")


@pytest.mark.parametrize(
    ("old", "new", "place", "what"),
    [
        ("[evidence]", "[exercise]", "code-cell", "tag 'exercise' does not belong in lectures"),
        ("[evidence]", "[solution]", "code-cell", "tag 'solution' does not belong in lectures"),
        ("[evidence]", "[proof]", "code-cell", "unknown tag 'proof'; use setup, figure, evidence"),
        ("with evidence(", "with proof(", (":tags: [evidence]", -1), "an evidence cell without evidence"),
        ("## Evidence", BEGIN, BEGIN, "outside an exercise cell"),
        ("# Flows", "+++\n", "A picture", "no title"),
        ("# Flows\n", "```{code-cell} python\n1\n```\n", "code-cell", "no title"),
    ],
)
def test_fault_in_a_lecture(old, new, place, what):
    text, position = LECTURE.replace(old, new, 1), LECTURE.index(old)
    expect(lambda text: build(text, "lectures/01_flows.md", course()), text, position, place, what)


@pytest.mark.parametrize(
    ("old", "new", "place", "what"),
    [
        ('title = "A course"', "title = A course", "A course", "not TOML"),
        ('title = "A course"\n', "", "repository", "no title"),
        ('branch = "main"', "branch = 3", "branch", "branch is of another kind; set it to text"),
        ('branch = "main"', 'brunch = "main"', "brunch", "unknown key 'brunch'"),
        ('repository = ""', 'repository = "https://github.com/me/x"', "repository", "not owner/name"),
        ('slug = "01_flows"', 'slug = "1_flows"', ("1_flows", -1), "is not NN_name"),
        ('slug = "01_flows"', 'slug = "00_flows"', ("00_flows", -1), "chapter number 00 is given twice"),
        ('slug = "01_flows"', 'slug = "../01"', ("../01", -1), "is not NN_name"),
        ("lab = true", 'lab = "yes"', ("01_flows", -1), "lab is of another kind; set it to true or false"),
        ("lab = true", "lab = true\nminutes = [45, 90]", ("01_flows", -1), "minutes without"),
        ("lab = true", HEAD.replace("45, 90", "90, 45"), ("01_flows", -1), "not two whole numbers in order"),
        ("lab = true", HEAD.replace("45, 90", "45"), ("01_flows", -1), "not two whole numbers in order"),
        ("lab = true", HEAD.replace('["step"]', "[]"), ("01_flows", -1), "goals are not a list of texts"),
        ("lab = true", "lab = true\nhours = 2", ("01_flows", -1), "unknown key 'hours'"),
        ("lab = true", DATES.replace(":00+01:00", ":00", 1), ("01_flows", -1), "a date without a time zone"),
        ("lab = true", DATES.replace("T09:00:00+01:00", "", 1), ("01_flows", -1), "set it to a date, a time"),
        ("lab = true", DATES.replace("2026-11-24", "2026-11-19"), ("01_flows", -1), "out before its lab"),
        ("lab = true", DATES.rpartition("\n")[0], ("01_flows", -1), "its solution has none"),
        ("lab = true", DATES.replace("true", "false"), ("01_flows", -1), "a date in a chapter without a lab"),
        ("lab = true", DATES.replace("11-20", "13-20"), "13-20", "not TOML"),
        ('title = "A course"', 'title = "A course"\npoints = 3', "points", "set it to a [points] table"),
    ],
)
def test_fault_in_course_toml(old, new, place, what):
    faults = expect(parse_course, COURSE.replace(old, new, 1), COURSE.index(old), place, what)
    assert {fault.file for fault in faults} == {"course.toml"}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[points]\nhard = 3\n", r"course\.toml:19: points of 'hard'"),
        ("[points]\ncore = -1\n", "points of core are -1"),
        ("[points]\ncore = true\n", "points of core are True"),
        ("[point]\ncore = 1\n", "unknown key 'point'"),
    ],
)
def test_bad_points(text, told):
    with pytest.raises(CourseError, match=told):
        parse_course(COURSE + text)


# The same for a lecture that is held to the form: (replaced once, replacement, place, what is said).
FORM_FAULTS = {
    "no recap": ("## Recap", "## The end", "## Going", "no recap"),
    "recap without a part": ("### In practice\n", "", "## Recap", "the recap has Three sentences"),
    "nothing deeper": ("## Going deeper", "### Going deeper", "## Recap", "not one section after the recap"),
    "too many words": ("A picture", "word " * 3500, "# Flows", "words, more than 3500"),
    "too much open code": ("x = 0.0\n", "x = 0.0\n" * 151, "# Flows", "open lines of code, more than 150"),
    "figure without caption": (
        'caption="Figure 1.1. A line rises.", ',
        "",
        "plots.show",
        "without a caption",
    ),
    "caption without number": ("Figure 1.1. A", "A", "plots.show", "a caption without its number"),
    "figure out of order": ("Figure 1.1. A", "Figure 1.2. A", "plots.show", "figure 1.2 out of order"),
    "figure of another chapter": ("Figure 1.1. A", "Figure 2.1. A", "plots.show", "out of order"),
    "figure not tagged": ("[figure]", "[setup]", "code-cell", "outside a figure cell"),
    "figure without figure": ("plots.show", "plots.hide", "code-cell", "shows no figure"),
    "algorithm without code": (":tags: [algorithm]\n", "", ":::{alg", "an algorithm without its code"),
    "algorithm at the end": (
        "## Going deeper",
        f"{ALGORITHM}\n## Going deeper",
        ":::{alg",
        "without its code",
    ),
    "two key ideas": ("### Why\n", ":::{key-idea}\nAgain.\n:::\n", ("Again", -1), "a second key idea"),
    "unknown box": (":::{key-idea}", ":::{note}", ":::{note", "not a box"),
    "box never closed": ("Small steps.\n:::", "Small steps.", ":::{alg", "a box inside a box"),
    "last box never closed": ("once.\n:::", "once.", ":::{theorem}", "never closed"),
    "empty box": ("Small steps.\n", "", ":::{key-idea}", "an empty box"),
    "box without title": ("} One way", "}", ":::{theorem}", "without a title"),
}


@pytest.mark.parametrize(("old", "new", "place", "what"), FORM_FAULTS.values(), ids=FORM_FAULTS)
def test_fault_in_the_form_of_a_lecture(old, new, place, what):
    in_form = parse_course(COURSE.replace("lab = true", HEAD))
    build(FORMED, "lectures/01_flows.md", in_form)
    assert old in FORMED
    text, position = FORMED.replace(old, new, 1), FORMED.index(old)
    expect(lambda text: build(text, "lectures/01_flows.md", in_form), text, position, place, what)


def test_a_lecture_that_promises_no_minutes_is_not_held_to_the_form():
    build(FORMED.replace("## Recap", "## The end"), "lectures/01_flows.md", course())


def test_folds_formulas_and_links_are_not_words_of_the_main_line():
    source = parse(FORMED, "lectures/01_flows.md")
    more = "\n\n<details><summary>Proof</summary>\n\nMany words here.\n\n</details>\n\n$$a\n= b$$\n"
    more += "\n[one](two.md)\n"
    longer = parse(FORMED.replace("A picture.", "A picture." + more), "lectures/01_flows.md")
    assert words(longer) == words(source) + 2  # the formula and the link's text


def test_chapters_in_another_form_have_a_line_too():
    head = COURSE.partition("[[")[0]
    with pytest.raises(CourseError, match=r"course\.toml:1: chapters are not tables"):
        parse_course(head + "chapters = [1]\n")
    with pytest.raises(CourseError, match=r"course\.toml:1: slug 'x' is not NN_name"):
        parse_course(head + 'chapters = [{slug = "x", title = "X", lab = false}]\n')


MARKERS = (
    "## END SOLUTION|#BEGIN SOLUTION|### BEGIN SOLUTON|BEGIN SOLUTION|### begin solution|### END|# BEGIN SOL|"
    "# end of the solution|###BEGIN SOLUTION|### BEGIN-SOLUTION|### SOLUTION BEGIN|# BEGIN ANSWER|"
    "### BEGIN SOLUTION:|### BEGIN SOLUTIONS|### Instead|## INSTEAD:|# start solution|### BEGINSOLUTION"
)
INNOCENT = (
    "# evolution|# the solution|## Solution|# solutions|# exact solution of the ODE|# begin at t = 0|"
    "# end of the time grid|end_solution = 3|# closed-form solution|# resolution|# one solution|"
    "# Euler's solution|# a field with many solutions|### Exercise 1.1 · Begin · core · 10 min"
)


@pytest.mark.parametrize("line", MARKERS.split("|"))
def test_looks_like_a_marker(line):
    assert looks_like_marker(line)


@pytest.mark.parametrize("line", INNOCENT.split("|"))
def test_innocent_comment(line):
    assert not looks_like_marker(line)
