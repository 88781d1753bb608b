import {
  Code,
  InvalidOptionsError,
  type SessionAccessLevel,
  type SessionClient,
  type SessionSettingsChanges,
  type UserTarget,
} from "@resoio/core";
import type { MockModOptions, ScenarioInput } from "@resoio/mock-server";
import { describe, expect, it } from "vitest";
import { callsOf, requestsOf } from "./testing/requests-of.js";
import { codeOf, statusOf } from "./testing/status-of.js";
import { type ConnectedMod, transports } from "./testing/transports.js";

type World = NonNullable<ScenarioInput["openWorlds"]>[number];

const testWorld = {
  name: "Test World",
  sessionId: "S-test-session",
  accessLevel: "Contacts",
  users: [{ userId: "U-guest", userName: "Guest", platform: "Linux", headDevice: "Index", localVolume: 0.5 }],
  settings: {
    description: "a place",
    maxUsers: 16,
    hideFromListing: false,
    mobileFriendly: true,
    awayKickEnabled: false,
    awayKickMinutes: 5,
    autoSaveEnabled: true,
    autoSaveIntervalMinutes: 10,
    autoCleanupEnabled: false,
    autoCleanupIntervalSeconds: 120,
    tags: ["social", "test"],
  },
  roleOverrides: { "U-friend": "Builder" },
} satisfies World;

const settings = {
  worldName: "Test World",
  worldDescription: "a place",
  maxUsers: 16,
  accessLevel: "contacts",
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
  resoniteLinkEnabled: false,
  resoniteLinkPort: 0,
};

const host = {
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
};

const guest = {
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
};

const target = (parts: Partial<{ userId: string; userName: string; local: boolean }>) => ({
  userId: "",
  userName: "",
  local: false,
  ...parts,
});

describe.each(transports)("session over $name", (transport) => {
  /** Opens a mod whose user is in the test world, with these differences. */
  function openIn(changes: Partial<World> = {}, options: MockModOptions = {}): Promise<ConnectedMod> {
    const localUser = { userId: "U-host", userName: "Host" };
    const scenario = { localUser, openWorlds: [{ ...testWorld, ...changes }], info: { platform: "windows" as const } };
    return transport.open({ scenario, ...options });
  }

  it("SS1 SC1 tells all settings of the focused world", async () => {
    await using test = await openIn();
    expect(await test.resonite.session.getSettings()).toEqual(settings);
  });

  it.each<[SessionAccessLevel, number]>([
    ["private", 1],
    ["lan", 2],
    ["contacts", 3],
    ["contactsPlus", 4],
    ["registeredUsers", 5],
    ["anyone", 6],
  ])("SC5 SS7 sets and tells the access level '%s'", async (accessLevel, wire) => {
    await using test = await openIn();
    await test.resonite.session.applySettings({ accessLevel });
    expect(await test.resonite.session.getSettings()).toEqual({ ...settings, accessLevel });
    expect(requestsOf(test.mod, "session.applySettings")).toMatchObject([{ accessLevel: wire }]);
  });

  it.each<SessionSettingsChanges>([
    { worldName: "Neuer Name 世界" },
    { worldName: "" },
    { worldDescription: "another place" },
    { worldDescription: "" },
    { maxUsers: 1 },
    { maxUsers: 255 },
    { hideFromListing: true },
    { mobileFriendly: false },
    { awayKickEnabled: true },
    { awayKickMinutes: 0 },
    { awayKickMinutes: 2.5 },
    { autoSaveEnabled: false },
    { autoSaveIntervalMinutes: 1.5 },
    { autoCleanupEnabled: true },
    { autoCleanupIntervalSeconds: 0.25 },
    { tags: [] },
    { tags: ["game", " vr ", "game"] },
    { worldName: "Two", maxUsers: 8, tags: ["both"] },
  ])("SE2 SC12-SC17 changes what is named, %j, and nothing else", async (changes) => {
    await using test = await openIn();
    expect(await test.resonite.session.applySettings(changes)).toBeUndefined();
    expect(await test.resonite.session.getSettings()).toEqual({ ...settings, ...changes });
  });

  it("SS5 SC8 SC15 SC18 leaves out of the request what is not named", async () => {
    await using test = await openIn();
    await test.resonite.session.applySettings({});
    const [request] = requestsOf(test.mod, "session.applySettings");
    expect(request).toMatchObject({ accessLevel: 0, replaceTags: false, tags: [] });
    for (const field of [
      "worldName",
      "worldDescription",
      "maxUsers",
      "hideFromListing",
      "mobileFriendly",
      "awayKickEnabled",
      "awayKickMinutes",
      "autoSaveEnabled",
      "autoSaveIntervalMinutes",
      "autoCleanupEnabled",
      "autoCleanupIntervalSeconds",
      "resoniteLinkEnabled",
    ]) {
      // A message has the defaults of absent fields in its prototype.
      expect([field, Object.hasOwn(request ?? {}, field)]).toEqual([field, false]);
    }
    expect(await test.resonite.session.getSettings()).toEqual(settings);
  });

  it("SS3 SC12-SC17 tells false, 0, nothing and an empty list from what is not named", async () => {
    await using test = await openIn();
    await test.resonite.session.applySettings({
      worldName: "",
      hideFromListing: false,
      awayKickMinutes: 0,
      tags: [],
    });
    const [request] = requestsOf(test.mod, "session.applySettings");
    for (const field of ["worldName", "hideFromListing", "awayKickMinutes"]) {
      expect([field, Object.hasOwn(request ?? {}, field)]).toEqual([field, true]);
    }
    expect(request).toMatchObject({ replaceTags: true, tags: [] });
  });

  it.each([0, 256, -1])("SS16 SS17 fails with InvalidArgument for %d users and changes nothing", async (maxUsers) => {
    await using test = await openIn({ isHost: false });
    const { session } = test.resonite;
    expect(await codeOf(session.applySettings({ worldName: "Other", maxUsers }))).toBe(Code.InvalidArgument);
    expect(await session.getSettings()).toMatchObject({ worldName: "Test World", maxUsers: 16 });
  });

  it("SS31 SS39 can be changed by the host only, even by nothing", async () => {
    await using test = await openIn({ isHost: false });
    const { session } = test.resonite;
    expect((await session.getSettings()).isHost).toBe(false);
    expect(await codeOf(session.applySettings({}))).toBe(Code.PermissionDenied);
    expect(await codeOf(session.applySettings({ worldName: "Mine" }))).toBe(Code.PermissionDenied);
    expect((await session.getSettings()).worldName).toBe("Test World");
  });

  it("SS12 SC2 SE5 starts ResoniteLink, also twice, and tells its port", async () => {
    await using test = await openIn();
    const { session } = test.resonite;
    await session.applySettings({ resoniteLinkEnabled: true });
    const { resoniteLinkEnabled, resoniteLinkPort } = await session.getSettings();
    expect(resoniteLinkEnabled).toBe(true);
    expect(resoniteLinkPort).toBeGreaterThanOrEqual(2000);
    expect(resoniteLinkPort).toBeLessThanOrEqual(65_535);
    await session.applySettings({ resoniteLinkEnabled: true });
    expect((await session.getSettings()).resoniteLinkPort).toBe(resoniteLinkPort);
  });

  it("SS14 cannot stop ResoniteLink, and what else was named is changed all the same", async () => {
    await using test = await openIn();
    const { session } = test.resonite;
    const changes = { worldName: "Changed", resoniteLinkEnabled: false };
    expect(await codeOf(session.applySettings(changes))).toBe(Code.FailedPrecondition);
    expect((await session.getSettings()).worldName).toBe("Changed");
  });

  it("SE5 needs a right of its own to start ResoniteLink", async () => {
    await using test = await openIn({ permissions: { resoniteLink: false } });
    const { session } = test.resonite;
    expect(await codeOf(session.applySettings({ resoniteLinkEnabled: true }))).toBe(Code.PermissionDenied);
    expect((await session.getSettings()).resoniteLinkEnabled).toBe(false);
  });

  it("SS20 SC19 SC20 lists the users in the engine's order, with all that is known of them", async () => {
    await using test = await openIn();
    expect(await test.resonite.session.listUsers()).toEqual([host, guest]);
  });

  it("lists guests without an account, users of the same name, and those who are elsewhere", async () => {
    const users = [
      { userName: "Twin", userId: "" },
      { userName: "Twin", userId: "U-twin", isPresent: false, isSilenced: true },
    ];
    await using test = await openIn({ users });
    expect((await test.resonite.session.listUsers()).slice(1)).toMatchObject([
      { userName: "Twin", userId: "", isPresentInWorld: true, isSilenced: false },
      { userName: "Twin", userId: "U-twin", isPresentInWorld: false, isSilenced: true },
    ]);
  });

  it.each<[UserTarget, object]>([
    [{ userId: "U-guest" }, target({ userId: "U-guest" })],
    [{ userName: "Guest" }, target({ userName: "Guest" })],
  ])("SS27 SS28 names a user by %j and sends nothing else", async (named, wire) => {
    await using test = await openIn();
    expect(await test.resonite.session.silenceUser(named)).toEqual({ ...guest, isSilenced: true });
    expect(requestsOf(test.mod, "session.silenceUser")).toMatchObject([{ target: wire, silenced: true }]);
  });

  it("SS29 SC24 names the local user as such", async () => {
    await using test = await openIn();
    expect((await test.resonite.session.silenceUser({ local: true })).userName).toBe("Host");
    expect(requestsOf(test.mod, "session.silenceUser")).toMatchObject([{ target: target({ local: true }) }]);
  });

  it("SS24 SC29 SC30 silences a user unless told otherwise, and may be repeated", async () => {
    await using test = await openIn();
    const { session } = test.resonite;
    expect((await session.silenceUser({ userId: "U-guest" })).isSilenced).toBe(true);
    expect((await session.silenceUser({ userId: "U-guest" }, { silenced: true })).isSilenced).toBe(true);
    expect((await session.silenceUser({ userId: "U-guest" }, { silenced: false })).isSilenced).toBe(false);
    expect(requestsOf(test.mod, "session.silenceUser")).toMatchObject([
      { silenced: true },
      { silenced: true },
      { silenced: false },
    ]);
  });

  it("SS21 SC27 SC28 kicks a user, by default for good", async () => {
    await using test = await openIn({ users: [{ userName: "Eve" }, { userName: "Mallory" }] });
    const { session } = test.resonite;
    expect(await session.kickUser({ userName: "Eve" })).toBeUndefined();
    await session.kickUser({ userName: "Mallory" }, { kind: "kick" });
    expect((await session.listUsers()).map(({ userName }) => userName)).toEqual(["Host"]);
    expect(requestsOf(test.mod, "session.kickUser")).toMatchObject([{ kind: 2 }, { kind: 1 }]);
    expect(test.mod.engine.journal.changes("userKicked").map(({ revoked }) => revoked)).toEqual([true, false]);
  });

  it("SS23 SC23 bans a user", async () => {
    await using test = await openIn();
    const { session } = test.resonite;
    expect(await session.banUser({ userName: "Guest" })).toBeUndefined();
    expect((await session.listUsers()).map(({ userName }) => userName)).toEqual(["Host"]);
    expect(test.mod.engine.journal.changes("userBanned")).toHaveLength(1);
  });

  it("SS25 SC25 SC26 SE6 respawns another user or the local one", async () => {
    await using test = await openIn();
    const { session } = test.resonite;
    await session.respawnUser({ userId: "U-guest" });
    await session.respawnSelf();
    expect(requestsOf(test.mod, "session.respawnUser")).toMatchObject([
      { target: target({ userId: "U-guest" }) },
      { target: target({ local: true }) },
    ]);
    expect(test.mod.engine.journal.changes("userRespawned").map(({ userName }) => userName)).toEqual(["Guest", "Host"]);
  });

  it("SS26 SC31 SS39 gives a user a role, in any case, and keeps it for those who have an account", async () => {
    await using test = await openIn();
    const { session } = test.resonite;
    expect(await session.setUserRole({ userId: "U-guest" }, "bUILDER")).toEqual({ ...guest, roleName: "Builder" });
    expect(requestsOf(test.mod, "session.setUserRole")).toMatchObject([
      { target: target({ userId: "U-guest" }), roleName: "bUILDER" },
    ]);
    expect(await session.getUserRoleOverrides()).toEqual([
      { userId: "U-friend", roleName: "Builder" },
      { userId: "U-guest", roleName: "Builder" },
    ]);
  });

  it("SS35 SC32 SE4 lists the roles from the highest to the lowest, and the defaults", async () => {
    await using test = await openIn();
    const role = (roleName: string, roleDescription: string, isHighest: boolean, isLowest: boolean) => ({
      roleName,
      roleDescription,
      isHighest,
      isLowest,
    });
    expect(await test.resonite.session.listRoles()).toEqual({
      roles: [
        role("Admin", "May do everything", true, false),
        role("Builder", "May build", false, false),
        role("Guest", "May look around", false, true),
      ],
      defaultAnonymousRole: "Guest",
      defaultVisitorRole: "Guest",
      defaultContactRole: "Builder",
      defaultHostRole: "Admin",
      defaultOwnerRole: "Admin",
    });
  });

  it("has a single role that is both highest and lowest, and defaults that are not set", async () => {
    const defaultRoles = { anonymous: "", visitor: "", contact: "", host: "", owner: "" };
    await using test = await openIn({ roles: [{ name: "Everybody" }], defaultRoles });
    expect(await test.resonite.session.listRoles()).toMatchObject({
      roles: [{ roleName: "Everybody", roleDescription: "", isHighest: true, isLowest: true }],
      defaultAnonymousRole: "",
      defaultOwnerRole: "",
    });
  });

  it("SC33 SC34 lists who has a role of their own, by an empty name when it is gone, and nobody", async () => {
    await using test = await openIn({ roleOverrides: { "U-friend": "Builder", "U-old": "Pharaoh" } });
    expect(await test.resonite.session.getUserRoleOverrides()).toEqual([
      { userId: "U-friend", roleName: "Builder" },
      { userId: "U-old", roleName: "" },
    ]);
    await using none = await openIn({ roleOverrides: {} });
    expect(await none.resonite.session.getUserRoleOverrides()).toEqual([]);
  });

  it("SS32 SS34 SS39 fails with NotFound for a user or role that is not there, by the exact name or id", async () => {
    await using test = await openIn();
    const { session } = test.resonite;
    expect(await codeOf(session.kickUser({ userId: "u-guest" }))).toBe(Code.NotFound);
    expect(await codeOf(session.banUser({ userName: "guest" }))).toBe(Code.NotFound);
    expect(await codeOf(session.silenceUser({ userName: "Nobody" }))).toBe(Code.NotFound);
    expect(await codeOf(session.respawnUser({ userName: "Nobody" }))).toBe(Code.NotFound);
    expect(await statusOf(session.setUserRole({ local: true }, "Pharaoh"))).toBe(
      "NotFound: The world has no role 'Pharaoh'.",
    );
  });

  it("SS33 fails with FailedPrecondition for a name that several users have", async () => {
    const users = [
      { userName: "Twin", userId: "U-1" },
      { userName: "Twin", userId: "U-2" },
    ];
    await using test = await openIn({ users });
    const { session } = test.resonite;
    expect(await codeOf(session.kickUser({ userName: "Twin" }))).toBe(Code.FailedPrecondition);
    await session.kickUser({ userId: "U-2" });
    await session.kickUser({ userName: "Twin" });
    expect(await session.listUsers()).toHaveLength(1);
  });

  it("fails with PermissionDenied without the right to it, after looking for the user and before the role", async () => {
    const permissions = { kick: false, ban: false, silence: false, assignRoles: false };
    const users = [{ userName: "Guest", canBeRespawned: false }];
    await using test = await openIn({ permissions, users });
    const { session } = test.resonite;
    const calls = [
      session.kickUser({ userName: "Guest" }),
      session.banUser({ userName: "Guest" }),
      session.silenceUser({ userName: "Guest" }),
      session.respawnUser({ userName: "Guest" }),
      session.setUserRole({ userName: "Guest" }, "Pharaoh"),
    ];
    expect(await Promise.all(calls.map(codeOf))).toEqual(calls.map(() => Code.PermissionDenied));
    expect(await codeOf(session.kickUser({ userName: "Nobody" }))).toBe(Code.NotFound);
    expect(await session.listUsers()).toHaveLength(2);
    await session.respawnSelf();
  });

  it("refuses a target that is empty or named in two ways, without a call", async () => {
    await using test = await openIn();
    const { session } = test.resonite;
    // @ts-expect-error A target names somebody.
    const empty: UserTarget = {};
    // @ts-expect-error A target names somebody in one way.
    const double: UserTarget = { userId: "U-guest", userName: "Guest" };
    for (const named of [empty, double, { userId: "" }, { userName: "" }]) {
      await expect(session.kickUser(named)).rejects.toBeInstanceOf(InvalidOptionsError);
      await expect(session.silenceUser(named)).rejects.toBeInstanceOf(InvalidOptionsError);
    }
    // @ts-expect-error No such level.
    await expect(session.applySettings({ accessLevel: "nobody" })).rejects.toBeInstanceOf(InvalidOptionsError);
    expect(callsOf(test.mod)).toEqual([]);
  });

  it("works on the world that is focused at that moment", async () => {
    const other = { name: "Elsewhere", isHost: false };
    await using test = await transport.open({ scenario: { openWorlds: [testWorld, other] } });
    const { session, world } = test.resonite;
    await world.leave(test.mod.engine.worlds.byName("Test World").handle);
    expect(await session.getSettings()).toMatchObject({ worldName: "Elsewhere", isHost: false });
  });

  it.each<[string, (session: SessionClient) => Promise<unknown>]>([
    ["getSettings", (session) => session.getSettings()],
    ["applySettings", (session) => session.applySettings({})],
    ["listUsers", (session) => session.listUsers()],
    ["kickUser", (session) => session.kickUser({ local: true })],
    ["banUser", (session) => session.banUser({ local: true })],
    ["silenceUser", (session) => session.silenceUser({ local: true })],
    ["respawnUser", (session) => session.respawnSelf()],
    ["setUserRole", (session) => session.setUserRole({ local: true }, "Admin")],
    ["listRoles", (session) => session.listRoles()],
    ["getUserRoleOverrides", (session) => session.getUserRoleOverrides()],
  ])("SS30 cannot %s without a focused world", async (_, call) => {
    await using test = await transport.open({ scenario: { openWorlds: [] } });
    expect(await statusOf(call(test.resonite.session))).toBe("FailedPrecondition: No world is focused.");
  });
});
