/** Serves a camera with pictures of a size on a socket. Resolves when connections are accepted. */
export type ServePair = (
  socketPath: string,
  size: { readonly width: number; readonly height: number },
) => Promise<void>;

/** The servers that are measured together with the client of the same library. */
export const pairServers = {
  resoio: async (...args) => (await import("./mock-server.ts")).serveMock(...args),
  "grpc-js": async (...args) => (await import("./grpc-js-server.ts")).serveGrpcJs(...args),
  "connect-node": async (...args) => (await import("./connect-node-server.ts")).serveConnectNode(...args),
} satisfies Record<string, ServePair>;

/** The name of a server. */
export type PairName = keyof typeof pairServers;

/** Whether a word is the name of a server. */
export function isPairName(word: string): word is PairName {
  return word in pairServers;
}
