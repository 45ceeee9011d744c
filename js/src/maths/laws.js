/**
 * Laws of data in the plane whose marginal densities and fields are known: mixtures, data points, chessboard.
 *
 * A law is plain data: `kind`, the number `n` of its parts, their shares `weights` (n) and their places `x`,
 * `y` (n), the means or the centres of squares.
 */
import { cos, log, PI, sin, sqrt } from "./functions.js";

/**
 * A mixture of Gaussians with diagonal covariances, p(x) = sum_k w_k N(x; m_k, diag(s_k²)).
 *
 * @param {number[][]} means (n, 2), data units
 * @param {number | number[] | number[][]} stds one width for all, (n) or (n, 2); at least 0, where 0 is a point
 * @param {number[]} [weights] (n) positive, in any scale; equal unless given
 * @returns {object} the law
 */
export function mixture(means, stds, weights) {
  const n = means.length;
  const given = weights ?? means.map(() => 1);
  const total = given.reduce((sum, w) => sum + w, 0);
  const std = (k, axis) => {
    const one = Array.isArray(stds) ? stds[k] : stds;
    return Array.isArray(one) ? one[axis] : one;
  };
  const each = (f) => Float64Array.from({ length: n }, (_, k) => f(k));
  const law = {
    kind: "mixture",
    n,
    weights: each((k) => given[k] / total),
    x: each((k) => means[k][0]),
    y: each((k) => means[k][1]),
    stdX: each((k) => std(k, 0)),
    stdY: each((k) => std(k, 1)),
  };
  law.isDiscrete = n > 0 && law.stdX.every((s) => s === 0);
  return law;
}

/**
 * A data set: each of its points with the same probability.
 *
 * @param {number[][]} places (n, 2), data units
 * @returns {object} the law
 */
export const points = (places) => mixture(places, 0);

/**
 * Uniform on the dark squares of a board over [-halfWidth, halfWidth]²; the lower left square is dark.
 *
 * @param {number} squares squares along a side
 * @param {number} halfWidth data units
 * @returns {object} the law
 */
export function chessboard(squares = 4, halfWidth = 2) {
  const side = (2 * halfWidth) / squares;
  const dark = [];
  for (let i = 0; i < squares; i++) for (let j = 0; j < squares; j++) if ((i + j) % 2 === 0) dark.push([i, j]);
  const n = dark.length;
  const centre = (place) => -halfWidth + (place + 0.5) * side;
  return {
    kind: "chessboard",
    n,
    squares,
    halfWidth,
    side,
    dark,
    weights: new Float64Array(n).fill(1 / n),
    x: Float64Array.from(dark, ([i]) => centre(i)),
    y: Float64Array.from(dark, ([, j]) => centre(j)),
    isDiscrete: false,
  };
}

/**
 * Draw from a law.
 *
 * @param {object} law the law
 * @param {number} count how many points
 * @param {() => number} next source of uniform numbers in (0, 1)
 * @param {Uint16Array} [parts] (count) filled with the part of the law that each point comes from
 * @returns {Float64Array} (count, 2), row after row
 */
export function sample(law, count, next, parts) {
  const out = new Float64Array(2 * count);
  for (let i = 0; i < count; i++) {
    let k = 0;
    for (let rest = next() - law.weights[0]; rest > 0 && k < law.n - 1; rest -= law.weights[k]) k++;
    if (parts) parts[i] = k;
    if (law.kind === "chessboard") {
      out[2 * i] = law.x[k] + law.side * (next() - 0.5);
      out[2 * i + 1] = law.y[k] + law.side * (next() - 0.5);
    } else {
      const radius = sqrt(-2 * log(next()));
      const angle = 2 * PI * next();
      out[2 * i] = law.x[k] + law.stdX[k] * radius * cos(angle);
      out[2 * i + 1] = law.y[k] + law.stdY[k] * radius * sin(angle);
    }
  }
  return out;
}
