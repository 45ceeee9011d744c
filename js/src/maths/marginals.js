/**
 * The marginal of a Gaussian path at one time: density, posterior weights and means, score, vector field.
 *
 *     p_t(x) = E_z[ N(x; alpha z, beta² I) ],   score = grad log p_t(x) = -E[eps | x] / beta
 *     u_t(x) = alpha' E[z | x] - (beta²)' / 2 · score
 *
 * `look(x, y)` computes all of it at one place and leaves the answer in the fields `zx zy sx sy logp` of the
 * marginal: objects made for each of millions of places would cost more than the formulas.
 */
import { cut, erfcx, truncatedNormal } from "./normal.js";

const NEGLIGIBLE = -40; // log of a weight, relative to the largest, that no digit of a sum shows
const LOG_TWO_PI = Math.log(2 * Math.PI);

class Marginal {
  /**
   * @param {object} law of the data
   * @param {object} scheduler alpha and beta
   * @param {number} t time; where beta(t) = 0 only laws with a smooth density have a field
   */
  constructor(law, scheduler, t) {
    this.t = t;
    this.n = law.n;
    this.alpha = scheduler.alpha(t);
    this.beta = scheduler.beta(t);
    this.alphaDot = scheduler.alphaDot(t);
    this.halfBetaSqDot = scheduler.betaSqDot(t) / 2;
    this.zx = this.zy = this.sx = this.sy = this.logp = 0;
    this.logs = new Float64Array(law.n); // log of weight times density, part by part
  }

  /**
   * Posterior weights of the law's parts behind a place, p_t(k | x).
   *
   * @returns {Float64Array} (n), their sum is 1
   */
  weights(x, y) {
    this.logWeights(x, y);
    const top = this.logs.reduce((a, b) => Math.max(a, b), -Infinity);
    const out = this.logs.map((v) => Math.exp(v - top));
    const total = out.reduce((a, b) => a + b, 0);
    return out.map((v) => v / total);
  }

  /** Vector fields at a block of states: u and, if asked for, the score; (n, 2) each, row after row. */
  fields(states, u, score) {
    for (let i = 0; i < states.length; i += 2) {
      this.look(states[i], states[i + 1]);
      u[i] = this.alphaDot * this.zx - this.halfBetaSqDot * this.sx;
      u[i + 1] = this.alphaDot * this.zy - this.halfBetaSqDot * this.sy;
      if (score) {
        score[i] = this.sx;
        score[i + 1] = this.sy;
      }
    }
  }
}

/** Component k becomes N(alpha m_k, v_k) with v_k = alpha² s_k² + beta². */
class MixtureMarginal extends Marginal {
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
    this.offset = law.weights.map((w, k) => Math.log(w) - Math.log(vx[k] * vy[k]) / 2);
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
      const w = Math.exp(relative);
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
    this.logp = top + Math.log(total) - LOG_TWO_PI;
  }
}

/** Given its square, a data point seen through Gaussian noise is a truncated normal along each axis. */
class ChessboardMarginal extends Marginal {
  constructor(law, scheduler, t) {
    super(law, scheduler, t);
    this.law = law;
    this.regular = this.beta > 0;
    this.reach = (this.alpha * law.side) / (2 * this.beta);
    this.axes = [0, 1].map(() => ({ log: new Float64Array(law.squares), place: new Float64Array(law.squares) }));
    this.sums = new Float64Array(8);
  }

  /**
   * Mass and first moment of the noise that leads from the even and from the odd cells of an axis to a place.
   *
   * A square is dark if both its numbers are even or both are odd, so four sums an axis are enough.
   */
  axisSums(x, at) {
    const { law, alpha, beta, sums } = this;
    sums.fill(0, at, at + 4);
    let mass = 0;
    let density = 0;
    for (let i = 0; i <= law.squares; i++) {
      const edge = (x - alpha * (i * law.side - law.halfWidth)) / beta;
      const kernel = Math.exp((-edge * edge) / 2);
      const beyond = (kernel * erfcx(Math.abs(edge) * Math.SQRT1_2)) / 2;
      const below = edge > 0 ? 1 - beyond : beyond;
      if (i > 0) {
        const parity = at + ((i - 1) % 2);
        sums[parity] += mass - below;
        sums[parity + 2] += kernel - density;
      }
      mass = below;
      density = kernel;
    }
  }

  look(x, y) {
    const { alpha, beta, sums } = this;
    this.axisSums(x, 0);
    this.axisSums(y, 4);
    const total = sums[0] * sums[4] + sums[1] * sums[5];
    if (!(total * alpha > 1e-5)) {
      this.lookFarOut(x, y);
      return;
    }
    const norm = 1 / (Math.sqrt(2 * Math.PI) * total);
    const epsX = (sums[2] * sums[4] + sums[3] * sums[5]) * norm;
    const epsY = (sums[0] * sums[6] + sums[1] * sums[7]) * norm;
    this.zx = (x - beta * epsX) / alpha;
    this.zy = (y - beta * epsY) / alpha;
    this.sx = -epsX / beta;
    this.sy = -epsY / beta;
    this.logp = Math.log(total / (this.n * (alpha * this.law.side) ** 2));
  }

  logWeights(x, y) {
    const { law, alpha, beta, reach, axes, logs } = this;
    [x, y].forEach((value, a) => {
      for (let i = 0; i < law.squares; i++) {
        const middle = (value - alpha * ((i + 0.5) * law.side - law.halfWidth)) / beta;
        truncatedNormal(middle - reach, middle + reach);
        axes[a].log[i] = cut.logAverage;
        axes[a].place[i] = cut.place;
      }
    });
    let top = -Infinity;
    law.dark.forEach(([i, j], k) => {
      logs[k] = axes[0].log[i] + axes[1].log[j];
      top = Math.max(top, logs[k]);
    });
    return top;
  }

  /** The same where the sums above would cancel: far from the board, or where alpha is close to 0. */
  lookFarOut(x, y) {
    const top = this.logWeights(x, y);
    const { law, alpha, beta, axes, logs } = this;
    let total = 0;
    let placeX = 0;
    let placeY = 0;
    let zx = 0;
    let zy = 0;
    law.dark.forEach(([i, j], k) => {
      const w = Math.exp(logs[k] - top);
      const px = law.x[k] - (law.side / 2) * axes[0].place[i];
      const py = law.y[k] - (law.side / 2) * axes[1].place[j];
      total += w;
      zx += w * px;
      zy += w * py;
      placeX += (w * (x - alpha * px)) / beta;
      placeY += (w * (y - alpha * py)) / beta;
    });
    this.zx = zx / total;
    this.zy = zy / total;
    this.sx = -placeX / total / beta;
    this.sy = -placeY / total / beta;
    this.logp = top + Math.log(total) - 2 * Math.log(beta) - Math.log(this.n);
  }
}

/**
 * The marginal of a path at one time.
 *
 * @param {object} law of the data, of laws.js
 * @param {object} scheduler of schedulers.js
 * @param {number} t time in [0, 1]; below 1 for data points and the chessboard, whose marginal is then not `regular`
 * @returns {Marginal} with look(x, y), weights(x, y), fields(states, u, score) and `regular`
 */
export const marginal = (law, scheduler, t) =>
  law.kind === "chessboard" ? new ChessboardMarginal(law, scheduler, t) : new MixtureMarginal(law, scheduler, t);

/**
 * The exact field of a path, for solvers: marginals are made once for each time and kept.
 *
 * @param {object} law of the data
 * @param {object} scheduler alpha and beta
 * @returns {object} at(t) the marginal; velocity(x, t, u) and both(x, t, u, score), which fill (n, 2) blocks;
 *     isSingularAt(t)
 */
export function exactField(law, scheduler) {
  const known = new Map();
  const at = (t) => {
    let found = known.get(t);
    if (!found) {
      if (known.size > 400) known.clear();
      found = marginal(law, scheduler, t);
      known.set(t, found);
    }
    return found;
  };
  return {
    law,
    scheduler,
    at,
    velocity: (x, t, u) => at(t).fields(x, u),
    both: (x, t, u, score) => at(t).fields(x, u, score),
    isSingularAt: (t) => !at(t).regular,
  };
}
