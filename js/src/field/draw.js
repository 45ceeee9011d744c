/** One picture of the field explorer. */
import { floor, max, min, sqrt } from "../maths/functions.js";
import { below } from "./run.js";
import { QUIET, gapAt } from "./own.js";

// Along a side, for a fast machine and for a slow one: cells of the density, arrows of the exact field.
const CELLS = [72, 40];
const ARROWS = [17, 13];
const PATHS = 40; // drawn at most
const MARKED = 20; // up to so many steps each state of a path has a dot
const NAMED = 12; // up to so many weights are written beside their points

/**
 * Draw the state of an explorer.
 *
 * @param {Plane} plane where
 * @param {object} s the explorer's state: data, law, run, own, show, t, chosen, probe, focused, share
 */
export function draw(plane, s) {
  const t = s.run ? s.run.timeOf(s.t) : s.t;
  const now = s.law.n ? s.exact.at(t) : null;
  plane.clear();
  if (now && s.show.gap && s.own?.valid) shadeGap(plane, s, t);
  else if (now && s.show.density) shadeDensity(plane, s, t);
  plane.grid();
  if (s.show.paths && s.run?.index) drawPaths(plane, s, t);
  if (s.show.particles && s.run) drawParticles(plane, s);
  if (s.own?.valid && s.show.arrows) ownArrows(plane, s, t);
  else if (now?.regular && s.show.arrows) exactArrows(plane, now, ARROWS[slow(s)]);
  if (s.show.data) drawData(plane, s);
  if (s.probe && s.show.probe && now) drawProbe(plane, s, now);
}

const slow = (s) => +(s.share < 1);

function shadeDensity(plane, s, t) {
  const cells = CELLS[slow(s)];
  // At t = 1 points and squares have no blur left; a hair before they look the same.
  const now = s.exact.at(t).regular ? s.exact.at(t) : s.exact.at(0.995);
  const middles = plane.middles(cells);
  const down = middles.map((v) => -v);
  plane.surface("density", `${s.version} ${now.t}`, "surface", cells, (heights) =>
    now.densities(middles, down, heights),
  );
}

/** The reader's field beside the exact one, at the time of its grid that is nearest. */
function compared(s, t) {
  const k = s.own.nearest(t);
  const key = `${s.version} ${s.own.id} ${k}`;
  if (s.gap?.key !== key) s.gap = { key, ...gapAt(s.own, s.exact, k), mine: s.own.at(k) };
  return s.gap;
}

function shadeGap(plane, s, t) {
  const { n } = s.own;
  plane.surface("gap", compared(s, t).key, "gap", n, (heights) => {
    const { gap, fade, largest } = s.gap;
    // Rows of the grid grow with x₂, those of a picture go down.
    for (let j = 0, i = 0; j < n; j++)
      for (let k = (n - 1 - j) * n; k < (n - j) * n; k++) heights[i++] = gap[k] * fade[k];
    return largest;
  });
}

/** Length that most arrows stay below: twice the root mean square. */
function usualLength(u) {
  let sum = 0;
  for (const v of u) sum += v * v;
  return 2 * sqrt((2 * sum) / max(1, u.length));
}

function exactArrows(plane, now, n) {
  const middles = plane.middles(n);
  const found = [];
  let top = -Infinity;
  for (const y of middles) {
    for (const x of middles) {
      now.look(x, y);
      top = max(top, now.logp);
      const half = now.halfBetaSqDot;
      found.push([x, y, now.alphaDot * now.zx - half * now.sx, now.alphaDot * now.zy - half * now.sy, now.logp]);
    }
  }
  const dense = found.filter((each) => each[4] > top - QUIET);
  const at = dense.flatMap(([x, y]) => [x, y]);
  const u = dense.flatMap((each) => [each[2], each[3]]);
  const cell = (2 * plane.lim) / n;
  plane.arrows(at, u, { colour: plane.colours.arrow, width: 1.3, longest: usualLength(u), cell });
}

/** The reader's arrows beside the exact ones, on every other place of their grid, at the same time and scale. */
function ownArrows(plane, s, t) {
  const { exact, mine, dense } = compared(s, t);
  const { n, places, lim } = s.own;
  const chosen = dense.filter((i) => (i % n) % 2 && ((i / n) | 0) % 2);
  const pick = (values) => chosen.flatMap((i) => [values[2 * i], values[2 * i + 1]]);
  const look = { longest: usualLength(pick(exact)), cell: (4 * lim) / (n - 1) };
  plane.arrows(pick(places), pick(exact), { ...look, colour: plane.colours.arrow, width: 1.3 });
  plane.arrows(pick(places), pick(mine), { ...look, colour: plane.colours.own, width: 1.6 });
}

function drawParticles(plane, s) {
  const { run } = s;
  const x = run.at(s.t);
  const limit = max(1, floor(min(run.done, run.count * s.share)));
  const { lines } = plane.colours;
  plane.pen.globalAlpha = 0.8;
  if (s.part !== null && run.split) {
    if (s.splitOf !== `${s.version} ${s.part}`)
      Object.assign(s, { splitOf: `${s.version} ${s.part}`, split: run.split(s.part) });
    const [inside, outside] = s.split;
    plane.dots(x, outside, below(outside, limit), lines[0], 2);
    plane.pen.globalAlpha = 1;
    plane.dots(x, inside, below(inside, limit), lines[1], 2.6);
  } else if (run.split) plane.dots(x, null, limit, lines[0], 2.2);
  else {
    run.quarters.forEach((rows, q) => plane.dots(x, rows, below(rows, limit), lines[q], 2.2));
  }
  plane.pen.globalAlpha = 1;
}

function drawPaths(plane, s) {
  const { run } = s;
  const { pen, ratio, colours } = plane;
  const last = run.index(s.t);
  const drawn = min(PATHS, run.done);
  const place = (k, i) => 2 * (k * run.count + i);
  pen.lineWidth = 1.3 * ratio;
  run.quarters.forEach((rows, q) => {
    const few = rows.subarray(0, below(rows, drawn));
    pen.strokeStyle = colours.lines[q];
    pen.beginPath();
    for (const i of few) {
      for (let k = 0; k <= last; k++) {
        const at = place(k, i);
        pen[k ? "lineTo" : "moveTo"](plane.x(run.states[at]), plane.y(run.states[at + 1]));
      }
    }
    pen.stroke();
    if (run.steps > MARKED) return;
    for (let k = 0; k <= last; k++)
      plane.dots(run.states.subarray(place(k, 0)), few, few.length, colours.lines[q], 4);
  });
}

function drawData(plane, s) {
  const { data, chosen } = s;
  const { ink, halo, own } = plane.colours;
  if (data.board) return;
  const radius = data.places.length > 40 ? 3 : 5;
  data.places.forEach(([x, y], k) => {
    const here = s.editing && k === chosen;
    plane.disc(x, y, here ? radius + 1.5 : radius, ink, halo);
    if (here && s.focused) plane.disc(x, y, radius + 5, null, own, 2.5);
  });
}

function drawProbe(plane, s, now) {
  const [x, y] = s.probe;
  const { law } = s;
  const { pen, ratio, colours } = plane;
  const [blue] = colours.lines;
  if (now.regular) {
    const weights = now.weights(x, y);
    weights.forEach((w, k) => {
      if (w < 0.005) return;
      pen.strokeStyle = blue;
      pen.globalAlpha = 0.35 + 0.65 * w;
      pen.lineWidth = (0.6 + 6 * w) * ratio;
      pen.beginPath();
      pen.moveTo(plane.x(x), plane.y(y));
      pen.lineTo(plane.x(law.x[k]), plane.y(law.y[k]));
      pen.stroke();
      pen.globalAlpha = 1;
      plane.disc(law.x[k], law.y[k], 3 + 7 * sqrt(w), blue, colours.halo);
    });
    if (law.n <= NAMED) weights.forEach((w, k) => plane.words(w.toFixed(2), law.x[k], law.y[k], blue, 9, 8));
    now.look(x, y);
    const half = now.halfBetaSqDot;
    const left = 1 - now.t;
    const [u, v] = [now.alphaDot * now.zx - half * now.sx, now.alphaDot * now.zy - half * now.sy];
    pen.strokeStyle = colours.ink;
    pen.lineWidth = 2.6 * ratio;
    pen.beginPath();
    plane.arrow(plane.x(x), plane.y(y), left * u * plane.scale, -left * v * plane.scale, 11 * ratio);
    pen.stroke();
  }
  plane.disc(x, y, 6, colours.halo, colours.ink, 2);
  if (s.focused && s.tool === "probe") plane.disc(x, y, 10, null, colours.own, 2.5);
}
