import type { MessageInitShape } from "@bufbuild/protobuf";
import { describe, expect, expectTypeOf, it } from "vitest";
import { InvalidOptionsError } from "../errors/invalid-options-error.js";
import { MalformedResponseError } from "../errors/malformed-response-error.js";
import {
  Session,
  SessionAccessLevel,
  type SessionSettingsPatch,
  type SessionSettingsSchema,
} from "../gen/resonite_io/v1/session_pb.js";
import { fakeMod } from "../testing/fake-mod.js";
import { SessionClient } from "./session.js";
import type { SessionSettings, SessionSettingsChanges } from "./session-settings.js";

const settings = {
  worldName: "Test World",
  worldDescription: "a place",
  maxUsers: 16,
  accessLevel: SessionAccessLevel.CONTACTS_PLUS,
  hideFromListing: true,
  mobileFriendly: true,
  awayKickEnabled: true,
  awayKickMinutes: 5.5,
  autoSaveEnabled: true,
  autoSaveIntervalMinutes: 10.25,
  autoCleanupEnabled: true,
  autoCleanupIntervalSeconds: 120.75,
  tags: ["social", "test"],
  sessionId: "S-test-session",
  isHost: true,
  resoniteLinkEnabled: true,
  resoniteLinkPort: 50_000,
} satisfies MessageInitShape<typeof SessionSettingsSchema>;

const unset = {
  worldName: "",
  worldDescription: "",
  maxUsers: 0,
  hideFromListing: false,
  mobileFriendly: false,
  awayKickEnabled: false,
  awayKickMinutes: 0,
  autoSaveEnabled: false,
  autoSaveIntervalMinutes: 0,
  autoCleanupEnabled: false,
  autoCleanupIntervalSeconds: 0,
  tags: [],
  sessionId: "",
  isHost: false,
  resoniteLinkEnabled: false,
  resoniteLinkPort: 0,
};

const accessLevels = [
  ["private", SessionAccessLevel.PRIVATE],
  ["lan", SessionAccessLevel.LAN],
  ["contacts", SessionAccessLevel.CONTACTS],
  ["contactsPlus", SessionAccessLevel.CONTACTS_PLUS],
  ["registeredUsers", SessionAccessLevel.REGISTERED_USERS],
  ["anyone", SessionAccessLevel.ANYONE],
] as const;

/** What a patch is that changes nothing. */
const noChange = { accessLevel: SessionAccessLevel.UNSPECIFIED, replaceTags: false, tags: [] };

// The cases that the mod's own client is accepted by, in their numbering.
describe("SessionClient acceptance cases: settings", () => {
  it("SC1, SC2, SC4: getSettings returns every field, the tags in their order", async () => {
    const { session, requests } = modAnswering(settings);

    expect(await session.getSettings()).toStrictEqual({ ...settings, accessLevel: "contactsPlus" });
    expect(requests).toMatchObject([{ rpc: "GetSettings" }]);
  });

  it("SC1, SC3: values that are false, 0 or empty are returned as such", async () => {
    const { session } = modAnswering({ accessLevel: SessionAccessLevel.PRIVATE });

    expect(await session.getSettings()).toStrictEqual({ ...unset, accessLevel: "private" });
  });

  it.each(accessLevels)("SC5: the access level %j is read by its wire number", async (name, accessLevel) => {
    const { session } = modAnswering({ accessLevel });

    expect((await session.getSettings()).accessLevel).toBe(name);
  });

  it.each(accessLevels)("SC5: the access level %j is written by its wire number", async (name, number) => {
    expect(await sent({ accessLevel: name })).toMatchObject({ accessLevel: number });
  });

  it.each([SessionAccessLevel.UNSPECIFIED, 7, 99, -1])(
    "SC6: getSettings throws for the access level number %i, which says nothing, rather than guess",
    async (accessLevel) => {
      const { session } = modAnswering({ ...settings, accessLevel });

      const failure = session.getSettings();

      await expect(failure).rejects.toBeInstanceOf(MalformedResponseError);
      await expect(failure).rejects.toMatchObject({
        code: "MALFORMED_RESPONSE",
        message: expect.stringContaining("access level"),
      });
    },
  );

  it("SC7: applySettings returns nothing", async () => {
    const { session } = modThatTakesPatches();

    expect(await session.applySettings({ maxUsers: 8 })).toBeUndefined();
  });

  it("SC8, SC10, SC15, SC18: applySettings sends nothing of what is not named", async () => {
    expect(await sent({})).toStrictEqual(noChange);
    expect(await sent({ worldName: "New" })).toStrictEqual({ ...noChange, worldName: "New" });
  });

  it.each([
    ["SC9", true],
    ["SC11", false],
  ])("%s: resoniteLinkEnabled goes as %j", async (_, resoniteLinkEnabled) => {
    expect((await sent({ resoniteLinkEnabled })).resoniteLinkEnabled).toBe(resoniteLinkEnabled);
  });

  it("SC12: false is a value", async () => {
    const values = {
      hideFromListing: false,
      mobileFriendly: false,
      awayKickEnabled: false,
      autoSaveEnabled: false,
      autoCleanupEnabled: false,
    };

    expect(await sent(values)).toStrictEqual({ ...noChange, ...values });
  });

  it("SC13: 0 is a value, even of maxUsers, which the mod refuses", async () => {
    const values = { maxUsers: 0, awayKickMinutes: 0, autoSaveIntervalMinutes: 0, autoCleanupIntervalSeconds: 0 };

    expect(await sent(values)).toStrictEqual({ ...noChange, ...values });
  });

  it("SC14: an empty text is a value", async () => {
    expect(await sent({ worldName: "", worldDescription: "" })).toMatchObject({ worldName: "", worldDescription: "" });
  });

  it.each([
    ["SC16", ["vr", "game", "vr"]],
    ["SC17", []],
  ])("%s: the tags %j replace all tags, as they are", async (_, tags) => {
    expect(await sent({ tags })).toMatchObject({ replaceTags: true, tags });
  });
});

describe("SessionClient settings", () => {
  it.each(["hideFromListing", "mobileFriendly", "awayKickEnabled", "autoSaveEnabled", "autoCleanupEnabled"] as const)(
    "reads and writes %s, and none of the other switches",
    async (name) => {
      const { session } = modAnswering({ accessLevel: SessionAccessLevel.PRIVATE, [name]: true });

      expect(await session.getSettings()).toStrictEqual({ ...unset, accessLevel: "private", [name]: true });
      expect(await sent({ [name]: true })).toStrictEqual({ ...noChange, [name]: true });
    },
  );

  it("sends every setting that can be changed, and nothing of what cannot", async () => {
    const { sessionId, isHost, resoniteLinkPort, ...changeable } = settings;
    const whole: SessionSettings = { ...settings, accessLevel: "contactsPlus" };

    expect(await sent(whole)).toStrictEqual({ ...changeable, replaceTags: true });
  });

  it("takes an undefined setting, which a caller without exact types can give, as not named", async () => {
    const changes = { worldName: undefined, accessLevel: undefined, tags: undefined, resoniteLinkEnabled: undefined };

    expect(await sent(untyped(changes))).toStrictEqual(noChange);
  });

  it("rounds minutes and seconds to 32-bit floats", async () => {
    expect((await sent({ awayKickMinutes: 0.1 })).awayKickMinutes).toBe(Math.fround(0.1));
  });

  it.each(["everyone", "toString", "other"])(
    "throws for the access level %j, which only an untyped caller can give, and sends nothing",
    async (accessLevel) => {
      const { session, patches } = modThatTakesPatches();

      const failure = session.applySettings({ accessLevel: untyped(accessLevel) });

      await expect(failure).rejects.toBeInstanceOf(InvalidOptionsError);
      await expect(failure).rejects.toMatchObject({
        code: "INVALID_OPTIONS",
        message: expect.stringContaining("accessLevel must be one of private, lan,"),
      });
      expect(patches).toEqual([]);
    },
  );

  // Checked by the compiler, not at run time.
  it("changes name what can be set, and only that", () => {
    expectTypeOf<{ worldName: string; tags: readonly string[] }>().toExtend<SessionSettingsChanges>();
    expectTypeOf<"sessionId" | "isHost" | "resoniteLinkPort">().toEqualTypeOf<
      Exclude<keyof SessionSettings, keyof SessionSettingsChanges>
    >();
  });
});

function modAnswering(answer: MessageInitShape<typeof SessionSettingsSchema>) {
  const { transport, requests } = fakeMod(Session, { getSettings: () => answer });
  return { session: new SessionClient(transport), requests };
}

function modThatTakesPatches() {
  const patches: SessionSettingsPatch[] = [];
  const { transport } = fakeMod(Session, {
    applySettings(patch) {
      patches.push(patch);
      return {};
    },
  });
  return { session: new SessionClient(transport), patches };
}

/** What the mod gets for `changes`: the fields that are there. */
async function sent(changes: SessionSettingsChanges): Promise<Partial<SessionSettingsPatch>> {
  const { session, patches } = modThatTakesPatches();
  await session.applySettings(changes);
  const [patch] = patches;
  if (patch === undefined) throw new Error("nothing was sent");
  const { $typeName, ...fields } = patch;
  return fields;
}

/** What a caller without types could pass. */
function untyped<T>(value: unknown): T {
  return value as T;
}
