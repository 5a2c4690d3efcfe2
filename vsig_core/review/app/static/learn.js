// Follows a training: the page is opened anew when it is over.

const place = document.getElementById("progress");
const words = place.querySelector("[data-words]");
const list = place.querySelector(".steps");
const EVERY = 4000; // ms

async function look() {
  let told;
  try {
    const answer = await fetch("/learn/progress", { headers: { Accept: "application/json" } });
    if (!answer.ok) return;
    told = await answer.json();
  } catch {
    return; // the next look may be answered
  }
  const before = place.dataset.state;
  place.dataset.state = told.state;
  words.textContent = told.words;
  list.hidden = told.state === "idle";
  for (const button of document.querySelectorAll(".learn button")) button.disabled = ["waiting", "running"].includes(told.state);
  for (const item of list.children) item.className = told.steps[item.dataset.step] ?? "";
  if (told.state === "idle" && before !== "idle") location.reload();
}

look();
setInterval(look, EVERY);
