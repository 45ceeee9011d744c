/** Questions to Python: one at a time, and the last of those that had to wait. */
import assert from "node:assert/strict";
import test from "node:test";
import { widget } from "../src/scene/host.js";

test("while a question waits for its answer, only the last of the others is kept", () => {
  const traits = { settings: {}, answer: { steps: 1 } };
  const sent = [];
  let hear = null;
  const model = {
    get: (name) => traits[name],
    set: (name, value) => (traits[name] = value),
    save_changes: () => sent.push(traits.question),
    on: (_, f) => (hear = f),
    off: (_, f) => assert.equal(f, hear),
  };
  const answer = (value) => {
    traits.answer = value;
    hear();
  };
  let kernel = null;
  let ended = false;
  const answers = [];
  const end = widget((_, __, given) => {
    kernel = given;
    kernel.told((value) => answers.push(value));
    return () => (ended = true);
  }).render({ model, el: null });
  assert.deepEqual(kernel.answer, { steps: 1 });
  for (const steps of [2, 3, 4]) kernel.ask({ steps });
  assert.deepEqual(sent, [{ steps: 2, id: 1 }]);
  answer("two");
  assert.deepEqual(sent.at(-1), { steps: 4, id: 2 });
  answer("four");
  assert.deepEqual([sent.length, answers], [2, ["two", "four"]]);
  end();
  assert.ok(ended);
});
