import { InvalidOptionsError } from "../errors/invalid-options-error.js";

/**
 * A change of how the avatar moves. What is absent, or `undefined`, stays as it is; 0 and false are values. The mod keeps
 * the values and applies them at every tick of the engine until they change, so only changes need to be sent. It limits
 * none of them.
 */
export interface DriveCommand {
  /** Along the view: -1 is back, 1 is forward. Horizontal while walking. Neutral is 0. */
  readonly moveForward?: number | undefined;
  /** Sideways: -1 is left, 1 is right. Neutral is 0. */
  readonly moveRight?: number | undefined;
  /** Along the world's vertical axis: -1 is down, 1 is up. Only when flying or in noclip. Neutral is 0. */
  readonly moveUp?: number | undefined;
  /** Turning in degrees per second; positive is to the right. Neutral is 0. */
  readonly yawRate?: number | undefined;
  /** Tilting the view in degrees per second; positive is up. The engine stops at 89 degrees. Neutral is 0. */
  readonly pitchRate?: number | undefined;
  /** True jumps once. False does nothing; what takes a requested jump back is `LocomotionClient.reset`. */
  readonly jump?: boolean | undefined;
  /** Factor on the movement, not on turning: 2 is a sprint, 0 stops. Neutral is 1. */
  readonly velocity?: number | undefined;
  /** From 0, standing, to 1, fully crouched. Neutral is 0. */
  readonly crouch?: number | undefined;
}

/** A {@link DriveCommand} as it is sent. */
export interface StampedCommand extends DriveCommand {
  readonly unixNanos: bigint;
}

const numbers = ["moveForward", "moveRight", "moveUp", "yawRate", "pitchRate", "velocity", "crouch"] as const;

/** What makes an avatar stand still. */
export const neutralCommand = {
  moveForward: 0,
  moveRight: 0,
  moveUp: 0,
  yawRate: 0,
  pitchRate: 0,
  velocity: 1,
  crouch: 0,
} as const satisfies DriveCommand;

/**
 * Returns the fields that `command` has, without those that are `undefined`. Throws {@link InvalidOptionsError} for a number
 * that is not finite, also as the 32-bit float that is sent.
 */
export function checkedCommand(command: DriveCommand): DriveCommand {
  const checked: { -readonly [Field in keyof DriveCommand]: DriveCommand[Field] } = {};
  for (const field of numbers) {
    const value = command[field];
    if (value === undefined) continue;
    if (!Number.isFinite(value) || !Number.isFinite(Math.fround(value))) {
      throw new InvalidOptionsError(`${field} must be a finite number, not ${String(value)}`);
    }
    checked[field] = value;
  }
  const { jump } = command;
  if (jump !== undefined) {
    if (typeof jump !== "boolean") throw new InvalidOptionsError(`jump must be a boolean, not ${String(jump)}`);
    checked.jump = jump;
  }
  return checked;
}

/** One command that does what both do one after the other. A jump is not lost, because false does not take it back. */
export function mergeCommands(earlier: StampedCommand, later: StampedCommand): StampedCommand {
  const merged = { ...earlier, ...later };
  return earlier.jump === true ? { ...merged, jump: true } : merged;
}
