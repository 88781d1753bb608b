import { create, toBinary } from "@bufbuild/protobuf";
import { Code } from "@connectrpc/connect";
import { ChannelUpSchema } from "@resoio/core/gen/resoio/web/v1/channel_pb";
import { createVirtualClock } from "@resoio/mock-server";
import { type Channel, type ChannelOptions, createChannel, createProxy, type Disconnect } from "@resoio/web-proxy";
import { describe, expect, it } from "vitest";
import { boardChannel } from "../../examples/gen/board/v1/board_channel.ts";
import type { BoardMember } from "./testing/channels/board-members.ts";
import { type MemberPlace, memberPlaces } from "./testing/channels/board-members.ts";
import type { LogEntry } from "./testing/channels/channel-log.ts";
import { dataFrames, joinFrames } from "./testing/channels/raw-frames.ts";
import { startTcpRelay } from "./testing/tcp-relay.ts";

// The rules of ../shared/spec/messaging-after-viser.md, section 11.2, by their numbers. What of them needs a clock that a test can
// move, or is of the server alone, is in packages/web-proxy/src/server/channels/.

describe.each(memberPlaces)("channels with clients in $name", (place) => {
  const { missing } = place;

  it.skipIf(missing !== undefined)(
    "oracle 1: 300 messages at once come as batches of 128, 128 and 44; 1,000 of one key as the last one",
    async () => {
      await using open = await openBoard(place);
      const member = await open.join();
      await member.until("ready");

      for (let index = 1; index <= 300; index++) open.board.broadcast("ChatLine", { author: "a", text: `${index}` });
      const log = (await member.until("ChatLine a=300")).slice(1);
      expect(log.map(({ line }) => line)).toEqual(Array.from({ length: 300 }, (_, index) => `ChatLine a=${index + 1}`));
      expect(batchSizes(log)).toEqual([128, 128, 44]);

      for (let index = 1; index <= 1_000; index++) open.board.broadcast("Thought", { agent: "a", text: `${index}` });
      open.board.broadcast("Task", { text: "end" });
      const rest = (await member.until("Task end")).slice(301);
      expect(rest.map(({ line }) => line)).toEqual(["Thought a=1000", "Task end"]);
    },
  );

  it.skipIf(missing !== undefined)(
    "oracle 2: x1 y1 x2 is replayed as y1 x2, and what a connect callback sends comes before the replay",
    async () => {
      await using open = await openBoard(place);
      open.board.onConnect(async (client) => {
        client.send("Task", { text: "greeting" });
        await Promise.resolve();
        // What everybody gets comes behind what was there before.
        open.board.broadcast("Cursor", { page: client.id });
        client.send("Task", { text: "greeting, later" });
      });
      for (const [id, label] of [
        ["x", "1"],
        ["y", "1"],
        ["x", "2"],
      ] as const) {
        open.board.broadcast("Marker", { id, label });
      }

      const member = await open.join();

      const log = await member.until("Cursor 0");
      expect(log.map(({ line }) => line)).toEqual([
        "Task greeting, later",
        "Marker y=1",
        "Marker x=2",
        ...(log.at(-1)?.line === "ready" ? [] : ["ready"]),
        "Cursor 0",
      ]);
    },
  );

  it.skipIf(missing !== undefined)(
    "oracle 5: a group leaves when the outermost atomic is left, and takes effect as one, however large",
    async () => {
      await using open = await openBoard(place);
      const member = await open.join();
      await member.until("ready");
      const say = (text: string) => open.board.broadcast("ChatLine", { author: "a", text });

      open.board.atomic(() => {
        for (let index = 1; index <= 150; index++) say(`${index}`);
        open.board.atomic(() => {
          for (let index = 151; index <= 299; index++) say(`${index}`);
        });
        // Of what is to be thrown away nothing leaves, whoever catches the error.
        expect(() =>
          open.board.atomic(() => {
            say("never");
            throw new Error("not so");
          }),
        ).toThrow("not so");
        void open.board.flush();
        say("300");
      });
      const log = (await member.until("ChatLine a=300")).slice(1);

      expect(log.map(({ line }) => line)).toEqual(Array.from({ length: 300 }, (_, index) => `ChatLine a=${index + 1}`));
      expect(batchSizes(log)).toEqual([300]);
      expect(new Set(log.map(({ turn }) => turn)).size).toBe(1);

      // And it goes on as before.
      say("301");
      await member.until("ChatLine a=301");
    },
  );

  it.skipIf(missing !== undefined)(
    "oracle 5: what a client sends as a group comes to the server as one, in one go",
    async () => {
      await using open = await openBoard(place);
      const said: string[] = [];
      const turns: Promise<void>[] = [];
      const all = Promise.withResolvers<void>();
      open.board.on("ChatLine", ({ text }) => {
        said.push(text);
        // Were there anything between two of them, one of these would come first.
        turns.push(Promise.resolve().then(() => void said.push("turn")));
        if (text === "300") all.resolve();
      });
      const member = await open.join();

      await member.sendGroup(
        ...Array.from({ length: 300 }, (_, index) => ["ChatLine", { author: "a", text: `${index + 1}` }] as const),
      );
      await all.promise;
      await Promise.all(turns);

      expect(said.slice(0, 300)).toEqual(Array.from({ length: 300 }, (_, index) => `${index + 1}`));
      expect(said).toHaveLength(600);
    },
  );

  it.skipIf(missing !== undefined)(
    "oracle 6: what is sent to all and to one comes in the order in which it was sent: A B C",
    async () => {
      await using open = await openBoard(place);
      const member = await open.join();
      await member.until("ready");
      const client = clientOf(open.board, member);

      for (let round = 0; round < 30; round++) {
        open.board.broadcast("ChatLine", { author: "A", text: `${round}` });
        client.send("ChatLine", { author: "B", text: `${round}` });
        open.board.broadcast("ChatLine", { author: "C", text: `${round}` });
      }

      const log = await member.until("ChatLine C=29");
      expect(log.slice(1).map(({ line }) => line)).toEqual(
        Array.from({ length: 30 }, (_, round) => ["A", "B", "C"].map((author) => `ChatLine ${author}=${round}`)).flat(),
      );
    },
  );

  it.skipIf(missing !== undefined)(
    "oracle 7: who has sent something does not get it back, but finds it when he comes again",
    async () => {
      await using open = await openBoard(place);
      open.board.on(
        "Marker",
        ({ id, label }, client) => void open.board.broadcast("Marker", { id, label }, { exclude: client.id }),
      );
      const [editor, other, third] = [await open.join(), await open.join(), await open.join()];
      await editor.send(["Marker", { id: "x", label: "1" }]);
      await other.until("Marker x=1");
      // More than one can be left out.
      open.board.broadcast("Task", { text: "not for these" }, { exclude: [0, 1].map((id) => idOf(open.board, id)) });
      await third.until("Task not for these");
      open.board.broadcast("Task", { text: "end" });

      expect((await editor.until("Task end")).map(({ line }) => line)).toEqual(["ready", "Task end"]);
      expect((await other.until("Task end")).map(({ line }) => line)).toEqual(["ready", "Marker x=1", "Task end"]);
      await editor.close();
      const again = await open.join();
      expect((await again.until("ready")).map(({ line }) => line)).toEqual(["Marker x=1", "Task end", "ready"]);
    },
  );

  describe.skipIf(missing !== undefined)(
    "oracle 8: who sends what must not be sent is alone with the consequences:",
    () => {
      const join = () => joinFrames(boardChannel);

      it.each([
        ["a message that cannot be decoded", () => [...join(), dataFrames(batchOf(7, [0xff]))], Code.InvalidArgument],
        ["a message that only the server sends", () => [...join(), dataFrames(batchOf(8, []))], Code.InvalidArgument],
        ["a batch that is none", () => [...join(), dataFrames(Uint8Array.of(0x12, 5, 1))], Code.InvalidArgument],
        ["a second join", () => [...join(), ...join().slice(1)], Code.InvalidArgument],
        [
          "a message that is too large",
          () => [...join(), dataFrames(batchOf(7, new Uint8Array(1_100_000)))],
          Code.ResourceExhausted,
        ],
        ["too many messages at once", () => [...join(), dataFrames(emptyMessages(10_000))], Code.ResourceExhausted],
      ] as const)("%s ends its call", async (_, frames, code) => {
        await using open = await openBoard(place);
        open.board.on("ChatLine", () => {});
        const bystander = await open.join();
        const socket = await place.openSocket(open.url);
        for (const frame of frames()) await socket.send(frame);

        await open.expectGone(bystander);
        expect(open.gone.map(([id, disconnect]) => [id, disconnect.code])).toEqual([[1, code]]);
        await socket.close();
      });

      it.each([
        ["text", "hello", "4400"],
        ["a frame that is none", Uint8Array.of(99, 0, 0, 0, 1, 0, 0, 0, 0), "4400"],
        ["a message above 1 MiB", new Uint8Array(1024 * 1024 + 1), "1009"],
      ])("%s closes its connection", async (_, message, code) => {
        await using open = await openBoard(place);
        const bystander = await open.join();
        const socket = await place.openSocket(open.url);
        for (const frame of join()) await socket.send(frame);
        await open.until(() => open.board.clients.size === 2);

        await socket.send(message);

        expect((await socket.closed()).split(" ")[0]).toBe(code);
        await open.expectGone(bystander);
        expect(open.gone.map(([id]) => id)).toEqual([1]);
      });

      it("a message of a type that the server does not know is reported and skipped", async () => {
        await using open = await openBoard(place);
        const unknown = Promise.withResolvers<string>();
        open.board.onUnknown(({ tag, payload }, { id }) =>
          unknown.resolve(`${tag} (${payload.byteLength} bytes) of ${id}`),
        );
        const socket = await place.openSocket(open.url);
        for (const frame of [...join(), dataFrames(batchOf(999, [1, 2, 3]))]) await socket.send(frame);

        expect(await unknown.promise).toBe("999 (3 bytes) of 0");
        expect([...open.board.clients.values()].map(({ state }) => state)).not.toContain("closed");
        expect(open.errors).toEqual([]);
        await socket.close();
      });
    },
  );

  it.skipIf(missing !== undefined)(
    "oracle 10: who does not read is given up and holds up nobody; what waits for him is bounded",
    async () => {
      const clock = createVirtualClock();
      await using open = await openBoard(place, {
        clock,
        window: { ms: 0 },
        outbox: { maxMessages: 50, maxBytes: 2_100_000, policy: "drop-oldest" },
      });
      const [reader, stuck] = [await open.join(), await open.join({ isStuck: true })];
      await Promise.all([reader.until("ready"), stuck.until("ready")]);
      const client = clientOf(open.board, stuck);
      const large = "x".repeat(40_000);

      // Events that may be dropped, until he takes no more; each is for everybody.
      let round = 0;
      while (client.stats.droppedMessages === 0) {
        open.board.broadcast("Cursor", { page: round % 1_000 }, { key: null });
        open.board.broadcast("Thought", { agent: `${round++}`, text: large }, { persist: false, key: null });
        await Promise.all([clientOf(open.board, reader).flush(), new Promise((resolve) => setImmediate(resolve))]);
        expect(client.outbox.size).toBeLessThanOrEqual(50);
        expect(client.outbox.bytes).toBeLessThanOrEqual(2_100_000);
      }
      expect(clientOf(open.board, reader).stats.droppedMessages).toBe(0);

      // And in the end he is gone, though he is alive.
      await clock.advance(9_999);
      expect(open.gone).toEqual([]);
      await clock.advance(1);
      await open.until(() => open.gone.length > 0);
      expect(open.gone.map(([id, { cause, code }]) => [id, cause, code])).toEqual([
        [stuck.clientId, "stalled", Code.ResourceExhausted],
      ]);
      open.board.broadcast("Task", { text: "end" });
      await reader.until("Task end");
    },
  );

  it.skipIf(missing !== undefined)(
    "oracle 11: the messages of a client are handled one after the other, and those of another meanwhile",
    async () => {
      await using open = await openBoard(place);
      const handled: string[] = [];
      const [first, all] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
      open.board.on("ChatLine", async ({ author, text }) => {
        if (`${author}${text}` === "a1") await first.promise;
        handled.push(`${author}${text}`);
        if (handled.length === 4) all.resolve();
      });
      const takeBack = open.board.on("ChatLine", () => {
        takeBack();
        throw new Error("isolated");
      });
      const [a, b] = [await open.join(), await open.join()];

      await a.send(["ChatLine", { author: "a", text: "1" }], ["ChatLine", { author: "a", text: "2" }]);
      await b.send(["ChatLine", { author: "b", text: "1" }], ["ChatLine", { author: "b", text: "2" }]);
      await open.until(() => handled.length === 2);
      expect(handled).toEqual(["b1", "b2"]);
      first.resolve();
      await all.promise;

      expect(handled).toEqual(["b1", "b2", "a1", "a2"]);
      expect(open.errors.map(String)).toEqual(["Error: isolated"]);
    },
  );

  it.skipIf(missing !== undefined)(
    "oracle 12: closing a channel sends what waits, and every disconnect callback is through before it resolves",
    async () => {
      await using open = await openBoard(place);
      const member = await open.join();
      await member.until("ready");
      const order: string[] = [];
      open.board.onDisconnect(async (_, { cause }) => {
        await new Promise((resolve) => setImmediate(resolve));
        order.push(`disconnected: ${cause}`);
      });
      open.board.broadcast("Task", { text: "last" });

      const { unsentMessages } = await open.board.close();
      order.push("closed");

      expect(unsentMessages).toBe(0);
      expect(order).toEqual(["disconnected: stopped", "closed"]);
      await member.until("Task last");
      await expect(open.join()).rejects.toThrow("the channel board was closed");
    },
  );
});

describe.each(memberPlaces)("a client in $name whose network goes away for a moment", (place) => {
  it.skipIf(place.missing !== undefined)("comes back to its rooms by itself, and gets only what is new", async () => {
    await using open = await openBoard(place);
    await using relay = await startTcpRelay(open.url);
    open.board.onConnect((client) => client.join("team"));
    open.board.broadcast("Task", { text: "before" });
    open.board.broadcast("ChatLine", { author: "a", text: "before" }, { room: "team" });
    const member = await open.join({}, relay.url);
    await member.until("ready");

    relay.cut();
    await open.until(() => open.gone.length === 1);
    open.board.broadcast("ChatLine", { author: "a", text: "meanwhile" }, { room: "team" });
    await open.until(() => [...open.board.clients.values()].some(({ state }) => state === "ready"));
    open.board.broadcast("Task", { text: "after" });

    const log = await member.until("Task after");
    const lines = ["Task before", "ChatLine a=before", "ready", "ChatLine a=meanwhile", "ready", "Task after"];
    expect(log.map(({ line }) => line)).toEqual(lines);
    await member.send(["ChatLine", { author: "b", text: "still here" }]);
    expect([...open.board.clients.values()].map(({ previousId }) => previousId)).toEqual([0]);
    await member.close();
  });
});

type Board = Channel<typeof boardChannel>;

interface OpenBoard extends AsyncDisposable {
  readonly board: Board;
  readonly url: string;
  /** What was reported. */
  readonly errors: unknown[];
  /** Who has gone, by number. */
  readonly gone: [number, Disconnect][];
  /** Joins, at another address if one is named. */
  join(options?: Parameters<MemberPlace["join"]>[1], url?: string): Promise<BoardMember>;
  until(isSo: () => boolean): Promise<void>;
  /** Everybody but the bystander is gone, and he is as well as ever. */
  expectGone(bystander: BoardMember): Promise<void>;
}

/** A proxy with the board and nothing else. */
async function openBoard(place: MemberPlace, options: ChannelOptions = {}): Promise<OpenBoard> {
  const board = createChannel(boardChannel, options);
  const proxy = await createProxy({
    channels: [board],
    port: 0,
    allowOrigins: await place.origins(),
    // At whatever port, as of a relay.
    allowHosts: ["127.0.0.1"],
  });
  const members: BoardMember[] = [];
  const errors: unknown[] = [];
  const gone: OpenBoard["gone"] = [];
  board.onError((error) => errors.push(error));
  board.onDisconnect(({ id }, disconnect) => gone.push([id, disconnect]));
  const until = async (isSo: () => boolean): Promise<void> => {
    while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 1));
  };
  return {
    board,
    url: proxy.url,
    errors,
    gone,
    until,
    async join(joinOptions, url = proxy.url) {
      const member = await place.join(url, joinOptions);
      members.push(member);
      return member;
    },
    async expectGone(bystander) {
      await until(() => board.clients.size === 1);
      expect([...board.clients.keys()]).toEqual([bystander.clientId]);
      board.broadcast("Task", { text: "as well as ever" });
      await bystander.until("Task as well as ever");
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(members.map((member) => member.close()));
      await board.close({ drainMs: 0 });
      await proxy.stop({ drainMs: 0 });
    },
  };
}

function clientOf(board: Board, { clientId }: BoardMember) {
  const client = [...board.clients.values()].find(({ id }) => id === clientId);
  if (client === undefined) throw new Error(`client ${clientId} is gone`);
  return client;
}

function idOf(board: Board, number: number) {
  const id = [...board.clients.keys()].find((known) => known === number);
  if (id === undefined) throw new Error(`client ${number} is gone`);
  return id;
}

/** How many messages came in each batch. */
function batchSizes(log: readonly LogEntry[]): number[] {
  const sizes = new Map<number, number>();
  for (const { batch } of log) sizes.set(batch, (sizes.get(batch) ?? 0) + 1);
  return [...sizes.values()];
}

/** A message of a client with one message of the application in it. */
function batchOf(tag: number, payload: Iterable<number>): Uint8Array {
  const entries = [{ tag, payload: Uint8Array.from(payload) }];
  return toBinary(ChannelUpSchema, create(ChannelUpSchema, { kind: { case: "batch", value: { entries } } }));
}

/** The bytes of a batch of empty messages. */
function emptyMessages(count: number): Uint8Array {
  const entries = Array.from({ length: count }, () => ({ tag: 7 }));
  return toBinary(ChannelUpSchema, create(ChannelUpSchema, { kind: { case: "batch", value: { entries } } }));
}
