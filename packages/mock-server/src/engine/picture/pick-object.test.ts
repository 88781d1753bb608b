import { describe, expect, it } from "vitest";
import { createCamera, worldToScreen } from "./camera-projection.js";
import { pickObject } from "./pick-object.js";
import { renderScene } from "./render-scene.js";
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

  it("returns the very object that was passed in, with what else it carries", () => {
    const scene: Scene<SceneObject & { readonly slotId: string }> = {
      ...sceneOf(),
      objects: [{ ...object, slotId: "S" }],
    };
    expect(pickObject(scene, picture, over(scene, object.position), 0)?.object.slotId).toBe("S");
  });

  it.each(["box", "ball", "pillar"] as const)("ignores a %s before the near plane, as the picture does", (shape) => {
    const { position } = sceneOf().viewpoint;
    const at = (gap: number): Scene => {
      const ahead = { x: position.x, y: position.y, z: position.z + 0.5 + gap };
      const scene = sceneOf({ ...object, shape, size: { x: 1, y: 1, z: 1 }, yawDegrees: 0, position: ahead });
      return { ...scene, viewpoint: { position, yawDegrees: 0, pitchDegrees: 0 } };
    };
    expect(pickObject(at(0.04), picture, { x: 0.5, y: 0.5 }, 0)).toBeUndefined();
    expect(pickObject(at(0.06), picture, { x: 0.5, y: 0.5 }, 0)?.object.name).toBe("thing");
  });

  it("picks what is seen", () => {
    const shapes = ["box", "ball", "pillar"] as const;
    // A channel each, so that a pixel tells which of the three it shows, whatever the light.
    const things = shapes.map((shape, index): SceneObject => {
      const colour = [0, 1, 2].map((channel) => (channel === index ? 255 : 0));
      const position = { x: 0.2 + index * 0.45, y: 1.1, z: 3 - index * 0.3 };
      return { ...object, name: "", shape, position, colour: [colour[0], colour[1], colour[2]] };
    });
    const scene = sceneOf(...things);
    const size = { width: 160, height: 90 };
    const pixels = new Uint8Array(size.width * size.height * 4);
    renderScene(scene, { ...size, pixels });
    const hits = new Set<SceneObject>();
    let compared = 0;
    let different = 0;
    for (let row = 0; row < size.height; row += 2) {
      for (let column = 0; column < size.width; column += 2) {
        const cursor = { x: (column + 0.5) / size.width, y: (row + 0.5) / size.height };
        const picked = pickObject(scene, size, cursor, 0)?.object;
        if (picked) hits.add(picked);
        const at = (row * size.width + column) * 4;
        const [red, green, blue] = pixels.subarray(at, at + 3);
        const seen = [red - Math.max(green, blue), green - Math.max(red, blue), blue - Math.max(red, green)];
        const shown = things[seen.findIndex((lead) => lead > 60)];
        compared++;
        if (shown !== picked) different++;
      }
    }
    expect(hits.size).toBe(3);
    // Pixels on an outline are blended; gloss is white. Both are few.
    expect(different / compared).toBeLessThan(0.01);
  });
});
