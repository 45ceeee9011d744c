/**
 * The marginal of a Gaussian path at one time: density, posterior weights and means, score, vector field.
 *
 *     p_t(x) = E_z[ N(x; alpha z, beta² I) ],   score = grad log p_t(x) = -E[eps | x] / beta
 *     u_t(x) = alpha' E[z | x] - (beta²)' / 2 · score
 */
import { ChessboardMarginal } from "./chessboard_marginal.js";
import { MixtureMarginal } from "./mixture_marginal.js";

/**
 * The marginal of a path at one time.
 *
 * @param {object} law of the data, of laws.js
 * @param {object} scheduler of schedulers.js
 * @param {number} t time in [0, 1]; below 1 for data points and the chessboard, whose marginal is then not `regular`
 * @returns {Marginal} with look(x, y), weights(x, y), fields(states, u, score) and `regular`
 */
export const marginal = (law, scheduler, t) =>
  law.kind === "chessboard" ? new ChessboardMarginal(law, scheduler, t) : new MixtureMarginal(law, scheduler, t);

/**
 * The exact field of a path, for solvers: marginals are made once for each time and kept.
 *
 * @param {object} law of the data
 * @param {object} scheduler alpha and beta
 * @returns {object} at(t) the marginal; velocity(x, t, u) and both(x, t, u, score), which fill (n, 2) blocks;
 *     isSingularAt(t)
 */
export function exactField(law, scheduler) {
  const known = new Map();
  const at = (t) => {
    let found = known.get(t);
    if (!found) {
      if (known.size > 400) known.clear();
      found = marginal(law, scheduler, t);
      known.set(t, found);
    }
    return found;
  };
  return {
    law,
    scheduler,
    at,
    velocity: (x, t, u) => at(t).fields(x, u),
    both: (x, t, u, score) => at(t).fields(x, u, score),
    isSingularAt: (t) => !at(t).regular,
  };
}
