import { finite } from "../numbers.js";
import { clamp } from "./numbers.js";
import type { Colour, Scene, SceneObject, ScenePerson, SceneRoom, Vector3, Viewpoint } from "./scene.js";

/** Farthest coordinate in metres. Squares and quotients of such numbers are far from overflow, so no NaN can arise. */
const FARTHEST = 1e5;

/**
 * The same scene with every number finite and in range.
 *
 * Everything behind this function relies on it and checks nothing again.
 */
export function cleanScene(scene: Scene): Scene {
  const { title, cursor, overlay } = scene;
  return {
    title,
    room: cleanRoom(scene.room),
    viewpoint: cleanViewpoint(scene.viewpoint),
    objects: scene.objects.map(cleanObject),
    people: scene.people.map(cleanPerson),
    cursor: cursor && { x: clamp(cursor.x, -9, 9), y: clamp(cursor.y, -9, 9), held: cursor.held },
    ...(overlay && { overlay }),
  };
}

function cleanRoom(room: SceneRoom): SceneRoom {
  return {
    width: clamp(room.width, 0.1, 1000),
    depth: clamp(room.depth, 0.1, 1000),
    height: clamp(room.height, 0.1, 1000),
    floor: cleanColour(room.floor),
    walls: cleanColour(room.walls),
  };
}

/** The same viewpoint with every number finite and in range. */
export function cleanViewpoint(viewpoint: Viewpoint): Viewpoint {
  return {
    position: cleanPosition(viewpoint.position),
    yawDegrees: finite(viewpoint.yawDegrees),
    pitchDegrees: clamp(viewpoint.pitchDegrees, -89, 89),
  };
}

function cleanObject(object: SceneObject): SceneObject {
  const { name, shape, size, highlighted } = object;
  return {
    name,
    shape,
    position: cleanPosition(object.position),
    size: { x: clamp(size.x, 0, 1e4), y: clamp(size.y, 0, 1e4), z: clamp(size.z, 0, 1e4) },
    yawDegrees: finite(object.yawDegrees),
    colour: cleanColour(object.colour),
    highlighted,
  };
}

function cleanPerson(person: ScenePerson): ScenePerson {
  return {
    name: person.name,
    position: cleanPosition(person.position),
    yawDegrees: finite(person.yawDegrees),
    colour: cleanColour(person.colour),
  };
}

function cleanPosition({ x, y, z }: Vector3): Vector3 {
  return {
    x: clamp(x, -FARTHEST, FARTHEST),
    y: clamp(y, -FARTHEST, FARTHEST),
    z: clamp(z, -FARTHEST, FARTHEST),
  };
}

function cleanColour([red, green, blue]: Colour): Colour {
  return [clamp(red, 0, 255), clamp(green, 0, 255), clamp(blue, 0, 255)];
}
