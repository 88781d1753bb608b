import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { defaultScenario } from "./default-scenario.js";
import { InvalidScenarioError, parseScenario, readScenarioFile } from "./parse-scenario.js";

let folder = "";

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "resoio-scenario-"));
});

afterAll(() => rm(folder, { recursive: true }));

async function writeScenario(content: unknown): Promise<string> {
  const path = join(folder, "scenario.json");
  await writeFile(path, typeof content === "string" ? content : JSON.stringify(content));
  return path;
}

/** What reading a file with this content fails with. */
async function failureOf(content: unknown): Promise<InvalidScenarioError> {
  const path = await writeScenario(content);
  const error: unknown = await readScenarioFile(path).catch((reason: unknown) => reason);
  if (!(error instanceof InvalidScenarioError)) throw new Error("the file was read", { cause: error });
  expect(error.code).toBe("INVALID_SCENARIO");
  expect(error.message).toContain(path);
  for (const field of error.fields) expect(error.message).toContain(field);
  return error;
}

describe("a scenario file that does not fit", () => {
  it.each([
    { why: "an unknown key", content: { openWorld: [] }, field: "openWorld" },
    { why: "an unknown key inside", content: { display: { widht: 3 } }, field: "display.widht" },
    { why: "a wrong type", content: { vr: "yes" }, field: "vr" },
    { why: "a number out of range", content: { display: { width: 0 } }, field: "display.width" },
    { why: "an unknown word", content: { primaryHand: "both" }, field: "primaryHand" },
    { why: "a missing name", content: { openWorlds: [{}] }, field: "openWorlds[0].name" },
    {
      why: "a wrong type in nested lists",
      content: { openWorlds: [{ name: "A" }, { name: "B", users: [{ userName: "U" }, { userName: 5 }] }] },
      field: "openWorlds[1].users[1].userName",
    },
    {
      why: "an unknown key in one of several forms",
      content: { sessions: [{ name: "A", users: ["Ann", { userName: "Ben", nmae: 1 }] }] },
      field: "sessions[0].users[1].nmae",
    },
    {
      why: "a wrong type in one of several forms",
      content: { sessions: [{ name: "A", users: [{ userName: "Ben", away: "yes" }] }] },
      field: "sessions[0].users[0].away",
    },
    { why: "none of several forms", content: { sessions: [{ name: "A", users: [7] }] }, field: "sessions[0].users[0]" },
    {
      why: "a wrong type deep in a tree",
      content: { inventory: [{ name: "A", children: [{ name: "B", children: [{ name: 1 }] }] }] },
      field: "inventory[0].children[0].children[0].name",
    },
    {
      why: "a wrong colour in a map",
      content: { places: { Home: { room: { width: 1, depth: 1, height: 1, floor: [0, 0, 256], walls: [0, 0, 0] } } } },
      field: "places.Home.room.floor[2]",
    },
  ])("with $why is refused by path and field: $field", async ({ content, field }) => {
    expect((await failureOf(content)).fields).toEqual([field]);
  });

  it("names all fields that are wrong at once", async () => {
    const { fields } = await failureOf({ vr: 1, seed: -1, foo: 1, bar: 2 });
    expect(fields.toSorted()).toEqual(["bar", "foo", "seed", "vr"]);
  });

  it.each(["{ not json", "", "[]", "null", "7", '"text"'])("is refused as a whole when it is: %s", async (content) => {
    const { fields, message } = await failureOf(content);
    expect(fields).toEqual([""]);
    expect(message).toContain("(the whole)");
  });

  it("is named when it does not exist, with the system's error as the cause", async () => {
    const path = join(folder, "missing.json");
    const error: unknown = await readScenarioFile(path).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(InvalidScenarioError);
    expect(error).toMatchObject({ message: expect.stringContaining(path), cause: { code: "ENOENT" } });
  });
});

describe("a scenario file", () => {
  it("leaves everything that it does not name as in the default scenario", async () => {
    const path = await writeScenario({ vr: true, openWorlds: [{ name: "Den" }] });
    const expected = parseScenario({ ...defaultScenario, vr: true, openWorlds: [{ name: "Den" }] });
    expect(await readScenarioFile(path)).toEqual(expected);
  });
});

describe("a scenario", () => {
  it("gets its defaults", () => {
    const scenario = parseScenario({
      openWorlds: [{ name: "My Home" }],
      sessions: [{ name: "Big Hall!" }],
      records: [{ name: "Old Mill" }],
      contacts: [
        { username: "Ann" },
        { username: "Ben", status: "requested" },
        { username: "Cleo", status: "blocked" },
      ],
    });
    expect(scenario).toMatchObject({
      seed: 1,
      vr: false,
      primaryHand: "right",
      cameraFps: 30,
      display: { width: 1280, height: 720, maxFps: 60 },
      localUser: { userId: "U-robin", userName: "Robin" },
      inventory: [],
    });
    expect(scenario.openWorlds[0]).toMatchObject({
      sessionId: "S-my-home",
      accessLevel: "Private",
      isHost: true,
      settings: { maxUsers: 16 },
      permissions: { kick: true, spawn: true },
    });
    expect(scenario.sessions[0]).toMatchObject({ sessionId: "S-big-hall-", urls: ["lnl-nat:///S-big-hall-"] });
    expect(scenario.records[0]).toMatchObject({ recordId: "R-old-mill", ownerId: "U-resonite" });
    expect(scenario.contacts.map(({ isRequest, isHidden }) => [isRequest, isHidden])).toEqual([
      [false, false],
      [true, false],
      [false, true],
    ]);
  });

  it("can be completed again and stays the same", () => {
    const complete = parseScenario(defaultScenario);
    expect(parseScenario(complete)).toEqual(complete);
  });

  it.each([
    { why: "a number", value: 1_700_000_000, expected: 1_700_000_000n },
    { why: "a string of digits", value: "1700000000123456700", expected: 1_700_000_000_123_456_700n },
    { why: "a bigint", value: 1_700_000_000_123_456_700n, expected: 1_700_000_000_123_456_700n },
    { why: "zero", value: 0, expected: 0n },
  ])("takes nanoseconds as $why", ({ value, expected }) => {
    const { records } = parseScenario({ records: [{ name: "A", createdUnixNanos: value }] });
    expect(records[0]?.createdUnixNanos).toBe(expected);
  });

  it.each([
    { why: "a number too large to be exact", value: 2 ** 60 },
    { why: "a fraction", value: 0.5 },
    { why: "words", value: "yesterday" },
    { why: "no multiple of 100", value: 150n },
    { why: "less than 0", value: -100 },
  ])("refuses nanoseconds that are $why", ({ value }) => {
    const parse = () => parseScenario({ records: [{ name: "A", createdUnixNanos: value }] }, "my scenario");
    expect(parse).toThrow(/^my scenario is not a scenario:\n {2}records\[0\]\.createdUnixNanos: /);
  });
});
