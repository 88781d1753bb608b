import type { MessageInitShape } from "@bufbuild/protobuf";
import { services } from "@resoio/core";
import {
  ContactFilter,
  type ContactInfo,
  ContactStatus,
  type ListContactsRequestSchema,
  OnlineStatus,
} from "@resoio/core/gen/resonite_io/v1/contact_pb";
import { describe, expect, it } from "vitest";
import { crowdScenario } from "../scenarios/crowd-scenario.js";
import type { ScenarioInput } from "../scenarios/scenario.js";
import { signedOutScenario } from "../scenarios/signed-out-scenario.js";
import { type OpenMod, openMod } from "../testing/open-mod.js";
import { type RawClient, statusOf } from "../testing/raw-client.js";

const { method } = services.contact;

const aliceAndBob: ScenarioInput = {
  contacts: [
    {
      username: "Alice",
      alternateUsernames: ["AliceAlt"],
      onlineStatus: "online",
      sessionName: "Home",
      sessionAccessLevel: "Private",
    },
    { username: "Bob", status: "requested", onlineStatus: "away" },
  ],
  cloudUsers: [{ username: "Carol", isVerified: true }, { username: "Dave" }, { username: "Oscar", isVerified: true }],
};

/** Both accepted, one of them kept out of the list all the same. */
const oneHidden: ScenarioInput = {
  contacts: [{ username: "Seen" }, { username: "Unseen", isHidden: true }],
};

const list = ({ raw }: OpenMod, request: MessageInitShape<typeof ListContactsRequestSchema> = {}) =>
  raw.unary(method.listContacts, request);

const namesOf = (contacts: readonly ContactInfo[]): readonly string[] => contacts.map(({ username }) => username);

describe("Contact.ListContacts", () => {
  it("CS1 returns every field of the contacts, in order", async () => {
    await using test = await openMod({ scenario: aliceAndBob });
    expect((await list(test)).contacts).toEqual([
      expect.objectContaining({
        userId: "U-alice",
        username: "Alice",
        alternateUsernames: ["AliceAlt"],
        status: ContactStatus.ACCEPTED,
        isAccepted: true,
        isContactRequest: false,
        onlineStatus: OnlineStatus.ONLINE,
        currentSessionName: "Home",
        currentSessionAccessLevel: "Private",
        isHidden: false,
      }),
      expect.objectContaining({
        userId: "U-bob",
        username: "Bob",
        alternateUsernames: [],
        status: ContactStatus.REQUESTED,
        isAccepted: false,
        isContactRequest: true,
        onlineStatus: OnlineStatus.AWAY,
        currentSessionName: "",
        currentSessionAccessLevel: "",
        isHidden: false,
      }),
    ]);
  });

  it.each([
    { id: "CS2", request: {}, expected: ["Alice", "Bob"] },
    { id: "CS3 CS5", request: { filter: ContactFilter.ACCEPTED }, expected: ["Alice"] },
    { id: "CS4", request: { filter: ContactFilter.REQUESTS }, expected: ["Bob"] },
    { id: "an unknown filter:", request: { filter: 42 as ContactFilter }, expected: ["Alice", "Bob"] },
    { id: "CS6", request: { search: "ali" }, expected: ["Alice"] },
    { id: "CS7", request: { search: "alicealt" }, expected: ["Alice"] },
    { id: "CS8", request: { search: "nobody" }, expected: [] },
    { id: "by a letter of both:", request: { search: "B" }, expected: ["Bob"] },
    { id: "not by id:", request: { search: "U-" }, expected: [] },
    { id: "not trimmed:", request: { search: " alice" }, expected: [] },
    { id: "search and filter:", request: { search: "ali", filter: ContactFilter.REQUESTS }, expected: [] },
  ])("$id finds $expected for $request, beside the counts of the whole list", async ({ request, expected }) => {
    await using test = await openMod({ scenario: aliceAndBob });
    const { contacts, ...totals } = await list(test, request);
    expect(namesOf(contacts)).toEqual(expected);
    expect(totals).toMatchObject({ contactCount: 1, requestCount: 1, listLoaded: true });
  });

  it.each([
    { id: "CS9 CS12", request: {}, expected: ["Seen"] },
    { id: "CS10", request: { includeHidden: true }, expected: ["Seen", "Unseen"] },
    { id: "CS13", request: { filter: ContactFilter.ACCEPTED }, expected: ["Seen"] },
    { id: "CS14", request: { includeHidden: true, filter: ContactFilter.ACCEPTED }, expected: ["Seen", "Unseen"] },
  ])("$id lists $expected for $request, and counts both", async ({ request, expected }) => {
    await using test = await openMod({ scenario: oneHidden });
    const { contacts, ...totals } = await list(test, request);
    expect(namesOf(contacts)).toEqual(expected);
    expect(totals).toMatchObject({ contactCount: 2, requestCount: 0 });
  });

  it("CS11 tells who is hidden", async () => {
    await using test = await openMod({ scenario: oneHidden });
    const { contacts } = await list(test, { includeHidden: true });
    expect(contacts.map(({ isHidden }) => isHidden)).toEqual([false, true]);
  });

  it.each([
    { status: "none", wire: ContactStatus.NONE, isHidden: true },
    { status: "searchResult", wire: ContactStatus.SEARCH_RESULT, isHidden: false },
    { status: "requested", wire: ContactStatus.REQUESTED, isHidden: false },
    { status: "ignored", wire: ContactStatus.IGNORED, isHidden: true },
    { status: "blocked", wire: ContactStatus.BLOCKED, isHidden: true },
    { status: "accepted", wire: ContactStatus.ACCEPTED, isHidden: false },
  ] as const)("reports the status $status, which makes hidden: $isHidden", async ({ status, wire, isHidden }) => {
    await using test = await openMod({ scenario: { contacts: [{ username: "Ann", status }] } });
    const { contacts } = await list(test, { includeHidden: true });
    expect(contacts).toMatchObject([{ status: wire, isHidden, isAccepted: status === "accepted" }]);
  });

  it("filters requests by their flag and accepted ones by their status", async () => {
    await using test = await openMod({ scenario: { contacts: [{ username: "Ann", isRequest: true }] } });
    expect((await list(test, { filter: ContactFilter.REQUESTS })).contacts).toHaveLength(1);
    expect((await list(test, { filter: ContactFilter.ACCEPTED })).contacts).toHaveLength(1);
  });

  it("CE1 has loaded the list when somebody is signed in, every contact with an id and a presence", async () => {
    await using test = await openMod();
    const { contacts, listLoaded } = await list(test, { includeHidden: true });
    expect(listLoaded).toBe(true);
    expect(contacts).toHaveLength(4);
    for (const { userId, onlineStatus, status } of contacts) {
      expect(userId).not.toBe("");
      expect(onlineStatus).not.toBe(OnlineStatus.UNSPECIFIED);
      expect(status).not.toBe(ContactStatus.UNSPECIFIED);
    }
  });

  it("CE2 marks all accepted contacts as such, and none of them as a request", async () => {
    await using test = await openMod();
    const { contacts } = await list(test, { filter: ContactFilter.ACCEPTED });
    expect(contacts.map(({ isAccepted, isContactRequest }) => [isAccepted, isContactRequest])).toEqual([
      [true, false],
      [true, false],
    ]);
  });

  it("is empty and not loaded, without an error, while nobody is signed in", async () => {
    await using test = await openMod({ scenario: signedOutScenario });
    expect(await list(test, { includeHidden: true })).toMatchObject({
      contacts: [],
      contactCount: 0,
      requestCount: 0,
      listLoaded: false,
    });
    expect((await test.raw.unary(method.getContact, { userId: "U-alice" })).found).toBe(false);
  });

  it("carries ten thousand contacts in one answer", async () => {
    await using test = await openMod({ scenario: crowdScenario() });
    const { contacts, contactCount, requestCount } = await list(test, { includeHidden: true });
    expect(new Set(contacts.map(({ userId }) => userId)).size).toBe(10_000);
    expect([contactCount, requestCount]).toEqual([9600, 200]);
    expect((await list(test)).contacts).toHaveLength(9800);
  });
});

describe("Contact.GetContact", () => {
  it("CS15 CE3 finds a contact by its exact id", async () => {
    const contacts = [{ username: "Ann", onlineStatus: "sociable" as const, sessionName: "Den" }];
    await using test = await openMod({ scenario: { contacts } });
    const { found, contact } = await test.raw.unary(method.getContact, { userId: "U-ann" });
    expect(found).toBe(true);
    expect(contact).toMatchObject({
      userId: "U-ann",
      username: "Ann",
      onlineStatus: OnlineStatus.SOCIABLE,
      currentSessionName: "Den",
    });
  });

  it("finds hidden contacts too", async () => {
    await using test = await openMod();
    const { found, contact } = await test.raw.unary(method.getContact, { userId: "U-mallory" });
    expect([found, contact?.isHidden, contact?.status]).toEqual([true, true, ContactStatus.BLOCKED]);
  });

  it.each(["U-nobody", "", "u-alice", "Alice", "U-dave"])(
    "CS16 CE4 finds no contact '%s', without an error",
    async (userId) => {
      await using test = await openMod();
      const { found, contact } = await test.raw.unary(method.getContact, { userId });
      expect(found).toBe(false);
      expect(contact).toBeUndefined();
    },
  );
});

describe("Contact.SearchUsers", () => {
  it.each([
    { id: "CS17 CS19", query: "ca", exactMatch: false, expected: ["Carol", "Oscar"] },
    { id: "CS17", query: "DAV", exactMatch: false, expected: ["Dave"] },
    { id: "finds contacts too:", query: "bob", exactMatch: false, expected: ["Bob"] },
    { id: "CS18", query: "Carol", exactMatch: true, expected: ["Carol"] },
    { id: "CS18", query: "carol", exactMatch: true, expected: [] },
    { id: "CS18", query: "Car", exactMatch: true, expected: [] },
    { id: "nothing for nothing:", query: "", exactMatch: false, expected: [] },
    { id: "nobody:", query: "zzz", exactMatch: false, expected: [] },
  ])("$id '$query' (exact: $exactMatch) finds $expected", async ({ query, exactMatch, expected }) => {
    await using test = await openMod({ scenario: aliceAndBob });
    const { results } = await test.raw.unary(method.searchUsers, { query, exactMatch });
    expect(results.map(({ username }) => username)).toEqual(expected);
  });

  it("CS17 CE5 gives id, name and whether the account is verified, and makes nobody a contact", async () => {
    await using test = await openMod({ scenario: aliceAndBob });
    const { results } = await test.raw.unary(method.searchUsers, { query: "a" });
    expect(results.map(({ userId, username, isVerified }) => [userId, username, isVerified])).toEqual([
      ["U-alice", "Alice", false],
      ["U-carol", "Carol", true],
      ["U-dave", "Dave", false],
      ["U-oscar", "Oscar", true],
    ]);
    expect((await list(test)).contacts).toHaveLength(2);
  });

  it("CS18 returns one user at most for an exact name", async () => {
    const cloudUsers = [
      { username: "Sam", userId: "U-1" },
      { username: "Sam", userId: "U-2" },
    ];
    await using test = await openMod({ scenario: { cloudUsers } });
    const search = async (exactMatch: boolean) =>
      (await test.raw.unary(method.searchUsers, { query: "Sam", exactMatch })).results.map(({ userId }) => userId);
    expect(await search(false)).toEqual(["U-1", "U-2"]);
    expect(await search(true)).toEqual(["U-1"]);
  });

  it("returns somebody who is a contact only once", async () => {
    const cloudUsers = [{ username: "Alice", isVerified: true }];
    await using test = await openMod({ scenario: { contacts: [{ username: "Alice" }], cloudUsers } });
    const { results } = await test.raw.unary(method.searchUsers, { query: "alice" });
    expect(results).toMatchObject([{ userId: "U-alice", isVerified: true }]);
  });
});

describe("Contact.AddContact", () => {
  it("CS20 adds a user under the given name, which nobody checks", async () => {
    await using test = await openMod({ scenario: aliceAndBob });
    const { contact } = await test.raw.unary(method.addContact, { userId: "U-new", username: "Newcomer" });
    expect(contact).toMatchObject({
      userId: "U-new",
      username: "Newcomer",
      alternateUsernames: [],
      status: ContactStatus.ACCEPTED,
      isAccepted: true,
      isContactRequest: false,
      onlineStatus: OnlineStatus.OFFLINE,
      currentSessionName: "",
      currentSessionAccessLevel: "",
      isHidden: false,
    });
    expect(await list(test)).toMatchObject({ contactCount: 2, requestCount: 1 });
    expect(namesOf((await list(test)).contacts)).toEqual(["Alice", "Bob", "Newcomer"]);
  });

  it("CS21 asks the cloud for the name when none is given", async () => {
    await using test = await openMod({ scenario: aliceAndBob });
    const { contact } = await test.raw.unary(method.addContact, { userId: "U-carol" });
    expect(contact).toMatchObject({ userId: "U-carol", username: "Carol", status: ContactStatus.ACCEPTED });
    expect(test.engine.journal.changes("contactChanged")).toMatchObject([{ userId: "U-carol", status: "accepted" }]);
  });

  it("may be repeated, and accepts those who have asked or were removed", async () => {
    await using test = await openMod({ scenario: aliceAndBob });
    for (const userId of ["U-carol", "U-carol", "U-bob"]) await test.raw.unary(method.addContact, { userId });
    await test.raw.unary(method.removeContact, { userId: "U-alice" });
    const { contact } = await test.raw.unary(method.addContact, { userId: "U-alice", username: "Other Name" });
    expect(contact).toMatchObject({ username: "Alice", alternateUsernames: ["AliceAlt"], isHidden: false });
    const { contacts, contactCount, requestCount } = await list(test);
    expect(namesOf(contacts)).toEqual(["Alice", "Bob", "Carol"]);
    expect([contactCount, requestCount]).toEqual([3, 0]);
  });

  it.each(["U-nobody", ""])("CS25 does not find '%s' without a name", async (userId) => {
    await using test = await openMod();
    const { code, details } = await statusOf(test.raw.unary(method.addContact, { userId }));
    expect(code).toBe("NOT_FOUND");
    expect(details).toContain(`'${userId}'`);
  });

  it("fails with INTERNAL and the cloud's own words when the cloud refuses", async () => {
    await using test = await openMod();
    const { code, details } = await statusOf(test.raw.unary(method.addContact, { userId: "U-grump" }));
    expect(code).toBe("INTERNAL");
    expect(details).toMatch(/^The cloud refused/);
    expect((await test.raw.unary(method.getContact, { userId: "U-grump" })).found).toBe(false);
  });

  it("is refused while nobody is signed in", async () => {
    await using test = await openMod({ scenario: signedOutScenario });
    expect((await statusOf(test.raw.unary(method.addContact, { userId: "U-dave" }))).code).toBe("INTERNAL");
    expect(test.engine.journal.changes("contactChanged")).toEqual([]);
  });
});

describe("Contact.AcceptRequest", () => {
  it("CS22 makes a request an accepted contact", async () => {
    await using test = await openMod({ scenario: aliceAndBob });
    const { contact } = await test.raw.unary(method.acceptRequest, { userId: "U-bob" });
    expect(contact).toMatchObject({ status: ContactStatus.ACCEPTED, isAccepted: true, isContactRequest: false });
    expect(contact?.onlineStatus).toBe(OnlineStatus.AWAY);
    expect(await list(test)).toMatchObject({ contactCount: 2, requestCount: 0 });
  });

  it("accepts also whoever has not asked: an accepted or an ignored contact", async () => {
    const contacts = [{ username: "Ann" }, { username: "Ben", status: "ignored" as const }];
    await using test = await openMod({ scenario: { contacts } });
    for (const userId of ["U-ann", "U-ben", "U-ben"]) {
      const { contact } = await test.raw.unary(method.acceptRequest, { userId });
      expect(contact).toMatchObject({ userId, status: ContactStatus.ACCEPTED, isHidden: false });
    }
    expect((await list(test)).contactCount).toBe(2);
  });

  it("does not find whoever is not on the list", async () => {
    await using test = await openMod();
    expect((await statusOf(test.raw.unary(method.acceptRequest, { userId: "U-dave" }))).code).toBe("NOT_FOUND");
  });

  it("CS27 fails with INTERNAL when the cloud refuses, and changes nothing", async () => {
    const cloudUsers = [{ username: "Bob", refusesContact: true }];
    await using test = await openMod({ scenario: { ...aliceAndBob, cloudUsers } });
    const refusals = [
      await statusOf(test.raw.unary(method.acceptRequest, { userId: "U-bob" })),
      await statusOf(test.raw.unary(method.removeContact, { userId: "U-bob" })),
    ];
    for (const { code, details } of refusals) {
      expect(code).toBe("INTERNAL");
      expect(details).toMatch(/^The cloud refused/);
    }
    expect((await list(test)).contacts[1]).toMatchObject({ status: ContactStatus.REQUESTED, isContactRequest: true });
  });
});

describe("Contact.RemoveContact", () => {
  it.each(["U-alice", "U-bob"])("CS23 ignores and hides %s, but keeps them in the list", async (userId) => {
    await using test = await openMod({ scenario: aliceAndBob });
    for (let time = 0; time < 2; time++) {
      await test.raw.unary(method.removeContact, { userId });
      expect((await list(test)).contacts).toHaveLength(1);
      expect((await list(test, { includeHidden: true })).contacts).toHaveLength(2);
      const { contact } = await test.raw.unary(method.getContact, { userId });
      expect(contact).toMatchObject({
        status: ContactStatus.IGNORED,
        isHidden: true,
        isAccepted: false,
        isContactRequest: false,
      });
    }
    const { contactCount, requestCount } = await list(test);
    expect(contactCount + requestCount).toBe(1);
  });

  it("CS26 does not find whoever is not on the list", async () => {
    await using test = await openMod();
    const { code, details } = await statusOf(test.raw.unary(method.removeContact, { userId: "U-dave" }));
    expect(code).toBe("NOT_FOUND");
    expect(details).toContain("U-dave");
  });
});

describe("the contact bridge", () => {
  const calls: readonly (readonly [string, (raw: RawClient) => Promise<unknown>])[] = [
    ["ListContacts", (raw) => raw.unary(method.listContacts, {})],
    ["GetContact", (raw) => raw.unary(method.getContact, {})],
    ["SearchUsers", (raw) => raw.unary(method.searchUsers, {})],
    ["AddContact", (raw) => raw.unary(method.addContact, {})],
    ["AcceptRequest", (raw) => raw.unary(method.acceptRequest, {})],
    ["RemoveContact", (raw) => raw.unary(method.removeContact, {})],
  ];

  it.each(calls)("CS24 %s is not ready while the engine starts, and says so", async (_, call) => {
    await using test = await openMod({ faults: { bootMs: 1000 } });
    const { code, details } = await statusOf(call(test.raw));
    expect(code).toBe("FAILED_PRECONDITION");
    expect(details).not.toBe("");
  });

  it.each(calls)("CS28 %s is unavailable without it", async (_, call) => {
    await using test = await openMod({ faults: { absentBridges: ["contact"] } });
    const { code, details } = await statusOf(call(test.raw));
    expect(code).toBe("UNAVAILABLE");
    expect(details).toContain("Contact");
  });

  it("answers an unexpected failure with INTERNAL", async () => {
    await using test = await openMod({ faults: { throwingBridges: ["contact"] } });
    expect((await statusOf(list(test))).code).toBe("INTERNAL");
  });

  it("brings back the contacts of an earlier state", async () => {
    await using test = await openMod({ scenario: aliceAndBob });
    const snapshot = test.engine.snapshot();
    await test.raw.unary(method.removeContact, { userId: "U-alice" });
    await test.raw.unary(method.addContact, { userId: "U-dave" });
    test.engine.restore(snapshot);
    expect(namesOf((await list(test)).contacts)).toEqual(["Alice", "Bob"]);
  });
});
