// Runs in a page: counts the pictures that arrive there.
import { connectProxy, PictureClient } from "@resoio/web-proxy/client";

/** Counts pictures for a time, after a warm-up of a quarter of it. */
async function measurePictures(way: "websocket" | "fetch" | "jpeg", durationMs: number) {
  const largeStreams = way === "jpeg" ? "websocket" : way;
  await using resonite = await connectProxy({ url: location.href, largeStreams });
  const pictures =
    way === "jpeg"
      ? new PictureClient(resonite.transport).watch({ fpsLimit: 240 })
      : resonite.camera.stream({ mode: "every" });
  const warmUntilMs = performance.now() + durationMs / 4;
  let beganMs: number | undefined;
  let count = 0;
  let allCount = 0;
  for await (const _ of pictures) {
    allCount++;
    const nowMs = performance.now();
    if (beganMs === undefined) {
      if (nowMs >= warmUntilMs) beganMs = nowMs;
      continue;
    }
    count++;
    if (nowMs - beganMs >= durationMs) return { count, elapsedMs: nowMs - beganMs, allCount };
  }
  throw new Error("the pictures have ended");
}

Object.assign(globalThis, { measurePictures });
