// Zoom and pan of one or more pictures; the original comes in the size that is needed.

const NEAR = 40; // at most this many screen pixels for one of the picture

/** A picture that can be zoomed. `onView` is told of every move: { x, y, scale } in fractions. */
export class View {
  constructor(stage, onView = () => {}) {
    this.stage = stage;
    this.onView = onView;
    this.picture = null;
    this.view = { x: 0.5, y: 0.5, scale: 1 };
    this.mirrored = false;
    this.frame = null; // { x, y, w, h } in fractions of the picture, drawn over it
    this.fingers = new Map();
    stage.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    for (const kind of ["pointerdown", "pointermove", "pointerup", "pointercancel"]) {
      stage.addEventListener(kind, (event) => this[kind](event));
    }
    stage.addEventListener("dblclick", () => this.move({ x: 0.5, y: 0.5, scale: this.view.scale > 1.01 ? 1 : 3 }));
    stage.addEventListener("keydown", (event) => this.keydown(event));
    new ResizeObserver(() => this.draw()).observe(stage);
  }

  /** Show a picture; gives the note that belongs to it, or null. */
  async open(uid, width, height) {
    this.stage.replaceChildren();
    this.uid = uid;
    this.width = Number(width);
    this.height = Number(height);
    this.levels = [];
    this.best = null;
    this.frame = null;
    this.outline = document.createElement("div");
    this.outline.className = "outline";
    this.image = document.createElement("img");
    this.image.alt = "";
    this.image.draggable = false;
    this.image.src = `/picture?uid=${encodeURIComponent(uid)}&size=working`;
    this.stage.append(this.image, this.outline);
    this.view = { x: 0.5, y: 0.5, scale: 1 };
    this.draw();
    try {
      const answer = await fetch(`/zoom?uid=${encodeURIComponent(uid)}`, { headers: { Accept: "application/json" } });
      const found = await answer.json();
      if (this.uid !== uid) return null;
      if (!answer.ok) return found.error;
      this.levels = found.note ? [] : found.levels;
      this.draw();
      return found.note;
    } catch {
      return "The original cannot be had: the server does not answer. This is the working copy.";
    }
  }

  /** Size of the whole picture at scale 1, in screen pixels: it fits the stage. */
  fit() {
    const room = this.stage.getBoundingClientRect();
    const share = Math.min(room.width / this.width, room.height / this.height) || 1;
    return { room, w: this.width * share, h: this.height * share };
  }

  move(view, told = false) {
    const { w } = this.fit();
    const most = Math.max(1, (NEAR * this.width) / w);
    const scale = Math.min(most, Math.max(1, view.scale));
    const clamp = (value) => Math.min(1, Math.max(0, value));
    this.view = { x: scale === 1 ? 0.5 : clamp(view.x), y: scale === 1 ? 0.5 : clamp(view.y), scale };
    this.draw();
    if (!told) this.onView(this.view);
  }

  draw() {
    if (!this.image) return;
    const { room, w, h } = this.fit();
    const { x, y, scale } = this.view;
    this.image.style.width = `${w * scale}px`;
    this.image.style.height = `${h * scale}px`;
    const left = room.width / 2 - (this.mirrored ? 1 - x : x) * w * scale;
    const top = room.height / 2 - y * h * scale;
    this.image.style.transform = `translate(${left}px, ${top}px)${this.mirrored ? ` translateX(${w * scale}px) scaleX(-1)` : ""}`;
    this.outlined(left, top, w * scale, h * scale);
    this.stage.dataset.scale = scale.toFixed(2);
    this.sharpen(Math.max(w, h) * scale * devicePixelRatio);
  }

  /** The frame, where the picture has its corner and its size on the screen. */
  outlined(left, top, width, height) {
    this.outline.hidden = !this.frame;
    if (!this.frame) return;
    const { x, y, w, h } = this.frame;
    const from = this.mirrored ? 1 - x - w : x;
    Object.assign(this.outline.style, {
      left: `${left + from * width}px`,
      top: `${top + y * height}px`,
      width: `${w * width}px`,
      height: `${h * height}px`,
    });
  }

  /** Take the smallest copy that has every pixel that can be seen. */
  sharpen(needed) {
    const level = this.levels.find((one) => one.side >= needed) ?? this.levels.at(-1);
    if (!level || (this.best && level.side <= this.best)) return;
    clearTimeout(this.waiting);
    this.waiting = setTimeout(() => {
      const [image, uid, fresh] = [this.image, this.uid, new Image()];
      fresh.onload = () => {
        if (this.uid !== uid || image !== this.image || (this.best ?? 0) >= level.side) return;
        this.best = level.side;
        this.image.src = level.src;
      };
      fresh.src = level.src;
    }, 150);
  }

  around(event, factor) {
    const { room, w, h } = this.fit();
    const { x, y, scale } = this.view;
    const flip = this.mirrored ? -1 : 1;
    const dx = (flip * (event.clientX - room.left - room.width / 2)) / w;
    const dy = (event.clientY - room.top - room.height / 2) / h;
    const next = Math.max(1, scale * factor);
    this.move({ x: x + dx / scale - dx / next, y: y + dy / scale - dy / next, scale: next });
  }

  wheel(event) {
    event.preventDefault();
    this.around(event, Math.exp(-event.deltaY / 400));
  }

  pointerdown(event) {
    this.stage.setPointerCapture(event.pointerId);
    this.fingers.set(event.pointerId, event);
  }

  pointermove(event) {
    const before = this.fingers.get(event.pointerId);
    if (!before) return;
    const { w, h } = this.fit();
    if (this.fingers.size === 2) {
      const [other] = [...this.fingers.values()].filter((finger) => finger.pointerId !== event.pointerId);
      const apart = (one) => Math.hypot(one.clientX - other.clientX, one.clientY - other.clientY) || 1;
      this.around(event, apart(event) / apart(before));
    } else {
      const flip = this.mirrored ? -1 : 1;
      const { x, y, scale } = this.view;
      this.move({ x: x - (flip * (event.clientX - before.clientX)) / (w * scale), y: y - (event.clientY - before.clientY) / (h * scale), scale });
    }
    this.fingers.set(event.pointerId, event);
  }

  pointerup(event) {
    this.fingers.delete(event.pointerId);
  }

  pointercancel(event) {
    this.fingers.delete(event.pointerId);
  }

  keydown(event) {
    const { x, y, scale } = this.view;
    const step = 0.15 / scale;
    const moves = {
      "+": { scale: scale * 1.4 }, "=": { scale: scale * 1.4 }, "-": { scale: scale / 1.4 }, 0: { scale: 1 },
      ArrowLeft: { x: x - step }, ArrowRight: { x: x + step }, ArrowUp: { y: y - step }, ArrowDown: { y: y + step },
    };
    if (!(event.key in moves)) return;
    event.preventDefault();
    this.move({ ...this.view, ...moves[event.key] });
  }
}

let view = null;

/** Open the dialog of the page on a picture. */
export async function openZoom({ uid, width, height, caption }) {
  const dialog = document.getElementById("zoom");
  view ??= new View(dialog.querySelector("[data-stage]"));
  const [title, note] = [dialog.querySelector("[data-caption]"), dialog.querySelector("[data-note]")];
  title.textContent = caption;
  note.textContent = "";
  if (!dialog.open) dialog.showModal();
  view.stage.focus();
  note.textContent = (await view.open(uid, width, height)) ?? "";
}

document.getElementById("zoom")?.addEventListener("keydown", (event) => {
  if (event.key.toLowerCase() === "z") event.currentTarget.close();
});
