/**
 * Bundle every explorer, js/src/NAME.js, into coursekit/explore/static/NAME.js.
 *
 * `node js/build.mjs` writes the bundles; `--check` fails if what is committed differs, and writes nothing.
 */
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build, transform } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const sources = join(here, "src");
const target = join(here, "..", "coursekit", "explore", "static");
const LARGEST = 40_000; // bytes of a bundle

/** A style sheet is imported as its minified text. */
const styles = {
  name: "styles",
  setup(builder) {
    builder.onLoad({ filter: /\.css$/ }, async ({ path }) => {
      const { code } = await transform(readFileSync(path, "utf8"), { loader: "css", minify: true });
      return { contents: code.trim(), loader: "text" };
    });
  },
};

async function bundle(name) {
  const made = await build({
    entryPoints: [join(sources, name)],
    bundle: true,
    format: "esm",
    minify: true,
    target: "es2022",
    charset: "utf8",
    legalComments: "none",
    plugins: [styles],
    write: false,
  });
  return made.outputFiles[0].text;
}

const check = process.argv.includes("--check");
const faults = [];
const names = readdirSync(sources).filter((name) => name.endsWith(".js"));
for (const name of names) {
  const text = await bundle(name);
  const file = join(target, name);
  const bytes = Buffer.byteLength(text);
  if (bytes > LARGEST) faults.push(`${name} has ${bytes} bytes; at most ${LARGEST} are allowed`);
  if (!check) {
    mkdirSync(target, { recursive: true });
    writeFileSync(file, text);
    console.log(`${basename(file)}: ${(bytes / 1000).toFixed(1)} kB`);
  } else if (!existsSync(file) || readFileSync(file, "utf8") !== text) {
    faults.push(`${name} differs from what is committed; run \`node js/build.mjs\` and commit`);
  }
}
const known = existsSync(target) ? readdirSync(target).filter((name) => name.endsWith(".js")) : [];
for (const name of known) if (!names.includes(name)) faults.push(`${name} has no source in js/src`);
if (faults.length) {
  console.error(faults.join("\n"));
  process.exit(1);
}
