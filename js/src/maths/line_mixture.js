/** Mixtures of Gaussians on the line, as they travel along a Gaussian path: density, distribution, field, score. */
import { exp, log, PI, sqrt, SQRT1_2 } from "./functions.js";
import { erf } from "./normal.js";

const ROOT = sqrt(2 * PI);

/** The marginal at one time: component k is N(alpha m_k, v_k) with v_k = alpha² s_k² + beta². */
class LineMarginal {
  constructor({ weights, means, stds }, scheduler, t) {
    const alpha = scheduler.alpha(t);
    const variances = stds.map((s) => (alpha * s) ** 2 + scheduler.beta(t) ** 2);
    this.weights = weights;
    this.means = means;
    this.places = means.map((m) => alpha * m);
    this.stds = variances.map(sqrt);
    this.precisions = variances.map((v) => 1 / v);
    this.pulls = variances.map((v, k) => (alpha * stds[k] ** 2) / v);
    this.offsets = weights.map((w, k) => log(w / this.stds[k]));
    this.alphaDot = scheduler.alphaDot(t);
    this.halfBetaSqDot = scheduler.betaSqDot(t) / 2;
    this.logs = new Float64Array(means.length);
  }

  /** p_t(x). */
  density = (x) =>
    this.places.reduce((sum, m, k) => sum + (this.weights[k] * exp((-this.precisions[k] * (x - m) ** 2) / 2)) / (ROOT * this.stds[k]), 0);

  /** P(X_t <= x). */
  below = (x) => this.places.reduce((sum, m, k) => sum + (this.weights[k] * (1 + erf(((x - m) / this.stds[k]) * SQRT1_2))) / 2, 0);

  /** Vector field at states (n): u = alpha' E[z | x] - (beta²)' / 2 · score; and, if asked for, the score. */
  fields(states, u, score) {
    const { places, precisions, offsets, means, pulls, logs } = this;
    for (let i = 0; i < states.length; i++) {
      const x = states[i];
      let top = -Infinity;
      for (let k = 0; k < logs.length; k++) {
        logs[k] = offsets[k] - (precisions[k] * (x - places[k]) ** 2) / 2;
        if (logs[k] > top) top = logs[k];
      }
      let [total, z, s] = [0, 0, 0];
      for (let k = 0; k < logs.length; k++) {
        const w = exp(logs[k] - top);
        const away = x - places[k];
        total += w;
        z += w * (means[k] + pulls[k] * away);
        s -= w * precisions[k] * away;
      }
      u[i] = (this.alphaDot * z - this.halfBetaSqDot * s) / total;
      if (score) score[i] = s / total;
    }
  }
}

/**
 * The exact field of a path that leads to a mixture on the line, for solvers.
 *
 * @param {{weights: number[], means: number[], stds: number[]}} law (k) each; weights sum to 1, widths are positive
 * @param {object} scheduler alpha and beta
 * @returns {object} as of `exactField`, on blocks (n) of the line: at(t) the marginal with density(x), below(x);
 *     velocity(x, t, u), both(x, t, u, score), isSingularAt(t), which is never
 */
export function lineField(law, scheduler) {
  const known = new Map();
  const at = (t) => {
    if (!known.has(t)) known.set(t, new LineMarginal(law, scheduler, t));
    return known.get(t);
  };
  return {
    at,
    velocity: (x, t, u) => at(t).fields(x, u),
    both: (x, t, u, score) => at(t).fields(x, u, score),
    isSingularAt: () => false,
  };
}
