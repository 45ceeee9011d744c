/** The whole explorer of processes on a page without a browser: controls, keys, time, words. */
import assert from "node:assert/strict";
import test from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { Element, pass } from "./page.js";
import { mount } from "../src/processes.js";

const REST = 250; // milliseconds, more than the explorer waits before it writes

function opened(settings) {
  const el = new Element("div");
  const end = mount(el, settings);
  pass();
  const [root] = el.children;
  const control = (label) => root.all((each) => each.className.startsWith("ck-control")).find((each) => each.children[0].textContent === label)?.children[1];
  const choose = (label, value) => {
    const input = control(label);
    input.value = value;
    input.fire("input");
    pass();
  };
  const find = (name) => root.all((each) => each.className.includes(name))[0];
  const [canvas] = root.all((each) => each.tag === "canvas");
  return { end, root, control, choose, canvas, s: root.coursekit.state, words: find("ck-words"), play: find("ck-play"), stage: find("ck-stage") };
}

test("a diffusion: every control acts, and the words follow", async () => {
  const page = opened({ view: "diffusion", paths: 500, h: 0.1 });
  const { s } = page;
  assert.deepEqual([s.run.done, s.run.steps, s.t], [500, 50, 1]);
  await wait(REST);
  assert.match(page.words.textContent, /^500 paths at time 5\.00/);
  assert.match(page.canvas.getAttribute("aria-label"), /at time 5\.00, a histogram/);
  for (const [label, value, name] of [["rate θ (1 / time)", 3, "theta"], ["diffusion coefficient σ", 0.5, "sigma"], ["start x₀ (data units)", -1, "start"], ["number of paths", 700, "count"], ["step size h (time)", "0.500", "h"]]) {
    const before = s.run;
    page.choose(label, value);
    assert.equal(s[name], +value);
    assert.notEqual(s.run, before, label);
  }
  assert.deepEqual([s.run.done, s.run.steps, page.control("time t").max], [700, 10, 10]);
  const ends = s.run.at(10);
  page.root.all((each) => each.textContent === "Other noise")[0].fire("click");
  pass();
  assert.notDeepEqual(s.run.at(10), ends);
  page.end();
});

test("time is played, stopped and moved by keys; nothing is drawn while nothing changes", () => {
  const { s, play, stage, canvas, end } = opened({ view: "diffusion", paths: 100 });
  const key = (name) => (stage.fire("keydown", { key: name }), pass(3));
  key("Home");
  assert.equal(s.t, 0);
  key("ArrowRight");
  assert.equal(s.t, 0.01);
  play.fire("click");
  pass(31); // half a second, of five; the first frame has no time before it
  assert.ok(Math.abs(s.t - 0.11) < 0.005, `${s.t}`);
  assert.equal(play.textContent, "❚❚ Pause");
  key(" ");
  assert.equal(play.textContent, "▶ Play");
  const drawn = canvas.drawn.fillRect;
  pass();
  assert.equal(canvas.drawn.fillRect, drawn);
  key("End");
  key("ArrowRight");
  assert.equal(s.t, 1);
  end();
});

test("samplers: each has a menu and, where it has one, its randomness", async () => {
  const page = opened({ view: "samplers", paths: 500, samplers: ["ddim", "euler", "heun"].map((kind) => ({ kind, eta: 0.4 })) });
  const disabled = () => [1, 2, 3].map((i) => page.control(`its randomness η (${i})`).disabled);
  assert.deepEqual(disabled(), [false, true, true]);
  const [first] = page.s.run.runs;
  page.choose("sampler 3", "maruyama");
  assert.deepEqual(disabled(), [false, true, false]);
  assert.equal(page.s.run.runs[0], first);
  page.choose("its randomness η (3)", 0.9);
  page.choose("evaluations", 20);
  assert.deepEqual([page.s.run.steps, page.s.run.done, page.s.run.count], [20, 1500, 1500]);
  await wait(REST);
  assert.match(page.words.textContent, /20 evaluations .*DDIM, η = 0\.4: .*; Euler: .*; Euler–Maruyama, η = 0\.9: /);
  page.end();
});
