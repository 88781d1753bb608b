import { Code, ConnectError } from "@connectrpc/connect";
import { describe, expect, it } from "vitest";
import { EventLog } from "../../testing/event-log.js";
import type { NoteChannel } from "../../testing/note-channel.js";
import { type OpenChannel, openChannel, settle } from "../../testing/open-channel.js";
import { RawChannelMember } from "../../testing/raw-channel-member.js";
import { TestClock } from "../../testing/test-clock.js";
import type { ChannelClient, Disconnect } from "./channel-client.js";

type Client = ChannelClient<NoteChannel>;

describe("onConnect", () => {
  it.each<[string, (client: Client) => unknown, Code, string]>([
    ["returns false", () => false, Code.PermissionDenied, "the client is not let in"],
    ["resolves to false", async () => false, Code.PermissionDenied, "the client is not let in"],
    [
      "closes the client",
      (client) => client.close("we are full", Code.ResourceExhausted),
      Code.ResourceExhausted,
      "full",
    ],
  ])("refuses a client when a callback %s", async (_, callback, code, reason) => {
    await using open = await openChannel();
    const gone = goneFrom(open);
    const log = new EventLog();
    open.channel.onConnect(callback);
    open.channel.onConnect(() => log.add("asked in vain"));

    await expect(open.join()).rejects.toThrow(
      expect.objectContaining({ code, rawMessage: expect.stringContaining(reason) }),
    );

    await gone.next();
    const [[client, disconnect] = []] = gone.all;
    expect(disconnect).toMatchObject({ cause: "closed", code, reason: expect.stringContaining(reason) });
    expect(disconnect?.stats).toMatchObject({ sentMessages: 0, sentBatches: 0 });
    expect(client).toMatchObject({ id: 0, state: "closed" });
    expect(open.channel.clients.size).toBe(0);
    expect(log.lines).toEqual([]);
  });

  it("asks one callback after the other, and sends nothing before the last is through", async () => {
    await using open = await openChannel({ window: { ms: 0 } });
    const log = new EventLog();
    const letIn = Promise.withResolvers<void>();
    open.channel.onConnect(async (client) => {
      log.add(`first: ${client.state}`);
      await letIn.promise;
      log.add("first is through");
    });
    open.channel.onConnect(() => log.add("second"));
    const joining = open.join();
    await log.until("first: connecting");

    const isIn = await Promise.race([joining.then(() => true), settle().then(() => false)]);
    expect([isIn, open.client().state, open.client().outbox.size]).toEqual([false, "connecting", 0]);
    expect(open.channel.broadcast("Event", text("meanwhile")).recipients).toBe(1);
    letIn.resolve();
    const client = await joining;

    await client.until("Event meanwhile");
    expect(client.log).toEqual(["ready", "Event meanwhile"]);
    expect(log.lines).toEqual(["first: connecting", "first is through", "second"]);
  });

  it("may send groups: what is for the client alone comes before what is kept, with what is for all behind it", async () => {
    await using open = await openChannel();
    open.channel.broadcast("Line", { value: 1 });
    open.channel.onConnect((client) => {
      open.channel.atomic(() => {
        client.send("Line", { value: 2 });
        client.send("Line", { value: 3 });
      });
      open.channel.atomic(() => {
        client.send("Line", { value: 4 });
        open.channel.broadcast("Line", { value: 5 });
      });
    });

    const client = await open.join();
    await client.until("Line 5");
    expect(client.log).toEqual(["Line 2", "Line 3", "Line 1", "ready", "Line 4", "Line 5"]);
  });

  it("reports what a callback throws, and lets the client in", async () => {
    await using open = await openChannel();
    const errors = errorsOf(open);
    open.channel.onConnect(() => {
      throw new Error("at once");
    });
    open.channel.onConnect(async () => {
      throw new Error("later");
    });

    await open.join();

    expect(errors.lines).toEqual(["connect 0: Error: at once", "connect 0: Error: later"]);
  });

  it("refuses a flush, which would never be through", async () => {
    await using open = await openChannel();
    const errors = errorsOf(open);
    open.channel.onConnect(async (client) => await client.flush());

    await open.join();

    expect(errors.lines).toEqual([
      expect.stringMatching(/^connect 0: .*failed_precondition.*do not wait for it in one/),
    ]);
  });

  it("gives up a client whose callback takes too long", async () => {
    const clock = new TestClock();
    await using open = await openChannel({ clock, limits: { callbackTimeoutMs: 1_000 } });
    const gone = goneFrom(open);
    const errors = errorsOf(open);
    open.channel.onConnect(() => new Promise(() => {}));
    const joining = open.join();
    while (open.channel.clients.size === 0) await settle(1);

    clock.advance(999);
    expect(open.client().state).toBe("connecting");
    clock.advance(1);

    await expect(joining).rejects.toMatchObject({ code: Code.DeadlineExceeded });
    await gone.next();
    expect(errors.lines).toEqual(["connect 0: Error: the connect callbacks took longer than 1000 ms"]);
    expect(clock.taskCount).toBe(0);
  });

  it("is not called any more when it was taken back", async () => {
    await using open = await openChannel();
    const log = new EventLog();
    const takeBack = open.channel.onConnect(() => log.add("first"));
    open.channel.onConnect(({ id }) => log.add(`second ${id}`));
    await open.join();
    takeBack();
    takeBack();
    await open.join();

    expect(log.lines).toEqual(["first", "second 0", "second 1"]);
  });

  describe("with replayExisting", () => {
    it("is called with who is there, in order, and then with who comes; not twice with anybody", async () => {
      await using open = await openChannel();
      const log = new EventLog();
      await open.join();
      await open.join();
      const add = async ({ id, state }: Client) => {
        await Promise.resolve();
        log.add(`${id} ${state === "connecting" ? "comes" : "is there"}`);
      };

      open.channel.onConnect(add, { replayExisting: true });
      expect(log.lines).toEqual([]);
      await open.join();
      await log.until((lines) => lines.length === 3);

      expect(log.lines.toSorted()).toEqual(["0 is there", "1 is there", "2 comes"]);
      open.channel.onConnect(({ id }) => log.add(`without: ${id}`));
      await settle();
      expect(log.lines).toHaveLength(3);
    });

    it("sends away whom it does not want", async () => {
      await using open = await openChannel();
      const [unwanted, other] = [await open.join(), await open.join()];

      open.channel.onConnect(({ id }) => id !== 0, { replayExisting: true });

      expect(await unwanted.channel.closed).toMatchObject({ code: Code.PermissionDenied });
      expect([...open.channel.clients.keys()]).toEqual([1]);
      open.channel.broadcast("Line", { value: 1 });
      await other.until("Line 1");
    });

    it("is not called when it was taken back at once", async () => {
      await using open = await openChannel();
      await open.join();
      const log = new EventLog();

      open.channel.onConnect(({ id }) => log.add(`${id}`), { replayExisting: true })();
      await settle();
      await open.join();

      expect(log.lines).toEqual([]);
    });
  });
});

describe("onReady", () => {
  it("is called once with a client that has handled what is kept, and not before", async () => {
    await using open = await openChannel();
    open.channel.broadcast("Line", { value: 1 });
    const log = new EventLog();
    open.channel.onConnect(({ id }) => log.add(`connect ${id}`));
    open.channel.onReady(({ id, state }) => log.add(`ready ${id} ${state}`));
    const client = await open.join();
    const mayGoOn = Promise.withResolvers<void>();
    client.channel.on("Line", () => mayGoOn.promise);
    await client.until("Line 1");
    await settle();

    expect(open.client().state).toBe("replaying");
    expect(log.lines).toEqual(["connect 0"]);
    mayGoOn.resolve();
    await log.until("ready 0 ready");
    await client.channel.ready;
    expect(log.lines).toEqual(["connect 0", "ready 0 ready"]);
  });

  it("is not called again when the client says so again", async () => {
    await using open = await openChannel();
    const log = new EventLog();
    open.channel.onReady(() => log.add("ready"));
    open.channel.on("Say", () => log.add("said"));
    using raw = await RawChannelMember.join(open.url);
    raw.send({ kind: { case: "ready", value: {} } });
    raw.send({ kind: { case: "batch", value: { entries: [{ tag: 6 }] } } });

    await log.until("said");
    expect(log.lines).toEqual(["ready", "said"]);
  });

  it("holds back what the client sends until it is through", async () => {
    await using open = await openChannel();
    const log = new EventLog();
    const through = Promise.withResolvers<void>();
    open.channel.onReady(async () => {
      log.add("ready");
      await through.promise;
      log.add("through");
    });
    open.channel.on("Say", ({ value }) => log.add(`said ${value}`));
    const client = await open.join();
    await client.channel.ready;
    client.channel.send("Say", { value: 1 });
    await client.channel.flush();
    await log.until("ready");
    await settle();
    through.resolve();

    await log.until("said 1");
    expect(log.lines).toEqual(["ready", "through", "said 1"]);
  });
});

describe("onDisconnect", () => {
  it.each<[string, (open: OpenChannel) => Promise<unknown>, Partial<Disconnect>]>([
    [
      "left",
      async (open) => await (await open.join()).channel.close(),
      { code: undefined, reason: "the client has left" },
    ],
    ["lost", async (open) => (await open.join({ reconnect: never })).cut(), { code: Code.Canceled }],
    [
      "closed",
      async (open) => {
        await open.join();
        open.client().close("enough");
      },
      { code: Code.Aborted, reason: "enough" },
    ],
    [
      "stopped",
      async (open) => {
        await open.join();
        await open.channel.close({ reason: "closing time" });
      },
      { code: Code.Unavailable, reason: "closing time" },
    ],
    [
      "stopped",
      async (open) => {
        await open.join();
        await open.proxy.stop();
      },
      { code: Code.Unavailable },
    ],
  ])("is called once with who has gone, and with why: %s", async (cause, go, expected) => {
    await using open = await openChannel();
    const gone = goneFrom(open);
    open.channel.broadcast("Line", { value: 1 });

    await go(open);
    await gone.next();
    await settle();

    expect(gone.all).toHaveLength(1);
    const [client, disconnect] = gone.all[0] ?? [];
    expect(disconnect).toMatchObject({ cause, ...expected, unsentMessages: expect.any(Number) });
    expect(client?.state).toBe("closed");
    expect(client?.signal.aborted).toBe(true);
    expect(client?.signal.reason).toBeInstanceOf(ConnectError);
    expect(open.channel.stats.clients).toBe(0);
  });

  it("comes after the connect callbacks, however fast the client was gone", async () => {
    await using open = await openChannel();
    const log = new EventLog();
    const through = Promise.withResolvers<void>();
    open.channel.onConnect(async (client) => {
      log.add("connect");
      await through.promise;
      log.add(`connect is through: ${client.state}`);
    });
    open.channel.onConnect(() => log.add("not for who is gone"));
    open.channel.onDisconnect((_, { cause }) => log.add(`disconnect: ${cause}`));
    const controller = new AbortController();
    const joining = open.join({ signal: controller.signal });
    await log.until("connect");
    controller.abort();
    await expect(joining).rejects.toMatchObject({ code: Code.Canceled });
    while (open.channel.clients.size > 0) await settle(1);
    await settle();
    through.resolve();

    await log.until((lines) => lines.length === 3);
    expect(log.lines).toEqual(["connect", "connect is through: closed", "disconnect: lost"]);
  });

  it("reports what a callback throws, and calls the others", async () => {
    await using open = await openChannel();
    const errors = errorsOf(open);
    const log = new EventLog();
    open.channel.onDisconnect(async () => {
      throw new Error("in vain");
    });
    open.channel.onDisconnect(() => log.add("called"));
    await open.join();
    open.client().close("enough");

    await log.until("called");
    expect(errors.lines).toEqual(["disconnect 0: Error: in vain"]);
  });

  it("does not hold up the closing of the channel for ever", async () => {
    const clock = new TestClock();
    await using open = await openChannel({ clock, limits: { callbackTimeoutMs: 1_000 } });
    const errors = errorsOf(open);
    open.channel.onDisconnect(() => new Promise(() => {}));
    await open.join({ reconnect: never });
    const closing = open.channel.close({ drainMs: 0 });
    await settle();
    clock.advance(1_000);

    expect(await closing).toEqual({ unsentMessages: 0 });
    expect(errors.lines).toEqual(["disconnect 0: Error: the disconnect callbacks took longer than 1000 ms"]);
  });
});

describe("onError", () => {
  it("is what a logger is told when there is none, or when one fails", async () => {
    const log = new EventLog();
    const logger = { debug() {}, info() {}, warn: log.add, error() {} };
    await using open = await openChannel({ logger });
    open.channel.onConnect(() => {
      throw new Error("oh");
    });
    await open.join();
    expect(log.lines).toEqual(["channel notes: connect failed (client 0): Error: oh"]);

    open.channel.onError(() => {
      throw new Error("worse");
    });
    await open.join();
    expect(log.lines.slice(1)).toEqual(["channel notes: an error callback failed: Error: worse"]);
  });

  it("is told of those who are not let in", async () => {
    await using open = await openChannel({ limits: { maxClients: 1 } });
    const errors = errorsOf(open);
    await open.join();

    await expect(open.join()).rejects.toMatchObject({ code: Code.ResourceExhausted });
    expect(errors.lines).toEqual([expect.stringMatching(/^join: .*has 1 clients already/)]);
  });
});

const never = { nextDelayMs: () => undefined };
const text = (value: string) => ({ value: new TextEncoder().encode(value) });

/** Who has gone from a channel, from now on. */
function goneFrom({ channel }: OpenChannel) {
  const all: [Client, Disconnect][] = [];
  const log = new EventLog();
  channel.onDisconnect((client, disconnect) => {
    all.push([client, disconnect]);
    log.add("");
  });
  return { all, next: () => log.until((lines) => lines.length > 0) };
}

/** What goes wrong in a channel, from now on: `connect 0: Error: ...`. */
function errorsOf({ channel }: OpenChannel): EventLog {
  const log = new EventLog();
  channel.onError((error, { during, client }) =>
    log.add(`${during}${client === undefined ? "" : ` ${client.id}`}: ${String(error)}`),
  );
  return log;
}
