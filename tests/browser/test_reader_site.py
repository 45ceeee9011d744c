"""The reader's site as `make site` built it, in a browser: `.ci/site` names its folder in COURSE_SITE.

Nothing here runs a notebook; which pages there are, the site says itself.
"""

import functools
import http.server
import json
import os
import re
import threading
import tomllib
from pathlib import Path
from urllib.parse import unquote, urldefrag, urljoin, urlsplit

import pytest
from test_browser import needed

from benchmarks.browser import BROWSERS, DRIVER, chromium, wait

ROOT = Path(__file__).resolve().parents[2]
SITE = Path(os.environ.get("COURSE_SITE", ROOT / "no site"))
COURSE = tomllib.loads((ROOT / "course.toml").read_text(encoding="utf-8"))
LECTURE, LAB = "lectures/04_flow_matching.html", "labs/04_flow_matching.html"
LOOKED_AT = ("index.html", LECTURE, LAB, "lectures/reference.html", "api/solvers.html", "run.html")
SITE_MB, PAGE_MB = 25.0, 2.0
PHONE = {"width": 360, "height": 740, "deviceScaleFactor": 2, "mobile": True}
DESKTOP = {"width": 1280, "height": 900, "deviceScaleFactor": 1, "mobile": False}
# What a reader's own settings are kept under by the theme.
SET_MODE = "localStorage.setItem('mode', arguments[0]); localStorage.setItem('theme', arguments[0]);"
# A table's head that is a formula seems empty to axe, which does not read MathML.
AUDIT = """
    const done = arguments[arguments.length - 1];
    const told = each => `${each.id}: ${each.help} (${each.nodes.length}): ` +
        each.nodes.slice(0, 3).map(node => node.html.slice(0, 160)).join(' | ');
    axe.run({exclude: [['th:has(> p > .katex)']]}, {resultTypes: ['violations']})
        .then(found => done(found.violations.map(told)), error => done([String(error)]));
"""
ALL_LOADED = "return [...document.images].every(each => each.complete && each.naturalWidth > 0)"
# What reaches beyond the right edge, and is not inside of something that scrolls.
TOO_WIDE = """
    const scrolls = node => node && node !== document.body && (
        /auto|scroll/.test(getComputedStyle(node).overflowX) || /katex-mathml/.test(node.className) ||
        scrolls(node.parentElement));
    return [...document.querySelectorAll('.bd-article *:not(svg, svg *)')].filter(node => {
        const box = node.getBoundingClientRect();
        return box.width && box.right > innerWidth + 1 && !scrolls(node.parentElement);
    }).slice(0, 5).map(node => node.outerHTML.slice(0, 160));
"""
CLIPPED = """
    return [...document.querySelectorAll('.formula')].filter(box => box.scrollHeight > box.clientHeight + 1)
        .slice(0, 5).map(box => box.innerText.slice(0, 80));
"""
FIRST_RESULT = "return document.querySelector('#search-results li a')?.getAttribute('href');"

pytestmark = pytest.mark.skipif(
    "COURSE_SITE" not in os.environ, reason="no site is named; `.ci/site` builds it and runs these tests"
)


class Quiet(http.server.SimpleHTTPRequestHandler):
    """A server of files that does not talk."""

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def address():
    """Where the site is served while the tests run."""
    handler = functools.partial(Quiet, directory=str(SITE))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/"
        server.shutdown()


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    needed(*BROWSERS), needed(DRIVER)
    with chromium(tmp_path_factory.mktemp("chromium"), logs=True) as window:
        yield window


def visit(browser, url, *, screen=DESKTOP, mode="light"):
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", screen)
    if browser.current_url.startswith("http"):
        browser.execute_script(SET_MODE, mode)
    browser.get(url)
    if browser.execute_script("return document.documentElement.dataset.mode") != mode:
        browser.execute_script(SET_MODE, mode)
        browser.get(url)
    wait(lambda: browser.execute_script("return document.readyState") == "complete", 30, "the page")


def requests(browser):
    """The addresses that the page has asked for since the last look."""
    events = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    sent = [
        event["params"]["request"]["url"]
        for event in events
        if event["method"] == "Network.requestWillBeSent"
    ]
    return [url for url in sent if not url.startswith(("data:", "blob:", "chrome"))]


def pages():
    return sorted(
        path.relative_to(SITE).as_posix() for path in SITE.rglob("*.html") if "_static" not in path.parts
    )


def test_every_page_is_there_and_within_its_budget():
    chapters = COURSE["chapters"]
    expected = {f"lectures/{each['slug']}.html" for each in chapters}
    expected |= {f"labs/{each['slug']}.html" for each in chapters if each["lab"]}
    expected |= {"index.html", "run.html", "teaching.html", "search.html", "api/index.html"}
    assert expected <= set(pages())
    assert not [name for name in pages() if "solution" in name]
    sizes = {name: (SITE / name).stat().st_size / 1e6 for name in pages()}
    assert {name: size for name, size in sizes.items() if size > PAGE_MB} == {}
    assert sum(path.stat().st_size for path in SITE.rglob("*") if path.is_file()) / 1e6 <= SITE_MB


def test_every_link_inside_the_site_leads_somewhere():
    """Files and anchors, of links, pictures, styles and scripts; what leaves the site is not asked."""
    texts = {name: (SITE / name).read_text(encoding="utf-8") for name in pages()}
    anchors = {name: set(re.findall(r'\b(?:id|name)="([^"]+)"', text)) for name, text in texts.items()}
    dead = []
    for name, text in texts.items():
        for target in set(re.findall(r'\b(?:href|src|srcset)="([^"]+)"', text)):
            path, mark = urldefrag(urljoin(f"http://site/{name}", target.replace("&amp;", "&")))
            parts = urlsplit(path)
            file = unquote(parts.path).lstrip("/") or "index.html"
            if parts.netloc != "site" or parts.scheme not in ("http", "https"):
                continue
            if not (SITE / file).is_file():
                dead.append(f"{name}: {target}")
            elif mark and file in anchors and unquote(mark) not in anchors[file]:
                dead.append(f"{name}: {target} (no such place)")
    assert dead == []


@pytest.mark.parametrize("page", LOOKED_AT)
def test_a_page_asks_no_other_host_and_reports_no_error(browser, address, page):
    requests(browser), browser.get_log("browser")
    visit(browser, address + page)
    browser.execute_script(
        "for (const each of document.images) each.loading = 'eager'"
    )  # as if all were seen
    wait(lambda: browser.execute_script(ALL_LOADED), 30, "the pictures")
    assert [url for url in requests(browser) if not url.startswith(address)] == []
    assert [entry for entry in browser.get_log("browser") if entry["level"] in ("SEVERE", "WARNING")] == []


@pytest.mark.parametrize("mode", ["light", "dark"])
@pytest.mark.parametrize("page", LOOKED_AT)
def test_axe_finds_nothing(browser, address, page, mode):
    visit(browser, address + page, mode=mode)
    browser.execute_script(Path(os.environ["AXE"]).read_text(encoding="utf-8"))
    assert browser.execute_async_script(AUDIT) == []


@pytest.mark.parametrize("screen", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_no_page_scrolls_sideways_and_no_formula_is_cut(browser, address, screen):
    faults = {}
    for page in pages():
        visit(browser, address + page, screen=screen)
        found = browser.execute_script(TOO_WIDE) + browser.execute_script(CLIPPED)
        width, inner = browser.execute_script("return [document.documentElement.scrollWidth, innerWidth]")
        faults |= {page: (width, found)} if found or width > inner else {}
    assert faults == {}


def test_a_figure_s_mention_leads_to_it(browser, address):
    visit(browser, address + LECTURE)
    assert browser.execute_script("return document.querySelectorAll('a[href^=\"#figure-4-\"]').length") > 0


def test_the_front_page_s_explorer_makes_another_digit(browser, address):
    visit(browser, address + "index.html")
    browser.execute_script("document.querySelector('figure.explorer').scrollIntoView()")
    words = "return document.querySelector('figure.explorer[data-live] .ck-words')?.textContent"
    choices = "[...document.querySelectorAll('figure.explorer label')]"
    assert "digit 3" in wait(lambda: browser.execute_script(words), 30, "the explorer's words")
    browser.execute_script(f"{choices}.find(each => each.textContent === '7').click()")
    wait(lambda: "digit 7" in browser.execute_script(words), 30, "words about a seven")


def test_the_search_finds_the_chapter_of_a_word_first(browser, address):
    visit(browser, address + "search.html?q=marginalization")
    first = wait(lambda: browser.execute_script(FIRST_RESULT), 30, "a result")
    assert first.startswith(LECTURE)


def test_a_fold_of_code_opens_by_keyboard(browser, address):
    from selenium.webdriver.common.keys import Keys

    visit(browser, address + LECTURE)
    fold = browser.find_element("css selector", "details.hide summary")
    fold.send_keys(Keys.ENTER)
    assert browser.execute_script("return arguments[0].parentElement.open", fold)
