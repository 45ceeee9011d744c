/** A canvas that is as wide as its place, and as high as what is drawn. */
import { max, min } from "../maths/functions.js";

/** Width of the canvas on the page, px. */
export const widthOf = (canvas) => max(100, canvas.getBoundingClientRect().width);

/**
 * Give the canvas a size, in the pixels of the device.
 *
 * @param {HTMLCanvasElement} canvas its width follows from the style, its height from `height`
 * @param {number} width px
 * @param {number} height px
 * @param {number} finest pixels of the canvas for one of the page, at most
 * @returns {number} pixels of the canvas for one of the page
 */
export function fitWide(canvas, width, height, finest = 2) {
  const ratio = min(finest, globalThis.devicePixelRatio || 1);
  const [across, down] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width !== across) canvas.width = across;
  if (canvas.height !== down) canvas.height = down;
  canvas.style.aspectRatio = `${width} / ${height}`;
  return ratio;
}
