import { connect } from "node:net";
import { createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { services } from "@resoio/core";
import type { BenchClient } from "./bench-client.ts";

/** `@connectrpc/connect-node`, with the largest stream window that it takes. */
export async function openClient(socketPath: string): Promise<BenchClient> {
  const transport = createGrpcTransport({
    baseUrl: "http://localhost",
    nodeOptions: {
      createConnection: () => connect({ path: socketPath }),
      settings: { initialWindowSize: 16 * 1024 * 1024 },
    },
  });
  const camera = createClient(services.camera, transport);
  const connection = createClient(services.connection, transport);
  return {
    async readFrames(count) {
      const aborting = new AbortController();
      let bytes = 0;
      let frames = 0;
      for await (const { pixels } of camera.streamFrames({}, { signal: aborting.signal })) {
        bytes += pixels.byteLength;
        if (++frames === count) break;
      }
      aborting.abort();
      return bytes;
    },
    async ping() {
      await connection.ping({ message: "ping" });
    },
    async close() {},
  };
}
