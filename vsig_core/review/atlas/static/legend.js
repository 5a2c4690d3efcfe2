// The list of values beside the map: what each colour means, and lights that can be switched.

const MOST = 150; // entries shown at a time; the rest are found by typing

export class Legend {
  /** `switched(code)` is called when a value is switched on or off. */
  constructor(elements, switched) {
    Object.assign(this, elements);
    this.filter.addEventListener("input", () => this.#list());
    this.legend.addEventListener("click", (event) => {
      const button = event.target.closest("button");
      if (button) switched(Number(button.dataset.code));
    });
  }

  show(colouring, lit) {
    if (this.colouring !== colouring) this.filter.value = "";
    this.colouring = colouring;
    this.lit = lit;
    this.filter.placeholder = `Find in ${count(colouring.entries.length)} by name`;
    this.filter.hidden = colouring.entries.length <= 16;
    this.#list();
  }

  #list() {
    const { entries, none, unknown } = this.colouring;
    const words = this.filter.value.trim().toLocaleLowerCase();
    const found = [];
    entries.forEach((entry, code) => {
      if (entry[0].toLocaleLowerCase().includes(words)) found.push([code, entry]);
    });
    const shown = found.slice(0, MOST).map(([code, entry]) => this.#item(code, ...entry));
    if (unknown && !words) shown.push(unknownItem(none, unknown));
    const focused = this.legend.contains(document.activeElement) ? document.activeElement.dataset.code : null;
    this.legend.replaceChildren(...shown);
    if (focused !== null) this.legend.querySelector(`[data-code="${focused}"]`)?.focus();
    this.more.textContent = rest(found.length, words);
  }

  #item(code, label, pictures, colour) {
    const button = document.createElement("button");
    button.type = "button";
    button.dataset.code = code;
    button.setAttribute("aria-pressed", String(this.lit.has(code)));
    button.title = label;
    button.append(swatch(colour), part("label", label), part("count", count(pictures)));
    const item = document.createElement("li");
    item.append(button);
    return item;
  }
}

function unknownItem(none, pictures) {
  const row = document.createElement("button");
  row.type = "button";
  row.disabled = true;
  const mark = part("swatch none", "");
  row.append(mark, part("label", none), part("count", count(pictures)));
  const item = document.createElement("li");
  item.append(row);
  return item;
}

function rest(found, words) {
  if (!found && words) return "Nothing of that name.";
  return found > MOST ? `and ${count(found - MOST)} more: type to find them` : "";
}

export function part(kind, text) {
  const element = document.createElement("span");
  element.className = kind;
  element.textContent = text;
  return element;
}

export function swatch(colour) {
  const mark = part("swatch", "");
  mark.style.backgroundColor = colour;
  return mark;
}

export function count(number) {
  return number.toLocaleString("en");
}
