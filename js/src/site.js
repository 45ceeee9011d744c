/**
 * The loader of a page without a kernel: every <figure data-coursekit="NAME" data-settings="{…}"> becomes live.
 *
 * The picture in it stays until the explorer has been built, and for good where that fails. A figure is upgraded when
 * it comes near the window, so a page costs nothing for what nobody sees.
 */

const here = (name) => new URL(`./${name}`, import.meta.url).href;

/** The style sheet that all explorers share, once for the page. */
const styled = new Promise((done) => {
  const link = document.createElement("link");
  Object.assign(link, { rel: "stylesheet", href: here("explorers.css"), onload: done, onerror: done });
  document.head.append(link);
});

async function upgrade(figure) {
  try {
    await styled;
    const { mount, load } = await import(here(`${figure.dataset.coursekit}.js`));
    const settings = JSON.parse(figure.dataset.settings || "{}");
    const kernel = load ? await load(settings, here("")) : null; // what else lies beside the bundles
    const stage = document.createElement("div");
    const still = figure.querySelector("img, picture, svg");
    if (still) still.replaceWith(stage);
    else figure.prepend(stage);
    try {
      mount(stage, settings, kernel);
    } catch (error) {
      if (still) stage.replaceWith(still);
      throw error;
    }
    figure.dataset.live = "";
  } catch (error) {
    console.error(`explorer ${figure.dataset.coursekit}:`, error);
  }
}

const near = new IntersectionObserver(
  (entries) => {
    for (const { isIntersecting, target } of entries) {
      if (!isIntersecting) continue;
      near.unobserve(target);
      upgrade(target);
    }
  },
  { rootMargin: "400px" },
);
for (const figure of document.querySelectorAll("figure[data-coursekit]")) near.observe(figure);
