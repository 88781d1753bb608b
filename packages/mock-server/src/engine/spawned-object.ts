import { type PlaceObject, placeObject } from "../scenarios/parts/place.js";
import type { AvatarState } from "./avatar.js";
import type { InventoryRecord } from "./inventory-records.js";
import type { Vector3 } from "./picture/scene.js";
import type { WorldState } from "./world-state.js";

const distanceMetres = 1.5;

/** What a saved object looks like, standing in the middle of the floor: a box unless the scenario says otherwise. */
export function objectOf({ name, object }: Pick<InventoryRecord, "name" | "object">): PlaceObject {
  const parsed = placeObject.parse({ name, position: { x: 0, y: 0, z: 0 }, ...object });
  return { ...parsed, position: { x: 0, y: parsed.size.y / 2, z: 0 } };
}

/** Puts an object 1.5 m in front of the avatar, turned with it, standing on the floor and not through a wall. */
export function placeBefore(
  { position, yawDegrees }: Pick<AvatarState, "position" | "yawDegrees">,
  room: WorldState["room"],
  object: PlaceObject,
): PlaceObject {
  const heading = (yawDegrees * Math.PI) / 180;
  const turned = object.yawDegrees + yawDegrees;
  const extent = groundExtent(object.size, turned);
  return {
    ...object,
    yawDegrees: turned,
    position: {
      x: within(position.x + Math.sin(heading) * distanceMetres, (room.width - extent.x) / 2),
      y: object.size.y / 2,
      z: within(position.z + Math.cos(heading) * distanceMetres, (room.depth - extent.z) / 2),
    },
  };
}

/** How much of X and Z a box covers when it is turned. */
function groundExtent(size: Vector3, yawDegrees: number): { readonly x: number; readonly z: number } {
  const yaw = (yawDegrees * Math.PI) / 180;
  const sin = Math.abs(Math.sin(yaw));
  const cos = Math.abs(Math.cos(yaw));
  return { x: size.x * cos + size.z * sin, z: size.x * sin + size.z * cos };
}

/** What is larger than the room stands in its middle. */
function within(value: number, reach: number): number {
  return reach <= 0 ? 0 : Math.min(reach, Math.max(-reach, value));
}
