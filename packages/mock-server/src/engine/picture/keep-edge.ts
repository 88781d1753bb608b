import { type Camera, NEAR_METRES, worldToCamera } from "./camera-projection.js";
import type { Canvas } from "./canvas.js";
import type { Vector3 } from "./scene.js";

/** Hands the line between two points, in metres, to the list of edges to smooth; one cut by the near plane is left out. */
export function keepEdge(canvas: Canvas, camera: Camera, from: Vector3, to: Vector3): void {
  const a = worldToCamera(camera, from);
  const b = worldToCamera(camera, to);
  if (a.z < NEAR_METRES || b.z < NEAR_METRES) return;
  const { centreX, centreY, focal } = camera;
  canvas.edges.add(
    centreX + (focal * a.x) / a.z,
    centreY - (focal * a.y) / a.z,
    1 / a.z,
    centreX + (focal * b.x) / b.z,
    centreY - (focal * b.y) / b.z,
    1 / b.z,
  );
}
