// The one picture that is pointed at, or pinned with its card.

import { clamp } from "./camera.js";
import { Card } from "./card.js";

const NEAR = 60; // CSS pixels around the middle in which Enter finds a picture

export class Pointer {
  /** `map` has: stage, pack, camera, lights, redraw(), changed(), glide(change), say(words). */
  constructor(map, card) {
    this.map = map;
    this.card = new Card(card, map.pack, map.pack.manifest.links);
    this.slot = -1;
    this.pinned = null;
  }

  slotUnder(px, py) {
    const [x, y] = this.map.camera.toMap(px, py).map(Math.floor);
    return this.map.pack.slotAt(x, y);
  }

  hover(px, py) {
    if (this.pinned) return;
    const slot = this.slotUnder(px, py);
    this.map.stage.classList.toggle("over", slot >= 0);
    if (slot !== this.slot) {
      this.slot = slot;
      this.map.redraw();
      if (slot < 0) this.card.hide();
      else this.#open(slot, false, [px, py]);
    }
    if (slot >= 0) this.#put(px, py);
  }

  leave() {
    if (this.pinned || this.slot < 0) return;
    this.slot = -1;
    this.map.stage.classList.remove("over");
    this.card.hide();
    this.map.redraw();
  }

  tap(px, py) {
    const slot = this.slotUnder(px, py);
    if (slot < 0) this.unpin();
    else this.pin(slot);
  }

  async pin(slot, { goThere = false } = {}) {
    this.slot = slot;
    this.pinned = { slot, uid: (await this.map.pack.uids())[slot] };
    if (goThere) {
      const [x, y] = this.map.pack.cells.subarray(2 * slot, 2 * slot + 2);
      this.map.glide((camera) => camera.showBox(x - 3, y - 3, x + 4, y + 4));
    }
    this.map.redraw();
    this.map.changed();
    await this.#open(slot, true, this.#middleOf(slot));
    this.follow();
  }

  unpin() {
    if (!this.pinned) return;
    this.pinned = null;
    this.leave();
    this.map.changed();
  }

  /** Keep a pinned card beside its picture. */
  follow() {
    if (!this.pinned) return;
    const { camera, stage } = this.map;
    const [x, y] = this.#middleOf(this.pinned.slot);
    const half = camera.zoom / 2;
    this.#put(clamp(x + half - 12, 0, stage.clientWidth), clamp(y - half - 14, 0, stage.clientHeight));
  }

  pinNearestToMiddle() {
    const { camera, pack } = this.map;
    const reach = Math.ceil(NEAR / camera.zoom);
    const [x, y] = [Math.floor(camera.x), Math.floor(camera.y)];
    let best = [Infinity, -1];
    for (let dy = -reach; dy <= reach; dy++) {
      for (let dx = -reach; dx <= reach; dx++) {
        const slot = pack.slotAt(x + dx, y + dy);
        if (slot >= 0 && dx * dx + dy * dy < best[0]) best = [dx * dx + dy * dy, slot];
      }
    }
    if (best[1] >= 0) this.pin(best[1]);
  }

  async #open(slot, pinned, place) {
    const { lights } = this.map;
    const light = (code) => lights.switch(code);
    const coming = this.card.show(slot, { pinned, colouring: lights.colouring, light });
    this.#put(...place);
    await coming.catch((error) => this.map.say(error.message));
    if (this.card.slot === slot && !this.pinned) this.#put(...this.place);
  }

  #middleOf(slot) {
    const { cells } = this.map.pack;
    return this.map.camera.toScreen(cells[2 * slot] + 0.5, cells[2 * slot + 1] + 0.5);
  }

  #put(px, py) {
    this.place = [px, py];
    this.card.put(px, py, this.map.stage.clientWidth, this.map.stage.clientHeight);
  }
}
