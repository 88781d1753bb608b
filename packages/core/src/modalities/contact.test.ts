import type { MessageInitShape } from "@bufbuild/protobuf";
import { Code, ConnectError, type ServiceImpl } from "@connectrpc/connect";
import { describe, expect, it } from "vitest";
import { InvalidOptionsError } from "../errors/invalid-options-error.js";
import { MalformedResponseError } from "../errors/malformed-response-error.js";
import {
  Contact,
  ContactFilter,
  type ContactInfoSchema,
  ContactStatus,
  OnlineStatus,
} from "../gen/resonite_io/v1/contact_pb.js";
import { fakeMod } from "../testing/fake-mod.js";
import { ContactClient, type ContactInfo } from "./contact.js";

const alice = {
  userId: "U-alice",
  username: "Alice",
  alternateUsernames: ["AliceAlt", "アリス"],
  status: ContactStatus.ACCEPTED,
  isAccepted: true,
  isContactRequest: false,
  onlineStatus: OnlineStatus.SOCIABLE,
  currentSessionName: "Home",
  currentSessionAccessLevel: "Private",
  isHidden: false,
} satisfies MessageInitShape<typeof ContactInfoSchema>;

const bob = {
  userId: "U-bob",
  username: "Bob",
  status: ContactStatus.REQUESTED,
  isContactRequest: true,
  onlineStatus: OnlineStatus.OFFLINE,
} satisfies MessageInitShape<typeof ContactInfoSchema>;

const expectedAlice: ContactInfo = { ...alice, status: "accepted", onlineStatus: "sociable" };

const expectedBob: ContactInfo = {
  userId: "U-bob",
  username: "Bob",
  alternateUsernames: [],
  status: "requested",
  isAccepted: false,
  isContactRequest: true,
  onlineStatus: "offline",
  currentSessionName: "",
  currentSessionAccessLevel: "",
  isHidden: false,
};

// The cases that the mod's own client is accepted by, in their numbering. CC25 is about something that does not exist here:
// a client that is not connected yet.
describe("ContactClient acceptance cases", () => {
  it("CC1, CC2, CC3: listContacts() returns the counts and the contacts with every field", async () => {
    const { contact } = modWith({
      listContacts: () => ({ contacts: [alice, bob], contactCount: 12, requestCount: 3, listLoaded: true }),
    });

    expect(await contact.listContacts()).toStrictEqual({
      contacts: [expectedAlice, expectedBob],
      contactCount: 12,
      requestCount: 3,
      listLoaded: true,
    });
  });

  it("CC4: an empty answer is no contacts, no counts, not loaded", async () => {
    const { contact } = modWith({ listContacts: () => ({}) });

    expect(await contact.listContacts()).toStrictEqual({
      contacts: [],
      contactCount: 0,
      requestCount: 0,
      listLoaded: false,
    });
  });

  it("CC5: by default nothing is searched or filtered, and hidden contacts stay hidden", async () => {
    const { contact, requests } = modWith({ listContacts: () => ({}) });

    await contact.listContacts();

    expect(requests).toMatchObject([
      { rpc: "ListContacts", message: { search: "", filter: ContactFilter.UNSPECIFIED, includeHidden: false } },
    ]);
  });

  it("CC6, CC7: the search goes verbatim, and hidden contacts can be asked for", async () => {
    const { contact, requests } = modWith({ listContacts: () => ({}) });

    await contact.listContacts({ search: " Ali ", includeHidden: true });

    expect(requests).toMatchObject([{ message: { search: " Ali ", includeHidden: true } }]);
  });

  it("CC8: a contact says that it is hidden", async () => {
    const { contact } = modWith({ listContacts: () => ({ contacts: [alice, { ...bob, isHidden: true }] }) });

    const { contacts } = await contact.listContacts();

    expect(contacts.map(({ isHidden }) => isHidden)).toEqual([false, true]);
  });

  it.each([
    ["CC9", "accepted", ContactFilter.ACCEPTED],
    ["CC10", "requests", ContactFilter.REQUESTS],
    ["CC11", "all", ContactFilter.UNSPECIFIED],
  ] as const)("%s: the filter %j goes by its wire number", async (_, filter, number) => {
    const { contact, requests } = modWith({ listContacts: () => ({}) });

    await contact.listContacts({ filter });

    expect(requests).toMatchObject([{ message: { filter: number } }]);
  });

  it("CC12: a mod that is not ready fails unchanged", async () => {
    const { contact } = modWith({
      listContacts() {
        throw new ConnectError("the engine is still starting", Code.FailedPrecondition);
      },
    });

    const failure = contact.listContacts();

    await expect(failure).rejects.toBeInstanceOf(ConnectError);
    await expect(failure).rejects.toMatchObject({
      code: Code.FailedPrecondition,
      rawMessage: "the engine is still starting",
    });
  });

  // Here they are names; theirs are the wire numbers themselves.
  it.each([
    [ContactStatus.NONE, "none"],
    [ContactStatus.SEARCH_RESULT, "searchResult"],
    [ContactStatus.REQUESTED, "requested"],
    [ContactStatus.IGNORED, "ignored"],
    [ContactStatus.BLOCKED, "blocked"],
    [ContactStatus.ACCEPTED, "accepted"],
  ])("CC13: the status with wire number %i is %j", async (status, name) => {
    expect(await received({ status })).toMatchObject({ status: name });
  });

  it.each([
    [OnlineStatus.OFFLINE, "offline"],
    [OnlineStatus.INVISIBLE, "invisible"],
    [OnlineStatus.AWAY, "away"],
    [OnlineStatus.BUSY, "busy"],
    [OnlineStatus.ONLINE, "online"],
    [OnlineStatus.SOCIABLE, "sociable"],
  ])("CC13: the presence with wire number %i is %j", async (onlineStatus, name) => {
    expect(await received({ onlineStatus })).toMatchObject({ onlineStatus: name });
  });

  it("CC14: getContact sends the id and returns the contact", async () => {
    const { contact, requests } = modWith({ getContact: () => ({ found: true, contact: alice }) });

    expect(await contact.getContact("U-alice")).toStrictEqual(expectedAlice);
    expect(requests).toMatchObject([{ rpc: "GetContact", message: { userId: "U-alice" } }]);
  });

  it.each([
    ["CC15: getContact returns undefined for a user who is no contact", {}],
    ["CC15: getContact goes by found, not by the presence of a contact", { contact: bob }],
  ])("%s", async (_, answer) => {
    const { contact } = modWith({ getContact: () => ({ found: false, ...answer }) });

    expect(await contact.getContact("U-nobody")).toBeUndefined();
  });

  it("CC16, CC17: searchUsers returns the users in the cloud's order, and looks for similar names by default", async () => {
    const carol = { userId: "U-carol", username: "Carol", isVerified: true };
    const dave = { userId: "U-dave", username: "Dave", isVerified: false };
    const { contact, requests } = modWith({ searchUsers: () => ({ results: [dave, carol] }) });

    expect(await contact.searchUsers("ca")).toStrictEqual([dave, carol]);
    expect(requests).toMatchObject([{ rpc: "SearchUsers", message: { query: "ca", exactMatch: false } }]);
  });

  it("CC18, CC19: searchUsers can look for exactly a name, and may find nobody", async () => {
    const { contact, requests } = modWith({ searchUsers: () => ({}) });

    expect(await contact.searchUsers("Carol", { exactMatch: true })).toStrictEqual([]);
    expect(requests).toMatchObject([{ message: { query: "Carol", exactMatch: true } }]);
  });

  it("CC20: addContact leaves the name to the mod by default", async () => {
    const { contact, requests } = modWith({ addContact: () => ({ contact: alice }) });

    await contact.addContact("U-alice");

    expect(requests).toMatchObject([{ rpc: "AddContact", message: { userId: "U-alice", username: "" } }]);
  });

  it("CC21, CC22: addContact sends a name, and returns the contact whatever its status is", async () => {
    const { contact, requests } = modWith({ addContact: () => ({ contact: bob }) });

    expect(await contact.addContact("U-bob", { username: "Bob" })).toStrictEqual(expectedBob);
    expect(requests).toMatchObject([{ message: { userId: "U-bob", username: "Bob" } }]);
  });

  it("CC23: acceptRequest sends the id and returns the contact", async () => {
    const { contact, requests } = modWith({ acceptRequest: () => ({ contact: alice }) });

    expect(await contact.acceptRequest("U-alice")).toStrictEqual(expectedAlice);
    expect(requests).toMatchObject([{ rpc: "AcceptRequest", message: { userId: "U-alice" } }]);
  });

  it("CC24: removeContact sends the id and returns nothing", async () => {
    const { contact, requests } = modWith({ removeContact: () => ({}) });

    expect(await contact.removeContact("U-bob")).toBeUndefined();
    expect(requests).toMatchObject([{ rpc: "RemoveContact", message: { userId: "U-bob" } }]);
  });
});

describe("ContactClient", () => {
  it.each([ContactStatus.UNSPECIFIED, 7, 99, -1])(
    'takes the status number %i, which the contract does not foresee, as "none"',
    async (status) => {
      expect(await received({ status })).toMatchObject({ status: "none" });
    },
  );

  it.each([OnlineStatus.UNSPECIFIED, 7, 99, -1])(
    'takes the presence number %i, which the contract does not foresee, as "offline"',
    async (onlineStatus) => {
      expect(await received({ onlineStatus })).toMatchObject({ onlineStatus: "offline" });
    },
  );

  it.each([
    ["status", ContactStatus],
    ["onlineStatus", OnlineStatus],
  ] as const)("has a %s for every number that the mod may send", async (field, wire) => {
    const numbers = Object.values(wire).filter((value) => typeof value === "number" && value !== 0);
    const names = await Promise.all(numbers.map(async (number) => (await received({ [field]: number }))?.[field]));

    expect(new Set(names).size).toBe(numbers.length);
  });

  it.each(["freinds", "toString"])(
    "throws for the filter %j, which only an untyped caller can give, and sends nothing",
    async (filter) => {
      const { contact, requests } = modWith({ listContacts: () => ({}) });

      const failure = contact.listContacts({ filter: untyped(filter) });

      await expect(failure).rejects.toBeInstanceOf(InvalidOptionsError);
      await expect(failure).rejects.toMatchObject({
        code: "INVALID_OPTIONS",
        message: expect.stringContaining("filter must be one of all, accepted, requests"),
      });
      expect(requests).toEqual([]);
    },
  );

  it.each<[string, (contact: ContactClient) => Promise<unknown>]>([
    ["getContact", (contact) => contact.getContact("U-alice")],
    ["addContact", (contact) => contact.addContact("U-alice")],
    ["acceptRequest", (contact) => contact.acceptRequest("U-alice")],
  ])("throws when the answer of %s lacks the contact that it promises", async (method, call) => {
    const { contact } = modWith({
      getContact: () => ({ found: true }),
      addContact: () => ({}),
      acceptRequest: () => ({}),
    });

    const failure = call(contact);

    await expect(failure).rejects.toBeInstanceOf(MalformedResponseError);
    await expect(failure).rejects.toMatchObject({
      code: "MALFORMED_RESPONSE",
      message: expect.stringContaining(method),
    });
  });

  it("sends ids that are empty or odd as they are: the mod decides", async () => {
    const { contact, requests } = modWith({ getContact: () => ({}) });

    await contact.getContact("");
    await contact.getContact(" U-Alice ");

    expect(requests).toMatchObject([{ message: { userId: "" } }, { message: { userId: " U-Alice " } }]);
  });

  it("does not lose call options", async () => {
    const headers: (string | null)[] = [];
    const see = (header: Headers) => void headers.push(header.get("x-trace"));
    const call = { headers: { "x-trace": "42" } };
    const { contact } = modWith({
      listContacts: (_, { requestHeader }) => see(requestHeader) ?? {},
      getContact: (_, { requestHeader }) => see(requestHeader) ?? {},
      searchUsers: (_, { requestHeader }) => see(requestHeader) ?? {},
      addContact: (_, { requestHeader }) => see(requestHeader) ?? { contact: alice },
      acceptRequest: (_, { requestHeader }) => see(requestHeader) ?? { contact: alice },
      removeContact: (_, { requestHeader }) => see(requestHeader) ?? {},
    });

    await contact.listContacts(call);
    await contact.getContact("U-alice", call);
    await contact.searchUsers("ali", call);
    await contact.addContact("U-alice", call);
    await contact.acceptRequest("U-alice", call);
    await contact.removeContact("U-alice", call);

    expect(headers).toEqual(Array(Contact.methods.length).fill("42"));
  });

  it("is cancelled by the caller's signal while the mod waits for the cloud", async () => {
    const arrived = Promise.withResolvers<AbortSignal>();
    const { contact } = modWith({
      searchUsers(_, { signal }) {
        arrived.resolve(signal);
        return new Promise(() => {});
      },
    });
    const caller = new AbortController();
    const searching = contact.searchUsers("ali", { signal: caller.signal });
    const handlerSignal = await arrived.promise;

    caller.abort();

    await expect(searching).rejects.toMatchObject({ code: Code.Canceled });
    expect(handlerSignal.aborted).toBe(true);
  });
});

function modWith(handlers: Partial<ServiceImpl<typeof Contact>>) {
  const { transport, requests } = fakeMod(Contact, handlers);
  return { contact: new ContactClient(transport), requests };
}

/** What becomes of a contact on its way from the mod. */
async function received(wire: MessageInitShape<typeof ContactInfoSchema>): Promise<ContactInfo | undefined> {
  const { contact } = modWith({ getContact: () => ({ found: true, contact: wire }) });
  return await contact.getContact("U-alice");
}

/** What a caller without types could pass. */
function untyped<T>(value: unknown): T {
  return value as T;
}
