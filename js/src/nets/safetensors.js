/** Files of weights in the format safetensors: a header in JSON, then numbers; nothing in them is executed. */

const LARGEST = 100_000; // bytes of a header

/** Raise an error that says what is wrong with the file. */
function fault(what) {
  throw new RangeError(`no network of the course: ${what}; fetch the file anew`);
}

/** The header as an object, and where the numbers begin. */
function header(bytes) {
  if (bytes.byteLength < 8) fault(`${bytes.byteLength} bytes are too few`);
  const length = Number(bytes.getBigUint64(0, true));
  if (length > Math.min(LARGEST, bytes.byteLength - 8)) fault(`a header of ${length} bytes does not fit`);
  const text = new TextDecoder().decode(new Uint8Array(bytes.buffer, bytes.byteOffset + 8, length));
  try {
    return [Object(JSON.parse(text)), 8 + length];
  } catch {
    return fault("the header is not JSON");
  }
}

/** One tensor, copied, so that its numbers lie where an array may begin. */
function tensor(bytes, begin, name, { dtype, shape, data_offsets: ends }) {
  if (dtype !== "F32") fault(`${name} has numbers of the kind ${dtype}, and F32 is read`);
  const whole = (list) => Array.isArray(list) && list.every((each) => Number.isSafeInteger(each) && each >= 0);
  if (!whole(shape) || !whole(ends) || ends.length !== 2) fault(`${name} has no shape or no place`);
  const size = 4 * shape.reduce((product, each) => product * each, 1);
  const [from, to] = ends;
  if (to - from !== size) fault(`${name} of shape (${shape.join(", ")}) has ${to - from} bytes instead of ${size}`);
  if (begin + to > bytes.byteLength) fault(`${name} ends behind the file's end`);
  const start = bytes.byteOffset + begin + from;
  return { shape, data: new Float32Array(bytes.buffer.slice(start, start + size)) };
}

/**
 * Read a file of weights that coursekit.nets.pretrained wrote.
 *
 * @param {DataView} bytes the file, numbers in single precision
 * @returns {{notes: object, tensors: Map<string, {shape: number[], data: Float32Array}>}} `notes` are texts: the
 *     network's class, "net", and its sizes, "config"
 * @throws {RangeError} the file is damaged or of another kind
 */
export function readSafetensors(bytes) {
  const [{ __metadata__: notes = {}, ...entries }, begin] = header(bytes);
  const tensors = new Map(Object.entries(entries).map(([name, each]) => [name, tensor(bytes, begin, name, Object(each))]));
  return { notes, tensors };
}
