/**
 * Schedulers: the weights alpha(t) of the data and beta(t) of the noise along a path x = alpha z + beta eps.
 *
 * Noise at t = 0, data at t = 1. `alphaDot` and `betaDot` are time derivatives, `betaSqDot` is that of beta²,
 * which is finite where `betaDot` is not; `boundaryError` is how far the ends are from 0 and 1. The same
 * formulas as in coursekit.paths, which explains them.
 */
import { exp, expm1, PI, sin, sqrt } from "./functions.js";

/** Straight line at constant speed: alpha = t, beta = 1 - t. */
export const CondOT = {
  name: "straight line (CondOT)",
  boundaryError: 0,
  alpha: (t) => t,
  beta: (t) => 1 - t,
  alphaDot: () => 1,
  betaDot: () => -1,
  betaSqDot: (t) => -2 * (1 - t),
};

/** A quarter of a circle: alpha = sin(pi t / 2), beta = cos(pi t / 2), as a sine, which is exactly 0 at t = 1. */
export const Cosine = {
  name: "cosine",
  boundaryError: 0,
  alpha: (t) => sin((PI / 2) * t),
  beta: (t) => sin((PI / 2) * (1 - t)),
  alphaDot: (t) => (PI / 2) * Cosine.beta(t),
  betaDot: (t) => (-PI / 2) * Cosine.alpha(t),
  betaSqDot: (t) => -PI * Cosine.alpha(t) * Cosine.beta(t),
};

/**
 * The schedule of DDPM in continuous time, s = 1 - t:
 * alpha = exp(-s² (high - low) / 4 - s low / 2), beta = sqrt(1 - alpha²).
 *
 * @param {number} low rate of noising at the data, per unit of time
 * @param {number} high rate of noising at the noise
 */
export function variancePreserving(low = 0.1, high = 20) {
  const logAlpha = (t) => -(1 - t) * (((1 - t) * (high - low)) / 4 + low / 2);
  const alpha = (t) => exp(logAlpha(t));
  const beta = (t) => sqrt(-expm1(2 * logAlpha(t)));
  const alphaDot = (t) => ((low + (1 - t) * (high - low)) / 2) * alpha(t);
  return {
    name: "DDPM’s linear beta (VP)",
    boundaryError: alpha(0),
    alpha,
    beta,
    alphaDot,
    betaDot: (t) => (-alpha(t) * alphaDot(t)) / beta(t),
    betaSqDot: (t) => -2 * alpha(t) * alphaDot(t),
  };
}

/** With the rates of Ho et al. 2020. */
export const VP = variancePreserving();

/** The noise's variance falls at constant speed: alpha = t, beta = sqrt(1 - t). */
export const SquareRoot = {
  name: "β = √(1 − t)",
  boundaryError: 0,
  alpha: (t) => t,
  beta: (t) => sqrt(1 - t),
  alphaDot: () => 1,
  betaDot: (t) => -0.5 / sqrt(1 - t),
  betaSqDot: () => -1,
};

/** By the names that settings use, which are those of the classes in coursekit.paths. */
export const SCHEDULERS = { CondOT, Cosine, VP, SquareRoot };
