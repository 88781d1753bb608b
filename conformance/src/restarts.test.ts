import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { getEventListeners } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate as nextTurn, setTimeout as pause } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { Code, type ConnectionStatus, createReconnectPolicy, type Resonite, type StreamGap } from "@resoio/core";
import { connect } from "@resoio/node-uds";
import { expect, it } from "vitest";
import { type ModProcess, startModProcess } from "./testing/mod-process.js";
import { codeOf } from "./testing/status-of.js";

const rounds = 50;
const callers = 4;
/** Quick, so that what is tried too early, too often or not again shows within a test. */
const policy = createReconnectPolicy({ minDelayMs: 5, maxDelayMs: 50 });

it("50 killed mods leave nothing behind, and what shall resume does", { timeout: 240_000 }, async () => {
  await using folder = await makeFolder();
  using alarms = watchAlarms();
  using sockets = watchSockets();
  // The test runner's own timers come and go.
  const resourcesBefore = process.getActiveResourcesInfo().filter((kind) => kind !== "Timeout");
  // Lives longer than everything that it is given to.
  const { signal } = new AbortController();
  const progress = new Progress();

  await using cleanUp = new AsyncDisposableStack();
  const startMod = async (): Promise<ModProcess> => cleanUp.use(await startModProcess(folder.path));

  let mod = await startMod();
  const resonite = await connect({
    environment: { RESONITE_IO_SOCKET_DIR: folder.path },
    reconnect: policy,
    // Has its timers, but comes too late to end what hangs.
    keepAlive: { intervalMs: 3_600_000 },
  });
  cleanUp.defer(() => beforeStall(resonite.close(), () => "the connection closes in the end"));
  const streams = [
    follow(resonite.camera.stream({ resume: policy, signal }), progress),
    follow(resonite.camera.stream({ resume: policy, signal, mode: "every" }), progress),
    follow(resonite.speaker.stream({ resume: policy, signal }), progress),
  ];
  let states: ConnectionStatus["state"][] = [];
  const statuses = follow(resonite.status({ signal }), progress, ({ state }) => states.push(state));
  const load = startLoad(resonite, progress, signal);
  await progress.until(() => streams.every(({ count }) => count > 0));
  const atStart = await mod.ask("now");

  let round = 0;
  const here = (): string =>
    `round ${round}, connection ${states.slice(-4).join(", ")}, gaps ${streams.map(({ gaps }) => gaps.length).join(", ")}`;
  const soon = <T>(what: string, promise: Promise<T>): Promise<T> => beforeStall(promise, () => `${what} (${here()})`);

  // A function of its own: a call's error holds on to its connection, and must not outlive the round.
  const playRound = async (): Promise<void> => {
    const hanging = codeOf(resonite.info.getServerInfo({ signal }));
    const voice = createVoice(progress);
    const speech = codeOf(resonite.microphone.stream(voice.source, { signal }));
    const drive = resonite.locomotion.drive({ signal });
    drive.send({ moveForward: 1 });
    const driven = await soon("the drive begins", mod.ask("driven"));
    // Camera, speaker, microphone, the drive and the call that hangs.
    expect(driven.openCalls).toBeGreaterThanOrEqual(5);
    // None of the shared calls was made anew for a stream that resumed later than another.
    expect(driven.endedRpcs).not.toContain("camera.streamFrames");
    expect(driven.endedRpcs).not.toContain("speaker.streamAudio");
    await soon("the voice is heard", progress.until(voice.isHeard));

    states = [];
    const inFlight = load.inFlight();
    await soon("the mod dies", mod.kill());
    expect(await soon("a call that hangs settles", hanging)).toBe(Code.Unavailable);
    expect(await soon("the microphone's call settles", speech)).toBe(Code.Unavailable);
    expect(await soon("the drive settles", codeOf(drive.summary))).toBe(Code.Unavailable);
    expect(() => drive.send({ moveForward: 1 })).toThrow(expect.objectContaining({ code: Code.Unavailable }));
    await soon("all other calls settle", Promise.all(inFlight));
    await soon("the voice is closed", voice.closed);

    mod = await soon("the next mod listens", startMod());
    const isBack = (): boolean => streams.every(({ gaps }) => gaps.length === round) && states.at(-1) === "connected";
    await soon("the streams resume", progress.until(isBack));
    const pong = await soon("a ping is answered", resonite.connection.ping("back", { signal }));
    expect(pong.message).toBe("back");
    expect(states.join(" ")).toMatch(/^lost( reconnecting connecting)+ connected$/);
    const after = await soon("the mod answers", mod.ask("now"));
    expect(after).toMatchObject({ moveForward: 0, position: atStart.position, wasCommanded: false });
    expect(sockets.openCount()).toBe(1);
  };
  for (round = 1; round <= rounds; round++) await playRound();

  await soon("the load stops", load.stop());
  await soon("the connection closes", resonite.close());
  for (const { ended } of streams) expect(await soon("a stream ends", codeOf(ended))).toBe(Code.Canceled);
  expect(await soon("the status ends", codeOf(statuses.ended))).toBeUndefined();
  await soon("the last mod dies", mod.kill());

  expect([...load.outcomes.keys()].sort()).toEqual(["Unavailable", "ok"]);
  for (const { gaps } of streams) {
    expect(gaps).toEqual(Array.from({ length: rounds }, () => Code.Unavailable));
  }
  expect(getEventListeners(signal, "abort")).toEqual([]);
  expect(alarms.raised).toEqual([]);
  expect(sockets.openCount()).toBe(0);
  expect(sockets.madeCount()).toBeGreaterThan(rounds);
  // The engine itself may keep the last one for a while; a leak keeps many.
  expect(await sockets.reachableCount()).toBeLessThanOrEqual(1);
  expect(without(process.getActiveResourcesInfo(), resourcesBefore)).toEqual([]);
});

/** Reads a stream to its end and writes down why it was interrupted. Not the errors: those hold on to what broke. */
function follow<T extends object>(stream: AsyncIterable<T>, progress: Progress, onItem = (_item: T): void => {}) {
  const gaps: (Code | undefined)[] = [];
  let count = 0;
  const read = async (): Promise<void> => {
    for await (const item of stream) {
      count++;
      if ("gap" in item && isGap(item.gap)) gaps.push(item.gap.reason?.code);
      onItem(item);
      progress.note();
    }
  };
  const ended = read();
  ended.then(
    () => progress.fail(new Error("a stream has ended")),
    (error: unknown) => progress.fail(error),
  );
  return {
    ended,
    gaps,
    get count() {
      return count;
    },
  };
}

function isGap(value: unknown): value is StreamGap {
  return typeof value === "object" && value !== null && "reason" in value;
}

/** Wakes who waits for something that a part of the test has to see first. */
class Progress {
  readonly #waiting = new Set<() => void>();
  readonly #failed = Promise.withResolvers<never>();

  constructor() {
    this.#failed.promise.catch(() => {});
  }

  note(): void {
    for (const check of [...this.#waiting]) check();
  }

  /** Says that there is nothing left to wait for. */
  fail(error: unknown): void {
    this.#failed.reject(error);
  }

  async until(condition: () => boolean): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const check = (): void => {
      if (condition()) resolve();
    };
    this.#waiting.add(check);
    check();
    try {
      await Promise.race([promise, this.#failed.promise]);
    } finally {
      this.#waiting.delete(check);
    }
  }
}

/** Fails when a promise does not settle within half a minute, and says what did not happen. */
async function beforeStall<T>(promise: Promise<T>, describe: () => string): Promise<T> {
  const { promise: stalled, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`it does not happen that ${describe()}`)), 30_000);
  try {
    return await Promise.race([promise, stalled]);
  } finally {
    clearTimeout(timer);
  }
}

/** Callers that make one call after the other, whether there is a mod or not. */
function startLoad(resonite: Resonite, progress: Progress, signal: AbortSignal) {
  const calls = [
    () => resonite.connection.ping("load", { signal }),
    () => resonite.world.listOpenWorlds({ signal }),
    () => resonite.supports("grabber.use", { signal }),
    () => resonite.cursor.getPosition({ signal }),
  ];
  const outcomes = new Map<string, number>();
  const current = new Map<number, Promise<void>>();
  let isStopped = false;

  const makeCall = async (call: () => Promise<unknown>): Promise<void> => {
    const code = await codeOf(call());
    const outcome = code === undefined ? "ok" : Code[code];
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
    // The next mod needs some of the processor to start.
    if (code !== undefined) await pause(5);
  };
  const keepCalling = async (caller: number): Promise<void> => {
    for (let index = caller; !isStopped; index++) {
      const call = calls[index % calls.length];
      if (call === undefined) continue;
      const made = makeCall(call);
      current.set(caller, made);
      await made;
    }
  };
  const loops = Array.from({ length: callers }, (_, caller) => keepCalling(caller));
  for (const loop of loops) loop.catch((error: unknown) => progress.fail(error));
  return {
    /** How often a call ended how. */
    outcomes,
    /** The calls that are under way. */
    inFlight: () => [...current.values()],
    async stop(): Promise<void> {
      isStopped = true;
      await Promise.all(loops);
    },
  };
}

/** A voice that speaks until it is closed. */
function createVoice(progress: Progress) {
  const { promise: closed, resolve } = Promise.withResolvers<void>();
  let chunks = 0;
  const source = new ReadableStream<Float32Array>(
    {
      async pull(controller) {
        controller.enqueue(new Float32Array(480));
        chunks++;
        progress.note();
        await pause(10);
      },
      cancel: () => resolve(),
    },
    { highWaterMark: 0 },
  );
  /** The second chunk is asked for once the first is on its way. */
  return { source, closed, isHeard: () => chunks > 1 };
}

/** Collects what a process says when something was not taken care of. */
function watchAlarms() {
  const raised: unknown[] = [];
  const raise = (alarm: unknown): void => void raised.push(alarm);
  const events = ["unhandledRejection", "uncaughtException", "warning"];
  for (const event of events) process.on(event, raise);
  return {
    raised,
    [Symbol.dispose]() {
      for (const event of events) process.off(event, raise);
    },
  };
}

/** Watches the sockets that this process connects. */
function watchSockets() {
  const made: WeakRef<Socket>[] = [];
  const onSocket = (message: unknown): void => {
    if (typeof message !== "object" || message === null || !("socket" in message)) return;
    if (message.socket instanceof Socket) made.push(new WeakRef(message.socket));
  };
  const reachable = () => made.flatMap((reference) => reference.deref() ?? []);
  subscribe("net.client.socket", onSocket);
  setFlagsFromString("--expose-gc");
  const collectGarbage: unknown = runInNewContext("gc");
  return {
    madeCount: () => made.length,
    openCount: () => reachable().filter(({ destroyed }) => !destroyed).length,
    /** How many something still holds on to: a timer, a listener, a list. */
    async reachableCount(): Promise<number> {
      if (typeof collectGarbage !== "function") throw new Error("there is no garbage collector to call");
      // What ends with a later turn of the event loop still holds on to something in this one.
      for (let turn = 0; turn < 20; turn++) {
        await nextTurn();
        collectGarbage();
      }
      return reachable().length;
    },
    [Symbol.dispose]: () => unsubscribe("net.client.socket", onSocket),
  };
}

/** What is in `all` more often than in `known`. */
function without(all: readonly string[], known: readonly string[]): readonly string[] {
  const rest = [...all];
  for (const item of known) {
    const index = rest.indexOf(item);
    if (index >= 0) rest.splice(index, 1);
  }
  return rest;
}

async function makeFolder() {
  const path = await mkdtemp(join(tmpdir(), "resoio-"));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}
