/** Arrays that come from Python. */

/**
 * Numbers of an array that arrived as bytes, from a kernel or, in base64, with a page.
 *
 * @param {DataView | {base64: string} | undefined} value little-endian single precision
 * @returns {Float32Array | null} null if there is none
 */
export function floats(value) {
  if (value?.base64) {
    const bytes = Uint8Array.from(atob(value.base64), (letter) => letter.charCodeAt(0));
    return new Float32Array(bytes.buffer);
  }
  if (!value?.byteLength) return null;
  return new Float32Array(value.buffer.slice(value.byteOffset, value.byteOffset + value.byteLength));
}
