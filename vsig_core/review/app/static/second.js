// A second opinion: one key, saved, and the next pair.

import { onButtons, onKeys, save, takeBackHere } from "./app.js";

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

onButtons(acts, judge, { undo: takeBackHere });
// The same keys as on the page of a pair: there N is unsure, and would be a judgement here.
onKeys({
  Enter: () => judge("same"),
  y: () => judge("same"),
  x: () => judge("not_same"),
  m: () => judge("similar"),
  n: () => judge("unsure"),
  u: takeBackHere,
});
