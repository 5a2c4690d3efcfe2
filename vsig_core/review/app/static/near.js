// A picture and its nearest: a box to look for a detail, ticks to judge.

import { onButtons, onKeys, save, say, sayThere, takeBackHere } from "./app.js";

const sheet = document.querySelector(".near");
const canvas = document.getElementById("canvas");
const cut = canvas.querySelector(".cut");
const form = document.getElementById("detail");
const fields = [...form.querySelectorAll("[data-part]")];
const acts = document.getElementById("acts");
const boxes = [...document.querySelectorAll("#hits input")];
let busy = false;

const parts = () => fields.map((field) => Number(field.value) / 100);

function showCut() {
  const [x, y, w, h] = parts();
  cut.hidden = w >= 0.995 && h >= 0.995;
  Object.assign(cut.style, { left: `${100 * x}%`, top: `${100 * y}%`, width: `${100 * w}%`, height: `${100 * h}%` });
}

function setParts(values) {
  values.forEach((value, n) => (fields[n].value = Math.round(100 * value)));
  showCut();
}

let from = null;
const within = (value) => Math.max(0, Math.min(1, value));

function point(event) {
  const box = canvas.getBoundingClientRect();
  return [within((event.clientX - box.left) / box.width), within((event.clientY - box.top) / box.height)];
}

canvas.addEventListener("pointerdown", (event) => {
  from = point(event);
  canvas.setPointerCapture(event.pointerId);
});
canvas.addEventListener("pointermove", (event) => {
  if (!from) return;
  const to = point(event);
  setParts([Math.min(from[0], to[0]), Math.min(from[1], to[1]), Math.abs(to[0] - from[0]), Math.abs(to[1] - from[1])]);
});
canvas.addEventListener("pointerup", () => {
  const [, , w, h] = parts();
  from = null;
  if (w < 0.02 || h < 0.02) return setParts([0, 0, 1, 1]);
  form.querySelector("button").focus();
});
fields.forEach((field) => field.addEventListener("input", showCut));

form.addEventListener("submit", (event) => {
  event.preventDefault();
  const [x, y, w, h] = parts();
  if (!(w > 0 && h > 0 && x + w <= 1.001 && y + h <= 1.001)) return say("That box leaves the picture.", "bad");
  const target = new URL("/near", location.href);
  target.searchParams.set("uid", sheet.dataset.uid);
  target.searchParams.set("box", [x, y, w, h].map((part) => part.toFixed(2)).join(","));
  say("The model looks at this detail…");
  location.assign(target);
});

const ticked = () => boxes.filter((box) => box.checked).map((box) => box.value);

function showWrites() {
  const t = ticked().length;
  for (const button of acts?.querySelectorAll("[data-kind]") ?? []) {
    const pairs = button.dataset.kind === "not_same" ? t : (t * (t + 1)) / 2;
    button.querySelector("[data-writes]").textContent = t ? `writes ${pairs} ${pairs === 1 ? "pair" : "pairs"}` : "tick at least one";
    button.setAttribute("aria-disabled", String(!t));
  }
}

async function judge(kind) {
  const others = ticked();
  if (!acts || busy) return;
  if (!others.length) return say("Tick the works that you judge with this picture.", "bad");
  busy = true;
  acts.classList.add("busy");
  const { uid, box } = sheet.dataset;
  // "Not the same" is said of this picture and each other one, never of the others among themselves.
  const wishes = kind === "not_same" ? others.map((other) => [uid, other]) : [[uid, ...others]];
  // The detail that was looked for is what carries the signature; a photograph is whole.
  const framed = box && kind !== "duplicate" ? { [uid]: box } : {};
  const saved = [];
  for (const ticked of wishes) saved.push(await save({ kind, ticked, boxes: framed }));
  busy = false;
  acts.classList.remove("busy");
  if (saved.includes(null)) return;
  const last = saved.at(-1);
  sayThere(saved.length > 1 ? `Saved: ${saved.length} judgements.` : `Saved: ${last.said}.`, last.act);
  location.reload();
}

onButtons(acts, judge, { undo: takeBackHere });
onKeys({
  Enter: () => judge("same"),
  x: () => judge("not_same"),
  m: () => judge("similar"),
  d: () => judge("duplicate"),
  u: takeBackHere,
});
document.getElementById("hits")?.addEventListener("change", showWrites);

showCut();
showWrites();
