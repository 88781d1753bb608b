import type { AvatarState } from "./avatar.js";
import { clamp, finite } from "./numbers.js";

/** What moves a body for a moment. Numbers that are not finite count as 0. */
export interface Motion {
  /** 1 is forward, -1 back. */
  readonly moveForward: number;
  /** 1 is right, -1 left. */
  readonly moveRight: number;
  /** Factor on the whole movement. */
  readonly velocity: number;
  /** Degrees per second; positive turns right. */
  readonly yawRate: number;
  /** Degrees per second; positive looks up. */
  readonly pitchRate: number;
  /** 0 stands, 1 crouches as low as possible. */
  readonly crouch: number;
  /** Whether to jump off the floor. Does nothing in the air. */
  readonly jump: boolean;
}

/** Extents of a room in metres, centred on x = 0 and z = 0. */
interface Room {
  readonly width: number;
  readonly depth: number;
  readonly height: number;
}

/** Metres per second at a movement and a velocity of 1. */
const walkSpeed = 4;
/** Metres per second at the start of a jump. */
const jumpSpeed = 4.5;
/** Metres per second squared. */
const gravity = 9.81;
/** How near the body comes to a wall, in metres. */
const wallGap = 0.3;
/** Height of a standing body with some air above it, in metres. */
const headroom = 1.8;
const steepestPitch = 89;

/** The body after `seconds` of `motion`: it turns, walks along its new heading, and jumps or falls. */
export function walk(body: AvatarState, motion: Motion, room: Room, seconds: number): AvatarState {
  const yawDegrees = wrap(body.yawDegrees + finite(motion.yawRate) * seconds);
  const yaw = (yawDegrees * Math.PI) / 180;
  const metres = walkSpeed * finite(motion.velocity) * seconds;
  const forward = finite(motion.moveForward) * metres;
  const right = finite(motion.moveRight) * metres;
  const { position } = body;
  const { y, fallVelocity } = fall(position.y, body.fallVelocity, motion.jump, room, seconds);
  return {
    ...body,
    position: {
      x: within(position.x + forward * Math.sin(yaw) + right * Math.cos(yaw), room.width),
      y,
      z: within(position.z + forward * Math.cos(yaw) - right * Math.sin(yaw), room.depth),
    },
    fallVelocity,
    yawDegrees,
    pitchDegrees: clamp(body.pitchDegrees + finite(motion.pitchRate) * seconds, -steepestPitch, steepestPitch),
    crouch: clamp(finite(motion.crouch), 0, 1),
  };
}

function fall(
  height: number,
  velocity: number,
  jump: boolean,
  room: Room,
  seconds: number,
): Pick<AvatarState, "fallVelocity"> & { readonly y: number } {
  const isOnFloor = height <= 0 && velocity <= 0;
  if (isOnFloor && !jump) return { y: 0, fallVelocity: 0 };
  const start = isOnFloor ? jumpSpeed : velocity;
  const y = height + start * seconds - (gravity * seconds * seconds) / 2;
  const fallVelocity = start - gravity * seconds;
  const highest = Math.max(0, room.height - headroom);
  if (y <= 0) return { y: 0, fallVelocity: 0 };
  return y > highest ? { y: highest, fallVelocity: Math.min(0, fallVelocity) } : { y, fallVelocity };
}

function within(coordinate: number, extent: number): number {
  const most = Math.max(0, extent / 2 - wallGap);
  return most === 0 ? 0 : clamp(coordinate, -most, most);
}

/** The same heading from 0 to below 360. */
function wrap(degrees: number): number {
  return ((degrees % 360) + 360) % 360;
}
