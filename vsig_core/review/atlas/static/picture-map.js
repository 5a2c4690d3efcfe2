// The map as a whole: one state, drawn when it has changed, and written into the address.

import { Camera, clamp } from "./camera.js";
import { Card, link, named } from "./card.js";
import { button, Chosen } from "./chosen.js";
import { Dots } from "./dots.js";
import { listen } from "./gestures.js";
import { count, Legend } from "./legend.js";
import { rounded, slotsInside } from "./lasso.js";
import { filled } from "./pack.js";
import { painted } from "./paint.js";
import { Scene } from "./scene.js";
import { applyPlace, readView, writeView } from "./view.js";

const GLIDE = 220; // milliseconds of a movement by key or button
const SETTLED = 180; // milliseconds without movement after which the address is written
const element = (id) => document.getElementById(id);

export class PictureMap {
  constructor(pack) {
    this.pack = pack;
    this.links = pack.manifest.links;
    this.stage = element("stage");
    this.camera = new Camera(pack.columns, pack.rows);
    this.colouring = pack.colourings[0];
    this.lit = new Set();
    this.chosen = [];
    this.lasso = null;
    this.dots = false;
    this.lassoing = false;
    this.hovered = -1;
    this.pinned = null;
    this.card = new Card(element("card"), pack, this.links);
    this.bar = new Chosen(element("chosen"), pack, this.links, () => this.chooseInside(null));
    this.legend = new Legend(
      { legend: element("legend"), filter: element("filter"), more: element("more") },
      (code) => this.light(code),
    );
    this.#makeRenderer();
    this.#wire();
    this.#readColours();
    new ResizeObserver(() => this.#resize()).observe(this.stage);
    this.#resize();
    this.applyAddress();
  }

  #makeRenderer() {
    const canvas = element("canvas");
    try {
      this.renderer = new Scene(canvas, this.pack, () => this.redraw());
    } catch (error) {
      console.warn(error);
      this.#fallBack("This browser has no WebGL2: the map shows a point for each picture. Cards show the pictures.");
      return;
    }
    canvas.addEventListener("webglcontextlost", (event) => {
      event.preventDefault();
      this.renderer.end();
      this.#fallBack("The graphics card was taken away: points stand for the pictures. Reload to see them again.");
      this.#resize();
    });
  }

  #fallBack(words) {
    const fresh = element("canvas").cloneNode();
    element("canvas").replaceWith(fresh);
    this.renderer = new Dots(fresh, this.pack);
    element("points").disabled = true;
    element("note").textContent = words;
    element("note").hidden = false;
    this.repaint();
  }

  #wire() {
    listen(this.stage, this);
    const select = element("colour");
    select.replaceChildren(...this.pack.colourings.map(({ name, label }) => new Option(label, name)));
    select.addEventListener("change", () => this.colourBy(select.value));
    const buttons = {
      whole: () => this.glide((camera) => camera.showAll()),
      nearer: () => this.glide((camera) => camera.zoomBy(1.6)),
      farther: () => this.glide((camera) => camera.zoomBy(1 / 1.6)),
      points: () => this.showDots(!this.dots),
      lasso: () => this.armLasso(!this.lassoing),
      help: () => element("keys").showModal(),
      close: () => this.unpin(),
    };
    for (const [id, action] of Object.entries(buttons)) element(id).addEventListener("click", action);
    addEventListener("hashchange", () => this.applyAddress());
    this.stage.addEventListener("blur", () => this.stage.classList.remove("by-keys"));
  }

  #readColours() {
    const style = getComputedStyle(document.documentElement);
    const read = (name) => {
      const colour = style.getPropertyValue(name).trim();
      return [1, 3, 5].map((at) => Number.parseInt(colour.slice(at, at + 2), 16) / 255);
    };
    this.colours = { ground: read("--ground"), ink: read("--accent"), faint: read("--faint") };
  }

  #resize() {
    const { clientWidth: width, clientHeight: height } = this.stage;
    if (!width || !height) return;
    const density = Math.min(devicePixelRatio, 2);
    const canvas = element("canvas");
    canvas.width = Math.round(width * density);
    canvas.height = Math.round(height * density);
    this.camera.resize(width, height);
    this.moved();
  }

  // The address

  async applyAddress() {
    if (location.hash === this.written) return;
    const view = readView(location.hash);
    this.written = location.hash;
    this.colouring = this.pack.colouring(view.colour);
    element("colour").value = this.colouring.name;
    const codes = new Map(this.colouring.entries.map(([label], code) => [label, code]));
    this.lit = new Set(view.lit.filter((label) => codes.has(label)).map((label) => codes.get(label)));
    this.showDots(view.dots);
    this.chooseInside(view.lasso);
    applyPlace(this.camera, view.place);
    this.unpin();
    this.#showLit();
    this.moved();
    if (view.picture) {
      const slot = (await this.pack.uids()).indexOf(view.picture);
      if (slot >= 0) this.pin(slot, !view.place);
    }
  }

  #writeAddress() {
    this.written = writeView({
      camera: this.camera,
      colour: this.colouring.name,
      lit: [...this.lit].map((code) => this.colouring.entries[code][0]),
      dots: this.dots,
      lasso: this.lasso,
      picture: this.pinned?.uid,
    });
    history.replaceState(null, "", this.written);
  }

  // What is drawn

  redraw() {
    this.frame ??= requestAnimationFrame(() => {
      this.frame = null;
      this.#draw();
    });
  }

  #draw() {
    const state = { hovered: this.hovered, dots: this.dots, colours: this.colours };
    if (this.renderer.draw(this.camera, state)) this.redraw();
    this.#drawLine();
    if (this.pinned) this.#putPinned();
  }

  #drawLine() {
    const corners = this.drawing
      ?? this.lasso?.map(([x, y]) => [x * this.camera.columns, y * this.camera.rows]) ?? [];
    const points = corners.map(([x, y]) => this.camera.toScreen(x, y).map(Math.round).join(",")).join(" ");
    const polygon = element("line").firstElementChild;
    if (polygon.getAttribute("points") !== points) polygon.setAttribute("points", points);
  }

  repaint() {
    this.renderer.paint(painted(this.pack, this.colouring, this.lit, this.chosen));
    this.redraw();
  }

  moved() {
    this.redraw();
    if (!this.pinned && this.hovered >= 0) this.leave();
    this.changed();
  }

  changed() {
    clearTimeout(this.settling);
    this.settling = setTimeout(() => this.#writeAddress(), SETTLED);
  }

  /** Move softly: `change` moves a camera to where the view is to come to rest. */
  glide(change) {
    const from = new Camera(this.camera.columns, this.camera.rows);
    from.copyFrom(this.camera);
    const to = new Camera(this.camera.columns, this.camera.rows);
    Object.assign(to, this.target ?? this.camera);
    change(to);
    this.target = to;
    const begun = performance.now();
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    cancelAnimationFrame(this.gliding);
    const step = (now) => {
      const share = calm ? 1 : clamp((now - begun) / GLIDE, 0, 1);
      const eased = 1 - (1 - share) ** 3;
      this.camera.zoom = from.zoom * (to.zoom / from.zoom) ** eased;
      this.camera.x = from.x + (to.x - from.x) * eased;
      this.camera.y = from.y + (to.y - from.y) * eased;
      this.camera.whole = to.whole && share === 1;
      this.moved();
      if (share < 1) this.gliding = requestAnimationFrame(step);
      else this.target = null;
    };
    step(calm ? begun : performance.now());
  }

  // Colours and lights

  colourBy(name) {
    this.colouring = this.pack.colouring(name);
    this.lit = new Set();
    this.#showLit();
    this.changed();
  }

  light(code) {
    if (!this.lit.delete(code)) this.lit.add(code);
    this.#showLit();
    this.changed();
  }

  #showLit() {
    this.legend.show(this.colouring, this.lit);
    this.repaint();
    const box = element("lit");
    box.hidden = !this.lit.size;
    if (!this.lit.size) return;
    const codes = [...this.lit];
    const pictures = codes.reduce((sum, code) => sum + this.colouring.entries[code][1], 0);
    const words = document.createElement("p");
    const what = codes.length === 1 ? named(this.colouring, codes[0]) : `${codes.length} lit`;
    words.textContent = `${what}: ${count(pictures)} ${pictures === 1 ? "picture" : "pictures"}`;
    box.replaceChildren(words, button("Go there", () => this.#goToLit()));
    if (this.colouring.name === "cluster" && codes.length === 1 && this.links.cluster) {
      const cluster = this.colouring.entries[codes[0]][0];
      box.append(link("Judge it", filled(this.links.cluster, { cluster })));
    }
    box.append(button("Put out", () => this.#putOut()));
  }

  #putOut() {
    this.lit = new Set();
    this.#showLit();
    this.changed();
  }

  #goToLit() {
    const { cells, n } = this.pack;
    let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
    for (let slot = 0; slot < n; slot++) {
      if (!this.lit.has(this.colouring.codes[slot])) continue;
      left = Math.min(left, cells[2 * slot]);
      right = Math.max(right, cells[2 * slot] + 1);
      top = Math.min(top, cells[2 * slot + 1]);
      bottom = Math.max(bottom, cells[2 * slot + 1] + 1);
    }
    this.glide((camera) => camera.showBox(left, top, right, bottom));
  }

  showDots(dots) {
    this.dots = dots && this.renderer.drawsPictures;
    element("points").setAttribute("aria-pressed", String(this.dots));
    this.redraw();
    this.changed();
  }

  // One picture

  slotUnder(px, py) {
    const [x, y] = this.camera.toMap(px, py).map(Math.floor);
    return this.pack.slotAt(x, y);
  }

  hover(px, py, target) {
    if (this.pinned || this.lassoing || target.closest(".card, .bar")) return;
    const slot = this.slotUnder(px, py);
    this.stage.classList.toggle("over", slot >= 0);
    if (slot !== this.hovered) {
      this.hovered = slot;
      this.redraw();
      if (slot < 0) this.card.hide();
      else this.#open(slot, false, [px, py]);
    }
    if (slot >= 0) this.#put(px, py);
  }

  leave() {
    this.hovered = this.pinned?.slot ?? -1;
    this.stage.classList.remove("over");
    if (!this.pinned) this.card.hide();
    this.redraw();
  }

  tap(px, py) {
    const slot = this.slotUnder(px, py);
    if (slot < 0) this.unpin();
    else this.pin(slot, false);
  }

  async pin(slot, goThere) {
    const uid = (await this.pack.uids())[slot];
    this.pinned = { slot, uid };
    this.hovered = slot;
    if (goThere) {
      const [x, y] = this.pack.cells.subarray(2 * slot, 2 * slot + 2);
      this.glide((camera) => camera.showBox(x - 3, y - 3, x + 4, y + 4));
    }
    await this.#open(slot, true, this.#middleOf(slot));
    this.#putPinned();
    this.changed();
    this.redraw();
  }

  unpin() {
    if (!this.pinned) return;
    this.pinned = null;
    this.card.hide();
    this.leave();
    this.changed();
  }

  async #open(slot, pinned, place) {
    const coming = this.card.show(slot, {
      pinned, colouring: this.colouring, light: (code) => this.light(code),
    });
    this.#put(...place);
    await coming.catch((error) => this.say(error.message));
    if (this.card.slot === slot && !this.pinned) this.#put(...(this.lastPlace ?? place));
  }

  #middleOf(slot) {
    return this.camera.toScreen(this.pack.cells[2 * slot] + 0.5, this.pack.cells[2 * slot + 1] + 0.5);
  }

  #put(px, py) {
    this.lastPlace = [px, py];
    this.card.put(px, py, this.stage.clientWidth, this.stage.clientHeight);
  }

  #putPinned() {
    const [x, y] = this.#middleOf(this.pinned.slot);
    const half = this.camera.zoom / 2;
    this.#put(clamp(x + half - 12, 0, this.stage.clientWidth), clamp(y - half - 14, 0, this.stage.clientHeight));
  }

  say(words) {
    element("note").textContent = words;
    element("note").hidden = false;
  }

  // Lasso

  armLasso(armed) {
    this.lassoing = armed;
    this.stage.classList.toggle("lassoing", armed);
    element("lasso").setAttribute("aria-pressed", String(armed));
    if (armed) this.unpin();
  }

  beginLasso(px, py) {
    this.leave();
    this.drawing = [this.camera.toMap(px, py)];
  }

  extendLasso(px, py) {
    this.drawing.push(this.camera.toMap(px, py));
  }

  endLasso(whole) {
    const line = rounded(this.drawing, this.camera);
    this.drawing = null;
    if (whole && line.length >= 3) this.chooseInside(line);
    this.armLasso(false);
    this.redraw();
  }

  chooseInside(lasso) {
    this.lasso = lasso;
    this.chosen = lasso ? slotsInside(this.pack, lasso) : [];
    this.bar.show(lasso ? this.chosen : null).catch((error) => this.say(error.message));
    this.repaint();
    this.changed();
  }

  /** A key that moves nothing; gives whether it meant something. */
  key(name, onStage) {
    const actions = {
      p: () => !element("points").disabled && this.showDots(!this.dots),
      l: () => this.armLasso(!this.lassoing),
      "?": () => element("keys").showModal(),
      Escape: () => this.#escape(),
    };
    if (onStage) {
      actions.Enter = () => {
        this.stage.classList.add("by-keys");
        const slot = this.nearestToMiddle();
        if (slot >= 0) this.pin(slot, false);
      };
    }
    const action = actions[name.length === 1 ? name.toLowerCase() : name];
    action?.();
    return Boolean(action);
  }

  #escape() {
    if (this.pinned) this.unpin();
    else if (this.lassoing) this.armLasso(false);
    else if (this.lasso) this.chooseInside(null);
    else this.#putOut();
  }

  nearestToMiddle() {
    const reach = Math.ceil(60 / this.camera.zoom);
    const [x, y] = [Math.floor(this.camera.x), Math.floor(this.camera.y)];
    let best = [Infinity, -1];
    for (let dy = -reach; dy <= reach; dy++) {
      for (let dx = -reach; dx <= reach; dx++) {
        const slot = this.pack.slotAt(x + dx, y + dy);
        if (slot >= 0 && dx * dx + dy * dy < best[0]) best = [dx * dx + dy * dy, slot];
      }
    }
    return best[1];
  }
}
