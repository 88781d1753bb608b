import type { OpenPeer } from "./peer.ts";

/** Where a peer is, and what is said about it. */
export interface PeerEntry {
  /** How it is called in tables. */
  readonly label: string;
  /** Loads the library and opens a connection. Nothing of it is loaded before, so that a process has only what it needs. */
  readonly open: OpenPeer;
  /** What is set in the environment of its process beside what is set already. Default: nothing. */
  readonly env?: Readonly<Record<string, string>>;
}

/** Lets glibc use memory again that was freed, where it would give it back to the system and ask for new pages. */
const keepPages = { MALLOC_MMAP_THRESHOLD_: "536870912", MALLOC_TRIM_THRESHOLD_: "536870912" };

/** Everything that is compared, by the name that commands use, in the order of the tables. */
export const peers = {
  resoio: {
    label: "@resoio/node-uds",
    open: async (path) => (await import("./resoio.ts")).openResoio(path, {}),
  },
  "resoio-keeping-pages": {
    label: "@resoio/node-uds, pages kept",
    open: async (path) => (await import("./resoio.ts")).openResoio(path, {}),
    env: keepPages,
  },
  "resoio-releasing": {
    label: "@resoio/node-uds, frames released",
    open: async (path) => (await import("./resoio.ts")).openResoio(path, { releases: true }),
  },
  "resoio-node-http2": {
    label: "@resoio/node-uds on Node's http2",
    open: async (path) => (await import("./resoio.ts")).openResoio(path, { http2: "node" }),
  },
  "grpc-js": {
    label: "@grpc/grpc-js",
    open: async (path) => (await import("./grpc-js.ts")).openGrpcJs(path, {}),
  },
  "grpc-js-tuned": {
    label: "@grpc/grpc-js, tuned",
    open: async (path) => {
      const { openGrpcJs, tunedOptions } = await import("./grpc-js.ts");
      return await openGrpcJs(path, tunedOptions);
    },
  },
  "nice-grpc": {
    label: "nice-grpc",
    open: async (path) => (await import("./nice-grpc.ts")).openNiceGrpc(path),
  },
  "connect-node": {
    label: "@connectrpc/connect-node",
    open: async (path) => (await import("./connect-node.ts")).openConnectNode(path, {}),
  },
  "connect-node-tuned": {
    label: "@connectrpc/connect-node, tuned",
    open: async (path) => {
      const { openConnectNode, tunedSettings } = await import("./connect-node.ts");
      return await openConnectNode(path, tunedSettings);
    },
  },
  http2: {
    label: "Node's http2 alone",
    open: async (path) => (await import("./raw-http2.ts")).openRawHttp2(path),
  },
  net: {
    label: "the bare socket",
    open: async (path) => (await import("./raw-net.ts")).openRawNet(path, "reused"),
  },
  "net-default": {
    label: "the bare socket, default reads",
    open: async (path) => (await import("./raw-net.ts")).openRawNet(path, "default"),
  },
  "proxy-websocket": {
    label: "through the proxy, WebSocket",
    open: async (url) => (await import("./resoio-proxy.ts")).openResoioProxy(url, "websocket"),
  },
  "proxy-fetch": {
    label: "through the proxy, fetch",
    open: async (url) => (await import("./resoio-proxy.ts")).openResoioProxy(url, "fetch"),
  },
} satisfies Record<string, PeerEntry>;

/** Those that speak to a mod themselves. */
export const directPeers: readonly PeerName[] = [
  "resoio",
  "resoio-keeping-pages",
  "resoio-releasing",
  "resoio-node-http2",
  "grpc-js",
  "grpc-js-tuned",
  "nice-grpc",
  "connect-node",
  "connect-node-tuned",
  "http2",
  "net",
  "net-default",
];

/** The name of a peer. */
export type PeerName = keyof typeof peers;

/** Whether a word is the name of a peer. */
export function isPeerName(word: string): word is PeerName {
  return word in peers;
}
