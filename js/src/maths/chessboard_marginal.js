/** The marginal when the data come from a chessboard. */
import { abs, exp, log, max, PI, sqrt, SQRT1_2 } from "./functions.js";
import { Marginal } from "./marginal.js";
import { cut, erfcx, truncatedNormal } from "./normal.js";

/** Given its square, a data point seen through Gaussian noise is a truncated normal along each axis. */
export class ChessboardMarginal extends Marginal {
  constructor(law, scheduler, t) {
    super(law, scheduler, t);
    this.law = law;
    this.regular = this.beta > 0;
    this.reach = (this.alpha * law.side) / (2 * this.beta);
    this.axes = [0, 1].map(() => ({ log: new Float64Array(law.squares), place: new Float64Array(law.squares) }));
    this.sums = new Float64Array(8);
  }

  /**
   * Mass and first moment of the noise that leads from the even and from the odd cells of an axis to a place.
   *
   * A square is dark if both its numbers are even or both are odd, so four sums an axis are enough.
   */
  axisSums(x, at) {
    const { law, alpha, beta, sums } = this;
    sums.fill(0, at, at + 4);
    let mass = 0;
    let density = 0;
    for (let i = 0; i <= law.squares; i++) {
      const edge = (x - alpha * (i * law.side - law.halfWidth)) / beta;
      const kernel = exp((-edge * edge) / 2);
      const beyond = (kernel * erfcx(abs(edge) * SQRT1_2)) / 2;
      const below = edge > 0 ? 1 - beyond : beyond;
      if (i > 0) {
        const parity = at + ((i - 1) % 2);
        sums[parity] += mass - below;
        sums[parity + 2] += kernel - density;
      }
      mass = below;
      density = kernel;
    }
  }

  look(x, y) {
    const { alpha, beta, sums } = this;
    this.axisSums(x, 0);
    this.axisSums(y, 4);
    const total = sums[0] * sums[4] + sums[1] * sums[5];
    if (!(total * alpha > 1e-5)) {
      this.lookFarOut(x, y);
      return;
    }
    const norm = 1 / (sqrt(2 * PI) * total);
    const epsX = (sums[2] * sums[4] + sums[3] * sums[5]) * norm;
    const epsY = (sums[0] * sums[6] + sums[1] * sums[7]) * norm;
    this.zx = (x - beta * epsX) / alpha;
    this.zy = (y - beta * epsY) / alpha;
    this.sx = -epsX / beta;
    this.sy = -epsY / beta;
    this.logp = log(total / (this.n * (alpha * this.law.side) ** 2));
  }

  logWeights(x, y) {
    const { law, alpha, beta, reach, axes, logs } = this;
    [x, y].forEach((value, a) => {
      for (let i = 0; i < law.squares; i++) {
        const middle = (value - alpha * ((i + 0.5) * law.side - law.halfWidth)) / beta;
        truncatedNormal(middle - reach, middle + reach);
        axes[a].log[i] = cut.logAverage;
        axes[a].place[i] = cut.place;
      }
    });
    let top = -Infinity;
    law.dark.forEach(([i, j], k) => {
      logs[k] = axes[0].log[i] + axes[1].log[j];
      top = max(top, logs[k]);
    });
    return top;
  }

  /** The same where the sums above would cancel: far from the board, or where alpha is close to 0. */
  lookFarOut(x, y) {
    const top = this.logWeights(x, y);
    const { law, alpha, beta, axes, logs } = this;
    let total = 0;
    let placeX = 0;
    let placeY = 0;
    let zx = 0;
    let zy = 0;
    law.dark.forEach(([i, j], k) => {
      const w = exp(logs[k] - top);
      const px = law.x[k] - (law.side / 2) * axes[0].place[i];
      const py = law.y[k] - (law.side / 2) * axes[1].place[j];
      total += w;
      zx += w * px;
      zy += w * py;
      placeX += (w * (x - alpha * px)) / beta;
      placeY += (w * (y - alpha * py)) / beta;
    });
    this.zx = zx / total;
    this.zy = zy / total;
    this.sx = -placeX / total / beta;
    this.sy = -placeY / total / beta;
    this.logp = top + log(total) - 2 * log(beta) - log(this.n);
  }

  /** Densities on a grid, as of `MixtureMarginal.densities`; linear, so far out they are 0. */
  densities(xs, ys, out) {
    const { alpha, law, sums } = this;
    const along = (at) =>
      Array.from(at, (v) => {
        this.axisSums(v, 0);
        return [sums[0], sums[1]];
      });
    const [alongX, alongY] = [along(xs), along(ys)];
    const scale = 1 / (this.n * (alpha * law.side) ** 2);
    let top = 0;
    alongY.forEach(([even, odd], j) =>
      alongX.forEach((sum, i) => {
        const value = scale * (sum[0] * even + sum[1] * odd);
        out[j * xs.length + i] = value;
        if (value > top) top = value;
      }),
    );
    return top;
  }
}
