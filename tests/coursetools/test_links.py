"""Links: which a text holds, and which of them lead nowhere."""

import pytest
from course_texts import nearest, write_course

from coursetools.build import links
from coursetools.build.editions import load_course


@pytest.fixture
def root(tmp_path):
    return write_course(tmp_path)


@pytest.mark.parametrize(
    ("text", "targets"),
    [
        ("[a](x.md) and ![b](y.png 'title')", ["x.md", "y.png"]),
        ("[a][key]\n\n[key]: z.md", ["z.md"]),
        ("<a href=\"x.html\">a</a> <img src='y.png'>", ["x.html", "y.png"]),
        ("<div>\n<img src='y.png'>\n</div>", ["y.png"]),
        ("[![badge](b.svg)](x.ipynb)", ["x.ipynb", "b.svg"]),
        ("`[a](x.md)`", []),
        ("```\n[a](x.md)\n```", []),
        ("$E[X](t)$ and $$p[\nx](y)$$", []),
        ("| a |\n|---|\n| [b](c.md) |", ["c.md"]),
    ],
)
def test_links_of_a_text(text, targets):
    assert [target for _, target in links.find_links(text)] == targets


@pytest.mark.parametrize(
    ("file", "target", "what"),
    [
        ("README.md", "lectures/gone.ipynb", "leads nowhere"),
        ("README.md", "/lectures/00_start.md", "is not relative"),
        ("README.md", "../elsewhere.md", "leaves the course"),
        ("lectures/00_start.md", "labs/01_flows.ipynb", "leads nowhere"),
        ("lectures/00_start.md", "attachment:figure.png", "is an attachment, which no build keeps"),
        ("solutions/01_flows.md", "gone.md#part", "leads nowhere"),
    ],
)
def test_dead_link(root, file, target, what):
    path = root / file
    path.write_text(path.read_text(encoding="utf-8") + f"\nSee [this]({target}).\n", encoding="utf-8")
    (fault,) = links.link_faults(load_course(root))
    line = len(path.read_text(encoding="utf-8").splitlines())
    assert str(fault).startswith(f"{file}:{line}: link {target!r} {what}; ")


def test_dead_link_made_from_course_toml_is_found_in_the_notebook(root):
    parsed = load_course(root)
    made = parsed.notebooks
    del made["lectures/02_noise.ipynb"]
    found = [str(fault) for fault in links.link_faults(parsed)]
    file = "lectures/01_flows.ipynb"
    line = nearest(made[file], 0, "(02_noise.ipynb)")
    assert any(fault.startswith(f"{file}:{line}: link '02_noise.ipynb' leads nowhere") for fault in found)


@pytest.mark.parametrize(
    "target",
    [
        "https://example.org/a",
        "mailto:a@example.org",
        "#a-heading",
        "01_flows.ipynb#a-heading",
        "../labs/01_flows.ipynb",
        "../README.md",
        "00_start.md?raw=1",
        "%30%30_start.md",
    ],
)
def test_live_link(root, target):
    path = root / "lectures/00_start.md"
    path.write_text(f"# Start\n\nSee [this]({target}).\n")
    assert not list(links.link_faults(load_course(root)))
