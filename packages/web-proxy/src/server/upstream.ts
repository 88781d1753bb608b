import type { ResoniteTransport } from "@resoio/core";
import { type CreateWireCall, WireTransport } from "@resoio/core/internal";
import { createCallOver } from "./wire-call-over.js";

/** A mod that the proxy passes calls on to. */
export interface Upstream {
  /** Its name in the paths of the proxy. */
  readonly name: string;
  readonly transport: ResoniteTransport;
  /** Makes a call in message bytes. */
  readonly createCall: CreateWireCall;
}

/**
 * Makes an {@link Upstream} of a transport. Transports of our own carry message bytes as they are; over any other, each message
 * is decoded and encoded again.
 */
export function createUpstream(name: string, transport: ResoniteTransport): Upstream {
  const createCall = transport instanceof WireTransport ? transport.createCall : createCallOver(transport);
  return { name, transport, createCall };
}
