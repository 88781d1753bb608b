import type { Avatar } from "./avatar.js";
import type { EngineContext } from "./engine-context.js";
import { EngineError } from "./engine-error.js";
import { type SettingsPatch, writeSettings } from "./session-settings.js";
import type { WorldState, WorldUser } from "./world-state.js";
import type { Worlds } from "./worlds.js";

/** Names somebody in the focused world. The first part that is set, in this order, decides alone. */
export interface SessionTarget {
  readonly local: boolean;
  /** Exact. Empty when not set. */
  readonly userId: string;
  /** Exact. Empty when not set. */
  readonly userName: string;
}

/** What the local user's role may forbid to do to others, in words. */
const deeds = { kick: "kick", ban: "ban", silence: "silence", assignRoles: "give a role to" } as const;

type ModerationRight = keyof typeof deeds;

const lowestPort = 2000;
const highestPort = 65_535;

/**
 * The session dialog of the focused world. Without one, everything throws `notReady`. Whatever has a target throws
 * `notFound` for nobody, `notReady` for a name that several have, and then `permissionDenied`.
 */
export class Session {
  readonly #context: EngineContext;
  readonly #worlds: Worlds;
  readonly #avatar: Avatar;

  constructor(context: EngineContext, worlds: Worlds, avatar: Avatar) {
    this.#context = context;
    this.#worlds = worlds;
    this.#avatar = avatar;
  }

  /** The world that the dialog shows, with all that it shows. */
  get world(): WorldState {
    return this.#worlds.requireFocused();
  }

  /**
   * Writes settings, and then starts ResoniteLink when `resoniteLink` is true. What is written stays so when that fails.
   *
   * Throws `permissionDenied` unless the local user is the host, even when nothing is to be written; `notReady` when
   * ResoniteLink is to stop; `permissionDenied` when the local user may not start it.
   */
  apply(patch: SettingsPatch, resoniteLink: boolean | undefined): void {
    const { world } = this;
    if (!world.isHost) throw new EngineError("permissionDenied", "Only the host may change the settings.");
    const fields = writeSettings(world, patch);
    if (fields.length > 0) this.#context.changed({ what: "settingsChanged", handle: world.handle, fields });
    if (resoniteLink === false) {
      throw new EngineError("notReady", "ResoniteLink cannot be switched off while the world is open.");
    }
    if (resoniteLink === true && world.resoniteLinkPort === 0) this.#startResoniteLink(world);
  }

  /** Removes somebody; with `revoke`, their invitation too. Nobody may kick the host or themselves. */
  kick(target: SessionTarget, { revoke }: { readonly revoke: boolean }): void {
    const { handle, userName } = this.#remove(target, "kick");
    this.#context.changed({ what: "userKicked", revoked: revoke, handle, userName });
  }

  /** Removes somebody for good. Nobody may ban the host or themselves. */
  ban(target: SessionTarget): void {
    const { handle, userName } = this.#remove(target, "ban");
    this.#context.changed({ what: "userBanned", handle, userName });
  }

  /** Silences somebody for everybody, or ends that, and returns them. */
  silence(target: SessionTarget, silenced: boolean): WorldUser {
    const { world } = this;
    const user = findUser(world, target);
    requirePermission(world, "silence", user);
    if (user.isSilenced !== silenced) {
      user.isSilenced = silenced;
      this.#context.changed({ what: "userSilenced", silenced, handle: world.handle, userName: user.userName });
    }
    return user;
  }

  /** Lets somebody's avatar begin again at the entrance. The local user always may; others only when they allow it. */
  respawn(target: SessionTarget): void {
    const { world } = this;
    const { isLocal, canBeRespawned, userName } = findUser(world, target);
    if (!isLocal && !canBeRespawned) {
      throw new EngineError("permissionDenied", `The local user may not respawn '${userName}'.`);
    }
    if (isLocal) this.#avatar.respawn();
    this.#context.changed({ what: "userRespawned", handle: world.handle, userName });
  }

  /**
   * Gives somebody a role, which is also remembered for their next visit when they have an account, and returns them. The
   * role's case does not matter. Throws `notFound` for a role that the world does not have, after all that a target throws.
   */
  setRole(target: SessionTarget, roleName: string): WorldUser {
    const { world } = this;
    const { handle, roles, roleOverrides } = world;
    const user = findUser(world, target);
    requirePermission(world, "assignRoles", user);
    const { userId, userName } = user;
    const role = roles.find(({ name }) => name.toLowerCase() === roleName.toLowerCase())?.name;
    if (role === undefined) throw new EngineError("notFound", `The world has no role '${roleName}'.`);
    if (user.role === role && (userId === "" || roleOverrides[userId] === role)) return user;
    user.role = role;
    if (userId !== "") roleOverrides[userId] = role;
    this.#context.changed({ what: "userRoleChanged", role, handle, userName });
    return user;
  }

  #startResoniteLink(world: WorldState): void {
    if (!world.permissions.resoniteLink) {
      throw new EngineError("permissionDenied", "The local user may not run ResoniteLink.");
    }
    const port = lowestPort + Math.floor(this.#context.random() * (highestPort + 1 - lowestPort));
    world.resoniteLinkPort = port;
    this.#context.changed({ what: "resoniteLinkEnabled", handle: world.handle, port });
  }

  #remove(target: SessionTarget, permission: "kick" | "ban"): { readonly handle: number; readonly userName: string } {
    const { world } = this;
    const user = findUser(world, target);
    requirePermission(world, permission, user);
    // Whose world it is, and the user of this engine, are in it as long as it is open.
    if (user.isHost || user.isLocal) throw forbidden(permission, user);
    world.users.splice(world.users.indexOf(user), 1);
    return { handle: world.handle, userName: user.userName };
  }
}

function findUser({ users }: WorldState, { local, userId, userName }: SessionTarget): WorldUser {
  if (local)
    return theOnly(
      users.filter(({ isLocal }) => isLocal),
      "the local user",
    );
  if (userId !== "")
    return theOnly(
      users.filter((user) => user.userId === userId),
      `the id '${userId}'`,
    );
  if (userName !== "")
    return theOnly(
      users.filter((user) => user.userName === userName),
      `the name '${userName}'`,
    );
  throw new EngineError("notFound", "No user is named: neither by id, nor by name, nor as the local one.");
}

function theOnly(users: readonly WorldUser[], wanted: string): WorldUser {
  const [user, ...others] = users;
  if (user === undefined) throw new EngineError("notFound", `Nobody in the world matches ${wanted}.`);
  if (others.length > 0) throw new EngineError("notReady", `${users.length} users in the world match ${wanted}.`);
  return user;
}

function requirePermission(world: WorldState, permission: ModerationRight, user: WorldUser): void {
  if (!world.permissions[permission]) throw forbidden(permission, user);
}

function forbidden(permission: ModerationRight, { userName }: WorldUser): EngineError {
  return new EngineError("permissionDenied", `The local user may not ${deeds[permission]} '${userName}'.`);
}
