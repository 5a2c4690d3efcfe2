// The map as a whole: one state, drawn when it has changed, and written into the address.

import { Camera, clamp } from "./camera.js";
import { Chosen } from "./chosen.js";
import { Dots } from "./dots.js";
import { listen } from "./gestures.js";
import { rounded, slotsInside } from "./lasso.js";
import { Lights } from "./lights.js";
import { painted } from "./paint.js";
import { Pointer } from "./pointer.js";
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
    this.chosen = [];
    this.lasso = null;
    this.dots = false;
    this.lassoing = false;
    this.#readColours();
    this.#makeRenderer();
    this.bar = new Chosen(element("chosen"), pack, this.links, () => this.chooseInside(null));
    this.pointer = new Pointer(this, element("card"));
    const places = ["legend", "filter", "more", "lit"];
    this.lights = new Lights(
      Object.fromEntries(places.map((name) => [name, element(name)])),
      pack,
      () => this.#relit(),
      (...box) => this.glide((camera) => camera.showBox(...box)),
    );
    this.#wire();
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
      this.repaint();
      this.#resize();
    });
  }

  #fallBack(words) {
    const fresh = element("canvas").cloneNode();
    element("canvas").replaceWith(fresh);
    this.renderer = new Dots(fresh, this.pack);
    element("points").disabled = true;
    this.say(words);
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
      close: () => this.pointer.unpin(),
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
    const address = location.hash;
    this.written = address;
    clearTimeout(this.settling);
    const colouring = await this.#colouring(view.colour);
    if (this.written !== address) return; // somebody went on meanwhile
    element("colour").value = colouring.name;
    this.lights.showNamed(colouring, view.lit);
    this.showDots(view.dots);
    this.chooseInside(view.lasso);
    applyPlace(this.camera, view.place);
    this.pointer.unpin();
    this.moved();
    if (view.picture) {
      const slot = (await this.pack.uids()).indexOf(view.picture);
      if (slot >= 0) this.pointer.pin(slot, { goThere: !view.place });
    }
  }

  #writeAddress() {
    this.written = writeView({
      camera: this.camera,
      colour: this.lights.colouring.name,
      lit: this.lights.labels,
      dots: this.dots,
      lasso: this.lasso,
      picture: this.pointer.pinned?.uid,
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
    const state = { hovered: this.pointer.slot, dots: this.dots, colours: this.colours };
    if (this.renderer.draw(this.camera, state)) this.redraw();
    this.#drawLine();
    this.pointer.follow();
    this.#tellBusy();
  }

  /** Whether what is shown is still to change by itself, for those who cannot see it. */
  #tellBusy() {
    const busy = Boolean(this.target || this.settling || this.renderer.busy);
    this.stage.setAttribute("aria-busy", String(busy));
  }

  #drawLine() {
    const corners = this.drawing
      ?? this.lasso?.map(([x, y]) => [x * this.camera.columns, y * this.camera.rows]) ?? [];
    const points = corners.map(([x, y]) => this.camera.toScreen(x, y).map(Math.round).join(",")).join(" ");
    const polygon = element("line").firstElementChild;
    if (polygon.getAttribute("points") !== points) polygon.setAttribute("points", points);
  }

  repaint() {
    this.renderer.paint(painted(this.pack, this.lights.colouring, this.lights.codes, this.chosen));
    this.redraw();
  }

  moved() {
    this.redraw();
    this.pointer.leave();
    this.changed();
  }

  changed() {
    clearTimeout(this.settling);
    this.settling = setTimeout(() => {
      this.settling = null;
      this.#writeAddress();
      this.redraw();
    }, SETTLED);
    this.#tellBusy();
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

  async colourBy(name) {
    const colouring = await this.#colouring(name);
    if (element("colour").value === name) this.lights.show(colouring, new Set());
  }

  /** A colouring by its name; the first where its codes cannot be had, which is said. */
  async #colouring(name) {
    try {
      return await this.pack.colouring(name);
    } catch (error) {
      this.say(error.message);
      return this.pack.colourings[0];
    }
  }

  #relit() {
    this.repaint();
    this.changed();
  }

  showDots(dots) {
    this.dots = dots && this.renderer.drawsPictures;
    element("points").setAttribute("aria-pressed", String(this.dots));
    this.redraw();
    this.changed();
  }

  hover(px, py, target) {
    if (!this.lassoing && !target.closest(".card, .bar")) this.pointer.hover(px, py);
  }

  leave() {
    this.pointer.leave();
  }

  tap(px, py) {
    this.pointer.tap(px, py);
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
    if (armed) this.pointer.unpin();
  }

  beginLasso(px, py) {
    this.pointer.leave();
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
        this.pointer.pinNearestToMiddle();
      };
    }
    const action = actions[name.length === 1 ? name.toLowerCase() : name];
    action?.();
    return Boolean(action);
  }

  #escape() {
    if (this.pointer.pinned) this.pointer.unpin();
    else if (this.lassoing) this.armLasso(false);
    else if (this.lasso) this.chooseInside(null);
    else this.lights.putOut();
  }
}
