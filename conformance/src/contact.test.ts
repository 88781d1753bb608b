import { Code, type ContactFilter, InvalidOptionsError } from "@resoio/core";
import type { ScenarioInput } from "@resoio/mock-server";
import { describe, expect, it } from "vitest";
import { callsOf, requestsOf } from "./testing/requests-of.js";
import { codeOf, statusOf } from "./testing/status-of.js";
import { transports } from "./testing/transports.js";

const scenario = {
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
  cloudUsers: [
    { username: "Carol", isVerified: true },
    { username: "Dave" },
    { username: "Grump", refusesContact: true },
  ],
} satisfies ScenarioInput;

const alice = {
  userId: "U-alice",
  username: "Alice",
  alternateUsernames: ["AliceAlt"],
  status: "accepted",
  isAccepted: true,
  isContactRequest: false,
  onlineStatus: "online",
  currentSessionName: "Home",
  currentSessionAccessLevel: "Private",
  isHidden: false,
};

const bob = {
  userId: "U-bob",
  username: "Bob",
  alternateUsernames: [],
  status: "requested",
  isAccepted: false,
  isContactRequest: true,
  onlineStatus: "away",
  currentSessionName: "",
  currentSessionAccessLevel: "",
  isHidden: false,
};

describe.each(transports)("contact over $name", ({ open }) => {
  it("CS1 CS2 lists contacts with all that is known of them, and the mod's own counts", async () => {
    await using test = await open({ scenario });
    expect(await test.resonite.contact.listContacts()).toEqual({
      contacts: [alice, bob],
      contactCount: 1,
      requestCount: 1,
      listLoaded: true,
    });
  });

  it("CC5 asks for everything that is not hidden when nothing is said", async () => {
    await using test = await open({ scenario });
    await test.resonite.contact.listContacts();
    expect(requestsOf(test.mod, "contact.listContacts")).toMatchObject([
      { search: "", filter: 0, includeHidden: false },
    ]);
  });

  it.each<[ContactFilter, number, readonly string[]]>([
    ["all", 0, ["Alice", "Bob"]],
    ["accepted", 1, ["Alice"]],
    ["requests", 2, ["Bob"]],
  ])("CS3-CS5 lists the contacts that the filter '%s' lets pass, and counts all", async (filter, wire, names) => {
    await using test = await open({ scenario });
    const list = await test.resonite.contact.listContacts({ filter });
    expect(list.contacts.map(({ username }) => username)).toEqual(names);
    expect(list).toMatchObject({ contactCount: 1, requestCount: 1, listLoaded: true });
    expect(requestsOf(test.mod, "contact.listContacts")).toMatchObject([{ filter: wire }]);
  });

  it.each([
    ["ali", ["Alice"]],
    ["ALICEALT", ["Alice"]],
    ["U-alice", []],
    [" Alice", []],
    ["nobody", []],
  ])("CS6-CS8 finds %j in user names and alternate ones, in any case and as it is", async (search, names) => {
    await using test = await open({ scenario });
    const list = await test.resonite.contact.listContacts({ search });
    expect(list.contacts.map(({ username }) => username)).toEqual(names);
    expect(list).toMatchObject({ contactCount: 1, requestCount: 1 });
    expect(requestsOf(test.mod, "contact.listContacts")).toMatchObject([{ search }]);
  });

  it("CS9-CS14 leaves hidden contacts out unless asked, whatever the filter, and counts them all the same", async () => {
    const contacts = [{ username: "Seen" }, { username: "Unseen", isHidden: true }];
    await using test = await open({ scenario: { ...scenario, contacts } });
    const { contact } = test.resonite;
    for (const filter of ["all", "accepted"] as const) {
      const shown = await contact.listContacts({ filter });
      expect(shown.contacts.map(({ username, isHidden }) => [username, isHidden])).toEqual([["Seen", false]]);
      expect(shown).toMatchObject({ contactCount: 2, requestCount: 0 });
      const all = await contact.listContacts({ filter, includeHidden: true });
      expect(all.contacts.map(({ username, isHidden }) => [username, isHidden])).toEqual([
        ["Seen", false],
        ["Unseen", true],
      ]);
    }
  });

  it.each(["none", "searchResult", "requested", "ignored", "blocked", "accepted"] as const)(
    "CC13 knows the status '%s'",
    async (status) => {
      await using test = await open({ scenario: { ...scenario, contacts: [{ username: "Eve", status }] } });
      expect((await test.resonite.contact.getContact("U-eve"))?.status).toBe(status);
    },
  );

  it.each(["offline", "invisible", "away", "busy", "online", "sociable"] as const)(
    "CC13 knows the presence '%s'",
    async (onlineStatus) => {
      await using test = await open({ scenario: { ...scenario, contacts: [{ username: "Eve", onlineStatus }] } });
      expect((await test.resonite.contact.getContact("U-eve"))?.onlineStatus).toBe(onlineStatus);
    },
  );

  it("CC4 has an empty list that is not loaded while nobody is signed in, which is no failure", async () => {
    await using test = await open({ scenario: { ...scenario, signedInAs: "" } });
    expect(await test.resonite.contact.listContacts()).toEqual({
      contacts: [],
      contactCount: 0,
      requestCount: 0,
      listLoaded: false,
    });
  });

  it("CS15 CS16 gets one contact by its exact id, or none, which is no failure", async () => {
    await using test = await open({ scenario });
    const { contact } = test.resonite;
    expect(await contact.getContact("U-alice")).toEqual(alice);
    expect(await contact.getContact("u-alice")).toBeUndefined();
    expect(await contact.getContact("")).toBeUndefined();
    expect(requestsOf(test.mod, "contact.getContact")).toMatchObject([
      { userId: "U-alice" },
      { userId: "u-alice" },
      { userId: "" },
    ]);
  });

  it("CS17 finds users of the cloud with a name like the query", async () => {
    await using test = await open({ scenario });
    expect(await test.resonite.contact.searchUsers("ca")).toEqual([
      { userId: "U-carol", username: "Carol", isVerified: true },
    ]);
    expect(requestsOf(test.mod, "contact.searchUsers")).toMatchObject([{ query: "ca", exactMatch: false }]);
  });

  it("CS18 CC19 finds one user or nobody by the exact name", async () => {
    await using test = await open({ scenario });
    const { contact } = test.resonite;
    expect((await contact.searchUsers("Dave", { exactMatch: true })).map(({ userId }) => userId)).toEqual(["U-dave"]);
    expect(await contact.searchUsers("Dav", { exactMatch: true })).toEqual([]);
    expect(requestsOf(test.mod, "contact.searchUsers")).toMatchObject([{ exactMatch: true }, { exactMatch: true }]);
  });

  it("CS20 adds a user under the name that is given, without a check", async () => {
    await using test = await open({ scenario });
    const { contact } = test.resonite;
    expect(await contact.addContact("U-new", { username: "Newcomer" })).toEqual({
      userId: "U-new",
      username: "Newcomer",
      alternateUsernames: [],
      status: "accepted",
      isAccepted: true,
      isContactRequest: false,
      onlineStatus: "offline",
      currentSessionName: "",
      currentSessionAccessLevel: "",
      isHidden: false,
    });
    expect((await contact.listContacts()).contactCount).toBe(2);
    expect(requestsOf(test.mod, "contact.addContact")).toMatchObject([{ userId: "U-new", username: "Newcomer" }]);
  });

  it("CS21 CS25 asks the cloud for a name that is not given, and fails with NotFound when it knows none", async () => {
    await using test = await open({ scenario });
    const { contact } = test.resonite;
    expect((await contact.addContact("U-carol")).username).toBe("Carol");
    expect((await contact.addContact("U-carol")).status).toBe("accepted");
    expect(await statusOf(contact.addContact("U-nobody"))).toBe("NotFound: The cloud knows no user 'U-nobody'.");
    expect(requestsOf(test.mod, "contact.addContact")).toMatchObject([{ username: "" }, {}, {}]);
  });

  it("CS22 accepts a request, and what is none as well", async () => {
    await using test = await open({ scenario });
    const { contact } = test.resonite;
    expect(await contact.acceptRequest("U-bob")).toMatchObject({
      status: "accepted",
      isAccepted: true,
      isContactRequest: false,
    });
    expect((await contact.acceptRequest("U-alice")).status).toBe("accepted");
    expect(await contact.listContacts()).toMatchObject({ contactCount: 2, requestCount: 0 });
  });

  it("CS23 removes a contact, which stays in the list, ignored and hidden, and can be taken back", async () => {
    await using test = await open({ scenario });
    const { contact } = test.resonite;
    expect(await contact.removeContact("U-alice")).toBeUndefined();
    await contact.removeContact("U-alice");
    expect((await contact.listContacts()).contacts.map(({ username }) => username)).toEqual(["Bob"]);
    expect(await contact.getContact("U-alice")).toMatchObject({ status: "ignored", isHidden: true });
    expect(await contact.acceptRequest("U-alice")).toMatchObject({ status: "accepted", isHidden: false });
  });

  it("CS26 fails with NotFound for somebody who is not on the list", async () => {
    await using test = await open({ scenario });
    const { contact } = test.resonite;
    const refused = "NotFound: User 'U-carol' is not on the contact list.";
    expect(await statusOf(contact.removeContact("U-carol"))).toBe(refused);
    expect(await statusOf(contact.acceptRequest("U-carol"))).toBe(refused);
  });

  it("CS27 fails with Internal, and the cloud's words, when the cloud refuses", async () => {
    await using test = await open({ scenario });
    expect(await statusOf(test.resonite.contact.addContact("U-grump"))).toBe(
      "Internal: The cloud refused to change contact 'U-grump'.",
    );
  });

  it("CC12 fails with FailedPrecondition while the engine starts", async () => {
    await using test = await open({ scenario, faults: { bootMs: 60_000 } });
    expect(await codeOf(test.resonite.contact.listContacts())).toBe(Code.FailedPrecondition);
  });

  it("refuses a filter that does not exist, without a call", async () => {
    await using test = await open({ scenario });
    // @ts-expect-error No such filter.
    await expect(test.resonite.contact.listContacts({ filter: "foes" })).rejects.toBeInstanceOf(InvalidOptionsError);
    expect(callsOf(test.mod)).toEqual([]);
  });
});
