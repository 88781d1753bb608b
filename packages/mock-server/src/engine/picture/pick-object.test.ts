import { describe, expect, it } from "vitest";
import { createCamera, worldToScreen } from "./camera-projection.js";
import { pickObject } from "./pick-object.js";
import type { Scene, SceneObject, Vector3 } from "./scene.js";

const picture = { width: 1280, height: 720 };

const object: SceneObject = {
  name: "thing",
  shape: "box",
  position: { x: 1.4, y: 1.1, z: 3.2 },
  size: { x: 0.6, y: 0.8, z: 0.6 },
  yawDegrees: 30,
  colour: [200, 40, 40],
  highlighted: false,
};

function sceneOf(...objects: readonly SceneObject[]): Scene {
  return {
    title: "",
    room: { width: 12, depth: 12, height: 4, floor: [180, 170, 150], walls: [220, 220, 220] },
    viewpoint: { position: { x: -0.5, y: 1.6, z: -2 }, yawDegrees: 14, pitchDegrees: -6 },
    objects,
    people: [],
    cursor: undefined,
  };
}

/** The cursor over a point of the room, in fractions of the picture. */
function over(scene: Scene, point: Vector3): { readonly x: number; readonly y: number } {
  const seen = worldToScreen(createCamera(scene.viewpoint, picture), point);
  if (!seen) throw new Error("the point is behind the eye");
  return { x: seen.x / picture.width, y: seen.y / picture.height };
}

describe("pickObject", () => {
  it.each(["box", "ball", "pillar"] as const)("returns the %s under the cursor, and nothing beside it", (shape) => {
    const target = { ...object, shape };
    const scene = sceneOf(target);
    const cursor = over(scene, target.position);
    expect(pickObject(scene, picture, cursor, 0)?.object).toBe(target);
    expect(pickObject(scene, picture, { x: cursor.x + 0.15, y: cursor.y }, 0)).toBeUndefined();
    expect(pickObject(scene, picture, { x: cursor.x, y: cursor.y - 0.25 }, 0)).toBeUndefined();
  });

  it("measures the distance from the eye to the surface", () => {
    const ball = { ...object, shape: "ball" as const, size: { x: 1, y: 1, z: 1 } };
    const scene = sceneOf(ball);
    const { position } = scene.viewpoint;
    const toCentre = Math.hypot(1.4 - position.x, 1.1 - position.y, 3.2 - position.z);
    expect(pickObject(scene, picture, over(scene, ball.position), 0)?.distance).toBeCloseTo(toCentre - 0.5, 6);
    expect(pickObject(scene, picture, over(scene, ball.position), 0.2)?.distance).toBeCloseTo(toCentre - 0.7, 6);
  });

  it.each(["box", "ball", "pillar"] as const)("counts a %s as larger by the radius", (shape) => {
    const scene = sceneOf({ ...object, shape });
    const cursor = over(scene, { ...object.position, y: object.position.y + 0.75 });
    expect(pickObject(scene, picture, cursor, 0)).toBeUndefined();
    expect(pickObject(scene, picture, cursor, 0.5)?.object.name).toBe("thing");
  });

  it("returns the nearer of two objects, in either order", () => {
    const near = { ...object, name: "near", position: { x: -0.5, y: 1.6, z: 0 } };
    const far = { ...object, name: "far", position: { x: -0.5, y: 1.6, z: 4 } };
    for (const scene of [sceneOf(near, far), sceneOf(far, near)]) {
      expect(pickObject(scene, picture, over(scene, near.position), 0.05)?.object.name).toBe("near");
    }
  });

  it("does not reach through a wall", () => {
    const scene = sceneOf({ ...object, position: { x: 0, y: 1.6, z: 9 } });
    expect(pickObject(scene, picture, over(scene, { x: 0, y: 1.6, z: 9 }), 0)).toBeUndefined();
  });

  it("looks into the room from outside, as the picture does", () => {
    const scene = sceneOf(object);
    const outside = { ...scene, viewpoint: { ...scene.viewpoint, position: { x: 0, y: 1.6, z: -15 }, yawDegrees: 0 } };
    expect(pickObject(outside, picture, over(outside, object.position), 0)?.object.name).toBe("thing");
  });

  it("does not return an object around the eye or behind it", () => {
    const { position } = sceneOf().viewpoint;
    const around = sceneOf({ ...object, position });
    expect(pickObject(around, picture, { x: 0.5, y: 0.5 }, 0.1)).toBeUndefined();
    const behind = sceneOf({ ...object, position: { ...position, z: position.z - 1.5 } });
    expect(pickObject(behind, picture, { x: 0.5, y: 0.5 }, 0.1)).toBeUndefined();
  });

  it("goes by the object itself when the eye is within the radius of it", () => {
    const { position } = sceneOf().viewpoint;
    const scene = sceneOf({ ...object, position: { x: position.x, y: position.y, z: position.z + 0.6 } });
    expect(pickObject(scene, picture, { x: 0.5, y: 0.5 }, 1)?.object.name).toBe("thing");
    const turned = { ...scene, viewpoint: { ...scene.viewpoint, yawDegrees: 180 } };
    expect(pickObject(turned, picture, { x: 0.5, y: 0.5 }, 1)).toBeUndefined();
  });

  it("treats numbers that are not finite as 0", () => {
    const scene = sceneOf({ ...object, position: { x: NaN, y: 1.6, z: 2 } });
    const lost = { ...scene, viewpoint: { position: { x: NaN, y: 1.6, z: NaN }, yawDegrees: NaN, pitchDegrees: NaN } };
    expect(pickObject(lost, picture, { x: 0.5, y: 0.5 }, NaN)?.object.name).toBe("thing");
    expect(pickObject(lost, picture, { x: NaN, y: Infinity }, Infinity)).toBeUndefined();
  });
});
