import { describe, expect, it } from "vitest";
import { createCamera, worldToScreen } from "./camera-projection.js";
import { renderScene } from "./render-scene.js";
import type { Colour, Scene, SceneObject, ScenePerson } from "./scene.js";

const RED: Colour = [255, 0, 0];
const BLUE: Colour = [0, 0, 255];

const emptyRoom: Scene = {
  title: "",
  room: { width: 12, depth: 12, height: 4, floor: [180, 170, 150], walls: [220, 220, 220] },
  viewpoint: { position: { x: 0, y: 1.6, z: 0 }, yawDegrees: 0, pitchDegrees: 0 },
  objects: [],
  people: [],
  cursor: undefined,
};

/** A cube of 1 m at eye level, 3 m ahead of the viewpoint of {@link emptyRoom}, without a label. */
const cube: SceneObject = {
  name: "",
  shape: "box",
  position: { x: 0, y: 1.6, z: 3 },
  size: { x: 1, y: 1, z: 1 },
  yawDegrees: 0,
  colour: RED,
  highlighted: false,
};

const person: ScenePerson = { name: "Ann", position: { x: 1, y: 0, z: 3 }, yawDegrees: 180, colour: [40, 160, 150] };

const busyRoom: Scene = {
  ...emptyRoom,
  title: "A title, (100%)",
  objects: [
    { ...cube, name: "cube", highlighted: true },
    { ...cube, name: "ball", shape: "ball", position: { x: -2, y: 0.5, z: 2 }, highlighted: true },
    { ...cube, name: "pillar \u{1f680}", shape: "pillar", position: { x: 2, y: 0.5, z: 2 }, highlighted: true },
  ],
  people: [person],
  cursor: { x: 0.5, y: 0.5, held: true },
  overlay: ["one", "two"],
};

function render(scene: Scene, width = 160, height = 90): Uint8Array {
  const pixels = new Uint8Array(width * height * 4);
  renderScene(scene, { width, height, pixels });
  return pixels;
}

function look(scene: Scene, viewpoint: Partial<Scene["viewpoint"]>): Scene {
  return { ...scene, viewpoint: { ...scene.viewpoint, ...viewpoint } };
}

interface Count {
  readonly pixels: number;
  /** Mean distance from the left edge in pixels. */
  readonly x: number;
}

function count(pixels: Uint8Array, width: number, matches: (r: number, g: number, b: number) => boolean): Count {
  let found = 0;
  let sum = 0;
  for (let i = 0; i < pixels.length; i += 4) {
    if (!matches(pixels[i], pixels[i + 1], pixels[i + 2])) continue;
    found++;
    sum += (i / 4) % width;
  }
  return { pixels: found, x: sum / found };
}

const isRed = (r: number, g: number, b: number): boolean => r > 80 && g < 30 && b < 30;
const isBlue = (r: number, g: number, b: number): boolean => b > 80 && r < 30 && g < 30;

/** Mean colour of the middle of the picture. */
function middleColour(pixels: Uint8Array, width: number, height: number): [number, number, number] {
  const sums: [number, number, number] = [0, 0, 0];
  let samples = 0;
  for (let y = Math.floor(height * 0.4); y < height * 0.55; y++) {
    for (let x = Math.floor(width * 0.4); x < width * 0.6; x++) {
      const at = (y * width + x) * 4;
      for (const channel of [0, 1, 2]) sums[channel] += pixels[at + channel];
      samples++;
    }
  }
  return [sums[0] / samples, sums[1] / samples, sums[2] / samples];
}

describe("renderScene as a function of scene and size", () => {
  it("gives the same bytes for the same scene", () => {
    expect(render(busyRoom)).toEqual(render(busyRoom));
  });

  it("overwrites whatever the buffer held", () => {
    const dirty = new Uint8Array(160 * 90 * 4).fill(0x5a);
    renderScene(busyRoom, { width: 160, height: 90, pixels: dirty });
    expect(dirty).toEqual(render(busyRoom));
  });

  it("is not influenced by pictures drawn before, of other scenes, rooms and sizes", () => {
    const before = render(busyRoom);
    for (let width = 1; width <= 12; width++) {
      render({ ...emptyRoom, room: { ...emptyRoom.room, width } }, width * 37, 200);
      render(look(busyRoom, { yawDegrees: width * 30, pitchDegrees: -40 }), 64, 64);
    }
    expect(render(busyRoom)).toEqual(before);
  });

  it("draws the same into a buffer that does not start at a multiple of four bytes", () => {
    const pixels = new Uint8Array(new ArrayBuffer(160 * 90 * 4 + 8), 3, 160 * 90 * 4);
    renderScene(busyRoom, { width: 160, height: 90, pixels });
    expect(Buffer.from(pixels).equals(render(busyRoom))).toBe(true);
  });

  it("leaves the memory around the buffer alone", () => {
    const memory = new Uint8Array(160 * 90 * 4 + 8).fill(7);
    renderScene(busyRoom, { width: 160, height: 90, pixels: memory.subarray(4, -4) });
    expect([...memory.subarray(0, 4), ...memory.subarray(-4)]).toEqual(Array(8).fill(7));
  });

  it("refuses a buffer that does not fit the size", () => {
    expect(() => renderScene(emptyRoom, { width: 4, height: 4, pixels: new Uint8Array(60) })).toThrow(RangeError);
    expect(() => renderScene(emptyRoom, { width: 0, height: 4, pixels: new Uint8Array(0) })).toThrow(RangeError);
  });
});

describe("renderScene at unusual sizes and viewpoints", () => {
  it.each([
    [1, 1],
    [1, 64],
    [64, 1],
    [3, 2],
    [7, 3],
    [127, 33],
    [33, 127],
    [8192, 2],
    [2, 8192],
  ])("fills a %ix%i picture with opaque pixels", (width, height) => {
    const pixels = render(busyRoom, width, height);
    expect(pixels.every((value, index) => index % 4 !== 3 || value === 255)).toBe(true);
  });

  it.each([
    ["outside the room", { position: { x: 30, y: 12, z: -25 }, yawDegrees: -45, pitchDegrees: -20 }],
    ["under the floor", { position: { x: 0, y: -3, z: 0 }, pitchDegrees: 80 }],
    ["in a wall", { position: { x: 0, y: 1.6, z: 6 } }],
    ["inside a box", { position: { x: 0, y: 1.6, z: 3 } }],
    ["inside a ball", { position: { x: -2, y: 0.5, z: 2 } }],
    ["inside a pillar", { position: { x: 2, y: 0.5, z: 2 }, pitchDegrees: -89 }],
    ["at a corner", { position: { x: 6, y: 0, z: 6 }, yawDegrees: 45, pitchDegrees: 89 }],
    ["very far away", { position: { x: 1e300, y: -1e300, z: 1e9 }, yawDegrees: 1e20, pitchDegrees: 1e20 }],
  ])("draws from %s", (_, viewpoint) => {
    const pixels = render(look(busyRoom, viewpoint), 97, 61);
    expect(pixels.every((value, index) => index % 4 !== 3 || value === 255)).toBe(true);
  });

  it("treats numbers that are not finite as 0", () => {
    const lost = look(busyRoom, {
      position: { x: NaN, y: NaN, z: -Infinity },
      yawDegrees: NaN,
      pitchDegrees: Infinity,
    });
    const origin = look(busyRoom, { position: { x: 0, y: 0, z: 0 }, yawDegrees: 0, pitchDegrees: 0 });
    expect(render(lost)).toEqual(render(origin));
  });

  it("draws a scene in which no number is finite", () => {
    const vector = { x: NaN, y: Infinity, z: -Infinity };
    const colour: Colour = [NaN, Infinity, -Infinity];
    const shapes = ["box", "ball", "pillar"] as const;
    const pixels = render({
      title: "NaN",
      room: { width: NaN, depth: Infinity, height: NaN, floor: colour, walls: colour },
      viewpoint: { position: vector, yawDegrees: NaN, pitchDegrees: NaN },
      objects: shapes.map((shape) => ({
        name: shape,
        shape,
        position: vector,
        size: vector,
        yawDegrees: NaN,
        colour,
        highlighted: true,
      })),
      people: [{ name: "p", position: vector, yawDegrees: NaN, colour }],
      cursor: { x: NaN, y: Infinity, held: false },
    });
    expect(pixels.every((value, index) => index % 4 !== 3 || value === 255)).toBe(true);
  });

  it("shows nothing from outside the room while the eye is inside it, however close to a wall", () => {
    const outside = render(look(emptyRoom, { position: { x: 0, y: 1.6, z: 900 }, yawDegrees: 0 }), 1, 1);
    const isOutside = (r: number, g: number, b: number): boolean =>
      r === outside[0] && g === outside[1] && b === outside[2];
    for (const z of [0, 5.9, 5.98, 5.995]) {
      for (const yawDegrees of [0, 17, 90, 133]) {
        const pixels = render(look(emptyRoom, { position: { x: 0, y: 1.6, z }, yawDegrees, pitchDegrees: -10 }));
        expect(count(pixels, 160, isOutside).pixels).toBe(0);
      }
    }
  });
});

describe("what a picture shows", () => {
  it("tells the four directions apart by the tint of the wall", () => {
    const tints = [0, 90, 180, 270].map((yawDegrees) => middleColour(render(look(emptyRoom, { yawDegrees })), 160, 90));
    for (const [i, a] of tints.entries()) {
      for (const b of tints.slice(i + 1)) {
        expect(Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2])).toBeGreaterThan(20);
      }
    }
    const [north, east, south, west] = tints;
    expect(north[2]).toBeGreaterThan(Math.max(north[0], north[1]));
    expect(south[1]).toBeGreaterThan(Math.max(south[0], south[2]));
    expect(east[2]).toBeLessThan(Math.min(east[0], east[1]));
    expect(west[1]).toBeLessThan(Math.min(west[0], west[2]));
  });

  it("shows an object ahead larger after a step forward", () => {
    const scene = { ...emptyRoom, objects: [cube] };
    const far = count(render(scene), 160, isRed);
    const near = count(render(look(scene, { position: { x: 0, y: 1.6, z: 1 } })), 160, isRed);
    expect(far.pixels).toBeGreaterThan(100);
    expect(near.pixels).toBeGreaterThan(far.pixels * 2);
  });

  it("shows an object farther left after a turn to the right", () => {
    const scene = { ...emptyRoom, objects: [cube] };
    const before = count(render(scene), 160, isRed);
    const after = count(render(look(scene, { yawDegrees: 15 })), 160, isRed);
    expect(before.x).toBeCloseTo(79.5, 0);
    expect(after.x).toBeLessThan(before.x - 15);
  });

  it.each(["box", "ball", "pillar"] as const)("covers a farther %s by a nearer object, in either order", (shape) => {
    const far = { ...cube, shape, position: { x: 0, y: 1.6, z: 5 }, colour: BLUE };
    const pictures = [
      [cube, far],
      [far, cube],
    ].map((objects) => render({ ...emptyRoom, objects }));
    expect(count(render({ ...emptyRoom, objects: [far] }), 160, isBlue).pixels).toBeGreaterThan(50);
    for (const pixels of pictures) {
      expect(count(pixels, 160, isRed).pixels).toBeGreaterThan(100);
      expect(count(pixels, 160, isBlue).pixels).toBe(0);
    }
  });

  it.each(["title", "overlay", "cursor", "people", "highlight", "label"] as const)("shows the %s", (what) => {
    const plain = { ...emptyRoom, objects: [cube] };
    const changed: Record<typeof what, Scene> = {
      title: { ...plain, title: "Home" },
      overlay: { ...plain, overlay: ["frame 1"] },
      cursor: { ...plain, cursor: { x: 0.2, y: 0.2, held: false } },
      people: { ...plain, people: [person] },
      highlight: { ...plain, objects: [{ ...cube, highlighted: true }] },
      label: { ...plain, objects: [{ ...cube, name: "cube" }] },
    };
    expect(render(changed[what])).not.toEqual(render(plain));
  });

  it("tells a held cursor from a free one", () => {
    const at = (held: boolean): Scene => ({ ...emptyRoom, cursor: { x: 0.5, y: 0.5, held } });
    expect(render(at(true))).not.toEqual(render(at(false)));
  });

  it("shows which way a person faces", () => {
    const facing = (yawDegrees: number): Uint8Array =>
      render({ ...emptyRoom, people: [{ ...person, name: "", position: { x: 0, y: 0, z: 1.5 }, yawDegrees }] });
    expect(facing(180)).not.toEqual(facing(0));
    expect(facing(90)).not.toEqual(facing(270));
  });

  it("keeps the title to the north wall", () => {
    const south = look(emptyRoom, { yawDegrees: 180 });
    expect(render({ ...south, title: "Home" })).toEqual(render(south));
  });

  it("changes the top left only when a line of overlay is added", () => {
    const plain = render(busyRoom, 640, 360);
    const written = render({ ...busyRoom, overlay: ["one", "two", "3"] }, 640, 360);
    let farthestRow = -1;
    let farthestColumn = -1;
    for (let i = 0; i < plain.length; i++) {
      if (plain[i] === written[i]) continue;
      farthestRow = Math.max(farthestRow, Math.floor(i / 4 / 640));
      farthestColumn = Math.max(farthestColumn, Math.floor(i / 4) % 640);
    }
    expect(farthestRow).toBeGreaterThan(0);
    expect(farthestRow).toBeLessThan(90);
    expect(farthestColumn).toBeLessThan(160);
  });

  it("cuts off an overlay that does not fit, however long it is", () => {
    const lines = Array.from({ length: 300_000 }, () => "x");
    expect(() => render({ ...emptyRoom, overlay: lines })).not.toThrow();
    expect(() => render({ ...emptyRoom, overlay: ["x".repeat(1_000_000)] })).not.toThrow();
  });

  it("draws no label for an empty name, and something for characters without a glyph", () => {
    const named = (name: string): Uint8Array => render({ ...emptyRoom, objects: [{ ...cube, name }] });
    expect(named("")).not.toEqual(named("\u{1f680}"));
    expect(named("\u{1f680}")).toEqual(named("\u8a9e"));
    expect(named("\u{1f680}")).not.toEqual(named("O"));
  });

  it("shows a thing that lies flat on the floor without holes", () => {
    const rug: SceneObject = { ...cube, position: { x: 0, y: 0, z: 3 }, size: { x: 2, y: 0, z: 2 }, yawDegrees: 20 };
    const raised = { ...rug, position: { ...rug.position, y: 0.002 } };
    const isRug = (r: number, g: number, b: number): boolean => r > 80 && g < 40 && b < 40;
    const flat = count(render({ ...emptyRoom, objects: [rug] }, 640, 360), 640, isRug).pixels;
    const reference = count(render({ ...emptyRoom, objects: [raised] }, 640, 360), 640, isRug).pixels;
    expect(reference).toBeGreaterThan(1000);
    expect(flat).toBeGreaterThan(reference * 0.97);
  });

  it("keeps apart the labels of things that stand close to each other", () => {
    const accent: Colour = [0, 255, 0];
    const at = (name: string, x: number, z: number): SceneObject => {
      return { ...cube, name, position: { x, y: 1.2, z }, size: { x: 0.2, y: 0.2, z: 0.2 }, colour: accent };
    };
    // The green line under each name is drawn in full as long as no other label lies on it.
    const isLine = (r: number, g: number, b: number): boolean => r > 50 && r < 90 && g > 240 && b > 50 && b < 90;
    const lines = (...objects: SceneObject[]): number =>
      count(render({ ...emptyRoom, objects }, 640, 360), 640, isLine).pixels;
    const left = at("first", -0.05, 3);
    const right = at("second", 0.05, 3.05);
    expect(lines(left)).toBeGreaterThan(20);
    expect(lines(left, right)).toBeGreaterThan((lines(left) + lines(right)) * 0.9);
  });

  it("cuts a long name short, and only a long one", () => {
    const named = (name: string): Uint8Array => render({ ...emptyRoom, objects: [{ ...cube, name }] }, 640, 360);
    const long = "n".repeat(40);
    expect(named(`${long}n`)).toEqual(named(`${"n".repeat(38)}..`));
    expect(named(long)).not.toEqual(named(`${long}n`));
    expect(named("\u{1f680}".repeat(41))).toEqual(named(`${"\u{1f680}".repeat(38)}..`));
  });

  it("darkens the floor beside a thing that stands on it, and not under one that floats high", () => {
    const scene = look(emptyRoom, { pitchDegrees: -25 });
    // Five centimetres beside the cube's foot on the eye's side, where the cube does not cover the floor.
    const seen = worldToScreen(createCamera(scene.viewpoint, { width: 640, height: 360 }), { x: 0, y: 0, z: 2.45 });
    const at = (Math.floor(seen?.y ?? 0) * 640 + Math.floor(seen?.x ?? 0)) * 4;
    const brightness = (...objects: SceneObject[]): number => render({ ...scene, objects }, 640, 360)[at];
    expect(brightness({ ...cube, position: { x: 0, y: 0.5, z: 3 } })).toBeLessThan(brightness() * 0.8);
    expect(brightness({ ...cube, position: { x: 0, y: 3.4, z: 3 } })).toBe(brightness());
  });
});
