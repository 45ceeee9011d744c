/** The network of the course's small digits: coursekit.nets.FiLMMLP, its forward pass. */
import { PI, cos, exp, log, sin } from "../maths/functions.js";
import { layerNorm, linear, silu } from "./layers.js";
import { readSafetensors } from "./safetensors.js";

const FREQUENCIES = 16; // half turns per unit time, from 1 to 16
const KEPT = 2000; // conditions of times and labels that are kept

/** sin(pi f t), then cos(pi f t), of the frequencies f. */
function embedded(t) {
  const angles = Array.from({ length: FREQUENCIES }, (_, k) => PI * exp((log(FREQUENCIES) * k) / (FREQUENCIES - 1)) * t);
  return Float32Array.from([...angles.map(sin), ...angles.map(cos)]);
}

export class FilmMlp {
  /**
   * @param {DataView} bytes a file of weights, as coursekit.nets.pretrained writes it
   * @throws {RangeError} it holds another network, or weights of another shape
   */
  constructor(bytes) {
    const { notes, tensors } = readSafetensors(bytes);
    if (notes.net !== "FiLMMLP") throw new RangeError(`the file holds the network ${notes.net}, and FiLMMLP is needed`);
    const { channels, size, classes, hidden, blocks, cond_dim: dim } = JSON.parse(notes.config);
    const get = (name, ...shape) => {
      const found = tensors.get(name);
      if (String(found?.shape) === String(shape)) return found.data;
      throw new RangeError(`the weight ${name} has shape (${found?.shape ?? "none"}) instead of (${shape})`);
    };
    const layer = (name, inputs, outputs) => {
      return { weight: get(`${name}.weight`, outputs, inputs), bias: get(`${name}.bias`, outputs), inputs, outputs };
    };
    Object.assign(this, { size, classes, hidden, dim, pixels: channels * size * size });
    this.time = layer("condition.time.1", 2 * FREQUENCIES, dim);
    this.label = get("condition.label.weight", classes + 1, dim);
    this.input = layer("proj_in", this.pixels, hidden);
    this.blocks = Array.from({ length: blocks }, (_, k) => ({
      film: layer(`blocks.${k}.film.to_scale_shift`, dim, 2 * hidden),
      first: layer(`blocks.${k}.fc1`, hidden, hidden),
      second: layer(`blocks.${k}.fc2`, hidden, hidden),
    }));
    this.output = layer("proj_out.2", hidden, this.pixels);
    this.conditions = new Map();
    this.room = 0;
  }

  /** The label that means "no label given". */
  get none() {
    return this.classes;
  }

  /** Scales and shifts of every block at a time for a label: silu(W embed(t) + b + E_y), then each block's map. */
  condition(t, label) {
    const key = `${t} ${label}`;
    let found = this.conditions.get(key);
    if (found) return found;
    if (this.conditions.size >= KEPT) this.conditions.clear();
    const c = new Float32Array(this.dim);
    linear(embedded(t), 1, this.time, c);
    for (let k = 0; k < this.dim; k++) c[k] = silu(c[k] + this.label[label * this.dim + k]);
    found = this.blocks.map(({ film }) => {
      const out = new Float32Array(2 * this.hidden);
      linear(c, 1, film, out);
      return out;
    });
    this.conditions.set(key, found);
    return found;
  }

  /** Features to compute in, (n, hidden) each: no step makes garbage. */
  scratch(n) {
    if (this.room < n) {
      this.room = n;
      this.features = new Float32Array(n * this.hidden);
      this.normed = new Float32Array(n * this.hidden);
      this.middle = new Float32Array(n * this.hidden);
    }
    return this;
  }

  /**
   * Predict for states at one time.
   *
   * @param {Float32Array} x states (n, pixels)
   * @param {number} t time in [0, 1]
   * @param {ArrayLike<number>} labels (n), from 0 to `none`
   * @param {Float32Array} out (n, pixels), overwritten: the velocity, data units per time
   */
  predict(x, t, labels, out) {
    const [n, { hidden }] = [labels.length, this];
    const { features, normed, middle } = this.scratch(n);
    const conditions = Array.from(labels, (label) => this.condition(t, label));
    linear(x, n, this.input, features);
    this.blocks.forEach(({ first, second }, block) => {
      layerNorm(features, n, hidden, normed);
      linear(normed, n, first, middle);
      for (let i = 0; i < n; i++) {
        const film = conditions[i][block];
        const begin = i * hidden;
        for (let k = 0; k < hidden; k++) {
          middle[begin + k] = silu(middle[begin + k] * (1 + film[k]) + film[hidden + k]);
        }
      }
      linear(middle, n, second, features, true);
    });
    layerNorm(features, n, hidden, normed);
    for (let k = 0; k < n * hidden; k++) normed[k] = silu(normed[k]);
    linear(normed, n, this.output, out);
  }
}
