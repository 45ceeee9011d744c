/** What of the scene needs no page: colours. */
import assert from "node:assert/strict";
import test from "node:test";
import { THEMES, colourTable } from "../src/scene/theme.js";

/** Relative luminance of #rrggbb, as the Web Content Accessibility Guidelines define it. */
function luminance(colour) {
  const [r, g, b] = [1, 3, 5]
    .map((at) => parseInt(colour.slice(at, at + 2), 16) / 255)
    .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}
const contrast = (a, b) => {
  const [high, low] = [luminance(a), luminance(b)].sort((x, y) => y - x);
  return (high + 0.05) / (low + 0.05);
};

for (const [name, theme] of Object.entries(THEMES)) {
  test(`${name}: what is read or pointed at stands out from the background`, () => {
    for (const each of ["ink", "faint"]) assert.ok(contrast(theme[each], theme.back) >= 4.5, each);
    for (const each of [theme.arrow, theme.own]) assert.ok(contrast(each, theme.back) >= 3, each);
  });
  test(`${name}: a ramp begins with the background and moves away from it evenly`, () => {
    for (const ramp of [theme.surface, theme.gap]) {
      assert.equal(ramp[0], theme.back);
      const away = ramp.map((colour) => contrast(colour, theme.back));
      assert.deepEqual(
        away,
        [...away].sort((a, b) => a - b),
      );
    }
  });
}

test("a colour table goes from the first colour to the last", () => {
  const table = colourTable(["#000000", "#102030"], 3);
  assert.deepEqual(
    [...table].map((c) => c.toString(16)),
    ["ff000000", "ff181008", "ff302010"],
  );
});
