import { getEventListeners } from "node:events";
import { Code, ConnectError, createContextValues } from "@connectrpc/connect";
import { afterEach, describe, expect, it, vi } from "vitest";
import { MalformedResponseError } from "../errors/malformed-response-error.js";
import { Resonite } from "../resonite.js";
import { collect } from "../testing/collect.js";
import { audioFrame, audioFrames, fakeSpeaker } from "../testing/fake-speaker.js";
import { isPending } from "../testing/is-pending.js";
import { quiet } from "../testing/quiet.js";
import { take } from "../testing/take.js";
import { type SpeakerChunk, SpeakerClient, type SpeakerStreamOptions } from "./speaker.js";

/** How many chunks wait for a loop that is busy. */
const room = 64;

afterEach(() => {
  vi.useRealTimers();
});

describe("one call", () => {
  it.each<[string, (mod: ReturnType<typeof fakeSpeaker>) => readonly [SpeakerClient, SpeakerClient]]>([
    ["two streams of one client", ({ speaker }) => [speaker, speaker]],
    ["two clients over one transport", ({ speaker, transport }) => [speaker, new SpeakerClient(transport)]],
    [
      "a Resonite and a client over its transport",
      ({ transport }) => {
        const resonite = new Resonite(transport);
        return [resonite.speaker, new SpeakerClient(resonite.transport)];
      },
    ],
  ])("serves %s, and each hears everything", async (_, clientsOf) => {
    const mod = fakeSpeaker();
    const reads = clientsOf(mod).map((client) => collect(client.stream()));

    const call = await mod.calls.at(0);
    call.send(...audioFrames(0, 200));
    call.end();

    const all = Array.from({ length: 201 }, (_, id) => BigInt(id));
    expect((await Promise.all(reads)).map(idsOf)).toEqual([all, all]);
    expect(mod.calls.count).toBe(1);
  });

  it.each<[string, SpeakerStreamOptions]>([
    ["headers", { headers: { "x-trace": "42" } }],
    ["context values", { contextValues: createContextValues() }],
    ["onHeader", { onHeader: () => {} }],
  ])("of its own is for a stream with %s", async (_, options) => {
    const { speaker, calls } = fakeSpeaker();
    await using shared = speaker.stream();
    await using own = speaker.stream(options);
    const reads = [take(shared), take(own)];

    (await calls.at(0)).send(audioFrame(1));
    (await calls.at(1)).send(audioFrame(2));

    expect(idsOf(await Promise.all(reads))).toEqual([1n, 2n]);
  });

  it("of its own is for each transport", async () => {
    const mods = [fakeSpeaker(), fakeSpeaker()];
    const streams = mods.map(({ speaker }) => speaker.stream());
    const reads = streams.map((stream) => take(stream));

    for (const [i, { calls }] of mods.entries()) (await calls.at(0)).send(audioFrame(i));

    expect(idsOf(await Promise.all(reads))).toEqual([0n, 1n]);
    for (const stream of streams) await stream.return?.();
  });

  it("lets a stream join in the middle, for which nothing is missed before", async () => {
    const { speaker, calls } = fakeSpeaker();
    await using first = speaker.stream();
    const one = take(first);
    const call = await calls.at(0);
    call.send(audioFrame(0));
    await one;

    await using joiner = speaker.stream();
    const reads = [take(first), take(joiner)];
    call.send(audioFrame(5));

    expect(await Promise.all(reads)).toMatchObject([
      { frameId: 5n, missedFrames: 4 },
      { frameId: 5n, missedFrames: 0 },
    ]);
  });

  it("goes on until the last stream is left, and is made anew for the next", async () => {
    const { speaker, calls } = fakeSpeaker();
    const [one, two] = [speaker.stream(), speaker.stream()] as const;
    const reads = [take(one), take(two)];
    const call = await calls.at(0);
    call.send(audioFrame(0));
    await Promise.all(reads);

    await one.return?.();
    await quiet();
    expect(call.isCancelled).toBe(false);
    await two.return?.();
    await call.cancelled;

    await using next = speaker.stream();
    const chunk = take(next);
    (await calls.at(1)).send(audioFrame(9));
    expect(await chunk).toMatchObject({ frameId: 9n, missedFrames: 0 });
  });
});

describe("a loop that is busy", () => {
  it("finds everything that came meanwhile, as long as it fits, while the others go on", async () => {
    const { speaker, calls } = fakeSpeaker();
    await using busy = speaker.stream();
    await using other = speaker.stream();
    const firsts = [take(busy), take(other)];
    const call = await calls.at(0);
    call.send(...audioFrames(0, room));
    await Promise.all(firsts);

    for (let id = 1; id <= room; id++)
      expect(await take(other)).toMatchObject({ frameId: BigInt(id), missedFrames: 0 });
    for (let id = 1; id <= room; id++) expect(await take(busy)).toMatchObject({ frameId: BigInt(id), missedFrames: 0 });
  });

  it("lets the mod and the others wait when no more fits, and loses nothing", async () => {
    const { speaker, calls } = fakeSpeaker();
    await using busy = speaker.stream();
    await using other = speaker.stream();
    const firsts = [take(busy), take(other)];
    const call = await calls.at(0);
    call.send(...audioFrames(0, 200));
    await Promise.all(firsts);
    await quiet();
    expect(call.taken).toBe(1 + room);
    for (let id = 1; id <= room; id++) await take(other);
    const waiting = take(other);
    expect(await isPending(waiting)).toBe(true);

    expect(await take(busy)).toMatchObject({ frameId: 1n });

    expect(await waiting).toMatchObject({ frameId: BigInt(room + 1), missedFrames: 0 });
    for (let id = 2; id <= 200; id++) {
      expect(await take(busy)).toMatchObject({ frameId: BigInt(id), missedFrames: 0 });
      if (id > room + 1) await take(other);
    }
  });

  it("lets the others go on when it is left", async () => {
    const { speaker, calls } = fakeSpeaker();
    const busy = speaker.stream();
    await using other = speaker.stream();
    const firsts = [take(busy), take(other)];
    const call = await calls.at(0);
    call.send(...audioFrames(0, 100));
    await Promise.all(firsts);
    for (let id = 1; id <= room; id++) await take(other);
    const waiting = take(other);
    expect(await isPending(waiting)).toBe(true);

    await busy.return?.();

    expect(await waiting).toMatchObject({ frameId: BigInt(room + 1), missedFrames: 0 });
  });
});

describe("what ends streams", () => {
  it("is an end in good order: of all, after the chunks that wait", async () => {
    const { speaker, calls } = fakeSpeaker();
    const reads = [collect(speaker.stream()), collect(speaker.stream())];
    const call = await calls.at(0);

    call.send(...audioFrames(0, 2));
    call.end();

    expect((await Promise.all(reads)).map(idsOf)).toEqual([
      [0n, 1n, 2n],
      [0n, 1n, 2n],
    ]);
  });

  it("is a failure: of all, once", async () => {
    const { speaker, calls } = fakeSpeaker();
    const streams = [speaker.stream(), speaker.stream()];
    const failures = streams.map((stream) => stream.next());

    (await calls.at(0)).fail(new ConnectError("Speaker has no bridge", Code.Unavailable));

    for (const failure of failures) {
      await expect(failure).rejects.toMatchObject({ code: Code.Unavailable, rawMessage: "Speaker has no bridge" });
    }
    for (const stream of streams) expect(await stream.next()).toEqual({ done: true, value: undefined });
  });

  it("is a malformed chunk: of all that come to it, and the call is cancelled", async () => {
    const { speaker, calls } = fakeSpeaker();
    const streams = [speaker.stream(), speaker.stream()];
    const failures = streams.map((stream) => stream.next());
    const call = await calls.at(0);

    call.send({ ...audioFrame(0), samples: new Uint8Array(7) });

    for (const failure of failures) await expect(failure).rejects.toBeInstanceOf(MalformedResponseError);
    await call.cancelled;
  });

  it("is its own signal or timeoutMs: of one, which nobody else notices", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const { speaker, calls } = fakeSpeaker();
    const caller = new AbortController();
    const aborted = speaker.stream({ signal: caller.signal }).next();
    const late = speaker.stream({ timeoutMs: 500 }).next();
    await using other = speaker.stream();
    const next = take(other);
    const call = await calls.at(0);

    caller.abort();
    await expect(aborted).rejects.toMatchObject({ code: Code.Canceled });
    vi.advanceTimersByTime(500);
    await expect(late).rejects.toMatchObject({ code: Code.DeadlineExceeded });

    call.send(audioFrame(0));
    expect(await next).toMatchObject({ frameId: 0n });
    expect(call.isCancelled).toBe(false);
    expect(vi.getTimerCount()).toBe(0);
    expect(getEventListeners(caller.signal, "abort")).toHaveLength(0);
  });
});

function idsOf(chunks: readonly SpeakerChunk[]): readonly bigint[] {
  return chunks.map(({ frameId }) => frameId);
}
