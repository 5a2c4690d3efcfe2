// Texels from workers, and the layers of textures that they go to.

const AT_ONCE = 3; // of each kind that are fetched at a time
const STRIP = 2 ** 17; // texels that are uploaded in one call, a quarter of a MB
const IDLE = 1500; // milliseconds after which workers end, and give back what they decoded in

/** Asks workers for texels, one answer for each question. */
export class Unpacker {
  constructor(workers, answered) {
    this.workers = Array.from({ length: workers }, () => null);
    this.answered = answered;
    this.waiting = new Map();
    this.asked = 0;
  }

  ask(address, levels, side) {
    const id = this.asked++;
    const place = id % this.workers.length;
    const worker = (this.workers[place] ??= this.#begin());
    clearTimeout(this.idle);
    return new Promise((done, lost) => {
      this.waiting.set(id, { done, lost });
      worker.postMessage({ id, address: new URL(address, location.href).href, levels, side });
    });
  }

  #begin() {
    const worker = new Worker("unpack-worker.js");
    worker.onmessage = ({ data }) => {
      const { done, lost } = this.waiting.get(data.id);
      this.waiting.delete(data.id);
      if (data.failed) lost(new Error(data.failed));
      else done(data.packed);
      if (!this.waiting.size) this.idle = setTimeout(() => this.end(), IDLE);
      this.answered();
    };
    return worker;
  }

  end() {
    for (const worker of this.workers) worker?.terminate();
    this.workers.fill(null);
  }
}

/** Layers of an array texture, made when the first is filled, given to those wanted last. */
export class Layers {
  /** `placed(key, layer)` is told where a key lies, null where nowhere any more. */
  constructor(gl, { count, side, address, levels = 1, scaled = false, placed = () => {} }) {
    this.gl = gl;
    this.count = count;
    this.side = side;
    this.levels = levels;
    this.texture = null;
    this.address = address;
    this.placed = placed;
    this.forced = scaled ? side : undefined;
    this.free = Array.from({ length: count }, (_, layer) => layer);
    this.held = new Map(); // key to its layer; the order is that of last use
    this.coming = new Set(); // asked for, and not in its layer yet
    this.refused = new Set();
  }

  /** Of those that are wanted, the most urgent first, fetch what is not held. */
  want(keys, unpacker, arrived) {
    for (const key of keys.toReversed()) this.#use(key);
    for (const key of keys) {
      if (this.coming.size >= AT_ONCE) return;
      if (![this.held, this.coming, this.refused].some((known) => known.has(key))) {
        this.#fetch(key, unpacker, arrived);
      }
    }
  }

  #use(key) {
    const layer = this.held.get(key);
    if (layer === undefined) return;
    this.held.delete(key);
    this.held.set(key, layer);
  }

  async #fetch(key, unpacker, arrived) {
    this.coming.add(key);
    try {
      const address = await this.address(key);
      arrived(key, await unpacker.ask(address, this.levels, this.forced));
    } catch (error) {
      this.coming.delete(key);
      this.refused.add(key);
      report(error);
    }
  }

  /** Put what has come into a layer, a strip with each step; it is shown when it is whole. */
  *upload(key, packed) {
    this.texture ??= arrayTexture(this.gl, this.levels, this.side, this.count);
    const layer = this.#freeLayer();
    for (const [level, { width, height, texels }] of packed.entries()) {
      const rows = Math.max(1, Math.floor(STRIP / width));
      for (let top = 0; top < height; top += rows) {
        const high = Math.min(rows, height - top);
        this.#put(texels.subarray(top * width, (top + high) * width), level, top, layer, width, high);
        yield;
      }
    }
    this.coming.delete(key);
    this.held.set(key, layer);
    this.placed(key, layer);
  }

  #put(texels, level, top, layer, width, height) {
    const { gl } = this;
    gl.bindTexture(gl.TEXTURE_2D_ARRAY, this.texture);
    gl.pixelStorei(gl.UNPACK_ALIGNMENT, 2);
    gl.texSubImage3D(
      gl.TEXTURE_2D_ARRAY, level, 0, top, layer, width, height, 1,
      gl.RGB, gl.UNSIGNED_SHORT_5_6_5, texels,
    );
  }

  /** Where none is free, the one that was used least recently gives its own. */
  #freeLayer() {
    if (this.free.length) return this.free.pop();
    const [oldest, layer] = this.held.entries().next().value;
    this.held.delete(oldest);
    this.placed(oldest, null);
    return layer;
  }
}

export function arrayTexture(gl, levels, side, layers) {
  const texture = gl.createTexture();
  gl.bindTexture(gl.TEXTURE_2D_ARRAY, texture);
  gl.texStorage3D(gl.TEXTURE_2D_ARRAY, levels, gl.RGB565, side, side, layers);
  const least = levels > 1 ? gl.LINEAR_MIPMAP_LINEAR : gl.LINEAR;
  gl.texParameteri(gl.TEXTURE_2D_ARRAY, gl.TEXTURE_MIN_FILTER, least);
  gl.texParameteri(gl.TEXTURE_2D_ARRAY, gl.TEXTURE_MAG_FILTER, gl.LINEAR);
  for (const wrap of [gl.TEXTURE_WRAP_S, gl.TEXTURE_WRAP_T]) {
    gl.texParameteri(gl.TEXTURE_2D_ARRAY, wrap, gl.CLAMP_TO_EDGE);
  }
  return texture;
}

export function report(error) {
  console.warn("Pictures of the map could not be loaded:", error.message);
}
