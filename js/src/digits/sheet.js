/** A canvas of small grey images, in the pixels of the device. */
import { floor, max, min } from "../maths/functions.js";
import { THEMES, colourTable } from "../scene/theme.js";
import { fitWide, widthOf } from "../scene/wide.js";

const LEVELS = 256;

export class Sheet {
  /**
   * @param {HTMLCanvasElement} canvas its width follows from the style, its height from what is drawn
   * @param {number} size pixels along the side of an image
   */
  constructor(canvas, size) {
    this.canvas = canvas;
    this.size = size;
    this.pen = canvas.getContext("2d", { alpha: false });
    this.store = document.createElement("canvas"); // the images below each other, a pixel for each of theirs
    this.setTheme("light");
  }

  setTheme(theme) {
    this.colours = THEMES[theme];
    this.table = colourTable([this.colours.back, this.colours.ink], LEVELS);
  }

  get width() {
    return widthOf(this.canvas);
  }

  /**
   * Draw images and names.
   *
   * @param {object} placed as `layout` returns it
   * @param {(tile: object) => ArrayLike<number>} image the pixels of a tile, -1 paper, 1 ink
   * @param {number} width px
   */
  draw({ height, tiles, names, framed }, image, width) {
    const ratio = fitWide(this.canvas, width, height);
    const { pen, size, colours } = this;
    pen.fillStyle = colours.grid;
    pen.fillRect(0, 0, this.canvas.width, this.canvas.height);
    this.keep(tiles.map(image));
    pen.imageSmoothingEnabled = false;
    tiles.forEach(({ x, y, side }, i) => {
      const [left, top] = [Math.round(x * ratio), Math.round(y * ratio)];
      const whole = Math.round((x + side) * ratio) - left;
      pen.drawImage(this.store, 0, i * size, size, size, left, top, whole, whole);
    });
    pen.fillStyle = colours.ink;
    pen.textAlign = "center";
    pen.textBaseline = "middle";
    pen.font = `${12 * ratio}px system-ui, sans-serif`;
    for (const { text, x, y } of names) pen.fillText(text, x * ratio, y * ratio);
    if (!framed) return;
    pen.strokeStyle = colours.lines[0];
    pen.lineWidth = 3 * ratio;
    pen.strokeRect(...[framed.x, framed.y, framed.side, framed.side].map((value) => value * ratio));
  }

  /** Colour images, all in one picture. */
  keep(images) {
    const { store, size, table } = this;
    const down = images.length * size;
    if (store.width !== size || store.height !== down) Object.assign(store, { width: size, height: down });
    const pen = store.getContext("2d");
    const picture = pen.createImageData(size, down);
    const pixels = new Uint32Array(picture.data.buffer);
    images.forEach((each, i) => {
      for (let k = 0; k < size * size; k++) {
        pixels[i * size * size + k] = table[floor((LEVELS - 1) * max(0, min(1, (each[k] + 1) / 2)))];
      }
    });
    pen.putImageData(picture, 0, 0);
  }
}
