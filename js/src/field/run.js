/** Particles on their way: real states of a solver, or samples of the path itself. */
import { abs, floor, max, min, sqrt } from "../maths/functions.js";
import { sample } from "../maths/laws.js";
import { exactField } from "../maths/marginals.js";
import { fillNormals, normals, uniforms } from "../maths/random.js";
import { Euler, EulerMaruyama, Heun, ddim, sdeExtension, timeGrid } from "../maths/solvers.js";

const BLOCK = 48; // particles that take all steps before the next do
const QUARTERS = 4;

/** What can be chosen; with noise every method is Euler–Maruyama. */
export const METHODS = { euler: "Euler", heun: "Heun", ddim: "DDIM" };

/** For each quarter of the plane the particles that begin in it, in order. */
function byQuarter(starts, count) {
  const rows = Array.from({ length: QUARTERS }, () => []);
  for (let i = 0; i < count; i++) rows[(starts[2 * i] > 0 ? 1 : 0) + (starts[2 * i + 1] > 0 ? 2 : 0)].push(i);
  return rows.map((each) => Uint32Array.from(each));
}

/** How many entries of an increasing list are below a limit. */
export function below(rows, limit) {
  let [low, high] = [0, rows.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (rows[middle] < limit) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** States of particles at the times of a grid. */
export class Trajectories {
  /**
   * @param {object} field the exact one beside them
   * @param {Float32Array} states (steps + 1, count, 2)
   */
  constructor(field, states, count, steps) {
    Object.assign(this, { field, states, steps, count, done: count });
    this.quarters = byQuarter(states, count);
  }

  compute() {
    return false;
  }
  /** Number of the last state at or before a time. */
  index = (t) => min(this.steps, floor(t * this.steps + 1e-9));
  /** The time of that state. */
  timeOf = (t) => this.index(t) / this.steps;
  /** States at a time of the grid, (count, 2). */
  at(t) {
    const k = this.index(t);
    return this.states.subarray(2 * k * this.count, 2 * (k + 1) * this.count);
  }
}

/** Solver states, computed a few particles at a time. */
export class FlowRun extends Trajectories {
  /**
   * @param {object} options law, scheduler, method, steps, `sigma(t)` or null, corrected, count, seed; `starts`
   *     (count, 2) to begin there
   */
  constructor({ law, scheduler, method, steps, sigma, corrected, count, seed, starts }) {
    const field = exactField(law, scheduler);
    const states = new Float32Array((steps + 1) * count * 2);
    states.set(starts ?? normals(2 * count, 1 + seed));
    super(field, states, count, steps);
    this.seed = seed;
    this.done = 0;
    this.noisy = Boolean(sigma);
    this.solver = sigma ? EulerMaruyama : { euler: Euler, heun: Heun, ddim: ddim(scheduler) }[method];
    this.followed = sigma ? sdeExtension(field, sigma, corrected) : field;
    this.times = timeGrid(steps);
    this.block = new Float64Array(2 * BLOCK);
    this.noise = new Float64Array(2 * BLOCK);
  }

  /**
   * Carry particles through all steps until the time is up.
   *
   * @param {number} milliseconds to spend; at least one block is done
   * @returns {boolean} whether some particles are still missing
   */
  compute(milliseconds) {
    const end = performance.now() + milliseconds;
    while (this.done < this.count) {
      this.computeBlock();
      if (performance.now() >= end) break;
    }
    return this.done < this.count;
  }

  computeBlock() {
    const { count, steps, times, states } = this;
    const from = this.done;
    const size = 2 * min(BLOCK, count - from);
    const x = this.block.subarray(0, size);
    const noise = this.noise.subarray(0, size);
    const next = this.noisy ? uniforms(1000003 * (this.seed + 1) + from) : null; // its own for each block
    x.set(states.subarray(2 * from, 2 * from + size));
    for (let k = 0; k < steps; k++) {
      if (next) fillNormals(noise, next);
      this.solver.step(this.followed, x, times[k], times[k + 1] - times[k], noise);
      states.set(x, 2 * ((k + 1) * count + from));
    }
    this.done += size / 2;
  }
}

/** Samples of the path: x = alpha(t) z + beta(t) eps, each data point with noise of its own. */
export class PathRun {
  constructor({ law, scheduler, count, seed, starts }) {
    this.field = exactField(law, scheduler);
    this.scheduler = scheduler;
    this.count = this.done = count;
    this.eps = starts ?? normals(2 * count, 1 + seed);
    this.parts = new Uint16Array(count);
    this.z = sample(law, count, uniforms(77 + seed), this.parts);
    this.x = new Float32Array(2 * count);
    this.quarters = byQuarter(this.eps, count);
  }

  compute = () => false;
  timeOf = (t) => t;
  at(t) {
    const [a, b] = [this.scheduler.alpha(t), this.scheduler.beta(t)];
    for (let i = 0; i < this.x.length; i++) this.x[i] = a * this.z[i] + b * this.eps[i];
    return this.x;
  }

  /** Particles whose data point comes from one part of the law, and all others. */
  split(part) {
    const [inside, outside] = [[], []];
    for (let i = 0; i < this.count; i++) (this.parts[i] === part ? inside : outside).push(i);
    return [Uint32Array.from(inside), Uint32Array.from(outside)];
  }
}

/**
 * Shares of the particles that end in each part of the law, beside the exact ones.
 *
 * A particle counts for each part by its posterior probability, whose expectation under the law is the part's
 * weight; for data points and squares that is the nearest one.
 *
 * @param {FlowRun | PathRun} run done
 * @param {object} law of the data
 * @param {object} last its marginal at t = 1
 * @returns {object[]} for each part share, standard error, exact, and `apart`, their distance in standard errors
 */
export function shares(run, law, last) {
  const x = run.at(1);
  const [sum, squares] = [new Float64Array(law.n), new Float64Array(law.n)];
  for (let i = 0; i < run.done; i++) {
    const [a, b] = [x[2 * i], x[2 * i + 1]];
    if (last.regular) {
      last.weights(a, b).forEach((w, k) => {
        sum[k] += w;
        squares[k] += w * w;
      });
    } else {
      const k = nearestPart(law, a, b);
      sum[k]++;
      squares[k]++;
    }
  }
  return Array.from(sum, (total, k) => {
    const share = total / run.done;
    const exact = law.weights[k];
    const spread = squares[k] / run.done - share * share;
    const error = sqrt(max(spread, (exact * (1 - exact)) / 100) / run.done);
    return { share, error, exact, apart: (share - exact) / error };
  });
}

function nearestPart(law, x, y) {
  let best = 0;
  let least = Infinity;
  for (let k = 0; k < law.n; k++) {
    const [dx, dy] = [abs(x - law.x[k]), abs(y - law.y[k])];
    const distance = law.kind === "chessboard" ? max(dx, dy) : dx * dx + dy * dy;
    if (distance < least) [least, best] = [distance, k];
  }
  return best;
}
