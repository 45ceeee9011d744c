/**
 * Solvers: one small step along a vector field or a stochastic process, as in coursekit.solvers.
 *
 * States are blocks, Float64Array (n, dim) row after row, and a step replaces them by those at time t + h. A
 * field has `velocity(x, t, u)`, which fills u, and `isSingularAt(t)`; a process has `drift(x, t, out)` and
 * `diffusion(t)`. Nothing here knows what the field is: exact, learned, of one axis or of sixty-four.
 */
import { abs, max, sqrt } from "./functions.js";

const kept = new Map();
/** An array to compute in, by name and length: no step makes garbage. */
function scratch(name, length) {
  let found = kept.get(name);
  if (!found || found.length < length) kept.set(name, (found = new Float64Array(length)));
  return found.length === length ? found : found.subarray(0, length);
}

/** x + h u_t(x). */
export const Euler = {
  name: "Euler",
  order: 1,
  evaluations: 1,
  step(field, x, t, h) {
    const u = scratch("u", x.length);
    field.velocity(x, t, u);
    for (let i = 0; i < x.length; i++) x[i] += h * u[i];
  },
};

/** x' = x + h u_t(x), then x + h/2 (u_t(x) + u_{t+h}(x')); where the field is singular at t + h, Euler's step. */
export const Heun = {
  name: "Heun",
  order: 2,
  evaluations: 2,
  step(field, x, t, h) {
    const n = x.length;
    const start = scratch("u", n);
    field.velocity(x, t, start);
    if (field.isSingularAt?.(t + h)) {
      for (let i = 0; i < n; i++) x[i] += h * start[i];
      return;
    }
    const guess = scratch("guess", n);
    const end = scratch("end", n);
    for (let i = 0; i < n; i++) guess[i] = x[i] + h * start[i];
    field.velocity(guess, t + h, end);
    for (let i = 0; i < n; i++) x[i] += (h / 2) * (start[i] + end[i]);
  },
};

/**
 * Data and noise, E[z | x] and E[eps | x], from the velocity: the solution of x = alpha z + beta eps and
 * u = alpha' z + beta' eps.
 *
 * @returns {number[][]} the rows of the inverse: z = r0 · (x, u), eps = r1 · (x, u)
 */
export function endpointWeights(scheduler, t) {
  const [a, b, da, db] = ["alpha", "beta", "alphaDot", "betaDot"].map((name) => scheduler[name](t));
  const determinant = a * db - b * da;
  return [
    [db / determinant, -b / determinant],
    [-da / determinant, a / determinant],
  ];
}

/**
 * DDIM (Song et al. 2021): alpha' z^ + sqrt(beta'² - sigma²) eps^ + sigma xi at the next time, with
 * sigma² = eta² beta'² (beta² - (alpha / alpha')² beta'²) / beta².
 *
 * @param {object} scheduler that of the field's path
 * @param {number} eta amount of fresh noise in [0, 1]: 0 is deterministic, 1 is DDPM's ancestral step
 * @param {"posterior" | "forward"} variance of the fresh noise: sigma², which is exact if the data are one point, or,
 *     around the same mean, what is exact if they are N(0, 1), DDPM's beta:
 *
 *         eta² (beta² - (alpha / alpha')² beta'²) (alpha'² + beta'²) / (alpha² + beta²)
 *
 * @returns {object} a solver; its step takes standard normal noise, shaped like the states, if eta > 0
 */
export const ddim = (scheduler, eta = 0, variance = "posterior") => ({
  name: "DDIM",
  order: 1,
  evaluations: 1,
  step(field, x, t, h, noise) {
    const after = abs(t + h - 1) < 1e-10 ? 1 : t + h;
    const u = scratch("u", x.length);
    field.velocity(x, t, u);
    const [z, eps] = endpointWeights(scheduler, t);
    const [a, b] = [scheduler.alpha(t), scheduler.beta(t)];
    const [aNext, bNext] = [scheduler.alpha(after), scheduler.beta(after)];
    const back = b * b - ((a / aNext) * bNext) ** 2; // variance of the way back, from `after` to t
    let sigma = eta > 0 && bNext > 0 ? eta * (bNext / b) * sqrt(back) : 0;
    const old = sqrt(max(bNext * bNext - sigma * sigma, 0));
    if (sigma > 0 && variance === "forward") sigma = eta * sqrt((back * (aNext ** 2 + bNext ** 2)) / (a ** 2 + b ** 2));
    for (let i = 0; i < x.length; i++) {
      const state = x[i];
      x[i] = aNext * (z[0] * state + z[1] * u[i]) + old * (eps[0] * state + eps[1] * u[i]);
      if (sigma > 0) x[i] += sigma * noise[i];
    }
  },
});

/** X + h drift + sqrt(h) diffusion · noise, the noise standard normal and shaped like the states. */
export const EulerMaruyama = {
  name: "Euler–Maruyama",
  order: 1,
  evaluations: 1,
  step(process, x, t, h, noise) {
    const drift = scratch("u", x.length);
    process.drift(x, t, drift);
    const spread = sqrt(h) * process.diffusion(t);
    for (let i = 0; i < x.length; i++) x[i] += h * drift[i] + spread * noise[i];
  },
};

/**
 * A flow with noise, dX = [u_t + sigma_t² / 2 · s_t] dt + sigma_t dW: with the score's part the marginals stay.
 *
 * @param {object} field with both(x, t, u, score), such as `exactField` makes
 * @param {(t: number) => number} sigma diffusion coefficient at time t, data units per square root of time
 * @param {boolean} corrected false leaves the score's part out
 * @returns {object} the process
 */
export const sdeExtension = (field, sigma, corrected = true) => ({
  diffusion: sigma,
  drift(x, t, out) {
    if (!corrected || sigma(t) === 0) {
      field.velocity(x, t, out);
      return;
    }
    const score = scratch("score", x.length);
    field.both(x, t, out, score);
    const weight = sigma(t) ** 2 / 2;
    for (let i = 0; i < x.length; i++) out[i] += weight * score[i];
  },
});

/**
 * Divide the time from 0 to 1 into equal steps.
 *
 * @param {number} steps at least 1
 * @returns {Float64Array} (steps + 1) times
 */
export const timeGrid = (steps) => Float64Array.from({ length: steps + 1 }, (_, k) => k / steps);
