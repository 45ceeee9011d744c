/** What the picture of the Ornstein–Uhlenbeck process shows, in words. */
import { abs, max, min, sqrt } from "../maths/functions.js";
import { moments } from "../maths/statistics.js";
import { SHOWN } from "./panel.js";

const NEAR = 3; // standard errors up to which chance explains a gap
const number = (x, digits = 2) => {
  if (abs(x) >= 1e4) return x.toExponential(1).replace("e+", " · 10^").replace("-", "−");
  const text = x.toFixed(digits);
  return +text === 0 ? text.replace("-", "") : text.replace("-", "−");
};

function processName({ theta, sigma }) {
  return theta > 0 ? `dX = −${theta.toFixed(1)} X dt + ${sigma.toFixed(1)} dW` : `dX = ${sigma.toFixed(1)} dW, Brownian motion`;
}

/** One sentence about what is drawn: the canvas' text alternative. */
export function alternative(s) {
  const t = s.run.times[s.run.index(s.t)].toFixed(2);
  const also = s.chain ? ", in orange the law of the steps" : "";
  return (
    `${min(SHOWN, s.run.done)} paths of ${processName(s)} from ${number(s.start, 1)} over time, with the exact mean and two ` +
    `standard deviations around it; beside them, at time ${t}, a histogram of all ${s.run.done.toLocaleString("en")} paths and the exact density${also}.`
  );
}

/** What stands below the picture: found beside exact, why they differ, where all of it leads. */
export function summary(s) {
  const { run } = s;
  const k = run.index(s.t);
  return [k ? measured(s, k) : `All ${run.done.toLocaleString("en")} paths start at ${number(s.start, 1)}.`, step(s), stationary(s)].filter(Boolean).join(" ");
}

function measured(s, k) {
  const { run } = s;
  const { exact, chain } = s.lawsAt(k);
  const found = moments(run.at(k));
  const two = (law) => `${number(law.mean, 3)} and ${number(law.std, 3)}`;
  const is =
    `${run.done.toLocaleString("en")} paths at time ${run.times[k].toFixed(2)}, with standard errors: ` +
    `mean ${number(found.mean, 3)} ± ${number(found.meanError, 3)}, standard deviation ${number(found.std, 3)} ± ${number(found.stdError, 3)}. ` +
    `Exact: ${two(exact)}. Law of the steps: ${two(chain)}.`;
  const lost = run.at(k).filter((x) => abs(x) > s.reach).length / run.done;
  const outside = lost > 0.01 ? ` ${(100 * lost).toFixed(0)} % of the paths lie outside the picture.` : "";
  return `${is}${outside} ${why(found, exact, chain)}`;
}

/** Whether chance or the step parts what is found from the exact law. */
function why(found, exact, chain) {
  if (!(found.stdError > 1e-12)) return "Without noise all paths are one.";
  const apart = (law) => [abs(found.mean - law.mean) / found.meanError, abs(found.std - law.std) / found.stdError];
  const [fromExact, fromChain] = [apart(exact), apart(chain)];
  const i = fromExact[0] > fromExact[1] ? 0 : 1;
  const which = ["mean", "standard deviation"][i];
  const far = `The ${which} is ${number(fromExact[i], 1)} standard errors from the exact one`;
  if (fromExact[i] <= NEAR) return `${far}: no more than chance makes.`;
  if (max(...fromChain) > NEAR + 1) return `${far}, and ${number(fromChain[i], 1)} from that of the steps.`;
  return `${far}, and ${number(fromChain[i], 1)} from that of the steps: bias of the step, which more paths do not remove.`;
}

function step({ theta, h }) {
  const product = theta * h;
  if (product > 2 + 1e-9) return `The step is unstable: θh = ${number(product)} is above 2, and the variance of the steps grows without bound.`;
  if (product > 2 - 1e-9) return "The step is at its limit, θh = 2: the variance of the steps grows without bound.";
  if (product > 1 + 1e-9) return `With θh = ${number(product)} each step overshoots the middle.`;
  return product ? `θh = ${number(product, 3)}.` : "";
}

function stationary({ process, theta, h }) {
  if (theta === 0) return "Without θ there is no stationary law: the variance σ²t grows without bound, and the steps are exact.";
  const std = process.stationaryStd;
  const law = `Stationary standard deviation σ / √(2θ) = ${number(std)}`;
  return theta * h < 2 - 1e-9 ? `${law}, of the steps ${number(std / sqrt(1 - (theta * h) / 2))}.` : `${law}.`;
}
