import type { DescMessage, MessageInitShape, MessageShape } from "@bufbuild/protobuf";
import type { HandlerContext } from "@connectrpc/connect";

/**
 * The streaming calls that reach a fake mod, each of which sends what the test tells it to:
 * `fakeMod(Camera, { streamFrames: calls.handle })`.
 */
export class ScriptedCalls<Request extends DescMessage, Response extends DescMessage> {
  readonly #calls: ScriptedCall<Request, Response>[] = [];
  readonly #awaited: { readonly index: number; readonly resolve: () => void }[] = [];

  readonly handle = (
    request: MessageShape<Request>,
    context: HandlerContext,
  ): AsyncIterable<MessageInitShape<Response>> => {
    const call = new ScriptedCall<Request, Response>(request, context);
    this.#calls.push(call);
    for (const { index, resolve } of this.#awaited) if (index < this.#calls.length) resolve();
    return call.messages();
  };

  /** How many calls were made. */
  get count(): number {
    return this.#calls.length;
  }

  /** What the calls asked for, in the order in which they were made. */
  get requests(): readonly MessageShape<Request>[] {
    return this.#calls.map(({ request }) => request);
  }

  /** Call number `index`, counted from 0, as soon as it is made. */
  async at(index: number): Promise<ScriptedCall<Request, Response>> {
    const call = this.#calls[index];
    if (call !== undefined) return call;
    await new Promise<void>((resolve) => this.#awaited.push({ index, resolve }));
    return await this.at(index);
  }
}

/** One call, seen from the mod. It stays open until it is told to end, or is cancelled. */
export class ScriptedCall<Request extends DescMessage, Response extends DescMessage> {
  readonly request: MessageShape<Request>;
  readonly context: HandlerContext;
  /** Settles when the mod is told that nobody wants the call any more. */
  readonly cancelled: Promise<void>;
  readonly #messages: MessageInitShape<Response>[] = [];
  #taken = 0;
  #end: { readonly error: unknown } | "in good order" | undefined;
  #wake = (): void => {};

  constructor(request: MessageShape<Request>, context: HandlerContext) {
    this.request = request;
    this.context = context;
    this.cancelled = new Promise((resolve) => {
      context.signal.addEventListener("abort", () => {
        resolve();
        this.#wake();
      });
    });
  }

  get isCancelled(): boolean {
    return this.context.signal.aborted;
  }

  /** How many messages were taken from the mod. */
  get taken(): number {
    return this.#taken;
  }

  /** Has these messages ready, to be taken when the caller has room. */
  send(...messages: readonly MessageInitShape<Response>[]): void {
    this.#messages.push(...messages);
    this.#wake();
  }

  /** Ends the call in good order, after what was sent. */
  end(): void {
    this.#end = "in good order";
    this.#wake();
  }

  /** Lets the call fail, after what was sent. */
  fail(error: unknown): void {
    this.#end = { error };
    this.#wake();
  }

  async *messages(): AsyncGenerator<MessageInitShape<Response>> {
    while (!this.isCancelled) {
      const message = this.#messages.shift();
      if (message !== undefined) {
        this.#taken++;
        yield message;
      } else if (this.#end === "in good order") return;
      else if (this.#end !== undefined) throw this.#end.error;
      else {
        const { promise, resolve } = Promise.withResolvers<void>();
        this.#wake = resolve;
        await promise;
      }
    }
  }
}
