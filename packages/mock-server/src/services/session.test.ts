import type { MessageInitShape } from "@bufbuild/protobuf";
import { services } from "@resoio/core";
import {
  KickKind,
  SessionAccessLevel,
  type SessionSettings,
  type SessionSettingsPatchSchema,
  type SessionUser,
  type UserTargetSchema,
} from "@resoio/core/gen/resonite_io/v1/session_pb";
import { describe, expect, it } from "vitest";
import { emptyScenario } from "../scenarios/empty-scenario.js";
import { notHostScenario } from "../scenarios/not-host-scenario.js";
import type { ScenarioInput } from "../scenarios/scenario.js";
import { type OpenMod, openMod } from "../testing/open-mod.js";
import { type RawClient, statusOf } from "../testing/raw-client.js";

const { method } = services.session;

type Patch = MessageInitShape<typeof SessionSettingsPatchSchema>;
type Target = MessageInitShape<typeof UserTargetSchema>;
type WorldInput = NonNullable<ScenarioInput["openWorlds"]>[number];

const testWorld: WorldInput = {
  name: "Test World",
  sessionId: "S-test-session",
  accessLevel: "Contacts",
  users: [{ userId: "U-guest", userName: "Guest", platform: "Linux", headDevice: "Index", localVolume: 0.5 }],
  settings: {
    description: "a place",
    mobileFriendly: true,
    autoSaveEnabled: true,
    tags: ["social", "test"],
  },
  roleOverrides: { "U-friend": "Builder" },
};

/** Opens a mod whose user hosts the test world, with these differences. */
function openHost(changes: Partial<WorldInput> = {}): Promise<OpenMod> {
  const localUser = { userId: "U-host", userName: "Host" };
  const openWorlds = [{ ...testWorld, ...changes }];
  return openMod({ scenario: { localUser, openWorlds, info: { platform: "windows" } } });
}

const settingsOf = ({ raw }: OpenMod): Promise<SessionSettings> => raw.unary(method.getSettings, {});

const apply = ({ raw }: OpenMod, patch: Patch): Promise<unknown> => raw.unary(method.applySettings, patch);

const usersOf = async ({ raw }: OpenMod): Promise<readonly SessionUser[]> =>
  (await raw.unary(method.listUsers, {})).users;

const userNames = async (test: OpenMod): Promise<readonly string[]> =>
  (await usersOf(test)).map(({ userName }) => userName);

describe("Session.GetSettings", () => {
  it("SS1 returns a snapshot of the focused world", async () => {
    await using test = await openHost();
    expect(await settingsOf(test)).toMatchObject({
      worldName: "Test World",
      worldDescription: "a place",
      maxUsers: 16,
      accessLevel: SessionAccessLevel.CONTACTS,
      hideFromListing: false,
      mobileFriendly: true,
      awayKickEnabled: false,
      awayKickMinutes: 5,
      autoSaveEnabled: true,
      autoSaveIntervalMinutes: 10,
      autoCleanupEnabled: false,
      autoCleanupIntervalSeconds: 120,
      tags: ["social", "test"],
      sessionId: "S-test-session",
      isHost: true,
    });
  });

  it("SS11 has ResoniteLink off, without a port, until it is enabled", async () => {
    await using test = await openHost();
    expect(await settingsOf(test)).toMatchObject({ resoniteLinkEnabled: false, resoniteLinkPort: 0 });
  });

  it("SE1 is the host at home, and not in somebody else's world", async () => {
    await using home = await openMod();
    expect((await settingsOf(home)).isHost).toBe(true);
    await using away = await openMod({ scenario: notHostScenario });
    expect((await settingsOf(away)).isHost).toBe(false);
  });

  it.each([
    { name: "Private", level: SessionAccessLevel.PRIVATE },
    { name: "LAN", level: SessionAccessLevel.LAN },
    { name: "Contacts", level: SessionAccessLevel.CONTACTS },
    { name: "ContactsPlus", level: SessionAccessLevel.CONTACTS_PLUS },
    { name: "RegisteredUsers", level: SessionAccessLevel.REGISTERED_USERS },
    { name: "Anyone", level: SessionAccessLevel.ANYONE },
  ] as const)("knows the access level $name", async ({ name, level }) => {
    await using test = await openHost({ accessLevel: name });
    expect((await settingsOf(test)).accessLevel).toBe(level);
  });
});

describe("Session.ApplySettings", () => {
  it.each<{ readonly id: string; readonly patch: Patch; readonly shown?: Partial<SessionSettings> }>([
    { id: "SS2 the name", patch: { worldName: "Renamed" } },
    { id: "an empty name", patch: { worldName: "" } },
    { id: "the description", patch: { worldDescription: "" } },
    { id: "SS3 an explicit false", patch: { mobileFriendly: false } },
    { id: "hiding", patch: { hideFromListing: true } },
    { id: "SS4 an explicit zero", patch: { awayKickMinutes: 0 } },
    { id: "fractions of 32 bits", patch: { awayKickMinutes: 0.5, autoCleanupIntervalSeconds: -1 } },
    { id: "switches", patch: { awayKickEnabled: true, autoSaveEnabled: false, autoCleanupEnabled: true } },
    { id: "an interval", patch: { autoSaveIntervalMinutes: 2.5 } },
    { id: "SS5 nothing", patch: {} },
    { id: "SS6 an unspecified access level as none", patch: { accessLevel: 0 }, shown: {} },
    { id: "an unknown access level as none", patch: { accessLevel: 99 as SessionAccessLevel }, shown: {} },
    { id: "SS7 an access level", patch: { accessLevel: SessionAccessLevel.ANYONE } },
    { id: "SS8 the end of all tags", patch: { replaceTags: true }, shown: { tags: [] } },
    {
      id: "SS9 other tags, as they are",
      patch: { replaceTags: true, tags: ["vr", " game ", "vr"] },
      shown: { tags: ["vr", " game ", "vr"] },
    },
    { id: "SS10 tags that are not to be replaced as none", patch: { tags: ["game"] }, shown: {} },
    { id: "SS15 no ResoniteLink", patch: { maxUsers: 3 } },
    { id: "SS18 the least number of users", patch: { maxUsers: 1 } },
    { id: "SS19 the largest number of users", patch: { maxUsers: 255 } },
  ])("writes $id and leaves all else alone", async ({ patch, shown }) => {
    await using test = await openHost();
    const before = await settingsOf(test);
    await apply(test, patch);
    expect(await settingsOf(test)).toEqual({ ...before, ...(shown ?? patch) });
  });

  it("notes only settings that became different", async () => {
    await using test = await openHost();
    await apply(test, { worldName: "Test World", maxUsers: 16, replaceTags: true, tags: ["social", "test"] });
    expect(test.engine.journal.changes("settingsChanged")).toEqual([]);
    await apply(test, { worldName: "New", maxUsers: 16, mobileFriendly: false });
    expect(test.engine.journal.changes("settingsChanged")).toMatchObject([{ fields: ["worldName", "mobileFriendly"] }]);
  });

  it("SS12 enables ResoniteLink on a port", async () => {
    await using test = await openHost();
    await apply(test, { resoniteLinkEnabled: true });
    const { resoniteLinkEnabled, resoniteLinkPort } = await settingsOf(test);
    expect(resoniteLinkEnabled).toBe(true);
    expect(resoniteLinkPort).toBeGreaterThanOrEqual(2000);
    expect(resoniteLinkPort).toBeLessThanOrEqual(65_535);
  });

  it("SS13 keeps ResoniteLink and its port when it is enabled again", async () => {
    await using test = await openHost();
    await apply(test, { resoniteLinkEnabled: true });
    const first = await settingsOf(test);
    await apply(test, { resoniteLinkEnabled: true });
    expect(await settingsOf(test)).toEqual(first);
    expect(test.engine.journal.changes("resoniteLinkEnabled")).toHaveLength(1);
  });

  it.each([{ wasOn: false }, { wasOn: true }])(
    "SS14 refuses to switch ResoniteLink off (on before: $wasOn), after all else was written",
    async ({ wasOn }) => {
      await using test = await openHost();
      if (wasOn) await apply(test, { resoniteLinkEnabled: true });
      const before = await settingsOf(test);
      const refused = await statusOf(apply(test, { worldName: "Renamed", resoniteLinkEnabled: false }));
      expect(refused.code).toBe("FAILED_PRECONDITION");
      expect(await settingsOf(test)).toEqual({ ...before, worldName: "Renamed" });
    },
  );

  it("SE5 needs the permission to run ResoniteLink, after all else was written", async () => {
    const permissions = { resoniteLink: false };
    await using test = await openHost({ permissions });
    const refused = await statusOf(apply(test, { maxUsers: 9, resoniteLinkEnabled: true }));
    expect(refused.code).toBe("PERMISSION_DENIED");
    expect(await settingsOf(test)).toMatchObject({ maxUsers: 9, resoniteLinkEnabled: false, resoniteLinkPort: 0 });
  });

  it.each([
    { id: "SS16", maxUsers: 0 },
    { id: "SS17", maxUsers: 256 },
    { id: "SS16", maxUsers: -1 },
  ])("$id refuses $maxUsers users and writes nothing", async ({ maxUsers }) => {
    await using test = await openHost();
    const before = await settingsOf(test);
    const refused = await statusOf(apply(test, { worldName: "Renamed", maxUsers, resoniteLinkEnabled: true }));
    expect(refused.code).toBe("INVALID_ARGUMENT");
    expect(refused.details).toContain(String(maxUsers));
    expect(await settingsOf(test)).toEqual(before);
  });

  it("SS16 looks at the number of users before the world and the host, but after the bridge", async () => {
    await using empty = await openMod({ scenario: emptyScenario });
    expect((await statusOf(apply(empty, { maxUsers: 0 }))).code).toBe("INVALID_ARGUMENT");
    await using guest = await openMod({ scenario: notHostScenario });
    expect((await statusOf(apply(guest, { maxUsers: 256 }))).code).toBe("INVALID_ARGUMENT");
    await using absent = await openMod({ faults: { absentBridges: ["session"] } });
    expect((await statusOf(apply(absent, { maxUsers: 0 }))).code).toBe("UNAVAILABLE");
  });

  it.each<{ readonly id: string; readonly patch: Patch }>([
    { id: "SS31 a name", patch: { worldName: "Mine now" } },
    { id: "SS39 nothing at all", patch: {} },
    { id: "SS31 the end of ResoniteLink", patch: { resoniteLinkEnabled: false } },
  ])("lets nobody but the host write: $id", async ({ patch }) => {
    await using test = await openMod({ scenario: notHostScenario });
    const before = await settingsOf(test);
    expect((await statusOf(apply(test, patch))).code).toBe("PERMISSION_DENIED");
    expect(await settingsOf(test)).toEqual(before);
  });

  it("SS38 shows at once everywhere: in the settings, the open worlds and the camera's picture", async () => {
    await using test = await openHost();
    const picture = Buffer.from(test.engine.draw().pixels);
    await apply(test, { worldName: "New Name", accessLevel: SessionAccessLevel.LAN });
    expect((await settingsOf(test)).worldName).toBe("New Name");
    const { world } = await test.raw.unary(services.world.method.getCurrent, {});
    expect(world).toMatchObject({ name: "New Name", accessLevel: "LAN" });
    expect(picture.equals(test.engine.draw().pixels)).toBe(false);
  });

  it("SE2 changes exactly what it names, and back again", async () => {
    await using test = await openMod();
    const before = await settingsOf(test);
    const { worldName, maxUsers, accessLevel, hideFromListing } = before;
    const changed = {
      worldName: "Other",
      maxUsers: 3,
      accessLevel: SessionAccessLevel.REGISTERED_USERS,
      hideFromListing: true,
    };
    await apply(test, changed);
    expect(await settingsOf(test)).toEqual({ ...before, ...changed });
    await apply(test, { worldName, maxUsers, accessLevel, hideFromListing });
    expect(await settingsOf(test)).toEqual(before);
  });

  it("belongs to the world: another one has its own settings", async () => {
    const scenario = { openWorlds: [testWorld, { name: "Second" }] };
    await using test = await openMod({ scenario });
    await apply(test, { maxUsers: 77 });
    await test.raw.unary(services.world.method.leave, { handle: 1 });
    expect(await settingsOf(test)).toMatchObject({ worldName: "Second", maxUsers: 16 });
  });
});

describe("Session.ListUsers", () => {
  it("SS20 lists the host and the guest with all that is known of them", async () => {
    await using test = await openHost();
    expect(await usersOf(test)).toEqual([
      expect.objectContaining({
        userId: "U-host",
        userName: "Host",
        isHost: true,
        isLocalUser: true,
        isPresentInWorld: true,
        isSilenced: false,
        localVolume: 1,
        roleName: "Admin",
        platform: "Windows",
        headDevice: "Desktop",
      }),
      expect.objectContaining({
        userId: "U-guest",
        userName: "Guest",
        isHost: false,
        isLocalUser: false,
        isPresentInWorld: true,
        isSilenced: false,
        localVolume: 0.5,
        roleName: "Guest",
        platform: "Linux",
        headDevice: "Index",
      }),
    ]);
  });

  it("SE3 has exactly one local user, who is the host at home and is not elsewhere", async () => {
    await using home = await openMod();
    const locals = (await usersOf(home)).filter(({ isLocalUser }) => isLocalUser);
    expect(locals).toMatchObject([{ userName: "Robin", isHost: true }]);

    await using away = await openMod({ scenario: notHostScenario });
    expect((await usersOf(away)).map(({ userName, userId, isHost }) => [userName, userId, isHost])).toEqual([
      ["Dana", "U-dana", true],
      ["Bob", "U-bob", false],
      ["Eve", "", false],
      ["Robin", "U-robin", false],
    ]);
  });
});

describe("Session.KickUser and BanUser", () => {
  it.each([
    { id: "SS21", kind: KickKind.KICK_AND_REVOKE, revoked: true },
    { id: "SS21", kind: KickKind.KICK, revoked: false },
    { id: "SS22", kind: KickKind.UNSPECIFIED, revoked: true },
    { id: "SS22", kind: 9 as KickKind, revoked: true },
  ])("$id kicks with kind $kind, invitation revoked: $revoked", async ({ kind, revoked }) => {
    await using test = await openHost();
    await test.raw.unary(method.kickUser, { target: { userId: "U-guest" }, kind });
    expect(await userNames(test)).toEqual(["Host"]);
    expect(test.engine.journal.changes("userKicked")).toMatchObject([{ revoked, userName: "Guest" }]);
  });

  it("SS23 bans", async () => {
    await using test = await openHost();
    await test.raw.unary(method.banUser, { target: { userId: "U-guest" } });
    expect(await userNames(test)).toEqual(["Host"]);
    expect(test.engine.journal.changes("userBanned")).toMatchObject([{ userName: "Guest" }]);
  });

  it("takes whoever is gone out of the picture and out of the number of users", async () => {
    await using test = await openHost({ users: [{ userName: "Bob" }, { userName: "Ann" }, { userName: "Zed" }] });
    const picture = Buffer.from(test.engine.draw().pixels);
    await test.raw.unary(method.kickUser, { target: { userName: "Bob" } });
    await test.raw.unary(method.banUser, { target: { userName: "Ann" } });
    await test.raw.unary(method.banUser, { target: { userName: "Zed" } });
    expect((await test.raw.unary(services.world.method.getCurrent, {})).world?.userCount).toBe(1);
    expect(picture.equals(test.engine.draw().pixels)).toBe(false);
  });

  it("finds nobody the second time", async () => {
    await using test = await openHost();
    const target = { userId: "U-guest" };
    await test.raw.unary(method.kickUser, { target });
    expect((await statusOf(test.raw.unary(method.kickUser, { target }))).code).toBe("NOT_FOUND");
    expect((await statusOf(test.raw.unary(method.banUser, { target }))).code).toBe("NOT_FOUND");
  });

  it("removes neither the host nor the local user, whatever the rights", async () => {
    await using host = await openHost();
    expect((await statusOf(host.raw.unary(method.kickUser, { target: { local: true } }))).code).toBe(
      "PERMISSION_DENIED",
    );
    const users = [{ userName: "Owner", isHost: true }];
    await using guest = await openHost({ isHost: false, users });
    for (const target of [{ local: true }, { userName: "Owner" }]) {
      expect((await statusOf(guest.raw.unary(method.banUser, { target }))).code).toBe("PERMISSION_DENIED");
    }
    expect(await userNames(guest)).toEqual(["Owner", "Host"]);
  });
});

describe("Session.SilenceUser", () => {
  it("SS24 silences and lets speak again, any number of times", async () => {
    await using test = await openHost();
    const target = { userId: "U-guest" };
    for (const silenced of [true, true, false, false]) {
      const { user } = await test.raw.unary(method.silenceUser, { target, silenced });
      expect(user).toMatchObject({ userName: "Guest", isSilenced: silenced });
      expect((await usersOf(test))[1]?.isSilenced).toBe(silenced);
    }
    expect(test.engine.journal.changes("userSilenced")).toHaveLength(2);
  });

  it("lets speak again by default", async () => {
    await using test = await openHost({ users: [{ userName: "Guest", isSilenced: true }] });
    const { user } = await test.raw.unary(method.silenceUser, { target: { userName: "Guest" } });
    expect(user?.isSilenced).toBe(false);
  });
});

describe("Session.RespawnUser", () => {
  it("SS25 respawns somebody else who allows it", async () => {
    await using test = await openHost();
    await test.raw.unary(method.respawnUser, { target: { userId: "U-guest" } });
    expect(test.engine.journal.changes("userRespawned")).toMatchObject([{ userName: "Guest" }]);
    expect(await userNames(test)).toEqual(["Host", "Guest"]);
  });

  it("is refused for somebody who does not allow it", async () => {
    await using test = await openHost({ users: [{ userName: "Guest", canBeRespawned: false }] });
    const refused = await statusOf(test.raw.unary(method.respawnUser, { target: { userName: "Guest" } }));
    expect(refused.code).toBe("PERMISSION_DENIED");
    expect(test.engine.journal.changes("userRespawned")).toEqual([]);
  });

  it("puts the local user back to the entrance, even without rights", async () => {
    await using test = await openMod({ scenario: notHostScenario });
    const entrance = test.engine.avatar.viewpoint;
    test.engine.state.avatar.position = { x: 1, y: 0, z: 1 };
    test.engine.state.avatar.yawDegrees = 90;
    await test.raw.unary(method.respawnUser, { target: { local: true } });
    expect(test.engine.avatar.viewpoint).toEqual(entrance);
  });
});

describe("Session.SetUserRole", () => {
  it.each(["Builder", "bUILDER"])("SS26 gives the role %s, by its own spelling, and remembers it", async (roleName) => {
    await using test = await openHost();
    const { user } = await test.raw.unary(method.setUserRole, { target: { userId: "U-guest" }, roleName });
    expect(user).toMatchObject({ userId: "U-guest", roleName: "Builder" });
    expect((await usersOf(test))[1]?.roleName).toBe("Builder");
    const { overrides } = await test.raw.unary(method.getUserRoleOverrides, {});
    expect(overrides.map(({ userId, roleName: name }) => [userId, name])).toEqual([
      ["U-friend", "Builder"],
      ["U-guest", "Builder"],
    ]);
  });

  it("remembers no role of somebody without an account", async () => {
    await using test = await openHost({ users: [{ userName: "Eve", userId: "" }], roleOverrides: {} });
    const { user } = await test.raw.unary(method.setUserRole, { target: { userName: "Eve" }, roleName: "Admin" });
    expect(user?.roleName).toBe("Admin");
    expect((await test.raw.unary(method.getUserRoleOverrides, {})).overrides).toEqual([]);
  });

  it.each(["", "Emperor"])("SS34 does not find the role '%s'", async (roleName) => {
    await using test = await openHost();
    const target = { userId: "U-guest" };
    expect((await statusOf(test.raw.unary(method.setUserRole, { target, roleName }))).code).toBe("NOT_FOUND");
    expect((await usersOf(test))[1]?.roleName).toBe("Guest");
  });
});

describe("a target", () => {
  const silence = async (test: OpenMod, target: Target | undefined): Promise<string | undefined> => {
    const request = target === undefined ? {} : { target };
    return (await test.raw.unary(method.silenceUser, { ...request, silenced: true })).user?.userName;
  };
  const users = [{ userName: "Guest" }, { userName: "Twin", userId: "U-one" }, { userName: "Twin", userId: "U-two" }];

  it.each<{ readonly id: string; readonly target: Target; readonly expected: string }>([
    { id: "SS27 its id", target: { userId: "U-guest" }, expected: "Guest" },
    { id: "SS27 its id before its name", target: { userId: "U-one", userName: "Guest" }, expected: "Twin" },
    { id: "SS28 its name", target: { userName: "Guest" }, expected: "Guest" },
    { id: "SS29 being local", target: { local: true }, expected: "Host" },
    { id: "SS29 being local before all else", target: { local: true, userId: "U-guest" }, expected: "Host" },
  ])("is found by $id", async ({ target, expected }) => {
    await using test = await openHost({ users });
    expect(await silence(test, target)).toBe(expected);
  });

  it.each<{ readonly id: string; readonly target?: Target; readonly code: string }>([
    { id: "SS32 an unknown id", target: { userId: "U-nobody" }, code: "NOT_FOUND" },
    { id: "SS32 an unknown name", target: { userName: "Nobody" }, code: "NOT_FOUND" },
    { id: "SS33 a name that two have", target: { userName: "Twin" }, code: "FAILED_PRECONDITION" },
    {
      id: "SS39 an unknown id in spite of a known name",
      target: { userId: "U-x", userName: "Guest" },
      code: "NOT_FOUND",
    },
    { id: "SS39 an id in other case", target: { userId: "u-guest" }, code: "NOT_FOUND" },
    { id: "SS39 a name in other case", target: { userName: "guest" }, code: "NOT_FOUND" },
    { id: "SS39 nothing", target: {}, code: "NOT_FOUND" },
    { id: "SS39 its absence", code: "NOT_FOUND" },
  ])("is not found by $id", async ({ target, code }) => {
    await using test = await openHost({ users });
    const request = target === undefined ? {} : { target };
    const calls: readonly Promise<unknown>[] = [
      test.raw.unary(method.kickUser, request),
      test.raw.unary(method.banUser, request),
      test.raw.unary(method.silenceUser, { ...request, silenced: true }),
      test.raw.unary(method.respawnUser, request),
      test.raw.unary(method.setUserRole, { ...request, roleName: "Builder" }),
    ];
    for (const { code: actual } of await Promise.all(calls.map(statusOf))) expect(actual).toBe(code);
    expect(await usersOf(test)).toHaveLength(4);
  });
});

describe("without rights", () => {
  it.each<readonly [string, (raw: RawClient, target: Target) => Promise<unknown>]>([
    ["KickUser", (raw, target) => raw.unary(method.kickUser, { target })],
    ["BanUser", (raw, target) => raw.unary(method.banUser, { target })],
    ["SilenceUser", (raw, target) => raw.unary(method.silenceUser, { target, silenced: true })],
    ["RespawnUser", (raw, target) => raw.unary(method.respawnUser, { target })],
    ["SetUserRole", (raw, target) => raw.unary(method.setUserRole, { target, roleName: "Emperor" })],
  ])("%s is denied, but only for somebody who is there", async (_, call) => {
    await using test = await openMod({ scenario: notHostScenario });
    const before = await usersOf(test);
    expect((await statusOf(call(test.raw, { userName: "Bob" }))).code).toBe("PERMISSION_DENIED");
    expect((await statusOf(call(test.raw, { userName: "Nobody" }))).code).toBe("NOT_FOUND");
    expect(await usersOf(test)).toEqual(before);
  });

  it.each(["kick", "ban", "silence", "assignRoles"] as const)("only '%s' is denied by its own right", async (right) => {
    await using test = await openHost({
      permissions: { [right]: false },
      users: [{ userName: "A" }, { userName: "B" }],
    });
    const [first, second] = [{ userName: "A" }, { userName: "B" }];
    const codes = {
      silence: (await statusOf(test.raw.unary(method.silenceUser, { target: first, silenced: true }))).code,
      assignRoles: (await statusOf(test.raw.unary(method.setUserRole, { target: first, roleName: "Builder" }))).code,
      kick: (await statusOf(test.raw.unary(method.kickUser, { target: first }))).code,
      ban: (await statusOf(test.raw.unary(method.banUser, { target: second }))).code,
    };
    expect(codes).toEqual({ silence: "OK", assignRoles: "OK", kick: "OK", ban: "OK", [right]: "PERMISSION_DENIED" });
  });
});

describe("Session.ListRoles and GetUserRoleOverrides", () => {
  it("SS35 lists the roles from the highest to the lowest, and the default ones", async () => {
    await using test = await openHost();
    const { roles, ...defaults } = await test.raw.unary(method.listRoles, {});
    expect(roles.map(({ roleName, isHighest, isLowest }) => [roleName, isHighest, isLowest])).toEqual([
      ["Admin", true, false],
      ["Builder", false, false],
      ["Guest", false, true],
    ]);
    expect(roles[0]?.roleDescription).toBe("May do everything");
    expect(defaults).toMatchObject({
      defaultAnonymousRole: "Guest",
      defaultVisitorRole: "Guest",
      defaultContactRole: "Builder",
      defaultHostRole: "Admin",
      defaultOwnerRole: "Admin",
    });
  });

  it("SE4 calls a single role both the highest and the lowest, and may have no default roles", async () => {
    const defaultRoles = { anonymous: "", visitor: "", contact: "", host: "", owner: "" };
    await using test = await openHost({ roles: [{ name: "All" }], defaultRoles });
    const { roles, defaultHostRole } = await test.raw.unary(method.listRoles, {});
    expect(roles).toMatchObject([{ roleName: "All", isHighest: true, isLowest: true }]);
    expect(defaultHostRole).toBe("");
  });

  it("SS36 lists the default roles of single users, without a name when the role does not exist", async () => {
    await using test = await openHost({ roleOverrides: { "U-friend": "Builder", "U-old": "Emperor" } });
    const { overrides } = await test.raw.unary(method.getUserRoleOverrides, {});
    expect(overrides.map(({ userId, roleName }) => [userId, roleName])).toEqual([
      ["U-friend", "Builder"],
      ["U-old", ""],
    ]);
  });
});

describe("the session bridge", () => {
  const target = { userId: "U-guest" };
  const calls: readonly (readonly [string, (raw: RawClient) => Promise<unknown>])[] = [
    ["GetSettings", (raw) => raw.unary(method.getSettings, {})],
    ["ApplySettings", (raw) => raw.unary(method.applySettings, {})],
    ["ListUsers", (raw) => raw.unary(method.listUsers, {})],
    ["KickUser", (raw) => raw.unary(method.kickUser, { target })],
    ["BanUser", (raw) => raw.unary(method.banUser, { target })],
    ["SilenceUser", (raw) => raw.unary(method.silenceUser, { target })],
    ["RespawnUser", (raw) => raw.unary(method.respawnUser, { target })],
    ["SetUserRole", (raw) => raw.unary(method.setUserRole, { target, roleName: "Guest" })],
    ["ListRoles", (raw) => raw.unary(method.listRoles, {})],
    ["GetUserRoleOverrides", (raw) => raw.unary(method.getUserRoleOverrides, {})],
  ];

  it.each(calls)("SS30 %s is not ready while no world is focused", async (_, call) => {
    await using test = await openMod({ scenario: emptyScenario });
    const { code, details } = await statusOf(call(test.raw));
    expect(code).toBe("FAILED_PRECONDITION");
    expect(details).not.toBe("");
  });

  it.each(calls)("SS30 %s is not ready while the engine starts", async (_, call) => {
    await using test = await openMod({ faults: { bootMs: 1000 } });
    expect((await statusOf(call(test.raw))).code).toBe("FAILED_PRECONDITION");
  });

  it.each(calls)("SS37 %s is unavailable without it", async (_, call) => {
    await using test = await openMod({ faults: { absentBridges: ["session"] } });
    const { code, details } = await statusOf(call(test.raw));
    expect(code).toBe("UNAVAILABLE");
    expect(details).toContain("Session");
  });
});
