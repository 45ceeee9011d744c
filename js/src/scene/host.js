/** Where an explorer lives: in a notebook (anywidget) or on a page without a kernel. */
import { watchTheme } from "./theme.js";
import { element } from "./controls.js";

/**
 * The frame of an explorer: a root for the shared style sheet, which knows light from dark.
 *
 * @param {HTMLElement} el where it is put, in the place of what stands there
 * @param {string} name of the explorer, part of the root's class
 * @param {(theme: string) => void} told called now and when the page changes between light and dark
 * @param {...Node} children of the root
 * @returns {{root: HTMLElement, end: () => void}}
 */
export function frame(el, name, told, ...children) {
  const root = element("div", { className: `ck ck-${name}` }, ...children);
  el.replaceChildren(root);
  // A front end's own shortcuts must not see what is typed into the controls.
  root.addEventListener("keydown", (event) => event.stopPropagation());
  const end = watchTheme(el, (theme) => {
    root.dataset.theme = theme;
    told(theme);
  });
  return { root, end };
}

/**
 * The module that anywidget loads.
 *
 * @param {(el: HTMLElement, settings: object, kernel: object) => (() => void)} mount builds the explorer and
 *     returns what takes it down. `kernel.ask(question)` hands a question to Python, `kernel.told(f)` calls f with
 *     each answer, of which `kernel.answer` is the first; `kernel.weights` is a network's file, as a DataView
 * @returns {{render: Function}} the default export
 */
export const widget = (mount) => ({
  render({ model, el }) {
    let [asked, waiting, next, told] = [0, false, null, () => {}];
    // One question at a time: while a slider moves, Python is asked about where it has come to by then.
    const ask = (question) => {
      if (waiting) next = question;
      else {
        waiting = true;
        model.set("question", { ...question, id: ++asked });
        model.save_changes();
      }
    };
    const hear = () => {
      const question = next;
      [waiting, next] = [false, null];
      told(model.get("answer"));
      if (question) ask(question);
    };
    model.on("change:answer", hear);
    const kernel = { answer: model.get("answer"), weights: model.get("weights"), ask, told: (f) => (told = f) };
    const end = mount(el, model.get("settings") ?? {}, kernel);
    return () => {
      model.off("change:answer", hear);
      end();
    };
  },
});
