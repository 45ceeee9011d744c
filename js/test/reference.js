/** What the tests share: coursekit's answers, and a comparison of arrays. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { chessboard, mixture, points } from "../src/maths/laws.js";

export const reference = JSON.parse(readFileSync(new URL("reference.json", import.meta.url), "utf8"));

export const laws = {
  points: points(reference.points),
  mixture: mixture(reference.mixture.means, reference.mixture.stds, reference.mixture.weights),
  chessboard: chessboard(),
};

/** All numbers of nested arrays agree, relative to the larger of 1 and what is wanted. */
export function close(found, wanted, what, tolerance = 1e-9) {
  const [a, b] = [Array.from(found).flat(Infinity), Array.from(wanted).flat(Infinity)];
  assert.equal(a.length, b.length, `${what}: ${a.length} numbers instead of ${b.length}`);
  a.forEach((value, i) => {
    const gap = Math.abs(value - b[i]);
    assert.ok(gap <= tolerance * Math.max(1, Math.abs(b[i])), `${what}, number ${i}: ${value} instead of ${b[i]}`);
  });
}
