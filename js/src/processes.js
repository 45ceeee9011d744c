/** The explorer of processes on the line: diffusions beside their exact law, samplers beside each other. */
import { floor, max, min } from "./maths/functions.js";
import { button, element, picture, row, slider } from "./scene/controls.js";
import { frame, widget } from "./scene/host.js";
import { animation, clock } from "./scene/loop.js";
import { THEMES } from "./scene/theme.js";
import { fitWide, widthOf } from "./scene/wide.js";
import { diffusion } from "./processes/diffusion.js";
import { Panel } from "./processes/panel.js";
import { samplers } from "./processes/samplers.js";

const VIEWS = { diffusion, samplers };
const REST = 150; // milliseconds without change after which words are written
const BUSY = 3; // milliseconds of a frame for paths while time runs
const IDLE = 6; // and while it stands
const KEYS = "Arrow keys go a step in time, Home and End to the first and the last; space plays.";

/**
 * Build the explorer.
 *
 * @param {HTMLElement} el where it goes
 * @param {object} settings as coursekit.explore.diffusions and .samplers write them; `view` says which of the two
 * @returns {() => void} takes it down
 */
export function mount(el, settings = {}) {
  const view = VIEWS[settings.view ?? "diffusion"];
  const s = { seed: 0, version: 0, run: null, ...view.begin(settings) };
  const canvas = picture();
  const stage = element("div", { className: "ck-stage", tabIndex: 0, role: "application", "aria-label": KEYS }, canvas);
  const words = element("p", { className: "ck-words", "aria-live": "polite" });
  const pen = canvas.getContext("2d", { alpha: false });
  const panels = [];
  let colours = THEMES.light;
  let stale = true; // the paths have to be made anew
  let dirty = true;
  let drawn = "";
  let rest = 0;
  const loop = animation(stage, tick);
  const looked = (passing = false) => {
    dirty ||= !passing; // what time alone changes, `tick` sees by itself
    loop.wake();
    clearTimeout(rest);
    rest = setTimeout(settle, REST);
  };
  const restart = () => {
    stale = true;
    looked();
  };
  const time = clock({
    seconds: () => view.seconds(s),
    get: () => s.t,
    set: (t) => {
      s.t = t;
      showTime();
      looked(time.running);
    },
    told: (playing) => {
      play.textContent = playing ? "❚❚ Pause" : "▶ Play";
      looked();
    },
  });
  const seek = (t) => {
    if (time.playing) time.stop();
    s.t = t;
    showTime();
    looked();
  };

  const play = button("▶ Play", time.toggle);
  play.className = "ck-play";
  const steps = () => s.run?.steps ?? 1;
  const timer = slider({
    label: view.time,
    min: 0,
    max: 1,
    step: 1,
    value: 0,
    format: (k) => ((view.end * k) / steps()).toFixed(2),
    onInput: (k) => seek(k / steps()),
  });
  const showTime = () => {
    const k = floor(s.t * steps() + 1e-9);
    if (+timer.input.value !== k) timer.set(k);
  };
  const change = (after) => (name) => (value) => {
    s[name] = value;
    after();
  };
  const reseed = () => {
    s.seed++;
    restart();
  };
  const controls = view.controls(s, { set: change(restart), look: change(looked), restart, reseed });
  const sheet = element("div", { className: "ck-panel" }, row(play, timer.node), ...controls.map((each) => each.node));
  const body = element("div", { className: "ck-body" }, stage, sheet, words);
  const painted = (theme) => {
    colours = THEMES[theme];
    looked();
  };
  const { root, end } = frame(el, "processes", painted, body);

  stage.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const k = floor(s.t * steps() + 1e-9);
    const next = { ArrowLeft: k - 1, ArrowRight: k + 1, Home: 0, End: steps() }[event.key];
    if (next !== undefined) seek(max(0, min(steps(), next)) / steps());
    else if (event.key === " ") time.toggle();
    else return;
    event.preventDefault();
  });

  function draw() {
    const width = widthOf(canvas);
    const { height, places } = view.layout(s, width);
    // A slow machine draws coarsely what moves, and finely what stands.
    const ratio = fitWide(canvas, width, height, loop.measured.share < 1 && time.running ? 1 : 2);
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.globalAlpha = 1;
    pen.fillStyle = colours.back;
    pen.fillRect(0, 0, width, height);
    view.panels(s, colours).forEach(({ what, key }, i) => (panels[i] ??= new Panel()).draw(pen, ratio, places[i], what, colours, key));
  }

  function tick(seconds) {
    time.advance(seconds);
    if (stale) {
      stale = false;
      s.version++;
      view.renew(s);
      timer.input.max = steps();
      timer.set(floor(s.t * steps() + 1e-9));
    }
    const missing = s.run.compute(time.running ? BUSY : IDLE);
    loop.measured.steady = !missing;
    // While time runs between two states there is nothing new to draw.
    const key = `${s.version} ${s.run.index(s.t)} ${s.run.done} ${loop.measured.share}`;
    if (dirty || key !== drawn) draw();
    drawn = key;
    dirty = false;
    return missing || time.running;
  }

  /** Words, once nothing has moved for a while. */
  function settle() {
    if (time.running || stale || s.run.done < s.run.count) {
      rest = setTimeout(settle, REST);
      return;
    }
    canvas.setAttribute("aria-label", view.alternative(s));
    const text = view.summary(s);
    if (words.textContent !== text) words.textContent = text;
  }

  const resize = new ResizeObserver(() => looked());
  resize.observe(canvas);
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
