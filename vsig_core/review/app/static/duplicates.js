// Sets that look like one photograph: each is an act of its own, so that each can be undone.

import { onKeys, save, say, takeBackHere } from "./app.js";

const sets = () => [...document.querySelectorAll("#sets > li")];
const acts = document.getElementById("acts");
const box = (set) => set.querySelector("input");
const uids = (set) => [...set.querySelectorAll("figure")].map((figure) => figure.dataset.uid);
const pairs = (n) => (n * (n - 1)) / 2;
let busy = false;

function show() {
  const ticked = sets().filter((set) => box(set).checked);
  const n = ticked.reduce((sum, set) => sum + pairs(uids(set).length), 0);
  const place = acts?.querySelector("[data-writes]");
  if (place) place.textContent = ticked.length ? `${ticked.length} ${ticked.length === 1 ? "set" : "sets"}, writes ${n} ${n === 1 ? "pair" : "pairs"}` : "none is ticked";
}

async function judge(kind, chosen) {
  if (busy) return;
  busy = true;
  acts.classList.add("busy");
  let saved = 0;
  for (const set of chosen) {
    if (!(await save({ kind, ticked: uids(set), cluster: set.dataset.key }))) break;
    set.remove();
    saved += 1;
    show();
  }
  busy = false;
  acts.classList.remove("busy");
  if (saved) say(`Saved: ${saved} ${saved === 1 ? "set" : "sets"}, ${kind === "duplicate" ? "each one photograph" : "not the same photograph"}.`);
  if (!sets().length) location.reload();
}

const STEPS = {
  confirm: () => judge("duplicate", sets().filter((set) => box(set).checked)),
  none: () => {
    const any = sets().some((set) => box(set).checked);
    sets().forEach((set) => (box(set).checked = !any));
    show();
  },
  undo: takeBackHere,
};

document.getElementById("sets")?.addEventListener("change", show);
document.getElementById("sets")?.addEventListener("click", (event) => {
  const button = event.target.closest("[data-not]");
  if (button) judge("not_duplicate", [button.closest("li")]);
});
acts?.addEventListener("submit", (event) => event.preventDefault());
acts?.addEventListener("click", (event) => STEPS[event.target.closest("button")?.dataset.step]?.());
onKeys({ Enter: STEPS.confirm, a: STEPS.none, u: STEPS.undo });
show();
