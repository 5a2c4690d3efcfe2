// A picture and the words about it: beside the pointer, or pinned with its links.

import { part, swatch } from "./legend.js";
import { filled, NONE } from "./pack.js";

const WIDTH = 264;
const HEIGHT = 230;

export class Card {
  constructor(element, pack, links) {
    this.element = element;
    this.portrait = element.querySelector("#portrait");
    this.words = element.querySelector("#words");
    this.pack = pack;
    this.links = links;
    this.slot = -1;
    this.pinned = false;
  }

  /** Show a picture; words and picture come when they are there. */
  async show(slot, { pinned, colouring, light }) {
    if (this.slot === slot && this.pinned === pinned) return;
    const known = this.slot === slot;
    this.slot = slot;
    this.pinned = pinned;
    this.element.classList.toggle("pinned", pinned);
    if (!known) {
      this.words.replaceChildren();
      this.portrait.hidden = true;
    }
    this.element.hidden = false;
    const [record] = await Promise.all([this.pack.record(slot), this.#portray(slot)]);
    if (this.slot !== slot || this.pinned !== pinned) return;
    this.words.replaceChildren(...this.#told(record, slot, colouring, pinned ? light : null));
  }

  hide() {
    this.slot = -1;
    this.pinned = false;
    this.element.hidden = true;
  }

  /** Beside a place of the stage, wholly inside it. */
  put(x, y, width, height) {
    const box = this.element.getBoundingClientRect();
    const left = x + 22 + box.width > width ? x - box.width - 22 : x + 22;
    const top = Math.min(y + 14, height - box.height - 10);
    this.element.style.left = `${Math.round(Math.max(left, 8))}px`;
    this.element.style.top = `${Math.round(Math.max(top, 8))}px`;
  }

  async #portray(slot) {
    const bitmap = await this.pack.picture(slot, this.pinned);
    if (!bitmap) return;
    if (this.slot === slot) {
      const ratio = this.pack.ratio(slot);
      const width = Math.round(Math.min(WIDTH, HEIGHT * ratio));
      const height = Math.round(width / ratio);
      const sharp = 2;
      this.portrait.width = width * sharp;
      this.portrait.height = height * sharp;
      this.portrait.style.width = `${width}px`;
      this.portrait.style.height = `${height}px`;
      const context = this.portrait.getContext("2d");
      context.imageSmoothingQuality = "high";
      context.drawImage(bitmap, 0, 0, width * sharp, height * sharp);
      this.portrait.hidden = false;
    }
    bitmap.close();
  }

  #told(record, slot, colouring, light) {
    if (record === null) return [line("p", "quiet", "This picture is not published.")];
    const told = [line("h2", "title", record.title || record.uid)];
    const made = [record.author, record.date].filter(Boolean).join(", ");
    if (made) told.push(line("p", "made", made));
    if (record.place) told.push(line("p", "quiet", record.place));
    if (record.title) told.push(line("p", "quiet", record.uid));
    const code = colouring.codes[slot];
    const value = line("p", "value", "");
    if (code === NONE) value.append(part("quiet", colouring.none));
    else value.append(swatch(colouring.entries[code][2]), part("", named(colouring, code)));
    told.push(value);
    if (light) told.push(this.#linksOf(record, slot, colouring, code, light));
    return told;
  }

  #linksOf(record, slot, colouring, code, light) {
    const row = document.createElement("div");
    row.className = "links";
    if (code !== NONE) {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = "Light all of these";
      button.addEventListener("click", () => light(code));
      row.append(button);
    }
    const clusters = this.pack.colourings[0];
    const cluster = clusters.codes[slot];
    if (this.links.picture) row.append(link("Nearest works", filled(this.links.picture, { uid: record.uid })));
    if (this.links.cluster && cluster !== NONE) {
      const name = clusters.entries[cluster][0];
      row.append(link("Cluster", filled(this.links.cluster, { cluster: name })));
    }
    if (isWeb(record.permalink)) {
      const away = link("Record ↗", record.permalink);
      away.target = "_blank";
      away.rel = "noopener noreferrer";
      row.append(away);
    }
    return row;
  }
}

export function named(colouring, code) {
  const label = colouring.entries[code][0];
  return ["cluster", "signature"].includes(colouring.name) ? `${colouring.label} ${label}` : label;
}

export function link(text, address) {
  const anchor = document.createElement("a");
  anchor.className = "button";
  anchor.textContent = text;
  anchor.href = address;
  return anchor;
}

function isWeb(address) {
  try {
    return ["http:", "https:"].includes(new URL(address).protocol);
  } catch {
    return false;
  }
}

function line(kind, name, text) {
  const element = document.createElement(kind);
  element.className = name;
  element.textContent = text;
  return element;
}
