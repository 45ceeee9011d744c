/** Data sets that the field explorer offers, and those that it is given. */
import { cos, hypot, max, PI, sin } from "../maths/functions.js";
import { chessboard, mixture } from "../maths/laws.js";

const TAU = 2 * PI;
const ring = (n, radius) =>
  Array.from({ length: n }, (_, i) => [radius * cos((TAU * i) / n), radius * sin((TAU * i) / n)]);
const arc = (n, turn, x, y) =>
  Array.from({ length: n }, (_, i) => {
    const angle = turn + (PI * i) / (n - 1);
    return [x + 1.5 * cos(angle), y + 1.5 * sin(angle)];
  });

/** Every set: its name; `points`, or `means` with `stds` and `weights`, or a board's `squares` and `halfWidth`. */
export const SETS = {
  points: {
    name: "seven points",
    points: [
      [-2, 0.5],
      [-1, -1.5],
      [-0.4, 1.6],
      [0.5, 0.2],
      [1.2, -1.2],
      [1.5, 1.4],
      [2.3, 0.1],
    ],
  },
  mixture: {
    name: "three Gaussians",
    means: [
      [-1.6, 0.3],
      [1.2, 1.5],
      [1, -1.5],
    ],
    stds: [0.35, 0.35, 0.35],
    weights: [0.5, 0.3, 0.2],
  },
  chessboard: { name: "chessboard", squares: 4, halfWidth: 2 },
  ring: { name: "ring of 24 points", points: ring(24, 2) },
  moons: { name: "two moons", points: [...arc(16, 0, -0.75, -0.35), ...arc(16, PI, 0.75, 0.35)] },
  face: {
    name: "face",
    points: [
      ...ring(20, 2.2),
      [-0.8, 0.8],
      [0.8, 0.8],
      ...[-0.9, -0.45, 0, 0.45, 0.9].map((x) => [x, -0.9 + 0.35 * x * x]),
    ],
  },
  drawn: { name: "your own points", points: [] },
};

export const LARGEST = 200; // data points that can be drawn
const WIDTH = 0.35; // of a Gaussian that the reader adds

/** The data as the reader edits them: places of points or means, with what belongs to each. */
export class Data {
  constructor(set) {
    this.board = set.squares ? { squares: set.squares, halfWidth: set.halfWidth } : null;
    this.isMixture = Boolean(set.means);
    this.places = (set.points ?? set.means ?? []).map((place) => [...place]);
    this.stds = this.isMixture ? set.stds.map((std) => (Array.isArray(std) ? [...std] : std)) : [];
    this.weights = this.isMixture ? [...(set.weights ?? set.means.map(() => 1))] : [];
  }

  get editable() {
    return !this.board;
  }

  /** What one part is called. */
  get noun() {
    return this.board ? "square" : this.isMixture ? "Gaussian" : "data point";
  }

  add(place) {
    if (this.places.length >= LARGEST) return false;
    const mean = this.weights.reduce((a, b) => a + b, 0) / max(1, this.weights.length) || 1;
    this.places.push(place);
    if (this.isMixture) {
      this.stds.push(WIDTH);
      this.weights.push(mean);
    }
    return true;
  }

  remove(k) {
    for (const list of [this.places, this.stds, this.weights]) list.splice(k, 1);
  }

  /** Number of the nearest place within a distance, or -1. */
  nearest([x, y], within) {
    let best = -1;
    let least = within;
    this.places.forEach(([px, py], k) => {
      const distance = hypot(px - x, py - y);
      if (distance < least) [least, best] = [distance, k];
    });
    return best;
  }

  law() {
    if (this.board) return chessboard(this.board.squares, this.board.halfWidth);
    return this.isMixture ? mixture(this.places, this.stds, this.weights) : mixture(this.places, 0);
  }
}
