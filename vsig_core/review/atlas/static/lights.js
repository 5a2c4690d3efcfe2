// Values of the legend that are lit: their pictures stand out, all others fade.

import { link, named } from "./card.js";
import { button } from "./chosen.js";
import { count, Legend } from "./legend.js";
import { filled } from "./pack.js";

export class Lights {
  /** `changed` is called when others are lit, `goTo(left, top, right, bottom)` to show cells. */
  constructor(elements, pack, changed, goTo) {
    this.box = elements.lit;
    this.pack = pack;
    this.changed = changed;
    this.goTo = goTo;
    this.codes = new Set();
    this.legend = new Legend(elements, (code) => this.switch(code));
  }

  /** Colour by something, with some of its values lit. */
  show(colouring, codes) {
    this.colouring = colouring;
    this.codes = codes;
    this.legend.show(colouring, codes);
    this.#tell();
    this.changed();
  }

  /** Light the values of these names; unknown ones are left out. */
  showNamed(colouring, labels) {
    const known = new Map(colouring.entries.map(([label], code) => [label, code]));
    this.show(colouring, new Set(labels.filter((label) => known.has(label)).map((label) => known.get(label))));
  }

  get labels() {
    return [...this.codes].map((code) => this.colouring.entries[code][0]);
  }

  switch(code) {
    const codes = new Set(this.codes);
    if (!codes.delete(code)) codes.add(code);
    this.show(this.colouring, codes);
  }

  putOut() {
    this.show(this.colouring, new Set());
  }

  #tell() {
    this.box.hidden = !this.codes.size;
    if (!this.codes.size) return;
    const codes = [...this.codes];
    const pictures = codes.reduce((sum, code) => sum + this.colouring.entries[code][1], 0);
    const words = document.createElement("p");
    const what = codes.length === 1 ? named(this.colouring, codes[0]) : `${codes.length} lit`;
    words.textContent = `${what}: ${count(pictures)} ${pictures === 1 ? "picture" : "pictures"}`;
    this.box.replaceChildren(words, button("Go there", () => this.goTo(...this.#extent())));
    const page = this.pack.manifest.links.cluster;
    if (this.colouring.name === "cluster" && codes.length === 1 && page) {
      this.box.append(link("Judge it", filled(page, { cluster: this.labels[0] })));
    }
    this.box.append(button("Put out", () => this.putOut()));
  }

  #extent() {
    const { cells, n } = this.pack;
    let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
    for (let slot = 0; slot < n; slot++) {
      if (!this.codes.has(this.colouring.codes[slot])) continue;
      left = Math.min(left, cells[2 * slot]);
      right = Math.max(right, cells[2 * slot] + 1);
      top = Math.min(top, cells[2 * slot + 1]);
      bottom = Math.max(bottom, cells[2 * slot + 1] + 1);
    }
    return [left, top, right, bottom];
  }
}
