/** The digits explorer: a trained network turns noise into handwritten digits, guided by their labels. */
import { max, min } from "./maths/functions.js";
import { FilmMlp } from "./nets/film_mlp.js";
import { layout } from "./digits/layout.js";
import { panel } from "./digits/panel.js";
import { ALL, Run, labelsOf } from "./digits/run.js";
import { Sheet } from "./digits/sheet.js";
import { alternative, summary } from "./digits/words.js";
import { element, picture } from "./scene/controls.js";
import { frame, widget } from "./scene/host.js";
import { animation, clock } from "./scene/loop.js";

const REST = 150; // milliseconds without change after which words are written
const BUSY = 4; // milliseconds of a frame for images while time runs
const IDLE = 9; // and while it stands
const KEYS = "Arrow keys go a step of the solver, Home and End to noise and image; a number chooses a digit, space plays.";

/**
 * Fetch the weights that lie beside the page's bundles.
 *
 * @param {object} settings `weights` is the file's name
 * @param {string} base address of the bundles
 * @returns {Promise<{weights: DataView}>} for `mount`
 * @throws {Error} the file is not there
 */
export async function load({ weights }, base) {
  const answer = await fetch(new URL(weights, base));
  if (!answer.ok) throw new Error(`${weights}: ${answer.status}`);
  return { weights: new DataView(await answer.arrayBuffer()) };
}

/**
 * Build the explorer.
 *
 * @param {HTMLElement} el where it goes
 * @param {object} settings as coursekit.explore.digits writes them: single, digit, w, most, steps, method, t, whose,
 *     controls, more
 * @param {{weights: DataView}} kernel the file of weights, as of scene/host.js or `load`
 * @returns {() => void} takes it down
 */
export function mount(el, settings, { weights }) {
  const net = new FilmMlp(weights);
  const s = {
    single: Boolean(settings.single),
    digit: settings.digit ?? ALL,
    w: settings.w ?? 1.5,
    steps: settings.steps ?? 20,
    method: settings.method ?? "heun",
    t: settings.t ?? 1,
    whose: settings.whose ?? "the network",
    seed: 0,
    run: null,
    before: null, // the last run that was finished: its images stand until they have been made anew
  };
  const canvas = picture();
  const stage = element("div", { className: "ck-stage", tabIndex: 0, role: "application", "aria-label": KEYS }, canvas);
  const words = element("p", { className: "ck-words", "aria-live": "polite" });
  let stale = true; // the images have to be made anew
  let rest = 0;
  const loop = animation(stage, tick);
  const looked = () => {
    loop.wake();
    clearTimeout(rest);
    rest = setTimeout(settle, REST);
  };
  const restart = () => {
    stale = true;
    looked();
  };
  const time = clock({
    seconds: () => max(2.5, min(4, s.steps / 6)),
    get: () => s.t,
    set: (t) => {
      s.t = t;
      controls.tick();
      looked();
    },
    told: (playing) => {
      controls.play.textContent = playing ? "❚❚ Pause" : "▶ Play";
      looked();
    },
  });
  const seek = (t) => {
    if (time.playing) time.stop();
    s.t = t;
    controls.tick();
    looked();
  };
  const reseed = () => {
    s.seed++;
    restart();
  };
  const controls = panel(s, settings, { restart, reseed, seek, play: time.toggle });
  const body = element("div", { className: "ck-body" }, stage, element("div", { className: "ck-panel" }, ...controls.nodes), words);
  let sheet = null;
  const { root, end } = frame(el, "digits", (theme) => (sheet?.setTheme(theme), looked()), body);
  sheet = new Sheet(canvas, net.size);
  sheet.setTheme(root.dataset.theme);

  stage.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const k = s.run.index(s.t);
    const next = { ArrowLeft: k - 1, ArrowRight: k + 1, Home: 0, End: s.steps }[event.key];
    if (next !== undefined) seek(max(0, min(s.steps, next)) / s.steps);
    else if (event.key === " ") time.toggle();
    else if (/^[0-9]$/.test(event.key)) {
      s.digit = event.key;
      controls.sync();
      restart();
    } else return;
    event.preventDefault();
  });

  /** Pixels of a tile; until an image has been made anew that of the run before stands, if it had as many. */
  function image({ image: i, state }) {
    const { run, before } = s;
    if (i < run.done) return run.image(i, state);
    if (before?.count === run.count) return before.image(i, before.index(state / run.steps));
    return run.image(i, min(state, run.made(i)));
  }

  function tick(seconds) {
    time.advance(seconds);
    if (stale) {
      stale = false;
      if (s.run?.done === s.run?.count) s.before = s.run;
      s.run = new Run({ net, labels: labelsOf(s.digit, s.single), ...s });
    }
    const missing = s.run.compute(time.running ? BUSY : IDLE);
    loop.measured.steady = !missing;
    const { width } = sheet;
    sheet.draw(layout(s.run, s.run.index(s.t), s.single, width), image, width);
    return missing || time.running;
  }

  /** Words, once nothing has moved for a while. */
  function settle() {
    if (time.running || stale || s.run.done < s.run.count) {
      rest = setTimeout(settle, REST);
      return;
    }
    canvas.setAttribute("aria-label", alternative(s));
    const text = summary(s);
    if (words.textContent !== text) words.textContent = text;
  }

  const resize = new ResizeObserver(looked);
  resize.observe(canvas);
  controls.sync();
  restart();
  root.coursekit = { state: s, measured: loop.measured, clock: time }; // for tests and measurements
  return () => {
    clearTimeout(rest);
    time.stop();
    loop.end();
    resize.disconnect();
    end();
  };
}

export default widget(mount);
