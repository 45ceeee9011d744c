/** The reader's own function: what Python has computed of it. */
import { abs, exp, hypot, max, min } from "../maths/functions.js";
import { floats } from "../scene/bytes.js";
import { Trajectories } from "./run.js";

export const QUIET = 7; // log density below its largest from where on nothing is drawn
const RIM = 3; // of these, for a shading that fades out

export class Own {
  /**
   * @param {object} answer `name`; `fault` in words, or `grid` (times, n, n, 2), velocities on a square grid over
   *     [-lim, lim]² with rows of growing x₂; `times`, `n`, `lim`; `states` (steps + 1, count, 2) with `steps`,
   *     `count` and `solver`, how they came about
   */
  constructor(answer) {
    Object.assign(this, answer);
    this.velocities = floats(answer.grid);
    this.trajectories = floats(answer.states);
    this.valid = !answer.fault && Boolean(this.velocities);
    if (this.valid) {
      const { n, lim } = answer;
      const side = Float64Array.from({ length: n }, (_, i) => ((2 * i) / (n - 1) - 1) * lim);
      this.places = Float64Array.from(
        { length: 2 * n * n },
        (_, i) => side[i % 2 ? ((i >> 1) / n) | 0 : (i >> 1) % n],
      );
    }
  }

  /** The time of the grid that is nearest. */
  nearest = (t) => this.times.reduce((best, each, k) => (abs(each - t) < abs(this.times[best] - t) ? k : best), 0);

  /** Velocities at a time of the grid, (n * n, 2). */
  at(k) {
    const size = 2 * this.n * this.n;
    return this.velocities.subarray(k * size, (k + 1) * size);
  }

  /** Its particles as a run, beside the exact field. */
  run(field) {
    return new Trajectories(field, this.trajectories, this.count, this.steps);
  }
}

/**
 * Distance of the reader's field from the exact one on the grid, |u - u*|, at one time, where there is mass.
 *
 * @param {Own} own the reader's
 * @param {object} field the exact one, as of `exactField`
 * @param {number} k number of the time
 * @returns {object} `exact` velocities (n * n, 2); `dense`, the places whose density is not negligible; `gap` (n * n)
 *     there, 0 elsewhere; `fade` (n * n), from 1 down to 0 at the rim of these places; `largest`, and `mean`, over p_t
 */
export function gapAt(own, field, k) {
  const now = field.at(own.times[k]);
  const size = own.n * own.n;
  const exact = new Float64Array(2 * size);
  const mine = own.at(k);
  const [gap, fade] = [new Float64Array(size), new Float64Array(size)];
  now.fields(own.places, exact);
  const logs = Float64Array.from(gap, (_, i) => (now.look(own.places[2 * i], own.places[2 * i + 1]), now.logp));
  const top = logs.reduce((a, b) => max(a, b), -Infinity);
  const dense = [];
  let [largest, mean, total] = [0, 0, 0];
  for (let i = 0; i < size; i++) {
    const above = logs[i] - (top - QUIET);
    if (above < 0) continue;
    dense.push(i);
    fade[i] = min(1, above / RIM);
    gap[i] = hypot(mine[2 * i] - exact[2 * i], mine[2 * i + 1] - exact[2 * i + 1]);
    largest = max(largest, gap[i]);
    const weight = exp(logs[i] - top);
    mean += weight * gap[i];
    total += weight;
  }
  return { gap, fade, largest, mean: mean / total, exact, dense };
}
