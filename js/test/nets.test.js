/** Networks: files of weights, and what coursekit's network answers (tools/js_reference.py). */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import { Euler, Heun, timeGrid } from "../src/maths/solvers.js";
import { FilmMlp } from "../src/nets/film_mlp.js";
import { branches, guided } from "../src/nets/guided.js";
import { linear } from "../src/nets/layers.js";
import { readSafetensors } from "../src/nets/safetensors.js";
import { close, reference } from "./reference.js";

const WITHIN = 1e-4; // single precision against double
const view = (bytes) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
const file = readFileSync(new URL("../../coursekit/weights/digits.safetensors", import.meta.url));
const net = new FilmMlp(view(file));
const { digits } = reference;

/** A file with this header and this many bytes of numbers. */
function made(entries, bytes = 0) {
  const text = Buffer.from(typeof entries === "string" ? entries : JSON.stringify(entries));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  return view(Buffer.concat([length, text, Buffer.alloc(bytes)]));
}
const entry = (change) => ({ a: { dtype: "F32", shape: [2, 3], data_offsets: [0, 24], ...change } });

test("a file of weights is read, wherever its numbers begin", () => {
  for (const pad of ["", " ", "  "]) {
    const { notes, tensors } = readSafetensors(made(JSON.stringify({ __metadata__: { net: "A" }, ...entry({}) }) + pad, 24));
    assert.deepEqual(notes, { net: "A" });
    assert.deepEqual([tensors.get("a").shape, tensors.get("a").data.length], [[2, 3], 6]);
  }
});

for (const [what, bytes, words] of [
  ["five bytes", view(Buffer.alloc(5)), /5 bytes/],
  ["a header beyond the end", view(Buffer.from([255, 255, 255, 255, 0, 0, 0, 1, 2])), /does not fit/],
  ["a header that is no JSON", made("{nothing"), /not JSON/],
  ["an entry that is no object", made({ a: 5 }), /of the kind undefined/],
  ["another kind of numbers", made(entry({ dtype: "F16" }), 24), /a has numbers of the kind F16/],
  ["a negative size", made(entry({ shape: [-2, -3] }), 24), /no shape/],
  ["an offset below zero", made(entry({ data_offsets: [-24, 0] }), 24), /no place/],
  ["a shape and a place that disagree", made(entry({ shape: [2, 2] }), 24), /24 bytes instead of 16/],
  ["numbers behind the end", made(entry({}), 20), /behind the file's end/],
]) {
  test(`a file with ${what} is refused`, () => assert.throws(() => readSafetensors(bytes), words));
}

test("a file of another network, or of other sizes, is refused", () => {
  assert.throws(() => new FilmMlp(made({ __metadata__: { net: "UNet" } })), /UNet, and FiLMMLP is needed/);
  const config = JSON.stringify({ channels: 1, size: 8, classes: 10, hidden: 160, blocks: 2, cond_dim: 64 });
  assert.throws(() => new FilmMlp(made({ __metadata__: { net: "FiLMMLP", config } })), /time.1.weight has shape \(none\)/);
  assert.throws(() => new FilmMlp(view(file.subarray(0, file.length - 4))), /behind the file's end/);
});

test("an affine map of any number of rows", () => {
  const layer = { weight: Float32Array.of(1, 2, 3, 4, 5, 6), bias: Float32Array.of(10, 20), inputs: 3, outputs: 2 };
  for (const n of [1, 4, 6]) {
    const x = Float32Array.from({ length: 3 * n }, (_, k) => k);
    const wanted = Array.from({ length: n }, (_, i) => [9 * i * 2 + 8 + 10, 15 * 3 * i + 17 + 20]);
    const out = new Float32Array(2 * n).fill(7);
    linear(x, n, layer, out);
    close(out, wanted, `${n} rows`);
    linear(x, n, layer, out, true);
    close(out, wanted.flat().map((value) => 2 * value), `${n} rows, added`);
  }
});

test("the network predicts as coursekit's does", () => {
  const x = Float32Array.from(digits.noise.flat());
  digits.times.forEach((t, k) => {
    const found = new Float32Array(x.length);
    net.predict(x, t, digits.labels, found);
    close(found, digits.velocity[k], `t = ${t}`, WITHIN);
  });
  assert.equal(net.none, 10);
});

for (const [name, solver] of Object.entries({ euler: Euler, heun: Heun })) {
  test(`guided images by ${solver.name} are coursekit's`, () => {
    digits.scales.forEach((w, k) => {
      const x = Float64Array.from(digits.noise.flat());
      const times = timeGrid(digits.steps);
      const field = guided(net, digits.asked, w);
      for (let i = 0; i < digits.steps; i++) solver.step(field, x, times[i], times[i + 1] - times[i]);
      close(x, digits.images[name][k], `w = ${w}`, WITHIN);
    });
  });
}

test("guidance costs a second branch, unless one has no weight", () => {
  assert.deepEqual([0, 0.5, 1, 2].map(branches), [1, 2, 1, 2]);
});
