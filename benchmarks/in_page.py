"""Explorers that run in the page: frames a second, JavaScript a frame, and how soon a slider is answered.

Each is opened in headless Chromium as on the reader's site, without a kernel. The time of an answer runs in
the page, from a slider's event until the frame with its picture has been drawn. A second turn has a phone's
window and a processor four times as slow, as Chromium's developer tools slow it down.
"""

import contextlib
import functools
import html
import http.server
import json
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from numpy import percentile

from .browser import chromium, wait
from .rounds import table

ROOT = Path(__file__).parents[1]
STATIC = ROOT / "coursekit" / "explore" / "static"
WEIGHTS = ROOT / "coursekit" / "weights" / "digits.safetensors"
DESKTOP = {"width": 1280, "height": 900, "deviceScaleFactor": 1, "mobile": False}
PHONE = {"width": 390, "height": 800, "deviceScaleFactor": 2, "mobile": True}
PAGE = """<!doctype html><html lang="en" data-theme="{theme}"><head><meta charset="utf-8">
<title>Explorer</title><meta name="viewport" content="width=device-width"><link rel="icon" href="data:,">
<style>body {{ margin: 8px; background: {back}; color: {ink} }} figure, h1 {{ margin: 0 }}</style></head>
<body><main><h1>Explorer</h1><figure data-coursekit="{name}" data-settings="{settings}">
<img alt="the still" src="data:image/gif;base64,R0lGODlhAQABAAAAACw="></figure></main>
<script type="module" src="/site.js"></script></body></html>"""
ALL = {"show": ["particles", "density", "arrows", "data"], "controls": ["steps", "sigma"], "particles": 4000}
SETTINGS: dict[str, tuple[str, dict[str, Any]]] = {
    "flow to 7 points": ("field", {**ALL, "data": "points", "steps": 100}),
    "flow to a chessboard": ("field", {**ALL, "data": "chessboard", "steps": 100}),
    "samples of the path": ("field", {**ALL, "data": "mixture", "motion": "path"}),
    "SDE to 3 Gaussians": ("field", {**ALL, "data": "mixture", "steps": 50, "sigma": 1.0}),
    "100 guided digits": ("digits", {"weights": WEIGHTS.name, "controls": ["w", "steps"]}),
    "2,000 paths of a diffusion": ("processes", {"view": "diffusion", "h": 0.025, "chain": True}),
    "2 samplers, 1,000 paths each": ("processes", {"view": "samplers", "evaluations": 50}),
}
READY = """
    const made = document.querySelector('.ck')?.coursekit;
    return Boolean(made?.state.run && made.state.run.done === made.state.run.count);
"""
PLAY = """
    const done = arguments[0], { clock, measured } = document.querySelector('.ck').coursekit;
    const begun = performance.now();
    for (const name of ['ms', 'times']) measured[name].length = 0;
    const again = () => {
        if (performance.now() - begun > 3000) {
            clock.stop();
            const { ms, times, share } = measured;
            done({ ms, share, rate: 1000 * (times.length - 1) / (times.at(-1) - times[0]) });
        } else {
            if (!clock.playing) clock.start();
            setTimeout(again, 20);
        }
    };
    again();
"""
SLIDE = """
    const [place, moves, done] = arguments;
    const slider = document.querySelectorAll('.ck input[type=range]')[place], found = [];
    const { min, max, step } = slider;
    const next = k => {
        if (k === moves) return done(found);
        slider.value = +min + step * Math.round((max - min) / step * ((0.37 + 0.618 * k) % 1));
        const begun = performance.now();
        slider.dispatchEvent(new Event('input', { bubbles: true }));
        // Asked for after the explorer's own frame: it comes after that one has been drawn.
        requestAnimationFrame(() => {
            const channel = new MessageChannel();
            channel.port1.onmessage = () => {
                found.push(performance.now() - begun);
                setTimeout(() => next(k + 1), 35);
            };
            channel.port2.postMessage(0);
        });
    };
    next(0);
"""


def page(name: str, settings: Mapping[str, Any], theme: str = "light") -> str:
    """HTML of a page with one explorer in it."""
    back, ink = ("#14181e", "#eeeeee") if theme == "dark" else ("#ffffff", "#111111")
    kept = html.escape(json.dumps(settings))
    return PAGE.format(name=name, settings=kept, theme=theme, back=back, ink=ink)


@contextlib.contextmanager
def served(pages: Mapping[str, str]) -> Iterator[str]:
    """Bundles, weights and pages by their paths such as "/one", on a port here; yields the address."""

    class Handler(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

        def do_GET(self) -> None:
            if self.path not in pages:
                if self.path == f"/{WEIGHTS.name}":
                    self.directory = str(WEIGHTS.parent)
                super().do_GET()
                return
            body = pages[self.path].encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    handler = functools.partial(Handler, directory=str(STATIC))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def opened(window: Any, address: str, screen: Mapping[str, Any] = DESKTOP, slower: float = 1) -> None:
    """Open a page on a screen, with a processor so many times slower, and wait for all particles."""
    window.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", dict(screen))
    window.execute_cdp_cmd("Emulation.setCPUThrottlingRate", {"rate": slower})
    window.get(address)
    wait(lambda: window.execute_script(READY), 60, f"the explorer of {address}")
    time.sleep(0.5)


def measured(window: Any) -> dict[str, float]:
    """Frames a second and JavaScript a frame while time runs, and answers to the sliders, of what is open."""
    played = window.execute_async_script(PLAY)
    if played["share"] < 1:  # it has just found out what the machine can do
        played = window.execute_async_script(PLAY)
    sliders = window.execute_script(
        "return document.querySelectorAll('.ck input[type=range]:enabled').length"
    )
    answers = [each for k in range(sliders) for each in window.execute_async_script(SLIDE, k, 40)]
    return {
        "rate": played["rate"],
        "ms": sum(played["ms"]) / len(played["ms"]),
        "ms95": float(percentile(played["ms"], 95)),
        "share": played["share"],
        "answer": float(percentile(answers, 95)),
    }


def section() -> str:
    """The part of the report about explorers in the page."""
    rows = []
    pages = {f"/{k}": page(*each) for k, each in enumerate(SETTINGS.values())}
    turns = (("desktop", DESKTOP, 1), ("phone, 4 times slower", PHONE, 4))
    with (
        tempfile.TemporaryDirectory() as folder,
        chromium(Path(folder)) as window,
        served(pages) as address,
    ):
        for where, screen, slower in turns:
            for k, name in enumerate(SETTINGS):
                opened(window, f"{address}/{k}", screen, slower)
                found = measured(window)
                drawn = f"{4000 * found['share']:,.0f}" if SETTINGS[name][0] == "field" else "–"
                numbers = [drawn, f"{found['rate']:.0f}"]
                numbers += [f"{found[key]:.1f}" for key in ("ms", "ms95")] + [f"{found['answer']:.0f}"]
                rows.append([name, where, *numbers])
    head = ["explorer", "machine", "particles", "frames/s", "JavaScript a frame, ms", "its 95 %, ms"]
    head += ["slider to frame, 95 %, ms"]
    return table(head, rows)


if __name__ == "__main__":
    print(section())
