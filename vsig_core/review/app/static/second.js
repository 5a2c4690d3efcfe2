// A second opinion: one key, saved, and the next pair.

import { onKeys, save } from "./app.js";

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

acts?.addEventListener("submit", (event) => event.preventDefault());
acts?.addEventListener("click", (event) => {
  const button = event.target.closest("[data-say]");
  if (button) judge(button.dataset.say);
});
onKeys({ y: () => judge("same"), m: () => judge("similar"), n: () => judge("not_same"), "?": () => judge("unsure") });
