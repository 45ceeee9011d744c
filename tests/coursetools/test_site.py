"""The pages of the reader's site as Sphinx gets them: cells, outputs, links, settings. Nothing is run."""

import base64
import io
import json
import re
from dataclasses import replace
from pathlib import Path

import nbformat
import pytest
from course_texts import COURSE, FORMED, ROOT, SOLUTION
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from PIL import Image

from coursetools.build.boxes import BoxError, with_admonitions, with_quotes
from coursetools.build.course import parse_course
from coursetools.build.editions import edition_cells, load_course, parse_source
from coursetools.publish import leaks
from coursetools.site import api, executed, front, staging
from coursetools.site.links import SiteLinks
from coursetools.site.outputs import Pictures, shown
from coursetools.site.pages import outline, page

LECTURE_FILE, SOLUTION_FILE = "lectures/01_flows.md", "solutions/01_flows.md"
VARIANTS = "Before.\n\n:::{notebook-only}\nRun all cells.\n:::\n\n:::{site-only}\nRead on.\n:::\n\nAfter."
LINKS = SiteLinks({"run.md", "teaching.md", "lectures/01_flows.ipynb", "labs/01_flows.ipynb"})


@pytest.fixture(scope="module")
def course():
    return load_course(ROOT)


@pytest.fixture(scope="module")
def pages(course):
    """Every page of this repository's own course, without outputs."""
    return staging.site_pages(course, {}, Pictures())


def png(size=(30, 20)):
    buffer = io.BytesIO()
    Image.new("RGB", size, "white").save(buffer, "PNG")
    return base64.b64encode(buffer.getvalue()).decode()


def figure(number="4.3", widget=False):
    """An output as `plots.show` makes it, or an explorer."""
    image = f'<img src="data:image/png;base64,{png()}" alt="A line." width="15" style="max-width:100%">'
    caption = f"<figcaption><strong>Figure {number}.</strong> A line.</figcaption>" * (not widget)
    data = {"text/html": f'<figure style="margin:0">{image}{caption}</figure>', "text/plain": "A line."}
    data |= {"application/vnd.jupyter.widget-view+json": {}} if widget else {}
    return {"output_type": "display_data", "metadata": {}, "data": {**data, "image/png": png()}}


def made(text=FORMED, file=LECTURE_FILE, folder="lectures", outputs=None, pictures=None):
    """A page of the small course, as a notebook."""
    course = parse_course(COURSE)
    chapter = course.chapters[1]
    cells = edition_cells(parse_source(text, file, chapter))[folder]
    pictures = Pictures() if pictures is None else pictures
    return nbformat.reads(page(cells, outputs, course, chapter, folder, LINKS, pictures), as_version=4)


def test_a_variant_stands_in_its_place_alone():
    assert with_quotes(VARIANTS) == "Before.\n\nRun all cells.\n\nAfter."
    assert with_admonitions(VARIANTS) == "Before.\n\nRead on.\n\nAfter."
    with pytest.raises(BoxError, match="title"):
        with_quotes(":::{site-only} For readers\nRead on.\n:::")


def test_boxes_stay_boxes_and_code_is_folded_by_its_tag():
    book = made()
    text = "\n".join(cell.source for cell in book.cells)
    assert ":::{admonition} Theorem: One way\n:class: theorem\n" in text
    assert ":::{admonition} Algorithm 1: steps along a field\n:class: algorithm\n" in text
    tags = {cell.metadata.tags[0]: cell.metadata.tags[1:] for cell in book.cells if cell.cell_type == "code"}
    assert tags == {"figure": ["hide-input"], "algorithm": [], "evidence": ["hide-input"]}


def test_outputs_belong_to_the_cells_that_made_them():
    """The first code cell of a built notebook is the frame's, and does not stand on the site."""
    said = [[{"output_type": "stream", "name": "stdout", "text": word}] for word in ("frame", "a", "b", "c")]
    book = made(outputs=said)
    code = [cell for cell in book.cells if cell.cell_type == "code"]
    assert [[output.text for output in cell.outputs] for cell in code] == [["a"], ["b"], ["c"]]


def test_a_picture_is_a_file_with_its_measures_and_a_place_to_link_to():
    pictures = Pictures()
    (output,) = shown([figure()], pictures)
    (text,) = output["data"].values()
    (name,) = pictures.files
    assert f'src="../{name}" alt="A line." width="15" height="10" loading="lazy"' in text
    assert text.startswith('<figure style="margin:0" id="figure-4-3">')
    assert "base64" not in text
    assert Image.open(io.BytesIO(pictures.files[name])).size == (30, 20)


def test_a_picture_s_file_is_one_for_all_pages_and_goes_when_none_shows_it(tmp_path):
    pictures = Pictures()
    shown([figure("4.3"), figure("4.4")], pictures)
    pictures.write(tmp_path)
    assert len(list(tmp_path.rglob("*.png"))) == len(pictures.files) == 1
    Pictures().write(tmp_path)
    assert not list(tmp_path.rglob("*.png"))


def test_the_frames_of_an_animation_are_files_too():
    player = f'<img alt="A" id="x"><script>frames[0] = "data:image/png;base64,{png()}"</script>'
    (output,) = shown([{"output_type": "execute_result", "data": {"text/html": player}}], Pictures())
    assert re.search(r'frames\[0\] = "\.\./pictures/\w+\.png"', output["data"]["text/html"])


def test_an_explorer_is_its_still_and_says_so():
    (output,) = shown([figure(widget=True)], Pictures())
    text = output["data"]["text/html"]
    assert list(output["data"]) == ["text/html"]
    assert '<figure class="explorer"' in text
    assert "<figcaption>A line. <em>A still picture" in text


def test_streams_come_in_one_piece_as_on_a_screen():
    pieces = ["10%\r", "20%", "\r30%\nend\n"]
    outputs = [{"output_type": "stream", "name": "stdout", "text": piece} for piece in pieces]
    (only,) = shown(outputs, Pictures())
    assert only["text"] == "30%\nend\n"


def test_links_lead_to_pages_or_the_repository_and_never_to_a_solution():
    text = "[a](../labs/01_flows.ipynb) [b](../README.md) [c](../LICENSE) [d](../solutions/01_flows.ipynb)"
    at = "lectures/01_flows.ipynb"
    assert LINKS.rewrite(text, at) == "[a](../labs/01_flows.ipynb) [b](../run.md) c d"
    known = replace(LINKS, files="https://example.org/x/blob/main").rewrite(text, at)
    assert known.endswith("[c](https://example.org/x/blob/main/LICENSE) d")
    assert LINKS.rewrite("[a](TEACHING.md#dates)", "README.md") == "[a](teaching.md#dates)"
    for other in ("$E[x](t)$", "`f[a](b)`", "[a](https://example.org/b)", "[a](#here)"):
        assert LINKS.rewrite(other, at) == other


def test_a_lab_page_has_the_exercise_and_not_its_answer():
    text = "\n".join(cell.source for cell in made(SOLUTION, SOLUTION_FILE, "labs").cells)
    assert "raise NotImplementedError" in text
    assert "SOLUTION" not in text
    assert "[The lecture](../lectures/01_flows.ipynb)" in text


def test_outputs_are_kept_by_code_and_library_and_not_by_prose(tmp_path):
    def book(*cells):
        kinds = [{"cell_type": kind, "source": source} for kind, source in cells]
        return json.dumps({"cells": kinds})

    def file(*cells, library="1"):
        return executed.kept_file(tmp_path, "01_flows", book(*cells), library)

    one = file(("markdown", "a"), ("code", "x = 1"))
    assert one == file(("markdown", "b"), ("code", ["x = ", "1"]))
    assert one != file(("code", "x = 2"))
    assert one != file(("code", "x = 1"), library="2")
    executed.keep(one, [[{"output_type": "stream", "name": "stdout", "text": "1"}]])
    other = file(("code", "x = 2"))
    executed.keep(other, [[]])
    assert list(one.parent.iterdir()) == [other]


def test_the_library_s_hash_sees_every_file(tmp_path):
    (tmp_path / "coursekit").mkdir()
    (tmp_path / "constraints.txt").write_text("torch==2")
    first = executed.library_hash(tmp_path)
    (tmp_path / "coursekit" / "a.py").write_text("x = 1")
    second = executed.library_hash(tmp_path)
    (tmp_path / "constraints.txt").write_text("torch==3")
    assert len({first, second, executed.library_hash(tmp_path)}) == 3


DOC = """Take a step.

    x' = x + h u

A star *y and a_b and |x|.

Args:
    x: a state,
        (batch, dim).
Raises:
    ValueError: no.

>>> step(1)
2
"""


def test_a_docstring_becomes_markdown():
    text = api.markdown(DOC)
    assert "```text\nx' = x + h u\n```" in text
    assert r"A star \*y and a\_b and \|x\|." in text
    assert "**Arguments**\n\n- `x`: a state, (batch, dim)." in text
    assert "**Raises**\n\n- `ValueError`: no." in text
    assert text.endswith("```pycon\n>>> step(1)\n2\n```")


def test_a_signature_reads_as_a_call():
    def step(x: Path, *, h: float = 0.1) -> Path: ...

    assert api.signature("step", step) == "step(x: Path, *, h: float = 0.1) -> Path"


def test_every_chapter_has_its_pages_in_order(course, pages):
    chapters = course.course.chapters
    lectures = [f"lectures/{each.slug}.ipynb" for each in course.course.lectures]
    labs = [f"labs/{each.slug}.ipynb" for each in chapters if each.lab]
    assert [name for name in pages if name.endswith(".ipynb")] == [
        name
        for each in lectures
        for name in (each, each.replace("lectures", "labs"))
        if name in {*lectures, *labs}
    ]
    toc = outline(course.course, {"run": "How to run it"})
    named = re.findall(r"<(.*)>$", toc, re.MULTILINE)
    assert named == [name.removesuffix(".ipynb") for name in [*lectures, *labs]] + ["run"]
    for text in (text for name, text in pages.items() if name.endswith(".ipynb")):
        nbformat.validate(nbformat.reads(text, as_version=4))


def test_no_page_gives_a_solution_away(course, pages):
    """The gate of releases, over the pages; and a solution's line among them would be found."""
    public = leaks.public_texts(course.root)
    withheld = leaks.withheld_lines(course.sources.values(), public)
    # What the library's pages say stands in `coursekit`, which students have.
    texts = {(name, text.encode()) for name, text in pages.items() if not name.startswith("api/")}
    assert list(leaks.leak_faults(texts, withheld)) == []
    solution = next(text for name, text in course.notebooks.items() if name.startswith("solutions/"))
    assert list(leaks.leak_faults({("labs/x.ipynb", solution.encode())}, withheld))


def test_the_front_page_has_the_film_s_still_and_every_chapter(course, pages):
    text = pages["index.md"]
    assert '<figure class="hero"><img src="pictures/' in text
    assert not re.search(r"\{(?!div\})\w+\}", text.partition("```{toctree}")[0])
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    told = [front.teaser(readme, chapter) for chapter in course.course.chapters]
    told = [each for each in told if each and (ROOT / each.picture).is_file()]
    assert len(told) >= 11
    for chapter in course.course.chapters:
        assert f"[{chapter.slug[:2]} {chapter.title}](lectures/{chapter.slug}.ipynb)" in text
    assert text.count(":::{div} picture\n<img") == len(told)


def test_the_front_page_has_the_first_lecture_s_explorer_of_digits(course, pages):
    image = f'<img src="data:image/png;base64,{png()}">'
    page = f'<figure data-coursekit="digits" data-settings="{{}}">{image}</figure>'
    outputs = [[], [{"output_type": "display_data", "data": {"text/html": page}}]]
    kept = Pictures()
    text = front.front_page(ROOT, course.course, kept, outputs)
    found = re.search(
        r'## Try it.*<figure class="explorer" data-coursekit="digits".*src="(pictures/\w+\.png)"', text, re.S
    )
    assert found[1] in kept.files
    assert "## Try it" not in pages["index.md"], "nothing has run, so there is nothing to try"


def test_the_library_s_pages_name_what_coursekit_hands_on(pages):
    kit = pytest.importorskip("coursekit")
    entries = set(re.findall(r"^## (\w+)$", "\n".join(pages[f"api/{name}.md"] for name in staging.API), re.M))
    things = {name for name in kit.__all__ if isinstance(getattr(kit, name), type)}
    assert things <= entries


@pytest.mark.parametrize(
    ("repository", "host", "names"),
    [
        ("", "", []),
        ("", "owner/fork", ["Binder", "a codespace"]),
        ("owner/name", "owner/fork", ["Binder", "Colab", "a codespace"]),
    ],
)
def test_the_buttons_lead_to_the_repository_that_is_known(monkeypatch, repository, host, names):
    monkeypatch.setenv(staging.HOST, host)
    course = parse_course(COURSE.replace('repository = ""', f'repository = "{repository}"'))
    told = staging.settings(course, ["labs/01_flows.ipynb", "run.md"])
    for at, path in {"labs/01_flows": "01_flows.ipynb", "run": "00_start.ipynb"}.items():
        buttons = told["launch"][at]
        assert [name for name, _ in buttons] == names
        assert all(f"/{repository or host}" in address for _, address in buttons)
        assert all(path in address for name, address in buttons if name != "a codespace")


def test_staging_writes_what_changed_and_removes_what_is_gone(tmp_path):
    staging._write(tmp_path, {Path("a.md"): b"1", Path("b/c.md"): b"2"})
    before = (tmp_path / "a.md").stat().st_mtime_ns
    staging._write(tmp_path, {Path("a.md"): b"1", Path("d.md"): b"3"})
    assert (tmp_path / "a.md").stat().st_mtime_ns == before
    assert sorted(path.name for path in tmp_path.rglob("*.md")) == ["a.md", "d.md"]


def test_pins_of_the_site_are_exact_and_apart_from_the_course_s():
    def names(file):
        lines = (ROOT / file).read_text(encoding="utf-8").splitlines()
        pins = [Requirement(line) for line in lines if line and not line.startswith("#")]
        assert [str(pin) for pin in pins if [each.operator for each in pin.specifier] != ["=="]] == []
        return {canonicalize_name(pin.name) for pin in pins}

    assert not names("constraints-site.txt") & names("constraints.txt")
    book = ROOT / "coursetools" / "site" / "book"
    wanted = json.loads((book / "package.json").read_text(encoding="utf-8"))
    locked = json.loads((book / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    for name, version in {**wanted["dependencies"], **wanted["devDependencies"]}.items():
        assert locked[f"node_modules/{name}"]["version"] == version
    assert not [name for name, each in locked.items() if "resolved" in each]  # any mirror serves


def test_the_workflow_runs_what_runs_here():
    text = (ROOT / ".github" / "workflows" / "site.yml").read_text(encoding="utf-8")
    assert re.findall(r"run: (.*)", text) == ["make env", ".ci/site"]
