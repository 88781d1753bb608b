import { connect } from "@resoio/node-uds";
import type { BenchClient } from "./bench-client.ts";

/** `@resoio/node-uds`, through the modality clients that users have. */
export async function openClient(socketPath: string): Promise<BenchClient> {
  const resonite = await connect({ socketPath });
  return {
    async readFrames(count) {
      let bytes = 0;
      let frames = 0;
      for await (const { pixels } of resonite.camera.stream({ mode: "every" })) {
        bytes += pixels.byteLength;
        if (++frames === count) break;
      }
      return bytes;
    },
    async ping() {
      await resonite.connection.ping();
    },
    close: () => resonite.close(),
  };
}
