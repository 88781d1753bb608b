import { fromBinary } from "@bufbuild/protobuf";
import { ChannelDirection, ChannelEventSchema } from "@resoio/core/gen/resoio/recording/v1/recording_pb";
import { HeaderFieldSchema } from "@resoio/core/gen/resoio/web/v1/wire_pb";
import { bytesSource, openRecording, type RecordingReader, type RecordingSink } from "@resoio/recording";
import { describe, expect, it } from "vitest";
import { type NoteClient, type OpenChannel, openChannel } from "../../testing/open-channel.js";
import { TestClock } from "../../testing/test-clock.js";
import { doorOf } from "../channels/channel-door.js";
import { playIntoChannel } from "./play-into-channel.js";

describe("a recording of a channel", () => {
  it("has what went both ways, in order, and how it was sent", async () => {
    await using open = await openChannel({ clientRooms: () => true });
    const { sink, read } = memory();
    const recording = open.proxy.startRecording({ sink, channels: ["notes"] });
    const [one, other] = [await open.join(), await open.join({ rooms: ["left"] })];
    open.channel.broadcast("Note", { name: "x", value: "1" });
    open.channel.broadcast("Event", { value: new Uint8Array([7]) }, { room: "left" });
    const [first] = [...open.channel.clients.values()];
    first?.send("Flag", { value: true });
    const said = Promise.withResolvers<void>();
    open.channel.on("Say", () => said.resolve());
    other.channel.send("Say", { value: 42 });
    await said.promise;
    await one.until((log) => log.includes("Flag true"));
    await recording.end();

    const reader = await read();
    const ids = open.proxy.clients.map(({ id }) => id);
    expect(await eventsOf(reader)).toEqual([
      ["Note", "down", "", "Note/x", true, []],
      ["Event", "down", "", "", false, ["left"]],
      ["Flag", "down", ids[0], "", false, []],
      ["Say", "up", ids[1], "", false, []],
    ]);
    const note = await reader.lastMessage("/channel/notes/Note");
    expect(fromBinary(HeaderFieldSchema, note?.data ?? new Uint8Array(0))).toMatchObject({ name: "x", value: "1" });
    // The calls that carry them are not recorded on top.
    expect(reader.topics.map(({ topic }) => topic).filter((topic) => topic.startsWith("/rpc/"))).toEqual([]);
  });

  it("has superseded values as well, although clients may not have seen them", async () => {
    await using open = await openChannel();
    const { sink, read } = memory();
    const recording = open.proxy.startRecording({ sink });
    for (let value = 0; value < 5; value++) open.channel.broadcast("Note", { name: "x", value: `${value}` });
    await recording.end();

    expect(await eventsOf(await read())).toHaveLength(5);
  });

  it("has what was kept at its start, and again while it changes", async () => {
    await using open = await openChannel();
    open.channel.broadcast("Note", { name: "before", value: "1" });
    open.channel.broadcast("Line", { value: 3 }, { room: "left" });
    const clock = new TestClock();
    const { sink, read } = memory();
    const recording = open.proxy.startRecording({ sink, clock, keyframeIntervalMs: 1_000 });
    clock.advance(3_000);
    open.channel.broadcast("Note", { name: "later", value: "2" });
    clock.advance(500);
    open.channel.broadcast("Note", { name: "later", value: "3" });
    clock.advance(5_000);
    await recording.end();

    const reader = await read();
    const keyframes = [];
    for await (const { atMs } of reader.messages({ topics: ["/keyframes/notes"] })) keyframes.push(atMs);
    // Nothing new for three seconds; then at once, and once more a second later.
    expect(keyframes).toEqual([0, 3_000, 4_000]);
    expect(await keptAt(reader, 0)).toEqual(["Note before=1", "Line in left"]);
    expect(await keptAt(reader, 8_500)).toEqual(["Note before=1", "Note later=3", "Line in left"]);
  });

  it("writes a large state down less often, and nothing any more after its end", async () => {
    await using open = await openChannel({}, { limits: { maxMessageBytes: 8e6 } });
    const clock = new TestClock();
    const { sink, read } = memory();
    open.channel.broadcast("Note", { name: "large", value: "x".repeat(900_000) });
    const recording = open.proxy.startRecording({ sink, clock, keyframeIntervalMs: 100 });
    for (let step = 0; step < 20; step++) {
      clock.advance(100);
      open.channel.broadcast("Note", { name: "small", value: `${step}` });
    }
    await recording.end();
    expect(clock.taskCount).toBe(0);

    const keyframes = [];
    for await (const { atMs } of (await read()).messages({ topics: ["/keyframes/notes"] }))
      keyframes.push(Math.floor(atMs));
    expect(keyframes).toEqual([0, 900, 1_800]);
  });

  it("has no keyframe in the middle of a group", async () => {
    await using open = await openChannel();
    const clock = new TestClock();
    const { sink, read } = memory();
    const recording = open.proxy.startRecording({ sink, clock, keyframeIntervalMs: 1_000 });
    clock.advance(3_000);
    open.channel.atomic(() => {
      for (const name of ["x", "y"]) open.channel.broadcast("Note", { name, value: "1" });
    });
    await recording.end();

    const topics = [];
    for await (const { topic } of (await read()).messages({ topics: ["/channel/notes/Note", "/keyframes/notes"] })) {
      topics.push(topic.topic);
    }
    expect(topics).toEqual(["/keyframes/notes", "/channel/notes/Note", "/channel/notes/Note", "/keyframes/notes"]);
  });

  it("of one client has what that client sends and is sent", async () => {
    await using open = await openChannel({ clientRooms: () => true });
    const { sink, read } = memory();
    const one = await open.join();
    const other = await open.join({ rooms: ["left"] });
    const recording = open.proxy.clients[0]?.startRecording({ sink });
    const [first, second] = [...open.channel.clients.values()];
    open.channel.broadcast("Note", { name: "to all", value: "1" });
    open.channel.broadcast("Note", { name: "to the left", value: "1" }, { room: "left" });
    open.channel.broadcast("Note", { name: "not to the first", value: "1" }, { exclude: first?.id ?? [] });
    first?.send("Flag", { value: true });
    second?.send("Flag", { value: false });
    const said: number[] = [];
    open.channel.on("Say", ({ value }) => void said.push(value));
    one.channel.send("Say", { value: 1 });
    other.channel.send("Say", { value: 2 });
    await Promise.all([one.channel.flush(), other.channel.flush()]);
    await waitFor(() => said.length === 2);
    await recording?.end();

    const events = await eventsOf(await read());
    expect(events.map(([name, direction, , key]) => `${name} ${direction} ${key}`)).toEqual([
      "Note down Note/to all",
      "Flag down ",
      "Say up ",
    ]);
  });

  it("is refused for a channel that there is not", async () => {
    await using open = await openChannel();

    expect(() => open.proxy.startRecording({ ...memory(), channels: ["board"] })).toThrow('no channel "board"');
    expect(() => open.proxy.startRecording({ ...memory(), keyframeIntervalMs: 0 })).toThrow("keyframeIntervalMs");
  });
});

describe("a recording that is played into a channel", () => {
  it("shows its clients the same, and newcomers what was kept", async () => {
    const reader = await recordedNotes();
    await using open = await openChannel();
    const clock = new TestClock();
    await using player = playIntoChannel(reader, open.channel, { clock });
    const page = await open.join();
    await page.channel.ready;
    player.play();
    await playTo(clock, player, 1_000);
    // All of it is sent in one window, in which only the last value of a key counts.
    await page.until((log) => log.some((line) => line.startsWith("Note a=9") || line.startsWith("Note a=10")));
    expect(notesOf(page)).toContain("Event 5");
    expect(kept(open)).toEqual(["Note b=here", "Note a=10"]);
    const newcomer = await open.join();
    await newcomer.channel.ready;

    expect(notesOf(newcomer)).toEqual(["Note b=here", "Note a=10"]);
  });

  it("is reset to the state of the place that is sought, as when it is played up to there", async () => {
    const reader = await recordedNotes();
    await using open = await openChannel();
    const clock = new TestClock();
    await using player = playIntoChannel(reader, open.channel, { clock });
    const page = await open.join();
    await page.channel.ready;
    await player.seek(2_900);
    await player.seek(550);

    expect(kept(open)).toEqual(await freshlyPlayed(reader, 550));
    expect(kept(open)).toEqual(["Note a=5"]);
    await page.until((log) => log.includes("reset"));
    await page.until((log) => log.lastIndexOf("ready") > log.indexOf("reset"));
    expect(page.log.slice(page.log.lastIndexOf("reset"))).toEqual(["reset", "Note a=5", "ready"]);
    for (const atMs of [2_050, 1_500, 2_950, 100, 2_550]) {
      await player.seek(atMs);
      expect([atMs, kept(open)]).toEqual([atMs, await freshlyPlayed(reader, atMs)]);
    }
  });

  it("begins anew where the recorded channel did, played or sought", async () => {
    await using recorded = await openChannel();
    const clock = new TestClock();
    const { sink, read } = memory();
    const recording = recorded.proxy.startRecording({ sink, clock });
    recorded.channel.broadcast("Note", { name: "before", value: "1" });
    clock.advance(1_000);
    recorded.channel.reset();
    clock.advance(1_000);
    recorded.channel.broadcast("Note", { name: "after", value: "2" });
    clock.advance(1_000);
    await recording.end();
    const reader = await read();

    for (const [atMs, expected] of [
      [500, ["Note before=1"]],
      [1_500, []],
      [2_500, ["Note after=2"]],
    ] as const) {
      expect([atMs, await freshlyPlayed(reader, atMs)]).toEqual([atMs, expected]);
      await using open = await openChannel();
      await using player = playIntoChannel(reader, open.channel, { clock: new TestClock() });
      await player.seek(atMs);
      expect([atMs, kept(open)]).toEqual([atMs, expected]);
    }
  });

  it("begins anew once for a seek behind where the recorded one did, and repeats nothing that was not kept", async () => {
    await using recorded = await openChannel();
    const clock = new TestClock();
    const { sink, read } = memory();
    const recording = recorded.proxy.startRecording({ sink, clock });
    clock.advance(1_000);
    recorded.channel.reset();
    recorded.channel.broadcast("Event", { value: new Uint8Array([7]) });
    recorded.channel.broadcast("Note", { name: "x", value: "1" });
    clock.advance(1_000);
    await recording.end();
    await using open = await openChannel();
    const seen: string[] = [];
    doorOf(open.channel).onReset(() => seen.push("reset"));
    open.channel.observe(({ type }) => seen.push(type.name));
    await using player = playIntoChannel(await read(), open.channel, { clock: new TestClock() });
    await player.seek(1_500);

    expect(seen).toEqual(["reset", "Note"]);
  });

  it.each([
    { name: "whole", channelFilter: undefined, expected: ["Note 2", "Note 1", "Event 0", "Note 0"] },
    { name: "without its end", channelFilter: "Event", expected: ["Note 1", "Note 0", "Note 0"] },
  ])("sends what was one group as one, $name", async ({ channelFilter, expected }) => {
    await using recorded = await openChannel();
    const clock = new TestClock();
    const { sink, read } = memory();
    const recording = recorded.proxy.startRecording({
      sink,
      clock,
      filter: (candidate) => candidate.kind !== "channel" || candidate.message.name !== channelFilter,
    });
    recorded.channel.atomic(() => {
      recorded.channel.broadcast("Note", { name: "x", value: "1" });
      recorded.channel.broadcast("Note", { name: "y", value: "1" });
      recorded.channel.broadcast("Event", { value: new Uint8Array([7]) });
    });
    clock.advance(1_000);
    recorded.channel.broadcast("Note", { name: "alone", value: "1" });
    await recording.end();
    await using open = await openChannel();
    const sent: string[] = [];
    open.channel.observe(({ type, followingInGroup }) => sent.push(`${type.name} ${followingInGroup}`));
    const playing = new TestClock();
    await using player = playIntoChannel(await read(), open.channel, { clock: playing });
    player.play();
    await playTo(playing, player, 1_000);

    expect(sent).toEqual(expected);
  });

  it("has its groups at one moment, however long they take to be told", async () => {
    await using open = await openChannel();
    const clock = new TestClock();
    const { sink, read } = memory();
    const recording = open.proxy.startRecording({ sink, clock });
    // Somebody else who is told first, and takes his time.
    open.channel.observe(() => clock.advance(10));
    open.channel.atomic(() => {
      for (const name of ["x", "y", "z"]) open.channel.broadcast("Note", { name, value: "1" });
    });
    await recording.end();

    const times: number[] = [];
    for await (const { atMs } of (await read()).messages({ topics: ["/channel/notes/Note"] })) times.push(atMs);
    expect(times).toEqual([0, 0, 0]);
  });

  it("may have had another name, and leaves out what the channel does not know", async () => {
    const reader = await recordedNotes();
    await using open = await openChannel();
    await using player = playIntoChannel(reader, open.channel, { clock: new TestClock(), recordedAs: "elsewhere" });
    await player.seek(2_000);

    expect(kept(open)).toEqual([]);
  });
});

/** Three seconds: `a` counts, ten times a second; at half a second an event; from the second second on there is `b`, for a second. */
async function recordedNotes(): Promise<RecordingReader> {
  await using open = await openChannel();
  const clock = new TestClock();
  const { sink, read } = memory();
  const recording = open.proxy.startRecording({ sink, clock, keyframeIntervalMs: 400, chunkBytes: 500 });
  for (let step = 0; step < 30; step++) {
    if (step === 5) open.channel.broadcast("Event", { value: new TextEncoder().encode("5") });
    if (step === 10) open.channel.broadcast("Note", { name: "b", value: "here" });
    if (step === 20) open.channel.broadcast("NoteGone", { value: "b" });
    open.channel.broadcast("Note", { name: "a", value: `${step}` });
    clock.advance(100);
    await new Promise((resolve) => setImmediate(resolve));
  }
  await recording.end();
  return await read();
}

/** What is kept in a channel that the recording was played into up to `atMs`. */
async function freshlyPlayed(reader: RecordingReader, atMs: number): Promise<readonly string[]> {
  await using open = await openChannel();
  const clock = new TestClock();
  await using player = playIntoChannel(reader, open.channel, { clock });
  player.play();
  await playTo(clock, player, atMs);
  return kept(open);
}

async function playTo(clock: TestClock, player: { settled(): Promise<void> }, atMs: number): Promise<void> {
  clock.advance(atMs);
  await player.settled();
}

function kept({ channel }: OpenChannel): readonly string[] {
  return [...channel.state].map(({ name, payload }) => {
    const { name: note, value } = fromBinary(HeaderFieldSchema, payload);
    return `${name} ${note}=${value}`;
  });
}

function notesOf({ log }: NoteClient): readonly string[] {
  return log.filter((line) => line !== "ready");
}

async function eventsOf(reader: RecordingReader) {
  const events = [];
  for await (const { data } of reader.messages({ topics: ["/channel-events"] })) {
    const { name, direction, client, key, isPersistent, rooms } = fromBinary(ChannelEventSchema, data);
    events.push([name, direction === ChannelDirection.UP ? "up" : "down", client, key, isPersistent, rooms]);
  }
  return events;
}

async function keptAt(reader: RecordingReader, atMs: number): Promise<readonly string[]> {
  const found = await reader.keyframe("notes", atMs);
  return (found?.keyframe.entries ?? []).map(({ name, message, room }) => {
    if (room !== "") return `${name} in ${room}`;
    const { name: note, value } = fromBinary(HeaderFieldSchema, message);
    return `${name} ${note}=${value}`;
  });
}

function memory(): { readonly sink: RecordingSink; readonly read: () => Promise<RecordingReader> } {
  const parts: Uint8Array[] = [];
  return {
    sink: { write: async (bytes) => void parts.push(bytes) },
    read: async () => await openRecording(bytesSource(Buffer.concat(parts))),
  };
}

async function waitFor(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setImmediate(resolve));
}
