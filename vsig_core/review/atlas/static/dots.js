// The map without WebGL2: a dot of its colour for each picture.

export class Dots {
  constructor(canvas, pack) {
    this.canvas = canvas;
    this.context = canvas.getContext("2d", { alpha: false });
    this.pack = pack;
    this.bytes = new Uint8Array(4 * pack.n);
    this.drawsPictures = false;
    this.busy = false;
  }

  paint(bytes) {
    this.bytes = bytes.slice();
    this.byColour = null;
  }

  draw(camera, { hovered, colours }) {
    const { context, canvas, pack } = this;
    const density = canvas.width / camera.width;
    const ground = css(colours.ground);
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.fillStyle = ground;
    context.fillRect(0, 0, canvas.width, canvas.height);
    context.setTransform(density, 0, 0, density, 0, 0);
    this.byColour ??= this.#group(colours);
    const side = Math.max(camera.zoom * 0.74, 1.4);
    const [left, top, right, bottom] = camera.seen();
    for (const [colour, slots] of this.byColour) {
      context.fillStyle = colour;
      context.beginPath();
      for (const slot of slots) {
        const x = pack.cells[2 * slot];
        const y = pack.cells[2 * slot + 1];
        if (x < left - 1 || x > right || y < top - 1 || y > bottom) continue;
        const [px, py] = camera.toScreen(x + 0.5, y + 0.5);
        const size = slot === hovered ? side * 1.4 : side;
        if (side < 5) {
          context.rect(px - size / 2, py - size / 2, size, size);
        } else {
          context.moveTo(px + size / 2, py);
          context.arc(px, py, size / 2, 0, 2 * Math.PI);
        }
      }
      context.fill();
    }
    return false;
  }

  /** Slots by the colour that they are drawn in, the dimmed first and the lit last. */
  #group(colours) {
    const groups = [new Map(), new Map(), new Map()];
    for (let slot = 0; slot < this.pack.n; slot++) {
      const [red, green, blue, state] = this.bytes.subarray(4 * slot, 4 * slot + 4);
      const own = state & 1 ? [red / 255, green / 255, blue / 255] : colours.faint;
      const strength = state < 80 ? 0.22 : 1;
      const colour = css(own.map((part, c) => colours.ground[c] + strength * (part - colours.ground[c])));
      const group = groups[state < 80 ? 0 : state < 200 ? 1 : 2];
      if (!group.has(colour)) group.set(colour, []);
      group.get(colour).push(slot);
    }
    return groups.flatMap((group) => [...group]);
  }

  end() {}
}

function css(colour) {
  return `rgb(${colour.map((part) => Math.round(255 * part)).join(" ")})`;
}
