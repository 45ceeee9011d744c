/** The mathematics, against coursekit's answers in double precision (tools/js_reference.py). */
import assert from "node:assert/strict";
import test from "node:test";
import { exactField, marginal } from "../src/maths/marginals.js";
import { fillNormals, normals, uniforms } from "../src/maths/random.js";
import { SCHEDULERS } from "../src/maths/schedulers.js";
import { Euler, EulerMaruyama, Heun, ddim, endpointWeights, sdeExtension, timeGrid } from "../src/maths/solvers.js";
import { sample } from "../src/maths/laws.js";
import { close, laws, reference } from "./reference.js";

const { places, times, steps, noise } = reference;
const pairs = Object.keys(SCHEDULERS).flatMap((name) => Object.keys(laws).map((kind) => [name, kind]));

test("schedulers are those of coursekit.paths", () => {
  assert.deepEqual(Object.keys(SCHEDULERS).sort(), Object.keys(reference.schedulers).sort());
  for (const [name, scheduler] of Object.entries(SCHEDULERS)) {
    const wanted = reference.schedulers[name];
    for (const f of ["alpha", "beta", "alphaDot", "betaDot", "betaSqDot"]) {
      const python = f.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
      close(times.map(scheduler[f]), wanted[python], `${name}.${f}`);
    }
    close([scheduler.boundaryError], [wanted.boundary_error], `${name}.boundaryError`);
  }
});

for (const [name, kind] of pairs) {
  test(`density, data, score and field: ${kind}, ${name}`, () => {
    const wanted = reference.fields[name][kind];
    times.forEach((t, i) => {
      const now = marginal(laws[kind], SCHEDULERS[name], t);
      const looked = places.map(([x, y]) => {
        now.look(x, y);
        return { log_prob: now.logp, data: [now.zx, now.zy], score: [now.sx, now.sy] };
      });
      for (const f of ["log_prob", "data", "score"])
        close(
          looked.map((each) => each[f]),
          wanted[f][i],
          `${f} at t = ${t}`,
        );
      const x = Float64Array.from(places.flat());
      const [u, score] = [new Float64Array(x.length), new Float64Array(x.length)];
      exactField(laws[kind], SCHEDULERS[name]).both(x, t, u, score);
      close(u, wanted.velocity[i], `velocity at t = ${t}`);
      close(score, wanted.score[i], `score at t = ${t}`);
    });
  });

  test(`solvers: ${kind}, ${name}`, () => {
    const field = exactField(laws[kind], SCHEDULERS[name]);
    const process = sdeExtension(field, () => reference.sigma);
    const solvers = { euler: Euler, heun: Heun, ddim: ddim(SCHEDULERS[name]), corrected: EulerMaruyama };
    for (const [which, solver] of Object.entries(solvers)) {
      steps.forEach((n, i) => {
        const x = Float64Array.from(places.slice(0, 6).flat());
        const grid = timeGrid(n);
        for (let k = 0; k < n; k++)
          solver.step(which === "corrected" ? process : field, x, grid[k], grid[k + 1] - grid[k], noise[k].flat());
        close(x, reference.ends[name][kind][which][i], `${which}, ${n} steps`);
      });
    }
  });
}

test("densities on a grid are those at its places", () => {
  const [xs, ys] = [
    [-2.2, -0.3, 0.9, 1.4],
    [-1.1, 0.2, 2.05],
  ];
  for (const [kind, law] of Object.entries(laws)) {
    for (const t of [0.2, 0.6, 0.9]) {
      const now = marginal(law, SCHEDULERS.Cosine, t);
      const out = new Float64Array(12);
      const top = now.densities(xs, ys, out);
      const wanted = ys.flatMap((y) => xs.map((x) => (now.look(x, y), Math.exp(now.logp))));
      close(out, wanted, `${kind} at t = ${t}`);
      close([top], [Math.max(...wanted)], "the largest");
    }
  }
});

test("posterior weights of data points", () => {
  times.forEach((t, i) => {
    const now = marginal(laws.points, SCHEDULERS.CondOT, t);
    close(
      places.map(([x, y]) => [...now.weights(x, y)]),
      reference.weights[i],
      `t = ${t}`,
    );
  });
});

test("posterior weights average to the law's weights, at every time", () => {
  const next = uniforms(4);
  const n = 4000;
  for (const [kind, law] of Object.entries(laws)) {
    const z = sample(law, n, next);
    const t = 0.5;
    const now = marginal(law, SCHEDULERS.CondOT, t);
    const eps = fillNormals(new Float64Array(2 * n), next);
    const sums = new Float64Array(law.n);
    for (let i = 0; i < n; i++)
      now
        .weights(t * z[2 * i] + (1 - t) * eps[2 * i], t * z[2 * i + 1] + (1 - t) * eps[2 * i + 1])
        .forEach((w, k) => {
          sums[k] += w;
        });
    sums.forEach((sum, k) => assert.ok(Math.abs(sum / n - law.weights[k]) < 4.5 / Math.sqrt(4 * n), `${kind} ${k}`));
  }
});

test("DDIM with fresh noise replaces the share of the old noise that coursekit replaces", () => {
  const { eta, from, to, kept, sigma } = reference.ddim;
  const { CondOT } = SCHEDULERS;
  // At x = 0 with u = -1 the endpoints are z = -(1 - t) u … : measured by two noises on the same state.
  const field = { velocity: (x, t, u) => u.fill(-1) };
  const step = (xi) => {
    const x = Float64Array.of(0);
    ddim(CondOT, eta).step(field, x, from, to - from, [xi]);
    return x[0];
  };
  const [z, eps] = endpointWeights(CondOT, from).map((row) => -row[1]);
  close([step(1) - step(0)], [sigma], "fresh noise");
  close([step(0)], [to * z + kept * eps], "the rest");
});

test("random numbers: the same for the same seed, normal, independent of other seeds", () => {
  const n = 40000;
  const [a, again, b] = [normals(n, 1), normals(n, 1), normals(n, 2)];
  assert.deepEqual(a, again);
  const mean = (f) => a.reduce((sum, _, i) => sum + f(i), 0) / n;
  const bound = 4.5 / Math.sqrt(n);
  assert.ok(Math.abs(mean((i) => a[i])) < bound);
  assert.ok(Math.abs(mean((i) => a[i] ** 2) - 1) < bound * Math.sqrt(2));
  assert.ok(Math.abs(mean((i) => a[i] ** 4) - 3) < bound * Math.sqrt(96));
  assert.ok(Math.abs(mean((i) => a[i] * b[i])) < bound);
  assert.ok(Math.abs(mean((i) => a[i] * a[(i + 1) % n])) < bound);
});
