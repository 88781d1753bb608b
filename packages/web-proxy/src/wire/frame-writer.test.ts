import { describe, expect, it } from "vitest";
import { FrameWriter } from "./frame-writer.js";
import { readFrames } from "./frames.js";
import { frameTypes } from "./protocol.js";

describe("FrameWriter", () => {
  it("sends the frames of a tick as one message, in order, when the tick is over", async () => {
    const { writer, sent } = create();
    writer.write(frameTypes.open, 1, Uint8Array.of(1));
    writer.write(frameTypes.data, 1, Uint8Array.of(2, 3));
    writer.write(frameTypes.halfClose, 1);
    expect(sent).toEqual([]);
    expect(writer.byteLength).toBe(30);
    await Promise.resolve();
    expect(sent.map((message) => [...readFrames(message)])).toEqual([
      [
        { type: frameTypes.open, callId: 1, payload: Uint8Array.of(1) },
        { type: frameTypes.data, callId: 1, payload: Uint8Array.of(2, 3) },
        { type: frameTypes.halfClose, callId: 1, payload: new Uint8Array(0) },
      ],
    ]);
    expect(writer.byteLength).toBe(0);
  });

  it("sends the next tick's frames as another message", async () => {
    const { writer, sent } = create();
    writer.write(frameTypes.ping, 0);
    await Promise.resolve();
    writer.write(frameTypes.pong, 0);
    await Promise.resolve();
    expect(sent).toHaveLength(2);
  });

  it("begins another message before one is too large, and sends a frame that is too large alone", async () => {
    const { writer, sent } = create(30);
    for (const length of [10, 2, 1, 100, 1]) writer.write(frameTypes.data, 1, new Uint8Array(length));
    await Promise.resolve();
    expect(sent.map((message) => [...readFrames(message)].map(({ payload }) => payload.byteLength))).toEqual([
      [10, 2],
      [1],
      [100],
      [1],
    ]);
  });

  it("sends at once when it is told to, and nothing twice", async () => {
    const { writer, sent } = create();
    writer.flush();
    writer.write(frameTypes.ping, 0);
    writer.flush();
    expect(sent).toHaveLength(1);
    await Promise.resolve();
    expect(sent).toHaveLength(1);
  });
});

function create(maxMessageBytes = 1_000) {
  const sent: Uint8Array[] = [];
  return { writer: new FrameWriter({ send: (message) => sent.push(message), maxMessageBytes }), sent };
}
