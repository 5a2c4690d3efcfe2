// Pictures on the graphics card: a small one of every picture, larger ones of what is in view.

const LAYERS = 28; // pages of larger tiles that are kept at a time, 2 MB each
const AT_ONCE = 3; // pages that are fetched at a time
const SHARPER_FROM = 1.15; // a small tile may be stretched so much before a larger one is fetched

/** Asks workers for texels, one answer for each question. */
class Unpacker {
  constructor(workers) {
    this.workers = Array.from({ length: workers }, () => new Worker("unpack-worker.js"));
    this.waiting = new Map();
    this.asked = 0;
    for (const worker of this.workers) {
      worker.onmessage = ({ data }) => {
        const { done, lost } = this.waiting.get(data.id);
        this.waiting.delete(data.id);
        if (data.failed) lost(new Error(data.failed));
        else done(data.packed);
      };
    }
  }

  ask(address, levels) {
    const id = this.asked++;
    const worker = this.workers[id % this.workers.length];
    return new Promise((done, lost) => {
      this.waiting.set(id, { done, lost });
      worker.postMessage({ id, address: new URL(address, location.href).href, levels });
    });
  }

  end() {
    for (const worker of this.workers) worker.terminate();
  }
}

export class Textures {
  /** `changed` is called when there is something to upload, or something new to see. */
  constructor(gl, pack, changed) {
    this.gl = gl;
    this.pack = pack;
    this.changed = changed;
    this.unpacker = new Unpacker(2);
    this.small = pack.manifest.small;
    this.large = pack.manifest.large;
    this.each = this.large.along ** 2;
    this.pages = Math.ceil(pack.n / this.each);
    this.uploads = [];
    this.layers = Math.max(1, Math.min(LAYERS, this.pages));
    this.held = new Map(); // page to its layer; the order is that of last use
    this.free = Array.from({ length: this.layers }, (_, layer) => layer);
    this.coming = new Set();
    this.refused = new Set();
    this.boxes = boxes(pack, this.each);
    this.#make();
    this.#fetchSheets();
  }

  #make() {
    const { gl, small, large } = this;
    const each = small.along ** 2;
    const most = gl.getParameter(gl.MAX_ARRAY_TEXTURE_LAYERS);
    this.sheetCount = Math.min(Math.ceil(this.pack.n / each), most);
    this.levels = Math.log2(small.tile);
    const side = small.along * small.tile;
    this.sheets = arrayTexture(gl, this.levels, side, Math.max(this.sheetCount, 1));
    gl.texParameteri(gl.TEXTURE_2D_ARRAY, gl.TEXTURE_MIN_FILTER, gl.LINEAR_MIPMAP_LINEAR);
    this.pageArray = arrayTexture(gl, 1, large.along * large.tile, this.layers);
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
      this.uploads.push({ texture: this.sheets, layer: number, packed, done: () => this.#sheetIsThere(number) });
      this.changed();
    };
    const numbers = Array.from({ length: this.sheetCount }, (_, number) => number);
    const fetchNext = async () => {
      while (numbers.length) await fetchOne(numbers.shift()).catch(reportOnce);
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

  /** Fetch the larger tiles of what is in view, the nearest to its middle first. */
  want(camera, pixelsPerCell) {
    if (pixelsPerCell < this.small.tile * SHARPER_FROM) return;
    const [left, top, right, bottom] = camera.seen();
    const wanted = [];
    for (let page = 0; page < this.pages; page++) {
      const [l, t, r, b] = this.boxes.subarray(4 * page, 4 * page + 4);
      if (r < left || l > right || b < top || t > bottom) continue;
      wanted.push([Math.hypot((l + r) / 2 - camera.x, (t + b) / 2 - camera.y), page]);
    }
    wanted.sort(([a], [b]) => a - b);
    const pages = wanted.slice(0, this.layers).map(([, page]) => page);
    for (const page of pages.toReversed()) this.#use(page);
    for (const page of pages) {
      if (this.coming.size >= AT_ONCE) break;
      if (!this.held.has(page) && !this.coming.has(page) && !this.refused.has(page)) this.#fetch(page);
    }
  }

  #use(page) {
    const layer = this.held.get(page);
    if (layer === undefined) return;
    this.held.delete(page);
    this.held.set(page, layer);
  }

  async #fetch(page) {
    this.coming.add(page);
    try {
      const packed = await this.unpacker.ask(`${this.pack.base}large-${page}.jpg`, 1);
      this.uploads.unshift({ texture: this.pageArray, page, packed });
    } catch (error) {
      this.refused.add(page);
      reportOnce(error);
    }
    this.coming.delete(page);
    this.changed();
  }

  #layerFor(page) {
    if (!this.free.length) {
      const [oldest, layer] = this.held.entries().next().value;
      this.held.delete(oldest);
      this.there[2 * oldest] = 0;
      this.free.push(layer);
    }
    const layer = this.free.pop();
    this.held.set(page, layer);
    this.there[2 * page] = layer + 1;
    this.stale = true;
    return layer;
  }

  /** Upload one of what has come; gives whether more is waiting. */
  uploadOne() {
    const upload = this.uploads.shift();
    if (upload) {
      const { gl } = this;
      const layer = upload.layer ?? this.#layerFor(upload.page);
      gl.bindTexture(gl.TEXTURE_2D_ARRAY, upload.texture);
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
    gl.activeTexture(gl.TEXTURE1);
    gl.bindTexture(gl.TEXTURE_2D_ARRAY, this.sheets);
    gl.activeTexture(gl.TEXTURE2);
    gl.bindTexture(gl.TEXTURE_2D_ARRAY, this.pageArray);
    gl.activeTexture(gl.TEXTURE3);
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

function arrayTexture(gl, levels, side, layers) {
  const texture = gl.createTexture();
  gl.bindTexture(gl.TEXTURE_2D_ARRAY, texture);
  gl.texStorage3D(gl.TEXTURE_2D_ARRAY, levels, gl.RGB565, side, side, layers);
  gl.texParameteri(gl.TEXTURE_2D_ARRAY, gl.TEXTURE_MIN_FILTER, gl.LINEAR);
  gl.texParameteri(gl.TEXTURE_2D_ARRAY, gl.TEXTURE_MAG_FILTER, gl.LINEAR);
  for (const wrap of [gl.TEXTURE_WRAP_S, gl.TEXTURE_WRAP_T]) {
    gl.texParameteri(gl.TEXTURE_2D_ARRAY, wrap, gl.CLAMP_TO_EDGE);
  }
  return texture;
}

function reportOnce(error) {
  console.warn("Pictures of the map could not be loaded:", error.message);
}
