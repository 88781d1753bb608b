import { create, fromBinary, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { InvalidOptionsError } from "@resoio/core";
import { ChannelDownSchema, ChannelUpSchema } from "@resoio/core/gen/resoio/web/v1/channel_pb";
import { describe, expect, it } from "vitest";
import { createWebSocketTransport } from "../../client/index.js";
import { EventLog } from "../../testing/event-log.js";
import {
  type ConnectedNoteClient,
  joinNotes,
  type OpenChannel,
  openChannel,
  settle,
} from "../../testing/open-channel.js";
import { endFrame, messageFrame, ScriptedProxy, types } from "../../testing/scripted-proxy.js";
import { TestClock } from "../../testing/test-clock.js";
import type { JoinChannelOptions, JoinedChannel } from "./joined-channel.js";

describe("what was there before", () => {
  it.each([
    ["full", ["Line 1", "Note x=2", "Line 2"]],
    ["keyed", ["Note x=2"]],
    ["none", []],
  ] as const)("comes as it is asked for: %s", async (replay, expected) => {
    await using open = await openChannel();
    open.channel.broadcast("Note", { name: "x", value: "1" });
    open.channel.broadcast("Line", { value: 1 });
    open.channel.broadcast("Note", { name: "x", value: "2" });
    open.channel.broadcast("Line", { value: 2 });

    const client = await open.join({ replay });
    await client.channel.ready;
    open.channel.broadcast("Line", { value: 3 });
    await client.until("Line 3");

    expect(client.log).toEqual([...expected, "ready", "Line 3"]);
  });
});

describe("joining", () => {
  it("is given up when its signal is aborted, or its time is over", async () => {
    await using open = await openChannel();
    const end = Promise.withResolvers<void>();
    open.channel.onConnect(() => end.promise);
    const controller = new AbortController();
    const joining = open.join({ signal: controller.signal });
    while (open.channel.clients.size === 0) await settle(1);
    controller.abort();

    await expect(joining).rejects.toMatchObject({ code: Code.Canceled });
    await expect(open.join({ timeoutMs: 1 })).rejects.toMatchObject({ code: Code.DeadlineExceeded });
    await expect(open.join({ signal: AbortSignal.abort() })).rejects.toMatchObject({ code: Code.Canceled });
    while (open.channel.clients.size > 0) await settle(1);
    end.resolve();
  });

  it.each<[JoinChannelOptions, string]>([
    [{ window: { ms: -1 } }, "window.ms must be from 0 to"],
    [{ outbox: { maxMessages: Number.NaN } }, "outbox.maxMessages must be from 1 to"],
    [{ maxRateHz: 0 }, "maxRateHz must be above 0, not 0"],
    [{ replay: { session: "s", sequence: 1.5 } }, "replay.sequence must be as resumePoint had it, not 1.5"],
    [{ replay: { session: "s", sequence: -1 } }, "not -1"],
  ])("refuses %o", async (options, message) => {
    await using open = await openChannel();
    await expect(open.join(options)).rejects.toThrow(InvalidOptionsError);
    await expect(open.join(options)).rejects.toThrow(message);
  });

  it("is not tried again when it is refused", async () => {
    await using open = await openChannel();
    let asked = 0;
    open.channel.onConnect((client) => {
      asked++;
      client.close("not now", Code.Unavailable);
    });

    await expect(open.join()).rejects.toMatchObject({ code: Code.Unavailable, rawMessage: "not now" });
    await settle();
    expect(asked).toBe(1);
  });

  it("is over with its signal: later it has no effect", async () => {
    await using open = await openChannel();
    const controller = new AbortController();
    const client = await open.join({ signal: controller.signal });
    controller.abort();
    open.channel.broadcast("Line", { value: 1 });

    await client.until("Line 1");
  });
});

describe("a lost connection", () => {
  it("is told in the states, with why and when it tries again", async () => {
    await using open = await openChannel();
    const client = await open.join({ reconnect: { nextDelayMs: ({ attempt }) => attempt } });
    await client.channel.ready;
    const states = statesOf(client.channel);
    await states.until("connected");
    client.cut();
    await client.until((log) => log.filter((line) => line === "ready").length === 2);
    await client.channel.close();

    await states.until("closed");
    expect(states.lines.filter((line, index) => line !== states.lines[index - 1])).toEqual([
      "connected",
      "lost (unavailable)",
      "reconnecting 1 in 1 ms (unavailable)",
      "connecting",
      "connected",
      "closed",
    ]);
    expect(client.channel.stats.joins).toBe(2);
  });

  it("is no reason to go on from where it was once the server has begun anew", async () => {
    await using proxy = await ScriptedProxy.start();
    await using transport = createWebSocketTransport({ url: proxy.url, keepAlive: false });
    const joining = joinNotes(transport, { reconnect: { nextDelayMs: () => 0 } });
    const peer = await proxy.peer();
    const down = (callId: number, message: MessageInitShape<typeof ChannelDownSchema>): void =>
      peer.send(messageFrame(callId, toBinary(ChannelDownSchema, create(ChannelDownSchema, message))));
    const resumeOf = async (callId: number): Promise<unknown> => {
      await peer.next(types.data, callId);
      const [join = new Uint8Array(0)] = peer.messagesOf(callId);
      const { kind } = fromBinary(ChannelUpSchema, join);
      return kind.case === "join" ? kind.value.resume : undefined;
    };
    expect(await resumeOf(1)).toBeUndefined();
    down(1, { kind: { case: "welcome", value: { session: "first" } } });
    down(1, { kind: { case: "endOfReplay", value: { sequence: 5n } } });
    const { channel } = await joining;
    await peer.settled();
    expect(channel.resumePoint).toEqual({ session: "first", sequence: 5 });

    peer.send(endFrame(1, { code: Code.Unavailable, message: "for now" }));
    expect(await resumeOf(2)).toMatchObject({ session: "first", sequence: 5n });
    down(2, { kind: { case: "welcome", value: { session: "second" } } });
    await peer.settled();
    expect(channel.resumePoint).toBeUndefined();

    peer.send(endFrame(2, { code: Code.Unavailable, message: "for now" }));
    expect(await resumeOf(3)).toBeUndefined();
  });

  it("closes the channel when the policy gives up", async () => {
    await using open = await openChannel();
    const client = await open.join({ reconnect: { nextDelayMs: () => undefined } });
    await client.channel.ready;
    client.cut();

    expect(await client.channel.closed).toMatchObject({ code: Code.Unavailable });
    expect(client.channel.send("Say", { value: 1 }).status).toBe("closed");
  });

  it.each([Code.Aborted, Code.PermissionDenied, Code.NotFound, Code.FailedPrecondition])(
    "is not what a client has that the server has sent away with code %i: it does not come back",
    async (code) => {
      await using open = await openChannel();
      const client = await open.join();
      await client.channel.ready;
      open.client().close("go", code);

      const error = await client.channel.closed;
      expect(error).toBeInstanceOf(ConnectError);
      expect(error).toMatchObject({ code, rawMessage: "go" });
      expect(open.channel.clients.size).toBe(0);
      expect(client.channel.stats.joins).toBe(1);
    },
  );

  it("fails ready when it never was", async () => {
    await using open = await openChannel();
    open.channel.broadcast("Line", { value: 1 });
    const client = await open.join();
    client.channel.on("Line", () => new Promise(() => {}));
    await client.until("Line 1");
    open.client().close("go");

    await expect(client.channel.ready).rejects.toMatchObject({ code: Code.Aborted });
  });
});

describe("what a client sends", () => {
  it("takes the place of what is older with its key, until the socket has it", async () => {
    await using open = await openChannel();
    const said = saidOn(open);
    const client = await open.join({ window: { ms: 600_000 } });
    await client.channel.ready;
    const receipts = [1n, 2n, 3n].map((value) => client.channel.send("Pointer", { value }));
    const other = client.channel.send("Pointer", { value: 9n }, { key: "Pointer/other" });
    const alone = client.channel.send("Pointer", { value: 10n }, { key: null });
    expect(client.channel.stats).toMatchObject({ waitingMessages: 3, supersededMessages: 2 });
    expect(client.channel.stats.waitingBytes).toBeGreaterThan(0);
    await client.channel.flush();

    await said.until("Pointer 10");
    expect(said.lines).toEqual(["Pointer 3", "Pointer 9", "Pointer 10"]);
    const outcomes = [...receipts, other, alone].map(({ outcome }) => outcome);
    expect(await Promise.all(outcomes)).toEqual(["superseded", "superseded", "sent", "sent", "sent"]);
    expect(client.channel.stats).toMatchObject({ sentMessages: 3, sentBatches: 1, waitingMessages: 0 });
  });

  it("leaves when its window is over, or at once with a flush", async () => {
    const clock = new TestClock();
    await using open = await openChannel();
    const said = saidOn(open);
    const client = await open.join({ clock });
    await tickUntilReady(client, clock);
    client.channel.send("Say", { value: 1 });
    clock.advance(16);
    await settle();
    expect(said.lines).toEqual([]);
    clock.advance(1);
    await said.until("Say 1");

    client.channel.send("Say", { value: 2 });
    await client.channel.flush();
    await said.until("Say 2");
  });

  it("can be a group by hand, or what a function sends; nothing of it leaves when that throws", async () => {
    await using open = await openChannel();
    const said = saidOn(open);
    const client = await open.join();
    await client.channel.ready;
    const group = client.channel.begin();
    const receipt = group.send("Say", { value: 3 });
    client.channel.send("Say", { value: 1 });
    expect(() =>
      client.channel.atomic(() => {
        client.channel.send("Say", { value: 99 });
        throw new Error("not so");
      }),
    ).toThrow("not so");
    await client.channel.flush();
    await said.until("Say 1");
    client.channel.atomic(() => client.channel.send("Say", { value: 2 }));
    group.send("Say", { value: 4 });
    group.commit();
    const thrownAway = client.channel.begin();
    const dropped = thrownAway.send("Say", { value: 98 });
    thrownAway.discard();

    await said.until("Say 4");
    expect(said.lines).toEqual(["Say 1", "Say 2", "Say 3", "Say 4"]);
    expect([receipt.status, await receipt.outcome, await dropped.outcome]).toEqual(["held", "sent", "dropped"]);
    expect(() => group.send("Say", { value: 5 })).toThrow(expect.objectContaining({ problem: "group-over" }));
  });

  it.each([
    ["Line", { value: 1 }, "unknown"],
    ["Nothing", {}, "unknown"],
    ["Say", { value: -1 }, "not-encodable"],
  ])("cannot be %s %o, which is said where it is given", async (name, message, problem) => {
    await using open = await openChannel();
    const client = await open.join();

    expect(() => client.channel.send(name as "Say", message as { value: number })).toThrow(
      expect.objectContaining({ name: "ChannelSendError", problem }),
    );
  });

  it("waits for a server that takes nothing, and makes it leave when it is too much that may not be missed", async () => {
    await using open = await openChannel({ limits: { inboxBytes: 1 } });
    open.channel.on("Say", () => new Promise(() => {}));
    const client = await open.join({ outbox: { maxMessages: 10 }, window: { ms: 0 } });
    await client.channel.ready;
    const large = { name: "", value: "x".repeat(200_000) };
    client.channel.send("Say", { value: 1 });
    await client.channel.flush();
    // The server reads on as far as it has given credit.
    for (let index = 0; index < 40 && client.channel.stats.waitingMessages < 5; index++) {
      client.channel.send("Note", large, { key: null });
      await settle(5);
    }
    expect(client.channel.stats.waitingMessages).toBe(5);
    for (let index = 0; index < 6; index++) client.channel.send("Note", { ...large, value: "" }, { key: null });

    expect(await client.channel.closed).toMatchObject({
      code: Code.ResourceExhausted,
      rawMessage: expect.stringContaining("the server takes too little"),
    });
  });

  it("is dropped when it may be missed and there is no room, the oldest first", async () => {
    await using open = await openChannel();
    const client = await open.join({ outbox: { maxMessages: 2 }, window: { ms: 600_000 } });
    await client.channel.ready;
    const receipts = [1n, 2n, 3n].map((value) => client.channel.send("Pointer", { value }, { key: null }));

    expect(await receipts[0]?.outcome).toBe("dropped");
    expect(client.channel.stats).toMatchObject({ droppedMessages: 1, waitingMessages: 2 });
  });
});

describe("leaving", () => {
  it("sends what waits first, once, and is told to the server as such", async () => {
    await using open = await openChannel();
    const said = saidOn(open);
    open.channel.onDisconnect((_, { cause, code }) => said.add(`${cause} ${code}`));
    const client = await open.join({ window: { ms: 600_000 } });
    await client.channel.ready;
    client.channel.send("Say", { value: 1 });
    const group = client.channel.begin();
    await Promise.all([client.channel.close(), client.channel.close()]);
    await client.channel[Symbol.asyncDispose]();

    await said.until("left undefined");
    expect(said.lines).toEqual(["Say 1", "left undefined"]);
    expect(group.isOpen).toBe(false);
    expect(await client.channel.closed).toBeUndefined();
    client.channel.join("left");
    client.channel.leave("left");
    await client.channel.flush();
    expect(client.channel.rooms.size).toBe(0);
  });

  it("takes a second at most, whatever the server does", async () => {
    const clock = new TestClock();
    await using open = await openChannel();
    open.channel.on("Say", () => new Promise(() => {}));
    const client = await open.join({ clock });
    await tickUntilReady(client, clock);
    client.channel.send("Say", { value: 1 });
    const closing = client.channel.close();
    await settle();
    expect(open.channel.clients.size).toBe(1);
    clock.advance(1_000);
    await closing;

    expect(await client.channel.closed).toBeUndefined();
    expect(clock.taskCount).toBe(0);
  });

  it("is over at once while the connection is lost, and it does not come back", async () => {
    await using open = await openChannel();
    const client = await open.join({ reconnect: { nextDelayMs: () => 600_000 } });
    await client.channel.ready;
    const states = statesOf(client.channel);
    client.cut();
    await states.until((lines) => lines.some((line) => line.startsWith("reconnecting")));
    await client.channel.close();

    expect(await client.channel.closed).toBeUndefined();
    await states.until("closed");
  });

  it("is what happens when the transport is closed", async () => {
    await using open = await openChannel();
    const client = await open.join();
    await client.channel.ready;
    await client.transport.close();

    await client.channel.closed;
    expect(client.channel.stats.joins).toBe(1);
  });
});

/** The states of a channel from now on: `lost (unavailable)`. */
function statesOf(channel: Pick<JoinedChannel, "status">): EventLog {
  const log = new EventLog();
  const read = async (): Promise<void> => {
    for await (const status of channel.status()) {
      const why = "reason" in status ? ` (${Code[status.reason.code]?.toLowerCase()})` : "";
      const when = status.state === "reconnecting" ? ` ${status.attempt} in ${status.delayMs} ms` : "";
      log.add(`${status.state}${when}${why}`);
    }
  };
  void read();
  return log;
}

/** What clients say from now on: `Say 1`. */
function saidOn({ channel }: OpenChannel): EventLog {
  const log = new EventLog();
  channel.onAny(({ name, message }) => log.add(`${name} ${message.value}`));
  return log;
}

/** Handlers are waited for with a timer of the client's clock. */
async function tickUntilReady({ channel }: ConnectedNoteClient, clock: TestClock): Promise<void> {
  let isReady = false;
  void channel.ready.then(() => {
    isReady = true;
  });
  while (!isReady) {
    clock.advance(1);
    await settle(1);
  }
}
