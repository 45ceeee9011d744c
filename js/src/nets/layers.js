/** Layers of networks: functions of blocks (n, features), row after row. */
import { exp, sqrt } from "../maths/functions.js";

/** x / (1 + exp(-x)). */
export const silu = (x) => x / (1 + exp(-x));

/**
 * An affine map, out = x Wᵀ + b; four rows at a time, so that a weight is fetched once for all of them.
 *
 * @param {Float32Array} x (n, inputs)
 * @param {number} n rows
 * @param {{weight: Float32Array, bias: Float32Array, inputs: number, outputs: number}} layer weight (outputs, inputs)
 * @param {Float32Array} out (n, outputs), overwritten, or added to
 * @param {boolean} add whether it is added to
 */
export function linear(x, n, { weight, bias, inputs, outputs }, out, add = false) {
  if (!add) out.fill(0, 0, n * outputs);
  let i = 0;
  for (; i + 4 <= n; i += 4) {
    const begin = i * inputs;
    for (let o = 0; o < outputs; o++) {
      let row = o * inputs;
      const end = row + inputs;
      let [x0, x1, x2, x3] = [begin, begin + inputs, begin + 2 * inputs, begin + 3 * inputs];
      let [a, b, c, d] = [0, 0, 0, 0];
      while (row < end) {
        const w = weight[row++];
        a += w * x[x0++];
        b += w * x[x1++];
        c += w * x[x2++];
        d += w * x[x3++];
      }
      const at = i * outputs + o;
      out[at] += a + bias[o];
      out[at + outputs] += b + bias[o];
      out[at + 2 * outputs] += c + bias[o];
      out[at + 3 * outputs] += d + bias[o];
    }
  }
  for (; i < n; i++) {
    for (let o = 0; o < outputs; o++) {
      let sum = bias[o];
      for (let k = 0; k < inputs; k++) sum += weight[o * inputs + k] * x[i * inputs + k];
      out[i * outputs + o] += sum;
    }
  }
}

/**
 * Shift and scale each row to mean 0 and variance 1: (x - mean) / sqrt(variance + 1e-5).
 *
 * @param {Float32Array} x (n, features)
 * @param {Float32Array} out (n, features), overwritten
 */
export function layerNorm(x, n, features, out) {
  for (let i = 0; i < n; i++) {
    const begin = i * features;
    let mean = 0;
    for (let k = 0; k < features; k++) mean += x[begin + k];
    mean /= features;
    let variance = 0;
    for (let k = 0; k < features; k++) variance += (x[begin + k] - mean) ** 2;
    const scale = 1 / sqrt(variance / features + 1e-5);
    for (let k = 0; k < features; k++) out[begin + k] = (x[begin + k] - mean) * scale;
  }
}
