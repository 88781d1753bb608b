import { once } from "node:events";
import * as http2 from "node:http2";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import { services } from "@resoio/core";
import { picture } from "../content.ts";
import type { ServePair } from "./index.ts";

/** A server of `@connectrpc/connect-node` as its users have it. */
export const serveConnectNode: ServePair = async (socketPath, size) => {
  const frame = picture(size);
  const server = http2.createServer(
    connectNodeAdapter({
      routes(router) {
        router.service(services.camera, {
          async *streamFrames() {
            for (let frameId = 0n; ; frameId++) yield { ...frame, frameId };
          },
        });
      },
    }),
  );
  server.listen(socketPath);
  await once(server, "listening");
};
