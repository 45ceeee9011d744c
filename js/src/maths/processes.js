/** The Ornstein–Uhlenbeck process: its exact law, and that of the chain which Euler–Maruyama makes of it. */
import { abs, exp, expm1, log, log1p, sqrt } from "./functions.js";

/**
 * The process dX = -theta X dt + sigma dW; with theta = 0 it is Brownian motion, scaled by sigma.
 *
 * @param {number} theta rate of return, at least 0, per unit of time
 * @param {number} sigma diffusion coefficient, at least 0, data units per square root of time
 * @returns {object} for `EulerMaruyama`: drift(x, t, out) and diffusion(t); `stationaryStd`, which is
 *     sigma / sqrt(2 theta), infinite if theta = 0 unless sigma is 0, too; law(x0, t), mean and standard deviation
 *     of the state a time t after it was x0:
 *
 *         x0 exp(-theta t),   std² = sigma² (1 - exp(-2 theta t)) / (2 theta),   or sigma² t if theta = 0
 */
export const ornsteinUhlenbeck = (theta, sigma) => ({
  theta,
  sigma,
  stationaryStd: sigma === 0 ? 0 : sigma / sqrt(2 * theta),
  drift(x, t, out) {
    for (let i = 0; i < x.length; i++) out[i] = -theta * x[i];
  },
  diffusion: () => sigma,
  law(x0, t) {
    const age = theta > 0 ? -expm1(-2 * theta * t) / (2 * theta) : t;
    return { mean: x0 * exp(-theta * t), std: sigma * sqrt(age) };
  },
});

/**
 * The law of Euler–Maruyama's chain X' = (1 - theta h) X + sigma sqrt(h) eps after n steps from x0; it is Gaussian.
 *
 *     mean (1 - theta h)^n x0,   std² = sigma² h (1 - a^n) / (1 - a)  with  a = (1 - theta h)²
 *
 * Its stationary variance is sigma² / (2 theta) / (1 - theta h / 2); above theta h = 2 there is none.
 *
 * @param {object} process theta and sigma
 * @param {number} h length of a step, units of time
 * @param {number} x0 state at the start
 * @param {number} n how many steps
 * @returns {{mean: number, std: number}}
 */
export function chainLaw({ theta, sigma }, h, x0, n) {
  const factor = 1 - theta * h;
  const logA = 2 * (theta * h < 1 ? log1p(-theta * h) : log(abs(factor)));
  const steps = n === 0 || logA === 0 ? n : expm1(n * logA) / expm1(logA);
  return { mean: factor ** n * x0, std: sigma * sqrt(h * steps) };
}
