// Tells that a group is open here, and whether it is open elsewhere.

const TOKEN = document.querySelector('meta[name="csrf"]').content;
const place = document.querySelector("[data-here]");
const EVERY = 15000; // ms; the server forgets after three that stay out

function tell(left) {
  return fetch("/here", {
    method: "POST",
    keepalive: true,
    headers: { "Content-Type": "application/json", Accept: "application/json", "X-CSRF-Token": TOKEN },
    body: JSON.stringify({ group: place.dataset.here, left }),
  });
}

async function look() {
  try {
    const answer = await tell(false);
    if (!answer.ok) return;
    const { also } = await answer.json();
    place.hidden = !also.length;
    place.textContent = also.length ? `Also open: ${also.join(", ")}` : "";
  } catch {
    // the next telling may be answered
  }
}

if (place) {
  look();
  setInterval(look, EVERY);
  // Where this does not arrive, the server forgets by itself that the group is open here.
  addEventListener("pagehide", () => tell(true).catch(() => {}));
}
