/** One panel of the picture: paths over time, and right of them a histogram of their states beside densities. */
import { abs, floor, max, min } from "../maths/functions.js";
import { histogram } from "../maths/statistics.js";

export const SHOWN = 25; // paths drawn; more would cover one another
const [LEFT, BELOW, ABOVE] = [34, 22, 24]; // px around the plot
const FONT = "12px system-ui, sans-serif";
const LOST = 0.22; // opacity of what lies after the time that is shown

/** Width of a bin: 1/50 of the height of the plot, halved, at most four times, until the law is two of them wide. */
export function binWidth(reach, std) {
  let width = reach / 25;
  for (let k = 0; k < 4 && width > std / 2; k++) width /= 2;
  return width;
}

export class Panel {
  constructor() {
    this.layer = document.createElement("canvas"); // paths and curves of the whole time, drawn once
    this.key = null;
  }

  /**
   * Draw.
   *
   * @param {CanvasRenderingContext2D} pen its unit is a px of the page
   * @param {number} ratio pixels of the canvas for one px
   * @param {{x: number, y: number, width: number, height: number}} place px
   * @param {object} what `run`; its state number `k`; `reach`, half the height in data units; `marks` on both axes;
   *     `end` of time and `room` for the histogram, units of time; `colour` of the paths; `curves` over time, each
   *     with points (n, 2), colour, dash; `laws` of the histogram, each with colour, dash, std, density(x) and its `top`,
   *     or the place of a `point`; `title` above the plot, `note` above the histogram, `legend` of [words, colour]
   * @param {object} colours of the theme
   * @param {string} key the layer is drawn anew only when this changes
   */
  draw(pen, ratio, place, what, colours, key) {
    const box = { x: place.x + LEFT, y: place.y + ABOVE, width: place.width - LEFT - 2, height: place.height - ABOVE - BELOW };
    const scale = box.width / (what.end + what.room);
    this.toX = (t) => box.x + t * scale;
    this.toY = (x) => box.y + (box.height * (what.reach - x)) / (2 * what.reach);
    Object.assign(this, { box, pen, what, colours });
    this.grid();
    const whole = `${key} ${min(SHOWN, what.run.done)} ${ratio} ${Object.values(box)} ${colours.back} ${what.reach}`;
    if (whole !== this.key) this.history(ratio);
    this.key = whole;
    const split = this.toX(what.run.times[what.k]) - box.x;
    this.copy(ratio, 0, split, 1);
    this.copy(ratio, split, scale * what.end, LOST);
    this.bars(scale);
    this.names();
  }

  grid() {
    const { pen, what, colours, box } = this;
    pen.strokeStyle = colours.grid;
    pen.lineWidth = 1;
    pen.font = FONT;
    pen.fillStyle = colours.faint;
    pen.beginPath();
    pen.textAlign = "right";
    for (const x of what.marks.states) {
      pen.moveTo(box.x, this.toY(x));
      pen.lineTo(box.x + box.width, this.toY(x));
      pen.fillText(String(x).replace("-", "−"), box.x - 5, this.toY(x) + 4);
    }
    pen.textAlign = "center";
    for (const t of what.marks.times) {
      pen.moveTo(this.toX(t), box.y);
      pen.lineTo(this.toX(t), box.y + box.height);
      pen.fillText(t === what.end ? `t = ${t}` : String(t), this.toX(t), box.y + box.height + 15);
    }
    pen.stroke();
  }

  /** Paths and curves of the whole time, on the layer. */
  history(ratio) {
    const { box, what, layer } = this;
    const { run, end, colour, curves } = what;
    Object.assign(layer, { width: Math.ceil((this.toX(end) - box.x) * ratio) + 1, height: Math.ceil(box.height * ratio) });
    const pen = layer.getContext("2d");
    pen.setTransform(ratio, 0, 0, ratio, -box.x * ratio, -box.y * ratio);
    pen.lineJoin = "round";
    pen.strokeStyle = colour;
    pen.globalAlpha = 0.7;
    pen.lineWidth = 1;
    const xs = Array.from(run.times, this.toX);
    for (let i = 0; i < min(SHOWN, run.done); i++) {
      pen.beginPath(); // each its own: together they would be slow to paint
      for (let k = 0; k <= run.steps; k++) pen.lineTo(xs[k], this.toY(run.states[k * run.count + i]));
      pen.stroke();
    }
    pen.globalAlpha = 1;
    for (const each of curves) {
      this.look(pen, each);
      pen.beginPath();
      for (const [t, x] of each.points) pen.lineTo(this.toX(t), this.toY(x));
      pen.stroke();
    }
  }

  look(pen, { colour, dash = [], width = 1.6 }) {
    pen.strokeStyle = colour;
    pen.lineWidth = width;
    pen.setLineDash(dash);
  }

  /** Part of the layer, between two distances from its left edge, px. */
  copy(ratio, from, to, opacity) {
    const { pen, layer, box } = this;
    const [left, right] = [Math.round(from * ratio), min(layer.width, Math.round(to * ratio) + 1)];
    if (right <= left) return;
    pen.globalAlpha = opacity;
    pen.drawImage(layer, left, 0, right - left, layer.height, box.x + left / ratio, box.y, (right - left) / ratio, layer.height / ratio);
    pen.globalAlpha = 1;
  }

  /** The histogram on its side, the densities over it, and a line where the time is. */
  bars(scale) {
    const { pen, what, colours, box } = this;
    const { reach, laws, run, k, end, colour } = what;
    const width = binWidth(reach, min(...laws.map((law) => (law.std > 0 ? law.std : Infinity))));
    const count = 2 * Math.ceil(reach / width);
    const low = (-count / 2) * width;
    const heights = histogram(run.at(k), low, width, (this.heights = new Float64Array(count)));
    const xs = Float64Array.from({ length: floor(box.height / 2) + 1 }, (_, i, n = floor(box.height / 2)) => reach * ((2 * i) / n - 1));
    const peak = laws[0].top ?? 0;
    const highest = heights.reduce((a, b) => max(a, b), 0);
    const most = (peak ? max(peak, 0.8 * highest) : highest) || 1;
    const along = (0.8 * what.room * scale) / most;
    const left = this.toX(end);
    pen.save();
    pen.beginPath();
    pen.rect(left, box.y, box.x + box.width - left, box.height);
    pen.clip();
    pen.fillStyle = colour;
    pen.globalAlpha = 0.5;
    heights.forEach((height, i) => {
      const [top, bottom] = [this.toY(low + (i + 1) * width), this.toY(low + i * width)];
      pen.fillRect(left, top, height * along, bottom - top);
    });
    pen.globalAlpha = 1;
    for (const law of laws) {
      this.look(pen, law);
      pen.beginPath();
      if (law.density) xs.forEach((x) => pen.lineTo(left + along * law.density(x), this.toY(x)));
      else {
        pen.moveTo(left, this.toY(law.point));
        pen.lineTo(left + 0.8 * what.room * scale, this.toY(law.point));
      }
      pen.stroke();
    }
    pen.restore();
    pen.setLineDash([]);
    pen.lineWidth = 1;
    pen.strokeStyle = colours.faint;
    const now = this.toX(run.times[k]);
    pen.beginPath();
    for (const x of [left, now]) {
      pen.moveTo(x, box.y);
      pen.lineTo(x, box.y + box.height);
    }
    pen.stroke();
    if (abs(now - left) < 1) return;
    pen.fillStyle = colours.faint;
    pen.beginPath();
    pen.arc(now, box.y + box.height, 3, 0, 7);
    pen.fill();
  }

  names() {
    const { pen, what, colours, box } = this;
    pen.textAlign = "left";
    pen.font = `600 13px system-ui, sans-serif`;
    pen.fillStyle = colours.ink;
    pen.fillText(what.title, box.x, box.y - 8);
    pen.font = FONT;
    pen.textAlign = "right";
    pen.fillStyle = colours.faint;
    pen.fillText(what.note, box.x + box.width, box.y - 8);
    pen.textAlign = "left";
    pen.lineWidth = 3;
    pen.lineJoin = "round";
    pen.strokeStyle = colours.halo;
    (what.legend ?? []).forEach(([words, colour], i, all) => {
      const y = box.y + box.height - 8 - 16 * (all.length - 1 - i);
      pen.strokeText(words, box.x + 6, y);
      pen.fillStyle = colour;
      pen.fillText(words, box.x + 6, y);
    });
  }
}
