import { z } from "zod";
import { colour, vector3 } from "./common.js";

/** A thing in a room. */
export const placeObject = z.strictObject({
  name: z.string(),
  shape: z.enum(["box", "ball", "pillar"]).default("box"),
  /** Its centre, in metres from the middle of the floor. */
  position: vector3,
  /** In metres. */
  size: vector3.default({ x: 0.6, y: 0.6, z: 0.6 }),
  yawDegrees: z.number().default(0),
  colour: colour.default([180, 180, 180]),
  /** Whether a hand can take it. */
  grabbable: z.boolean().default(true),
  /** Set when the thing is a tool that a hand can equip; `name` is then the tool's name. */
  tool: z.boolean().default(false),
});

/** What a world looks like inside. */
export const place = z.strictObject({
  room: z.strictObject({
    /** Along X, in metres. */
    width: z.number().positive().max(1000),
    /** Along Z, in metres. */
    depth: z.number().positive().max(1000),
    /** Along Y, in metres. */
    height: z.number().positive().max(100),
    floor: colour,
    walls: colour,
  }),
  objects: z.array(placeObject).default([]),
  /** What can be heard there; nothing when absent. */
  sound: z
    .strictObject({
      /** Pitch of the tone, in hertz. */
      frequencyHz: z.number().positive().max(20_000),
      position: vector3,
      /** Loudness at one metre, from 0 to 1. */
      volume: z.number().min(0).max(1).default(0.5),
    })
    .optional(),
});

/** See {@link placeObject}. */
export type PlaceObject = z.output<typeof placeObject>;

/** See {@link place}. */
export type Place = z.output<typeof place>;
