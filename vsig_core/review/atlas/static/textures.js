// Pictures on the graphics card, of what is in view: small ones, larger ones, and themselves.

import { arrayTexture, Layers, Unpacker } from "./layers.js";
import { filled } from "./pack.js";

const SHOWN = 30_000; // pictures that a large screen holds where small ones are drawn
const LAYERS = 18; // pages of larger tiles that are kept at a time, 2 MB each
const SINGLES = 40; // pictures that are kept as themselves, half a MB each
const SINGLE_SIDE = 512; // pixels of such a one
const UPLOADING = 1.5; // milliseconds of a frame after which no other strip is uploaded
const SHARPER_FROM = 1.15; // a tile may be stretched so much before a larger one is fetched

export class Textures {
  /** `changed` is called when there is something to upload, or something new to see. */
  constructor(gl, pack, changed) {
    this.gl = gl;
    this.pack = pack;
    this.changed = changed;
    this.unpacker = new Unpacker(2, changed);
    this.small = pack.manifest.small;
    this.large = pack.manifest.large;
    this.each = this.large.along ** 2;
    this.pages = Math.ceil(pack.n / this.each);
    this.pagesInSheet = this.small.along ** 2 / this.each;
    this.uploads = [];
    this.uploading = null;
    this.boxes = boxes(pack, this.each);
    this.sheetBoxes = boxes(pack, this.small.along ** 2);
    this.#make();
  }

  #make() {
    const { gl, small, large, pack } = this;
    const each = small.along ** 2;
    const sheets = Math.ceil(pack.n / each);
    const { image } = pack.manifest.links;
    this.sheets = new Layers(gl, {
      count: Math.min(sheets, Math.ceil(SHOWN / each) + 4),
      side: small.along * small.tile,
      levels: Math.floor(Math.log2(small.tile)),
      address: (sheet) => `${pack.base}small-${sheet}.jpg`,
      placed: (sheet, layer) => this.#markSheet(sheet, layer),
    });
    this.larger = new Layers(gl, {
      count: Math.min(LAYERS, this.pages),
      side: large.along * large.tile,
      address: (page) => `${pack.base}large-${page}.jpg`,
      placed: (page, layer) => this.#mark(2 * page, layer),
    });
    this.singles = new Layers(gl, {
      count: SINGLES,
      side: SINGLE_SIDE,
      scaled: true,
      address: async (slot) => filled(image, { uid: (await pack.uids())[slot] }),
    });
    this.hasSingles = Boolean(image);
    this.there = new Uint8Array(2 * 1024 * Math.max(1, Math.ceil(this.pages / 1024)));
    this.nothing = arrayTexture(gl, 1, 1, 1);
    this.arrived = gl.createTexture();
    gl.bindTexture(gl.TEXTURE_2D, this.arrived);
    for (const filter of [gl.TEXTURE_MIN_FILTER, gl.TEXTURE_MAG_FILTER]) {
      gl.texParameteri(gl.TEXTURE_2D, filter, gl.NEAREST);
    }
    gl.texStorage2D(gl.TEXTURE_2D, 1, gl.RG8UI, 1024, this.there.length / 2048);
    this.stale = true;
  }

  #markSheet(sheet, layer) {
    const first = sheet * this.pagesInSheet;
    for (let page = first; page < Math.min(first + this.pagesInSheet, this.pages); page++) {
      this.#mark(2 * page + 1, layer);
    }
  }

  #mark(place, layer) {
    this.there[place] = layer === null ? 0 : layer + 1;
    this.stale = true;
  }

  /** Fetch pictures of what is in view in the size that it needs, the nearest to its middle first. */
  want(camera, pixelsPerCell) {
    this.#ask(this.sheets, inView(this.sheetBoxes, camera));
    if (pixelsPerCell < this.small.tile * SHARPER_FROM) return;
    this.#ask(this.larger, inView(this.boxes, camera));
    if (this.#showsSingles(pixelsPerCell)) this.#ask(this.singles, this.#slotsIn(camera));
  }

  #ask(layers, found) {
    layers.want(nearest(found, layers.count), this.unpacker, (key, packed) => {
      // What was asked for last is what is looked at now.
      this.uploads.unshift({ layers, key, packed });
      this.changed();
    });
  }

  #showsSingles(pixelsPerCell) {
    return this.hasSingles && pixelsPerCell > this.large.tile * SHARPER_FROM;
  }

  /** Slots that are drawn as themselves, and their layers. */
  *sharpIn(camera, pixelsPerCell) {
    if (!this.#showsSingles(pixelsPerCell)) return;
    const [left, top, right, bottom] = camera.seen();
    for (const [slot, layer] of this.singles.held) {
      const x = this.pack.cells[2 * slot];
      const y = this.pack.cells[2 * slot + 1];
      if (x + 1 >= left && x <= right && y + 1 >= top && y <= bottom) yield [slot, layer];
    }
  }

  #slotsIn(camera) {
    const [left, top, right, bottom] = camera.seen().map(Math.floor);
    const found = [];
    for (let row = top; row <= bottom; row++) {
      for (let column = left; column <= right; column++) {
        const slot = this.pack.slotAt(column, row);
        if (slot < 0 || !this.pack.drawn[slot]) continue;
        found.push([Math.hypot(column + 0.5 - camera.x, row + 0.5 - camera.y), slot]);
      }
    }
    return found;
  }

  /** Upload of what has come as much as a frame has time for; gives whether more is waiting. */
  uploadSome() {
    const begun = performance.now();
    while (this.#uploads && performance.now() - begun < UPLOADING) {
      this.uploading ??= this.#nextUpload();
      if (this.uploading.next().done) this.uploading = null;
    }
    return this.#uploads;
  }

  #nextUpload() {
    const { layers, key, packed } = this.uploads.shift();
    return layers.upload(key, packed);
  }

  get #uploads() {
    return Boolean(this.uploading) || this.uploads.length > 0;
  }

  get busy() {
    return this.unpacker.waiting.size > 0 || this.#uploads;
  }

  bind() {
    const { gl } = this;
    gl.activeTexture(gl.TEXTURE0);
    gl.bindTexture(gl.TEXTURE_2D, this.arrived);
    if (this.stale) {
      gl.pixelStorei(gl.UNPACK_ALIGNMENT, 1);
      gl.texSubImage2D(
        gl.TEXTURE_2D, 0, 0, 0, 1024, this.there.length / 2048,
        gl.RG_INTEGER, gl.UNSIGNED_BYTE, this.there,
      );
      this.stale = false;
    }
    [this.sheets, this.larger, this.singles].forEach(({ texture }, place) => {
      gl.activeTexture(gl.TEXTURE1 + place);
      gl.bindTexture(gl.TEXTURE_2D_ARRAY, texture ?? this.nothing);
    });
    gl.activeTexture(gl.TEXTURE4);
  }

  end() {
    this.unpacker.end();
  }
}

/** Left, top, right and bottom of each group of slots, in cells. */
export function boxes(pack, each) {
  const count = Math.ceil(pack.n / each);
  const found = new Uint16Array(4 * count);
  for (let group = 0; group < count; group++) {
    let [left, top, right, bottom] = [65535, 65535, 0, 0];
    for (let slot = group * each; slot < Math.min((group + 1) * each, pack.n); slot++) {
      const x = pack.cells[2 * slot];
      const y = pack.cells[2 * slot + 1];
      if (x < left) left = x;
      if (x >= right) right = x + 1;
      if (y < top) top = y;
      if (y >= bottom) bottom = y + 1;
    }
    found.set([left, top, right, bottom], 4 * group);
  }
  return found;
}

/** Groups that the view touches, each behind its distance from the middle. */
function inView(boxes, camera) {
  const [left, top, right, bottom] = camera.seen();
  const found = [];
  for (let group = 0; 4 * group < boxes.length; group++) {
    const [l, t, r, b] = boxes.subarray(4 * group, 4 * group + 4);
    if (r < left || l > right || b < top || t > bottom) continue;
    found.push([Math.hypot((l + r) / 2 - camera.x, (t + b) / 2 - camera.y), group]);
  }
  return found;
}

function nearest(found, most) {
  found.sort(([a], [b]) => a - b);
  return found.slice(0, most).map(([, key]) => key);
}
