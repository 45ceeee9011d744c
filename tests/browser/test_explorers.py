"""Explorers that run in the page, as a reader meets them: mouse, touch, keyboard, themes, a kernel."""

import json
import os
import time
from pathlib import Path

import nbformat
import pytest
import torch
from test_browser import needed

from benchmarks.browser import BROWSERS, DRIVER, FAULTS, IS_OPEN, RUN_ALL, chromium, wait
from benchmarks.explorers import jupyter
from benchmarks.in_page import DESKTOP, PHONE, opened, page, served
from coursekit import explore
from coursekit.explore.browser import _as_text
from coursekit.explore.field import VIEWS

ROOT = Path(__file__).resolve().parents[2]
PICTURES = ROOT / "build" / "browser"
AXE = Path(
    os.environ.get("AXE", ROOT / "build" / "site" / "npm" / "node_modules" / "axe-core" / "axe.min.js")
)
STATE = """
    const { t, data, chosen, probe, run } = document.querySelector('.ck').coursekit.state;
    return { t, chosen, probe, places: data.places, done: run?.done };
"""
FRAMES = "return document.querySelector('.ck').coursekit.measured.frames"
WORDS = "return document.querySelector('.ck-words').textContent"
LABEL = "return document.querySelector('.ck canvas').getAttribute('aria-label')"
PICTURE = "return document.querySelector('.ck canvas').toDataURL()"
CENTRE = (
    "return (b => [b.left, b.top, b.width])(document.querySelector('.ck canvas').getBoundingClientRect())"
)
AUDIT = """
    const done = arguments[0];
    axe.run(document, {resultTypes: ['violations']}).then(found => done(found.violations.map(
        each => `${each.id}: ${each.help}: ${each.nodes.slice(0, 3).map(node => node.html.slice(0, 120))}`)));
"""
EDITED = {
    "data": "points",
    "edit": True,
    "probe": [-1.6, 1.4],
    "t": 0.5,
    "show": ["particles", "arrows", "density", "data"],
    "controls": ["tool", "steps", "method"],
    "more": ["data", "scheduler", "sigma", "corrected", "fading", "count", "noise", "show"],
    "tool": "move",
}


def pages():
    """Every view, the editor, a field of a reader's own, the digits, and the processes, in both themes."""
    own = explore.field(lambda x, t: -x, torch.tensor([[-1.0, 0.0], [1.0, 0.0]]), t=0.5)
    settings = {view: dict(explore.field(view=view).settings) for view in VIEWS}
    settings |= {"edited": EDITED, "own": dict(own.settings) | {"answer": _as_text(own.answer)}}
    kinds = {name: ("field", each) for name, each in settings.items()}
    for name in DIGITS:
        kinds[name] = "digits", getattr(explore, name)()._kept_settings()
    for name, each in PROCESSES.items():
        kinds[name] = "processes", dict(each().settings)
    kinds["missing"] = "digits", {"weights": "nowhere.safetensors"}
    return {
        f"/{name}-{theme}": page(*each, theme) for name, each in kinds.items() for theme in ("light", "dark")
    }


DIGITS = ["digit", "guidance"]
PROCESSES = {
    "diffusion": explore.diffusions,
    "biased": lambda: explore.diffusions(theta=3.0, h=0.5, t=2.5, chain=True),
    "samplers": explore.samplers,
    "four": lambda: explore.samplers(["ddim", "ancestral", "maruyama", "heun"], eta=0.5, evaluations=20),
}
PAGES = [*VIEWS, "edited", "own", *DIGITS, *PROCESSES]


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    needed(*BROWSERS), needed(DRIVER)
    PICTURES.mkdir(parents=True, exist_ok=True)
    with chromium(tmp_path_factory.mktemp("chromium"), logs=True) as window:
        yield window


@pytest.fixture(scope="module")
def address():
    with served(pages()) as where:
        yield where


@pytest.fixture(autouse=True)
def _own_media(browser):
    yield
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


def state(browser):
    return browser.execute_script(STATE)


def at(browser, x, y):
    """Place on the screen of a place in the plane."""
    left, top, width = browser.execute_script(CENTRE)
    return left + (x + 3.2) / 6.4 * width, top + (3.2 - y) / 6.4 * width


def pointer(browser, kind, x, y):
    across, down = at(browser, x, y)
    event = {"type": kind, "x": across, "y": down, "button": "left", "clickCount": 1, "buttons": 1}
    browser.execute_cdp_cmd("Input.dispatchMouseEvent", event)


def drag(browser, *places):
    pointer(browser, "mousePressed", *places[0])
    for place in places[1:]:
        pointer(browser, "mouseMoved", *place)
    pointer(browser, "mouseReleased", *places[-1])


def choose(browser, tool):
    browser.execute_script(f"document.querySelector('.ck input[value={tool}]').click()")


@pytest.mark.parametrize("screen", [PHONE, DESKTOP], ids=["phone", "desktop"])
@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_quiet_fits_its_window_and_says_what_it_shows(browser, address, name, screen):
    browser.get_log("browser"), browser.get_log("performance")
    opened(browser, f"{address}/{name}-light", screen)
    label = wait(lambda: browser.execute_script(LABEL), 10, "a text alternative")
    assert "at time" in label
    assert [each for each in browser.get_log("browser") if each["level"] in ("SEVERE", "WARNING")] == []
    events = [json.loads(each["message"])["message"] for each in browser.get_log("performance")]
    sent = [
        each["params"]["request"]["url"] for each in events if each["method"] == "Network.requestWillBeSent"
    ]
    assert [url for url in sent if not url.startswith((address, "data:", "chrome"))] == []
    width, inner = browser.execute_script("return [document.documentElement.scrollWidth, innerWidth]")
    assert width <= inner
    browser.execute_script("document.querySelectorAll('.ck details').forEach(each => each.open = true)")
    browser.save_screenshot(str(PICTURES / f"field {name} {screen['width']}.png"))
    width, inner = browser.execute_script("return [document.documentElement.scrollWidth, innerWidth]")
    assert width <= inner


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_nothing(browser, address, name, theme):
    if not AXE.exists():
        pytest.skip("no axe-core: `make site` installs it, or name its file in AXE")
    opened(browser, f"{address}/{name}-{theme}")
    browser.execute_script("document.querySelectorAll('.ck details').forEach(each => each.open = true)")
    browser.execute_script(AXE.read_text(encoding="utf-8"))
    assert browser.execute_async_script(AUDIT) == []


def test_the_explorer_follows_the_theme_of_its_page(browser, address):
    opened(browser, f"{address}/flow-light")
    before = browser.execute_script(PICTURE)
    browser.execute_script("document.documentElement.dataset.theme = 'dark'")
    wait(
        lambda: browser.execute_script("return document.querySelector('.ck').dataset.theme") == "dark",
        5,
        "dark",
    )
    wait(lambda: browser.execute_script(PICTURE) != before, 5, "another picture")


def test_points_are_dragged_drawn_and_erased_by_mouse(browser, address):
    opened(browser, f"{address}/edited-light")
    drag(browser, (0.5, 0.2), (0.8, 0.8), (1.0, 2.0))
    places = state(browser)["places"]
    assert places[3] == pytest.approx([1.0, 2.0], abs=0.05)
    choose(browser, "draw")
    drag(browser, (-2.5, -2.5), (-2.0, -2.5), (-1.5, -2.5))
    assert len(state(browser)["places"]) == 7 + 3
    choose(browser, "erase")
    drag(browser, (-2.5, -2.5), (-2.0, -2.5), (-1.5, -2.5))
    assert len(state(browser)["places"]) == 7
    wait(lambda: state(browser)["done"] == 4000, 10, "the particles")


def test_a_finger_drags_a_point_and_scrolls_the_page_elsewhere(browser, address):
    opened(browser, f"{address}/edited-light", PHONE)
    browser.execute_cdp_cmd("Emulation.setTouchEmulationEnabled", {"enabled": True})

    def touch(kind, *place):
        points = [dict(zip("xy", at(browser, *place), strict=True))] if place else []
        browser.execute_cdp_cmd("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    try:
        touch("touchStart", 0.5, 0.2)
        for k in range(1, 6):
            touch("touchMove", 0.5 - 0.2 * k, 0.2 - 0.3 * k)
        touch("touchEnd")
        assert state(browser)["places"][3] == pytest.approx([-0.5, -1.3], abs=0.1)
        assert browser.execute_script("return scrollY") == 0
    finally:
        browser.execute_cdp_cmd("Emulation.setTouchEmulationEnabled", {"enabled": False})


def test_points_are_edited_and_time_is_played_by_keyboard(browser, address):
    from selenium.webdriver.common.keys import Keys

    opened(browser, f"{address}/edited-light")
    stage = browser.find_element("css selector", ".ck-stage")
    stage.send_keys(".", Keys.ARROW_RIGHT, Keys.ARROW_UP)
    assert state(browser)["chosen"] == 1
    assert state(browser)["places"][1] == pytest.approx([-0.9, -1.4])
    stage.send_keys("+")
    assert len(state(browser)["places"]) == 8
    stage.send_keys(Keys.DELETE)
    assert len(state(browser)["places"]) == 7
    before = state(browser)["t"]
    stage.send_keys(" ")
    wait(lambda: state(browser)["t"] > before, 5, "time to go on")
    stage.send_keys(" ")
    stopped = state(browser)["t"]
    time.sleep(0.3)
    assert state(browser)["t"] == stopped
    slider = browser.find_element("css selector", ".ck input[type=range]")
    slider.send_keys(Keys.HOME)
    assert state(browser)["t"] == 0


def test_the_probe_moves_by_mouse_and_keys_and_tells_the_weights(browser, address):
    from selenium.webdriver.common.keys import Keys

    opened(browser, f"{address}/marginalization-light")
    wait(lambda: "Behind the state (−1.60, 1.40)" in browser.execute_script(WORDS), 5, "the words")
    drag(browser, (1.0, 1.0), (0.0, 0.0))
    assert state(browser)["probe"] == pytest.approx([0, 0], abs=0.05)
    browser.find_element("css selector", ".ck-stage").send_keys(Keys.ARROW_LEFT * 3)
    wait(lambda: "Behind the state (−0.3" in browser.execute_script(WORDS), 5, "the words")


def test_only_states_of_the_solver_are_shown(browser, address):
    opened(browser, f"{address}/solvers-light")
    slider = "document.querySelectorAll('.ck input[type=range]')[0]"
    assert browser.execute_script(f"return {slider}.max") == "6"
    values = browser.execute_script(
        f"const s = {slider}; return [0, 1, 4, 6].map(k => {{ s.value = k; "
        "s.dispatchEvent(new Event('input')); return s.getAttribute('aria-valuetext'); })"
    )
    assert values == ["0.00", "0.17", "0.67", "1.00"]


def test_shares_stand_beside_the_exact_ones(browser, address):
    opened(browser, f"{address}/sde-light")
    find = "return [...document.querySelectorAll('.ck-table tbody tr')].map(row => row.innerText)"
    rows = wait(lambda: browser.execute_script(find), 10, "the table")
    assert len(rows) == 3
    assert ["50.0 %" in rows[0], "30.0 %" in rows[1], "20.0 %" in rows[2]] == [True] * 3


CHOOSE = """
    const [name, value] = arguments;
    const control = [...document.querySelectorAll('.ck-control')].find(
        each => each.querySelector('label').textContent === name).querySelector('select, input');
    control.value = value;
    control.dispatchEvent(new Event('input', { bubbles: true }));
"""


def test_every_set_of_data_takes_every_method_and_scheduler(browser, address):
    opened(browser, f"{address}/edited-light")
    browser.get_log("browser")
    for data in ("points", "mixture", "chessboard", "ring", "moons", "face"):
        browser.execute_script(CHOOSE, "data", data)
        for scheduler in ("CondOT", "Cosine", "VP", "SquareRoot"):
            browser.execute_script(CHOOSE, "scheduler", scheduler)
            for method in ("euler", "heun", "ddim"):
                browser.execute_script(CHOOSE, "method", method)
                browser.execute_script(CHOOSE, "number of steps", 7)
                time.sleep(0.04)
    browser.execute_script(CHOOSE, "noise σ (0: ODE)", 1.5)
    wait(lambda: "Euler–Maruyama" in browser.execute_script(WORDS), 5, "the words")
    browser.execute_script(CHOOSE, "data", "drawn")
    wait(lambda: "No data" in browser.execute_script(WORDS), 5, "the words")
    drag(browser, (1.0, 1.0), (1.5, 1.0))
    wait(lambda: state(browser)["done"] == 4000, 10, "particles to the points that were drawn")
    assert len(state(browser)["places"]) == 2
    assert [each for each in browser.get_log("browser") if each["level"] == "SEVERE"] == []


def test_a_part_of_the_data_is_chosen_also_one_that_was_drawn(browser, address):
    opened(browser, f"{address}/path-light")
    choose(browser, "draw")
    drag(browser, (-2.5, -2.5))
    places = wait(lambda: len(state(browser)["places"]) == 8 and state(browser)["places"], 5, "the point")
    before = browser.execute_script(PICTURE)
    browser.execute_script(CHOOSE, "path to", len(places) - 1)
    wait(lambda: browser.execute_script(PICTURE) != before, 5, "its path in another colour")


def test_less_motion_shows_stills_one_after_another(browser, address):
    media = {"features": [{"name": "prefers-reduced-motion", "value": "reduce"}]}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", media)
    opened(browser, f"{address}/flow-light")
    before = browser.execute_script(FRAMES)
    browser.execute_script("document.querySelector('.ck-play').click()")
    time.sleep(1.1)
    assert state(browser)["t"] == pytest.approx(0.1)
    assert browser.execute_script(FRAMES) - before < 8


def test_nothing_is_drawn_out_of_sight(browser, address):
    opened(browser, f"{address}/flow-light")
    browser.execute_script("document.body.style.paddingBottom = '3000px'; scrollTo(0, 2500)")
    browser.execute_script("document.querySelector('.ck-play').click()")
    time.sleep(0.4)
    before = browser.execute_script(FRAMES)
    time.sleep(0.5)
    assert browser.execute_script(FRAMES) == before
    browser.execute_script("scrollTo(0, 0)")
    wait(lambda: browser.execute_script(FRAMES) > before + 5, 5, "frames again")


PIXELS = """
    const canvas = document.querySelector('.ck canvas'), { width, height } = canvas;
    const { data } = canvas.getContext('2d').getImageData(0, 0, width, height);
    return data.reduce((sum, value) => sum + value) / width / height;
"""
RUN = """
    const { run, t } = document.querySelector('.ck').coursekit.state, { w, seed, steps } = run;
    const first = [...run.states.slice(0, 5)];
    return { labels: [...new Set(run.labels)], done: run.done === run.count, first, w, seed, steps, t };
"""


def finished(browser, **wanted):
    """The run that is shown, once all its images are there and it is the one that is wanted."""

    def found():
        run = browser.execute_script(RUN)
        return run if run["done"] and all(run[name] == value for name, value in wanted.items()) else None

    return wait(found, 20, f"a run with {wanted}")


def test_digits_answer_their_controls_and_keep_the_noise(browser, address):
    opened(browser, f"{address}/guidance-light")
    before = finished(browser, labels=list(range(10)), steps=20)
    assert "80 evaluations" in browser.execute_script(WORDS)
    browser.execute_script("document.querySelector('.ck input[value=\"7\"]').click()")
    browser.execute_script(CHOOSE, "guidance scale w", 1)
    browser.execute_script(CHOOSE, "number of steps", 6)
    browser.execute_script(CHOOSE, "method", "euler")
    after = finished(browser, labels=[7], steps=6, w=1)
    assert after["first"] == before["first"]
    words = "6 steps of Euler: each image took 6 evaluations of the course’s network"
    wait(lambda: words in browser.execute_script(WORDS), 5, "the words")
    ink = browser.execute_script(PIXELS)
    browser.execute_script(CHOOSE, "time t (0 noise, 1 image)", 0)
    wait(lambda: browser.execute_script(PIXELS) < ink - 5, 5, "noise, which is darker")
    browser.execute_script("[...document.querySelectorAll('.ck button')].at(-1).click()")
    assert finished(browser, seed=1)["first"] != before["first"]


def test_a_digit_is_chosen_and_scrubbed_by_keyboard(browser, address):
    from selenium.webdriver.common.keys import Keys

    opened(browser, f"{address}/digit-light")
    stage = browser.find_element("css selector", ".ck-stage")
    stage.send_keys("8", Keys.HOME, Keys.ARROW_RIGHT * 3)
    assert finished(browser, labels=[8])["t"] == pytest.approx(0.15)
    wait(lambda: "digit 8 at time 0.15" in browser.execute_script(LABEL), 5, "the label")
    stage.send_keys(" ")
    wait(lambda: browser.execute_script(RUN)["t"] == 1, 10, "time to run")
    stage.send_keys(Keys.ARROW_LEFT)
    assert browser.execute_script(RUN)["t"] == pytest.approx(0.95)


PATHS = """
    const { run, t } = document.querySelector('.ck').coursekit.state;
    const each = run.runs ?? [run], ends = each.map(one => [...one.at(one.steps).slice(0, 4)]);
    return { done: run.done === run.count, count: run.count, steps: each.map(one => one.steps), t, ends };
"""


def paths(browser, **wanted):
    """The paths that are shown, once all of them are there and they are those that are wanted."""

    def found():
        run = browser.execute_script(PATHS)
        return run if run["done"] and all(run[name] == value for name, value in wanted.items()) else None

    return wait(found, 20, f"paths with {wanted}")


def test_a_diffusion_answers_its_controls_and_keeps_the_noise(browser, address):
    opened(browser, f"{address}/diffusion-light")
    before = paths(browser, count=2000, steps=[100])
    browser.execute_script(CHOOSE, "number of paths", 1000)
    assert paths(browser, count=1000)["ends"] == before["ends"]
    browser.execute_script(CHOOSE, "rate θ (1 / time)", 3)
    browser.execute_script(CHOOSE, "step size h (time)", "0.500")
    assert paths(browser, steps=[10])["ends"] != before["ends"]
    wait(lambda: "bias of the step" in browser.execute_script(WORDS), 5, "the words")
    picture = browser.execute_script(PICTURE)
    browser.execute_script("document.querySelector('.ck input[type=checkbox]').click()")
    wait(lambda: "in orange the law of the steps" in browser.execute_script(LABEL), 5, "the label")
    assert browser.execute_script(PICTURE) != picture
    browser.execute_script(CHOOSE, "step size h (time)", "1.000")
    wait(lambda: "unstable: θh = 3.00 is above 2" in browser.execute_script(WORDS), 5, "the words")
    browser.execute_script(CHOOSE, "rate θ (1 / time)", 0)
    wait(lambda: "no stationary law" in browser.execute_script(WORDS), 5, "the words")
    ends = paths(browser)["ends"]
    browser.execute_script("[...document.querySelectorAll('.ck button')].at(-1).click()")
    wait(lambda: paths(browser)["ends"] != ends, 5, "other noise")


def test_the_time_of_a_diffusion_is_moved_and_played_by_keyboard(browser, address):
    from selenium.webdriver.common.keys import Keys

    opened(browser, f"{address}/diffusion-light")
    stage = browser.find_element("css selector", ".ck-stage")
    stage.send_keys(Keys.HOME, Keys.ARROW_RIGHT * 3)
    assert paths(browser)["t"] == pytest.approx(0.03)
    wait(lambda: "at time 0.15, a histogram" in browser.execute_script(LABEL), 5, "the label")
    stage.send_keys(" ")
    wait(lambda: paths(browser)["t"] == 1, 10, "time to run")
    stage.send_keys(Keys.ARROW_LEFT)
    assert paths(browser)["t"] == pytest.approx(0.99)


def test_samplers_are_chosen_and_begin_in_the_same_points(browser, address):
    opened(browser, f"{address}/samplers-light")
    before = paths(browser, steps=[10, 10])
    assert before["ends"][0] != before["ends"][1]
    browser.execute_script(CHOOSE, "sampler 2", "heun")
    after = paths(browser, steps=[10, 5])
    assert after["ends"][0] == before["ends"][0]
    disabled = "return [...document.querySelectorAll('.ck input:disabled')].length"
    assert browser.execute_script(disabled) == 1
    browser.execute_script(CHOOSE, "sampler 2", "maruyama")
    browser.execute_script(CHOOSE, "its randomness η (2)", 0.3)
    browser.execute_script(CHOOSE, "evaluations", 40)
    paths(browser, steps=[40, 40])
    wait(lambda: "Euler–Maruyama, η = 0.3: 0.0" in browser.execute_script(WORDS), 5, "the words")
    assert browser.execute_script(disabled) == 0


def test_less_motion_shows_a_diffusion_in_stills(browser, address):
    media = {"features": [{"name": "prefers-reduced-motion", "value": "reduce"}]}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", media)
    opened(browser, f"{address}/diffusion-light")
    before = browser.execute_script(FRAMES)
    browser.execute_script("document.querySelector('.ck-play').click()")
    time.sleep(1.1)
    assert paths(browser)["t"] == pytest.approx(0.1)
    assert browser.execute_script(FRAMES) - before < 8


def test_the_still_stays_where_the_weights_are_missing(browser, address):
    browser.get_log("browser")
    browser.get(f"{address}/missing-light")
    wait(lambda: browser.get_log("browser"), 10, "the fault to be told")
    assert browser.execute_script("return document.querySelector('figure img').alt") == "the still"
    assert browser.execute_script("return document.querySelector('.ck')") is None


def test_a_reader_s_network_in_jupyterlab(browser, tmp_path):
    """The page runs the network that Python hands over."""
    code = "from coursekit import explore, nets\nexplore.guidance(nets.FiLMMLP())"
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code)], metadata=kernel)
    nbformat.write(book, tmp_path / "net.ipynb")
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", DESKTOP)
    with jupyter(tmp_path, tmp_path / "home") as (_, where):
        browser.get(f"{where}/tree/net.ipynb?token=a")
        wait(lambda: browser.execute_script(IS_OPEN), 90, "the notebook to open")
        assert browser.execute_async_script(RUN_ALL) == "ran"
        find = "return document.querySelector('.ck-words')?.textContent ?? ''"
        wait(lambda: "evaluations of your network" in browser.execute_script(find), 60, "the explorer")
        # One that has not learnt anything leaves the noise where it is.
        assert browser.execute_script(
            "const { run } = document.querySelector('.ck').coursekit.state, n = 64 * run.count;"
            "return run.states.slice(0, n).every((each, i) => each === run.states[n * run.steps + i])"
        )
        assert browser.execute_script(FAULTS) == []
        browser.save_screenshot(str(PICTURES / "digits in JupyterLab.png"))


def test_a_reader_s_function_in_jupyterlab(browser, tmp_path):
    """Its particles are shown, and asked for anew when the number of steps changes."""
    code = "from coursekit import explore\nexplore.field(lambda x, t: -x, view='solvers', steps=5, t=1.0)"
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code)], metadata=kernel)
    nbformat.write(book, tmp_path / "own.ipynb")
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", DESKTOP)
    with jupyter(tmp_path, tmp_path / "home") as (_, where):
        browser.get(f"{where}/tree/own.ipynb?token=a")
        wait(lambda: browser.execute_script(IS_OPEN), 90, "the notebook to open")
        assert browser.execute_async_script(RUN_ALL) == "ran"
        find = "return document.querySelector('.ck')?.coursekit?.state.own?.steps ?? 0"
        wait(lambda: browser.execute_script(find) == 5, 60, "the explorer")
        slide = "document.querySelectorAll('.ck input[type=range]')[1]"
        browser.execute_script(
            f"{slide}.value = 9; {slide}.dispatchEvent(new Event('input', {{bubbles: true}}))"
        )
        wait(lambda: browser.execute_script(find) == 9, 20, "Python's answer")
        wait(lambda: "9 steps in Python" in browser.execute_script(WORDS), 5, "the words")
        assert browser.execute_script(FAULTS) == []
        browser.save_screenshot(str(PICTURES / "field in JupyterLab.png"))
