import type { EngineContext } from "./engine-context.js";
import { clamp } from "./numbers.js";
import type { Vector3, Viewpoint } from "./picture/scene.js";
import { type Motion, walk } from "./walk.js";
import type { Worlds } from "./worlds.js";

/** Where the user's avatar stands and looks. */
export interface AvatarState {
  /** The world that the avatar is in. */
  worldHandle: number | undefined;
  /** The feet, in metres from the middle of the floor. */
  position: Vector3;
  /** Upwards speed in metres per second, while jumping or falling. */
  fallVelocity: number;
  /** Positive turns right; 0 looks along +Z. From 0 to below 360. */
  yawDegrees: number;
  /** Positive looks up, from -89 to 89. */
  pitchDegrees: number;
  /** 0 stands, 1 crouches as low as possible. */
  crouch: number;
}

const standingEyeHeight = 1.6;
const crouchingEyeHeight = 0.8;

/** How far the entrance is from the south wall, in metres. */
const entranceGap = 0.8;

/** Makes the state at the start. */
export function initialAvatar(): AvatarState {
  return {
    worldHandle: undefined,
    position: { x: 0, y: 0, z: 0 },
    fallVelocity: 0,
    yawDegrees: 0,
    pitchDegrees: 0,
    crouch: 0,
  };
}

/** The user's avatar. */
export class Avatar {
  readonly #context: EngineContext;
  readonly #worlds: Worlds;

  constructor(context: EngineContext, worlds: Worlds) {
    this.#context = context;
    this.#worlds = worlds;
  }

  /** The avatar's eyes. */
  get viewpoint(): Viewpoint {
    const { position, crouch, yawDegrees, pitchDegrees } = this.#context.state.avatar;
    const eyeHeight = standingEyeHeight + (crouchingEyeHeight - standingEyeHeight) * clamp(crouch, 0, 1);
    return { position: { ...position, y: position.y + eyeHeight }, yawDegrees, pitchDegrees };
  }

  /** Whether there is a body that can walk. There is none while no world is focused. */
  get canWalk(): boolean {
    const { worldHandle } = this.#context.state.avatar;
    return worldHandle !== undefined && worldHandle === this.#worlds.focused?.handle;
  }

  /** Moves the body for a moment of `seconds`. Does nothing unless {@link canWalk}. */
  walk(motion: Motion, seconds: number): void {
    const room = this.#worlds.focused?.room;
    if (room === undefined || !this.canWalk) return;
    this.#context.state.avatar = walk(this.#context.state.avatar, motion, room, seconds);
  }

  /** Puts the avatar back to the entrance of the world that it is in. */
  respawn(): void {
    const depth = this.#worlds.focused?.room.depth ?? 0;
    const { worldHandle } = this.#context.state.avatar;
    const position = { x: 0, y: 0, z: Math.min(0, entranceGap - depth / 2) };
    this.#context.state.avatar = { ...initialAvatar(), worldHandle, position };
  }

  /** The avatar begins at the entrance of every world that it comes to. */
  tick(): void {
    const handle = this.#worlds.focused?.handle;
    if (handle === this.#context.state.avatar.worldHandle) return;
    this.#context.state.avatar.worldHandle = handle;
    this.respawn();
  }
}
