// The pictures inside the lasso: how many, the list of them, and where to judge them.

import { link } from "./card.js";
import { count } from "./legend.js";
import { filled, NONE } from "./pack.js";

const MOST_LISTED = 200;

export class Chosen {
  constructor(element, pack, links, cleared) {
    this.element = element;
    this.pack = pack;
    this.links = links;
    this.cleared = cleared;
    this.slots = [];
  }

  async show(slots) {
    this.slots = slots;
    this.element.hidden = slots === null;
    if (slots === null) return;
    const words = document.createElement("strong");
    words.textContent = slots.length === 1 ? "1 picture chosen" : `${count(slots.length)} pictures chosen`;
    const parts = [words];
    if (slots.length) {
      parts.push(button("List", () => this.#list()), button("Download the list", () => this.#download()));
    }
    parts.push(button("Clear", this.cleared));
    this.element.replaceChildren(...parts);
    const review = await this.#review(slots);
    if (this.slots === slots) words.after(...review);
  }

  /** Pages of the app where this set can be judged. */
  async #review(slots) {
    const pages = [];
    if (slots.length === 2 && this.links.pair) {
      const [a, b] = await this.#ids(slots);
      pages.push(link("Compare the two", filled(this.links.pair, { a, b })));
    }
    const { together, most_together: most } = this.links;
    if (together && slots.length > 2 && slots.length <= most) {
      const ids = (await this.#ids(slots)).map((uid) => ["uid", uid]);
      pages.push(link("Judge these together", `${together}?${new URLSearchParams(ids)}`));
    }
    const main = this.#mainCluster(slots);
    if (main && this.links.cluster) {
      const [name, share] = main;
      const text = share === slots.length ? `Judge ${name}` : `Judge ${name} (${count(share)} of these)`;
      pages.push(link(text, filled(this.links.cluster, { cluster: name })));
    }
    return pages;
  }

  #mainCluster(slots) {
    const { codes, entries } = this.pack.colourings[0];
    const counts = new Map();
    for (const slot of slots) {
      if (codes[slot] !== NONE) counts.set(codes[slot], (counts.get(codes[slot]) ?? 0) + 1);
    }
    const [code, share] = [...counts].sort((a, b) => b[1] - a[1] || a[0] - b[0])[0] ?? [];
    return code === undefined ? null : [entries[code][0], share];
  }

  async #ids(slots) {
    const uids = await this.pack.uids();
    return slots.map((slot) => uids[slot]).filter(Boolean);
  }

  async #list() {
    const open = this.element.querySelector("ol");
    if (open) {
      open.remove();
      return;
    }
    const list = document.createElement("ol");
    this.element.append(list);
    const slots = this.slots.slice(0, MOST_LISTED);
    const records = await Promise.all(slots.map((slot) => this.pack.record(slot)));
    list.replaceChildren(...records.map((record) => this.#entry(record)));
    if (this.slots.length > slots.length) {
      const rest = document.createElement("li");
      rest.textContent = `and ${count(this.slots.length - slots.length)} more: download the list`;
      list.append(rest);
    }
  }

  #entry(record) {
    const item = document.createElement("li");
    const words = document.createElement("bdi");
    words.textContent = record
      ? [record.title || record.uid, record.author, record.date].filter(Boolean).join(", ")
      : "a picture that is not published";
    if (record && this.links.picture) {
      const anchor = document.createElement("a");
      anchor.href = filled(this.links.picture, { uid: record.uid });
      anchor.append(words);
      item.append(anchor);
    } else {
      item.append(words);
    }
    return item;
  }

  async #download() {
    const { codes, entries } = this.pack.colourings[0];
    const uids = await this.pack.uids();
    const rows = this.slots
      .filter((slot) => uids[slot])
      .map((slot) => [uids[slot], codes[slot] === NONE ? "" : entries[codes[slot]][0]]);
    const text = [["uid", "cluster"], ...rows].map((row) => row.map(quoted).join(",")).join("\r\n");
    const address = URL.createObjectURL(new Blob([`${text}\r\n`], { type: "text/csv" }));
    const anchor = document.createElement("a");
    anchor.href = address;
    anchor.download = "pictures.csv";
    anchor.click();
    setTimeout(() => URL.revokeObjectURL(address), 10_000);
  }
}

function quoted(value) {
  return /[",\r\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value;
}

export function button(text, action) {
  const made = document.createElement("button");
  made.type = "button";
  made.textContent = text;
  made.addEventListener("click", action);
  return made;
}
