/** Colours, light and dark, and what tells which of the two the page around wants. */
import { floor, min } from "../maths/functions.js";

/** Okabe & Ito's palette in the order of coursekit.plots, told apart by colour-blind readers too. */
const LINES = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000"];
const LINES_DARK = ["#56B4E9", "#FF8C42", "#2BC79A", "#E29BC4", "#F0B93A", "#9AD4F5", "#FFFFFF"];

/**
 * What the canvas is painted with. `surface` and `gap` are ramps from nothing to much, as of coursekit.plots:
 * on a light page from white, on a dark one from the dark background.
 */
export const THEMES = {
  light: {
    back: "#FFFFFF",
    grid: "#E4E6E9",
    ink: "#1F2328",
    faint: "#6A737D",
    arrow: "#6B7280",
    halo: "#FFFFFF",
    own: "#D55E00",
    lines: LINES,
    surface: ["#FFFFFF", "#E3EDF7", "#C4DBEE", "#9CC3E2", "#74ACD5"],
    gap: ["#FFFFFF", "#FDE3D0", "#FBC4A0", "#F5A06C", "#E67A38"],
  },
  dark: {
    back: "#14181E",
    grid: "#2A313A",
    ink: "#E8EAED",
    faint: "#9AA4AF",
    arrow: "#8D97A3",
    halo: "#14181E",
    own: "#FF8C42",
    lines: LINES_DARK,
    surface: ["#14181E", "#1A2A3A", "#1F3D58", "#265377", "#2E6A97"],
    gap: ["#14181E", "#3A2416", "#5F3518", "#8A481A", "#B85D1E"],
  },
};

/** Red, green and blue of "#rrggbb". */
const channels = (colour) => [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16));

/**
 * Colours of a ramp in equal steps, for pictures made pixel by pixel.
 *
 * @param {string[]} ramp colours as #rrggbb, from nothing to much
 * @param {number} count how many colours
 * @returns {Uint32Array} (count), in the byte order of ImageData
 */
export function colourTable(ramp, count = 256) {
  const known = ramp.map(channels);
  return Uint32Array.from({ length: count }, (_, i) => {
    const place = (i / (count - 1)) * (ramp.length - 1);
    const k = min(ramp.length - 2, floor(place));
    const [r, g, b] = known[k].map((from, c) => Math.round(from + (place - k) * (known[k + 1][c] - from)));
    return ((255 << 24) | (b << 16) | (g << 8) | r) >>> 0;
  });
}

/** What the page says about itself: the site, JupyterLab, Colab, VS Code; null if nothing. */
function declared() {
  const { documentElement: html, body } = document;
  const theme = html.dataset.theme ?? html.getAttribute("theme") ?? body.dataset.vscodeThemeKind ?? "";
  if (/dark/.test(theme)) return "dark";
  if (/light/.test(theme)) return "light";
  const jupyter = body.dataset.jpThemeLight;
  return jupyter === undefined ? null : jupyter === "false" ? "dark" : "light";
}

/** The lightness of the first background that is not transparent, from a node outwards; null if there is none. */
function painted(node) {
  for (let at = node; at instanceof Element; at = at.parentElement) {
    const colour = getComputedStyle(at)
      .backgroundColor.match(/[\d.]+/g)
      ?.map(Number);
    if (colour && (colour.length < 4 || colour[3] > 0.5)) {
      return 0.3 * colour[0] + 0.59 * colour[1] + 0.11 * colour[2] < 128 ? "dark" : "light";
    }
  }
  return null;
}

/** "light" or "dark", whichever the page around a node is. */
export function themeOf(node) {
  const said = declared() ?? painted(node);
  if (said) return said;
  const both = getComputedStyle(document.documentElement).colorScheme.includes("dark");
  return both && matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
}

/**
 * Call back now and whenever the page changes between light and dark.
 *
 * @param {Element} node inside the page
 * @param {(theme: string) => void} told receives "light" or "dark"
 * @returns {() => void} ends it
 */
export function watchTheme(node, told) {
  let last = "";
  const look = () => {
    const now = themeOf(node);
    if (now !== last) told((last = now));
  };
  const watch = new MutationObserver(look);
  for (const each of [document.documentElement, document.body]) watch.observe(each, { attributes: true });
  const system = matchMedia("(prefers-color-scheme: dark)");
  system.addEventListener("change", look);
  look();
  return () => {
    watch.disconnect();
    system.removeEventListener("change", look);
  };
}
