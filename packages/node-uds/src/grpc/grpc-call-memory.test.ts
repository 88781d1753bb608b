import { Resonite, services } from "@resoio/core";
import { describe, expect, it } from "vitest";
import { createUdsTransport } from "../index.js";
import { frame } from "../testing/grpc-frames.js";
import { begin, startHttp2Server } from "../testing/http2-server.js";

const schema = services.camera.method.streamFrames.output;
/** Each size several times, as when a window is resized. */
const sides = [160, 160, 160, 400, 400, 400, 130, 130, 130, 130];

describe("the memory of messages", () => {
  it("is that of one message exactly, announced and allocated once, of which the pixels are a view", async () => {
    await using server = await startCamera();
    await using resonite = new Resonite(createUdsTransport({ socketPath: server.socketPath }));
    for await (const { pixels } of resonite.camera.stream({ mode: "every" })) {
      const overhead = pixels.buffer.byteLength - pixels.byteLength;
      expect(overhead).toBeGreaterThan(0);
      expect(overhead).toBeLessThan(4 * 1024 + 64);
      expect(pixels.byteOffset).toBeGreaterThan(0);
      break;
    }
  });

  it.each(["fast", "node"] as const)(
    "is used again when frames are released, and every frame is whole (http2: %s)",
    async (http2) => {
      await using server = await startCamera();
      await using resonite = new Resonite(createUdsTransport({ socketPath: server.socketPath, http2 }));
      const released: Uint8Array[] = [];
      const kept: Uint8Array[] = [];
      let index = 0;
      for await (const { width, pixels, release } of bound(resonite)) {
        expect(width).toBe(sides[index]);
        expect(pixels.every((byte) => byte === index)).toBe(true);
        if (index % 3 === 1) kept.push(pixels);
        else {
          released.push(pixels);
          release();
        }
        if (++index === sides.length) break;
      }
      expect(released.map(({ byteLength }) => byteLength)).toEqual(released.map(() => 0));
      expect(kept.map((pixels) => pixels.every((byte) => byte === pixels[0]))).toEqual(kept.map(() => true));
      expect(kept.map((pixels) => pixels[0])).toEqual([1, 4, 7]);
    },
  );
});

async function* bound(resonite: Resonite) {
  for await (const frame of resonite.camera.stream({ mode: "every" })) {
    yield { width: frame.width, pixels: frame.pixels, release: () => frame.release() };
  }
}

/** A mod that sends a frame of each size. Their bytes tell their number. */
function startCamera() {
  return startHttp2Server((stream) => {
    begin(stream);
    sides.forEach((side, index) => {
      stream.write(frame(schema, { width: side, height: side, pixels: Buffer.alloc(side * side * 4, index) }));
    });
  });
}
