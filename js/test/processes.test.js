/** The explorer of processes on the line: its runs, what is drawn of them, and its words. */
import assert from "node:assert/strict";
import test from "node:test";
import { chainLaw } from "../src/maths/processes.js";
import { EulerMaruyama } from "../src/maths/solvers.js";
import { chance, histogram, moments } from "../src/maths/statistics.js";
import { diffusion } from "../src/processes/diffusion.js";
import { KINDS, distance, made } from "../src/processes/kinds.js";
import { binWidth } from "../src/processes/panel.js";
import { Noise } from "../src/processes/run.js";
import { samplers } from "../src/processes/samplers.js";
import { THEMES } from "../src/scene/theme.js";
import { close } from "./reference.js";

/** A state of a view whose paths are all there. */
function finished(view, settings = {}, changes = {}) {
  const s = { seed: 0, version: 1, run: null, ...view.begin(settings), ...changes };
  view.renew(s);
  while (s.run.compute(5));
  return s;
}

test("noise is the same for the same seed, and rows add up to those of a longer step", () => {
  const [a, b, other] = [new Noise(3, 8), new Noise(3, 8), new Noise(4, 8)];
  assert.deepEqual(a.row(2, 5), b.row(2, 5));
  assert.notDeepEqual(a.row(2, 5), other.row(2, 5));
  assert.notDeepEqual(a.row(2, 5), a.row(1, 5));
  const out = new Float64Array(7);
  a.merged(1, 4, 4, out);
  close(out, out.map((_, i) => (a.row(1, 4)[i] + a.row(1, 5)[i] + a.row(1, 6)[i] + a.row(1, 7)[i]) / 2), "four rows");
});

test("paths are those of the solver, whichever block they belong to", () => {
  const s = finished(diffusion, { theta: 0.8, sigma: 1.1, h: 0.1, paths: 230, start: -2 });
  const { run } = s;
  assert.deepEqual([run.done, run.steps, run.times[50]], [230, 50, 5]);
  for (const block of [0, 2]) {
    const size = block === 2 ? 30 : 100;
    const [x, xi] = [new Float64Array(size).fill(-2), new Float64Array(size)];
    for (let k = 0; k < 50; k++) {
      s.noise.merged(block, 4 * k, 4, xi);
      EulerMaruyama.step(s.process, x, run.times[k], 0.1, xi);
      close(run.at(k + 1).subarray(100 * block, 100 * block + size), x, `block ${block}, step ${k + 1}`, 1e-5);
    }
  }
});

test("paths are computed a few at a time, and only those that are there are shown", () => {
  const s = { seed: 0, version: 1, ...diffusion.begin({ paths: 1000 }) };
  diffusion.renew(s);
  assert.equal(s.run.compute(-1), true);
  assert.equal(s.run.done, 100);
  assert.equal(s.run.at(3).length, 100);
  assert.deepEqual([0, 0.005, 0.01, 0.999, 1].map(s.run.index), [0, 0, 1, 99, 100]);
});

test("all steps follow the same Brownian motion", () => {
  const ends = [0.025, 0.05, 0.1, 0.2, 0.25, 0.5, 1].map((h) => finished(diffusion, { theta: 0, h, paths: 200 }).run);
  for (const run of ends) close(run.at(run.steps), ends[0].at(200), `${run.steps} steps`, 1e-5);
});

for (const [theta, sigma, h] of [[1, 1.4, 0.05], [3, 1.4, 0.5], [0, 2, 0.25], [1.5, 1.5, 1]]) {
  test(`found mean and width are those of the law of the steps: theta ${theta}, h ${h}`, () => {
    const s = finished(diffusion, { theta, sigma, h, paths: 5000 });
    for (const k of [1, 3, s.run.steps]) {
      const [found, law] = [moments(s.run.at(k)), chainLaw(s.process, h, 3, k)];
      assert.ok(Math.abs(found.mean - law.mean) < 4.5 * found.meanError, `mean after ${k}`);
      assert.ok(Math.abs(found.std - law.std) < 4.5 * found.stdError, `width after ${k}`);
    }
  });
}

test("the histogram holds every path once, in bins that follow the law's width", () => {
  const s = finished(diffusion, { paths: 1000 });
  const width = binWidth(s.reach, 0.1);
  assert.ok(width <= 0.05 && width > 0.02);
  assert.equal(binWidth(5, Infinity), 0.2);
  const heights = histogram(s.run.at(40), -s.reach, width, new Float64Array(Math.ceil((2 * s.reach) / width)));
  close([heights.reduce((a, b) => a + b) * width], [1], "mass");
});

test("the picture has room for the laws, and shows that of the steps when asked", () => {
  const { laws, curves, reach, note } = diffusion.panels(finished(diffusion), THEMES.light)[0].what;
  assert.deepEqual([laws.length, curves.length, reach, note], [1, 3, 5, "histogram at t = 5.00"]);
  close([laws[0].top * laws[0].std], [1 / Math.sqrt(2 * Math.PI)], "the density's peak");
  const wide = finished(diffusion, { theta: 0, sigma: 3, chain: true, t: 0 });
  const what = diffusion.panels(wide, THEMES.dark)[0].what;
  assert.deepEqual([what.laws.length, what.curves.length, what.reach, what.laws[1].point], [2, 6, 20, 3]);
});

test("the words tell chance from bias, and name an unstable step", () => {
  const words = (settings) => diffusion.summary(finished(diffusion, settings));
  assert.match(words({}), /^2,000 paths at time 5.00, with standard errors: mean .* no more than chance makes/);
  assert.match(words({ theta: 3, h: 0.5, paths: 5000 }), /the exact one, and [0-3]\.\d from that of the steps: bias of the step/);
  assert.match(words({ theta: 3, h: 0.5 }), /θh = 1.50 each step overshoots the middle.* = 0.57, of the steps 1.14\.$/);
  assert.match(words({ theta: 4, h: 1 }), /(9\d|100) % of the paths lie outside the picture/);
  assert.match(words({ theta: 2.5, h: 1 }), /unstable: θh = 2.50 is above 2/);
  assert.match(words({ theta: 2, h: 1 }), /at its limit, θh = 2: .* = 0.70\.$/);
  assert.match(words({ theta: 0 }), /no stationary law: the variance σ²t grows without bound, and the steps are exact\.$/);
  assert.match(words({ sigma: 0 }), /Without noise all paths are one/);
  assert.match(words({ t: 0 }), /^All 2,000 paths start at 3\.0\./);
  const label = diffusion.alternative(finished(diffusion, { theta: 0, t: 2, chain: true, start: -1 }));
  assert.match(label, /^25 paths of dX = 1\.4 dW, Brownian motion from −1\.0 .* at time 2\.00, a histogram of all 2,000 .* law of the steps\.$/);
});

test("samplers start in the same points, and each keeps to its evaluations", () => {
  const kinds = Object.keys(KINDS);
  const s = finished(samplers, { samplers: kinds.map((kind) => ({ kind, eta: 0 })), evaluations: 20, paths: 500 });
  assert.deepEqual(s.run.runs.map((run) => run.steps), kinds.map((kind) => (kind === "heun" ? 10 : 20)));
  for (const run of s.run.runs) assert.deepEqual(run.at(0), s.run.runs[0].at(0));
  assert.deepEqual([s.run.done, s.run.count, s.run.steps], [2500, 2500, 20]);
  close(s.run.runs[2].at(20), s.run.runs[3].at(20), "Euler–Maruyama without noise is Euler", 1e-6);
});

test("paths are the solver's on the noise that all samplers share", () => {
  const chosen = [{ kind: "ancestral", eta: 0 }, { kind: "ddim", eta: 0.7 }];
  const s = finished(samplers, { samplers: chosen, evaluations: 6, paths: 500 });
  s.run.runs.forEach((run, i) => {
    const { solver, field } = made(chosen[i].kind, 6, chosen[i].eta);
    const x = Float64Array.from(s.noise.row(4, 0));
    for (let k = 0; k < 6; k++) solver.step(field, x, run.times[k], run.times[k + 1] - run.times[k], s.noise.row(4, k + 1));
    close(run.at(6).subarray(400), x, chosen[i].kind, 1e-5);
  });
});

test("with many evaluations every sampler comes to the law of the data, with few not", () => {
  const all = (evaluations, kinds) =>
    finished(samplers, { samplers: kinds.map((kind) => ({ kind, eta: 1 })), evaluations, paths: 2000 }).run.runs.map((run) => distance(run, run.steps));
  const kinds = Object.keys(KINDS);
  // All but one of a million samples of 2000 keep below 2.7 / sqrt(2000); the rest is the bias of 50 steps.
  for (const found of all(50, kinds)) assert.ok(found < 2.7 / Math.sqrt(2000) + 0.06, `${found}`);
  const [rough, smooth] = [all(6, ["ddim"])[0], all(6, ["heun"])[0]];
  assert.ok(rough > 2 * chance(2000) && smooth < rough);
});

test("only what has changed is computed again", () => {
  const s = finished(samplers, { paths: 500 });
  const [first, second] = s.run.runs;
  s.chosen[1].kind = "heun";
  samplers.renew(s);
  assert.equal(s.run.runs[0], first);
  assert.notEqual(s.run.runs[1], second);
  assert.equal(s.run.done, 500);
  s.run.compute(-1);
  assert.equal(s.run.runs[1].done, 100);
  s.seed = 1;
  samplers.renew(s);
  assert.notDeepEqual(s.run.runs[0].noise, first.noise);
  assert.equal(s.run.done, 0);
});

test("panels stand beside each other, or below each other on a phone", () => {
  const s = samplers.begin({ samplers: Object.keys(KINDS).slice(0, 3).map((kind) => ({ kind, eta: 0 })) });
  const wide = samplers.layout(s, 800);
  assert.deepEqual(wide.places.map(({ x, y }) => [x > 0, y > 0]), [[false, false], [true, false], [false, true]]);
  const narrow = samplers.layout(s, 360);
  assert.ok(narrow.places.every(({ x, width }) => x === 0 && width === 360));
  for (const { height, places } of [wide, narrow]) assert.ok(places.every((each) => each.y + each.height <= height));
});

test("the words give each sampler's distance beside what chance makes", () => {
  const s = finished(samplers, { samplers: [{ kind: "ddim", eta: 0 }, { kind: "ancestral", eta: 0 }, { kind: "maruyama", eta: 0.5 }], evaluations: 4 });
  const words = samplers.summary(s);
  assert.match(words, /^1,000 paths of each sampler from the same starts and the same normal numbers in every step, 4 evaluations/);
  assert.match(words, /below 0\.043\. Distance to the law of the data: DDIM, η = 0\.0: 0\.\d{3}, .*; ancestral, variance β: 0\.\d{3}, \d\.\d times that bound; Euler/);
  assert.match(samplers.alternative(s), /^Three samplers on DDPM’s path at time 1\.00.*: of each 25 paths, a histogram of 1,000 states/);
  s.t = 0;
  assert.match(samplers.summary(s), /the exact law at time 0\.00.*DDIM, η = 0\.0: 0\.0\d\d, no more than chance makes/);
  const [{ what }] = samplers.panels(s, THEMES.light);
  assert.match(what.note, /^distance 0\.0/);
  close([what.laws[0].top], [what.laws[0].density(0)], "the density at t = 0 is highest in the middle", 1e-3);
});
