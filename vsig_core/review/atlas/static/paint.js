// The colour of each picture: red, green, blue, and how it is shown. The last byte is odd where
// the picture has a value; 0 is dimmed, 128 as usual, 240 lit.

import { NONE } from "./pack.js";

const [DIMMED, USUAL, LIT] = [0, 128, 240];

/** Paint all pictures; `lit` are codes, `chosen` slots; where both are empty none is dimmed. */
export function painted(pack, colouring, lit, chosen) {
  const bytes = new Uint8Array(4 * pack.n);
  const palette = colouring.entries.map(([, , colour]) => rgb(colour));
  const state = states(pack.n, colouring.codes, lit, chosen);
  for (let slot = 0; slot < pack.n; slot++) {
    const code = colouring.codes[slot];
    if (code !== NONE) bytes.set(palette[code], 4 * slot);
    bytes[4 * slot + 3] = state[slot] | (code === NONE ? 0 : 1);
  }
  return bytes;
}

function states(n, codes, lit, chosen) {
  if (!lit.size && !chosen.length) return new Uint8Array(n).fill(USUAL);
  const state = new Uint8Array(n).fill(DIMMED);
  if (lit.size) {
    for (let slot = 0; slot < n; slot++) if (lit.has(codes[slot])) state[slot] = LIT;
  }
  for (const slot of chosen) state[slot] = LIT;
  return state;
}

export function rgb(colour) {
  return [1, 3, 5].map((at) => Number.parseInt(colour.slice(at, at + 2), 16));
}
