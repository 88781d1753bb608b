import { createCamera } from "./camera-projection.js";
import { openCanvas } from "./canvas.js";
import { cleanScene } from "./clean-scene.js";
import { drawCursor } from "./draw-cursor.js";
import { drawLabels, type Label } from "./draw-label.js";
import { drawObject } from "./draw-object.js";
import { drawOverlay } from "./draw-overlay.js";
import { drawPerson, PERSON_HEIGHT_METRES, PERSON_RADIUS_METRES } from "./draw-person.js";
import { drawRoom } from "./draw-room.js";
import { drawShadow } from "./draw-shadow.js";
import { drawTitle } from "./draw-title.js";
import { packColour } from "./packed-colour.js";
import type { Scene } from "./scene.js";
import { smoothEdges } from "./smooth-edges.js";

/** A picture to draw into. */
export interface Picture {
  /** Pixels per row, 1 to 8192. */
  readonly width: number;
  /** Rows, 1 to 8192. */
  readonly height: number;
  /** Red, green, blue and alpha of each pixel; row 0 at the top, no padding, so `width * height * 4` bytes. */
  readonly pixels: Uint8Array;
}

/** Gap between a thing and its label, in metres. */
const LABEL_GAP_METRES = 0.08;

/** What is where the room is not, for an eye outside it. */
const OUTSIDE = packColour([24, 27, 38]);

/**
 * Draws `scene` into `picture`, which is overwritten completely with alpha 255 throughout.
 *
 * The result depends on the scene and the size only. Takes a few nanoseconds per pixel on one thread. Throws a
 * `RangeError` when the length of the buffer does not fit the size.
 */
export function renderScene(scene: Scene, picture: Picture): void {
  const { width, height, pixels } = picture;
  if (!isSide(width) || !isSide(height)) throw new RangeError(`picture size ${width}x${height} is outside 1 to 8192`);
  if (pixels.length !== width * height * 4) {
    throw new RangeError(`a ${width}x${height} picture has ${width * height * 4} bytes, not ${pixels.length}`);
  }
  // A view of 32-bit numbers has to start at a multiple of four bytes. Few buffers do not, so they cost a copy.
  const aligned = pixels.byteOffset % 4 === 0;
  const colours = aligned
    ? new Uint32Array(pixels.buffer, pixels.byteOffset, width * height)
    : new Uint32Array(width * height);
  drawScene(cleanScene(scene), width, height, colours);
  if (!aligned) pixels.set(new Uint8Array(colours.buffer));
}

function isSide(value: number): boolean {
  return Number.isInteger(value) && value >= 1 && value <= 8192;
}

function drawScene(scene: Scene, width: number, height: number, colours: Uint32Array): void {
  const { room, objects, people } = scene;
  const camera = createCamera(scene.viewpoint, { width, height });
  const canvas = openCanvas(width, height, colours);
  colours.fill(OUTSIDE, 0, width * height);

  drawRoom(canvas, camera, room);
  for (const { position, size, yawDegrees, shape } of objects) {
    const clearance = position.y - size.y / 2;
    const square = shape === "box";
    drawShadow(canvas, camera, room, {
      centre: position,
      halfX: size.x / 2,
      halfZ: size.z / 2,
      yawDegrees,
      clearance,
      square,
    });
  }
  for (const { position, yawDegrees } of people) {
    drawShadow(canvas, camera, room, {
      centre: position,
      halfX: PERSON_RADIUS_METRES * 1.15,
      halfZ: PERSON_RADIUS_METRES * 1.15,
      yawDegrees,
      clearance: position.y,
      square: false,
    });
  }
  drawTitle(canvas, camera, room, scene.title);
  for (const object of objects) drawObject(canvas, camera, object);
  for (const person of people) drawPerson(canvas, camera, person);
  smoothEdges(canvas);

  drawLabels(canvas, camera, labelsOf(scene));
  if (scene.cursor) drawCursor(canvas, scene.cursor);
  drawOverlay(canvas, scene.overlay ?? []);
}

function labelsOf({ objects, people }: Scene): Label[] {
  const ofObjects = objects.map(({ name, position, size, colour, highlighted }) => ({
    text: name,
    position: { ...position, y: position.y + size.y / 2 + LABEL_GAP_METRES },
    reach: Math.hypot(size.x, size.z) / 2 + LABEL_GAP_METRES,
    accent: colour,
    highlighted,
  }));
  const ofPeople = people.map(({ name, position, colour }) => ({
    text: name,
    position: { ...position, y: position.y + PERSON_HEIGHT_METRES + LABEL_GAP_METRES },
    reach: PERSON_RADIUS_METRES + LABEL_GAP_METRES,
    accent: colour,
    highlighted: false,
  }));
  return [...ofObjects, ...ofPeople];
}
