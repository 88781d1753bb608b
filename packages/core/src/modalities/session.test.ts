import type { MessageInitShape } from "@bufbuild/protobuf";
import { Code, ConnectError, type ServiceImpl } from "@connectrpc/connect";
import { describe, expect, expectTypeOf, it } from "vitest";
import { InvalidOptionsError } from "../errors/invalid-options-error.js";
import { MalformedResponseError } from "../errors/malformed-response-error.js";
import { KickKind, Session, SessionAccessLevel, type SessionUserSchema } from "../gen/resonite_io/v1/session_pb.js";
import { fakeMod } from "../testing/fake-mod.js";
import { SessionClient } from "./session.js";
import type { SessionUser, UserTarget } from "./session-users.js";

const host = {
  userId: "U-host",
  userName: "Host",
  isHost: true,
  isLocalUser: true,
  isPresentInWorld: true,
  isSilenced: false,
  localVolume: 0.5,
  roleName: "Admin",
  platform: "Windows",
  headDevice: "Desktop",
} satisfies MessageInitShape<typeof SessionUserSchema>;

const guest = {
  userId: "",
  userName: "Guest",
  isHost: false,
  isLocalUser: false,
  isPresentInWorld: false,
  isSilenced: true,
  localVolume: 1,
  roleName: "Guest",
  platform: "Linux",
  headDevice: "Index",
} satisfies MessageInitShape<typeof SessionUserSchema>;

/** Every method that takes a target. */
const targeted: readonly [string, (session: SessionClient, target: UserTarget) => Promise<unknown>][] = [
  ["KickUser", (session, target) => session.kickUser(target)],
  ["BanUser", (session, target) => session.banUser(target)],
  ["SilenceUser", (session, target) => session.silenceUser(target)],
  ["RespawnUser", (session, target) => session.respawnUser(target)],
  ["SetUserRole", (session, target) => session.setUserRole(target, "Builder")],
];

// The cases that the mod's own client is accepted by, in their numbering; SC1 to SC18 are with the settings. SC22 is the other
// way round here: a target is named in exactly one way. SC35 is about something that does not exist here: a client that is
// not connected yet.
describe("SessionClient acceptance cases", () => {
  it.each([
    ["SC19, SC20: listUsers returns every field of the users, in the mod's order", [guest, host]],
    ["SC21: listUsers returns an empty list when there is nobody", []],
  ])("%s", async (_, users) => {
    const { session } = modWith({ listUsers: () => ({ users }) });

    expect(await session.listUsers()).toStrictEqual(users);
  });

  it.each<[string, Record<string, unknown>]>([
    ["in three ways", { userId: "U-guest", userName: "Guest", local: true }],
    ["in two ways", { userId: "U-guest", userName: "Guest" }],
    ["in two ways, one of them local", { userName: "Guest", local: true }],
    ["in no way", {}],
    ["as not local", { local: false }],
    ["by an empty id, as a guest has", { userId: "" }],
    ["by an empty name", { userName: "" }],
  ])("SC22: a target that is named %s throws, and nothing is sent", async (_, target) => {
    const { session, requests } = modWith(obeying);

    for (const [, call] of targeted) {
      const failure = call(session, untyped(target));

      await expect(failure).rejects.toBeInstanceOf(InvalidOptionsError);
      await expect(failure).rejects.toMatchObject({ code: "INVALID_OPTIONS" });
    }
    expect(requests).toEqual([]);
  });

  it.each<[string, UserTarget, object]>([
    ["SC23: by name", { userName: "Guest" }, { userId: "", userName: "Guest", local: false }],
    ["SC24: as the local user", { local: true }, { userId: "", userName: "", local: true }],
    ["SC26: by id", { userId: "U-guest" }, { userId: "U-guest", userName: "", local: false }],
  ])("%s, a user is named in this way and no other", async (_, target, onWire) => {
    const { session, requests } = modWith(obeying);

    for (const [, call] of targeted) await call(session, target);

    expect(requests).toMatchObject(targeted.map(([rpc]) => ({ rpc, message: { target: onWire } })));
  });

  it("SC25: respawnSelf names the local user and no other", async () => {
    const { session, requests } = modWith(obeying);

    expect(await session.respawnSelf()).toBeUndefined();
    expect(requests).toMatchObject([
      { rpc: "RespawnUser", message: { target: { userId: "", userName: "", local: true } } },
    ]);
  });

  it.each([
    ["SC27: kickUser revokes the invitation by default", {}, KickKind.KICK_AND_REVOKE],
    ["SC28: kickUser can leave the invitation valid", { kind: "kick" }, KickKind.KICK],
    ["SC28: kickUser can be told to revoke the invitation", { kind: "kickAndRevoke" }, KickKind.KICK_AND_REVOKE],
  ] as const)("%s", async (_, options, kind) => {
    const { session, requests } = modWith(obeying);

    expect(await session.kickUser({ userId: "U-guest" }, options)).toBeUndefined();
    expect(requests).toMatchObject([{ rpc: "KickUser", message: { kind } }]);
  });

  it.each([
    ["SC29: silenceUser silences by default", {}, true],
    ["SC30: silenceUser can lift the silence", { silenced: false }, false],
  ])("%s, and returns the user", async (_, options, silenced) => {
    const { session, requests } = modWith({ silenceUser: () => ({ user: guest }) });

    expect(await session.silenceUser({ userName: "Guest" }, options)).toStrictEqual(guest);
    expect(requests).toMatchObject([{ rpc: "SilenceUser", message: { silenced } }]);
  });

  it("SC31: setUserRole sends role and target, and returns the user", async () => {
    const { session, requests } = modWith({ setUserRole: () => ({ user: guest }) });

    expect(await session.setUserRole({ userName: "Guest" }, "builder")).toStrictEqual(guest);
    expect(requests).toMatchObject([
      { rpc: "SetUserRole", message: { target: { userName: "Guest" }, roleName: "builder" } },
    ]);
  });

  it("SC32: listRoles returns the roles in their order, and the five defaults", async () => {
    const roles = {
      roles: [
        { roleName: "Admin", roleDescription: "All of it", isHighest: true, isLowest: false },
        { roleName: "Guest", roleDescription: "", isHighest: false, isLowest: true },
      ],
      defaultAnonymousRole: "Anonymous",
      defaultVisitorRole: "Visitor",
      defaultContactRole: "Contact",
      defaultHostRole: "Host",
      defaultOwnerRole: "Owner",
    };
    const { session } = modWith({ listRoles: () => roles });

    expect(await session.listRoles()).toStrictEqual(roles);
  });

  it.each([
    [
      "SC33: getUserRoleOverrides returns user and role",
      [
        { userId: "U-friend", roleName: "Builder" },
        { userId: "U-old", roleName: "" },
      ],
    ],
    ["SC34: getUserRoleOverrides returns an empty list when there are none", []],
  ])("%s", async (_, overrides) => {
    const { session } = modWith({ getUserRoleOverrides: () => ({ overrides }) });

    expect(await session.getUserRoleOverrides()).toStrictEqual(overrides);
  });
});

describe("SessionClient", () => {
  it.each(["softly", "toString"])(
    "throws for the kind %j, which only an untyped caller can give, and sends nothing",
    async (kind) => {
      const { session, requests } = modWith(obeying);

      const failure = session.kickUser({ local: true }, { kind: untyped(kind) });

      await expect(failure).rejects.toBeInstanceOf(InvalidOptionsError);
      await expect(failure).rejects.toMatchObject({
        code: "INVALID_OPTIONS",
        message: expect.stringContaining("kind must be one of kick, kickAndRevoke"),
      });
      expect(requests).toEqual([]);
    },
  );

  it.each<[string, (session: SessionClient) => Promise<unknown>]>([
    ["silenceUser", (session) => session.silenceUser({ userId: "U-guest" })],
    ["setUserRole", (session) => session.setUserRole({ userId: "U-guest" }, "Builder")],
  ])("throws when the answer of %s lacks the user", async (method, call) => {
    const { session } = modWith({ silenceUser: () => ({}), setUserRole: () => ({}) });

    const failure = call(session);

    await expect(failure).rejects.toBeInstanceOf(MalformedResponseError);
    await expect(failure).rejects.toMatchObject({
      code: "MALFORMED_RESPONSE",
      message: expect.stringContaining(method),
    });
  });

  it("does not lose call options", async () => {
    const headers: (string | null)[] = [];
    const see = (header: Headers) => void headers.push(header.get("x-trace"));
    const call = { headers: { "x-trace": "42" } };
    const target = { userId: "U-guest" };
    const { session } = modWith({
      getSettings: (_, { requestHeader }) => see(requestHeader) ?? { accessLevel: SessionAccessLevel.LAN },
      applySettings: (_, { requestHeader }) => see(requestHeader) ?? {},
      listUsers: (_, { requestHeader }) => see(requestHeader) ?? {},
      kickUser: (_, { requestHeader }) => see(requestHeader) ?? {},
      banUser: (_, { requestHeader }) => see(requestHeader) ?? {},
      silenceUser: (_, { requestHeader }) => see(requestHeader) ?? { user: guest },
      respawnUser: (_, { requestHeader }) => see(requestHeader) ?? {},
      setUserRole: (_, { requestHeader }) => see(requestHeader) ?? { user: guest },
      listRoles: (_, { requestHeader }) => see(requestHeader) ?? {},
      getUserRoleOverrides: (_, { requestHeader }) => see(requestHeader) ?? {},
    });

    await session.getSettings(call);
    await session.applySettings({}, call);
    await session.listUsers(call);
    await session.kickUser(target, call);
    await session.banUser(target, call);
    await session.silenceUser(target, call);
    await session.respawnUser(target, call);
    await session.respawnSelf(call);
    await session.setUserRole(target, "Builder", call);
    await session.listRoles(call);
    await session.getUserRoleOverrides(call);

    // One more than there are RPCs: two methods respawn.
    expect(headers).toEqual(Array(Session.methods.length + 1).fill("42"));
  });

  it("is cancelled by the caller's signal", async () => {
    const arrived = Promise.withResolvers<AbortSignal>();
    const { session } = modWith({
      banUser(_, { signal }) {
        arrived.resolve(signal);
        return new Promise(() => {});
      },
    });
    const caller = new AbortController();
    const banning = session.banUser({ userId: "U-guest" }, { signal: caller.signal });
    const handlerSignal = await arrived.promise;

    caller.abort();

    await expect(banning).rejects.toMatchObject({ code: Code.Canceled });
    expect(handlerSignal.aborted).toBe(true);
  });

  it("passes the mod's failure through unchanged", async () => {
    const { session } = modWith({
      applySettings() {
        throw new ConnectError("only the host can change settings", Code.PermissionDenied);
      },
    });

    const failure = session.applySettings({ maxUsers: 8 });

    await expect(failure).rejects.toBeInstanceOf(ConnectError);
    await expect(failure).rejects.toMatchObject({
      code: Code.PermissionDenied,
      rawMessage: "only the host can change settings",
    });
  });
});

// Checked by the compiler, not at run time.
describe("types", () => {
  it("a target names a user in exactly one way", () => {
    expectTypeOf<{ userId: string }>().toExtend<UserTarget>();
    expectTypeOf<{ userName: string }>().toExtend<UserTarget>();
    expectTypeOf<{ local: true }>().toExtend<UserTarget>();
    expectTypeOf<{ local: false }>().not.toExtend<UserTarget>();
    expectTypeOf<object>().not.toExtend<UserTarget>();
    expectTypeOf<{ userId: undefined }>().not.toExtend<UserTarget>();
    expectTypeOf<{ userId: string; userName: string }>().not.toExtend<UserTarget>();
    expectTypeOf<{ userId: string; local: true }>().not.toExtend<UserTarget>();
    expectTypeOf<SessionUser>().not.toExtend<UserTarget>();
  });
});

/** A mod that does what it is told. */
const obeying: Partial<ServiceImpl<typeof Session>> = {
  applySettings: () => ({}),
  kickUser: () => ({}),
  banUser: () => ({}),
  silenceUser: () => ({ user: guest }),
  respawnUser: () => ({}),
  setUserRole: () => ({ user: guest }),
};

function modWith(handlers: Partial<ServiceImpl<typeof Session>>) {
  const { transport, requests } = fakeMod(Session, handlers);
  return { session: new SessionClient(transport), requests };
}

/** What a caller without types could pass. */
function untyped<T>(value: unknown): T {
  return value as T;
}
