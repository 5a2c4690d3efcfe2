// The two programs of the map: a picture is a quad, drawn as itself or as a dot of its colour.

export const VERTEX = `#version 300 es
precision highp float;
precision highp int;
layout(location = 0) in uvec2 cell;
layout(location = 1) in uint shape;
layout(location = 2) in uint drawn;
layout(location = 3) in vec4 paint;
layout(location = 4) in uint mean;  // 5 bits red, 6 green, 5 blue

uniform vec2 scale;       // clip units per cell
uniform vec2 offset;      // clip position of cell 0, 0
uniform float cellPx;     // device pixels per cell
uniform int first;        // slot of the first instance
uniform int hovered;
uniform bool dots;
uniform int sharp;        // layer of the one picture that is drawn sharper; -1 for all others
uniform vec2 small;       // pixels of a tile, tiles along a sheet
uniform vec2 large;       // the same of a page
uniform highp usampler2D arrived;  // by page: layer of its larger tiles + 1, of its sheet + 1

out vec2 px;              // from the middle, device pixels
out vec2 inTile;
flat out vec2 halfPx;     // half the picture's size, device pixels
flat out vec4 colour;     // of its value; alpha 0 without one
flat out vec3 around;     // mean colour of the picture
flat out vec3 tile;       // place of the tile in its texture, and layer
flat out vec2 tileSize;   // in texture coordinates, and in pixels
flat out int source;      // 0 nothing yet, 1 a small tile, 2 a larger one, 3 a dot, 4 itself
flat out float lod;
flat out float strength;  // 0 dimmed, 0.5 as usual, 1 lit
flat out int isHovered;

void main() {
  int slot = first + gl_InstanceID;
  vec2 corner = vec2(gl_VertexID & 1, gl_VertexID >> 1);
  float ratio = exp2((float(shape) - 128.0) / 32.0);
  int state = int(paint.a * 255.0 + 0.5);
  bool valued = (state & 1) == 1;
  float roomy = smoothstep(5.0, 18.0, cellPx);  // from afar pictures close up to a mosaic
  float fill = dots ? 0.74 : mix(1.0, 0.9, roomy);
  bool asDot = dots || drawn == 0u;
  if (!dots && asDot) fill = 0.42;
  if (!dots && !asDot && !valued) fill *= mix(1.0, 0.88, roomy);
  isHovered = slot == hovered ? 1 : 0;
  if (isHovered == 1) fill *= 1.12;
  vec2 own = vec2(min(1.0, ratio), min(1.0, 1.0 / ratio));
  vec2 size = asDot ? vec2(1.0) : mix(vec2(1.0), own, roomy);
  halfPx = max(size * fill * cellPx * 0.5, vec2(asDot ? 0.7 : 0.5));
  vec2 reach = halfPx + 1.0;
  px = (corner * 2.0 - 1.0) * reach;
  inTile = px / (2.0 * halfPx) + 0.5;
  colour = vec4(paint.rgb, valued ? 1.0 : 0.0);
  around = vec3(mean >> 11, (mean >> 5) & 63u, mean & 31u) / vec3(31.0, 63.0, 31.0);
  strength = state < 80 ? 0.0 : state < 200 ? 0.5 : 1.0;

  int number = slot / int(large.y * large.y);
  uvec2 there = texelFetch(arrived, ivec2(number & 1023, number >> 10), 0).xy;
  if (asDot) {
    source = 3;
  } else if (sharp >= 0) {
    source = 4;
    tile = vec3(0.0, 0.0, float(sharp));
    tileSize = vec2(1.0, 512.0);
    lod = 0.0;
  } else {
    bool page = there.x > 0u;
    source = page ? 2 : there.y > 0u ? 1 : 0;
    vec2 kind = page ? large : small;
    int along = int(kind.y);
    int each = along * along;
    int place = slot % each;
    tile = vec3(vec2(place % along, place / along) / kind.y,
                float(page ? there.x : there.y) - 1.0);
    tileSize = vec2(1.0 / kind.y, kind.x);
    lod = max(0.0, log2(kind.x / max(1.0, 2.0 * min(halfPx.x, halfPx.y))));
    if (page) lod = 0.0;
  }
  vec2 middle = (vec2(cell) + 0.5) * scale + offset;
  vec2 clip = middle + px * vec2(1.0, -1.0) * abs(scale) / cellPx;
  gl_Position = vec4(clip, 0.0, 1.0);
}`;

export const FRAGMENT = `#version 300 es
precision highp float;
precision highp int;
precision highp sampler2DArray;
in vec2 px;
in vec2 inTile;
flat in vec2 halfPx;
flat in vec4 colour;
flat in vec3 around;
flat in vec3 tile;
flat in vec2 tileSize;
flat in int source;
flat in float lod;
flat in float strength;
flat in int isHovered;
uniform sampler2DArray sheets;
uniform sampler2DArray pages;
uniform sampler2DArray singles;
uniform vec3 ground;
uniform vec3 ink;
uniform vec3 faint;
uniform float cellPx;
out vec4 result;

vec3 picture() {
  float blur = min(lod, 4.0);
  float margin = 0.5 * exp2(ceil(blur)) / tileSize.y;
  vec2 inside = clamp(inTile, vec2(min(margin, 0.5)), vec2(1.0 - min(margin, 0.5)));
  vec3 at = vec3(tile.xy + inside * tileSize.x, tile.z);
  if (source == 4) return textureLod(singles, at, 0.0).rgb;
  return source == 2 ? textureLod(pages, at, 0.0).rgb : textureLod(sheets, at, blur).rgb;
}

void main() {
  vec3 shown;
  float cover;
  vec3 own = colour.a > 0.0 ? colour.rgb : faint;
  if (source == 3) {
    cover = clamp(halfPx.x - length(px) + 0.5, 0.0, 1.0);
    shown = own;
    if (strength < 0.25) shown = mix(ground, own, 0.22);
  } else {
    vec2 within = halfPx - abs(px);
    float edge = min(within.x, within.y);
    cover = clamp(edge + 0.5, 0.0, 1.0);
    shown = source == 0 ? around : picture();
    float near = smoothstep(7.0, 20.0, cellPx);
    if (colour.a > 0.0) {
      shown = mix(shown, own, 0.34 * (1.0 - near));
      float frame = clamp(cellPx * 0.028, 1.0, 3.0) * (strength > 0.75 ? 1.8 : 1.0);
      float framed = clamp(frame - edge + 0.5, 0.0, 1.0);
      shown = mix(shown, own, framed * near);
    } else {
      shown = mix(ground, shown, mix(0.6, 0.9, near));
    }
    if (strength < 0.25) shown = mix(ground, shown, 0.2);
    if (isHovered == 1) {
      shown = mix(shown, ink, clamp(clamp(cellPx * 0.05, 1.5, 4.0) - edge + 0.5, 0.0, 1.0));
    }
  }
  if (cover <= 0.0) discard;
  result = vec4(shown, cover);
}`;

/** A program of two shaders, which are compiled meanwhile. */
export function begun(gl, vertex, fragment) {
  const program = gl.createProgram();
  for (const [kind, source] of [[gl.VERTEX_SHADER, vertex], [gl.FRAGMENT_SHADER, fragment]]) {
    const shader = gl.createShader(kind);
    gl.shaderSource(shader, source);
    gl.compileShader(shader);
    gl.attachShader(program, shader);
  }
  gl.linkProgram(program);
  return program;
}

/** The program, once it is there. */
export function checked(gl, program) {
  if (!gl.getProgramParameter(program, gl.LINK_STATUS) && !gl.isContextLost()) {
    const logs = gl.getAttachedShaders(program).map((shader) => gl.getShaderInfoLog(shader));
    throw new Error(`The map's shaders do not compile: ${[...logs, gl.getProgramInfoLog(program)].join(" ")}`);
  }
  return program;
}
