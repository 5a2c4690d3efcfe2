// The page of a pair: two pictures that move together, and one answer.

import { lastAct, onButtons, onKeys, placeOf, save, say, sayThere, undo } from "./app.js";
import { View } from "./zoom.js";

const BLIND = "vsig.blind";
const acts = document.getElementById("acts");
const help = document.getElementById("help");
const figures = [...document.querySelectorAll("#two figure")];
const uids = figures.map((figure) => figure.dataset.uid);
let together = true;
let busy = false;

const views = figures.map((figure, place) => new View(figure.querySelector(".stage"), (view) => {
  if (together) views[1 - place].move(view, true);
}));
figures.forEach(async ({ dataset }, place) => {
  const note = await views[place].open(dataset.uid, dataset.width, dataset.height);
  figures[place].querySelector(".note").textContent = note ?? "";
});

async function judge(kind) {
  if (busy || !acts) return;
  busy = true;
  acts.classList.add("busy");
  const saved = await save({ kind, ticked: uids, cluster: acts.dataset.cluster });
  busy = false;
  acts.classList.remove("busy");
  if (!saved) return;
  sayThere(`Saved: ${saved.said}.`, saved.act);
  location.assign(acts.dataset.next);
}

async function takeBack() {
  const last = await lastAct();
  if (!last || !(await undo(last.act))) return;
  location.assign(placeOf(last) ?? location.href);
}

function pressed(step, on) {
  acts?.querySelector(`[data-step="${step}"]`)?.setAttribute("aria-pressed", String(on));
}

function blind(on) {
  document.body.classList.toggle("blind", on);
  localStorage.setItem(BLIND, on ? "1" : "");
  pressed("blind", on);
}

async function match() {
  if (views[0].frame) return framed([null, null]);
  say("Comparing the two, part by part …");
  const [a, b] = uids;
  let found;
  try {
    const answer = await fetch(`/match?${new URLSearchParams({ a, b })}`, { headers: { Accept: "application/json" } });
    found = await answer.json();
    if (!answer.ok) return say(found.error);
  } catch {
    return say("The two could not be compared: the server does not answer.");
  }
  framed(found.boxes);
  say(found.said);
  if (found.mirrored !== views[1].mirrored && found.boxes[0]) STEPS.mirror();
}

function framed(boxes) {
  views.forEach((view, place) => {
    view.frame = boxes[place];
    view.draw();
  });
  pressed("match", Boolean(boxes[0]));
}

const STEPS = {
  match,
  skip: () => location.assign(acts.dataset.next),
  undo: takeBack,
  mirror: () => {
    views[1].mirrored = !views[1].mirrored;
    views[1].draw();
    pressed("mirror", views[1].mirrored);
  },
  together: () => {
    together = !together;
    pressed("together", together);
  },
  blind: () => blind(!document.body.classList.contains("blind")),
  whole: () => views.forEach((view) => view.move({ x: 0.5, y: 0.5, scale: 1 }, true)),
  help: () => help.showModal(),
};

onButtons(acts, judge, STEPS);
onKeys({
  Enter: () => judge("same"),
  y: () => judge("same"),
  x: () => judge("not_same"),
  m: () => judge("similar"),
  d: () => judge("duplicate"),
  "Shift+d": () => judge("not_duplicate"),
  n: () => judge("unsure"),
  s: STEPS.skip, u: STEPS.undo, f: STEPS.mirror, e: STEPS.match, t: STEPS.together, b: STEPS.blind, z: STEPS.whole, "?": STEPS.help,
});
blind(localStorage.getItem(BLIND) === "1");
