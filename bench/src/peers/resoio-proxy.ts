import { connectProxy } from "@resoio/web-proxy/client";
import type { Peer } from "./peer.ts";
import { peerOf } from "./resoio.ts";

/** `@resoio/web-proxy/client` in Node: the same clients, through a proxy. */
export async function openResoioProxy(url: string, largeStreams: "websocket" | "fetch"): Promise<Peer> {
  return peerOf(await connectProxy({ url, largeStreams }), false);
}
