import { describe, expect, it } from "vitest";
import { drawPicture, PictureCache } from "./picture-cache.js";
import type { Scene } from "./scene.js";

const size = { width: 32, height: 24 };
const position = { x: 0, y: 1.6, z: 3 };
const scene: Scene = {
  title: "Home",
  room: { width: 12, depth: 12, height: 4, floor: [180, 170, 150], walls: [220, 220, 220] },
  viewpoint: { position: { x: 0, y: 1.6, z: 0 }, yawDegrees: 0, pitchDegrees: 0 },
  objects: [
    {
      name: "cube",
      shape: "box",
      position,
      size: { x: 1, y: 1, z: 1 },
      yawDegrees: 0,
      colour: [255, 0, 0],
      highlighted: false,
    },
  ],
  people: [],
  cursor: undefined,
};

describe("PictureCache", () => {
  it("draws a scene that looks the same once", () => {
    const cache = new PictureCache();
    expect(cache.draw(structuredClone(scene), { ...size })).toBe(cache.draw(scene, size));
  });

  it.each<[string, Scene, typeof size]>([
    ["another title", { ...scene, title: "Away" }, size],
    ["another viewpoint", { ...scene, viewpoint: { ...scene.viewpoint, yawDegrees: 1 } }, size],
    ["a cursor", { ...scene, cursor: { x: 0.5, y: 0.5, held: true } }, size],
    ["nothing in it", { ...scene, objects: [] }, size],
    ["another size", scene, { width: 24, height: 32 }],
  ])("draws anew what has %s", (_, changed, changedSize) => {
    const cache = new PictureCache();
    cache.draw(scene, size);
    expect(cache.draw(changed, changedSize)).toEqual(drawPicture(changed, changedSize));
  });

  it("notices what changes in place, and leaves the picture alone that it handed out before", () => {
    const cache = new PictureCache();
    const moving = structuredClone(scene);
    const before = cache.draw(moving, size);
    const bytes = Uint8Array.from(before.pixels);
    Object.assign(moving.objects[0]?.position ?? {}, { x: 1 });

    expect(cache.draw(moving, size)).toEqual(drawPicture(moving, size));
    expect(Uint8Array.from(before.pixels)).toEqual(bytes);
  });

  it("tells numbers apart that are no numbers in text", () => {
    const cache = new PictureCache();
    const wide = (x: number): Scene => ({
      ...scene,
      objects: scene.objects.map((object) => ({ ...object, size: { ...object.size, x } })),
    });
    cache.draw(wide(Number.NaN), size);
    const infinite = wide(Number.POSITIVE_INFINITY);
    expect(cache.draw(infinite, size)).toEqual(drawPicture(infinite, size));
  });
});
