import { createMockMod } from "@resoio/mock-server";
import { bytesSource } from "@resoio/recording";
import { createChannel, createProxy, type RecordedPictures } from "@resoio/web-proxy";
import { connectProxy } from "@resoio/web-proxy/client";
import { describe, expect, it } from "vitest";
import { boardChannel } from "../../examples/gen/board/v1/board_channel.ts";
import { missingChromium, sharedPage } from "./testing/chromium.ts";
import { toBase64 } from "./testing/page/base64.ts";
import { hearRecording } from "./testing/page/heard-in-recording.ts";

const cameras = [
  { name: "raw", camera: "raw", topic: "/rpc/camera.streamFrames/response" },
  { name: "JPEG", camera: { format: "jpeg" }, topic: "/rpc/camera.streamFrames/picture" },
] as const;

describe.skipIf(missingChromium() !== undefined)("a recording, in a page in Chromium,", () => {
  it.each(cameras)("plays, sought back included, as it does in Node, with its camera as $name", async (kind) => {
    const bytes = await record(kind.camera);
    const there = await hearRecording(bytesSource(bytes), kind.topic);
    const { page } = await sharedPage();
    const here = await page.evaluate(([recording, topic]) => pageRecordings.hear(recording, topic), [
      toBase64(bytes),
      kind.topic,
    ] as const);

    expect(here).toEqual(there);
    // Something of everything, and more of it before the place that was sought than behind it.
    expect(there.pictures.length).toBeGreaterThan(5);
    const sought = there.lines.findIndex((line) => line.startsWith("at "));
    expect(sought).toBeGreaterThan(20);
    const again = there.lines.slice(sought);
    expect(again.filter((line) => line.startsWith(kind.topic) && line.includes("restored"))).toHaveLength(1);
    for (const topic of ["/calls", "/rpc/connection.ping/response", "/channel/board/Marker", kind.topic]) {
      expect(there.lines.slice(0, sought).filter((line) => line.startsWith(`${topic} `))).not.toEqual([]);
      expect(again.filter((line) => line.startsWith(`${topic} `))).not.toEqual([]);
    }
  });
});

/** Records, at a proxy, a camera, and for each of its first pictures a ping and a marker on a board. */
async function record(camera: "raw" | RecordedPictures): Promise<Uint8Array> {
  await using mod = createMockMod({ scenario: { display: { width: 64, height: 48 }, cameraFps: 20 } });
  const board = createChannel(boardChannel);
  await using proxy = await createProxy({ upstream: mod.transport(), channels: [board], port: 0 });
  const parts: Uint8Array[] = [];
  // Compressed where Node can. A page decompresses it in plain JavaScript.
  const recording = proxy.startRecording({ sink: { write: async (part) => void parts.push(part) }, camera });
  await using resonite = await connectProxy({ url: proxy.url });
  let count = 0;
  for await (const _ of resonite.camera.stream({ mode: "every" })) {
    await resonite.connection.ping(`picture ${count}`);
    board.broadcast("Marker", { id: `${count % 3}`, label: `${count}` });
    if (++count === 12) break;
  }
  await recording.end();
  return Buffer.concat(parts);
}
