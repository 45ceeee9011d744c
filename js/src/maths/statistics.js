/** What is found in a sample of the line, beside what a law says. */
import { exp, max, PI, sqrt } from "./functions.js";

/**
 * Mean and standard deviation with their standard errors, those of draws from a Gaussian.
 *
 * @param {ArrayLike<number>} x draws (n), n at least 2
 * @returns {object} mean, std (with n - 1), meanError = std / sqrt(n), stdError = std / sqrt(2 n)
 */
export function moments(x) {
  const n = x.length;
  let mean = 0;
  for (let i = 0; i < n; i++) mean += x[i] / n;
  let squares = 0;
  for (let i = 0; i < n; i++) squares += (x[i] - mean) ** 2;
  const std = sqrt(squares / (n - 1));
  return { mean, std, meanError: std / sqrt(n), stdError: std / sqrt(2 * n) };
}

/** Density of N(mean, std²) at x. */
export const normalDensity = (x, { mean, std }) => exp(-(((x - mean) / std) ** 2) / 2) / (std * sqrt(2 * PI));

/**
 * Kolmogorov–Smirnov distance between draws and a law, sup |#{x_i <= x} / n - P(X <= x)|.
 *
 * @param {ArrayLike<number>} x draws (n)
 * @param {(x: number) => number} below the law's distribution function
 * @returns {number} in [0, 1]
 */
export function kolmogorov(x, below) {
  const ordered = Float64Array.from(x).sort();
  const n = ordered.length;
  let worst = 0;
  ordered.forEach((value, i) => {
    const p = below(value);
    worst = max(worst, (i + 1) / n - p, p - i / n);
  });
  return worst;
}

/** The distance that one in twenty samples of n from the law itself exceeds (Kolmogorov 1933), 1.36 / sqrt(n). */
export const chance = (n) => 1.36 / sqrt(n);

/**
 * Count draws in bins of equal width.
 *
 * @param {ArrayLike<number>} x draws (n)
 * @param {number} low lower end of the first bin
 * @param {number} width of a bin
 * @param {Float64Array} out (bins) filled with densities, shares over `width`; what lies outside has no bin
 * @returns {Float64Array} out
 */
export function histogram(x, low, width, out) {
  out.fill(0);
  for (let i = 0; i < x.length; i++) {
    const bin = Math.floor((x[i] - low) / width);
    if (bin >= 0 && bin < out.length) out[bin] += 1 / (x.length * width);
  }
  return out;
}
