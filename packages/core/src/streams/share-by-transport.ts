import type { CallOptions, Transport } from "@connectrpc/connect";
import type { SharedStream } from "./shared-stream.js";

/**
 * Returns a function that finds the {@link SharedStream} which a call takes part in: that of its transport, so that clients made
 * apart share it; or one of its own, when it has headers or other options that concern nobody else.
 */
export function shareByTransport<T>(
  create: (transport: Transport, call: CallOptions) => SharedStream<T>,
): (transport: Transport, call: CallOptions) => SharedStream<T> {
  const shared = new WeakMap<Transport, SharedStream<T>>();
  return (transport, call) => {
    if (Object.values(call).some((value) => value !== undefined)) return create(transport, call);
    const existing = shared.get(transport);
    if (existing !== undefined) return existing;
    const created = create(transport, {});
    shared.set(transport, created);
    return created;
  };
}
