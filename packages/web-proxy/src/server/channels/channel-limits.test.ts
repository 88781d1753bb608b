import { StringValueSchema } from "@bufbuild/protobuf/wkt";
import { Code, createClient } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-web";
import { InvalidOptionsError } from "@resoio/core";
import { Channels } from "@resoio/core/gen/resoio/web/v1/channel_pb";
import { describe, expect, it } from "vitest";
import { ChannelSendError } from "../../channels/channel-error.js";
import { defineChannelSchema } from "../../channels/define-channel-schema.js";
import { createWebSocketTransport, joinChannel } from "../../client/index.js";
import { EventLog } from "../../testing/event-log.js";
import { noteChannel } from "../../testing/note-channel.js";
import { openChannel, settle } from "../../testing/open-channel.js";
import { joinPath, RawChannelMember } from "../../testing/raw-channel-member.js";
import { halfCloseFrame, openFrame, RawWebSocketClient } from "../../testing/raw-websocket-client.js";
import { TestClock } from "../../testing/test-clock.js";
import { frameTypes } from "../../wire/protocol.js";
import { createToken } from "../access/tokens.js";
import { createProxy } from "../create-proxy.js";
import type { ChannelOptions } from "./channel-options.js";
import { createChannel } from "./create-channel.js";

describe("the rights of a client", () => {
  const tokenSecret = "x".repeat(32);
  const bearer = async (...access: ("observe" | "control" | "admin")[]) => ({
    token: await createToken({ secret: tokenSecret, access, name: "Ada" }),
  });

  it("to join are those to observe, unless the channel asks for others", async () => {
    await using open = await openChannel({ access: { join: "admin" } }, { tokenSecret });

    await expect(open.join({}, await bearer("observe", "control"))).rejects.toMatchObject({
      code: Code.PermissionDenied,
      rawMessage: expect.stringContaining('joining the channel notes needs the right "admin"'),
    });
    const client = await open.join({}, await bearer("observe", "admin"));
    await client.channel.ready;
    expect(open.client().remote.name).toBe("Ada");
  });

  it("are not enough without those of the call, to observe", async () => {
    await using open = await openChannel({}, { tokenSecret });

    await expect(open.join({}, await bearer("control"))).rejects.toMatchObject({ code: Code.PermissionDenied });
  });

  it("to send are those to control: who has them not is told so where it sends, and goes on to get what comes", async () => {
    await using open = await openChannel({}, { tokenSecret });
    const client = await open.join({}, await bearer("observe"));
    await client.channel.ready;
    expect([client.channel.maySend, open.client().maySend]).toEqual([false, false]);
    expect([...open.client().access]).toEqual(["observe"]);

    expect(() => client.channel.send("Say", { value: 1 })).toThrow(
      expect.objectContaining({ name: "ChannelSendError", problem: "not-allowed" }),
    );
    open.channel.broadcast("Line", { value: 1 });
    await client.until("Line 1");
  });

  it("to send can be others, such as those to observe", async () => {
    await using open = await openChannel({ access: { send: "observe" } }, { tokenSecret });
    const said = new EventLog();
    open.channel.on("Say", ({ value }) => said.add(`${value}`));
    const client = await open.join({}, await bearer("observe"));
    client.channel.send("Say", { value: 1 });

    await said.until("1");
    expect(client.channel.maySend).toBe(true);
  });

  it("to send are looked at by the server: who sends all the same loses its place", async () => {
    await using open = await openChannel({}, { tokenSecret });
    const said = new EventLog();
    open.channel.on("Say", ({ value }) => said.add(`${value}`));
    using raw = await RawChannelMember.join(open.url, await bearer("observe"));
    raw.send({ kind: { case: "batch", value: { entries: [{ tag: 6, payload: Uint8Array.of(8, 1) }] } } });

    expect(await raw.ended()).toMatchObject({
      code: Code.PermissionDenied,
      message: expect.stringContaining('needs the right "control"'),
    });
    expect(said.lines).toEqual([]);
  });
});

describe("a channel takes", () => {
  it("so many clients, and another one when one has gone", async () => {
    await using open = await openChannel({ limits: { maxClients: 2 } });
    const first = await open.join();
    await open.join();

    await expect(open.join()).rejects.toMatchObject({
      code: Code.ResourceExhausted,
      rawMessage: "the channel notes has 2 clients already, and may not have more",
    });
    await first.channel.close();
    const third = await open.join();
    expect([...open.channel.clients.keys()]).toEqual([1, 2]);

    // One that goes on with its session takes its own place.
    await third.channel.ready;
    const { resumePoint = { session: "", sequence: 0 } } = third.channel;
    await open.join({ replay: resumePoint });
    expect([...open.channel.clients.keys()]).toEqual([1, 3]);
  });

  it("messages of so many bytes, in both directions", async () => {
    await using open = await openChannel(
      { limits: { maxMessageBytes: 1_000 } },
      { limits: { maxMessageBytes: 2_000 } },
    );
    const client = await open.join();
    await client.channel.ready;

    expect(() => open.channel.broadcast("Event", { value: new Uint8Array(1_000) })).toThrow(
      expect.objectContaining({ problem: "too-large", message: expect.stringContaining("takes 1000 bytes") }),
    );
    expect(() => client.channel.send("Note", { name: "x", value: "y".repeat(2_000) })).toThrow(
      expect.objectContaining({ problem: "too-large" }),
    );
    open.channel.broadcast("Event", { value: new Uint8Array(900) });
    client.channel.send("Note", { name: "x", value: "y".repeat(1_800) });
    await client.until((log) => log.length === 2);
    expect(open.client().state).toBe("ready");
  });

  it("so much to keep, and says where it is sent that it is more; what replaces something still fits", async () => {
    await using open = await openChannel({ store: { maxMessages: 2 } });
    open.channel.broadcast("Note", { name: "x", value: "1" });
    open.channel.broadcast("Line", { value: 1 }, { room: "left" });

    expect(() => open.channel.broadcast("Line", { value: 2 })).toThrow(
      expect.objectContaining({ problem: "store-full", message: expect.stringContaining("persist: false") }),
    );
    expect(open.channel.broadcast("Line", { value: 2 }, { persist: false }).isKept).toBe(false);
    expect(open.channel.broadcast("Note", { name: "x", value: "2" }).isKept).toBe(true);
    open.channel.broadcast("NoteGone", { value: "x" });
    open.channel.broadcast("Line", { value: 3 });
    expect(open.channel.stats.keptMessages).toBe(2);
    expect([...open.channel.state].map(({ name }) => name)).toEqual(["Line"]);
  });

  it("so much to keep of what is for one client alone", async () => {
    await using open = await openChannel({ session: { maxMessages: 1 } });
    await open.join();
    open.client().send("Line", { value: 1 }, { persist: true });

    expect(() => open.client().send("Line", { value: 2 }, { persist: true })).toThrow(
      expect.objectContaining({ problem: "store-full", message: expect.stringContaining("for one client") }),
    );
    expect(open.client().send("Line", { value: 2 }).status).toBe("queued");
  });

  it("so many messages in a batch of a client; its groups have as many at most", async () => {
    await using open = await openChannel({ limits: { maxBatchMessages: 3 } });
    const said = new EventLog();
    open.channel.on("Say", ({ value }) => said.add(`${value}`));
    const client = await open.join();
    const say = (count: number) => () => {
      for (let value = 1; value <= count; value++) client.channel.send("Say", { value });
    };

    expect(() => client.channel.atomic(say(4))).toThrow(expect.objectContaining({ problem: "too-large" }));
    client.channel.atomic(say(3));
    await said.until("3");

    expect(said.lines).toEqual(["1", "2", "3"]);
  });

  it("so many messages a second; who sends more has to wait, and nothing of it is lost", async () => {
    const clock = new TestClock();
    await using open = await openChannel({ clock, limits: { messagesPerSecond: 10 } });
    const said = new EventLog();
    open.channel.on("Say", ({ value }) => said.add(`${value}`));
    // As much as it may send ahead is on its way; then it is not given more.
    const client = await open.join({ window: { ms: 0, maxMessages: 1 } });
    await client.channel.ready;
    for (let value = 1; value <= 2_000; value++) {
      client.channel.send("Note", { name: `${value}`, value: "x".repeat(1_000) });
    }
    client.channel.send("Say", { value: 7 });
    await settle(200);

    const { receivedMessages } = open.client().stats;
    expect(receivedMessages).toBeGreaterThan(20);
    expect(receivedMessages).toBeLessThan(300);
    expect(client.channel.stats.waitingMessages).toBeGreaterThan(0);
    while (!said.lines.includes("7")) {
      clock.advance(60_000);
      await settle(1);
    }
    expect(open.client().stats.receivedMessages).toBe(2_001);
  });

  it("changes of rooms as messages of which there may be so many", async () => {
    const clock = new TestClock();
    await using open = await openChannel({ clock, clientRooms: () => true, limits: { messagesPerSecond: 5 } });
    using raw = await RawChannelMember.join(open.url);
    const leave = Array.from({ length: 500 }, () => "x".repeat(100));
    // With half of what it may send ahead gone, it is given more, unless it has to wait.
    for (let index = 0; index < 15; index++)
      raw.send({ kind: { case: "rooms", value: { leave: index < 11 ? [] : leave } } });
    await raw.raw.answered();
    await settle();
    expect(raw.raw.creditOf(1)).toBe(0);

    clock.advance(10_000);
    await raw.raw.until(() => raw.raw.creditOf(1) > 0);
  });

  it("nothing more of a client that is gone, and waits for it no longer", async () => {
    const clock = new TestClock();
    await using open = await openChannel({ clock, session: { keepMs: 0 }, limits: { messagesPerSecond: 1 } });
    using raw = await RawChannelMember.join(open.url);
    const entries = Array.from({ length: 10 }, (_, value) => ({ tag: 6, payload: Uint8Array.of(8, value) }));
    raw.send({ kind: { case: "batch", value: { entries } } });
    await raw.raw.answered();
    await settle();
    expect(clock.taskCount).toBe(1);
    open.client().close("enough");

    expect(clock.taskCount).toBe(0);
  });

  it("no more of a client than its handlers keep up with", async () => {
    await using open = await openChannel({ limits: { inboxBytes: 10_000 } });
    const mayGoOn = Promise.withResolvers<void>();
    let handled = 0;
    open.channel.on("Note", async () => {
      await mayGoOn.promise;
      handled++;
    });
    const client = await open.join({ window: { ms: 0, maxMessages: 1 } });
    await client.channel.ready;
    for (let value = 0; value < 1_000; value++) {
      client.channel.send("Note", { name: `${value}`, value: "x".repeat(1_000) });
    }
    await settle(200);
    expect(client.channel.stats.waitingMessages).toBeGreaterThan(0);
    expect(handled).toBe(0);

    mayGoOn.resolve();
    while (handled < 1_000) await settle(1);
  });
});

describe("a connection", () => {
  it("may be in so many channels, the same or others, and in another one when it has left one", async () => {
    const other = createChannel(defineChannelSchema({ name: "other", messages: {} }));
    await using proxy = await createProxy({
      channels: [createChannel(noteChannel), other],
      port: 0,
      limits: { maxChannels: 2 },
    });
    await using transport = createWebSocketTransport({ url: proxy.url });
    const first = await joinChannel(transport, noteChannel);
    await joinChannel(transport, other.schema);

    await expect(joinChannel(transport, noteChannel)).rejects.toMatchObject({
      code: Code.ResourceExhausted,
      rawMessage: "a connection may be in 2 channels, and no more",
    });
    await first.close();
    await joinChannel(transport, noteChannel);
  });

  it("is in no channel that did not let it in", async () => {
    await using open = await openChannel({}, { limits: { maxChannels: 2 } });
    await using transport = createWebSocketTransport({ url: open.url });
    let isOpen = false;
    open.channel.onConnect((client) => {
      if (!isOpen) client.close("not yet", Code.Aborted);
    });
    for (let attempt = 0; attempt < 3; attempt++) {
      await expect(joinChannel(transport, noteChannel)).rejects.toThrow("not yet");
    }
    isOpen = true;

    await joinChannel(transport, noteChannel);
    expect(open.channel.clients.size).toBe(1);
  });

  it("that says nothing in the call is in no channel", async () => {
    await using open = await openChannel();
    using raw = await RawWebSocketClient.connect(`${open.url.replace("http:", "ws:")}/ws`);
    raw.send(openFrame(1, { path: joinPath }), halfCloseFrame(1));
    expect(await raw.endOf(1)).toMatchObject({ code: Code.InvalidArgument, message: "the client said nothing" });
    expect(raw.framesOf(frameTypes.header, 1)).toEqual([]);
    await raw.answered();
  });
});

describe("who joins", () => {
  it("is told which channels there are when there is none of that name", async () => {
    await using open = await openChannel();
    await using transport = createWebSocketTransport({ url: open.url });
    const board = defineChannelSchema({ name: "board", messages: {} });

    await expect(joinChannel(transport, board)).rejects.toMatchObject({
      code: Code.NotFound,
      rawMessage: 'there is no channel "board" here: there is notes',
    });
  });

  it("with another schema is told what differs, and may have more or fewer messages", async () => {
    await using open = await openChannel();
    await using transport = createWebSocketTransport({ url: open.url });
    const word = { schema: StringValueSchema, direction: "both" } as const;
    const other = defineChannelSchema({ name: "notes", messages: { Word: { ...word, tag: 1 } } });
    const newer = defineChannelSchema({ name: "notes", messages: { Word: { ...word, tag: 99 } } });

    await expect(joinChannel(transport, other)).rejects.toMatchObject({
      code: Code.FailedPrecondition,
      rawMessage: expect.stringContaining("number 1 is Note here and Word there"),
    });
    await using channel = await joinChannel(transport, newer);
    const unknown = new EventLog();
    open.channel.onUnknown(({ tag, payload }, { id }) =>
      unknown.add(`up ${tag}, ${payload.byteLength} bytes of ${id}`),
    );
    channel.onUnknown(({ tag, payload }) => unknown.add(`down ${tag}, ${payload.byteLength} bytes`));
    channel.send("Word", { value: "hello" });
    open.channel.broadcast("Line", { value: 1 });
    await unknown.until((lines) => lines.length === 2);

    expect(unknown.lines.toSorted()).toEqual(["down 5, 9 bytes", "up 99, 7 bytes of 0"]);
    expect(open.client().stats).toMatchObject({ receivedMessages: 1, unknownMessages: 1 });
    expect(channel.stats).toMatchObject({ receivedMessages: 1, unknownMessages: 1 });
    expect(open.client().schema).toEqual({ fingerprint: newer.fingerprint, version: { min: 1, max: 1 } });
  });

  it("needs the very same schema where the channel wants that", async () => {
    await using open = await openChannel({ compatibility: "exact" });
    await using transport = createWebSocketTransport({ url: open.url });
    const less = defineChannelSchema({ name: "notes", messages: {} });

    await expect(joinChannel(transport, less)).rejects.toMatchObject({
      code: Code.FailedPrecondition,
      rawMessage: expect.stringMatching(
        new RegExp(`must be the same.*${noteChannel.fingerprint}.*${less.fingerprint}.*same .proto files`),
      ),
    });
    await open.join();
  });

  it("needs a WebSocket: over plain HTTP it is told so, with Unimplemented", async () => {
    await using open = await openChannel();
    const url = `${open.url}${joinPath}`;
    for (const type of ["application/json", "application/connect+proto", "application/grpc-web+proto"]) {
      const answer = await fetch(url, { method: "POST", headers: { "content-type": type }, body: new Uint8Array(5) });
      expect([answer.status, await answer.json()]).toEqual([
        501,
        {
          code: "unimplemented",
          message:
            "channels.join takes a stream of requests, which is not carried over plain HTTP: use the WebSocket at /ws",
        },
      ]);
    }
    const transport = createConnectTransport({ baseUrl: open.url });
    await expect(joinChannel(transport, noteChannel)).rejects.toThrow(InvalidOptionsError);
    await expect(joinChannel(transport, noteChannel)).rejects.toThrow("a transport of createWebSocketTransport");
    const call = createClient(Channels, transport).join(nothing())[Symbol.asyncIterator]();
    await expect(call.next()).rejects.toThrow("stream");
    expect(open.channel.clients.size).toBe(0);
  });
});

describe("createChannel", () => {
  it.each<[ChannelOptions, string]>([
    [{ window: { ms: -1 } }, "window.ms must be from 0 to"],
    [{ window: { maxMessages: 0 } }, "window.maxMessages must be from 1 to"],
    [{ outbox: { maxMessages: Number.NaN } }, "outbox.maxMessages must be from 1 to"],
    [{ outbox: { maxBytes: 1_000 } }, "outbox.maxBytes must be at least twice limits.maxMessageBytes"],
    [{ store: { maxBytes: -1 } }, "store.maxBytes must be from 0 to"],
    [{ session: { keepMs: 2 ** 40 } }, "session.keepMs must be from 0 to"],
    [{ limits: { maxClients: 0 } }, "limits.maxClients must be from 1 to"],
    [{ access: { join: "everything" as "observe" } }, "access"],
  ])("refuses %o", (options, message) => {
    expect(() => createChannel(noteChannel, options)).toThrow(InvalidOptionsError);
    expect(() => createChannel(noteChannel, options)).toThrow(message);
  });

  it("makes what only a proxy can serve, each name once", async () => {
    const channels = [createChannel(noteChannel), createChannel(noteChannel)];
    await expect(createProxy({ channels, port: 0 })).rejects.toThrow("two channels are called notes");
    const forged = { name: "notes", close: async () => ({ unsentMessages: 0 }) };
    await expect(createProxy({ channels: [forged], port: 0 })).rejects.toThrow("takes what createChannel has made");
    expect(() => channels[0]?.broadcast("Say" as "Line", { value: 1 })).toThrow(ChannelSendError);
  });
});

async function* nothing() {
  yield {};
}
