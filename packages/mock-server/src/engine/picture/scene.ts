/** A point or an extent in metres. Left-handed as in the game: X is right, Y is up, Z is forward (north). */
export interface Vector3 {
  readonly x: number;
  readonly y: number;
  readonly z: number;
}

/** An opaque sRGB colour; each channel 0 to 255. */
export type Colour = readonly [red: number, green: number, blue: number];

/** Where the picture is taken from. */
export interface Viewpoint {
  /** Position of the eye, in metres. */
  readonly position: Vector3;
  /** Heading in degrees; 0 looks along +Z (north), 90 along +X (east). */
  readonly yawDegrees: number;
  /** Elevation in degrees, -89 to 89; positive looks up. */
  readonly pitchDegrees: number;
}

/** A thing that stands, lies or floats in the room. */
export interface SceneObject {
  /** Shown on a label above the object; an empty name shows no label. */
  readonly name: string;
  /** A cuboid, an ellipsoid or an upright elliptic cylinder; each fills {@link size} exactly. */
  readonly shape: "box" | "ball" | "pillar";
  /** Centre of the object, in metres. */
  readonly position: Vector3;
  /** Full extents along the object's own axes, in metres. */
  readonly size: Vector3;
  /** Rotation about the vertical axis in degrees; positive turns right. */
  readonly yawDegrees: number;
  readonly colour: Colour;
  /** Whether the object is drawn brighter and with an outline. */
  readonly highlighted: boolean;
}

/** Somebody in the room, about 1.7 m tall. */
export interface ScenePerson {
  /** Shown on a label above the head; an empty name shows no label. */
  readonly name: string;
  /** Position of the feet, in metres. */
  readonly position: Vector3;
  /** Heading of the face in degrees; positive turns right. */
  readonly yawDegrees: number;
  readonly colour: Colour;
}

/** A cuboid room: floor at y = 0, centred on x = 0 and z = 0. */
export interface SceneRoom {
  /** Extent along X in metres, 0.1 to 1000. */
  readonly width: number;
  /** Extent along Z in metres, 0.1 to 1000. */
  readonly depth: number;
  /** Extent along Y in metres, 0.1 to 1000. */
  readonly height: number;
  /** Colour of the lighter floor tiles. */
  readonly floor: Colour;
  /** Colour of the walls, before each wall gets a tint of its own: north blue, east amber, south green, west rose. */
  readonly walls: Colour;
}

/** A desktop cursor as a fraction of the picture: (0, 0) is the top left corner, (1, 1) the bottom right one. */
export interface SceneCursor {
  readonly x: number;
  readonly y: number;
  /** Whether a hold is in force; a held cursor is drawn filled. */
  readonly held: boolean;
}

/**
 * Everything that decides how a picture looks.
 *
 * Numbers out of range are clamped, and those that are not finite count as 0: a picture is always drawn.
 * `Thing` is for callers whose objects carry more than the picture needs.
 */
export interface Scene<Thing extends SceneObject = SceneObject> {
  /** Written large on the north wall. */
  readonly title: string;
  readonly room: SceneRoom;
  readonly viewpoint: Viewpoint;
  readonly objects: readonly Thing[];
  readonly people: readonly ScenePerson[];
  readonly cursor: SceneCursor | undefined;
  /** Lines of text drawn over the picture in the top left corner. Default: none. */
  readonly overlay?: readonly string[];
}
