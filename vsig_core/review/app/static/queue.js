// The queue: filters apply at once, Enter opens the first group that nobody judged yet.

import { onKeys } from "./app.js";

const wishes = document.querySelector(".wishes");
wishes?.classList.add("live");
wishes?.addEventListener("change", () => wishes.requestSubmit());
for (const bar of document.querySelectorAll("[data-share]")) bar.style.width = `${bar.dataset.share}%`;

const links = [...document.querySelectorAll(".wall a")];
const step = (by) => {
  const here = links.indexOf(document.activeElement);
  links[Math.max(0, Math.min(links.length - 1, here + by))]?.focus();
};
onKeys({
  ArrowRight: () => step(1),
  ArrowLeft: () => step(-1),
  Enter: () => document.querySelector(".wall li:not(.done) a")?.click(),
});
