// The packed data: the manifest, the points, the colours, and words loaded when they are wanted.

export const NONE = 65535;

/** A failure that a person can do something about. */
export class MapError extends Error {}

async function fetched(address) {
  let answer;
  try {
    answer = await fetch(address);
  } catch {
    throw new MapError("The server does not answer. Is it still running? Reload to try again.");
  }
  if (answer.status === 404) {
    throw new MapError("The map has changed since this page was opened. Reload to see the new one.");
  }
  if (!answer.ok) {
    throw new MapError(`The server answered ${answer.status}. Reload to try again.`);
  }
  return answer;
}

/** An address of the app with its names in place; they are escaped. */
export function filled(template, names) {
  return template.replace(/\{(\w+)\}/g, (_, name) => encodeURIComponent(names[name]));
}

/** What the server has: ready, packing, empty or failed. */
export async function readManifest() {
  return (await fetched("atlas.json")).json();
}

/** All that the first picture needs, coloured by something. */
export async function readPack(manifest, colour) {
  const base = `${manifest.version}/`;
  const pack = new Pack(manifest, base);
  // Clusters are what a set of pictures is told by, whatever it is coloured by.
  const [points] = await Promise.all(
    [bytes(`${base}points.bin`), pack.colouring("cluster"), pack.colouring(colour)],
  );
  pack.place(points);
  return pack;
}

async function bytes(address) {
  return (await fetched(address)).arrayBuffer();
}

export class Pack {
  constructor(manifest, base) {
    this.manifest = manifest;
    this.base = base;
    this.n = manifest.n;
    this.columns = manifest.columns;
    this.rows = manifest.rows;
    this.colourings = manifest.colourings;
    this.about = new Map();
  }

  /** Where each picture lies, and what it is like from afar. */
  place(points) {
    const { n } = this;
    this.cells = new Uint16Array(points, 0, 2 * n);
    this.shapes = new Uint8Array(points, 4 * n, n);
    this.drawn = new Uint8Array(points, 5 * n, n);
    this.means = new Uint16Array(points, 6 * n, n);
    this.at = this.#index();
  }

  #index() {
    const at = new Int32Array(this.columns * this.rows).fill(-1);
    for (let slot = 0; slot < this.n; slot++) {
      at[this.cells[2 * slot + 1] * this.columns + this.cells[2 * slot]] = slot;
    }
    return at;
  }

  /** The picture in a cell, -1 for none. */
  slotAt(column, row) {
    if (column < 0 || row < 0 || column >= this.columns || row >= this.rows) return -1;
    return this.at[row * this.columns + column];
  }

  /** A colouring with its codes by slot; the first where there is none of that name. */
  async colouring(name) {
    const found = this.colourings.find((colouring) => colouring.name === name) ?? this.colourings[0];
    found.coming ??= bytes(`${this.base}colours-${found.name}.bin`);
    found.coming.catch(() => (found.coming = null)); // to be asked for again
    found.codes ??= new Uint16Array(await found.coming);
    return found;
  }

  /** Width to height of a picture. */
  ratio(slot) {
    return 2 ** ((this.shapes[slot] - 128) / 32);
  }

  /** Ids of all pictures, by slot. */
  uids() {
    this.uidsComing ??= fetched(`${this.base}uids.json`).then((answer) => answer.json());
    return this.uidsComing;
  }

  /** What is written of a picture; null where nothing may be told. */
  async record(slot) {
    const each = this.manifest.about;
    const number = Math.floor(slot / each);
    if (!this.about.has(number)) {
      const coming = fetched(`${this.base}about-${number}.json`).then((answer) => answer.json());
      this.about.set(number, coming);
      coming.catch(() => this.about.delete(number));
    }
    const [records, uids] = await Promise.all([this.about.get(number), this.uids()]);
    const record = records[slot % each];
    if (record === null) return null;
    const [title, author, date, place, permalink] = record;
    return { uid: uids[slot], title, author, date, place, permalink };
  }

  /** A picture, from its own file where `sharp` is asked for and there is one; null without one. */
  async picture(slot, sharp) {
    if (!this.drawn[slot]) return null;
    const { image } = this.manifest.links;
    if (sharp && image) {
      const own = await fetched(filled(image, { uid: (await this.uids())[slot] }));
      return createImageBitmap(await own.blob());
    }
    const { tile, along } = this.manifest.large;
    const each = along * along;
    const answer = await fetched(`${this.base}large-${Math.floor(slot / each)}.jpg`);
    const place = slot % each;
    const corner = [(place % along) * tile, Math.floor(place / along) * tile];
    return createImageBitmap(await answer.blob(), ...corner, tile, tile);
  }
}
