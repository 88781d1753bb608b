import type { ScenarioCloudUser, ScenarioContact } from "../scenarios/parts/contact.js";
import type { Scenario } from "../scenarios/scenario.js";
import type { EngineContext } from "./engine-context.js";
import { EngineError } from "./engine-error.js";
import type { EngineState } from "./engine-state.js";

/** The contact list of the account, which the engine shows while somebody is signed in. */
export interface ContactsState {
  /** In the order in which they came. Nobody ever leaves it: who is removed is only hidden. */
  readonly contacts: ScenarioContact[];
}

/** Which contacts to list; see the comments of `ListContactsRequest`. */
export interface ContactQuery {
  readonly search: string;
  readonly filter: "all" | "accepted" | "requests";
  readonly includeHidden: boolean;
}

/** The contact list as a whole, whatever a query selects of it. */
export interface ContactTotals {
  /** Accepted contacts. */
  readonly contactCount: number;
  /** Requests that wait for an answer. */
  readonly requestCount: number;
  /** Whether there is a list at all: somebody is signed in. */
  readonly listLoaded: boolean;
}

/** Makes the state at the start. */
export function initialContacts(scenario: Scenario): ContactsState {
  return { contacts: structuredClone(scenario.contacts) };
}

/** The contacts that the engine knows now: none while nobody is signed in. */
export function cachedContacts({ auth, contacts }: EngineState): readonly ScenarioContact[] {
  return auth.user === undefined ? [] : contacts.contacts;
}

/** The contact list and the users of the cloud. */
export class Contacts {
  readonly #context: EngineContext;

  constructor(context: EngineContext) {
    this.#context = context;
  }

  /** Counts the whole list. */
  get totals(): ContactTotals {
    const contacts = this.#cached;
    return {
      contactCount: contacts.filter(({ status }) => status === "accepted").length,
      requestCount: contacts.filter(({ isRequest }) => isRequest).length,
      listLoaded: this.#context.state.auth.user !== undefined,
    };
  }

  /** Lists the contacts that pass, in the list's order. */
  list({ search, filter, includeHidden }: ContactQuery): readonly ScenarioContact[] {
    const needle = search.toLowerCase();
    return this.#cached.filter(({ username, alternateUsernames, status, isRequest, isHidden }) => {
      if (isHidden && !includeHidden) return false;
      if (filter === "accepted" && status !== "accepted") return false;
      if (filter === "requests" && !isRequest) return false;
      return [username, ...alternateUsernames].some((name) => name.toLowerCase().includes(needle));
    });
  }

  /** Finds a contact by user id, hidden ones too. */
  find(userId: string): ScenarioContact | undefined {
    return this.#cached.find((contact) => contact.userId === userId);
  }

  /** Searches all users of the cloud: those with a name like the text, or the one with exactly that name. */
  searchUsers(text: string, exact: boolean): readonly ScenarioCloudUser[] {
    const users = this.#directory();
    if (exact) return users.filter(({ username }) => username === text).slice(0, 1);
    // The cloud does not list everybody it knows.
    if (text === "") return [];
    const needle = text.toLowerCase();
    return users.filter(({ username }) => username.toLowerCase().includes(needle));
  }

  /**
   * Makes somebody an accepted contact. Without a name, the cloud is asked for it; with one, nobody checks that the user
   * exists. Throws `notFound` when the cloud does not know the name, and `refused` when it does not want to.
   */
  add(userId: string, givenName: string): ScenarioContact {
    const username = givenName === "" ? this.#directory().find((user) => user.userId === userId)?.username : givenName;
    if (username === undefined) throw new EngineError("notFound", `The cloud knows no user '${userId}'.`);
    this.#requireConsent(userId);
    const { contacts } = this.#context.state.contacts;
    const known = this.find(userId);
    const contact = known ?? newContact(userId, username);
    if (known === undefined) contacts.push(contact);
    return this.#change(contact, "accepted");
  }

  /** Makes a contact of the list an accepted one, whether it asked for that or not. Throws `notFound` and `refused`. */
  accept(userId: string): ScenarioContact {
    const contact = this.#require(userId);
    this.#requireConsent(userId);
    return this.#change(contact, "accepted");
  }

  /** Removes a contact or declines its request; it stays on the list, ignored and hidden. Throws `notFound` and `refused`. */
  remove(userId: string): void {
    const contact = this.#require(userId);
    this.#requireConsent(userId);
    this.#change(contact, "ignored");
  }

  get #cached(): readonly ScenarioContact[] {
    return cachedContacts(this.#context.state);
  }

  /** Everybody the cloud knows by name, each once. */
  #directory(): readonly ScenarioCloudUser[] {
    const { contacts, cloudUsers } = this.#context.scenario;
    const users = new Map<string, ScenarioCloudUser>();
    for (const { userId, username } of contacts) {
      users.set(userId, { userId, username, isVerified: false, refusesContact: false });
    }
    for (const user of cloudUsers) users.set(user.userId, user);
    return [...users.values()];
  }

  #require(userId: string): ScenarioContact {
    const contact = this.find(userId);
    if (contact === undefined) throw new EngineError("notFound", `User '${userId}' is not on the contact list.`);
    return contact;
  }

  #requireConsent(userId: string): void {
    if (this.#context.state.auth.user === undefined) {
      throw new EngineError("refused", "The cloud refused to change contacts: nobody is signed in.");
    }
    const isRefused = this.#context.scenario.cloudUsers.some((user) => user.userId === userId && user.refusesContact);
    if (isRefused || userId === "")
      throw new EngineError("refused", `The cloud refused to change contact '${userId}'.`);
  }

  #change(contact: ScenarioContact, status: "accepted" | "ignored"): ScenarioContact {
    contact.status = status;
    contact.isRequest = false;
    contact.isHidden = status === "ignored";
    this.#context.changed({ what: "contactChanged", userId: contact.userId, status });
    return contact;
  }
}

function newContact(userId: string, username: string): ScenarioContact {
  return {
    userId,
    username,
    alternateUsernames: [],
    status: "none",
    isRequest: false,
    isHidden: false,
    onlineStatus: "offline",
    sessionName: "",
    sessionAccessLevel: "",
  };
}
