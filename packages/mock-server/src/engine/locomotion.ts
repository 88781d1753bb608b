import type { Avatar } from "./avatar.js";
import type { EngineContext } from "./engine-context.js";

/** What is applied to the avatar at every tick. Nothing is checked or clamped before. */
export interface LocomotionValues {
  /** 1 is forward, -1 back. Neutral is 0. */
  moveForward: number;
  /** 1 is right, -1 left. Neutral is 0. */
  moveRight: number;
  /** Up and down; a walking avatar ignores it. Neutral is 0. */
  moveUp: number;
  /** Degrees per second; positive turns right. Neutral is 0. */
  yawRate: number;
  /** Degrees per second; positive looks up. Neutral is 0. */
  pitchRate: number;
  /** Factor on the whole movement. Neutral is 1. */
  velocity: number;
  /** 0 stands, 1 crouches as low as possible. Neutral is 0. */
  crouch: number;
}

/** The groups of values that can be reset apart from each other. */
export interface LocomotionGroups {
  /** The three directions and the velocity. */
  readonly move: boolean;
  /** The two rates of turning. */
  readonly look: boolean;
  readonly crouch: boolean;
  /** A jump that is still to come. */
  readonly jump: boolean;
}

/** Changes of the values; what is absent stays as it is. */
export interface LocomotionCommand {
  readonly moveForward?: number | undefined;
  readonly moveRight?: number | undefined;
  readonly moveUp?: number | undefined;
  readonly yawRate?: number | undefined;
  readonly pitchRate?: number | undefined;
  readonly velocity?: number | undefined;
  readonly crouch?: number | undefined;
  /** True asks for one jump; false neither asks for one nor takes one back. */
  readonly jump?: boolean | undefined;
  /** The caller's time; 0 when it gives none. */
  readonly unixNanos: bigint;
}

/** What the repeater applies. It belongs to no call and to no world. */
export interface LocomotionState extends LocomotionValues {
  /** The time in the last command. */
  unixNanos: bigint;
  isJumpPending: boolean;
  /** What the next tick resets, before it applies anything. */
  pendingReset: LocomotionGroups;
}

/** How a stream of commands ended. */
export type DriveEnd = "graceful" | "cancelled" | "errored";

const tickSeconds = 1 / 60;
const valueNames = ["moveForward", "moveRight", "moveUp", "yawRate", "pitchRate", "velocity", "crouch"] as const;
const neutralMove = { moveForward: 0, moveRight: 0, moveUp: 0, velocity: 1 } as const;
const neutralLook = { yawRate: 0, pitchRate: 0 } as const;
const noGroups: LocomotionGroups = { move: false, look: false, crouch: false, jump: false };
const allGroups: LocomotionGroups = { move: true, look: true, crouch: true, jump: true };

/** Makes the state at the start. */
export function initialLocomotion(): LocomotionState {
  return { ...neutralMove, ...neutralLook, crouch: 0, unixNanos: 0n, isJumpPending: false, pendingReset: noGroups };
}

/** The repeater that moves the avatar: it applies the latest values at every tick until they change. */
export class Locomotion {
  readonly #context: EngineContext;
  readonly #avatar: Avatar;
  #isDisposed = false;

  constructor(context: EngineContext, avatar: Avatar) {
    this.#context = context;
    this.#avatar = avatar;
  }

  /** Takes over what the command names. It shows at the next tick. */
  command(command: LocomotionCommand): void {
    if (this.#isDisposed) return;
    const state = this.#context.state.locomotion;
    let isChange = false;
    for (const name of valueNames) {
      const value = command[name];
      if (value === undefined || Object.is(value, state[name])) continue;
      state[name] = value;
      isChange = true;
    }
    if (command.jump === true && !state.isJumpPending) {
      state.isJumpPending = true;
      isChange = true;
    }
    state.unixNanos = command.unixNanos;
    if (isChange) this.#context.changed({ what: "locomotionCommanded", command: presentOf(command) });
  }

  /**
   * Resets the named groups with the next tick, whatever is commanded until then. No group at all stands for every group.
   * Returns the groups that are meant.
   */
  reset(groups: LocomotionGroups): LocomotionGroups {
    const { move, look, crouch, jump } = groups;
    const meant = move || look || crouch || jump ? { move, look, crouch, jump } : allGroups;
    if (this.#isDisposed) return meant;
    const state = this.#context.state.locomotion;
    const pending = state.pendingReset;
    state.pendingReset = {
      move: pending.move || meant.move,
      look: pending.look || meant.look,
      crouch: pending.crouch || meant.crouch,
      jump: pending.jump || meant.jump,
    };
    this.#context.changed({ what: "locomotionReset", ...meant });
    return meant;
  }

  /** To be called once at the end of every stream of commands. Only one that its caller closed leaves the values as they are. */
  driveEnded(reason: DriveEnd): void {
    if (reason !== "graceful") this.reset(allGroups);
    this.#context.changed({ what: "driveEnded", reason });
  }

  /** Applies the resets that are due, then the values. Without a world to walk in, both wait. */
  tick(): void {
    if (this.#isDisposed || !this.#avatar.canWalk) return;
    const state = this.#context.state.locomotion;
    const { move, look, crouch, jump } = state.pendingReset;
    if (move) Object.assign(state, neutralMove);
    if (look) Object.assign(state, neutralLook);
    if (crouch) state.crouch = 0;
    if (jump) state.isJumpPending = false;
    state.pendingReset = noGroups;
    this.#avatar.walk({ ...state, jump: state.isJumpPending }, tickSeconds);
    state.isJumpPending = false;
  }

  /** Lets go of the avatar for good: whatever is called from now on does nothing. */
  dispose(): void {
    this.#isDisposed = true;
  }
}

/** The command without the fields that it does not have. */
function presentOf(command: LocomotionCommand): LocomotionCommand {
  const { unixNanos, jump } = command;
  const values: { -readonly [Name in (typeof valueNames)[number]]?: number } = {};
  for (const name of valueNames) {
    const value = command[name];
    if (value !== undefined) values[name] = value;
  }
  return { ...values, ...(jump === undefined ? {} : { jump }), unixNanos };
}
