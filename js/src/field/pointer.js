/** Mouse, pen, finger and keyboard on the plane: move, draw, erase, probe. */
import { hypot, max, min } from "../maths/functions.js";

const STEP = 0.1; // of an arrow key, data units
const FAR = 0.5; // with shift
const ERASER = 0.25; // its radius, data units
const APART = 0.18; // least distance of drawn points
const BESIDE = 0.3; // of a point added by keyboard from the chosen one

/**
 * Let a reader edit the data and place the probe.
 *
 * @param {object} options stage (the focusable element), plane, s (the explorer's state); `changed()` after the data
 *     changed, `looked()` after anything else, `toggle()` plays or pauses
 */
export function listen({ stage, plane, s, changed, looked, toggle }) {
  const clip = (v) => max(-plane.lim + 0.1, min(plane.lim - 0.1, v));
  const reach = () =>
    ((matchMedia("(pointer: coarse)").matches ? 24 : 14) / plane.canvas.getBoundingClientRect().width) *
    2 *
    plane.lim;
  let held = -1;
  let pressed = false;

  function paint(place) {
    if (s.tool === "erase") {
      const before = s.data.places.length;
      for (let k = before - 1; k >= 0; k--) {
        const [x, y] = s.data.places[k];
        if (hypot(x - place[0], y - place[1]) < ERASER) s.data.remove(k);
      }
      if (s.data.places.length === before) return;
      s.chosen = 0;
    } else if (s.data.nearest(place, APART) >= 0 || !s.data.add(place)) return;
    else s.chosen = s.data.places.length - 1;
    changed();
  }

  function press(event) {
    if (event.button) return;
    const place = plane.place(event).map(clip);
    pressed = true;
    if (s.tool === "probe") s.probe = place;
    else if (s.tool === "move") {
      held = s.data.nearest(place, reach());
      if (held >= 0) s.chosen = held;
      else pressed = false;
    } else if (s.editing) paint(place);
    if (pressed) plane.canvas.setPointerCapture(event.pointerId);
    looked();
  }

  function drag(event) {
    if (!pressed) return;
    const place = plane.place(event).map(clip);
    if (s.tool === "probe") {
      s.probe = place;
      looked();
    } else if (held >= 0) {
      s.data.places[held] = place;
      changed();
    } else paint(place);
  }

  function release() {
    pressed = false;
    held = -1;
  }

  function key(event) {
    const far = event.shiftKey ? FAR : STEP;
    const by = { ArrowLeft: [-far, 0], ArrowRight: [far, 0], ArrowUp: [0, far], ArrowDown: [0, -far] }[event.key];
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (by && s.tool === "probe") {
      s.probe = (s.probe ?? [0, 0]).map((v, i) => clip(v + by[i]));
      looked();
    } else if (event.key === " ") toggle();
    else if (!s.editing || s.tool === "probe" || !edit(event.key, by)) return;
    event.preventDefault();
  }

  /** One key of the keyboard's editing; false if it means nothing. */
  function edit(name, by) {
    const { data } = s;
    const n = data.places.length;
    if (by && n) data.places[s.chosen] = data.places[s.chosen].map((v, i) => clip(v + by[i]));
    else if (name === "+" || name === "Insert") {
      if (!data.add(n ? data.places[s.chosen].map((v) => clip(v + BESIDE)) : [0, 0])) return false;
      s.chosen = n;
    } else if ((name === "Delete" || name === "Backspace") && n) {
      data.remove(s.chosen);
      s.chosen = max(0, min(s.chosen, n - 2));
    } else if ((name === "," || name === ".") && n) {
      s.chosen = (s.chosen + (name === "." ? 1 : n - 1)) % n;
      looked();
      return true;
    } else return false;
    changed();
    return true;
  }

  const { canvas } = plane;
  canvas.addEventListener("pointerdown", press);
  canvas.addEventListener("pointermove", drag);
  for (const end of ["pointerup", "pointercancel"]) canvas.addEventListener(end, release);
  // A finger on a point, or with a tool that draws, works on the plane; anywhere else it scrolls the page.
  canvas.addEventListener(
    "touchstart",
    (event) => {
      const place = plane.place(event.touches[0]);
      if ((s.tool !== "move" && s.tool !== "none") || (s.editing && s.data.nearest(place, reach()) >= 0))
        event.preventDefault();
    },
    { passive: false },
  );
  stage.addEventListener("keydown", key);
  for (const [name, value] of [
    ["focus", true],
    ["blur", false],
  ]) {
    stage.addEventListener(name, () => {
      s.focused = value;
      looked();
    });
  }
}
