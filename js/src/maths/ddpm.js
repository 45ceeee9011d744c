/** DDPM's chain of small steps, and the path in continuous time that passes through every state of it. */
import { exp, expm1, log1p, max, min, sqrt } from "./functions.js";

/**
 * DDPM's variances (Ho et al. 2020): beta_k = first + (last - first) (k - 1) / (steps - 1).
 *
 * @param {number} steps number K of steps, at least 2
 * @param {number} first variance of the noise of the step next to the data
 * @param {number} last variance of the noise of the last
 * @returns {Float64Array} (K)
 */
export const linearBetas = (steps = 1000, first = 1e-4, last = 0.02) =>
  Float64Array.from({ length: steps }, (_, k) => first + ((last - first) * k) / (steps - 1));

/**
 * The scheduler with alpha² = product of (1 - beta_1) … (1 - beta_k) at t = 1 - k / K, whose rate of noising,
 * -log(1 - beta_k) K, is constant on each step; alpha² + beta² = 1. As coursekit.paths.ChainScheduler: where two
 * steps meet, derivatives are those towards the data.
 *
 * @param {ArrayLike<number>} betas beta_1 … beta_K
 * @returns {object} a scheduler as those of schedulers.js; also rate(t), that of noising
 */
export function chainScheduler(betas) {
  const count = betas.length;
  const table = new Float64Array(count + 1); // log of alpha²
  for (let k = 0; k < count; k++) table[k + 1] = table[k] + log1p(-betas[k]);
  const slack = 4 * count * Number.EPSILON; // a time may miss its step by rounding
  const stepOf = (t) => max(1, min(count, Math.ceil(count * (1 - t) - slack))) - 1;
  const rate = (t) => {
    const k = stepOf(t);
    return (table[k] - table[k + 1]) * count;
  };
  const logAlpha = (t) => {
    const k = stepOf(t);
    return (table[k] - (1 - t - k / count) * rate(t)) / 2;
  };
  const alpha = (t) => exp(logAlpha(t));
  const beta = (t) => sqrt(-expm1(2 * logAlpha(t)));
  const betaSqDot = (t) => -rate(t) * exp(2 * logAlpha(t));
  return {
    name: "DDPM’s chain",
    boundaryError: exp(table[count] / 2),
    rate,
    alpha,
    beta,
    alphaDot: (t) => (rate(t) / 2) * alpha(t),
    betaDot: (t) => betaSqDot(t) / (2 * beta(t)),
    betaSqDot,
  };
}
