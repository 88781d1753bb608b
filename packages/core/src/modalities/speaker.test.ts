import type { MessageInitShape } from "@bufbuild/protobuf";
import { Code, ConnectError, type HandlerContext, type ServiceImpl } from "@connectrpc/connect";
import { describe, expect, it } from "vitest";
import { MalformedResponseError } from "../errors/malformed-response-error.js";
import { ResoioError } from "../errors/resoio-error.js";
import { type AudioFrameSchema, Speaker } from "../gen/resonite_io/v1/speaker_pb.js";
import { collect } from "../testing/collect.js";
import { fakeMod } from "../testing/fake-mod.js";
import { SpeakerClient } from "./speaker.js";

type Frame = MessageInitShape<typeof AudioFrameSchema>;

describe("stream", () => {
  it("yields all chunks in order with their samples, as plain objects", async () => {
    const { speaker } = speakerWith([frame(7n, [0, -0, 1, -1, 2, -2]), frame(8n, [3, -3])], "ends");

    expect(await collect(speaker.stream())).toStrictEqual([
      {
        samples: Float32Array.of(0, -0, 1, -1, 2, -2),
        sampleCount: 3,
        unixNanos: 1_700_000_000_000_000_700n,
        frameId: 7n,
        missedFrames: 0,
        gap: undefined,
      },
      {
        samples: Float32Array.of(3, -3),
        sampleCount: 1,
        unixNanos: 1_700_000_000_000_000_800n,
        frameId: 8n,
        missedFrames: 0,
        gap: undefined,
      },
    ]);
  });

  it("keeps times and frame numbers exact, up to the ends of their ranges", async () => {
    const exact = [
      { unixNanos: 2n ** 53n + 1n, frameId: 2n ** 53n + 1n },
      { unixNanos: 2n ** 63n - 1n, frameId: 2n ** 64n - 1n },
    ];
    const { speaker } = speakerWith(
      exact.map((fields) => ({ ...frame(0n), ...fields })),
      "ends",
    );

    expect(await collect(speaker.stream())).toMatchObject(exact);
  });

  it.each<[string, readonly bigint[], readonly number[]]>([
    ["nothing when the numbers follow on each other", [0n, 1n, 2n], [0, 0, 0]],
    ["nothing before the first, whatever its number", [500n, 501n], [0, 0]],
    ["what is left out", [0n, 2n, 3n, 34n], [0, 1, 0, 30]],
    ["nothing when a number comes again or goes back", [5n, 5n, 2n, 3n], [0, 0, 0, 0]],
    ["from where the number went back to", [5n, 2n, 4n], [0, 0, 1]],
    ["large gaps between large numbers", [2n ** 55n, 2n ** 55n + 1_000_001n], [0, 1_000_000]],
  ])("counts as missed %s", async (_, ids, missed) => {
    const { speaker } = speakerWith(
      ids.map((id) => frame(id)),
      "ends",
    );

    const chunks = await collect(speaker.stream());

    expect(chunks.map(({ missedFrames }) => missedFrames)).toEqual(missed);
  });

  it("counts what is missed anew in each stream", async () => {
    const { speaker } = speakerWith([frame(0n), frame(9n)], "ends");
    await collect(speaker.stream());

    expect(await collect(speaker.stream())).toMatchObject([{ missedFrames: 0 }, { missedFrames: 8 }]);
  });

  it("goes by the bytes, not by the sample count beside them", async () => {
    const { speaker } = speakerWith([{ ...frame(0n, [1, 2, 3, 4]), sampleCount: 999 }], "ends");

    expect(await collect(speaker.stream())).toMatchObject([{ sampleCount: 2, samples: { length: 4 } }]);
  });

  it("yields a chunk without samples", async () => {
    const { speaker } = speakerWith([frame(0n, [])], "ends");

    expect(await collect(speaker.stream())).toMatchObject([{ sampleCount: 0, samples: new Float32Array(0) }]);
  });

  it.each([1, 4, 7, 12])("fails for a chunk of %i bytes, and cancels the call", async (length) => {
    const { speaker, cancelled } = speakerWith([frame(4n), { ...frame(5n), samples: new Uint8Array(length) }]);
    const stream = speaker.stream();
    await stream.next();

    const failure = stream.next();

    await expect(failure).rejects.toBeInstanceOf(MalformedResponseError);
    await expect(failure).rejects.toBeInstanceOf(ResoioError);
    await expect(failure).rejects.toMatchObject({
      code: "MALFORMED_RESPONSE",
      message: `audio frame 5 has ${length} bytes of samples, which is not a multiple of 8`,
    });
    await cancelled;
    expect(await stream.next()).toEqual({ done: true, value: undefined });
  });

  it("does not call the mod before the first chunk is asked for", async () => {
    const { speaker, contexts } = speakerWith([frame(0n)]);
    await using stream = speaker.stream();
    expect(contexts).toHaveLength(0);

    await stream.next();

    expect(contexts).toHaveLength(1);
  });

  it("cancels the call on the mod's side when the loop is left", async () => {
    const { speaker, cancelled } = speakerWith([frame(0n), frame(1n)]);

    for await (const { frameId } of speaker.stream()) {
      expect(frameId).toBe(0n);
      break;
    }

    await cancelled;
  });

  it("cancels the call on the mod's side by the caller's signal, and fails with Canceled", async () => {
    const { speaker, cancelled } = speakerWith([frame(0n)]);
    const caller = new AbortController();
    const stream = speaker.stream({ signal: caller.signal });
    await stream.next();
    const waiting = stream.next();

    caller.abort();

    await expect(waiting).rejects.toMatchObject({ code: Code.Canceled });
    await cancelled;
  });

  it("passes headers on", async () => {
    const { speaker, contexts } = speakerWith([], "ends");

    await collect(speaker.stream({ headers: { "x-trace": "42" } }));

    expect(contexts[0]?.requestHeader.get("x-trace")).toBe("42");
  });

  it.each([Code.Unavailable, Code.FailedPrecondition, Code.Internal])(
    "passes the mod's failure through unchanged (code %i)",
    async (code) => {
      const { speaker } = speakerWith([frame(0n)], new ConnectError("from the mod", code));
      const stream = speaker.stream();
      expect((await stream.next()).done).toBe(false);

      const failure = stream.next();

      await expect(failure).rejects.toBeInstanceOf(ConnectError);
      await expect(failure).rejects.toMatchObject({ code, rawMessage: "from the mod" });
    },
  );
});

/** A speaker that sends `frames` and then stays silent, as the mod does without sound, ends, or fails. */
function speakerWith(frames: readonly Frame[], end: "stays silent" | "ends" | ConnectError = "stays silent") {
  const contexts: HandlerContext[] = [];
  const cancelled = Promise.withResolvers<void>();
  const handlers: ServiceImpl<typeof Speaker> = {
    async *streamAudio(_, context) {
      contexts.push(context);
      context.signal.addEventListener("abort", () => cancelled.resolve());
      yield* frames;
      if (end === "ends") return;
      if (end !== "stays silent") throw end;
      await cancelled.promise;
    },
  };
  const { transport } = fakeMod(Speaker, handlers);
  return { speaker: new SpeakerClient(transport), contexts, cancelled: cancelled.promise };
}

function frame(frameId: bigint, samples: readonly number[] = [0.5, -0.5]): Frame {
  const bytes = new DataView(new ArrayBuffer(samples.length * 4));
  for (const [i, sample] of samples.entries()) bytes.setFloat32(i * 4, sample, true);
  return {
    frameId,
    unixNanos: 1_700_000_000_000_000_000n + frameId * 100n,
    sampleCount: samples.length / 2,
    samples: new Uint8Array(bytes.buffer),
  };
}
