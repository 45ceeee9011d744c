/** Images on their way from noise: every state of a solver along the guided field. */
import { floor, min } from "../maths/functions.js";
import { normals } from "../maths/random.js";
import { Euler, Heun, timeGrid } from "../maths/solvers.js";
import { branches, guided } from "../nets/guided.js";

const BLOCK = 10; // images that take all steps before the next do
const SOLVERS = { euler: Euler, heun: Heun };

/** What can be chosen. */
export const METHODS = { euler: "Euler", heun: "Heun" };
export const ALL = "all";

/**
 * The labels of a picture: one image of a digit, or 36, or ten of each digit.
 *
 * @param {string | number} digit 0 to 9, or `ALL`
 * @param {boolean} single whether one image is shown
 * @returns {number[]} one for each image
 */
export function labelsOf(digit, single) {
  if (digit === ALL) return Array.from({ length: 100 }, (_, i) => floor(i / 10));
  return Array.from({ length: single ? 1 : 36 }, () => +digit);
}

export class Run {
  /**
   * @param {object} options net, labels (n), w, method, steps, seed; the same seed is the same noise
   */
  constructor({ net, labels, w, method, steps, seed }) {
    Object.assign(this, { net, labels, w, steps, seed, done: 0, count: labels.length, solver: SOLVERS[method] });
    this.states = new Float32Array((steps + 1) * this.count * net.pixels); // (steps + 1, count, pixels)
    this.states.set(normals(this.count * net.pixels, 1 + seed));
    this.times = timeGrid(steps);
    this.step = 0;
  }

  /** Evaluations of the network for each image. */
  get evaluations() {
    return this.steps * this.solver.evaluations * branches(this.w);
  }

  /**
   * Carry images through their steps until the time is up.
   *
   * @param {number} milliseconds to spend; at least one step of one block is done
   * @returns {boolean} whether some images are still missing
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
    const { net, count, done, step, states, times } = this;
    const size = min(BLOCK, count - done) * net.pixels;
    const at = (k) => (k * count + done) * net.pixels;
    if (!step) {
      this.field = guided(net, this.labels.slice(done, done + BLOCK), this.w);
      this.block = Float64Array.from(states.subarray(at(0), at(0) + size));
    }
    this.solver.step(this.field, this.block, times[step], times[step + 1] - times[step]);
    states.set(this.block, at(step + 1));
    if (++this.step < this.steps) return;
    this.step = 0;
    this.done = min(count, done + BLOCK);
  }

  /** How many steps an image has taken. */
  made = (i) => (i < this.done ? this.steps : i < this.done + BLOCK ? this.step : 0);
  /** Number of the last state at or before a time. */
  index = (t) => min(this.steps, floor(t * this.steps + 1e-9));
  /** The time of that state. */
  timeOf = (t) => this.index(t) / this.steps;
  /** One image, (pixels): the state after k steps; -1 is paper, 1 is ink. */
  image(i, k) {
    const begin = (k * this.count + i) * this.net.pixels;
    return this.states.subarray(begin, begin + this.net.pixels);
  }
}
