/** The view of the Ornstein–Uhlenbeck process: its settings, its run, its controls, and what is drawn. */
import { abs, max, min } from "../maths/functions.js";
import { chainLaw, ornsteinUhlenbeck } from "../maths/processes.js";
import { EulerMaruyama, timeGrid } from "../maths/solvers.js";
import { normalDensity } from "../maths/statistics.js";
import { button, menu, slider, tick } from "../scene/controls.js";
import { SHOWN } from "./panel.js";
import { Noise, Run } from "./run.js";
import { alternative, summary } from "./diffusion_words.js";

const END = 5;
const FINEST = 200; // steps; every other step is a multiple
const STEPS = [0.025, 0.05, 0.1, 0.2, 0.25, 0.5, 1];
const ROOM = 1.5; // for the histogram, units of time
const POINTS = 120; // of the exact law over time
const named = Object.fromEntries(STEPS.map((h) => [h.toFixed(3), String(h)])); // keys in order, for they are not whole

/** Half the height of the plot, data units: the laws have room. */
function reachOf(s) {
  const stable = s.theta * s.h <= 2;
  let far = abs(s.start);
  for (let i = 1; i <= POINTS; i++) {
    const { mean, std } = s.process.law(s.start, (END * i) / POINTS);
    far = max(far, abs(mean) + 2.5 * std);
  }
  for (let k = 1; stable && k <= s.run.steps; k++) {
    const { mean, std } = s.lawsAt(k).chain;
    far = max(far, abs(mean) + 2.5 * std);
  }
  return [5, 7.5, 10, 15, 20, 30].find((reach) => reach >= far) ?? 40;
}

/** Mean and twice the width of a law on both sides of it, over time. */
function band(colour, dash, law) {
  const all = law.map(([t, { mean, std }]) => [mean, mean + 2 * std, mean - 2 * std].map((x) => [t, x]));
  const curve = (i, look) => ({ points: all.map((each) => each[i]), colour, ...look });
  return [curve(0, { dash: dash.mean }), curve(1, { dash: dash.edge, width: 1.2 }), curve(2, { dash: dash.edge, width: 1.2 })];
}
const EXACT = { mean: [], edge: [6, 4] };
const CHAIN = { mean: [2, 3], edge: [2, 3] };

const shown = (law, look) =>
  law.std > 0 ? { ...look, std: law.std, top: normalDensity(law.mean, law), density: (x) => normalDensity(x, law) } : { ...look, std: 0, point: law.mean };

export const diffusion = {
  time: "time t",
  end: END,
  seconds: () => END,
  alternative,
  summary,

  begin: (settings) => ({
    theta: settings.theta ?? 1,
    sigma: settings.sigma ?? 1.4,
    h: settings.h ?? 0.05,
    count: settings.paths ?? 2000,
    start: settings.start ?? 3,
    chain: settings.chain ?? false,
    t: (settings.t ?? END) / END,
  }),

  /** A new run; noise is kept while it can be. */
  renew(s) {
    if (s.noise?.seed !== s.seed) s.noise = new Noise(s.seed, FINEST);
    const steps = Math.round(END / s.h);
    const merge = FINEST / steps;
    s.process = ornsteinUhlenbeck(s.theta, s.sigma);
    s.run = new Run({
      solver: EulerMaruyama,
      field: s.process,
      times: timeGrid(steps).map((share) => share * END),
      count: s.count,
      begin: (_, x) => x.fill(s.start),
      noise: (block, k, xi) => s.noise.merged(block, k * merge, merge, xi),
    });
    const { process, start, h, run } = s;
    s.lawsAt = (k) => ({ exact: process.law(start, run.times[k]), chain: chainLaw(process, h, start, k) });
    s.reach = reachOf(s);
  },

  /** Controls below the time; `set(name)` returns what a control calls. */
  controls(s, { set, look, reseed }) {
    const one = (x) => x.toFixed(1).replace("-", "−");
    return [
      slider({ label: "rate θ (1 / time)", min: 0, max: 4, step: 0.1, value: s.theta, format: one, onInput: set("theta") }),
      slider({ label: "diffusion coefficient σ", min: 0, max: 3, step: 0.1, value: s.sigma, format: one, onInput: set("sigma") }),
      slider({ label: "start x₀ (data units)", min: -4, max: 4, step: 0.5, value: s.start, format: one, onInput: set("start") }),
      slider({
        label: "number of paths",
        min: 100,
        max: 5000,
        step: 100,
        value: s.count,
        format: (n) => n.toLocaleString("en"),
        onInput: set("count"),
      }),
      menu({ label: "step size h (time)", entries: named, value: s.h.toFixed(3), onInput: (key) => set("h")(+key) }),
      tick({ label: "law of the steps", value: s.chain, onInput: look("chain") }),
      { node: button("Other noise", reseed) },
    ];
  },

  layout: (s, width) => {
    const height = max(270, min(420, 0.5 * width));
    return { height, places: [{ x: 0, y: 0, width, height }] };
  },

  /** What the one panel shows. */
  panels(s, colours) {
    const { run, reach, process, start } = s;
    const k = run.index(s.t);
    const { exact, chain } = s.lawsAt(k);
    const orange = colours.lines[1];
    const curves = band(colours.ink, EXACT, Array.from({ length: POINTS + 1 }, (_, i) => [(END * i) / POINTS, process.law(start, (END * i) / POINTS)]));
    const laws = [shown(exact, { colour: colours.ink })];
    const legend = [["exact mean, ± 2 standard deviations", colours.ink]];
    if (s.chain) {
      curves.push(...band(orange, CHAIN, Array.from(run.times, (t, n) => [t, s.lawsAt(n).chain])));
      laws.push(shown(chain, { colour: orange, dash: [4, 3], width: 2 }));
      legend.push(["law of the steps", orange]);
    }
    const mark = (2 * reach) / 5;
    const what = {
      run,
      k,
      reach,
      curves,
      laws,
      legend,
      end: END,
      room: ROOM,
      colour: colours.lines[0],
      marks: { states: [-2, -1, 0, 1, 2].map((m) => m * mark), times: [0, 1, 2, 3, 4, 5] },
      title: `${min(SHOWN, run.count)} of ${run.count.toLocaleString("en")} paths`,
      note: `histogram at t = ${run.times[k].toFixed(2)}`,
    };
    return [{ what, key: `${s.version} ${s.chain}` }];
  },
};
