/** Paths of the line: every state of a solver, computed a few paths at a time. */
import { floor, min, sqrt } from "../maths/functions.js";
import { fillNormals, uniforms } from "../maths/random.js";

const BLOCK = 100; // paths that take all steps before the next do

/** Standard normal numbers: the same for the same seed, whatever else changes, and however many paths there are. */
export class Noise {
  /**
   * @param {number} seed a whole number
   * @param {number} rows how many numbers each path needs
   */
  constructor(seed, rows) {
    Object.assign(this, { seed, rows, blocks: [] });
  }

  /** Row k of a block of paths, (BLOCK). */
  row(block, k) {
    const { blocks, rows, seed } = this;
    blocks[block] ??= fillNormals(new Float32Array(rows * BLOCK), uniforms(1000003 * (seed + 1) + block));
    return blocks[block].subarray(k * BLOCK, (k + 1) * BLOCK);
  }

  /**
   * The sum of some rows, over the root of their number: what a long step sees of the Brownian motion of short ones.
   *
   * @param {number} block of paths
   * @param {number} from first row
   * @param {number} count how many
   * @param {Float64Array} out (at most BLOCK), filled
   */
  merged(block, from, count, out) {
    out.fill(0);
    const scale = 1 / sqrt(count);
    for (let j = 0; j < count; j++) {
      const row = this.row(block, from + j);
      for (let i = 0; i < out.length; i++) out[i] += scale * row[i];
    }
  }
}

export class Run {
  /**
   * @param {object} options solver and what it follows, `field`; times (steps + 1); count of paths; begin(block, x)
   *     fills the first states of a block, noise(block, k, xi) its normal numbers for step k
   */
  constructor({ solver, field, times, count, begin, noise }) {
    Object.assign(this, { solver, field, times, count, begin, noise, done: 0, steps: times.length - 1 });
    this.states = new Float32Array(times.length * count); // (steps + 1, count)
    this.x = new Float64Array(BLOCK);
    this.xi = new Float64Array(BLOCK);
  }

  /**
   * Carry paths through all steps until the time is up.
   *
   * @param {number} milliseconds to spend; at least one block is done
   * @returns {boolean} whether some paths are still missing
   */
  compute(milliseconds) {
    const end = performance.now() + milliseconds;
    while (this.done < this.count) {
      this.advance();
      if (performance.now() >= end) break;
    }
    return this.done < this.count;
  }

  advance() {
    const { solver, field, times, count, states, done } = this;
    const block = done / BLOCK;
    const size = min(BLOCK, count - done);
    const [x, xi] = [this.x.subarray(0, size), this.xi.subarray(0, size)];
    this.begin(block, x);
    states.set(x, done);
    for (let k = 0; k < this.steps; k++) {
      this.noise(block, k, xi);
      solver.step(field, x, times[k], times[k + 1] - times[k], xi);
      states.set(x, (k + 1) * count + done);
    }
    this.done += size;
  }

  /** Number of the last state at or before a share of the way, in [0, 1]. */
  index = (share) => min(this.steps, floor(share * this.steps + 1e-9));
  /** States after k steps of all paths that are there, (done). */
  at = (k) => this.states.subarray(k * this.count, k * this.count + this.done);
}
