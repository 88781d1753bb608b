import { getEventListeners } from "node:events";
import { setImmediate as nextTurn } from "node:timers/promises";
import { create, toBinary } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { type ConnectionStatus, Resonite, rpcs, services } from "@resoio/core";
import { SpeakerStreamRequestSchema } from "@resoio/core/gen/resonite_io/v1/speaker_pb";
import { type WireCall, type WireCallListener, WireTransport } from "@resoio/core/internal";
import { describe, expect, it } from "vitest";
import { createMockMod, type MockMod } from "../create-mock-mod.js";
import { createVirtualClock } from "../engine/clock.js";
import { openInProcess, routesOf } from "../testing/call-carriers.js";
import { createInProcessTransport, type InProcessTransport } from "./create-in-process-transport.js";

const { streamAudio } = services.speaker.method;
const { drive } = services.locomotion.method;
const { ping } = services.connection.method;

/** Bytes that are no Protobuf message. */
const garbage = Uint8Array.of(0xff);

async function codeOf(call: Promise<unknown>): Promise<Code | undefined> {
  return await call.then(
    () => undefined,
    (error: unknown) => ConnectError.from(error).code,
  );
}

/** The calls that reached a mod, and how they ended. */
function callsOf({ engine }: MockMod): readonly string[] {
  return engine.journal.entries.flatMap((entry) => (entry.kind === "call" ? [`${entry.rpc} ${entry.status}`] : []));
}

async function collect<T>(items: AsyncIterable<T>): Promise<readonly T[]> {
  const collected: T[] = [];
  for await (const item of items) collected.push(item);
  return collected;
}

async function statesOf(transport: InProcessTransport): Promise<readonly ConnectionStatus["state"][]> {
  return (await collect(transport.status())).map(({ state }) => state);
}

/** Starts a call in bytes. `ended` resolves with its error. */
function startCall(
  transport: InProcessTransport,
  request: Parameters<WireTransport["createCall"]>[0],
  listener: Partial<WireCallListener> = {},
): { readonly call: WireCall; readonly ended: Promise<ConnectError | undefined> } {
  if (!(transport instanceof WireTransport)) throw new TypeError("it does not make calls in bytes");
  const { promise: ended, resolve } = Promise.withResolvers<ConnectError | undefined>();
  const call = transport.createCall(request, {
    onOpen() {},
    onHeader() {},
    onMessage() {},
    onEnd: (error) => resolve(error),
    ...listener,
  });
  call.start();
  return { call, ended };
}

/** Far more turns than it takes whatever is under way to come to rest. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 50; turn++) await nextTurn();
}

/** Sends empty messages until the handler is behind for good. `drained` resolves when it is not any more. */
async function fill(call: WireCall): Promise<{ readonly sent: number; readonly drained: Promise<void> }> {
  for (let sent = 1; ; sent++) {
    if (call.send(new Uint8Array())) continue;
    let isDrained = false;
    const drained = call.drained().then(() => {
      isDrained = true;
    });
    await settle();
    if (!isDrained) return { sent, drained };
  }
}

describe("the in-process transport", () => {
  it("lets timers and I/O have their turn while a program makes one call after the other", async () => {
    await using mod = createMockMod();
    const { connection } = new Resonite(mod.transport());
    let isDue = false;
    setTimeout(() => {
      isDue = true;
    }, 1);
    while (!isDue) await connection.ping();
  });

  it("lets a deadline pass while neither side of a stream waits for anything", async () => {
    const routes = new Map([
      ...routesOf(services.locomotion, {
        async drive(commands) {
          for await (const _ of commands);
          return {};
        },
      }),
      ...routesOf(services.speaker, {
        async *streamAudio() {
          for (;;) yield {};
        },
      }),
    ]);
    const { resonite } = openInProcess(routes);
    async function* endless() {
      for (;;) yield {};
    }
    const { locomotion, speaker } = resonite.rpc;
    expect(await codeOf(locomotion.drive(endless(), { timeoutMs: 20 }))).toBe(Code.DeadlineExceeded);
    const listen = async (): Promise<void> => {
      for await (const _ of speaker.streamAudio({}, { timeoutMs: 20 }));
    };
    expect(await codeOf(listen())).toBe(Code.DeadlineExceeded);
  });

  it("holds requests back that nobody reads any more, until the call is over", async () => {
    const more = Promise.withResolvers<void>();
    const routes = routesOf(services.locomotion, {
      async drive(commands) {
        for await (const _ of commands) break;
        await more.promise;
        return {};
      },
    });
    const { transport } = openInProcess(routes);
    const { call, ended } = startCall(transport, { method: drive });
    call.send(new Uint8Array());
    await settle();
    expect(call.send(new Uint8Array())).toBe(false);
    more.resolve();
    await call.drained();
    expect(await ended).toBeUndefined();
  });

  it("carries bytes: neither side sees what the other does with its objects later", async () => {
    const heard: number[] = [];
    const samples = Uint8Array.of(1, 2, 3);
    const frame = { samples: Uint8Array.of(4, 5, 6) };
    const routes = new Map([
      ...routesOf(services.microphone, {
        async streamAudio(frames) {
          for await (const { samples } of frames) heard.push(...samples);
          return {};
        },
      }),
      ...routesOf(services.speaker, {
        async *streamAudio() {
          yield frame;
        },
      }),
    ]);
    const { resonite } = openInProcess(routes);
    async function* speak() {
      yield { samples };
      samples.fill(0);
    }
    await resonite.rpc.microphone.streamAudio(speak());
    expect(heard).toEqual([1, 2, 3]);
    for await (const received of resonite.rpc.speaker.streamAudio({})) {
      received.samples.fill(0);
      expect(frame.samples).toEqual(Uint8Array.of(4, 5, 6));
    }
  });

  it("does not ask the handler for more while it is paused, and loses nothing", async () => {
    let asked = 0;
    const routes = routesOf(services.speaker, {
      async *streamAudio() {
        while (asked < 1000) yield { frameId: BigInt(asked++) };
      },
    });
    const { transport } = openInProcess(routes);
    let received = 0;
    const { call, ended } = startCall(
      transport,
      { method: streamAudio },
      {
        onMessage() {
          received++;
          if (received === 10) call.pause();
        },
      },
    );
    call.sendLast(toBinary(SpeakerStreamRequestSchema, create(SpeakerStreamRequestSchema)));
    await settle();
    expect([received, asked]).toEqual([10, 10]);
    call.resume();
    expect(await ended).toBeUndefined();
    expect(received).toBe(1000);
  });

  it("holds back the message that the handler was making when it was paused", async () => {
    const more = Promise.withResolvers<void>();
    const routes = routesOf(services.speaker, {
      async *streamAudio() {
        await more.promise;
        yield { frameId: 1n };
      },
    });
    const { transport } = openInProcess(routes);
    let received = 0;
    const { call, ended } = startCall(transport, { method: streamAudio }, { onMessage: () => void received++ });
    call.sendLast(new Uint8Array());
    call.pause();
    more.resolve();
    await settle();
    expect(received).toBe(0);
    call.resume();
    await ended;
    expect(received).toBe(1);
  });

  it("ends at once while it is paused when it is cancelled", async () => {
    let wasLeft = false;
    const routes = routesOf(services.speaker, {
      async *streamAudio() {
        try {
          for (;;) yield {};
        } finally {
          wasLeft = true;
        }
      },
    });
    const { transport } = openInProcess(routes);
    const { call, ended } = startCall(transport, { method: streamAudio }, { onMessage: () => call.pause() });
    call.sendLast(new Uint8Array());
    await settle();
    const error = new ConnectError("enough", Code.Canceled);
    call.cancel(error);
    expect(await ended).toBe(error);
    await settle();
    expect(wasLeft).toBe(true);
  });

  it("says that the handler is behind with the requests, and when it has caught up", async () => {
    const read = Promise.withResolvers<void>();
    let received = 0;
    const routes = routesOf(services.locomotion, {
      async drive(commands) {
        await read.promise;
        for await (const _ of commands) received++;
        return {};
      },
    });
    const { transport } = openInProcess(routes);
    const { call, ended } = startCall(transport, { method: drive });
    const { sent, drained } = await fill(call);
    // About a megabyte, of which an empty message takes its share.
    expect(sent).toBeLessThan(100_000);
    read.resolve();
    await drained;
    call.halfClose();
    expect(await ended).toBeUndefined();
    expect(received).toBe(sent);
  });

  it("lets go of who waits for the handler to catch up when the call ends", async () => {
    const routes = routesOf(services.locomotion, { drive: () => new Promise(() => {}) });
    const { transport } = openInProcess(routes);
    const { call } = startCall(transport, { method: drive });
    const { drained } = await fill(call);
    call.cancel(new ConnectError("enough", Code.Canceled));
    await drained;
  });

  it("leaves no listener behind", async () => {
    const routes = routesOf(services.connection, { ping: () => ({}) });
    const shutdown = new AbortController();
    const calling = new AbortController();
    const left = () => [shutdown, calling].map(({ signal }) => getEventListeners(signal, "abort").length);
    const transport = createInProcessTransport({ routes, shutdownSignal: shutdown.signal });
    const before = left();
    await new Resonite(transport).connection.ping("", { signal: calling.signal });
    expect(left()).toEqual(before);
    await transport.close();
    expect(left()).toEqual([0, 0]);
  });

  it("tells a handler of a deadline as such", async () => {
    await using mod = createMockMod({ faults: { hangs: ["world.getCurrent"] } });
    const { world } = new Resonite(mod.transport());
    expect(await codeOf(world.getCurrent({ timeoutMs: 10 }))).toBe(Code.DeadlineExceeded);
    await mod.engine.until(() => callsOf(mod).length === 1);
    expect(callsOf(mod)).toEqual(["world.getCurrent DeadlineExceeded"]);
  });

  it("is not a way to an RPC that the mod lacks, whatever the request, and the journal does not show it", async () => {
    await using mod = createMockMod({ faults: { unimplemented: ["connection.ping"] } });
    const { call, ended } = startCall(mod.transport(), { method: ping });
    call.sendLast(garbage);
    expect((await ended)?.code).toBe(Code.Unimplemented);
    expect(callsOf(mod)).toEqual([]);
  });

  it("refuses what is no request, and the journal does not show it", async () => {
    await using mod = createMockMod();
    const { call, ended } = startCall(mod.transport(), { method: ping });
    call.sendLast(garbage);
    expect(await ended).toMatchObject({ code: Code.Internal, rawMessage: "Failed to parse a PingRequest." });
    expect(callsOf(mod)).toEqual([]);
  });

  it("refuses no request, and more than one, where one is asked for", async () => {
    await using mod = createMockMod();
    const none = startCall(mod.transport(), { method: ping });
    none.call.halfClose();
    expect((await none.ended)?.rawMessage).toBe("The request has no message.");
    const two = startCall(mod.transport(), { method: ping });
    two.call.send(new Uint8Array());
    two.call.sendLast(new Uint8Array());
    expect((await two.ended)?.rawMessage).toBe("The request has more than one message.");
    expect(callsOf(mod)).toEqual([]);
  });
});

describe("closing an in-process transport", () => {
  it("ends its calls with Canceled, in the mod too, and no others", async () => {
    await using mod = createMockMod({ faults: { hangs: ["world.getCurrent"] } });
    const closing = mod.transport();
    const other = new Resonite(mod.transport());
    const aborting = new AbortController();
    const calls = [closing, closing].map((transport) => codeOf(new Resonite(transport).world.getCurrent()));
    const staying = codeOf(other.world.getCurrent({ signal: aborting.signal }));
    await other.connection.ping();
    await closing.close();
    await closing.close();
    expect(await Promise.all(calls)).toEqual([Code.Canceled, Code.Canceled]);
    await mod.engine.until(() => callsOf(mod).length === 3);
    expect(callsOf(mod)).toEqual(["connection.ping ok", "world.getCurrent Canceled", "world.getCurrent Canceled"]);
    aborting.abort();
    expect(await staying).toBe(Code.Canceled);
  });

  it("fails later calls and questions with FailedPrecondition", async () => {
    await using mod = createMockMod();
    const transport = mod.transport();
    await transport[Symbol.asyncDispose]();
    expect(await codeOf(new Resonite(transport).connection.ping())).toBe(Code.FailedPrecondition);
    expect(await codeOf(transport.supports(ping))).toBe(Code.FailedPrecondition);
    expect(callsOf(mod)).toEqual([]);
  });

  it("is the last that its status tells, whatever becomes of the mod", async () => {
    const mod = createMockMod();
    const transport = mod.transport();
    const states = statesOf(transport);
    await transport.close();
    await mod.close();
    expect(await states).toEqual(["connected", "closed"]);
    expect(await statesOf(transport)).toEqual(["closed"]);
  });
});

describe("closing a mod in process", () => {
  it("ends calls with Unavailable, and later ones do not reach it", async () => {
    const mod = createMockMod({ clock: createVirtualClock() });
    const transport = mod.transport();
    const resonite = new Resonite(transport);
    const listening = codeOf(collect(resonite.rpc.speaker.streamAudio({})));
    await resonite.connection.ping();
    await mod.close();
    expect(await listening).toBe(Code.Unavailable);
    expect(callsOf(mod)).toEqual(["connection.ping ok", "speaker.streamAudio Unavailable"]);

    expect(await codeOf(resonite.connection.ping())).toBe(Code.Unavailable);
    expect(await codeOf(new Resonite(mod.transport()).connection.ping())).toBe(Code.Unavailable);
    expect(await codeOf(transport.supports(ping))).toBe(Code.Unavailable);
    expect(callsOf(mod)).toHaveLength(2);
  });

  it("is told by the status as a loss", async () => {
    const mod = createMockMod();
    const transport = mod.transport();
    const states = statesOf(transport);
    await mod.close();
    await transport.close();
    expect(await states).toEqual(["connected", "lost", "idle", "closed"]);
    const late = mod.transport();
    expect(await late.status().next()).toMatchObject({ value: { state: "idle" } });
  });
});

describe("asking an in-process transport for an RPC", () => {
  it("is answered for every kind of call, without the journal showing it", async () => {
    await using mod = createMockMod({ faults: { unimplemented: ["connection.ping", "locomotion.drive"] } });
    const transport = mod.transport();
    const asked = ["connection.ping", "info.getServerInfo", "locomotion.drive", "microphone.streamAudio"] as const;
    const answers = await Promise.all(asked.map((id) => transport.supports(rpcs[id].method)));
    expect(answers).toEqual([false, true, false, true]);
    expect(callsOf(mod)).toEqual([]);
  });

  it("fails when its signal is aborted already", async () => {
    await using mod = createMockMod();
    const transport = mod.transport();
    expect(await codeOf(transport.supports(ping, { signal: AbortSignal.abort() }))).toBe(Code.Canceled);
  });
});
