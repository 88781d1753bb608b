import type { Camera } from "./camera-projection.js";
import type { Canvas } from "./canvas.js";
import { drawEllipsoid } from "./draw-ellipsoid.js";
import { drawPillar } from "./draw-pillar.js";
import { turn } from "./numbers.js";
import { mixColours } from "./packed-colour.js";
import type { Colour, ScenePerson, Vector3 } from "./scene.js";
import { toRoom } from "./vector3.js";

/** Height of a person in metres. */
export const PERSON_HEIGHT_METRES = 1.72;

/** Half the width of a person in metres. */
export const PERSON_RADIUS_METRES = 0.22;

const SKIN: Colour = [242, 214, 190];
const EYE: Colour = [34, 36, 48];

/** Draws a person without shadow and label: a body with a rounded top, and a head whose eyes and nose show its heading. */
export function drawPerson(canvas: Canvas, camera: Camera, person: ScenePerson): void {
  const { position, yawDegrees, colour } = person;
  const yaw = turn(yawDegrees);
  const at = (x: number, y: number, z: number): Vector3 => {
    const offset = toRoom({ x, y, z }, yaw);
    return { x: position.x + offset.x, y: position.y + offset.y, z: position.z + offset.z };
  };
  const ball = (centre: Vector3, x: number, y: number, z: number, tint: Colour): void =>
    drawEllipsoid(canvas, camera, { centre, half: { x, y, z }, yawDegrees, colour: tint });

  const radius = PERSON_RADIUS_METRES;
  const shoulders = 1.18;
  const taper = 0.86;
  const centre = at(0, shoulders / 2, 0);
  const half = { x: radius, y: shoulders / 2, z: radius * 0.8 };
  drawPillar(canvas, camera, { centre, half, yawDegrees, colour, taper });
  ball(at(0, shoulders, 0), half.x * taper, 0.16, half.z * taper, colour);
  const head = { radius: 0.18, y: PERSON_HEIGHT_METRES - 0.18 };
  ball(at(0, head.y, 0), head.radius, head.radius, head.radius, mixColours(colour, SKIN, 0.82));
  for (const side of [-1, 1]) ball(at(side * 0.07, head.y + 0.035, 0.152), 0.028, 0.04, 0.026, EYE);
  ball(at(0, head.y - 0.03, 0.185), 0.026, 0.026, 0.05, mixColours(colour, SKIN, 0.45));
}
