// Frames on found works: the part that each shares with what was looked for. Asked for when a work
// comes into view, a few at a time, so that the page is there before anything is compared.

const AT_ONCE = 6;
const NEARLY_IN_VIEW = "200px";
const hits = document.getElementById("hits");
const note = document.getElementById("framed");
const waiting = [];
let asking = false;

const watcher = new IntersectionObserver((entries) => {
  for (const { isIntersecting, target } of entries) {
    if (!isIntersecting) continue;
    watcher.unobserve(target);
    waiting.push(target);
  }
  askOn();
}, { rootMargin: NEARLY_IN_VIEW });

async function askOn() {
  if (asking) return;
  asking = true;
  try {
    while (waiting.length) await ask(waiting.splice(0, AT_ONCE));
  } catch (error) {
    watcher.disconnect();
    note.textContent = `No frames are drawn: ${error.message}`;
  }
  asking = false;
}

async function ask(cards) {
  const target = new URL(hits.dataset.ask, location.href);
  for (const { dataset } of cards) target.searchParams.append("with", dataset.uid);
  const { boxes, error } = await told(target);
  if (!boxes) throw new Error(error);
  cards.forEach((card, place) => {
    card.dataset.framed = boxes[place] ? "yes" : "no";
    if (boxes[place]) draw(card, boxes[place]);
  });
}

async function told(target) {
  try {
    return await (await fetch(target, { headers: { Accept: "application/json" } })).json();
  } catch {
    return { error: "the server does not answer" };
  }
}

function draw(card, box) {
  const image = card.querySelector("img");
  const outline = document.createElement("span");
  outline.className = "part";
  image.after(outline);
  const put = () => {
    Object.assign(outline.style, {
      left: `${image.offsetLeft + box.x * image.offsetWidth}px`,
      top: `${image.offsetTop + box.y * image.offsetHeight}px`,
      width: `${box.w * image.offsetWidth}px`,
      height: `${box.h * image.offsetHeight}px`,
    });
  };
  new ResizeObserver(put).observe(image);
}

for (const card of hits?.children ?? []) watcher.observe(card);
