/** JavaScript's own functions by their mathematical names: formulas read better, and bundles are smaller. */
export const { PI, SQRT1_2, abs, cos, exp, expm1, floor, hypot, log, log1p, max, min, sin, sqrt } = Math;
