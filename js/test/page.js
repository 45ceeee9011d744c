/** A page for tests of whole explorers without a browser: as much of the DOM as they touch, and frames by hand. */

const frames = [];
/** Everything a pen can do, and nothing of it is seen; `drawn` counts by name. */
const pen = (drawn) =>
  new Proxy({}, { get: (kept, name) => kept[name] ?? ((..._) => (drawn[name] = (drawn[name] ?? 0) + 1)), set: (kept, name, value) => ((kept[name] = value), true) });

export class Element {
  constructor(tag) {
    Object.assign(this, { tag, children: [], parentElement: null, listeners: {}, attributes: {}, style: {}, dataset: {}, drawn: {} });
    const properties = { className: "", textContent: "", id: "", type: "", min: 0, max: 100, step: 1, value: "", checked: false, disabled: false };
    Object.assign(this, properties, { hidden: false, tabIndex: -1, htmlFor: "", name: "", onclick: null, oninput: null, width: 300, height: 150 });
    this.classList = { add: (name) => (this.className += ` ${name}`) };
  }
  append(...nodes) {
    for (const each of nodes) {
      if (each instanceof Element) each.parentElement = this;
      else this.textContent += each;
      this.children.push(each);
    }
  }
  replaceChildren(...nodes) {
    this.children = [];
    this.append(...nodes);
  }
  setAttribute(name, value) {
    this.attributes[name] = String(value);
  }
  getAttribute = (name) => this.attributes[name] ?? null;
  addEventListener(type, listener) {
    (this.listeners[type] ??= []).push(listener);
  }
  fire(type, event = {}) {
    for (const each of this.listeners[type] ?? []) each({ preventDefault() {}, stopPropagation() {}, ...event });
    this[`on${type}`]?.(event);
  }
  getBoundingClientRect = () => ({ width: 600, height: 300, left: 0, top: 0 });
  getContext() {
    return (this.pen ??= pen(this.drawn));
  }
  /** All elements below that a test accepts, in order. */
  all(test) {
    return this.children.flatMap((each) => (each instanceof Element ? [...(test(each) ? [each] : []), ...each.all(test)] : []));
  }
}

class Observer {
  observe() {}
  disconnect() {}
}
Object.assign(globalThis, {
  Element,
  document: { createElement: (tag) => new Element(tag), documentElement: new Element("html"), body: new Element("body") },
  matchMedia: () => ({ matches: false, addEventListener() {}, removeEventListener() {} }),
  getComputedStyle: () => ({ backgroundColor: "rgba(0, 0, 0, 0)", colorScheme: "normal" }),
  MutationObserver: Observer,
  IntersectionObserver: Observer,
  ResizeObserver: Observer,
  requestAnimationFrame: (f) => frames.push(f),
  cancelAnimationFrame: () => (frames.length = 0),
});

let now = 0;
/** Let frames of 1/60 s pass, as many as are asked for, or until none is wanted. */
export function pass(count = 1000) {
  for (let k = 0; k < count && frames.length; k++) {
    now += 1000 / 60;
    for (const each of frames.splice(0)) each(now);
  }
}
