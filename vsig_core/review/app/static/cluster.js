// The page of a group: ticks, keys, what a button will write, the picture in focus.

import { lastAct, onButtons, onKeys, placeOf, save, say, sayThere, undo } from "./app.js";
import { openZoom } from "./zoom.js";

const grid = document.getElementById("grid");
const side = document.getElementById("side");
const acts = document.getElementById("acts");
const cards = [...grid.querySelectorAll(".card")];
const boxes = cards.map((card) => card.querySelector("input"));
let focused = 0;
let busy = false;

const ticked = () => boxes.filter((box) => box.checked).map((box) => box.value);
const unticked = () => boxes.filter((box) => !box.checked).map((box) => box.value);
const pairs = (t, u) => (t * (t - 1)) / 2 + t * u;
const counted = (n) => `writes ${n.toLocaleString("en").replaceAll(",", "\u202f")} ${n === 1 ? "pair" : "pairs"}`;

function showWrites() {
  for (const button of acts?.querySelectorAll("button[data-kind]") ?? []) {
    const place = button.querySelector("[data-writes]");
    const t = ticked().length;
    const u = button.dataset.others ? boxes.length - t : 0;
    const few = t < 2 || (button.dataset.others && !u);
    if (place) {
      place.textContent = t < 2 ? "tick at least two" : button.dataset.others && !u ? "all are ticked" : counted(pairs(t, u));
      button.setAttribute("aria-disabled", String(few));
    }
  }
}

const records = new Map();

async function showRecord(place) {
  const uid = cards[place].dataset.uid;
  if (!records.has(uid)) {
    records.set(uid, fetch(`/record?uid=${encodeURIComponent(uid)}`).then((answer) => {
      if (!answer.ok) throw new Error(answer.statusText);
      return answer.text();
    }));
  }
  try {
    const text = await records.get(uid);
    if (place === focused) side.innerHTML = text; // escaped by the server, and no script may run
  } catch {
    records.delete(uid);
    if (place === focused) side.textContent = "The record cannot be read: the server does not answer.";
  }
}

function focus(place) {
  focused = Math.max(0, Math.min(cards.length - 1, place));
  boxes[focused].focus({ preventScroll: true });
}

function goTo(place) {
  focus(place);
  cards[focused].scrollIntoView({ block: "nearest" });
}

/** The card in the row above or below that is nearest. */
function vertical(step) {
  const here = cards[focused].getBoundingClientRect();
  const places = cards
    .map((card, place) => ({ place, box: card.getBoundingClientRect() }))
    .filter(({ box }) => (step > 0 ? box.top >= here.bottom - 4 : box.bottom <= here.top + 4));
  const nearest = (a, b) => Math.abs(a.box.top - here.top) - Math.abs(b.box.top - here.top) || Math.abs(a.box.left - here.left) - Math.abs(b.box.left - here.left);
  const found = places.sort(nearest)[0];
  if (found) goTo(found.place);
}

function zoom() {
  const { uid, width, height } = cards[focused].dataset;
  openZoom({ uid, width, height, caption: cards[focused].querySelector(".title").textContent });
}

async function judge(kind, others) {
  if (busy || !acts?.querySelector(`[data-kind="${kind}"]`)) return;
  const verdict = kind === "right" || kind === "wrong";
  const t = verdict ? boxes.map((box) => box.value) : ticked();
  const u = verdict ? [] : unticked();
  if (!verdict && t.length < 2) return say("Tick at least two pictures.", "bad");
  if (others && !u.length) return say("All are ticked: there is nothing that is not.", "bad");
  busy = true;
  acts.classList.add("busy");
  const saved = await save({
    kind,
    ticked: t,
    unticked: u,
    unticked_are_not: Boolean(others),
    cluster: acts.dataset.cluster || null,
    motif: kind === "same" ? acts.elements.motif.value || null : null,
  });
  busy = false;
  acts.classList.remove("busy");
  if (!saved) return;
  sayThere(`Saved: ${saved.said}.`, saved.act);
  location.assign(acts.dataset.next);
}

/** Undo the last act, and show where it was made; in this list, where that is a group. */
async function takeBack() {
  if (busy) return;
  busy = true;
  const last = await lastAct();
  const done = last && (await undo(last.act));
  busy = false;
  if (!done) return;
  const there = new URL(placeOf(last) ?? location.href, location.href);
  if (there.pathname.startsWith("/cluster/")) there.search = location.search;
  location.assign(there);
}

const help = document.getElementById("help");
const STEPS = { skip: () => location.assign(acts.dataset.next), undo: takeBack, help: () => help.showModal() };

onButtons(acts, judge, STEPS);
grid.addEventListener("change", () => {
  grid.classList.add("touched");
  showWrites();
});
grid.addEventListener("focusin", (event) => {
  const place = boxes.indexOf(event.target);
  if (place < 0) return;
  focused = place;
  cards.forEach((card, n) => card.classList.toggle("in-focus", n === place));
  showRecord(place);
});
side.addEventListener("click", (event) => event.target.closest("[data-zoom]") && zoom());

onKeys({
  ArrowLeft: () => goTo(focused - 1),
  ArrowRight: () => goTo(focused + 1),
  ArrowUp: () => vertical(-1),
  ArrowDown: () => vertical(1),
  " ": () => boxes[focused]?.click(),
  a: () => {
    const all = boxes.every((box) => box.checked);
    boxes.forEach((box) => (box.checked = !all));
    showWrites();
  },
  Enter: () => judge("same"),
  "Shift+Enter": () => judge("same", true),
  m: () => judge("similar"),
  "Shift+m": () => judge("similar", true),
  d: () => judge("duplicate"),
  x: () => judge("wrong"),
  c: () => judge("right"),
  n: () => judge("unsure"),
  u: takeBack,
  s: STEPS.skip,
  z: zoom,
  "?": STEPS.help,
});

showWrites();
// The heading stays in view where the picture is too.
if (cards.length) (cards[0].getBoundingClientRect().top < innerHeight / 2 ? focus : goTo)(0);
