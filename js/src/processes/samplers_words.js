/** What the picture of samplers shows, in words. */
import { min } from "../maths/functions.js";
import { chance } from "../maths/statistics.js";
import { KINDS, distance, nameOf } from "./kinds.js";
import { SHOWN } from "./panel.js";

const NUMBERS = { 2: "Two", 3: "Three", 4: "Four" };
const each = (s, tell) => s.run.runs.map((run, i) => tell(nameOf(s.chosen[i]), distance(run, run.index(s.t)), run)).join("; ");
const timeOf = (s) => s.run.index(s.t) / s.run.steps;

/** One sentence about what is drawn: the canvas' text alternative. */
export function alternative(s) {
  const [{ count }] = s.run.runs;
  return (
    `${NUMBERS[s.chosen.length]} samplers on DDPM’s path at time ${timeOf(s).toFixed(2)}, from the same noise: of each ${min(SHOWN, count)} paths, ` +
    `a histogram of ${count.toLocaleString("en")} states, and the exact density. Distance between the two: ${each(s, (name, d) => `${name}: ${d.toFixed(3)}`)}.`
  );
}

/** What stands below the picture: how far each sampler is from the exact law, beside chance. */
export function summary(s) {
  const [{ count }] = s.run.runs;
  const bound = chance(count);
  const t = timeOf(s);
  const law = t >= 1 ? "the law of the data" : `the exact law at time ${t.toFixed(2)}, or the last state before it`;
  const told = each(s, (name, d) => `${name}: ${d.toFixed(3)}, ${d <= bound ? "no more than chance makes" : `${(d / bound).toFixed(1)} times that bound`}`);
  const noisy = s.chosen.filter(({ kind, eta }) => kind === "ancestral" || (KINDS[kind].eta && eta > 0)).length;
  const same = noisy > 1 ? " and the same normal numbers in every step" : "";
  return (
    `${count.toLocaleString("en")} paths of each sampler from the same starts${same}, ${s.evaluations} evaluations of the exact field. ` +
    `In 19 of 20 cases chance alone keeps the Kolmogorov–Smirnov distance to a law below ${bound.toFixed(3)}. Distance to ${law}: ${told}.`
  );
}
