// What is seen, as the address says it: the same address shows the same view.

/** Places on the map are shares of its width and height, z is 1 where the whole map fits. */
export function writeView({ camera, colour, lit, dots, lasso, picture }) {
  const words = new URLSearchParams();
  if (!camera.whole) {
    words.set("x", (camera.x / camera.columns).toFixed(5));
    words.set("y", (camera.y / camera.rows).toFixed(5));
    words.set("z", Number((camera.zoom / camera.fit).toPrecision(5)));
  }
  words.set("colour", colour);
  for (const label of lit) words.append("lit", label);
  if (dots) words.set("show", "points");
  if (lasso) words.set("lasso", lasso.map(([x, y]) => `${x},${y}`).join(";"));
  if (picture) words.set("picture", picture);
  return `#${words}`;
}

/** What an address says; what it does not say, or says wrongly, is as at the beginning. */
export function readView(hash) {
  const words = new URLSearchParams(hash.replace(/^#/, ""));
  const [x, y, z] = ["x", "y", "z"].map((name) => Number.parseFloat(words.get(name) ?? ""));
  return {
    place: [x, y, z].every(Number.isFinite) && z > 0 ? { x, y, z } : null,
    colour: words.get("colour"),
    lit: words.getAll("lit"),
    dots: words.get("show") === "points",
    lasso: readLasso(words.get("lasso")),
    picture: words.get("picture"),
  };
}

function readLasso(text) {
  const corners = (text ?? "").split(";").map((pair) => pair.split(",").map(Number.parseFloat));
  const whole = corners.every((corner) => corner.length === 2 && corner.every(Number.isFinite));
  return whole && corners.length >= 3 ? corners : null;
}

export function applyPlace(camera, place) {
  if (!place) {
    camera.showAll();
    return;
  }
  camera.whole = false;
  camera.x = 0;
  camera.y = 0;
  camera.zoom = camera.fit;
  camera.zoomBy(place.z);
  camera.x = Math.min(Math.max(place.x, 0), 1) * camera.columns;
  camera.y = Math.min(Math.max(place.y, 0), 1) * camera.rows;
}
