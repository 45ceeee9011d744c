/** The one animation loop: it sleeps while nothing moves, and while its picture is out of sight. */
import { max, min } from "../maths/functions.js";

const SLOW = 1000 / 34; // milliseconds between two frames above which less is drawn
const FAST = 1000 / 55;

/**
 * Call a function once before each frame of the screen, as long as there is something to do.
 *
 * @param {HTMLElement} node the picture; out of sight, nothing is done
 * @param {(seconds: number) => boolean} frame computes and draws; receives the time since the last frame, 0
 *     after a pause; returns whether it wants another frame
 * @returns {{wake: () => void, end: () => void, measured: object}} `wake` asks for a frame; `measured` has the
 *     number of frames, their JavaScript in ms, times of drawing, and `share`, how much of the particles a slow
 *     machine should draw, 1 down to 1/16; below 1 everything else should be coarser, too;
 *     frames count for it unless the explorer says that they are not `steady`
 */
export function animation(node, frame) {
  const measured = { frames: 0, ms: [], times: [], share: 1, steady: true };
  let asked = 0;
  let before = 0;
  let visible = true;
  let slow = 0;

  function adapt(gap) {
    // Ten frames of the same kind in a row: one late frame is no reason.
    slow = gap > SLOW ? max(0, slow) + 1 : gap < FAST ? min(0, slow) - 1 : 0;
    if (slow >= 10) measured.share = max(1 / 16, measured.share / 2);
    else if (slow <= -240) measured.share = min(1, measured.share * 2);
    else return;
    slow = 0;
  }

  function run(now) {
    asked = 0;
    const seconds = before ? (now - before) / 1000 : 0;
    if (before && measured.steady) adapt(now - before);
    const begun = performance.now();
    const again = frame(min(0.25, seconds));
    measured.frames++;
    measured.ms.push(performance.now() - begun);
    measured.times.push(now);
    if (measured.ms.length > 1200) for (const list of [measured.ms, measured.times]) list.splice(0, 600);
    before = again ? now : 0;
    if (again) wake();
  }
  function wake() {
    if (!asked && visible) asked = requestAnimationFrame(run);
  }
  const sight = new IntersectionObserver(([entry]) => {
    visible = entry.isIntersecting;
    before = 0;
    if (visible) wake();
  });
  sight.observe(node);
  const end = () => {
    cancelAnimationFrame(asked);
    sight.disconnect();
    visible = false;
  };
  return { wake, end, measured };
}

/** Whether the reader's system asks for less motion. */
export const reducedMotion = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

/**
 * A clock that can be played: time runs from 0 to 1.
 *
 * Where less motion is wanted it advances in ten still pictures, one every 0.8 s.
 *
 * @param {object} options `seconds()` a run takes; `get()` and `set(t)` the time; `told(playing)` on start and stop
 * @returns {object} start(), stop(), toggle(), playing, and advance(seconds), which the animation calls
 */
export function clock({ seconds, get, set, told }) {
  let beat = 0;
  const self = {
    playing: false,
    start() {
      if (get() >= 1) set(0);
      self.playing = true;
      if (reducedMotion()) beat = setInterval(() => self.move(0.1), 800);
      told(true);
    },
    stop() {
      clearInterval(beat);
      beat = 0;
      self.playing = false;
      told(false);
    },
    toggle: () => (self.playing ? self.stop() : self.start()),
    move(by) {
      set(min(1, get() + by));
      if (get() >= 1 - 1e-9) self.stop();
    },
    advance(passed) {
      if (self.playing && !beat) self.move(passed / seconds());
    },
    /** Whether frames are needed for the time to go on. */
    get running() {
      return self.playing && !beat;
    },
  };
  return self;
}
