/** What the picture shows, in words: for the canvas' label and the line below it. */
import { abs, floor } from "../maths/functions.js";
import { element } from "../scene/controls.js";
import { METHODS } from "./run.js";
import { SCHEDULERS } from "../maths/schedulers.js";

const FEW = 10; // parts up to which each has a row of its own
const percent = (value, digits = 1) => `${(100 * value).toFixed(digits)} %`;
const pair = (x, y) => `(${[x, y].map((v) => v.toFixed(2).replace("-", "−")).join(", ")})`;

/** How the particles move. */
export function solverName(s) {
  if (s.motion === "path") return "samples x = αz + βε of the path";
  const noise = s.fading ? `σ(t) = ${s.sigma.toFixed(1)} β(t)` : `σ = ${s.sigma.toFixed(1)}`;
  const steps = `${s.steps} ${s.steps === 1 ? "step" : "steps"}`;
  if (!s.sigma) return `${METHODS[s.method]}, ${steps}`;
  return `Euler–Maruyama, ${steps}, ${noise}, drift ${s.corrected ? "with" : "without"} the score’s part`;
}

/** One sentence about what is drawn: the canvas' text alternative. */
export function alternative(s) {
  if (!s.law.n) return "An empty plane: there are no data.";
  const t = s.run.timeOf(s.t);
  const arrows = s.show.arrows && s.exact.at(t).regular;
  const drawn = [
    s.show.particles && `${floor(s.run.count * s.share).toLocaleString("en")} particles`,
    s.show.density && "the exact density as shading",
    arrows && "arrows of the exact field",
    s.own?.valid && s.show.arrows && "arrows of your function in orange",
    s.show.paths && s.run.index && "paths of some particles",
    s.show.probe && s.probe && `lines from the place ${pair(...s.probe)} to what may lie behind it`,
  ].filter(Boolean);
  const stage = t <= 0 ? "noise" : t >= 1 ? "data" : "between noise and data";
  return `The plane at time ${t.toFixed(2)}, ${stage}: ${drawn.join(", ") || "nothing"}. Data: ${dataName(s)}.`;
}

function dataName(s) {
  const { data, law } = s;
  if (data.board) return `chessboard of ${law.n} dark squares`;
  return `${law.n} ${data.noun}${law.n === 1 ? "" : "s"}`;
}

/** What stands below the picture once everything is at rest. */
export function summary(s) {
  if (!s.law.n) return "No data: choose “draw” and press on the plane, or choose a data set.";
  const parts = [];
  const { run } = s;
  const own = s.follow === "own" && s.own?.valid;
  const drawn = floor(run.count * s.share);
  const count =
    drawn < run.count
      ? `${drawn.toLocaleString("en")} of ${run.count.toLocaleString("en")}`
      : drawn.toLocaleString("en");
  const how = own ? `${s.own.solver} in Python, on your function` : solverName(s);
  if (s.show.particles || s.show.paths)
    parts.push(`${count} particles at t = ${run.timeOf(s.t).toFixed(2)}; ${how}.`);
  if (s.motion === "path") {
    const scheduler = SCHEDULERS[s.scheduler];
    const [a, b] = [scheduler.alpha(s.t), scheduler.beta(s.t)];
    parts.push(
      `α = ${a.toFixed(3)}, β = ${b.toFixed(3)}, signal-to-noise ratio ${b ? ((a / b) ** 2).toPrecision(3) : "without bound"}.`,
    );
  }
  if (s.show.probe && s.probe) parts.push(probed(s));
  if (s.own && !s.own.valid) parts.push(s.own.fault);
  else if (s.own && s.show.gap && s.gap) {
    const at = s.own.times[s.own.nearest(run.timeOf(s.t))].toFixed(2);
    parts.push(
      `Your function at t = ${at} is ${s.gap.mean.toFixed(3)} away from the exact field on average over the states, at most ${s.gap.largest.toFixed(2)} where they are, data units per time.`,
    );
  }
  return parts.join(" ");
}

function probed(s) {
  const now = s.exact.at(s.run.timeOf(s.t));
  if (!now.regular) return "At t = 1 a state is its data point; there is nothing left to weigh.";
  const [x, y] = s.probe;
  const weights = now.weights(x, y);
  const greatest = weights.reduce((best, w, k) => (w > weights[best] ? k : best), 0);
  const effective = 1 / weights.reduce((sum, w) => sum + w * w, 0);
  now.look(x, y);
  return `Behind the state ${pair(x, y)} the likeliest ${s.data.noun} is that at ${pair(s.law.x[greatest], s.law.y[greatest])}, with weight ${weights[greatest].toFixed(3)}; effective number of candidates ${effective.toFixed(1)}. Posterior mean E[z | x] = ${pair(now.zx, now.zy)}; the arrow is the field times the time left.`;
}

/**
 * Shares of the particles at t = 1 as a table, or in a sentence where there are many parts.
 *
 * @param {object[]} rows of `shares`
 * @param {object} s the explorer's state
 * @returns {HTMLElement}
 */
export function shareTable(rows, s) {
  if (rows.length > FEW) {
    const worst = rows.reduce((a, b) => (abs(b.apart) > abs(a.apart) ? b : a));
    const far = rows.filter((each) => abs(each.apart) > 3).length;
    const line = `Each of ${rows.length} ${s.data.noun}s should receive ${percent(rows[0].exact)}. More than three standard errors away: ${far}. The farthest receives ${percent(worst.share)} ± ${percent(worst.error)}.`;
    return element("p", { className: "ck-note" }, line);
  }
  const head = element(
    "tr",
    {},
    ...[s.data.noun, "particles", "exact", "apart"].map((name) => element("th", { scope: "col" }, name)),
  );
  const body = rows.map((each, k) => {
    const apart = `${abs(each.apart).toFixed(1)} SE`;
    return element(
      "tr",
      {},
      element("td", {}, pair(s.law.x[k], s.law.y[k])),
      element("td", {}, `${percent(each.share)} ± ${percent(each.error)}`),
      element("td", {}, percent(each.exact)),
      element("td", { className: abs(each.apart) > 3 ? "ck-off" : "" }, apart),
    );
  });
  const caption = element("caption", {}, "Where the particles end, with standard errors (SE)");
  return element(
    "table",
    { className: "ck-table" },
    caption,
    element("thead", {}, head),
    element("tbody", {}, ...body),
  );
}
