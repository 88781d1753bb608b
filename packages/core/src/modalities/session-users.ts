import type { MessageInitShape } from "@bufbuild/protobuf";
import { InvalidOptionsError } from "../errors/invalid-options-error.js";
import { MalformedResponseError } from "../errors/malformed-response-error.js";
import type { UserTargetSchema, SessionUser as WireUser } from "../gen/resonite_io/v1/session_pb.js";

/** A user who is connected to the focused world. */
export interface SessionUser {
  /** Empty for a guest without an account. */
  readonly userId: string;
  /** Several users may have the same. */
  readonly userName: string;
  readonly isHost: boolean;
  /** Whether this is the user of this engine. Exactly one is. */
  readonly isLocalUser: boolean;
  /** False while the user is in another world. */
  readonly isPresentInWorld: boolean;
  /** Whether the user is silenced for everybody. */
  readonly isSilenced: boolean;
  /** How loud the user is made here, as a factor. Only this engine hears it so. */
  readonly localVolume: number;
  /** Empty when the user has none. */
  readonly roleName: string;
  /** By the engine's name, for example `Windows` or `Linux`. */
  readonly platform: string;
  /** By the engine's name, for example `Desktop` or `Index`. */
  readonly headDevice: string;
}

/** One user of the focused world, named in exactly one way. Texts are compared exactly, with case, and cannot be empty. */
export type UserTarget =
  | {
      readonly userId: string;
      readonly userName?: never;
      readonly local?: never;
    }
  | {
      /** Fails with `FailedPrecondition` when several users have this name. */
      readonly userName: string;
      readonly userId?: never;
      readonly local?: never;
    }
  | {
      /** The user of this engine. */
      readonly local: true;
      readonly userId?: never;
      readonly userName?: never;
    };

/**
 * Checks that `target` names a user in exactly one way. Of several the mod would silently take the first, and an empty id,
 * which every guest has, it would take for none.
 */
export function toWireTarget(target: UserTarget): MessageInitShape<typeof UserTargetSchema> {
  const { userId = "", userName = "", local = false } = target;
  if ([userId !== "", userName !== "", local].filter(Boolean).length !== 1) {
    throw new InvalidOptionsError(
      "a user is named by exactly one of userId, userName and local, and not by an empty text",
    );
  }
  return { userId, userName, local };
}

/** Reads a user of the mod's answer. */
export function toUser({ $typeName, $unknown, ...user }: WireUser): SessionUser {
  return user;
}

/** Reads the user that an answer must have. Throws {@link MalformedResponseError} when there is none. */
export function toRequiredUser(user: WireUser | undefined, method: string): SessionUser {
  if (user === undefined) throw new MalformedResponseError(`the mod answered ${method} without a user`);
  return toUser(user);
}
