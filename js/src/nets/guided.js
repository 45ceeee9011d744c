/** Classifier-free guidance: labels and a scale bound to a network, as coursekit.training.guided does. */

/** Evaluations of the network for one of the field: at w = 0 and w = 1 one branch has no weight. */
export const branches = (w) => (w === 0 || w === 1 ? 1 : 2);

/**
 * The guided field, u_t(x) = (1 - w) u_t(x | none) + w u_t(x | y).
 *
 * @param {object} net as `FilmMlp`
 * @param {number[]} labels one for each state
 * @param {number} w guidance scale
 * @returns {{velocity: (x: ArrayLike<number>, t: number, u: ArrayLike<number>) => void}} as of maths/solvers.js
 */
export function guided(net, labels, w) {
  const size = labels.length * net.pixels;
  // Both branches go through the network in one batch.
  const given = w === 0 ? [] : labels;
  const all = w === 1 ? labels : [...given, ...labels.map(() => net.none)];
  const [states, found] = [new Float32Array(all.length * net.pixels), new Float32Array(all.length * net.pixels)];
  return {
    velocity(x, t, u) {
      for (let at = 0; at < states.length; at += size) states.set(x, at);
      net.predict(states, t, all, found);
      if (all.length === labels.length) u.set(found);
      else for (let k = 0; k < size; k++) u[k] = w * found[k] + (1 - w) * found[size + k];
    },
  };
}
