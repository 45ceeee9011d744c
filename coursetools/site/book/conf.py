"""Settings of Sphinx for the reader's site. `make site` runs it over what `coursetools site` has written.

NODE_MODULES is where KaTeX lies, SITE_KEPT a folder for what is kept between builds.
"""

import json
import os
import sys
from pathlib import Path

# jsonschema, behind nbformat, would build a grammar of web addresses (2 s) that no page needs.
sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]
sys.path.insert(0, str(Path(__file__).parent))  # the extension beside this file

_pages = Path(os.environ["SITE_PAGES"])
_kept = Path(os.environ["SITE_KEPT"])
course = json.loads((_pages / "site.json").read_text(encoding="utf-8"))

project = course["title"]
author = "The authors of this course"
copyright = "the authors of this course; text and pictures CC BY 4.0"
language = "en"
extensions = ["myst_nb", "sphinx_copybutton", "extension"]
node_modules = os.environ["NODE_MODULES"]
formulas_kept = str(_kept)

# Nothing is run here: `coursetools site` has run the lectures, and labs are to be read.
nb_execution_mode = "off"
nb_ipywidgets_js: dict[str, object] = {}
nb_merge_streams = True
nb_mime_priority_overrides = [("html", "text/html", 0)]  # pictures come with caption and text alternative
myst_enable_extensions = ["dollarmath", "amsmath", "colon_fence"]
myst_heading_anchors = 4
suppress_warnings = ["misc.highlighting_failure"]  # a lab's gap or a shell's line among Python's

highlight_language = "text"  # a fence without a language: a shell's lines, a file

html_math_renderer = "katex"
html_theme = "sphinx_book_theme"
html_title = project
html_favicon = "static/favicon.svg"
html_context = {"default_mode": "auto"}  # as the reader's system has it
_coursekit = Path(__file__).parents[3] / "coursekit"
# The explorers' bundles, and beside them the weights that they fetch.
_explorers = [_coursekit / "explore" / "static", _coursekit / "weights" / "digits.safetensors"]
html_static_path = ["static", str(_kept / "static"), *map(str, _explorers)]
html_css_files = ["katex/katex.min.css", "course.css"]
html_js_files = [("course.js", {"defer": "defer"}), ("site.js", {"type": "module"})]
html_extra_path = [str(_pages / "extra")]
exclude_patterns = ["extra"]
html_search_scorer = str(Path(__file__).with_name("search_scorer.js"))
html_show_sourcelink = False
html_copy_source = False
html_use_index = False  # names of Python stand in the library's pages
html_show_sphinx = False
html_theme_options = {
    "use_download_button": False,
    "use_fullscreen_button": False,
    "use_repository_button": bool(course["repository"]),
    "repository_url": f"https://github.com/{course['repository']}" if course["repository"] else "",
    "show_toc_level": 2,
    "show_navbar_depth": 1,
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
}
copybutton_exclude = ".linenos, .gp, .go"
