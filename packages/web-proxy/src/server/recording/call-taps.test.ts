import { rpcs } from "@resoio/core";
import { createRecording } from "@resoio/recording";
import { expect, it } from "vitest";
import { CallTaps } from "./call-taps.js";

it("keeps the bytes of a call only while a recording of it runs", async () => {
  const taps = new CallTaps();
  const { method } = rpcs["camera.streamFrames"];
  const call = taps.open({ method, upstream: "mod", client: undefined, isShared: false });
  expect(call.isKeeping).toBe(false);

  const recordings = [1, 2].map(() => createRecording({ sink: { write: async () => {} } }));
  for (const recording of recordings) taps.add(recording, {});
  for (const recording of recordings) {
    expect(call.isKeeping).toBe(true);
    taps.delete(recording);
    await recording.end();
  }
  expect(call.isKeeping).toBe(false);
});
