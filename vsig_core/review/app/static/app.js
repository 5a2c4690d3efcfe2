// What all pages share: saving acts so that none is lost, notices, keys.

const TOKEN = document.querySelector('meta[name="csrf"]').content;
const PERSON = document.getElementById("person")?.dataset.name ?? "";
// The browser keeps one store for all projects that were ever served at this address.
const OUTBOX = `vsig.outbox.${document.querySelector('meta[name="project"]').content}.`;
const EDITION = document.querySelector('meta[name="edition"]').content;
const NOTICE = "vsig.notice";
const NARROWEST = 8000; // ms between tries to save what could not be saved

// Answers that will not change by asking again: the act is refused, and leaves the outbox.
const REFUSED = new Set([400, 403, 404, 409, 413, 422]);

/** A fresh id of an act. Not randomUUID: labs serve plain http, where it is missing. */
export function newAct() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return "a-" + Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Send JSON; gives { status, body }. Throws where there is no answer. */
export async function send(path, body) {
  const answer = await fetch(path, {
    method: "POST",
    headers: { "Content-Type": "application/json", Accept: "application/json", "X-CSRF-Token": TOKEN },
    body: JSON.stringify(body),
  });
  const text = await answer.text();
  try {
    return { status: answer.status, body: JSON.parse(text) };
  } catch {
    return { status: answer.status, body: { error: text || answer.statusText } };
  }
}

/** What this person's wishes wait in: a key for each, so that no tab overwrites another's. */
function outbox() {
  try {
    return Object.keys(localStorage)
      .filter((key) => key.startsWith(OUTBOX))
      .map((key) => JSON.parse(localStorage.getItem(key)))
      .filter((entry) => entry?.person === PERSON)
      .sort((one, other) => one.since - other.since);
  } catch {
    return [];
  }
}

function keepInOutbox(wish) {
  try {
    localStorage.setItem(OUTBOX + wish.act, JSON.stringify({ person: PERSON, since: Date.now(), wish }));
  } catch {
    say("This browser keeps nothing: a judgement that cannot be saved at once would be lost.", "bad");
  }
}

function leaveOutbox(act) {
  try {
    localStorage.removeItem(OUTBOX + act);
  } catch {
    // nothing was kept
  }
}

/**
 * Save an act. It lies in the browser's own store from before it is sent until the server has
 * it on disk; its id makes a second sending harmless. Gives the answer, or null.
 */
export async function save(wish) {
  // Asked for once more while it waits to be saved, it is the same act.
  const waiting = outbox().find((entry) => alike(entry.wish, wish));
  if (waiting) return deliver(waiting.wish);
  const whole = { act: newAct(), edition: EDITION, ...wish };
  keepInOutbox(whole);
  return deliver(whole);
}

function alike(waiting, wish) {
  const bare = { act: null, edition: null };
  return JSON.stringify({ ...waiting, ...bare }) === JSON.stringify({ ...bare, ...wish });
}

async function deliver(wish) {
  let answer;
  try {
    answer = await send("/acts", wish);
  } catch {
    say("Not saved yet: the server does not answer. Your judgement is kept in this browser and tried again.", "bad", { stay: true });
    return null;
  }
  if (answer.status === 200) {
    leaveOutbox(wish.act);
    return answer.body;
  }
  const { error = "Not saved.", reload } = answer.body;
  const refused = REFUSED.has(answer.status) && !reload;
  if (refused) leaveOutbox(wish.act);
  say(reload ? `${error} Your judgement is kept in this browser, and saved then.` : error, "bad", { stay: !refused });
  return null;
}

async function emptyOutbox() {
  let saved = 0;
  for (const { wish } of outbox()) {
    if (await deliver(wish)) saved += 1;
    else break;
  }
  if (saved) say(`${saved} ${saved === 1 ? "judgement" : "judgements"} that waited in this browser ${saved === 1 ? "is" : "are"} saved now.`, "good", { replace: true });
}

/** Tell the person something. */
export function say(text, mood = "good", { stay = false, undo = null, replace = false } = {}) {
  const place = document.getElementById("notices");
  if (replace || stay) place.replaceChildren();
  const notice = document.createElement("p");
  notice.className = `notice ${mood}`;
  notice.textContent = text;
  if (undo) {
    const button = document.createElement("button");
    button.className = "quiet";
    button.textContent = "Undo";
    button.dataset.undo = undo;
    notice.append(" ", button);
  }
  place.append(notice);
  if (!stay) setTimeout(() => notice.remove(), mood === "bad" ? 15000 : 8000);
}

/** Tell the person something on the page that is opened next. */
export function sayThere(text, undo = null) {
  sessionStorage.setItem(NOTICE, JSON.stringify({ text, undo }));
}

/** A person's last act that can be undone, { act, cluster, said, images }; null, and said, without. */
export async function lastAct() {
  let acts;
  try {
    const answer = await fetch("/history.json", { headers: { Accept: "application/json" } });
    acts = (await answer.json()).acts;
  } catch {
    // what follows says so
  }
  if (acts?.length) return acts[0];
  if (acts) say("There is nothing of yours to undo.");
  else say("Your last judgement cannot be looked up: the server does not answer.", "bad");
  return null;
}

/** The page on which an act was made; null where it came in a file, or from a list. */
export function placeOf({ cluster, images: [a, b] }) {
  if (!cluster) return null;
  if (!cluster.startsWith("p-")) return `/cluster/${encodeURIComponent(cluster)}`;
  return b ? `/pair?${new URLSearchParams({ a, b })}` : null;
}

/** Take back an act; gives its id, or null where it could not be. */
export async function undo(act) {
  const saved = await save({ kind: "undo", target: act });
  if (saved) sayThere("Taken back.");
  return saved && act;
}

/** Take back the last act, and show the same page without it. */
export async function takeBackHere() {
  const last = await lastAct();
  if (last && (await undo(last.act))) location.reload();
}

/** Have a form's buttons judge, or take the step that they name. */
export function onButtons(form, judge, steps) {
  form?.addEventListener("submit", (event) => event.preventDefault());
  form?.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (button?.dataset.kind) judge(button.dataset.kind, button.dataset.others);
    if (button?.dataset.step) steps[button.dataset.step]();
  });
}

/** Run what belongs to a key, unless the person is writing or a dialog is open. */
export function onKeys(keys) {
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    const inside = event.target;
    if (inside.matches('input:not([type="checkbox"]), textarea, select') || document.querySelector("dialog[open]")) return;
    const name = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    const run = keys[(event.shiftKey && event.key !== "?" ? "Shift+" : "") + name];
    const presses = event.key === "Enter" || event.key === " ";
    if (!run || (presses && inside.matches("a, button, summary"))) return;
    event.preventDefault();
    // A key held down would judge what comes after, unseen.
    if (!event.repeat || event.key.startsWith("Arrow")) run(event);
  });
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest("button[data-undo]");
  if (!button) return;
  button.disabled = true;
  if (await undo(button.dataset.undo)) location.reload();
  else button.disabled = false;
});

/** A picture that cannot be had says so: it is not left blank. */
function missing(image) {
  image.classList.add("missing");
  image.alt ||= "No picture just now";
}

document.addEventListener("error", ({ target }) => target instanceof HTMLImageElement && missing(target), true);
for (const image of document.images) {
  if (image.complete && image.currentSrc && !image.naturalWidth) missing(image);
}

const told = sessionStorage.getItem(NOTICE);
if (told) {
  sessionStorage.removeItem(NOTICE);
  const { text, undo: act } = JSON.parse(told);
  say(text, "good", { undo: act });
}
if (PERSON) {
  emptyOutbox();
  setInterval(() => outbox().length && emptyOutbox(), NARROWEST);
}
