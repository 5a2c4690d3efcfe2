// The map from afar: where a picture has a few pixels its mean colour is all that can be seen,
// so all are texels of one small texture, drawn as one quad. Nothing has to be fetched for it.

import { begun, checked } from "./shaders.js";

const TINT = 0.34; // of a value's colour over its picture; the same as in shaders.js
const DOT = 0.35; // of its cell that a point takes

const VERTEX = `#version 300 es
uniform vec2 scale;   // clip units per cell
uniform vec2 offset;  // clip position of cell 0, 0
uniform vec2 shape;   // columns and rows
out vec2 at;
void main() {
  at = vec2(gl_VertexID & 1, gl_VertexID >> 1) * shape;
  gl_Position = vec4(at * scale + offset, 0.0, 1.0);
}`;

const FRAGMENT = `#version 300 es
precision highp float;
in vec2 at;
uniform sampler2D mosaic;
uniform vec2 shape;
uniform ivec2 hovered;
uniform vec3 ink;
out vec4 result;
void main() {
  vec3 shown = texture(mosaic, at / shape).rgb;
  result = vec4(ivec2(at) == hovered ? ink : shown, 1.0);
}`;

export class Mosaic {
  constructor(gl, pack) {
    this.gl = gl;
    this.pack = pack;
    this.program = checked(gl, begun(gl, VERTEX, FRAGMENT));
    const names = ["scale", "offset", "shape", "hovered", "ink"];
    this.at = Object.fromEntries(names.map((name) => [name, gl.getUniformLocation(this.program, name)]));
    this.texture = gl.createTexture();
    gl.bindTexture(gl.TEXTURE_2D, this.texture);
    const levels = 1 + Math.floor(Math.log2(Math.max(pack.columns, pack.rows)));
    gl.texStorage2D(gl.TEXTURE_2D, levels, gl.RGBA8, pack.columns, pack.rows);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, gl.LINEAR_MIPMAP_LINEAR);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MAG_FILTER, gl.NEAREST);
    for (const wrap of [gl.TEXTURE_WRAP_S, gl.TEXTURE_WRAP_T]) {
      gl.texParameteri(gl.TEXTURE_2D, wrap, gl.CLAMP_TO_EDGE);
    }
  }

  /** Colours of the pictures, four bytes each: see `paint.js`. */
  paint(bytes) {
    this.painted = bytes;
  }

  #upload(colours) {
    const { gl, pack } = this;
    gl.bindTexture(gl.TEXTURE_2D, this.texture);
    gl.pixelStorei(gl.UNPACK_ALIGNMENT, 4);
    const texels = composed(pack, this.painted, colours);
    gl.texSubImage2D(
      gl.TEXTURE_2D, 0, 0, 0, pack.columns, pack.rows, gl.RGBA, gl.UNSIGNED_BYTE, texels,
    );
    gl.generateMipmap(gl.TEXTURE_2D);
    this.painted = null;
  }

  draw([sx, sy], [ox, oy], hovered, colours) {
    const { gl, at, pack } = this;
    gl.activeTexture(gl.TEXTURE0);
    if (this.painted) this.#upload(colours);
    gl.bindTexture(gl.TEXTURE_2D, this.texture);
    gl.useProgram(this.program);
    gl.uniform2f(at.scale, sx, sy);
    gl.uniform2f(at.offset, ox, oy);
    gl.uniform2f(at.shape, pack.columns, pack.rows);
    const cell = hovered < 0 ? [-1, -1] : pack.cells.subarray(2 * hovered, 2 * hovered + 2);
    gl.uniform2i(at.hovered, ...cell);
    gl.uniform3f(at.ink, ...colours.ink);
    gl.drawArrays(gl.TRIANGLE_STRIP, 0, 4);
  }
}

/** A texel for each cell: what shaders.js makes of a picture that is smaller than its details. */
export function composed(pack, painted, colours) {
  const [ground, faint] = [colours.ground, colours.faint].map((colour) => colour.map((part) => 255 * part));
  const texels = new Uint8Array(4 * pack.columns * pack.rows);
  for (let at = 0; at < texels.length; at += 4) {
    texels[at] = ground[0];
    texels[at + 1] = ground[1];
    texels[at + 2] = ground[2];
    texels[at + 3] = 255;
  }
  for (let slot = 0; slot < pack.n; slot++) {
    const state = painted[4 * slot + 3];
    const valued = state & 1;
    const drawn = pack.drawn[slot];
    const dimmed = state < 80 ? 0.2 : 1;
    const strength = dimmed * (drawn ? (valued ? 1 : 0.6) : DOT);
    const mean = pack.means[slot];
    const at = 4 * (pack.cells[2 * slot + 1] * pack.columns + pack.cells[2 * slot]);
    for (let part = 0; part < 3; part++) {
      const own = valued ? painted[4 * slot + part] : faint[part];
      const seen = drawn ? mixed(channel(mean, part), own, valued ? TINT : 0) : own;
      texels[at + part] = mixed(ground[part], seen, strength);
    }
  }
  return texels;
}

function channel(mean, part) {
  if (part === 0) return ((mean >> 11) * 255) / 31;
  return part === 1 ? (((mean >> 5) & 63) * 255) / 63 : ((mean & 31) * 255) / 31;
}

function mixed(one, other, share) {
  return one + (other - one) * share;
}
