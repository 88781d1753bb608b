import type {
  DescMessage,
  DescMethodClientStreaming,
  DescMethodServerStreaming,
  DescMethodUnary,
  MessageInitShape,
} from "@bufbuild/protobuf";
import type { Rpc } from "@resoio/core";
import { type RawClient, statusOf } from "./raw-client.js";

/** What the few RPCs need whose arguments are checked before the engine is asked. */
const requests: Readonly<Record<string, MessageInitShape<DescMessage>>> = {
  "dash.setTab": { localeKey: "Dash.Screens.None" },
  "display.apply": { maxFps: 60 },
  "world.fetchThumbnail": { uri: "https://example.com/none.png" },
  "inventory.fetchThumbnail": { path: "/Inventory/None" },
};

/**
 * Calls an RPC with as little as possible and returns its status. A stream that the server sends is cancelled after its first
 * message, one that the client sends is empty.
 */
export async function callEmpty(
  raw: RawClient,
  rpc: Rpc,
): Promise<{ readonly code: string; readonly details: string }> {
  const request = requests[rpc.id] ?? {};
  switch (rpc.kind) {
    case "unary": {
      const method: DescMethodUnary = rpc.method;
      return await statusOf(raw.unary(method, request));
    }
    case "server_streaming": {
      const method: DescMethodServerStreaming = rpc.method;
      const stream = raw.serverStream(method, request);
      const first = await statusOf(stream[Symbol.asyncIterator]().next());
      stream.on("error", () => {
        // The cancellation of our own.
      });
      stream.cancel();
      return first;
    }
    case "client_streaming": {
      const method: DescMethodClientStreaming = rpc.method;
      const call = raw.clientStream(method);
      call.halfClose();
      return await statusOf(call.response);
    }
  }
}
