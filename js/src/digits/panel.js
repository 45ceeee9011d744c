/** The controls of the digits explorer; settings say which stand open and which behind "More". */
import { floor } from "../maths/functions.js";
import { button, fold, menu, radios, row, slider } from "../scene/controls.js";
import { ALL, METHODS } from "./run.js";

const DIGITS = Object.fromEntries(Array.from({ length: 10 }, (_, k) => [k, String(k)]));

/**
 * Make the controls.
 *
 * @param {object} s the explorer's state, which they change
 * @param {object} settings single, most, controls, more
 * @param {object} then what follows: `restart()` after the images have to be made anew, `reseed()`, `play()`, `seek(t)`
 * @returns {{nodes: HTMLElement[], play: HTMLButtonElement, sync: () => void, tick: () => void}}
 *     `sync` shows the state in the controls, `tick` the time alone
 */
export function panel(s, settings, then) {
  const play = button("▶ Play", then.play);
  play.className = "ck-play";
  const known = {};
  const time = slider({
    label: "time t (0 noise, 1 image)",
    min: 0,
    max: s.steps,
    step: 1,
    value: 0,
    format: (k) => (k / s.steps).toFixed(2),
    onInput: (k) => then.seek(k / s.steps),
  });
  const tick = () => {
    const k = floor(s.t * s.steps + 1e-9);
    if (+time.input.value !== k) time.set(k);
  };
  const set = (name) => (value) => {
    s[name] = value;
    sync();
    then.restart();
  };
  const makers = {
    digit: () => {
      const entries = s.single ? DIGITS : { ...DIGITS, [ALL]: "every digit" };
      return radios({ label: "digit", entries, value: String(s.digit), onInput: set("digit") });
    },
    w: () => slider({ label: "guidance scale w", min: 0, max: settings.most ?? 6, step: 0.25, value: s.w, format: (w) => w.toFixed(2), onInput: set("w") }),
    steps: () => slider({ label: "number of steps", min: 1, max: 30, step: 1, value: s.steps, onInput: set("steps") }),
    method: () => menu({ label: "method", entries: METHODS, value: s.method, onInput: set("method") }),
    noise: () => ({ node: button("Other noise", then.reseed), set() {} }),
  };
  const make = (list = []) => list.filter((name) => makers[name]).map((name) => ((known[name] = makers[name]()), known[name].node));
  const open = make(settings.controls);
  const more = make(settings.more);
  function sync() {
    time.input.max = s.steps;
    time.set(floor(s.t * s.steps + 1e-9));
    known.digit?.set(String(s.digit));
  }
  const nodes = [row(play, time.node), ...open];
  if (more.length) nodes.push(fold("More", ...more));
  return { nodes, play, sync, tick };
}
