import { Code, ConnectError } from "@connectrpc/connect";
import { ArrivedMessage } from "./arrived-message.js";
import type { ReceivedMessage } from "./batch-reader.js";
import type { ChannelDirection, ChannelSchema } from "./channel-schema.js";
import { isThenable } from "./handlers.js";
import type { ListenerSet } from "./message-listeners.js";

/** What to do with a message that cannot be decoded: end the call, or go on without it. It is reported either way. */
export type MalformedPolicy = "close" | "skip";

/** Options of {@link Dispatcher}. */
export interface DispatcherOptions<Context> {
  readonly schema: ChannelSchema;
  /** Which way the messages come. */
  readonly direction: Exclude<ChannelDirection, "both">;
  /** Who is called, in this order. Of their messages only those are looked at that somebody wants. */
  readonly listeners: readonly ListenerSet<Context>[];
  /** What handlers get beside the message. */
  readonly context: () => Context;
  readonly malformed: MalformedPolicy;
  /** Told of what goes wrong in handlers, and of messages that are skipped; `name` is that of the message, if it is known. */
  readonly onError: (error: unknown, name: string | undefined) => void;
  /** Told of every message of a known type that may come this way, before the handlers. Must not throw. */
  readonly onArrived: ((message: ArrivedMessage) => void) | undefined;
}

/** Figures of a {@link Dispatcher}. */
export interface DispatchCounts {
  /** Messages that came, of whatever type. */
  readonly received: number;
  /** Those of a type that this side does not know. */
  readonly unknown: number;
  /** Those that could not be decoded. */
  readonly malformed: number;
}

/** Gives what came from one sender to the handlers. */
export class Dispatcher<Context> {
  readonly #options: DispatcherOptions<Context>;
  readonly #counts = { received: 0, unknown: 0, malformed: 0 };

  constructor(options: DispatcherOptions<Context>) {
    this.#options = options;
  }

  get counts(): DispatchCounts {
    return { ...this.#counts };
  }

  /**
   * Calls the handlers for a message, or for all of a group in one go. Returns what the next entry has to wait for.
   *
   * Throws a `ConnectError` for what has to end the call: what cannot be decoded, unless it is to be skipped, and what must not come
   * this way. Of such an entry no handler is called.
   */
  dispatch(entry: readonly ReceivedMessage[]): void | Promise<void> {
    const { listeners, onError, onArrived } = this.#options;
    this.#counts.received += entry.length;
    const arrived = this.#readEntry(entry);
    if (arrived === undefined) return undefined;
    const context = this.#options.context();
    const pending: Promise<void>[] = [];
    for (const message of arrived) {
      if (message instanceof ArrivedMessage) {
        onArrived?.(message);
        const report = (error: unknown): void => onError(error, message.definition.name);
        for (const { handlers } of listeners) handlers.call(message, context, pending, report);
      } else {
        this.#dispatchUnknown(message, context, pending);
      }
    }
    return pending.length === 0 ? undefined : settled(pending);
  }

  /** The messages of an entry; those of unknown types as they came. `undefined` for one that is skipped. */
  #readEntry(entry: readonly ReceivedMessage[]): readonly (ArrivedMessage | ReceivedMessage)[] | undefined {
    const { schema, direction, malformed, onError } = this.#options;
    let name: string | undefined;
    try {
      return entry.map((received) => {
        const definition = schema.byTag(received.tag);
        if (definition === undefined) return received;
        name = definition.name;
        if (definition.direction !== direction && definition.direction !== "both") throw wrongWay(name, direction);
        const message = new ArrivedMessage(definition, received.payload);
        // What is broken must be known before the first of a group is applied.
        if (this.#options.listeners.some(({ handlers }) => handlers.wants(message))) void message.message;
        return message;
      });
    } catch (error) {
      this.#counts.malformed++;
      if (malformed === "close") throw error;
      onError(error, name);
      return undefined;
    }
  }

  #dispatchUnknown(message: ReceivedMessage, context: Context, pending: Promise<void>[]): void {
    const report = (error: unknown): void => this.#options.onError(error, undefined);
    this.#counts.unknown++;
    for (const { unknownHandlers } of this.#options.listeners) {
      for (const handler of [...unknownHandlers]) {
        try {
          const result = handler({ tag: message.tag, payload: message.payload }, context);
          if (isThenable(result)) pending.push(Promise.resolve(result).then(() => {}, report));
        } catch (error) {
          report(error);
        }
      }
    }
  }
}

function wrongWay(name: string, direction: "down" | "up"): ConnectError {
  const side = direction === "up" ? "a client" : "the server";
  return new ConnectError(`${name} came from ${side}, which may not send it`, Code.InvalidArgument);
}

async function settled(pending: readonly Promise<void>[]): Promise<void> {
  await Promise.all(pending);
}
