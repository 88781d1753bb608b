import type { Access } from "@resoio/core";
import { WireTransport } from "@resoio/core/internal";
import type { Hub } from "../server/hub.js";
import { Counters, type ProxyClient } from "../server/proxy-client.js";

let lastNumber = 0;

/** A client of a hub, with observe and control unless other rights are given. */
export function hubClient(access: readonly Access[] = ["observe", "control"]): ProxyClient {
  return {
    id: `client-${++lastNumber}`,
    kind: "websocket",
    access: new Set(access),
    name: undefined,
    address: "127.0.0.1",
    upstream: "fake",
    counters: new Counters(),
    close() {},
  };
}

/** A transport whose calls go through a hub, as those of `client`. */
export function hubTransport(hub: Hub, client: ProxyClient = hubClient()): WireTransport {
  return new WireTransport({ createCall: (request, listener) => hub.createCall(client, request, listener) });
}
