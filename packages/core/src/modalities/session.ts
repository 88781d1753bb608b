import { type CallOptions, type Client, createClient, type Transport } from "@connectrpc/connect";
import { choiceValue } from "../choices.js";
import type { Covers } from "../covers.js";
import {
  Session,
  KickKind as WireKickKind,
  type UserRoleOverride as WireOverride,
  type SessionRole as WireRole,
} from "../gen/resonite_io/v1/session_pb.js";
import { type SessionSettings, type SessionSettingsChanges, toPatch, toSettings } from "./session-settings.js";
import { type SessionUser, toRequiredUser, toUser, toWireTarget, type UserTarget } from "./session-users.js";

const kickKinds = {
  kick: WireKickKind.KICK,
  kickAndRevoke: WireKickKind.KICK_AND_REVOKE,
} as const;

/** Whether the invitation of a kicked user stays valid (`"kick"`) or not (`"kickAndRevoke"`). */
export type KickKind = keyof typeof kickKinds;

/** A role: what its users may do. */
export interface SessionRole {
  /** For {@link SessionClient.setUserRole}. */
  readonly roleName: string;
  /** May be empty. */
  readonly roleDescription: string;
  /** Whether it is the first, most powerful one. A single role is both highest and lowest. */
  readonly isHighest: boolean;
  /** Whether it is the last, least powerful one. */
  readonly isLowest: boolean;
}

/** The roles of the focused world, and which of them users get by default. A default that is not set is empty. */
export interface SessionRoles {
  /** From the highest to the lowest. */
  readonly roles: readonly SessionRole[];
  /** For users without an account. */
  readonly defaultAnonymousRole: string;
  /** For users with an account, when no other default fits. */
  readonly defaultVisitorRole: string;
  /** For the host's contacts. */
  readonly defaultContactRole: string;
  readonly defaultHostRole: string;
  /** For the world's owner. */
  readonly defaultOwnerRole: string;
}

/** The default role that one user has in the focused world. */
export interface UserRoleOverride {
  /** The user need not be connected. */
  readonly userId: string;
  /** Empty when the role no longer exists. */
  readonly roleName: string;
}

/** Options of {@link SessionClient.kickUser}. */
export interface KickUserOptions extends CallOptions {
  /** Default `"kickAndRevoke"`. */
  readonly kind?: KickKind;
}

/** Options of {@link SessionClient.silenceUser}. */
export interface SilenceUserOptions extends CallOptions {
  /** False lifts the silence. Default true. */
  readonly silenced?: boolean;
}

/**
 * Reads and changes the settings, users and roles of the focused world.
 *
 * Every call works on the world that is focused at that moment. Changes belong to its session: all its users see them, and
 * they outlive the connection. Every method fails with `Unavailable` when the mod has no session bridge and with
 * `FailedPrecondition` while no world, or only userspace, is focused.
 *
 * Methods that take a {@link UserTarget} fail with `NotFound` when nobody is meant by it and with `FailedPrecondition` when
 * several are, before they fail with `PermissionDenied` when the local user's role does not permit it. They throw
 * `InvalidOptionsError` for a target that names nobody, or names somebody in several ways.
 */
export class SessionClient implements Covers<typeof Session> {
  readonly #rpc: Client<typeof Session>;

  constructor(transport: Transport) {
    this.#rpc = createClient(Session, transport);
  }

  /**
   * Returns the settings as they are.
   *
   * Throws `MalformedResponseError` when the mod does not say who may join, or says it in a way that we do not know.
   */
  async getSettings(options?: CallOptions): Promise<SessionSettings> {
    return toSettings(await this.#rpc.getSettings({}, options));
  }

  /**
   * Changes the settings that are named and no others; {@link getSettings} shows the result. Only the host can, even when
   * nothing is named.
   *
   * Fails with `InvalidArgument` when `maxUsers` is outside 1 to 255, and with `PermissionDenied` when the local side is not
   * the host; nothing is changed then. Fails with `FailedPrecondition` when `resoniteLinkEnabled` is false, even when it is
   * off, and with `PermissionDenied` when the local user may not switch it on; everything else is changed then.
   */
  async applySettings(changes: SessionSettingsChanges, options?: CallOptions): Promise<void> {
    await this.#rpc.applySettings(toPatch(changes), options);
  }

  /** Lists the users who are connected, the local user included, in the engine's order. */
  async listUsers(options?: CallOptions): Promise<readonly SessionUser[]> {
    return (await this.#rpc.listUsers({}, options)).users.map(toUser);
  }

  /** Removes a user from the session. The engine takes a moment, during which the user is still listed. */
  async kickUser(target: UserTarget, options: KickUserOptions = {}): Promise<void> {
    const { kind = "kickAndRevoke", ...call } = options;
    const request = { target: toWireTarget(target), kind: choiceValue(kickKinds, kind, "kind") };
    await this.#rpc.kickUser(request, call);
  }

  /** Removes a user from the session for good. The engine takes a moment, during which the user is still listed. */
  async banUser(target: UserTarget, options?: CallOptions): Promise<void> {
    await this.#rpc.banUser({ target: toWireTarget(target) }, options);
  }

  /** Silences a user for everybody in the session, or lifts that, and returns the user as it then is. May be repeated. */
  async silenceUser(target: UserTarget, options: SilenceUserOptions = {}): Promise<SessionUser> {
    const { silenced = true, ...call } = options;
    const response = await this.#rpc.silenceUser({ target: toWireTarget(target), silenced }, call);
    return toRequiredUser(response.user, "silenceUser");
  }

  /**
   * Makes a user spawn anew. The local user always may; see {@link respawnSelf}. For others the engine's respawn permission
   * for that user decides.
   */
  async respawnUser(target: UserTarget, options?: CallOptions): Promise<void> {
    await this.#rpc.respawnUser({ target: toWireTarget(target) }, options);
  }

  /** Makes the local user spawn anew. */
  async respawnSelf(options?: CallOptions): Promise<void> {
    await this.respawnUser({ local: true }, options);
  }

  /**
   * Gives a user a role, by its name in any case, and returns the user as it then is. For a user with an account the role is
   * kept: see {@link getUserRoleOverrides}. May be repeated.
   *
   * Fails with `NotFound` also when the world has no such role.
   */
  async setUserRole(target: UserTarget, roleName: string, options?: CallOptions): Promise<SessionUser> {
    const response = await this.#rpc.setUserRole({ target: toWireTarget(target), roleName }, options);
    return toRequiredUser(response.user, "setUserRole");
  }

  /** Lists the roles of the world, and which of them users get by default. */
  async listRoles(options?: CallOptions): Promise<SessionRoles> {
    const { roles, ...defaults } = await this.#rpc.listRoles({}, options);
    return {
      roles: roles.map(toRole),
      defaultAnonymousRole: defaults.defaultAnonymousRole,
      defaultVisitorRole: defaults.defaultVisitorRole,
      defaultContactRole: defaults.defaultContactRole,
      defaultHostRole: defaults.defaultHostRole,
      defaultOwnerRole: defaults.defaultOwnerRole,
    };
  }

  /** Lists the users who have a default role of their own in this world. */
  async getUserRoleOverrides(options?: CallOptions): Promise<readonly UserRoleOverride[]> {
    return (await this.#rpc.getUserRoleOverrides({}, options)).overrides.map(toOverride);
  }
}

function toRole({ $typeName, $unknown, ...role }: WireRole): SessionRole {
  return role;
}

function toOverride({ $typeName, $unknown, ...override }: WireOverride): UserRoleOverride {
  return override;
}
