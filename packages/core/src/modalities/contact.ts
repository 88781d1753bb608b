import { type CallOptions, type Client, createClient, type Transport } from "@connectrpc/connect";
import { choiceName, choiceValue } from "../choices.js";
import type { Covers } from "../covers.js";
import { MalformedResponseError } from "../errors/malformed-response-error.js";
import {
  Contact,
  type ContactInfo as WireContact,
  ContactFilter as WireFilter,
  OnlineStatus as WireOnlineStatus,
  ContactStatus as WireStatus,
  type UserSearchResult as WireUser,
} from "../gen/resonite_io/v1/contact_pb.js";

const contactFilters = {
  all: WireFilter.UNSPECIFIED,
  accepted: WireFilter.ACCEPTED,
  requests: WireFilter.REQUESTS,
} as const;

const contactStatuses = {
  none: WireStatus.NONE,
  searchResult: WireStatus.SEARCH_RESULT,
  requested: WireStatus.REQUESTED,
  ignored: WireStatus.IGNORED,
  blocked: WireStatus.BLOCKED,
  accepted: WireStatus.ACCEPTED,
} as const;

const onlineStatuses = {
  offline: WireOnlineStatus.OFFLINE,
  invisible: WireOnlineStatus.INVISIBLE,
  away: WireOnlineStatus.AWAY,
  busy: WireOnlineStatus.BUSY,
  online: WireOnlineStatus.ONLINE,
  sociable: WireOnlineStatus.SOCIABLE,
} as const;

/**
 * Which contacts to list: `"all"`, those whose {@link ContactInfo.status} is `"accepted"`, or those whose request waits for
 * an answer (`"requests"`).
 */
export type ContactFilter = keyof typeof contactFilters;

/**
 * How the signed-in user relates to another user. `"requested"` is an open request, in either direction, and `"ignored"` a
 * contact that was removed or declined. `"none"` also stands for what the mod, or this client, has no name for.
 */
export type ContactStatus = keyof typeof contactStatuses;

/**
 * A contact's presence. `"sociable"` is online and looking for company. `"offline"` also stands for no presence data, and
 * for what the mod, or this client, has no name for.
 */
export type OnlineStatus = keyof typeof onlineStatuses;

/** A contact and its presence, as the engine's cache had them. */
export interface ContactInfo {
  /** Names the contact in every method that takes one. */
  readonly userId: string;
  readonly username: string;
  /** Further names of the same user. The search of {@link ContactClient.listContacts} looks at them too. */
  readonly alternateUsernames: readonly string[];
  readonly status: ContactStatus;
  /** The engine's own flag, normally true when {@link status} is `"accepted"`. */
  readonly isAccepted: boolean;
  /** Whether this user's request waits for an answer of the signed-in user. */
  readonly isContactRequest: boolean;
  readonly onlineStatus: OnlineStatus;
  /** The session that the contact is in; empty when unknown. */
  readonly currentSessionName: string;
  /**
   * Who may join that session, by the engine's name: `Private`, `LAN`, `Contacts`, `ContactsPlus`, `RegisteredUsers`,
   * `Anyone`. Empty when unknown.
   */
  readonly currentSessionAccessLevel: string;
  /** Whether the engine keeps the contact out of its list, as it does with removed and blocked ones. */
  readonly isHidden: boolean;
}

/** A user found by name, who may or may not be a contact. */
export interface UserSearchResult {
  /** For {@link ContactClient.addContact}. */
  readonly userId: string;
  readonly username: string;
  /** Whether the cloud marks the account as verified. */
  readonly isVerified: boolean;
}

/** Options of {@link ContactClient.listContacts}. A contact must pass all of them. */
export interface ListContactsOptions extends CallOptions {
  /** Part of the username or of an alternate one, in any case. Not trimmed. Default `""`: every contact. */
  readonly search?: string;
  /** Default `"all"`. Never brings back hidden contacts. */
  readonly filter?: ContactFilter;
  /** Whether to list hidden contacts too. Default false. */
  readonly includeHidden?: boolean;
}

/** Contacts, and what the engine says of its whole list whatever the filters were. */
export interface ContactList {
  /** Those that passed the filters, in the engine's order. */
  readonly contacts: readonly ContactInfo[];
  /** How many contacts the engine counts; not the length of {@link contacts}. */
  readonly contactCount: number;
  /** How many open requests the engine counts. */
  readonly requestCount: number;
  /** Whether the engine has loaded the list. False while it loads and while nobody is signed in. */
  readonly listLoaded: boolean;
}

/** Options of {@link ContactClient.searchUsers}. */
export interface SearchUsersOptions extends CallOptions {
  /** Whether to look for exactly this username, which finds one user or none. Default false: similar names. */
  readonly exactMatch?: boolean;
}

/** Options of {@link ContactClient.addContact}. */
export interface AddContactOptions extends CallOptions {
  /** The name to store. It is used unchecked. Default `""`: the mod asks the cloud for it. */
  readonly username?: string;
}

/**
 * Reads the signed-in user's contacts, finds users, and adds, accepts and removes contacts.
 *
 * Changes are made to the cloud account: they outlive the connection and the game. Every method fails with `Unavailable`
 * when the mod has no contact bridge and with `FailedPrecondition` while the engine has no cloud connection yet. That nobody
 * is signed in is no failure: see {@link ContactList.listLoaded}.
 */
export class ContactClient implements Covers<typeof Contact> {
  readonly #rpc: Client<typeof Contact>;

  constructor(transport: Transport) {
    this.#rpc = createClient(Contact, transport);
  }

  /** Lists the contacts that the engine has in its cache. */
  async listContacts(options: ListContactsOptions = {}): Promise<ContactList> {
    const { search = "", filter = "all", includeHidden = false, ...call } = options;
    const wireFilter = choiceValue(contactFilters, filter, "filter");
    const response = await this.#rpc.listContacts({ search, filter: wireFilter, includeHidden }, call);
    return {
      contacts: response.contacts.map(toContact),
      contactCount: response.contactCount,
      requestCount: response.requestCount,
      listLoaded: response.listLoaded,
    };
  }

  /** Returns one contact, also a hidden one, or `undefined` when the user is none. */
  async getContact(userId: string, options?: CallOptions): Promise<ContactInfo | undefined> {
    const { found, contact } = await this.#rpc.getContact({ userId }, options);
    return found ? toContact(required(contact, "getContact")) : undefined;
  }

  /** Finds users of the cloud by name. A search that fails in the cloud finds nobody. */
  async searchUsers(query: string, options: SearchUsersOptions = {}): Promise<readonly UserSearchResult[]> {
    const { exactMatch = false, ...call } = options;
    return (await this.#rpc.searchUsers({ query, exactMatch }, call)).results.map(toUser);
  }

  /**
   * Adds a user to the contacts, and returns the contact. May be repeated.
   *
   * Fails with `NotFound` when no `username` was given and the cloud does not tell it, and with `Internal` when the cloud
   * refuses the change.
   */
  async addContact(userId: string, options: AddContactOptions = {}): Promise<ContactInfo> {
    const { username = "", ...call } = options;
    return toContact(required((await this.#rpc.addContact({ userId, username }, call)).contact, "addContact"));
  }

  /**
   * Accepts the request of a user, and returns the contact. May be repeated, and takes back a contact that was removed.
   *
   * Fails with `NotFound` when the user is not in the list, and with `Internal` when the cloud refuses the change.
   */
  async acceptRequest(userId: string, options?: CallOptions): Promise<ContactInfo> {
    return toContact(required((await this.#rpc.acceptRequest({ userId }, options)).contact, "acceptRequest"));
  }

  /**
   * Removes a contact, or declines a request. Either way the user stays in the list, `"ignored"` and hidden. May be
   * repeated.
   *
   * Fails with `NotFound` when the user is not in the list, and with `Internal` when the cloud refuses the change.
   */
  async removeContact(userId: string, options?: CallOptions): Promise<void> {
    await this.#rpc.removeContact({ userId }, options);
  }
}

function required(contact: WireContact | undefined, method: string): WireContact {
  if (contact === undefined) throw new MalformedResponseError(`the mod answered ${method} without a contact`);
  return contact;
}

function toContact({ $typeName, $unknown, status, onlineStatus, ...contact }: WireContact): ContactInfo {
  return {
    ...contact,
    status: choiceName(contactStatuses, status, "none"),
    onlineStatus: choiceName(onlineStatuses, onlineStatus, "offline"),
  };
}

function toUser({ $typeName, $unknown, ...user }: WireUser): UserSearchResult {
  return user;
}
