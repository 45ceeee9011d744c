/** The view of samplers: several of them side by side, from the same noise, on the same exact field. */
import { floor, max, min } from "../maths/functions.js";
import { timeGrid } from "../maths/solvers.js";
import { button, menu, slider } from "../scene/controls.js";
import { FIELD, KINDS, distance, made, nameOf } from "./kinds.js";
import { Noise, Run } from "./run.js";
import { alternative, summary } from "./samplers_words.js";

const MOST = 50; // evaluations
const REACH = 4.5; // half the height of a plot, data units
const ROOM = 0.5; // for a histogram, units of time
const NARROW = 0.36; // a width for the bins: that of the narrowest bump, and a little
const PLACES = Float64Array.from({ length: 181 }, (_, i) => (REACH * (i - 90)) / 90);
const names = Object.fromEntries(Object.entries(KINDS).map(([kind, { name }]) => [kind, name]));

/** Runs that are computed together, the one that is behind first. */
export class Several {
  constructor(runs) {
    this.runs = runs;
    this.steps = max(...runs.map((run) => run.steps));
    this.count = runs.reduce((sum, run) => sum + run.count, 0);
  }

  get done() {
    return this.runs.reduce((sum, run) => sum + run.done, 0);
  }
  index = (share) => min(this.steps, floor(share * this.steps + 1e-9));

  compute(milliseconds) {
    const end = performance.now() + milliseconds;
    while (this.done < this.count) {
      this.runs.reduce((a, b) => (b.done < a.done ? b : a)).advance();
      if (performance.now() >= end) break;
    }
    return this.done < this.count;
  }
}

export const samplers = {
  time: "time t (0 noise, 1 data)",
  end: 1,
  seconds: (s) => max(2.5, min(4, s.evaluations / 8)),
  alternative,
  summary,

  begin: (settings) => ({
    chosen: (settings.samplers ?? [0, 1].map((eta) => ({ kind: "ddim", eta }))).map((each) => ({ ...each })),
    evaluations: settings.evaluations ?? 10,
    count: settings.paths ?? 1000,
    t: settings.t ?? 1,
    known: new Map(), // runs by what they were made for
  }),

  /** New runs of those samplers that have changed. */
  renew(s) {
    if (s.noise?.seed !== s.seed) s.noise = new Noise(s.seed, MOST + 1);
    const { noise, evaluations, count } = s;
    const before = s.known;
    s.known = new Map();
    const runs = s.chosen.map(({ kind, eta }, i) => {
      const key = `${i} ${nameOf({ kind, eta })} ${evaluations} ${count} ${s.seed}`;
      const { steps, ...rest } = made(kind, evaluations, eta);
      const run =
        before.get(key) ??
        new Run({
          ...rest,
          count,
          times: timeGrid(steps),
          begin: (block, x) => x.set(noise.row(block, 0).subarray(0, x.length)),
          noise: (block, k, xi) => xi.set(noise.row(block, k + 1).subarray(0, xi.length)),
        });
      run.key = key;
      s.known.set(key, run);
      return run;
    });
    s.run = new Several(runs);
  },

  controls(s, { set, restart, reseed }) {
    const each = s.chosen.flatMap((one, i) => {
      const enable = () => (eta.input.disabled = !KINDS[one.kind].eta);
      const change = (name) => (value) => {
        one[name] = value;
        enable();
        restart();
      };
      const label = `sampler ${i + 1}`;
      const kind = menu({ label, entries: names, value: one.kind, onInput: change("kind") });
      const eta = slider({
        label: `its randomness η (${i + 1})`,
        min: 0,
        max: 1,
        step: 0.1,
        value: one.eta,
        format: (x) => x.toFixed(1),
        onInput: change("eta"),
      });
      enable();
      return [kind, eta];
    });
    return [
      ...each,
      slider({ label: "evaluations", min: 2, max: MOST, step: 2, value: s.evaluations, onInput: set("evaluations") }),
      slider({
        label: "number of paths",
        min: 500,
        max: 5000,
        step: 500,
        value: s.count,
        format: (n) => n.toLocaleString("en"),
        onInput: set("count"),
      }),
      { node: button("Other noise", reseed) },
    ];
  },

  layout(s, width) {
    const columns = width < 560 ? 1 : 2;
    const lines = Math.ceil(s.chosen.length / columns);
    const across = width / columns;
    const height = max(220, min(330, 0.68 * across));
    const places = s.chosen.map((_, i) => ({ x: (i % columns) * across, y: floor(i / columns) * height, width: across, height }));
    return { height: lines * height, places };
  },

  panels: (s, colours) =>
    s.run.runs.map((run, i) => {
      const k = run.index(s.t);
      const { density } = FIELD.at(run.times[k]);
      const top = PLACES.reduce((best, x) => max(best, density(x)), 0);
      const what = {
        run,
        k,
        reach: REACH,
        curves: [],
        laws: [{ colour: colours.ink, density, top, std: NARROW }],
        end: 1,
        room: ROOM,
        colour: colours.lines[i],
        marks: { states: [-4, -2, 0, 2, 4], times: [0, 0.5, 1] },
        title: nameOf(s.chosen[i]),
        note: run.done ? `distance ${distance(run, k).toFixed(3)}` : "",
      };
      return { what, key: run.key };
    }),
};
