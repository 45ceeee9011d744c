/** Controls: native inputs with labels, so that keyboard, touch and screen readers work as everywhere. */

let made = 0;

/**
 * Make an element.
 *
 * @param {string} tag its kind
 * @param {object} attributes properties (`className`, `hidden`, `onclick` …) or attributes (`aria-label` …)
 * @param {...(Node | string)} children what it holds
 * @returns {HTMLElement} the element
 */
export function element(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name in node) node[name] = value;
    else node.setAttribute(name, value);
  }
  node.append(...children);
  return node;
}

/** A canvas that has a name already while the words about it are not written. */
export const picture = () => element("canvas", { role: "img", "aria-label": "A picture in the making" });

function labelled(text, control, ...others) {
  control.id = `ck-${++made}`;
  return element(
    "div",
    { className: "ck-control" },
    element("label", { htmlFor: control.id }, text),
    control,
    ...others,
  );
}

/**
 * A slider with its value beside it.
 *
 * @param {object} options label, min, max, step, value; `format` turns the value into words with its unit;
 *     `onInput(value)` is called on every move
 * @returns {{node: HTMLElement, input: HTMLInputElement, set: (value: number, step?: number) => void}} `set`
 *     shows another value without calling back
 */
export function slider({ label, min, max, step, value, format = String, onInput }) {
  const input = element("input", { type: "range", min, max, step, value });
  const shown = element("output", { className: "ck-value" });
  const tell = () => {
    shown.textContent = format(+input.value);
    input.setAttribute("aria-valuetext", shown.textContent);
  };
  input.addEventListener("input", () => {
    tell();
    onInput(+input.value);
  });
  const set = (now) => {
    input.value = now;
    tell();
  };
  const node = labelled(label, input);
  node.append(shown);
  node.classList.add("ck-slider");
  set(value);
  return { node, input, set };
}

/**
 * A menu of which one entry is chosen.
 *
 * @param {object} options label; `entries` maps values to names; value; onInput(value)
 * @returns {{node: HTMLElement, input: HTMLSelectElement, set: (value: string) => void, fill: (entries: object) => void}}
 *     `fill` offers other entries
 */
export function menu({ label, entries, value, onInput }) {
  const input = element("select");
  const fill = (now) =>
    input.replaceChildren(...Object.entries(now).map(([key, name]) => element("option", { value: key }, name)));
  fill(entries);
  input.addEventListener("input", () => onInput(input.value));
  const set = (now) => {
    input.value = now;
  };
  set(value);
  return { node: labelled(label, input), input, set, fill };
}

/**
 * A box to tick.
 *
 * @param {object} options label, value, onInput(value)
 * @returns {{node: HTMLElement, input: HTMLInputElement, set: (value: boolean) => void}}
 */
export function tick({ label, value, onInput }) {
  const input = element("input", { type: "checkbox", checked: value });
  input.addEventListener("input", () => onInput(input.checked));
  const set = (now) => {
    input.checked = now;
  };
  return { node: element("label", { className: "ck-tick" }, input, label), input, set };
}

/**
 * Buttons of which one is pressed: native radio buttons.
 *
 * @param {object} options label of the group; `entries` maps values to names; value; onInput(value)
 * @returns {{node: HTMLElement, set: (value: string) => void}}
 */
export function radios({ label, entries, value, onInput }) {
  const name = `ck-${++made}`;
  const inputs = Object.keys(entries).map((key) =>
    element("input", { type: "radio", name, value: key, checked: key === value, oninput: () => onInput(key) }),
  );
  const labels = inputs.map((input) => element("label", {}, input, element("span", {}, entries[input.value])));
  const node = element("fieldset", { className: "ck-radios" }, element("legend", {}, label), ...labels);
  const set = (now) => {
    for (const input of inputs) input.checked = input.value === now;
  };
  return { node, set };
}

/** A button. */
export const button = (label, onPress) => element("button", { type: "button", onclick: onPress }, label);

/** A row of controls side by side. */
export const row = (...nodes) => element("div", { className: "ck-row" }, ...nodes);

/** What most readers do not need, one click away. */
export const fold = (label, ...nodes) =>
  element(
    "details",
    { className: "ck-fold" },
    element("summary", {}, label),
    element("div", { className: "ck-folded" }, ...nodes),
  );
