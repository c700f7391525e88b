// words.js: what typed words are heard as, beneath their field while one types.
//
//   <input name="skills"> … <div data-heard="/words" data-noun="skills" aria-live="polite"></div>
//
// The answer is a part of the form: boxes to leave, to tick, to untick. What was ticked stays so
// when the words change. Without this, or without an answer, the words are read later.
const WAIT = 250; // ms without a key

function enhance(out) {
  const form = out.closest("form");
  const noun = out.dataset.noun;
  let asked = "";
  let timer;
  let going;

  // With chips.js the named field is hidden, and what is being typed stands in a line after it.
  function typed() {
    const field = form.elements[noun];
    const line = field.type === "hidden" ? field.parentElement.querySelector("input:not([name])") : null;
    return [field.value, line?.value].filter(Boolean).join(", ").trim();
  }

  function later() {
    if (typed() === asked) return;
    clearTimeout(timer);
    timer = setTimeout(ask, WAIT);
  }

  async function ask() {
    asked = typed();
    going?.abort();
    going = new AbortController();
    const query = new URLSearchParams({ noun, typed: asked });
    const options = { signal: going.signal };
    const answer = asked && (await fetch(`${out.dataset.heard}?${query}`, options).catch(() => null));
    if (answer && (!answer.ok || answer.redirected)) return;
    const html = answer ? await answer.text().catch(() => null) : asked ? null : "";
    if (html !== null && !out.contains(document.activeElement)) show(html.trim());
  }

  function show(html) {
    const boxes = () => [...out.querySelectorAll("[type=checkbox]")];
    const had = new Map(boxes().map((box) => [box.value, box.checked]));
    out.innerHTML = html;
    for (const box of boxes()) box.checked = had.get(box.value) ?? box.checked;
  }

  for (const name of ["input", "keyup", "click", "change"]) form.addEventListener(name, later);
  later(); // a form that came back holds words already
}

document.querySelectorAll("[data-heard]").forEach(enhance);
