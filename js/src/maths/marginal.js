/** The marginal of a path at one time: the part that does not depend on the law of the data. */
import { exp, max } from "./functions.js";

/**
 * What all marginals share. `look(x, y)` computes everything at one place and leaves the answer in the fields
 * `zx zy` (E[z | x]), `sx sy` (score) and `logp`: objects made for each of millions of places would cost more than
 * the formulas. `regular` is false where the field is singular.
 */
export class Marginal {
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
    const top = this.logs.reduce((a, b) => max(a, b), -Infinity);
    const out = this.logs.map((v) => exp(v - top));
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
