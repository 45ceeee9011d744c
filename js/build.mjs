/**
 * Bundle every explorer, js/src/NAME.js, and the style sheet they share into coursekit/explore/static.
 *
 * `node js/build.mjs` writes the bundles; `--check` fails if what is committed differs, and writes nothing.
 */
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const sources = join(here, "src");
const target = join(here, "..", "coursekit", "explore", "static");
const LARGEST = 40_000; // bytes of a bundle

async function bundle(source) {
  const made = await build({
    entryPoints: [join(sources, source)],
    bundle: true,
    format: "esm",
    minify: true,
    target: "es2022",
    charset: "utf8",
    legalComments: "none",
    write: false,
  });
  return made.outputFiles[0].text;
}

const check = process.argv.includes("--check");
const faults = [];
const made = [...readdirSync(sources).filter((name) => name.endsWith(".js")), "scene/explorers.css"];
for (const source of made) {
  const name = basename(source);
  const text = await bundle(source);
  const file = join(target, name);
  const bytes = Buffer.byteLength(text);
  if (bytes > LARGEST) faults.push(`${name} has ${bytes} bytes; at most ${LARGEST} are allowed`);
  if (!check) {
    mkdirSync(target, { recursive: true });
    writeFileSync(file, text);
    console.log(`${name}: ${(bytes / 1000).toFixed(1)} kB`);
  } else if (!existsSync(file) || readFileSync(file, "utf8") !== text) {
    faults.push(`${name} differs from what is committed; run \`node js/build.mjs\` and commit`);
  }
}
const names = made.map((source) => basename(source));
for (const name of readdirSync(target)) if (!names.includes(name)) faults.push(`${name} has no source in js/src`);
if (faults.length) {
  console.error(faults.join("\n"));
  process.exit(1);
}
