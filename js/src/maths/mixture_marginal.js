/** The marginal when the data come from a Gaussian mixture, or are points: a mixture of widths 0. */
import { exp, log, PI } from "./functions.js";
import { Marginal } from "./marginal.js";

const NEGLIGIBLE = -40; // log of a weight, relative to the largest, that no digit of a sum shows
const LOG_TWO_PI = log(2 * PI);

/** Component k becomes N(alpha m_k, v_k) with v_k = alpha² s_k² + beta². */
export class MixtureMarginal extends Marginal {
  constructor(law, scheduler, t) {
    super(law, scheduler, t);
    const { alpha, beta } = this;
    const variance = (std) => std.map((s) => alpha * alpha * s * s + beta * beta);
    const vx = variance(law.stdX);
    const vy = variance(law.stdY);
    this.regular = vx.every((v) => v > 0) && vy.every((v) => v > 0);
    this.meanX = law.x;
    this.meanY = law.y;
    this.placeX = law.x.map((m) => alpha * m);
    this.placeY = law.y.map((m) => alpha * m);
    this.precisionX = vx.map((v) => 1 / v);
    this.precisionY = vy.map((v) => 1 / v);
    this.pullX = vx.map((v, k) => (alpha * law.stdX[k] ** 2) / v);
    this.pullY = vy.map((v, k) => (alpha * law.stdY[k] ** 2) / v);
    this.offset = law.weights.map((w, k) => log(w) - log(vx[k] * vy[k]) / 2);
  }

  logWeights(x, y) {
    const { n, logs } = this;
    let top = -Infinity;
    for (let k = 0; k < n; k++) {
      const dx = x - this.placeX[k];
      const dy = y - this.placeY[k];
      const value = this.offset[k] - (this.precisionX[k] * dx * dx + this.precisionY[k] * dy * dy) / 2;
      logs[k] = value;
      if (value > top) top = value;
    }
    return top;
  }

  look(x, y) {
    const top = this.logWeights(x, y);
    const { n, logs } = this;
    let total = 0;
    let zx = 0;
    let zy = 0;
    let sx = 0;
    let sy = 0;
    for (let k = 0; k < n; k++) {
      const relative = logs[k] - top;
      if (relative < NEGLIGIBLE) continue;
      const w = exp(relative);
      const dx = x - this.placeX[k];
      const dy = y - this.placeY[k];
      total += w;
      zx += w * (this.meanX[k] + this.pullX[k] * dx);
      zy += w * (this.meanY[k] + this.pullY[k] * dy);
      sx -= w * this.precisionX[k] * dx;
      sy -= w * this.precisionY[k] * dy;
    }
    this.zx = zx / total;
    this.zy = zy / total;
    this.sx = sx / total;
    this.sy = sy / total;
    this.logp = top + log(total) - LOG_TWO_PI;
  }

  /**
   * Densities on a grid, the product of both axes' kernels summed over the components.
   *
   * @param {ArrayLike<number>} xs places along the first axis
   * @param {ArrayLike<number>} ys places along the second
   * @param {Float64Array} out (ys, xs) filled row after row
   * @returns {number} the largest
   */
  densities(xs, ys, out) {
    const kernel = (place, precision, at, scale) =>
      Float64Array.from(at, (v) => scale * exp((-precision * (v - place) ** 2) / 2));
    out.fill(0);
    for (let k = 0; k < this.n; k++) {
      const alongX = kernel(this.placeX[k], this.precisionX[k], xs, exp(this.offset[k] - LOG_TWO_PI));
      const alongY = kernel(this.placeY[k], this.precisionY[k], ys, 1);
      for (let j = 0, i = 0; j < ys.length; j++) {
        if (alongY[j] < 1e-12) i += xs.length;
        else for (let c = 0; c < xs.length; c++, i++) out[i] += alongX[c] * alongY[j];
      }
    }
    return out.reduce((a, b) => (a > b ? a : b), 0);
  }
}
