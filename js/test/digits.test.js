/** The digits explorer: its runs, where its images stand, and its words. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import { layout } from "../src/digits/layout.js";
import { ALL, Run, labelsOf } from "../src/digits/run.js";
import { alternative, summary } from "../src/digits/words.js";
import { Heun } from "../src/maths/solvers.js";
import { FilmMlp } from "../src/nets/film_mlp.js";
import { guided } from "../src/nets/guided.js";
import { close } from "./reference.js";

const file = readFileSync(new URL("../../coursekit/weights/digits.safetensors", import.meta.url));
const net = new FilmMlp(new DataView(file.buffer, file.byteOffset, file.byteLength));
const run = (options) => new Run({ net, labels: [3, 8, 5], w: 2, method: "heun", steps: 4, seed: 0, ...options });

function finished(options) {
  const made = run(options);
  while (made.compute(5));
  return made;
}

test("one image, 36 of a digit, or ten of each", () => {
  assert.deepEqual(labelsOf("3", true), [3]);
  assert.deepEqual(labelsOf("3", false), Array(36).fill(3));
  const all = labelsOf(ALL, false);
  assert.equal(all.length, 100);
  assert.deepEqual(all.slice(8, 12), [0, 0, 1, 1]);
});

test("a run keeps every state of the solver", () => {
  const made = finished({});
  const x = Float64Array.from(made.states.subarray(0, 3 * 64));
  const field = guided(net, [3, 8, 5], 2);
  for (let k = 0; k < 4; k++) {
    Heun.step(field, x, k / 4, 1 / 4);
    close([0, 1, 2].map((i) => Array.from(made.image(i, k + 1))), x, `step ${k + 1}`, 1e-5);
  }
  assert.deepEqual([0, 0.2, 0.25, 0.99, 1].map(made.index), [0, 0, 1, 3, 4]);
  assert.equal(made.timeOf(0.6), 0.5);
});

test("images come ten at a time, a step at a time, each as if it were alone", () => {
  const labels = Array(13).fill(4);
  const made = run({ labels });
  assert.equal(made.compute(-1), true);
  assert.deepEqual([made.done, made.made(0), made.made(10)], [0, 1, 0]);
  while (made.compute(-1));
  assert.deepEqual([made.done, made.made(12)], [13, 4]);
  const field = guided(net, [4], 2);
  const x = Float64Array.from(made.image(12, 0));
  for (let k = 0; k < 4; k++) Heun.step(field, x, k / 4, 1 / 4);
  close(made.image(12, 4), x, "the last image", 1e-5);
});

test("the noise belongs to the seed, whatever else changes; at w = 0 labels do not matter", () => {
  const [a, b] = [finished({ w: 0 }), finished({ w: 0, labels: [1, 2, 0] })];
  assert.deepEqual(a.states, b.states);
  assert.notDeepEqual(run({ seed: 1 }).image(0, 0), a.image(0, 0));
});

test("evaluations are counted", () => {
  assert.equal(run({}).evaluations, 4 * 2 * 2);
  assert.equal(run({ w: 1 }).evaluations, 4 * 2);
  assert.equal(run({ method: "euler", w: 0 }).evaluations, 4);
});

for (const [digit, single] of [[3, true], [3, false], [ALL, false]]) {
  for (const steps of [1, 4, 20]) {
    test(`images of ${digit} stand beside each other within the picture, ${single ? "one" : "many"}, ${steps} steps`, () => {
      const made = run({ labels: labelsOf(digit, single), steps });
      for (const width of [300, 432]) {
        const { tiles, height, names, framed } = layout(made, steps, single, width);
        for (const { x, y, side } of tiles) assert.ok(x >= 0 && y >= 0 && x + side <= width && y + side <= height);
        for (const a of tiles)
          for (const b of tiles) assert.ok(a === b || a.x + a.side <= b.x || b.x + b.side <= a.x || a.y + a.side <= b.y || b.y + b.side <= a.y);
        assert.equal(names.length, single ? Math.min(6, steps + 1) : digit === ALL ? 10 : 0);
        assert.equal(framed?.state, single ? steps : undefined);
      }
    });
  }
}

test("the words tell what is seen and what it costs", () => {
  const s = { single: false, digit: ALL, w: 1, method: "euler", whose: "your network", t: 0.5, run: run({ w: 1, method: "euler", steps: 1 }) };
  assert.equal(
    summary(s),
    "10 images of each digit at guidance scale w = 1.00, the class as it was learnt. 1 step of Euler: each image took 1 evaluation of your network.",
  );
  assert.match(alternative(s), /at time 0.00, noise, one row for each digit/);
  assert.match(alternative({ ...s, digit: 7, t: 1 }), /^36 images of the digit 7 at time 1.00, finished\./);
  assert.match(alternative({ ...s, single: true, digit: 7 }), /^One image of the digit 7 .*its way from t = 0 to t = 1/);
});
