import { GLYPH_HEIGHT, shorten, textColumns } from "./bitmap-font.js";
import { type Camera, NEAR_METRES, worldToScreen } from "./camera-projection.js";
import type { Canvas } from "./canvas.js";
import { drawPlate, drawText, type ScreenBox } from "./draw-text.js";
import { mixColours, packColour } from "./packed-colour.js";
import type { Colour, Vector3 } from "./scene.js";

/** A name that floats in the room and always faces the eye. */
export interface Label {
  readonly text: string;
  /** Middle of the label's lower edge, in metres. */
  readonly position: Vector3;
  /** How far the named thing reaches towards the eye, in metres: its own near side does not hide its label. */
  readonly reach: number;
  /** Colour of the line under the name. */
  readonly accent: Colour;
  readonly highlighted: boolean;
}

/** Size of a cell of the font, in metres. */
const CELL_METRES = 0.018;

const PLATE = packColour([18, 20, 28]);
const TEXT = packColour([250, 250, 246]);
const HIGHLIGHTED_TEXT = packColour([255, 236, 120]);

/** How far a label gives way, in its own heights; one that would have to go farther stays where it belongs. */
const MOST_RAISED = 2.5;

/** A label's place in the picture, in pixels. */
interface PlacedLabel extends ScreenBox {
  readonly label: Label;
  /** Size of a cell of the font. */
  readonly scale: number;
  /** Inverse depth in 1/m. */
  readonly w: number;
}

/**
 * Draws labels where nothing nearer covers them. Those whose middle is covered are left out, as the rest of a name says
 * nothing, and where two would overlap the farther one is raised above the nearer one.
 */
export function drawLabels(canvas: Canvas, camera: Camera, labels: readonly Label[]): void {
  const nearestFirst = labels.flatMap((label) => place(canvas, camera, label) ?? []).sort((a, b) => b.w - a.w);
  const placed: PlacedLabel[] = [];
  for (const label of nearestFirst) placed.push(raise(label, placed));
  // The farthest first: labels are translucent, and where two overlap after all the nearer one must come last.
  for (const label of placed.toReversed()) drawLabel(canvas, label);
}

/** Where a label belongs; `undefined` when it is empty, covered or outside the picture. */
function place(canvas: Canvas, camera: Camera, label: Label): PlacedLabel | undefined {
  const point = worldToScreen(camera, label.position);
  if (!point || label.text === "") return undefined;
  // Names stay legible from afar, and do not fill the picture from close by.
  const natural = (camera.focal * CELL_METRES) / point.depth;
  const scale = Math.min(Math.max(natural, Math.min(1, canvas.height / 500)), Math.max(1, canvas.height / 120));
  const text = shorten(label.text, 40);
  const width = (textColumns(text) + 6) * scale;
  const height = (GLYPH_HEIGHT + 5) * scale;
  const left = point.x - width / 2;
  const top = point.y - height;
  if (left > canvas.width || top > canvas.height || left + width < 0 || point.y < 0) return undefined;
  const w = 1 / Math.max(NEAR_METRES, point.depth - label.reach);
  if (isCovered(canvas, Math.floor(point.x), Math.floor(top + height / 2), w)) return undefined;
  return { label: { ...label, text }, left, top, width, height, scale, w };
}

function isCovered({ width, height, depths }: Canvas, column: number, row: number, w: number): boolean {
  return column >= 0 && column < width && row >= 0 && row < height && depths[row * width + column] > w;
}

/** Ends because a label gets strictly above each label that it meets and so meets it only once. */
function raise(label: PlacedLabel, placed: readonly PlacedLabel[]): PlacedLabel {
  const { height } = label;
  let top = label.top;
  for (let below = overlapped(label, top, placed); below; below = overlapped(label, top, placed)) {
    top = below.top - height - label.scale;
  }
  return label.top - top <= MOST_RAISED * height ? { ...label, top } : label;
}

function overlapped(label: ScreenBox, top: number, placed: readonly PlacedLabel[]): PlacedLabel | undefined {
  const { left, width, height } = label;
  return placed.find(
    (other) =>
      left < other.left + other.width &&
      other.left < left + width &&
      top < other.top + other.height &&
      other.top < top + height,
  );
}

function drawLabel(canvas: Canvas, { label, left, top, width, height, scale, w }: PlacedLabel): void {
  drawPlate(canvas, { left, top, width, height }, 2.5 * scale, PLATE, 168, w);
  const line = { left: left + 3 * scale, top: top + height - 2.2 * scale, width: width - 6 * scale, height: scale };
  drawPlate(canvas, line, 0, packColour(mixColours(label.accent, [255, 255, 255], 0.25)), 256, w);
  const colour = label.highlighted ? HIGHLIGHTED_TEXT : TEXT;
  drawText(canvas, label.text, left + 3 * scale, top + 2 * scale, scale, colour, w);
}
