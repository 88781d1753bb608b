import type { Camera } from "./camera-projection.js";
import type { Canvas } from "./canvas.js";
import { drawBox } from "./draw-box.js";
import { drawEllipsoid } from "./draw-ellipsoid.js";
import { drawLine } from "./draw-line.js";
import { drawPillar } from "./draw-pillar.js";
import { mixColours, packColour } from "./packed-colour.js";
import type { SceneObject, Vector3 } from "./scene.js";

const OUTLINE_COLOUR = packColour([255, 236, 120]);

/** Draws an object of the scene without its shadow and label. */
export function drawObject(canvas: Canvas, camera: Camera, object: SceneObject): void {
  const { position, size, yawDegrees, highlighted } = object;
  const form = {
    centre: position,
    half: { x: size.x / 2, y: size.y / 2, z: size.z / 2 },
    yawDegrees,
    colour: highlighted ? mixColours(object.colour, [255, 246, 205], 0.3) : object.colour,
  };
  const pieces: [from: Vector3, to: Vector3][] = [];
  const outline = highlighted ? (from: Vector3, to: Vector3): number => pieces.push([from, to]) : undefined;
  if (object.shape === "ball") drawEllipsoid(canvas, camera, form, outline);
  else if (object.shape === "pillar") drawPillar(canvas, camera, form, outline);
  else drawBox(canvas, camera, form, outline);

  // After all faces, which would cover the inner half of lines drawn before them.
  // A ball bulges towards the eye over the inner half of the line around it, however small the ball is.
  const round = object.shape === "ball";
  const thickness = Math.max(1.5, canvas.height / 240) * (round ? 1.8 : 1);
  for (const [from, to] of pieces) drawLine(canvas, camera, from, to, thickness, OUTLINE_COLOUR, round ? 1 : 1.02);
}
