// Hands on the map: drag, wheel, pinch, tap, and the keys.

const STEP = 90; // CSS pixels that an arrow key pans
const TAP = 6; // CSS pixels that a finger may slip

/**
 * Listen on the stage. `map` has: camera, lassoing, moved(), hover(px, py), leave(), tap(px, py),
 * beginLasso(px, py), extendLasso(px, py), endLasso(), glide(change), key(name).
 */
export function listen(stage, map) {
  const fingers = new Map();
  let travelled = 0;
  let drawing = false;

  const place = (event) => {
    const box = stage.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  };

  stage.addEventListener("pointerdown", (event) => {
    if (event.target.closest("button, a, .card, .bar") || event.button > 0) return;
    stage.setPointerCapture(event.pointerId);
    fingers.set(event.pointerId, place(event));
    if (fingers.size === 1) {
      travelled = 0;
      drawing = map.lassoing || event.shiftKey;
      if (drawing) map.beginLasso(...place(event));
    } else if (drawing) {
      drawing = false;
      map.endLasso(false);
    }
  });

  stage.addEventListener("pointermove", (event) => {
    stage.classList.remove("by-keys");
    const [x, y] = place(event);
    const before = fingers.get(event.pointerId);
    if (!before) {
      if (event.pointerType === "mouse") map.hover(x, y, event.target);
      return;
    }
    travelled += Math.hypot(x - before[0], y - before[1]);
    if (drawing) map.extendLasso(x, y);
    else if (fingers.size === 1) map.camera.panBy(x - before[0], y - before[1]);
    else pinch(event.pointerId, before, [x, y]);
    fingers.set(event.pointerId, [x, y]);
    map.moved();
  });

  function pinch(id, before, now) {
    const other = [...fingers].find(([finger]) => finger !== id)[1];
    const spread = (finger) => Math.max(Math.hypot(finger[0] - other[0], finger[1] - other[1]), 1);
    const middle = [(now[0] + other[0]) / 2, (now[1] + other[1]) / 2];
    map.camera.panBy((now[0] - before[0]) / 2, (now[1] - before[1]) / 2);
    map.camera.zoomBy(spread(now) / spread(before), ...middle);
  }

  const lift = (event) => {
    if (!fingers.delete(event.pointerId)) return;
    if (drawing) {
      drawing = false;
      map.endLasso(event.type === "pointerup");
    } else if (event.type === "pointerup" && fingers.size === 0 && travelled < TAP) {
      map.tap(...place(event));
    }
  };
  stage.addEventListener("pointerup", lift);
  stage.addEventListener("pointercancel", lift);
  stage.addEventListener("pointerleave", () => map.leave());

  stage.addEventListener("wheel", (event) => {
    if (event.target.closest(".card, .bar")) return;
    event.preventDefault();
    const lines = event.deltaMode === 1 ? 16 : event.deltaMode === 2 ? stage.clientHeight : 1;
    const strength = event.ctrlKey ? 0.01 : 0.0018;
    map.camera.zoomBy(Math.exp(-event.deltaY * lines * strength), ...place(event));
    map.moved();
  }, { passive: false });

  stage.addEventListener("dblclick", (event) => {
    if (event.target.closest("button, a, .card, .bar")) return;
    const [x, y] = place(event);
    map.glide((camera) => camera.zoomBy(event.altKey ? 0.5 : 2, x, y));
  });

  const moves = {
    ArrowLeft: (camera) => camera.panBy(STEP, 0),
    ArrowRight: (camera) => camera.panBy(-STEP, 0),
    ArrowUp: (camera) => camera.panBy(0, STEP),
    ArrowDown: (camera) => camera.panBy(0, -STEP),
    "+": (camera) => camera.zoomBy(1.6),
    "=": (camera) => camera.zoomBy(1.6),
    "-": (camera) => camera.zoomBy(1 / 1.6),
    0: (camera) => camera.showAll(),
    Home: (camera) => camera.showAll(),
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest("input, select, textarea, dialog")) return;
    const onStage = event.target === document.body || event.target === stage;
    if (moves[event.key] && (onStage || !event.key.startsWith("Arrow"))) {
      event.preventDefault();
      stage.classList.add("by-keys");
      map.glide(moves[event.key]);
    } else if (map.key(event.key, onStage)) {
      event.preventDefault();
    }
  });
}
