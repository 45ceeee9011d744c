/** Where each image stands. */
import { floor } from "../maths/functions.js";

const GAP = 3; // px between two images
const NAMES = 16; // px for the names of rows, or of moments
const MOMENTS = 6;
const LARGE = 0.6; // side of the image that the slider moves, of the picture's width

/**
 * Place images in a grid, or one of them large above its way from noise.
 *
 * @param {object} run as `Run`; its labels say whether there are rows of different digits
 * @param {number} k number of the state that the time has come to
 * @param {boolean} single one image is shown, and its way
 * @param {number} width of the picture, px
 * @returns {{height: number, tiles: object[], names: object[], framed: object | null}} tiles have image, state, x, y,
 *     side, px; names have text, x, y of their middle; framed is the moment nearest before the state
 */
export function layout(run, k, single, width) {
  return single ? way(run, k, width) : grid(run, k, width);
}

function grid({ labels, count }, k, width) {
  const rows = labels[0] !== labels.at(-1);
  const columns = Math.ceil(Math.sqrt(count));
  const left = rows ? NAMES : 0;
  const side = (width - left - GAP * (columns + 1)) / columns;
  const place = (i) => GAP + i * (side + GAP);
  const tiles = labels.map((_, i) => ({ image: i, state: k, x: left + place(i % columns), y: place(floor(i / columns)), side }));
  const lines = Math.ceil(count / columns);
  const names = rows
    ? Array.from({ length: lines }, (_, r) => ({ text: String(labels[r * columns]), x: NAMES / 2, y: place(r) + side / 2 }))
    : [];
  return { height: place(lines), tiles, names, framed: null };
}

function way({ steps }, k, width) {
  const large = LARGE * width;
  const side = (width - GAP * (MOMENTS + 1)) / MOMENTS;
  const all = Array.from({ length: MOMENTS }, (_, i) => Math.round((i * steps) / (MOMENTS - 1)));
  const moments = [...new Set(all)];
  const y = large + 4 * GAP;
  const row = moments.map((state, i) => ({ image: 0, state, x: GAP + i * (side + GAP), y, side }));
  const names = row.map((each) => ({
    text: `t = ${(each.state / steps).toFixed(2).replace(/0$/, "")}`,
    x: each.x + side / 2,
    y: y + side + NAMES / 2 + 2,
  }));
  const framed = row.findLast((each) => each.state <= k);
  const first = { image: 0, state: k, x: (width - large) / 2, y: GAP, side: large };
  return { height: y + side + NAMES + 4, tiles: [first, ...row], names, framed };
}
