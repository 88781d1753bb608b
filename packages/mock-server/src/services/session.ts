import type { MessageInitShape } from "@bufbuild/protobuf";
import {
  KickKind,
  SessionAccessLevel,
  type SessionSettingsPatch,
  type SessionSettingsSchema,
  type SessionUserSchema,
  type UserTarget,
} from "@resoio/core/gen/resonite_io/v1/session_pb";
import type { Engine } from "../engine/engine.js";
import type { SessionTarget } from "../engine/session.js";
import type { SettingsPatch } from "../engine/session-settings.js";
import type { WorldState, WorldUser } from "../engine/world-state.js";
import type { SessionHandlers } from "../gen/handlers.js";
import type { AccessLevel } from "../scenarios/parts/common.js";

const accessLevels: Readonly<Record<AccessLevel, SessionAccessLevel>> = {
  Private: SessionAccessLevel.PRIVATE,
  LAN: SessionAccessLevel.LAN,
  Contacts: SessionAccessLevel.CONTACTS,
  ContactsPlus: SessionAccessLevel.CONTACTS_PLUS,
  RegisteredUsers: SessionAccessLevel.REGISTERED_USERS,
  Anyone: SessionAccessLevel.ANYONE,
};

/** Shows and changes the settings, users and roles of the focused world. */
export const sessionService = (engine: Engine): SessionHandlers => ({
  getSettings() {
    return toWireSettings(engine.session.world);
  },

  applySettings(patch) {
    engine.session.apply(toPatch(patch), patch.resoniteLinkEnabled);
    return {};
  },

  listUsers() {
    return { users: engine.session.world.users.map(toWireUser) };
  },

  kickUser({ target, kind }) {
    engine.session.kick(toTarget(target), { revoke: kind !== KickKind.KICK });
    return {};
  },

  banUser({ target }) {
    engine.session.ban(toTarget(target));
    return {};
  },

  silenceUser({ target, silenced }) {
    return { user: toWireUser(engine.session.silence(toTarget(target), silenced)) };
  },

  respawnUser({ target }) {
    engine.session.respawn(toTarget(target));
    return {};
  },

  setUserRole({ target, roleName }) {
    return { user: toWireUser(engine.session.setRole(toTarget(target), roleName)) };
  },

  listRoles() {
    const { roles, defaultRoles } = engine.session.world;
    return {
      roles: roles.map(({ name, description }, index) => ({
        roleName: name,
        roleDescription: description,
        isHighest: index === 0,
        isLowest: index === roles.length - 1,
      })),
      defaultAnonymousRole: defaultRoles.anonymous,
      defaultVisitorRole: defaultRoles.visitor,
      defaultContactRole: defaultRoles.contact,
      defaultHostRole: defaultRoles.host,
      defaultOwnerRole: defaultRoles.owner,
    };
  },

  getUserRoleOverrides() {
    const { roles, roleOverrides } = engine.session.world;
    const names = new Set(roles.map(({ name }) => name));
    const overrides = Object.entries(roleOverrides);
    return { overrides: overrides.map(([userId, role]) => ({ userId, roleName: names.has(role) ? role : "" })) };
  },
});

/** An absent target names nobody. */
function toTarget(target: UserTarget | undefined): SessionTarget {
  const { local = false, userId = "", userName = "" } = target ?? {};
  return { local, userId, userName };
}

function toPatch({ worldDescription, accessLevel, replaceTags, tags, ...rest }: SessionSettingsPatch): SettingsPatch {
  return {
    worldName: rest.worldName,
    accessLevel: accessLevelOf(accessLevel),
    description: worldDescription,
    maxUsers: rest.maxUsers,
    hideFromListing: rest.hideFromListing,
    mobileFriendly: rest.mobileFriendly,
    awayKickEnabled: rest.awayKickEnabled,
    awayKickMinutes: rest.awayKickMinutes,
    autoSaveEnabled: rest.autoSaveEnabled,
    autoSaveIntervalMinutes: rest.autoSaveIntervalMinutes,
    autoCleanupEnabled: rest.autoCleanupEnabled,
    autoCleanupIntervalSeconds: rest.autoCleanupIntervalSeconds,
    tags: replaceTags ? tags : undefined,
  };
}

function accessLevelOf(wire: SessionAccessLevel): AccessLevel | undefined {
  switch (wire) {
    case SessionAccessLevel.PRIVATE:
      return "Private";
    case SessionAccessLevel.LAN:
      return "LAN";
    case SessionAccessLevel.CONTACTS:
      return "Contacts";
    case SessionAccessLevel.CONTACTS_PLUS:
      return "ContactsPlus";
    case SessionAccessLevel.REGISTERED_USERS:
      return "RegisteredUsers";
    case SessionAccessLevel.ANYONE:
      return "Anyone";
    default:
      return undefined;
  }
}

function toWireSettings(world: WorldState): MessageInitShape<typeof SessionSettingsSchema> {
  const { settings, resoniteLinkPort } = world;
  return {
    worldName: world.worldName,
    worldDescription: settings.description,
    maxUsers: settings.maxUsers,
    accessLevel: accessLevels[world.accessLevel],
    hideFromListing: settings.hideFromListing,
    mobileFriendly: settings.mobileFriendly,
    awayKickEnabled: settings.awayKickEnabled,
    awayKickMinutes: settings.awayKickMinutes,
    autoSaveEnabled: settings.autoSaveEnabled,
    autoSaveIntervalMinutes: settings.autoSaveIntervalMinutes,
    autoCleanupEnabled: settings.autoCleanupEnabled,
    autoCleanupIntervalSeconds: settings.autoCleanupIntervalSeconds,
    tags: [...settings.tags],
    sessionId: world.sessionId,
    isHost: world.isHost,
    resoniteLinkEnabled: resoniteLinkPort > 0,
    resoniteLinkPort,
  };
}

function toWireUser(user: WorldUser): MessageInitShape<typeof SessionUserSchema> {
  return {
    userId: user.userId,
    userName: user.userName,
    isHost: user.isHost,
    isLocalUser: user.isLocal,
    isPresentInWorld: user.isPresent,
    isSilenced: user.isSilenced,
    localVolume: user.localVolume,
    roleName: user.role,
    platform: user.platform,
    headDevice: user.headDevice,
  };
}
