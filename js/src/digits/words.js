/** What the picture shows, in words: for the canvas' label and the line below it. */
import { ALL, METHODS } from "./run.js";

const what = (s) => (s.single ? `one image of the digit ${s.digit}` : s.digit === ALL ? "10 images of each digit" : `36 images of the digit ${s.digit}`);
const capital = (text) => text[0].toUpperCase() + text.slice(1);

/** One sentence about what is drawn: the canvas' text alternative. */
export function alternative(s) {
  const t = s.run.timeOf(s.t);
  const stage = t <= 0 ? "noise" : t >= 1 ? "finished" : "between noise and image";
  const layout = s.single ? "; below it, its way from t = 0 to t = 1" : s.digit === ALL ? ", one row for each digit" : "";
  return `${capital(what(s))} at time ${t.toFixed(2)}, ${stage}${layout}. Guidance scale w = ${s.w.toFixed(2)}.`;
}

/** What stands below the picture once everything is at rest. */
export function summary(s) {
  const { run, w } = s;
  const meaning = w === 0 ? ", which ignores the label" : w === 1 ? ", the class as it was learnt" : "";
  const steps = `${run.steps} ${run.steps === 1 ? "step" : "steps"} of ${METHODS[s.method]}`;
  const { evaluations: n } = run;
  const cost = `each image took ${n} ${n === 1 ? "evaluation" : "evaluations"} of ${s.whose}`;
  return `${capital(what(s))} at guidance scale w = ${w.toFixed(2)}${meaning}. ${steps}: ${cost}.`;
}
