// chips.js: a line of words separated by commas becomes chips.
//
//   <label for="skills">…</label>
//   <input id="skills" name="skills" data-chips data-remove="Remove {what}" value="sewing, Python">
//
// The field keeps its name and its commas, out of sight, so the server reads the same with and
// without this. data-chips="need" draws needs. Comma, semicolon or Enter makes a chip, Backspace in
// an empty line takes the last one back to change it.
function enhance(field) {
  const kind = field.dataset.chips;
  const list = document.createElement("ul");
  const line = field.cloneNode();
  let words = [];

  for (const name of ["name", "value", "data-chips", "required"]) line.removeAttribute(name);
  line.value = "";
  field.removeAttribute("id");
  field.type = "hidden";
  list.className = "chips";
  list.setAttribute("aria-live", "polite");
  field.after(list, line);

  function chip(word) {
    const item = document.createElement("li");
    const label = document.createElement("span");
    const remove = document.createElement("button");
    label.className = kind ? `chip ${kind}` : "chip";
    remove.className = "iconbtn";
    remove.type = "button";
    remove.setAttribute("aria-label", (field.dataset.remove ?? "Remove {what}").replace("{what}", word));
    remove.append("×");
    remove.addEventListener("click", () => {
      keep(words.filter((other) => other !== word));
      line.focus();
    });
    const text = document.createElement("span");
    text.append(word);
    label.append(text, " ", remove);
    item.append(label);
    return item;
  }

  function keep(next) {
    const seen = new Set();
    words = next.filter((word) => word && !seen.has(word.toLowerCase()) && seen.add(word.toLowerCase()));
    field.value = words.join(", ");
    list.hidden = words.length === 0;
    list.replaceChildren(...words.map(chip));
  }

  function take(text) {
    keep([...words, ...text.split(/[,;\n]/).map((word) => word.trim())]);
    line.value = "";
  }

  line.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    if (event.key === "Enter" && line.value.trim()) {
      event.preventDefault();
      take(line.value);
    } else if (event.key === "Backspace" && !line.value && words.length) {
      event.preventDefault();
      line.value = words.at(-1);
      keep(words.slice(0, -1));
    }
  });
  line.addEventListener("input", () => /[,;\n]/.test(line.value) && take(line.value));
  line.addEventListener("change", () => take(line.value));
  field.form?.addEventListener("submit", () => take(line.value));
  take(field.value);
}

document.querySelectorAll("input[data-chips]").forEach(enhance);
