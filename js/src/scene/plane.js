/** A canvas that shows the square [-lim, lim]² of the plane, y upwards, in the pixels of the device. */
import { hypot, max, min, PI } from "../maths/functions.js";
import { THEMES, colourTable } from "./theme.js";

const TAU = 2 * PI;

export class Plane {
  /**
   * @param {HTMLCanvasElement} canvas square; its size follows from the style
   * @param {number} lim half the side of what is shown, data units
   */
  constructor(canvas, lim) {
    this.canvas = canvas;
    this.lim = lim;
    this.pen = canvas.getContext("2d", { alpha: false });
    this.tiles = new Map(); // small pictures of surfaces, by name
    this.setTheme("light");
    this.fit();
  }

  setTheme(theme) {
    this.colours = THEMES[theme];
    this.tables = { surface: colourTable(this.colours.surface), gap: colourTable(this.colours.gap) };
    for (const tile of this.tiles.values()) tile.key = null;
  }

  /**
   * Follow the size of the element.
   *
   * @param {number} finest pixels of the canvas for one of the page, at most
   * @returns {boolean} whether something has changed
   */
  fit(finest = 2) {
    const { width } = this.canvas.getBoundingClientRect();
    const ratio = min(finest, globalThis.devicePixelRatio || 1);
    const side = max(100, Math.round(width * ratio));
    const changed = this.canvas.width !== side;
    if (changed) this.canvas.width = this.canvas.height = side;
    this.ratio = side / max(1, width);
    this.side = side;
    this.scale = side / (2 * this.lim);
    return changed;
  }

  /** Place on the canvas, device pixels. */
  x = (x) => (x + this.lim) * this.scale;
  y = (y) => (this.lim - y) * this.scale;

  /** Place in the plane of a pointer's event. */
  place(event) {
    const box = this.canvas.getBoundingClientRect();
    const along = (value, from, size) => ((value - from) / size) * 2 * this.lim - this.lim;
    return [along(event.clientX, box.left, box.width), -along(event.clientY, box.top, box.height)];
  }

  clear() {
    this.pen.globalAlpha = 1;
    this.pen.fillStyle = this.colours.back;
    this.pen.fillRect(0, 0, this.side, this.side);
  }

  /** Lines at whole numbers, and the numbers at the left and lower edge. */
  grid() {
    const { pen, ratio, side } = this;
    const marks = [];
    for (let w = 2 * Math.ceil(-this.lim / 2); w <= this.lim; w += 2) marks.push(w);
    pen.strokeStyle = this.colours.grid;
    pen.lineWidth = ratio;
    pen.beginPath();
    for (const w of marks) {
      pen.moveTo(this.x(w), 0);
      pen.lineTo(this.x(w), side);
      pen.moveTo(0, this.y(w));
      pen.lineTo(side, this.y(w));
    }
    pen.stroke();
    pen.fillStyle = this.colours.faint;
    pen.font = `${11 * ratio}px system-ui, sans-serif`;
    for (const w of marks) {
      const name = String(w).replace("-", "−");
      pen.fillText(name, this.x(w) + 3 * ratio, side - 4 * ratio);
      if (this.y(w) < side - 16 * ratio) pen.fillText(name, 4 * ratio, this.y(w) - 3 * ratio);
    }
  }

  /**
   * Shade a surface by the colours of a ramp.
   *
   * @param {string} name keeps its picture apart from others
   * @param {string} key the picture is made anew only when this changes
   * @param {"surface" | "gap"} ramp its colours
   * @param {number} n cells along a side
   * @param {(fill: Float64Array) => number} values fills the (n, n) heights, rows from top to bottom, at the
   *     middles of the cells, and returns the height of the last colour
   */
  surface(name, key, ramp, n, values) {
    let tile = this.tiles.get(name);
    if (!tile || tile.canvas.width !== n) {
      const canvas = document.createElement("canvas");
      canvas.width = canvas.height = n;
      const pen = canvas.getContext("2d");
      const image = pen.createImageData(n, n);
      tile = {
        canvas,
        pen,
        image,
        pixels: new Uint32Array(image.data.buffer),
        heights: new Float64Array(n * n),
        key: null,
      };
      this.tiles.set(name, tile);
    }
    if (tile.key !== key) {
      tile.key = key;
      const last = values(tile.heights);
      const table = this.tables[ramp];
      const scale = (table.length - 1) / max(last, 1e-300);
      for (let i = 0; i < n * n; i++) tile.pixels[i] = table[min(table.length - 1, (tile.heights[i] * scale) | 0)];
      tile.pen.putImageData(tile.image, 0, 0);
    }
    this.pen.imageSmoothingEnabled = true;
    this.pen.drawImage(tile.canvas, 0, 0, this.side, this.side);
  }

  /** Middles of n cells along an axis. */
  middles = (n) => Float64Array.from({ length: n }, (_, i) => ((i + 0.5) / n) * 2 * this.lim - this.lim);

  /**
   * Arrows of a vector field, in proportion, the longest as long as a cell.
   *
   * @param {ArrayLike<number>} at places, (n, 2)
   * @param {ArrayLike<number>} u vectors, (n, 2)
   * @param {object} look colour, width in px, `longest` vector and `cell` side, both in data units
   */
  arrows(at, u, { colour, width, longest, cell }) {
    const { pen, ratio } = this;
    const size = (0.95 * cell) / max(longest, 1e-12);
    pen.strokeStyle = colour;
    pen.lineWidth = width * ratio;
    pen.beginPath();
    for (let i = 0; i < u.length; i += 2) {
      const shrink = min(1, longest / (hypot(u[i], u[i + 1]) || 1)) * size * this.scale;
      this.arrow(this.x(at[i]), this.y(at[i + 1]), u[i] * shrink, -u[i + 1] * shrink, 4.5 * ratio);
    }
    pen.stroke();
  }

  /** One arrow of an open path, device pixels. */
  arrow(x, y, dx, dy, head) {
    const { pen } = this;
    const length = hypot(dx, dy);
    if (length < 1.2 * this.ratio) return;
    const [ux, uy, h] = [dx / length, dy / length, min(head, 0.45 * length)];
    const [tx, ty] = [x + dx, y + dy];
    pen.moveTo(x, y);
    pen.lineTo(tx, ty);
    pen.moveTo(tx - h * (ux - 0.55 * uy), ty - h * (uy + 0.55 * ux));
    pen.lineTo(tx, ty);
    pen.lineTo(tx - h * (ux + 0.55 * uy), ty - h * (uy - 0.55 * ux));
  }

  /**
   * Dots of one colour.
   *
   * @param {ArrayLike<number>} states places, (n, 2)
   * @param {ArrayLike<number> | null} rows which of them; all unless given
   * @param {number} count how many of these
   * @param {string} colour of all
   * @param {number} size side in px
   */
  dots(states, rows, count, colour, size) {
    const { pen, scale, lim } = this;
    const side = max(1, Math.round(size * this.ratio));
    const shift = lim * scale - side / 2;
    pen.fillStyle = colour;
    for (let j = 0; j < count; j++) {
      const i = 2 * (rows ? rows[j] : j);
      pen.fillRect((states[i] * scale + shift) | 0, (shift - states[i + 1] * scale) | 0, side, side);
    }
  }

  /** A disc with a rim, radius in px. */
  disc(x, y, radius, fill, rim, width = 1.5) {
    const { pen, ratio } = this;
    pen.beginPath();
    pen.arc(this.x(x), this.y(y), radius * ratio, 0, TAU);
    if (fill) {
      pen.fillStyle = fill;
      pen.fill();
    }
    if (rim) {
      pen.strokeStyle = rim;
      pen.lineWidth = width * ratio;
      pen.stroke();
    }
  }

  /** Words at a place, with a halo so that they read on everything; shifted by px. */
  words(text, x, y, colour, right = 0, up = 0) {
    const { pen, ratio } = this;
    pen.font = `600 ${12 * ratio}px system-ui, sans-serif`;
    pen.lineWidth = 3 * ratio;
    pen.lineJoin = "round";
    pen.strokeStyle = this.colours.halo;
    const [px, py] = [this.x(x) + right * ratio, this.y(y) - up * ratio];
    pen.strokeText(text, px, py);
    pen.fillStyle = colour;
    pen.fillText(text, px, py);
  }
}
