// Pictures on the graphics card: a small one of every picture, larger ones of what is in view.

import { arrayTexture, Layers, report, Unpacker } from "./layers.js";
import { filled } from "./pack.js";

const LAYERS = 18; // pages of larger tiles that are kept at a time, 2 MB each
const SINGLES = 40; // pictures that are kept as themselves, half a MB each
const SINGLE_SIDE = 512; // pixels of such a one
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
    this.uploads = [];
    this.boxes = boxes(pack, this.each);
    this.#make();
    this.#fetchSheets();
  }

  #make() {
    const { gl, small, large } = this;
    const each = small.along ** 2;
    const most = gl.getParameter(gl.MAX_ARRAY_TEXTURE_LAYERS);
    this.sheetCount = Math.min(Math.ceil(this.pack.n / each), most);
    this.levels = Math.floor(Math.log2(small.tile));
    const side = small.along * small.tile;
    this.sheets = arrayTexture(gl, this.levels, side, Math.max(this.sheetCount, 1));
    gl.texParameteri(gl.TEXTURE_2D_ARRAY, gl.TEXTURE_MIN_FILTER, gl.LINEAR_MIPMAP_LINEAR);
    this.larger = new Layers(
      gl, Math.max(1, Math.min(LAYERS, this.pages)), large.along * large.tile,
      (page) => `${this.pack.base}large-${page}.jpg`, { dropped: (page) => this.#mark(page, 0) },
    );
    const image = this.pack.manifest.links.image;
    this.singles = new Layers(
      gl, image ? SINGLES : 1, image ? SINGLE_SIDE : 1,
      async (slot) => filled(image, { uid: (await this.pack.uids())[slot] }), { side: SINGLE_SIDE },
    );
    this.hasSingles = Boolean(image);
    this.there = new Uint8Array(2 * 1024 * Math.max(1, Math.ceil(this.pages / 1024)));
    this.arrived = gl.createTexture();
    gl.bindTexture(gl.TEXTURE_2D, this.arrived);
    for (const filter of [gl.TEXTURE_MIN_FILTER, gl.TEXTURE_MAG_FILTER]) {
      gl.texParameteri(gl.TEXTURE_2D, filter, gl.NEAREST);
    }
    this.stale = true;
  }

  async #fetchSheets() {
    const fetchOne = async (number) => {
      const packed = await this.unpacker.ask(`${this.pack.base}small-${number}.jpg`, this.levels);
      this.uploads.push({ into: this.sheets, layer: () => number, packed, done: () => this.#sheetIsThere(number) });
      this.changed();
    };
    const numbers = Array.from({ length: this.sheetCount }, (_, number) => number);
    const fetchNext = async () => {
      while (numbers.length) await fetchOne(numbers.shift()).catch(report);
    };
    await Promise.all([fetchNext(), fetchNext()]);
  }

  #sheetIsThere(number) {
    const pages = this.small.along ** 2 / this.each;
    for (let page = number * pages; page < Math.min((number + 1) * pages, this.pages); page++) {
      this.there[2 * page + 1] = 1;
    }
    this.stale = true;
  }

  #mark(page, layer) {
    this.there[2 * page] = layer;
    this.stale = true;
  }

  /** Fetch larger pictures of what is in view, the nearest to its middle first. */
  want(camera, pixelsPerCell) {
    if (pixelsPerCell < this.small.tile * SHARPER_FROM) return;
    this.larger.want(this.#pagesIn(camera), this.unpacker, (page, packed) => {
      const layer = () => {
        const found = this.larger.layerFor(page);
        this.#mark(page, found + 1);
        return found;
      };
      this.#arrived({ into: this.larger.texture, layer, packed });
    });
    if (!this.#showsSingles(pixelsPerCell)) return;
    this.singles.want(this.#slotsIn(camera), this.unpacker, (slot, packed) => {
      this.#arrived({ into: this.singles.texture, layer: () => this.singles.layerFor(slot), packed });
    });
  }

  #arrived(upload) {
    this.uploads.unshift(upload);
    this.changed();
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

  #pagesIn(camera) {
    const [left, top, right, bottom] = camera.seen();
    const found = [];
    for (let page = 0; page < this.pages; page++) {
      const [l, t, r, b] = this.boxes.subarray(4 * page, 4 * page + 4);
      if (r < left || l > right || b < top || t > bottom) continue;
      found.push([Math.hypot((l + r) / 2 - camera.x, (t + b) / 2 - camera.y), page]);
    }
    return nearest(found, this.larger.count);
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
    return nearest(found, this.singles.count);
  }

  /** Upload one of what has come; gives whether more is waiting. */
  uploadOne() {
    const upload = this.uploads.shift();
    if (upload) {
      const { gl } = this;
      const layer = upload.layer();
      gl.bindTexture(gl.TEXTURE_2D_ARRAY, upload.into);
      gl.pixelStorei(gl.UNPACK_ALIGNMENT, 2);
      upload.packed.forEach(({ width, height, texels }, level) => {
        gl.texSubImage3D(
          gl.TEXTURE_2D_ARRAY, level, 0, 0, layer, width, height, 1,
          gl.RGB, gl.UNSIGNED_SHORT_5_6_5, texels,
        );
      });
      upload.done?.();
    }
    return this.uploads.length > 0;
  }

  get busy() {
    return this.unpacker.waiting.size + this.uploads.length > 0;
  }

  bind() {
    const { gl } = this;
    gl.activeTexture(gl.TEXTURE0);
    gl.bindTexture(gl.TEXTURE_2D, this.arrived);
    if (this.stale) {
      gl.pixelStorei(gl.UNPACK_ALIGNMENT, 1);
      gl.texImage2D(
        gl.TEXTURE_2D, 0, gl.RG8UI, 1024, this.there.length / 2048, 0,
        gl.RG_INTEGER, gl.UNSIGNED_BYTE, this.there,
      );
      this.stale = false;
    }
    [this.sheets, this.larger.texture, this.singles.texture].forEach((texture, place) => {
      gl.activeTexture(gl.TEXTURE1 + place);
      gl.bindTexture(gl.TEXTURE_2D_ARRAY, texture);
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

function nearest(found, most) {
  found.sort(([a], [b]) => a - b);
  return found.slice(0, most).map(([, key]) => key);
}
