// Where the eye is: the middle of the view in cells, and how many CSS pixels a cell takes.

const CLOSEST = 320;

export class Camera {
  constructor(columns, rows) {
    this.columns = columns;
    this.rows = rows;
    this.width = 1;
    this.height = 1;
    this.x = columns / 2;
    this.y = rows / 2;
    this.zoom = 1;
    this.whole = true;
  }

  /** Cells that fit: the zoom at which the whole map is seen. */
  get fit() {
    const margin = 24;
    const width = Math.max(this.width - 2 * margin, 40);
    const height = Math.max(this.height - 2 * margin, 40);
    return Math.min(width / this.columns, height / this.rows, CLOSEST / 2);
  }

  resize(width, height) {
    const relative = this.zoom / this.fit;
    this.width = width;
    this.height = height;
    this.zoom = this.whole ? this.fit : this.#allowed(relative * this.fit);
    if (this.whole) this.showAll();
  }

  showAll() {
    this.x = this.columns / 2;
    this.y = this.rows / 2;
    this.zoom = this.fit;
    this.whole = true;
  }

  #allowed(zoom) {
    return Math.min(Math.max(zoom, this.fit * 0.7), CLOSEST);
  }

  panBy(dx, dy) {
    this.x = clamp(this.x - dx / this.zoom, 0, this.columns);
    this.y = clamp(this.y - dy / this.zoom, 0, this.rows);
    this.whole = false;
  }

  /** Zoom by a factor; the point under (px, py) of the screen stays where it is. */
  zoomBy(factor, px = this.width / 2, py = this.height / 2) {
    const [x, y] = this.toMap(px, py);
    this.zoom = this.#allowed(this.zoom * factor);
    this.x = clamp(x - (px - this.width / 2) / this.zoom, 0, this.columns);
    this.y = clamp(y - (py - this.height / 2) / this.zoom, 0, this.rows);
    this.whole = false;
  }

  /** Show a rectangle of cells. */
  showBox(left, top, right, bottom) {
    this.x = (left + right) / 2;
    this.y = (top + bottom) / 2;
    const zoom = Math.min(this.width / (right - left + 2), this.height / (bottom - top + 2));
    this.zoom = this.#allowed(Math.min(zoom, CLOSEST / 2));
    this.whole = false;
  }

  toMap(px, py) {
    return [
      this.x + (px - this.width / 2) / this.zoom,
      this.y + (py - this.height / 2) / this.zoom,
    ];
  }

  toScreen(x, y) {
    return [
      (x - this.x) * this.zoom + this.width / 2,
      (y - this.y) * this.zoom + this.height / 2,
    ];
  }

  /** The rectangle of cells that is seen. */
  seen() {
    return [...this.toMap(0, 0), ...this.toMap(this.width, this.height)];
  }

  copyFrom(other) {
    this.x = other.x;
    this.y = other.y;
    this.zoom = other.zoom;
    this.whole = other.whole;
  }
}

export function clamp(value, low, high) {
  return Math.min(Math.max(value, low), high);
}
