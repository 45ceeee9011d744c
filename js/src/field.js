/** The field explorer: noise carried to data by exact fields, by solvers' real steps, by the reader's own function. */
import { max, min } from "./maths/functions.js";
import { SCHEDULERS } from "./maths/schedulers.js";
import { exactField } from "./maths/marginals.js";
import { element, picture } from "./scene/controls.js";
import { frame, widget } from "./scene/host.js";
import { animation, clock } from "./scene/loop.js";
import { Plane } from "./scene/plane.js";
import { Data, SETS } from "./field/data.js";
import { draw } from "./field/draw.js";
import { Own } from "./field/own.js";
import { HINT, panel } from "./field/panel.js";
import { listen } from "./field/pointer.js";
import { FlowRun, PathRun, shares } from "./field/run.js";
import { alternative, shareTable, summary } from "./field/words.js";

const LIM = 3.2;
const REST = 150; // milliseconds without change after which words and shares are written
const BUSY = 3; // milliseconds of a frame for particles while time runs
const IDLE = 6; // and while it stands

/** The state an explorer begins with. */
function begin(settings) {
  const given = typeof settings.data === "object";
  const set = given ? "given" : (settings.data ?? "points");
  const show = { probe: Boolean(settings.probe) };
  for (const name of settings.show ?? ["particles", "data"]) show[name] = true;
  return {
    set,
    data: new Data(given ? settings.data : SETS[set]),
    scheduler: settings.scheduler ?? "CondOT",
    method: settings.method ?? "heun",
    motion: settings.motion ?? "flow",
    steps: settings.steps ?? 100,
    sigma: settings.sigma ?? 0,
    corrected: settings.corrected ?? true,
    fading: settings.fading ?? false,
    count: settings.particles ?? 4000,
    t: settings.t ?? 0,
    seed: 0,
    version: 0,
    editing: Boolean(settings.edit),
    tool: settings.tool ?? (settings.probe ? "probe" : settings.edit ? "move" : "none"),
    chosen: 0,
    part: null,
    probe: Array.isArray(settings.probe) ? settings.probe : null,
    follow: settings.follow ?? "exact",
    own: null,
    share: 1,
    focused: false,
    show,
  };
}

/**
 * Build the explorer.
 *
 * @param {HTMLElement} el where it goes
 * @param {object} settings as coursekit.explore.field writes them: data, scheduler, method, steps, sigma, corrected,
 *     fading, particles, motion, t, show, edit, probe, controls, more, follow, answer; all may be left out
 * @param {object | null} kernel as of scene/host.js; null on a page without one
 * @returns {() => void} takes it down
 */
export function mount(el, settings = {}, kernel = null) {
  const s = begin(settings);
  const relaw = () => {
    s.law = s.data.law();
    s.exact = exactField(s.law, SCHEDULERS[s.scheduler]);
    s.version++;
  };
  relaw();
  const canvas = picture();
  const stage = element("div", { className: "ck-stage", tabIndex: 0, role: "application" }, canvas);
  const words = element("p", { className: "ck-words", "aria-live": "polite" });
  const table = element("div", { className: "ck-shares" });
  stage.setAttribute("aria-label", s.editing ? HINT : "The plane: space plays, arrow keys move the probe.");

  let dirty = true;
  let stale = true; // the particles have to begin anew
  let rest = 0;
  let drawn = "";
  const loop = animation(stage, tick);
  const looked = (passing = false) => {
    dirty ||= !passing; // what time alone changes, `tick` sees by itself
    loop.wake();
    clearTimeout(rest);
    rest = setTimeout(settle, REST);
  };
  const restart = () => {
    stale = true;
    relaw();
    s.part = s.motion === "path" && s.part < s.law.n ? s.part : null;
    if (s.follow === "own") askPython();
    looked();
  };
  const time = clock({
    seconds: () => (s.run?.steps ? max(2.5, min(4, s.run.steps / 30)) : 4),
    get: () => s.t,
    set: (t) => {
      s.t = t;
      controls.tick();
      looked(time.running);
    },
    told: (playing) => {
      controls.play.textContent = playing ? "❚❚ Pause" : "▶ Play";
      looked();
    },
  });
  const controls = panel(s, settings, {
    restart,
    looked,
    play: time.toggle,
    seek(t) {
      if (time.playing) time.stop();
      s.t = t;
      looked();
    },
    reseed() {
      s.seed++;
      restart();
    },
    load(name) {
      s.set = name;
      s.data = new Data(name === "given" ? settings.data : SETS[name]);
      s.chosen = 0;
      if (name === "drawn") s.tool = "draw";
      controls.sync();
      restart();
    },
  });
  const body = element(
    "div",
    { className: "ck-body" },
    stage,
    element("div", { className: "ck-panel" }, ...controls.nodes, table),
    words,
  );
  let plane = null;
  const { root, end } = frame(el, "field", (theme) => (plane?.setTheme(theme), looked()), body);
  plane = new Plane(canvas, settings.lim ?? LIM);
  plane.setTheme(root.dataset.theme);
  const changed = () => {
    s.set = s.set === "given" ? "given" : s.data.isMixture ? s.set : "drawn";
    restart();
    controls.sync();
  };
  listen({ stage, plane, s, changed, looked, toggle: time.toggle });

  /** A new run, once a frame at most, however often the pointer has moved. */
  function renew() {
    stale = false;
    const { law, motion, follow, own } = s;
    const scheduler = SCHEDULERS[s.scheduler];
    if (!law.n) s.run = null;
    else if (follow === "own" && own?.valid) s.run = own.run(s.exact);
    else {
      const starts = own?.valid ? own.trajectories.subarray(0, 2 * own.count) : null;
      const sigma = s.sigma ? (s.fading ? (t) => s.sigma * scheduler.beta(t) : () => s.sigma) : null;
      const common = { law, scheduler, count: starts ? own.count : s.count, seed: s.seed, starts };
      s.run =
        motion === "path"
          ? new PathRun(common)
          : new FlowRun({ ...common, method: s.method, steps: s.steps, sigma, corrected: s.corrected });
    }
    controls.sync();
  }

  function tick(seconds) {
    time.advance(seconds);
    if (stale) renew();
    const missing = s.run ? s.run.compute(time.running ? BUSY : IDLE) : false;
    loop.measured.steady = !missing;
    s.share = loop.measured.share;
    // A slow machine draws coarsely what moves, and finely what stands.
    if (plane.fit(s.share < 1 && time.running ? 1 : 2)) dirty = true;
    // While time runs between two states of the solver there is nothing new to draw.
    const key = s.run && `${s.run.timeOf(s.t)} ${s.run.done} ${s.share}`;
    if (dirty || key !== drawn) draw(plane, s);
    drawn = key;
    dirty = false;
    return missing || time.running;
  }

  /** Words and shares, once nothing has moved for a while. */
  function settle() {
    if (time.running || stale || (s.run && s.run.done < s.run.count)) {
      rest = setTimeout(settle, REST);
      return;
    }
    canvas.setAttribute("aria-label", alternative(s));
    const text = summary(s);
    if (words.textContent !== text) words.textContent = text;
    table.hidden = !s.show.shares || !s.run;
    if (table.hidden || s.shared === s.run) return;
    s.shared = s.run;
    table.replaceChildren(shareTable(shares(s.run, s.law, s.exact.at(1)), s));
  }

  function askPython() {
    kernel?.ask({
      method: s.method,
      steps: s.steps,
      sigma: s.sigma,
      corrected: s.corrected,
      fading: s.fading,
      seed: s.seed,
    });
  }
  function hear(answer) {
    s.own =
      answer && Object.keys(answer).length ? Object.assign(new Own(answer), { id: (s.own?.id ?? 0) + 1 }) : null;
    stale = true;
    looked();
  }

  hear(kernel?.answer ?? settings.answer);
  kernel?.told(hear);
  const resize = new ResizeObserver(() => looked());
  resize.observe(canvas);
  controls.sync();
  root.coursekit = { state: s, measured: loop.measured, clock: time }; // for tests and measurements
  if (settings.play) time.start();
  return () => {
    clearTimeout(rest);
    time.stop();
    loop.end();
    resize.disconnect();
    end();
  };
}

export default widget(mount);
