// Settling: a new act by a person who may decide; it shows when it is on disk.

import { save, sayThere } from "./app.js";

document.querySelector(".sheet").addEventListener("click", async (event) => {
  const button = event.target.closest("button[data-outcome]");
  if (!button) return;
  const dispute = button.closest("[data-conflict]");
  const all = dispute.querySelectorAll("button[data-outcome]");
  all.forEach((other) => (other.disabled = true));
  const saved = await save({ kind: "settle", target: dispute.dataset.conflict, note: button.dataset.outcome });
  if (!saved) return all.forEach((other) => (other.disabled = false));
  sayThere(`Saved: ${button.textContent.trim().toLowerCase()}.`, saved.act);
  location.reload();
});
