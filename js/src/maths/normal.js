/** The normal law's tail, and the normal cut to an interval. */
import { abs, exp, expm1, log, max, min, PI, sqrt, SQRT1_2 } from "./functions.js";

const SQRT_PI = sqrt(PI);
// W. J. Cody 1969, Rational Chebyshev approximations for the error function: about 16 digits.
const A = [3.1611237438705656, 113.864154151050156, 377.485237685302021, 3209.37758913846947];
const A0 = 0.185777706184603153;
const B = [23.6012909523441209, 244.024637934444173, 1282.61652607737228, 2844.23683343917062];
const C = [
  0.564188496988670089, 8.88314979438837594, 66.1191906371416295, 298.635138197400131, 881.95222124176909,
  1712.04761263407058, 2051.07837782607147, 1230.33935479799725,
];
const C0 = 2.15311535474403846e-8;
const D = [
  15.7449261107098347, 117.693950891312499, 537.181101862009858, 1621.38957456669019, 3290.79923573345963,
  4362.61909014324716, 3439.36767414372164, 1230.33935480374942,
];
const P = [
  0.305326634961232344, 0.360344899949804439, 0.125781726111229246, 0.0160837851487422766, 6.58749161529837803e-4,
];
const P0 = 0.0163153871373020978;
const Q = [
  2.56852019228982242, 1.87295284992346047, 0.527905102951428412, 0.0605183413124413191, 0.00233520497626869185,
];

/** A ratio of polynomials in y, by Horner's rule. */
function ratio(first, above, below, y) {
  let top = first * y;
  let bottom = y;
  const last = below.length - 1;
  for (let i = 0; i < last; i++) {
    top = (top + above[i]) * y;
    bottom = (bottom + below[i]) * y;
  }
  return (top + above[last]) / (bottom + below[last]);
}

/**
 * The error function, erf(x) = 2 / sqrt(pi) ∫₀ˣ exp(-s²) ds.
 *
 * @param {number} x any number
 * @returns {number} in [-1, 1]
 */
export function erf(x) {
  if (abs(x) <= 0.46875) return x * ratio(A0, A, B, x * x);
  const tail = 1 - exp(-x * x) * erfcx(abs(x));
  return x > 0 ? tail : -tail;
}

/**
 * The scaled complementary error function, erfcx(x) = exp(x²) (1 - erf(x)).
 *
 * @param {number} x a number, at least 0 (below, it grows like 2 exp(x²))
 * @returns {number} positive
 */
export function erfcx(x) {
  const y = abs(x);
  let value;
  if (y <= 0.46875) return exp(x * x) * (1 - x * ratio(A0, A, B, x * x));
  if (y <= 4) value = ratio(C0, C, D, y);
  else {
    const s = 1 / (y * y);
    value = (1 / SQRT_PI - s * ratio(P0, P, Q, s)) / y;
  }
  return x < 0 ? 2 * exp(x * x) - value : value;
}

// Gauss-Legendre, eight nodes: half of them, the others mirror them.
const NODES = [0.18343464249564980494, 0.52553240991632898582, 0.79666647741362673959, 0.96028985649753623168];
const WEIGHTS = [0.18134189168918099148, 0.15685332293894364367, 0.11119051722668723527, 0.050614268145188129576];
const LOG_ROOT = log(2 * PI) / 2;

/** Result of `truncatedNormal`: log of the average density, and the relative place of the mean. */
export const cut = { logAverage: 0, place: 0 };

/**
 * Average the standard normal density over an interval, and place the mean of the normal cut to it.
 *
 *     log( (Φ(b) - Φ(a)) / (b - a) )   and   r = 2 (E[y | a < y < b] - m) / (b - a),  m = (a + b) / 2
 *
 * As coursekit.distributions does, in three forms, each where it does not cancel. The answer stands in `cut`,
 * since this is called millions of times.
 *
 * @param {number} a lower end
 * @param {number} b upper end, not below `a`
 */
export function truncatedNormal(a, b) {
  const width = b - a;
  const sign = a + b > 0 ? -1 : 1; // mirrored so that the middle is never positive
  const middle = (sign * (a + b)) / 2;
  if (width < 1 && width * -middle < 2) narrow(middle, width);
  else if (middle + width / 2 < 0) tail(middle, width);
  else body(middle, width);
  cut.place = max(-1, min(1, sign * cut.place));
}

function narrow(middle, width) {
  let total = 0;
  let moment = 0;
  for (let i = 0; i < 4; i++) {
    const step = (width / 2) * NODES[i];
    const both = WEIGHTS[i] * exp((-step * step) / 2);
    const right = both * exp(-step * middle);
    const left = both * exp(step * middle);
    total += right + left;
    moment += NODES[i] * (right - left);
  }
  cut.logAverage = (-middle * middle) / 2 - LOG_ROOT + log(total);
  cut.place = moment / total;
}

function body(middle, width) {
  const low = middle - width / 2;
  const high = middle + width / 2;
  const mass = (erf(high * SQRT1_2) - erf(low * SQRT1_2)) / 2;
  const mean = (exp((-low * low) / 2) - exp((-high * high) / 2)) / (sqrt(2 * PI) * mass);
  cut.logAverage = log(mass / width);
  cut.place = (2 * (mean - middle)) / width;
}

function tail(middle, width) {
  const low = middle - width / 2;
  const high = middle + width / 2;
  const drop = width * middle; // log of the ratio of the densities at the two ends
  const mass = erfcx(-high * SQRT1_2) - exp(drop) * erfcx(-low * SQRT1_2);
  const mean = (sqrt(2 / PI) * expm1(drop)) / mass;
  cut.logAverage = log(mass / width / 2) - (high * high) / 2;
  cut.place = (2 * (mean - middle)) / width;
}
