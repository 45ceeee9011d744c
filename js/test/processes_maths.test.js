/** Processes and samplers of the line, against coursekit's answers on the same normal numbers. */
import assert from "node:assert/strict";
import test from "node:test";
import { chainScheduler, linearBetas } from "../src/maths/ddpm.js";
import { lineField } from "../src/maths/line_mixture.js";
import { chainLaw, ornsteinUhlenbeck } from "../src/maths/processes.js";
import { normals } from "../src/maths/random.js";
import { EulerMaruyama, timeGrid } from "../src/maths/solvers.js";
import { histogram, kolmogorov, moments, normalDensity } from "../src/maths/statistics.js";
import { KINDS, LAW, SCHEDULER, made } from "../src/processes/kinds.js";
import { close, reference } from "./reference.js";

for (const { theta, sigma, h, start, noise, paths, law, chain } of reference.diffusions) {
  test(`dX = -${theta} X dt + ${sigma} dW by steps of ${h}: paths, the exact law, the law of the chain`, () => {
    const process = ornsteinUhlenbeck(theta, sigma);
    const x = Float64Array.from(start);
    paths.forEach((wanted, n) => {
      close(x, wanted, `paths after ${n} steps`);
      if (n < noise.length) EulerMaruyama.step(process, x, n * h, h, noise[n]);
      start.forEach((x0, i) => {
        const [exact, steps] = [process.law(x0, n * h), chainLaw(process, h, x0, n)];
        close([exact.mean, exact.std], [law[n][0][i], law[n][1]], `law at ${n * h}`);
        close([steps.mean, steps.std], [chain[n][0][i], chain[n][1]], `law after ${n} steps`);
      });
    });
  });
}

test("the chain's law tends to the exact one with its steps, and without theta is exact", () => {
  const process = ornsteinUhlenbeck(1.3, 0.9);
  const gaps = [100, 200, 400].map((n) => Math.abs(chainLaw(process, 2 / n, 1.5, n).std - process.law(1.5, 2).std));
  close([gaps[0] / gaps[1], gaps[1] / gaps[2]], [2, 2], "order 1", 0.02);
  close([chainLaw(process, 1e-9, 1.5, 2e9).std], [process.law(1.5, 2).std], "in very short steps", 1e-8);
  const brownian = ornsteinUhlenbeck(0, 0.9);
  close(Object.values(chainLaw(brownian, 0.5, 1.5, 4)), Object.values(brownian.law(1.5, 2)), "Brownian motion");
  assert.equal(brownian.stationaryStd, Infinity);
  assert.equal(ornsteinUhlenbeck(0, 0).stationaryStd, 0);
});

const { law, times, places, scheduler, counts, etas, start, noise, ends } = reference.samplers;

test("the chain of 1000 betas in continuous time", () => {
  const found = chainScheduler(linearBetas());
  for (const f of ["alpha", "beta", "alphaDot", "betaSqDot", "betaDot"]) {
    const at = f === "betaDot" ? times.slice(0, -1) : times;
    close(at.map(found[f]), scheduler[f.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)], f);
  }
});

test("field, score and density of the mixture on the line", () => {
  const field = lineField(law, SCHEDULER);
  const x = Float64Array.from(places);
  times.forEach((t, i) => {
    const [u, score] = [new Float64Array(x.length), new Float64Array(x.length)];
    field.both(x, t, u, score);
    close(u, reference.samplers.velocity[i], `velocity at ${t}`);
    close(score, reference.samplers.score[i], `score at ${t}`);
    close(places.map(field.at(t).density), reference.samplers.log_prob[i].map(Math.exp), `density at ${t}`);
    const [low, high] = [field.at(t).below(0.3 - 1e-4), field.at(t).below(0.3 + 1e-4)];
    close([(high - low) / 2e-4], [field.at(t).density(0.3)], `distribution at ${t}`, 1e-6);
  });
  close([kolmogorov(x, field.at(1).below)], [reference.samplers.gap], "the distance to a sample");
});

for (const kind of Object.keys(KINDS)) {
  test(`last states of ${kind}`, () => {
    assert.deepEqual(LAW, Object.fromEntries(Object.entries(law)));
    counts.forEach((evaluations, i) =>
      etas.forEach((eta, j) => {
        const { solver, field, steps } = made(kind, evaluations, eta);
        const [x, grid] = [Float64Array.from(start), timeGrid(steps)];
        for (let k = 0; k < steps; k++) solver.step(field, x, grid[k], grid[k + 1] - grid[k], noise[k]);
        close(x, ends[kind][i][j], `${evaluations} evaluations, eta = ${eta}`);
      }),
    );
  });
}

test("moments and their errors, a density, a histogram", () => {
  const found = moments([1, 2, 4, 5]);
  close(Object.values(found), [3, Math.sqrt(10 / 3), Math.sqrt(10 / 12), Math.sqrt(10 / 24)], "moments");
  close([normalDensity(1, { mean: 3, std: 2 })], [Math.exp(-0.5) / 2 / Math.sqrt(2 * Math.PI)], "density");
  assert.deepEqual([...histogram([0.1, 0.2, 1.4, 7], 0, 0.5, new Float64Array(3))], [1, 0, 0.5]);
});

test("a sample keeps below what chance makes in about 19 of 20 cases", () => {
  const standard = lineField({ weights: [1], means: [0], stds: [1] }, SCHEDULER).at(1);
  const distances = Array.from({ length: 200 }, (_, k) => kolmogorov(normals(400, 50 + k), standard.below));
  const share = distances.filter((each) => each > 1.36 / 20).length / 200;
  assert.ok(share > 0 && share < 0.12, `${share}`);
});
