import type { CallOptions } from "@connectrpc/connect";
import { CannotAskError } from "./errors/cannot-ask-error.js";
import { type RpcId, rpcs } from "./gen/registry.js";
import type { ResoniteTransport } from "./resonite.js";

/** Which RPCs the mod at the other end of a transport has. Asks once for each, and again after the connection was lost. */
export class RpcSupport {
  readonly #transport: ResoniteTransport;
  readonly #answers = new Map<RpcId, boolean>();
  readonly #closing = new AbortController();
  #isWatching = false;

  constructor(transport: ResoniteTransport) {
    this.#transport = transport;
  }

  /** Whether the mod has `rpc`. A question that fails is asked again the next time. */
  async has(rpc: RpcId, options: CallOptions = {}): Promise<boolean> {
    const known = this.#answers.get(rpc);
    if (known !== undefined) return known;
    if (this.#transport.supports === undefined) throw new CannotAskError(rpc);
    this.#watch();
    const answer = await this.#transport.supports(rpcs[rpc].method, options);
    this.#answers.set(rpc, answer);
    return answer;
  }

  /** Stops watching the connection. */
  close(): void {
    this.#closing.abort();
  }

  /** The mod that comes back after a loss may be another version. */
  #watch(): void {
    if (this.#isWatching || this.#transport.status === undefined) return;
    this.#isWatching = true;
    const changes = this.#transport.status({ signal: this.#closing.signal });
    void (async () => {
      for await (const { state } of changes) if (state === "lost") this.#answers.clear();
    })();
  }
}
