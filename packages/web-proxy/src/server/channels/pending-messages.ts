import type { Clock } from "@resoio/core/internal";
import type { MessageStore } from "../../channels/message-store.js";
import type { Outbox } from "../../channels/outbox.js";
import type { OutgoingMessage } from "../../channels/outgoing.js";
import type { ChannelState } from "./channel.js";
import type { ChannelOutbox, PendingMessage } from "./channel-client.js";

/** What users see of an outbox. */
export function outboxView(outbox: Outbox, clock: Clock): ChannelOutbox {
  return {
    get size() {
      return outbox.size;
    },
    get bytes() {
      return outbox.bytes;
    },
    get oldestAgeMs() {
      const { oldest } = outbox;
      return oldest === undefined ? 0 : clock.nowMs() - oldest.createdMs;
    },
    remove: (isUnwanted) => outbox.remove(({ messages }) => messages.every((one) => isUnwanted(pending(one, clock)))),
    *[Symbol.iterator]() {
      for (const { messages } of outbox.entries()) for (const message of messages) yield pending(message, clock);
    },
  };
}

/** What users see of what is kept. `find` is asked every time, as a store comes and goes with its room. */
export function stateView(find: () => MessageStore | undefined, clock: Clock): ChannelState {
  return {
    get size() {
      return find()?.size ?? 0;
    },
    get bytes() {
      return find()?.bytes ?? 0;
    },
    remove: (isUnwanted) => find()?.remove((message) => isUnwanted(pending(message, clock))) ?? 0,
    *[Symbol.iterator]() {
      for (const message of find()?.messages() ?? []) yield pending(message, clock);
    },
  };
}

function pending(message: OutgoingMessage, clock: Clock): PendingMessage {
  const { name, key, payload, isPersistent, createdMs } = message;
  return { name, key, payload, isPersistent, ageMs: clock.nowMs() - createdMs };
}
