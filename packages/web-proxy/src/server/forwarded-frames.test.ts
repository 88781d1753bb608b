import { Code, ConnectError } from "@connectrpc/connect";
import { describe, expect, it } from "vitest";
import { connectProxy } from "../client/index.js";
import { frameSource } from "../testing/frame-source.js";
import { creditFrame, frame, openFrame } from "../testing/raw-websocket-client.js";
import { serveWebSockets } from "../testing/serve-websockets.js";
import { frameTypes } from "../wire/protocol.js";
import { createProxy } from "./create-proxy.js";

describe("frames that pass the proxy", () => {
  it.each(["websocket", "fetch"] as const)(
    "over %s are whole, although their memory is used again, in the proxy and in a client that releases them",
    async (largeStreams) => {
      await using proxy = await createProxy({ upstream: frameSource(), port: 0 });
      await using resonite = await connectProxy({ url: proxy.url, largeStreams });
      await using other = await connectProxy({ url: proxy.url, largeStreams });
      const kept: { readonly id: bigint; readonly pixels: Uint8Array }[] = [];
      // Somebody else who gets the same frames, at a pace of his own.
      void other.camera.stream({ mode: "every" }).next();
      let lastId = -1n;
      let count = 0;
      for await (const frame of resonite.camera.stream({ mode: "every" })) {
        const { frameId, pixels } = frame;
        expect(frameId).toBeGreaterThan(lastId);
        expect(isAll(pixels, frameId)).toBe(true);
        lastId = frameId;
        if (count % 10 === 0) kept.push({ id: frameId, pixels });
        else frame.release();
        if (++count === 60) break;
      }
      expect(kept.map(({ id, pixels }) => isAll(pixels, id))).toEqual(kept.map(() => true));
    },
  );

  it("are held until the WebSocket has sent them, and no longer", async () => {
    await using serving = await serveWebSockets();
    const client = await serving.connect();
    client.send(openFrame(1, { sendCredit: 50_000 }));
    const call = await serving.gate.started();
    const released = Promise.withResolvers<void>();
    let isReleased = false;
    call.emit(new Uint8Array(60_000), () => {
      isReleased = true;
      released.resolve();
    });
    // All that there is credit for.
    await client.answered();
    expect(isReleased).toBe(false);

    client.send(creditFrame(1, 50_000));
    await released.promise;
  });

  it("are not given back when their call is over before they were sent", async () => {
    await using serving = await serveWebSockets();
    const client = await serving.connect();
    client.send(openFrame(1, { sendCredit: 50_000 }));
    const call = await serving.gate.started();
    let isReleased = false;
    call.emit(new Uint8Array(60_000), () => {
      isReleased = true;
    });
    await client.answered();
    call.end(new ConnectError("gone", Code.Unavailable));
    client.send(frame(frameTypes.cancel, 1));
    await client.answered();

    // Part of it may still be in the socket.
    expect(isReleased).toBe(false);
  });
});

function isAll(pixels: Uint8Array, frameId: bigint): boolean {
  const expected = Number(frameId % 256n);
  return pixels.byteLength > 0 && pixels.every((byte) => byte === expected);
}
