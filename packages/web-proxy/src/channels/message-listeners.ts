import type { ArrivedMessage } from "./arrived-message.js";
import { type Handler, type HandlerOptions, Handlers, type Unsubscribe } from "./handlers.js";

/** A message and its name. Tell them apart by the name. */
export type NamedMessage<Messages> = {
  readonly [Name in keyof Messages]: { readonly name: Name; readonly message: Messages[Name] };
}[keyof Messages];

/** A message of a type that this side does not know: the other side has a newer schema. */
export interface UnknownMessage {
  /** The number of its type. */
  readonly tag: number;
  /** The message, encoded. */
  readonly payload: Uint8Array;
}

/**
 * Calls handlers with the messages that come. `Context` is what a handler gets beside the message.
 *
 * A handler may be async. The next message of the same sender waits for what it returns, unless the handler is `concurrent`; messages
 * of a group are given to their handlers in one go. What a handler throws goes to the error callbacks and stops nothing else.
 * Handlers may be added and taken back at any time, also by handlers.
 */
export interface MessageListening<Messages, Context> {
  /** Calls `handler` with every message of this name. */
  on<Name extends string & keyof Messages>(
    name: Name,
    handler: (message: Messages[Name], context: Context) => unknown,
    options?: HandlerOptions,
  ): Unsubscribe;
  /** Calls `handler` with the next message of this name. */
  once<Name extends string & keyof Messages>(
    name: Name,
    handler: (message: Messages[Name], context: Context) => unknown,
    options?: HandlerOptions,
  ): Unsubscribe;
  /**
   * Takes back `handler`, or without one all that were given to {@link on} and {@link once} for this name. Does nothing when there is
   * none.
   */
  off<Name extends string & keyof Messages>(
    name: Name,
    handler?: (message: Messages[Name], context: Context) => unknown,
  ): void;
  /** Calls `handler` with every message of a known type. */
  onAny(handler: (named: NamedMessage<Messages>, context: Context) => unknown, options?: HandlerOptions): Unsubscribe;
  /** Calls `handler` with every message whose type is in the group. */
  onGroup(
    group: string,
    handler: (named: NamedMessage<Messages>, context: Context) => unknown,
    options?: HandlerOptions,
  ): Unsubscribe;
  /** Calls `handler` with every message of an unknown type, as it came. Without one they are counted and ignored. */
  onUnknown(handler: (message: UnknownMessage, context: Context) => unknown): Unsubscribe;
}

/** Who is to be called, whatever the messages. */
export interface ListenerSet<Context> {
  readonly handlers: Handlers<Context>;
  readonly unknownHandlers: ReadonlySet<(message: UnknownMessage, context: Context) => unknown>;
}

/** The handlers of one listener, for those who call them. */
export class MessageListeners<Messages, Context> implements MessageListening<Messages, Context>, ListenerSet<Context> {
  readonly handlers = new Handlers<Context>();
  readonly unknownHandlers = new Set<(message: UnknownMessage, context: Context) => unknown>();

  on<Name extends string & keyof Messages>(
    name: Name,
    handler: (message: Messages[Name], context: Context) => unknown,
    options?: HandlerOptions,
  ): Unsubscribe {
    return this.handlers.add({ kind: "name", name }, handler, withMessage(handler), options);
  }

  once<Name extends string & keyof Messages>(
    name: Name,
    handler: (message: Messages[Name], context: Context) => unknown,
    options?: HandlerOptions,
  ): Unsubscribe {
    return this.handlers.add({ kind: "name", name }, handler, withMessage(handler), options, true);
  }

  off<Name extends string & keyof Messages>(
    name: Name,
    handler?: (message: Messages[Name], context: Context) => unknown,
  ): void {
    this.handlers.remove(name, handler);
  }

  onAny(handler: (named: NamedMessage<Messages>, context: Context) => unknown, options?: HandlerOptions): Unsubscribe {
    return this.handlers.add({ kind: "any" }, handler, withName(handler), options);
  }

  onGroup(
    group: string,
    handler: (named: NamedMessage<Messages>, context: Context) => unknown,
    options?: HandlerOptions,
  ): Unsubscribe {
    return this.handlers.add({ kind: "group", group }, handler, withName(handler), options);
  }

  onUnknown(handler: (message: UnknownMessage, context: Context) => unknown): Unsubscribe {
    // Two registrations of one function are two.
    const registered = (message: UnknownMessage, context: Context): unknown => handler(message, context);
    this.unknownHandlers.add(registered);
    return () => this.unknownHandlers.delete(registered);
  }
}

/** The schema that has decoded a message is the one that gave its name this type. */
function withMessage<Message, Context>(handler: (message: Message, context: Context) => unknown): Handler<Context> {
  return (arrived, context) => handler(arrived.message as Message, context);
}

/** As {@link withMessage}. */
function withName<Named, Context>(handler: (named: Named, context: Context) => unknown): Handler<Context> {
  return ({ definition, message }: ArrivedMessage, context) =>
    handler({ name: definition.name, message } as Named, context);
}
