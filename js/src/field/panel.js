/** The controls of the field explorer; settings say which stand open and which behind "More". */
import { floor } from "../maths/functions.js";
import { button, element, fold, menu, radios, row, slider, tick as box } from "../scene/controls.js";
import { SCHEDULERS } from "../maths/schedulers.js";
import { METHODS } from "./run.js";
import { SETS } from "./data.js";

export const TOOLS = { move: "move", draw: "draw", erase: "erase", probe: "probe" };
const SHOWN = { particles: "particles", arrows: "arrows", density: "density", paths: "paths", data: "data points" };
/** The keys of the plane. */
export const HINT =
  "On the plane: arrow keys move the chosen point or the probe (with shift farther), comma and full stop choose " +
  "another point, plus adds one, Delete removes it, space plays.";
const names = (table) => Object.fromEntries(Object.entries(table).map(([key, each]) => [key, each.name ?? each]));

/**
 * Make the controls.
 *
 * @param {object} s the explorer's state, which they change
 * @param {object} then what follows: `restart()` after the particles have to move anew, `looked()` after only the
 *     picture changes, `load(name)` another data set, `play()`, `seek(t)`
 * @returns {{nodes: HTMLElement[], play: HTMLButtonElement, sync: () => void, tick: () => void}}
 *     `sync` shows the state in the controls, `tick` the time alone
 */
export function panel(s, settings, then) {
  const play = button("▶ Play", then.play);
  play.className = "ck-play";
  const known = {};
  const states = () => (s.motion === "path" ? 100 : (s.run?.steps ?? s.steps)); // of the time slider
  const time = slider({
    label: "time t (0 noise, 1 data)",
    min: 0,
    max: states(),
    step: 1,
    value: 0,
    format: (k) => (k / states()).toFixed(2),
    onInput: (k) => then.seek(k / states()),
  });
  const tick = () => {
    const k = floor(s.t * states() + 1e-9);
    if (+time.input.value !== k) time.set(k);
  };

  const set =
    (name, after = then.restart) =>
    (value) => {
      s[name] = value;
      after();
      sync();
    };
  const sets = () =>
    settings.data && typeof settings.data === "object" ? { given: { name: "as given" }, ...SETS } : SETS;
  const parts = () => {
    const entries = { "-1": "all data (marginal)" };
    for (let k = 0; k < s.law.n; k++) entries[k] = `${s.data.noun} ${k + 1} in orange`;
    return entries;
  };
  const choosePart = (value) => set("part", then.looked)(+value < 0 ? null : +value);
  const makers = {
    data: () => menu({ label: "data", entries: names(sets()), value: s.set, onInput: then.load }),
    scheduler: () =>
      menu({ label: "scheduler", entries: names(SCHEDULERS), value: s.scheduler, onInput: set("scheduler") }),
    motion: () =>
      menu({
        label: "particles",
        entries: { flow: "follow the field", path: "samples of the path" },
        value: s.motion,
        onInput: set("motion"),
      }),
    method: () => menu({ label: "method", entries: METHODS, value: s.method, onInput: set("method") }),
    steps: () =>
      slider({ label: "number of steps", min: 1, max: 100, step: 1, value: s.steps, onInput: set("steps") }),
    sigma: () =>
      slider({
        label: "noise σ (0: ODE)",
        min: 0,
        max: 2,
        step: 0.1,
        value: s.sigma,
        format: (v) => v.toFixed(1),
        onInput: set("sigma"),
      }),
    corrected: () => box({ label: "drift corrected by the score", value: s.corrected, onInput: set("corrected") }),
    fading: () => box({ label: "noise falls with β(t)", value: s.fading, onInput: set("fading") }),
    count: () =>
      slider({
        label: "particles",
        min: 2000,
        max: 10000,
        step: 1000,
        value: s.count,
        format: (n) => n.toLocaleString("en"),
        onInput: set("count"),
      }),
    tool: () =>
      radios({ label: "pointer and arrow keys", entries: TOOLS, value: s.tool, onInput: set("tool", then.looked) }),
    follow: () =>
      menu({
        label: "particles follow",
        entries: { exact: "the exact field (grey)", own: "your function (orange)" },
        value: s.follow,
        onInput: set("follow"),
      }),
    part: () => menu({ label: "path to", entries: parts(), value: "-1", onInput: choosePart }),
    noise: () => ({ node: button("Other noise", then.reseed), set() {} }),
    show: () => {
      const all = { ...SHOWN, ...(settings.follow ? { gap: "gap to your function" } : {}), shares: "shares" };
      const ticks = Object.entries(all).map(([key, label]) =>
        box({ label, value: s.show[key], onInput: (value) => ((s.show[key] = value), then.looked(), sync()) }),
      );
      const set = () => ticks.forEach((each, i) => each.set(s.show[Object.keys(all)[i]]));
      const node = row(...ticks.map((each) => each.node));
      node.setAttribute("role", "group");
      node.setAttribute("aria-label", "shown");
      return { node, set };
    },
  };
  const make = (list) =>
    list
      .filter((name) => makers[name] && (name !== "tool" || s.editing))
      .map((name) => ((known[name] = makers[name]()), known[name].node));

  const open = make(settings.controls ?? []);
  const more = make(settings.more ?? []);
  function sync() {
    time.input.max = states();
    if (known.part && known.part.input.length !== s.law.n + 1) known.part.fill(parts());
    time.set(floor(s.t * states() + 1e-9));
    const values = {
      data: s.set,
      steps: s.steps,
      sigma: s.sigma,
      part: String(s.part ?? -1),
      tool: s.tool,
      method: s.method,
    };
    for (const [name, value] of Object.entries(values)) known[name]?.set(value);
    known.show?.set();
    const flow = s.motion === "flow";
    const enable = {
      method: flow && !s.sigma,
      steps: flow,
      sigma: flow,
      corrected: flow && s.sigma > 0,
      fading: flow && s.sigma > 0,
      part: !flow,
    };
    for (const [name, value] of Object.entries(enable)) if (known[name]) known[name].input.disabled = !value;
  }
  const nodes = [row(play, time.node), ...open];
  if (s.editing) more.push(element("p", { className: "ck-note" }, HINT));
  if (more.length) nodes.push(fold("More", ...more));
  return { nodes, play, sync, tick };
}
