/** Random numbers that are the same for the same seed, in every browser. */
import { cos, log, PI, sin, sqrt } from "./functions.js";

/**
 * Make a source of uniform numbers in the open interval (0, 1): sfc32 (Doty-Humphrey 2010), 32 bits each.
 *
 * @param {number} seed a whole number; each has its own sequence
 * @returns {() => number} the next number at each call
 */
export function uniforms(seed) {
  let a = 0x9e3779b9;
  let b = 0x243f6a88;
  let c = seed | 0;
  let d = 1;
  const next = () => {
    const sum = (((a + b) | 0) + d) | 0;
    d = (d + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + sum;
    c |= 0;
    return ((sum >>> 0) + 0.5) / 4294967296;
  };
  for (let k = 0; k < 16; k++) next(); // until the seed has reached every bit
  return next;
}

/**
 * Fill an array with independent standard normal numbers (Box & Muller 1958).
 *
 * @template {Float32Array | Float64Array} T
 * @param {T} out the array
 * @param {() => number} next source of uniform numbers in (0, 1)
 * @returns {T} the same array
 */
export function fillNormals(out, next) {
  for (let i = 0; i < out.length; i += 2) {
    const radius = sqrt(-2 * log(next()));
    const angle = 2 * PI * next();
    out[i] = radius * cos(angle);
    if (i + 1 < out.length) out[i + 1] = radius * sin(angle);
  }
  return out;
}

/**
 * Draw n standard normal numbers.
 *
 * @param {number} n how many
 * @param {number} seed as of `uniforms`
 * @returns {Float64Array} (n)
 */
export const normals = (n, seed) => fillNormals(new Float64Array(n), uniforms(seed));
