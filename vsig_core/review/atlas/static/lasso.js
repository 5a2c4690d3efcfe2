// A free line around pictures, and which of them lie inside.

const FINEST = 5; // CSS pixels between two corners
const MOST = 160; // corners that an address may hold

/** The line as it is kept: corners as shares of the map, rounded, not too many. */
export function rounded(line, camera) {
  const corners = [];
  for (const [x, y] of line) {
    const [lastX, lastY] = corners.at(-1) ?? [Infinity, Infinity];
    if (Math.hypot(x - lastX, y - lastY) * camera.zoom >= FINEST) corners.push([x, y]);
  }
  const step = Math.max(1, Math.ceil(corners.length / MOST));
  return corners
    .filter((_, place) => place % step === 0)
    .map(([x, y]) => [round(x / camera.columns), round(y / camera.rows)]);
}

function round(share) {
  return Math.round(share * 1e5) / 1e5;
}

/** Slots whose middle lies inside the line, by the even-odd rule. */
export function slotsInside(pack, lasso) {
  const corners = lasso.map(([x, y]) => [x * pack.columns, y * pack.rows]);
  const heights = corners.map(([, y]) => y);
  const top = Math.max(0, Math.floor(Math.min(...heights)));
  const bottom = Math.min(pack.rows - 1, Math.ceil(Math.max(...heights)));
  const found = [];
  for (let row = top; row <= bottom; row++) {
    const crossings = crossingsAt(corners, row + 0.5);
    for (let pair = 0; pair + 1 < crossings.length; pair += 2) {
      const from = Math.max(0, Math.ceil(crossings[pair] - 0.5));
      const to = Math.min(pack.columns - 1, Math.floor(crossings[pair + 1] - 0.5));
      for (let column = from; column <= to; column++) {
        const slot = pack.slotAt(column, row);
        if (slot >= 0) found.push(slot);
      }
    }
  }
  return found;
}

function crossingsAt(corners, y) {
  const crossings = [];
  corners.forEach(([x1, y1], place) => {
    const [x2, y2] = corners[(place + 1) % corners.length];
    if (y1 <= y !== y2 <= y) crossings.push(x1 + ((y - y1) / (y2 - y1)) * (x2 - x1));
  });
  return crossings.sort((a, b) => a - b);
}
