// A second opinion: one key, saved, and the next pair.

import { lastAct, onKeys, save, undo } from "./app.js";

const pair = document.getElementById("pair");
const acts = document.getElementById("acts");

async function judge(kind) {
  if (!acts || acts.classList.contains("busy")) return;
  acts.classList.add("busy");
  const { one, other } = pair.dataset;
  const saved = await save({ kind, ticked: [one, other] });
  acts.classList.remove("busy");
  if (saved) location.reload();
}

async function takeBack() {
  const last = await lastAct();
  if (last && (await undo(last.act))) location.reload();
}

acts?.addEventListener("submit", (event) => event.preventDefault());
acts?.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (button?.dataset.kind) judge(button.dataset.kind);
  if (button?.dataset.step === "undo") takeBack();
});
// The same keys as on the page of a pair: there N is unsure, and would be a judgement here.
onKeys({
  Enter: () => judge("same"),
  y: () => judge("same"),
  x: () => judge("not_same"),
  m: () => judge("similar"),
  n: () => judge("unsure"),
  u: takeBack,
});
