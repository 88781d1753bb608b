import type { ArrivedMessage } from "./arrived-message.js";

/** Takes back what was registered. Does nothing the second time. */
export type Unsubscribe = () => void;

/** How a handler is called. */
export interface HandlerOptions {
  /**
   * Whether the next message of the same sender need not wait until what the handler returns has settled. Default false: one after
   * the other.
   */
  readonly concurrent?: boolean;
}

/** Which messages a handler is for. */
export type HandlerScope =
  | { readonly kind: "name"; readonly name: string }
  | { readonly kind: "group"; readonly group: string }
  | { readonly kind: "any" };

/** What is called with a message; `context` is what it is called with beside. */
export type Handler<Context> = (arrived: ArrivedMessage, context: Context) => unknown;

interface Registration<Context> {
  readonly scope: HandlerScope;
  /** What the user has given, by which he takes it back. */
  readonly given: unknown;
  readonly handler: Handler<Context>;
  readonly isOnce: boolean;
  readonly isConcurrent: boolean;
  isActive: boolean;
}

/**
 * Who is called with which message. Handlers may come and go at any time, also while they are being called: one that was taken
 * back is not called any more, and one that is new is called from the next message on.
 */
export class Handlers<Context> {
  readonly #registrations = new Set<Registration<Context>>();
  /** Those for the messages of one name, in the order of their registration. */
  readonly #byName = new Map<string, readonly Registration<Context>[]>();

  /** Adds a handler. `given` stands for it in {@link remove}. */
  add(
    scope: HandlerScope,
    given: unknown,
    handler: Handler<Context>,
    { concurrent = false }: HandlerOptions = {},
    isOnce = false,
  ): Unsubscribe {
    const registration = { scope, given, handler, isOnce, isConcurrent: concurrent, isActive: true };
    this.#registrations.add(registration);
    this.#byName.clear();
    return () => this.#remove(registration);
  }

  /** Takes back the handlers that were added for the name, or those of them that `given` stands for. */
  remove(name: string, given?: unknown): void {
    for (const registration of this.#registrations) {
      const { scope } = registration;
      if (scope.kind !== "name" || scope.name !== name) continue;
      if (given === undefined || registration.given === given) this.#remove(registration);
    }
  }

  /** Takes back all. */
  clear(): void {
    for (const registration of this.#registrations) this.#remove(registration);
  }

  /** Whether anybody wants messages like this one. */
  wants({ definition }: ArrivedMessage): boolean {
    return this.#for(definition).length > 0;
  }

  /**
   * Calls everybody who wants the message, in order. What has to be waited for before the next message is added to `pending`. What a
   * handler throws, at once or later, goes to `onError` and stops nobody else.
   */
  call(arrived: ArrivedMessage, context: Context, pending: Promise<void>[], onError: (error: unknown) => void): void {
    for (const registration of this.#for(arrived.definition)) {
      if (!registration.isActive) continue;
      if (registration.isOnce) this.#remove(registration);
      try {
        const result = registration.handler(arrived, context);
        if (!isThenable(result)) continue;
        const settled = Promise.resolve(result).then(() => {}, onError);
        if (!registration.isConcurrent) pending.push(settled);
      } catch (error) {
        onError(error);
      }
    }
  }

  #for({ name, groups }: ArrivedMessage["definition"]): readonly Registration<Context>[] {
    const known = this.#byName.get(name);
    if (known !== undefined) return known;
    const found = [...this.#registrations].filter(({ scope }) => {
      if (scope.kind === "name") return scope.name === name;
      return scope.kind === "any" || groups.includes(scope.group);
    });
    this.#byName.set(name, found);
    return found;
  }

  #remove(registration: Registration<Context>): void {
    registration.isActive = false;
    if (this.#registrations.delete(registration)) this.#byName.clear();
  }
}

/** Whether something is awaited when it is returned. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && "then" in value && typeof value.then === "function";
}
