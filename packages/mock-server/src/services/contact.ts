import type { MessageInitShape } from "@bufbuild/protobuf";
import {
  ContactFilter,
  type ContactInfoSchema,
  ContactStatus,
  OnlineStatus,
} from "@resoio/core/gen/resonite_io/v1/contact_pb";
import type { ContactQuery } from "../engine/contacts.js";
import type { Engine } from "../engine/engine.js";
import type { ContactHandlers } from "../gen/handlers.js";
import type { ScenarioContact } from "../scenarios/parts/contact.js";

const statuses = {
  none: ContactStatus.NONE,
  searchResult: ContactStatus.SEARCH_RESULT,
  requested: ContactStatus.REQUESTED,
  ignored: ContactStatus.IGNORED,
  blocked: ContactStatus.BLOCKED,
  accepted: ContactStatus.ACCEPTED,
} as const;

const onlineStatuses = {
  offline: OnlineStatus.OFFLINE,
  invisible: OnlineStatus.INVISIBLE,
  away: OnlineStatus.AWAY,
  busy: OnlineStatus.BUSY,
  online: OnlineStatus.ONLINE,
  sociable: OnlineStatus.SOCIABLE,
} as const;

/** Lists and changes contacts, and searches users. No field of a request is checked: the cloud gets it as it is. */
export const contactService = (engine: Engine): ContactHandlers => ({
  listContacts({ search, filter, includeHidden }) {
    const contacts = engine.contacts.list({ search, filter: contactFilter(filter), includeHidden });
    return { contacts: contacts.map(toWire), ...engine.contacts.totals };
  },

  getContact({ userId }) {
    const contact = engine.contacts.find(userId);
    return contact === undefined ? { found: false } : { found: true, contact: toWire(contact) };
  },

  searchUsers({ query, exactMatch }) {
    const users = engine.contacts.searchUsers(query, exactMatch);
    return { results: users.map(({ userId, username, isVerified }) => ({ userId, username, isVerified })) };
  },

  addContact({ userId, username }) {
    return { contact: toWire(engine.contacts.add(userId, username)) };
  },

  acceptRequest({ userId }) {
    return { contact: toWire(engine.contacts.accept(userId)) };
  },

  removeContact({ userId }) {
    engine.contacts.remove(userId);
    return {};
  },
});

function contactFilter(wire: ContactFilter): ContactQuery["filter"] {
  return wire === ContactFilter.ACCEPTED ? "accepted" : wire === ContactFilter.REQUESTS ? "requests" : "all";
}

function toWire(contact: ScenarioContact): MessageInitShape<typeof ContactInfoSchema> {
  return {
    userId: contact.userId,
    username: contact.username,
    alternateUsernames: [...contact.alternateUsernames],
    status: statuses[contact.status],
    isAccepted: contact.status === "accepted",
    isContactRequest: contact.isRequest,
    onlineStatus: onlineStatuses[contact.onlineStatus],
    currentSessionName: contact.sessionName,
    currentSessionAccessLevel: contact.sessionAccessLevel,
    isHidden: contact.isHidden,
  };
}
