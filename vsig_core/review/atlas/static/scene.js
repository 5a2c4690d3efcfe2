// The map by WebGL2: every picture an instance of one quad, only those near the view drawn; from
// afar all at once, as a mosaic of their colours.

import { Mosaic } from "./mosaic.js";
import { begun, checked, FRAGMENT, VERTEX } from "./shaders.js";
import { boxes, Textures } from "./textures.js";

const GROUP = 256; // slots that are drawn or left out together
const PAINT = 3; // place of the colours among the attributes
const SOON = 200; // milliseconds from the first sight to what only a nearer one needs
const PICTURES_FROM = 4; // device pixels that a cell takes
const UNIFORMS = [
  "scale", "offset", "cellPx", "first", "hovered", "dots", "sharp", "small", "large", "arrived",
  "sheets", "pages", "singles", "ground", "ink", "faint",
];

export class Scene {
  /** Throws where the browser has no WebGL2. */
  constructor(canvas, pack, changed) {
    const gl = canvas.getContext("webgl2", {
      alpha: false, antialias: false, depth: false, stencil: false, powerPreference: "high-performance",
    });
    if (!gl || typeof OffscreenCanvas === "undefined") throw new Error("no WebGL2");
    this.gl = gl;
    this.canvas = canvas;
    this.pack = pack;
    this.boxes = boxes(pack, GROUP);
    this.mosaic = new Mosaic(gl, pack);
    this.textures = new Textures(gl, pack, changed);
    this.drawsPictures = true;
  }

  /** Begin what takes long of what draws single pictures, once the map was seen from afar. */
  #beginSoon() {
    this.soon ??= setTimeout(() => (this.program ??= begun(this.gl, VERTEX, FRAGMENT)), SOON);
  }

  /** What draws single pictures; the first sight of a large map does not wait for it. */
  #prepare() {
    const { gl, pack } = this;
    this.program ??= begun(gl, VERTEX, FRAGMENT);
    checked(gl, this.program);
    this.at = Object.fromEntries(
      UNIFORMS.map((name) => [name, gl.getUniformLocation(this.program, name)]),
    );
    this.array = gl.createVertexArray();
    gl.bindVertexArray(this.array);
    const data = [pack.cells, pack.shapes, pack.drawn, this.painted, pack.means];
    this.buffers = data.map((values, place) => {
      const buffer = gl.createBuffer();
      gl.bindBuffer(gl.ARRAY_BUFFER, buffer);
      gl.bufferData(gl.ARRAY_BUFFER, values, place === PAINT ? gl.DYNAMIC_DRAW : gl.STATIC_DRAW);
      gl.enableVertexAttribArray(place);
      gl.vertexAttribDivisor(place, 1);
      return buffer;
    });
    gl.bindVertexArray(null);
  }

  /** Colours of the pictures, four bytes each: see `paint.js`. */
  paint(bytes) {
    const { gl } = this;
    this.painted = bytes;
    this.mosaic.paint(bytes);
    if (!this.buffers) return;
    gl.bindBuffer(gl.ARRAY_BUFFER, this.buffers[PAINT]);
    gl.bufferSubData(gl.ARRAY_BUFFER, 0, bytes);
  }

  /** Draw; gives whether another frame is needed for what has come meanwhile. */
  draw(camera, { hovered, dots, colours }) {
    const { gl, canvas } = this;
    const density = canvas.width / camera.width;
    const cellPx = camera.zoom * density;
    const more = this.textures.uploadSome();
    gl.viewport(0, 0, canvas.width, canvas.height);
    gl.clearColor(...colours.ground, 1);
    gl.clear(gl.COLOR_BUFFER_BIT);
    const scale = [(2 * camera.zoom) / camera.width, (-2 * camera.zoom) / camera.height];
    const offset = [-camera.x * scale[0], -camera.y * scale[1]];
    if (!dots && cellPx < PICTURES_FROM) {
      gl.disable(gl.BLEND);
      this.mosaic.draw(scale, offset, hovered, colours);
      this.#beginSoon();
      return more;
    }
    if (!dots) this.textures.want(camera, cellPx);
    this.#drawPictures(camera, { scale, offset, cellPx, hovered, dots, colours });
    return more;
  }

  #drawPictures(camera, { scale, offset, cellPx, hovered, dots, colours }) {
    const { gl } = this;
    if (!this.array) this.#prepare();
    const { at } = this;
    gl.enable(gl.BLEND);
    gl.blendFunc(gl.SRC_ALPHA, gl.ONE_MINUS_SRC_ALPHA);
    gl.useProgram(this.program);
    gl.bindVertexArray(this.array);
    this.textures.bind();
    gl.uniform2f(at.scale, ...scale);
    gl.uniform2f(at.offset, ...offset);
    gl.uniform1f(at.cellPx, cellPx);
    gl.uniform1i(at.hovered, hovered);
    gl.uniform1i(at.dots, dots ? 1 : 0);
    gl.uniform2f(at.small, this.textures.small.tile, this.textures.small.along);
    gl.uniform2f(at.large, this.textures.large.tile, this.textures.large.along);
    [at.arrived, at.sheets, at.pages, at.singles].forEach((place, unit) => gl.uniform1i(place, unit));
    for (const name of ["ground", "ink", "faint"]) gl.uniform3f(at[name], ...colours[name]);
    gl.uniform1i(at.sharp, -1);
    for (const [first, count] of this.#runs(camera)) this.#drawRun(first, count);
    for (const [slot, layer] of dots ? [] : this.textures.sharpIn(camera, cellPx)) {
      gl.uniform1i(at.sharp, layer);
      this.#drawRun(slot, 1);
    }
    gl.bindVertexArray(null);
  }

  /** Slots in or near the view, as few runs as there are gaps. */
  #runs(camera) {
    const [left, top, right, bottom] = camera.seen();
    const runs = [];
    for (let group = 0; 4 * group < this.boxes.length; group++) {
      const [l, t, r, b] = this.boxes.subarray(4 * group, 4 * group + 4);
      if (r < left || l > right || b < top || t > bottom) continue;
      const first = group * GROUP;
      const count = Math.min(GROUP, this.pack.n - first);
      const last = runs.at(-1);
      if (last && last[0] + last[1] === first) last[1] += count;
      else runs.push([first, count]);
    }
    return runs;
  }

  #drawRun(first, count) {
    const { gl, buffers } = this;
    gl.bindBuffer(gl.ARRAY_BUFFER, buffers[0]);
    gl.vertexAttribIPointer(0, 2, gl.UNSIGNED_SHORT, 4, 4 * first);
    gl.bindBuffer(gl.ARRAY_BUFFER, buffers[1]);
    gl.vertexAttribIPointer(1, 1, gl.UNSIGNED_BYTE, 1, first);
    gl.bindBuffer(gl.ARRAY_BUFFER, buffers[2]);
    gl.vertexAttribIPointer(2, 1, gl.UNSIGNED_BYTE, 1, first);
    gl.bindBuffer(gl.ARRAY_BUFFER, buffers[3]);
    gl.vertexAttribPointer(PAINT, 4, gl.UNSIGNED_BYTE, true, 4, 4 * first);
    gl.bindBuffer(gl.ARRAY_BUFFER, buffers[4]);
    gl.vertexAttribIPointer(4, 1, gl.UNSIGNED_SHORT, 2, 2 * first);
    gl.uniform1i(this.at.first, first);
    gl.drawArraysInstanced(gl.TRIANGLE_STRIP, 0, 4, count);
  }

  /** Whether pictures are still on their way. */
  get busy() {
    return this.textures.busy;
  }

  end() {
    this.textures.end();
  }
}
