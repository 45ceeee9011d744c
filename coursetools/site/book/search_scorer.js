// What the search puts first. Sphinx compares stems, by which "marginal" and "marginalization" are one word; a title
// with the very words that were asked for comes before. A lecture explains what a lab or the library only uses.
const asked = (new URLSearchParams(window.location.search).get("q") || "").trim().toLowerCase();

var Scorer = {
  objNameMatch: 11,
  objPartialMatch: 6,
  objPrio: { 0: 15, 1: 5, 2: -5 },
  objPrioDefault: 0,
  title: 15,
  partialTitle: 7,
  term: 5,
  partialTerm: 2,
  score: ([page, title, , , score]) => {
    const said = asked && title.toLowerCase().includes(asked) ? 100 : 0;
    const place = page.startsWith("lectures/") ? 10 : page === "index" ? -30 : 0;
    return score + said + place;
  },
};
