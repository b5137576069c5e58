/** Points on a canvas that can be magnified and moved, and among which some can be encircled. */

import { element } from "../dom";

export interface Point {
  x: number;
  y: number;
  colour: string;
  /** Whether it is drawn as one that matters now. */
  isMarked: boolean;
  /** Whether it is neither drawn nor found. */
  isHidden: boolean;
}

type Place = [number, number];

const RADIUS_PX = 4.5;
const MARKED_PX = 7;
const NEAR_PX = 12;
const MARGIN_PX = 28;
const CLICK_PX = 4;
const MOST_MAGNIFIED = 60;

export class Scatter {
  readonly root: HTMLCanvasElement;
  /** Called with the point under the pointer, -1 for none, and where on the canvas it is. */
  onHover: (point: number, x: number, y: number) => void = () => {};
  onClick: (point: number) => void = () => {};
  onEncircle: (points: number[]) => void = () => {};
  private points: Point[] = [];
  private query: Place | null = null;
  private zoom = 1;
  private shift: Place = [0, 0];
  private lasso: Place[] = [];
  private extent = extentOf([]);
  private readonly resized = new ResizeObserver(() => this.draw());

  constructor(label: string) {
    this.root = element("canvas", { class: "scatter", role: "img", "aria-label": label });
    this.root.addEventListener("pointerdown", (event) => this.press(event));
    this.root.addEventListener("pointermove", (event) => {
      if (!event.buttons) this.onHover(this.near(event), event.offsetX, event.offsetY);
    });
    this.root.addEventListener("pointerleave", () => this.onHover(-1, 0, 0));
    this.root.addEventListener("wheel", (event) => this.magnify(event), { passive: false });
    this.resized.observe(this.root);
  }

  show(points: Point[], query: Place | null): void {
    this.points = points;
    this.query = query;
    this.extent = extentOf(points);
    this.draw();
  }

  /** Shows all points again, as at first. */
  reset(): void {
    this.zoom = 1;
    this.shift = [0, 0];
    this.draw();
  }

  dispose(): void {
    this.resized.disconnect();
  }

  draw(): void {
    const { clientWidth: width, clientHeight: height } = this.root;
    const pen = this.root.getContext("2d");
    if (!pen || !width) return;
    const ratio = Math.min(devicePixelRatio, 2);
    this.root.width = width * ratio;
    this.root.height = height * ratio;
    pen.scale(ratio, ratio);
    const style = getComputedStyle(this.root);
    for (const isMarked of [false, true])
      for (const point of this.points) {
        if (point.isMarked !== isMarked || point.isHidden) continue;
        const [x, y] = this.onCanvas([point.x, point.y]);
        disc(pen, x, y, isMarked ? MARKED_PX : RADIUS_PX, point.colour, isMarked ? style.color : null);
      }
    if (this.query) {
      const [x, y] = this.onCanvas(this.query);
      disc(pen, x, y, MARKED_PX, style.accentColor, style.color);
      pen.fillStyle = style.color;
      pen.font = `600 13px ${style.fontFamily}`;
      pen.strokeStyle = style.backgroundColor;
      pen.lineWidth = 4;
      pen.strokeText("Query", x + MARKED_PX + 4, y + 4);
      pen.fillText("Query", x + MARKED_PX + 4, y + 4);
    }
    if (this.lasso.length) {
      pen.strokeStyle = style.color;
      pen.setLineDash([5, 4]);
      pen.beginPath();
      for (const [x, y] of this.lasso) pen.lineTo(x, y);
      pen.closePath();
      pen.stroke();
    }
  }

  /** Where a place of the map is on the canvas. The two directions have scales of their own, so that it is filled. */
  onCanvas(place: Place): Place {
    const sizes = [this.root.clientWidth, this.root.clientHeight];
    const { low, high } = this.extent;
    const [x, y] = [0, 1].map((axis) => {
      const scale = (this.zoom * (sizes[axis] - 2 * MARGIN_PX)) / Math.max(high[axis] - low[axis], 1e-6);
      return (place[axis] - (low[axis] + high[axis]) / 2) * scale;
    });
    return [sizes[0] / 2 + x + this.shift[0], sizes[1] / 2 - y + this.shift[1]];
  }

  private near(event: PointerEvent): number {
    let [found, least] = [-1, NEAR_PX];
    this.points.forEach((point, at) => {
      const [x, y] = this.onCanvas([point.x, point.y]);
      const distance = Math.hypot(x - event.offsetX, y - event.offsetY);
      if (distance < least && !point.isHidden) [found, least] = [at, distance];
    });
    return found;
  }

  /** Moves the map, or with the shift key encircles points; a press without a move is a click. */
  private press(event: PointerEvent): void {
    const pressed = this.near(event);
    const from: Place = [event.clientX, event.clientY];
    const shift = this.shift;
    const encircles = event.shiftKey;
    this.lasso = encircles ? [[event.offsetX, event.offsetY]] : [];
    this.root.setPointerCapture(event.pointerId);
    this.onHover(-1, 0, 0);
    let far = 0;
    const move = (moved: PointerEvent) => {
      const [x, y] = [moved.clientX - from[0], moved.clientY - from[1]];
      far = Math.max(far, Math.hypot(x, y));
      if (encircles) this.lasso.push([moved.offsetX, moved.offsetY]);
      else this.shift = [shift[0] + x, shift[1] + y];
      this.draw();
    };
    const stop = () => {
      this.root.removeEventListener("pointermove", move);
      this.root.removeEventListener("pointerup", stop);
      this.root.removeEventListener("pointercancel", stop);
      const inside = encircles ? this.encircled() : [];
      this.lasso = [];
      this.draw();
      if (inside.length) this.onEncircle(inside);
      else if (far < CLICK_PX && pressed >= 0) this.onClick(pressed);
    };
    this.root.addEventListener("pointermove", move);
    this.root.addEventListener("pointerup", stop);
    this.root.addEventListener("pointercancel", stop);
  }

  private encircled(): number[] {
    return this.points.flatMap(({ x, y, isHidden }, at) =>
      !isHidden && isInside(this.onCanvas([x, y]), this.lasso) ? [at] : [],
    );
  }

  private magnify(event: WheelEvent): void {
    event.preventDefault();
    const zoom = Math.min(Math.max(this.zoom * Math.exp(-event.deltaY / 400), 1), MOST_MAGNIFIED);
    const grown = zoom / this.zoom;
    const here: Place = [event.offsetX - this.root.clientWidth / 2, event.offsetY - this.root.clientHeight / 2];
    this.shift = [here[0] - grown * (here[0] - this.shift[0]), here[1] - grown * (here[1] - this.shift[1])];
    this.zoom = zoom;
    this.draw();
  }
}

function extentOf(points: Point[]): { low: Place; high: Place } {
  const low: Place = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  const high: Place = [Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const { x, y } of points)
    [x, y].forEach((value, axis) => {
      low[axis] = Math.min(low[axis], value);
      high[axis] = Math.max(high[axis], value);
    });
  return { low, high };
}

function disc(pen: CanvasRenderingContext2D, x: number, y: number, radius: number, fill: string, rim: string | null) {
  pen.beginPath();
  pen.arc(x, y, radius, 0, 2 * Math.PI);
  pen.fillStyle = fill;
  pen.fill();
  if (!rim) return;
  pen.strokeStyle = rim;
  pen.lineWidth = 2;
  pen.stroke();
}

/** Whether a place is inside a polygon: a ray from it crosses the edge an odd number of times. */
function isInside([x, y]: Place, edge: Place[]): boolean {
  let inside = false;
  edge.forEach(([x1, y1], at) => {
    const [x2, y2] = edge[(at + 1) % edge.length];
    if (y1 > y !== y2 > y && x < x1 + ((y - y1) / (y2 - y1)) * (x2 - x1)) inside = !inside;
  });
  return inside;
}
