/** The field explorer without its page: particles, shares, the reader's own function, data that are edited. */
import assert from "node:assert/strict";
import test from "node:test";
import { LARGEST, Data, SETS } from "../src/field/data.js";
import { Own, gapAt } from "../src/field/own.js";
import { FlowRun, PathRun, below, shares } from "../src/field/run.js";
import { chessboard, mixture } from "../src/maths/laws.js";
import { exactField, marginal } from "../src/maths/marginals.js";
import { normals } from "../src/maths/random.js";
import { CondOT, SCHEDULERS } from "../src/maths/schedulers.js";
import { Heun } from "../src/maths/solvers.js";
import { close, laws } from "./reference.js";

const settings = {
  law: laws.mixture,
  scheduler: CondOT,
  method: "heun",
  steps: 10,
  sigma: null,
  corrected: true,
  count: 1000,
  seed: 0,
};
const finished = (changes = {}) => {
  const run = new FlowRun({ ...settings, ...changes });
  while (run.compute(1e9));
  return run;
};

test("states are those of the solver, whichever block a particle belongs to", () => {
  const run = finished();
  const x = Float64Array.from(run.at(0));
  const field = exactField(laws.mixture, CondOT);
  for (let k = 0; k < 10; k++) {
    close(run.at(k / 10), x, `state ${k}`, 1e-6); // kept in single precision
    Heun.step(field, x, k / 10, 0.1);
  }
  close(run.at(1), x, "the last", 1e-6);
});

test("particles are computed a few at a time, and each that is done is done to the end", () => {
  const run = new FlowRun(settings);
  assert.equal(run.compute(0), true);
  assert.ok(run.done > 0 && run.done < 1000);
  close(
    run.at(1).subarray(0, 2 * run.done),
    finished()
      .at(1)
      .subarray(0, 2 * run.done),
    "so far",
  );
});

test("only times of the grid are shown", () => {
  const run = finished({ steps: 4 });
  assert.deepEqual([0, 0.2, 0.25, 0.3, 0.99, 1].map(run.timeOf), [0, 0, 0.25, 0.25, 0.75, 1]);
});

test("noise is the same for the same seed, and another for another", () => {
  const noisy = (seed) => finished({ sigma: () => 1, seed, starts: normals(2000, 5) }).at(1);
  assert.deepEqual(noisy(1), noisy(1));
  assert.notDeepEqual(noisy(1), noisy(2));
});

const far = (rows) => Math.max(...rows.map((each) => Math.abs(each.apart)));
const sharesOf = (run, law) => shares(run, law, marginal(law, CondOT, 1));

test("exact fields bring each mode its share; too few steps, and noise without its correction, do not", () => {
  const law = mixture(
    [
      [-1.6, 0.3],
      [1.2, 1.5],
      [1, -1.5],
    ],
    0.35,
    [0.5, 0.3, 0.2],
  );
  const options = { law, count: 4000, steps: 50 };
  assert.ok(far(sharesOf(finished(options), law)) < 4.5);
  assert.ok(far(sharesOf(finished({ ...options, sigma: () => 1 }), law)) < 4.5);
  const [uncorrected, corrected] = [false, true].map((on) =>
    finished({ ...options, sigma: () => 1.5, corrected: on }).at(1),
  );
  const spread = (x) => x.reduce((sum, v) => sum + v * v, 0);
  assert.ok(spread(uncorrected) > 1.1 * spread(corrected));
  assert.ok(far(sharesOf(finished({ ...options, method: "euler", steps: 2 }), law)) > 4.5);
});

test("squares and points count what is nearest", () => {
  const board = chessboard();
  const options = { count: 4000, steps: 50 };
  assert.ok(far(sharesOf(finished({ ...options, law: board }), board)) < 4.5);
  const rows = sharesOf(finished({ ...options, law: laws.points }), laws.points);
  assert.ok(Math.abs(rows.reduce((sum, each) => sum + each.share, 0) - 1) < 1e-12);
});

test("samples of the path are alpha z + beta eps, and split by where they end", () => {
  for (const scheduler of Object.values(SCHEDULERS)) {
    const run = new PathRun({ law: laws.points, scheduler, count: 500, seed: 3 });
    close(run.at(1), run.z, "at t = 1", 1e-6);
    const [inside, outside] = run.split(2);
    assert.equal(inside.length + outside.length, 500);
    for (const i of inside)
      assert.ok(Math.hypot(run.z[2 * i] - laws.points.x[2], run.z[2 * i + 1] - laws.points.y[2]) < 1e-12);
  }
});

test("how many entries of an increasing list are below a limit", () => {
  const rows = Uint32Array.of(1, 4, 6);
  assert.deepEqual(
    [0, 1, 2, 5, 7].map((limit) => below(rows, limit)),
    [0, 0, 1, 2, 3],
  );
});

/** An answer of Python's for a function of place and time. */
function answered(u) {
  const [n, lim, times] = [15, 3.2, [0, 0.5, 0.9]];
  const side = Array.from({ length: n }, (_, i) => ((2 * i) / (n - 1) - 1) * lim);
  const grid = Float32Array.from(times.flatMap((t) => side.flatMap((y) => side.flatMap((x) => u(x, y, t)))));
  const states = new Float32Array(2 * 4 * 2).fill(0.5);
  const bytes = (array) => new DataView(array.buffer);
  return { grid: bytes(grid), times, n, lim, states: bytes(states), steps: 1, count: 4, solver: "Heun, 1 step" };
}

test("the gap to the exact field is its own error, and nothing for the exact field", () => {
  const field = exactField(laws.mixture, CondOT);
  const exact = (x, y, t) => {
    const u = new Float64Array(2);
    field.velocity(Float64Array.of(x, y), t, u);
    return [...u];
  };
  const own = new Own(answered(exact));
  assert.ok(gapAt(own, field, 1).largest < 1e-5); // single precision
  const shifted = new Own(answered((x, y, t) => exact(x, y, t).map((v, i) => v + [0.3, 0.4][i])));
  const { gap, dense, mean, largest } = gapAt(shifted, field, 2);
  close([mean, largest], [0.5, 0.5], "a constant error", 1e-5);
  gap.forEach((value, i) => assert.ok(Math.abs(value - (dense.includes(i) ? 0.5 : 0)) < 1e-5));
  assert.equal(own.nearest(0.66), 1);
  assert.deepEqual([...own.run(field).at(1)], new Array(8).fill(0.5));
});

test("an answer may come as text, and may be a fault", () => {
  const { grid, ...rest } = answered(() => [1, 2]);
  const own = new Own({ ...rest, grid: { base64: Buffer.from(grid.buffer).toString("base64") } });
  assert.deepEqual([...own.at(0).subarray(0, 4)], [1, 2, 1, 2]);
  assert.equal(new Own({ fault: "Your field …" }).valid, false);
});

test("every set has a law; points are added, found and removed", () => {
  for (const set of Object.values(SETS)) assert.equal(new Data(set).law().n > 0, set !== SETS.drawn);
  const data = new Data(SETS.mixture);
  assert.ok(data.add([2.5, 2.5]));
  assert.equal(data.nearest([2.4, 2.4], 0.2), 3);
  close(
    data.law().weights,
    [0.5, 0.3, 0.2, 1 / 3].map((w) => w / (4 / 3)),
    "a new one has the mean weight",
  );
  data.remove(3);
  assert.deepEqual(data, new Data(SETS.mixture));
  const drawn = new Data(SETS.drawn);
  for (let k = 0; k < LARGEST; k++) assert.ok(drawn.add([k, 0]));
  assert.equal(drawn.add([0, 0]), false);
});
