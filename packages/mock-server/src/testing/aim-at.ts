import { createCamera, worldToScreen } from "../engine/picture/camera-projection.js";
import type { Vector3 } from "../engine/picture/scene.js";
import type { OpenMod } from "./open-mod.js";
import { setCursor } from "./set-cursor.js";

/** Holds the cursor over the socket where a point of the room, in metres, is in the window. 50 ms pass. */
export async function aimAt(test: OpenMod, point: Vector3): Promise<void> {
  const { avatar, display } = test.engine;
  const at = worldToScreen(createCamera(avatar.viewpoint, display), point);
  if (at === undefined) throw new Error("the point is behind the user");
  await setCursor(test, at.x / display.width, at.y / display.height);
}
