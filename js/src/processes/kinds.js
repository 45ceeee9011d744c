/** The samplers that can be chosen, and the exact field that all of them follow. */
import { sqrt } from "../maths/functions.js";
import { chainScheduler, linearBetas } from "../maths/ddpm.js";
import { lineField } from "../maths/line_mixture.js";
import { Euler, EulerMaruyama, Heun, ddim, sdeExtension } from "../maths/solvers.js";
import { kolmogorov } from "../maths/statistics.js";

/** Three bumps, as coursekit.explore.samplers has them. */
export const LAW = { weights: [0.3, 0.5, 0.2], means: [-1.6, 0.3, 1.8], stds: [0.3, 0.35, 0.3] };
export const SCHEDULER = chainScheduler(linearBetas());
export const FIELD = lineField(LAW, SCHEDULER);

/** By the names that settings use; `eta` says whether the sampler has a share of fresh noise. */
export const KINDS = {
  ddim: { name: "DDIM", eta: true, make: (eta) => [ddim(SCHEDULER, eta), FIELD] },
  ancestral: { name: "ancestral, variance β", eta: false, make: () => [ddim(SCHEDULER, 1, "forward"), FIELD] },
  // What DDIM becomes as its steps shrink: sigma² = eta² times the rate of noising.
  maruyama: {
    name: "Euler–Maruyama",
    eta: true,
    make: (eta) => [EulerMaruyama, sdeExtension(FIELD, (t) => eta * sqrt(SCHEDULER.rate(t)))],
  },
  euler: { name: "Euler", eta: false, make: () => [Euler, FIELD] },
  heun: { name: "Heun", eta: false, make: () => [Heun, FIELD] },
};

/**
 * A sampler that is ready to go.
 *
 * @param {string} kind key of `KINDS`
 * @param {number} evaluations of the field, even
 * @param {number} eta share of fresh noise, where the sampler has one
 * @returns {{solver: object, field: object, steps: number}} steps of equal length from t = 0 to t = 1
 */
export function made(kind, evaluations, eta) {
  const [solver, field] = KINDS[kind].make(eta);
  return { solver, field, steps: evaluations / solver.evaluations };
}

/** How a sampler is called, with its eta if it has one. */
export const nameOf = ({ kind, eta }) => KINDS[kind].name + (KINDS[kind].eta ? `, η = ${eta.toFixed(1)}` : "");

/** Kolmogorov–Smirnov distance of a run's states after k steps to the exact law at their time. */
export function distance(run, k) {
  const key = `${k} ${run.done}`;
  if (run.measured?.key !== key) run.measured = { key, value: kolmogorov(run.at(k), FIELD.at(run.times[k]).below) };
  return run.measured.value;
}
