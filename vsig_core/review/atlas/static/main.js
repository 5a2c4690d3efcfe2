// Ask for the map until it is there, then show it; what is wrong is said in words.

import { count } from "./legend.js";
import { MapError, readManifest, readPack } from "./pack.js";
import { PictureMap } from "./picture-map.js";
import { readView } from "./view.js";

const ASK_AGAIN = 400; // milliseconds
const HEADINGS = {
  packing: "The map is being drawn",
  empty: "There is no map yet",
  failed: "The map cannot be shown",
};
const message = document.getElementById("message");

function say(heading, words, progress) {
  const title = document.createElement("h2");
  title.textContent = heading;
  const text = document.createElement("p");
  text.textContent = words;
  message.replaceChildren(title, text);
  if (progress) {
    const bar = document.createElement("progress");
    bar.max = progress.total || 1;
    bar.value = progress.done;
    bar.ariaLabel = heading;
    message.append(bar);
  }
  message.hidden = false;
}

async function ready() {
  for (;;) {
    const manifest = await readManifest();
    showApp(manifest);
    if (manifest.state === "ready") return manifest;
    if (manifest.state !== "packing") {
      say(HEADINGS[manifest.state], manifest.words);
      return null;
    }
    say(HEADINGS.packing, "It is done once after every run; the next time it is there at once.", manifest);
    await new Promise((done) => setTimeout(done, ASK_AGAIN));
  }
}

/** The head of the app, where the map is part of one. */
function showApp({ pages, project, person }) {
  const anchors = pages.map(([title, address]) => {
    const anchor = document.createElement("a");
    anchor.textContent = title;
    anchor.href = address;
    if (anchor.href === new URL(".", location.href).href) anchor.ariaCurrent = "page";
    return anchor;
  });
  document.getElementById("pages").replaceChildren(...anchors);
  document.getElementById("project").textContent = project ?? "";
  document.getElementById("person").textContent = person ?? "";
  document.getElementById("app").hidden = !anchors.length;
}

function showCounts({ n, told, drawn, leftOut, colourings }) {
  const words = [`${count(n)} pictures`, `${count(colourings[0].entries.length)} clusters`];
  if (told < n) words.push(`${count(n - told)} not published`);
  if (drawn < told) words.push(`${count(told - drawn)} without a thumbnail`);
  if (leftOut) words.push(`${count(leftOut)} not placed yet`);
  document.getElementById("counts").textContent = words.join(" · ");
}

async function start() {
  const manifest = await ready();
  if (!manifest) return;
  const pack = await readPack(manifest, readView(location.hash).colour);
  showCounts(manifest);
  message.hidden = true;
  new PictureMap(pack);
}

start().catch((error) => {
  if (!(error instanceof MapError)) console.error(error);
  say(HEADINGS.failed, error instanceof MapError ? error.message : `${error.message}. Reload to try again.`);
});
