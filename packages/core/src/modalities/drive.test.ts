import { getEventListeners } from "node:events";
import { Code, ConnectError, type HandlerContext, type ServiceImpl } from "@connectrpc/connect";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { DriveEndedError } from "../errors/drive-ended-error.js";
import { InvalidOptionsError } from "../errors/invalid-options-error.js";
import { ResoioError } from "../errors/resoio-error.js";
import {
  Locomotion,
  type LocomotionCommand,
  type LocomotionResetRequest,
} from "../gen/resonite_io/v1/locomotion_pb.js";
import { fakeMod } from "../testing/fake-mod.js";
import { type DriveCommand, LocomotionClient } from "./locomotion.js";

const fromMod = (code: Code) => new ConnectError("from the mod", code);

describe("send", () => {
  it("opens the call with the first command only", async () => {
    const mod = recordingMod();
    const drive = mod.locomotion.drive();
    expect(mod.contexts).toHaveLength(0);

    drive.send({ moveForward: 1 });
    await mod.received(1);
    drive.send({ moveForward: 0 });
    await mod.received(2);

    expect(mod.contexts).toHaveLength(1);
    await drive.finish();
  });

  it("sends only the fields that were given, and nothing of earlier commands", async () => {
    const mod = recordingMod();
    const drive = mod.locomotion.drive();

    drive.send({ moveForward: 1 });
    await mod.received(1);
    drive.send({ yawRate: 0.5, moveRight: undefined });
    await mod.received(2);
    drive.send({});
    await mod.received(3);

    expect(mod.commands.map(fieldsOf)).toEqual([{ moveForward: 1 }, { yawRate: 0.5 }, {}]);
    expect(await drive.finish()).toMatchObject({ receivedCount: 3n, droppedCount: 0n });
  });

  it("sends every field, also 0 and false, as what it is", async () => {
    const mod = recordingMod();
    const drive = mod.locomotion.drive();
    const all = {
      moveForward: 1,
      moveRight: -0.5,
      moveUp: 0.25,
      yawRate: 90,
      pitchRate: -45,
      jump: true,
      velocity: 2,
      crouch: 0.75,
    };
    const none = {
      moveForward: 0,
      moveRight: 0,
      moveUp: 0,
      yawRate: 0,
      pitchRate: 0,
      jump: false,
      velocity: 0,
      crouch: 0,
    };

    drive.send(all);
    await mod.received(1);
    drive.send(none);
    await mod.received(2);

    expect(mod.commands.map(fieldsOf)).toEqual([all, none]);
    await drive.finish();
  });

  it("stamps each command with the time", async () => {
    const mod = recordingMod();
    const before = BigInt(Date.now()) * 1_000_000n;
    const drive = mod.locomotion.drive();
    drive.send({ jump: true });
    await drive.finish();

    const [command] = mod.commands;
    expect(command?.unixNanos).toBeGreaterThanOrEqual(before);
    expect(command?.unixNanos).toBeLessThanOrEqual(BigInt(Date.now()) * 1_000_000n);
    expect((command?.unixNanos ?? 1n) % 100n).toBe(0n);
  });

  it("makes one command of what a slow connection has not taken: the last value of each field, and a jump is kept", async () => {
    const mod = recordingMod({ readsWhenTold: true });
    const drive = mod.locomotion.drive();
    drive.send({ moveForward: 1, yawRate: 10, velocity: 2 });
    drive.send({ moveForward: 0.5, jump: true });
    for (let i = 0; i < 1000; i++) drive.send({ yawRate: i, jump: false });
    mod.read();

    expect(await drive.finish()).toMatchObject({ receivedCount: 1n });
    expect(mod.commands.map(fieldsOf)).toEqual([{ moveForward: 0.5, yawRate: 999, velocity: 2, jump: true }]);
  });

  it("does not make a jump of false", async () => {
    const mod = recordingMod({ readsWhenTold: true });
    const drive = mod.locomotion.drive();
    drive.send({ jump: false });
    drive.send({ crouch: 1 });
    mod.read();
    await drive.finish();

    expect(mod.commands.map(fieldsOf)).toEqual([{ jump: false, crouch: 1 }]);
  });

  it.each<[string, DriveCommand]>([
    ["NaN", { moveForward: Number.NaN }],
    ["Infinity", { moveRight: Infinity }],
    ["-Infinity", { moveUp: -Infinity }],
    ["more than a 32-bit float can hold", { yawRate: 1e39 }],
    ["a text", untyped({ pitchRate: "1" })],
    ["null", untyped({ velocity: null })],
    ["a jump that is no boolean", untyped({ jump: 1 })],
  ])("throws for %s, and sends nothing of that command", async (_, command) => {
    const mod = recordingMod();
    const drive = mod.locomotion.drive();

    expect(() => drive.send({ crouch: 1, ...command })).toThrow(InvalidOptionsError);
    expect(mod.contexts).toHaveLength(0);
    drive.send({ jump: true });
    await drive.finish();

    expect(mod.commands.map(fieldsOf)).toEqual([{ jump: true }]);
  });

  it("names the field that is wrong", () => {
    const drive = recordingMod().locomotion.drive();

    expect(() => drive.send({ crouch: Number.NaN })).toThrow(/^crouch .* NaN$/);
  });

  it("throws the failure of the call, every time", async () => {
    const mod = recordingMod({ failsWith: fromMod(Code.FailedPrecondition) });
    const drive = mod.locomotion.drive();
    drive.send({ moveForward: 1 });
    await expect(drive.summary).rejects.toMatchObject({ code: Code.FailedPrecondition });

    for (let i = 0; i < 2; i++) {
      expect(() => drive.send({})).toThrow(ConnectError);
      expect(() => drive.send({})).toThrow(expect.objectContaining({ rawMessage: "from the mod" }));
    }
    expect(mod.contexts).toHaveLength(1);
  });

  it.each<[string, (drive: ReturnType<LocomotionClient["drive"]>) => unknown]>([
    ["finish", (drive) => drive.finish()],
    ["abort", (drive) => drive.abort()],
    ["dispose", (drive) => drive[Symbol.asyncDispose]()],
  ])("throws DriveEndedError after %s", async (_, end) => {
    const drive = recordingMod().locomotion.drive();
    drive.send({ moveForward: 1 });
    await end(drive);

    expect(() => drive.send({})).toThrow(DriveEndedError);
    expect(() => drive.send({})).toThrow(ResoioError);
    expect(() => drive.send({})).toThrow(expect.objectContaining({ name: "DriveEndedError", code: "DRIVE_ENDED" }));
  });

  it("throws DriveEndedError when the mod has ended the call with success", async () => {
    const { locomotion } = modWith({ drive: async () => ({ receivedCount: 0n, unixNanos: 100n }) });
    const drive = locomotion.drive();
    drive.send({});

    expect(await drive.summary).toStrictEqual({ receivedCount: 0n, droppedCount: 0n, unixNanos: 100n });
    expect(() => drive.send({})).toThrow(DriveEndedError);
  });
});

describe("finish", () => {
  it("sends what is left, half-closes, and returns the summary, which is a plain object", async () => {
    const mod = recordingMod();
    const drive = mod.locomotion.drive();
    drive.send({ moveForward: 1 });
    drive.send({ yawRate: 0.5 });

    const summary = await drive.finish();

    expect(summary).toStrictEqual({
      receivedCount: BigInt(mod.commands.length),
      droppedCount: 0n,
      unixNanos: 2n ** 62n,
    });
    expect(await drive.summary).toBe(summary);
    expect(Object.assign({}, ...mod.commands.map(fieldsOf))).toEqual({ moveForward: 1, yawRate: 0.5 });
    expect(await mod.ended).toBe("half-closed");
    expect(mod.resets).toEqual([]);
  });

  it("returns undefined and calls nothing when nothing was sent", async () => {
    const mod = recordingMod();
    const drive = mod.locomotion.drive({ deadManMs: 10, stopOnDispose: true });

    expect(await drive.finish()).toBeUndefined();
    expect(await drive.summary).toBeUndefined();
    await drive[Symbol.asyncDispose]();

    expect(mod.contexts).toHaveLength(0);
    expect(mod.resets).toEqual([]);
  });

  it("may be called again", async () => {
    const mod = recordingMod();
    const drive = mod.locomotion.drive();
    drive.send({});

    expect(await drive.finish()).toBe(await drive.finish());
    expect(mod.contexts).toHaveLength(1);
  });

  it.each([Code.Unavailable, Code.Internal])("fails as the call does (code %i)", async (code) => {
    const drive = recordingMod({ failsWith: fromMod(code) }).locomotion.drive();
    drive.send({});

    await expect(drive.finish()).rejects.toMatchObject({ code, rawMessage: "from the mod" });
  });
});

describe("abort", () => {
  it("cancels the call instead of ending it in good order", async () => {
    const mod = recordingMod();
    const drive = mod.locomotion.drive();
    drive.send({ moveForward: 1 });
    await mod.received(1);

    drive.abort("the gamepad was pulled out");

    await expect(drive.summary).rejects.toBeInstanceOf(ConnectError);
    await expect(drive.summary).rejects.toMatchObject({ code: Code.Canceled, cause: "the gamepad was pulled out" });
    expect(await mod.ended).toBe("cancelled");
    await drive[Symbol.asyncDispose]();
  });

  it("sends nothing more", async () => {
    const mod = recordingMod({ readsWhenTold: true });
    const drive = mod.locomotion.drive();
    drive.send({ moveForward: 1 });
    drive.abort();
    mod.read();

    expect(await mod.ended).toBe("cancelled");
    expect(mod.commands).toEqual([]);
  });

  it("cancels also while the mod is still working on the answer", async () => {
    const asked = Promise.withResolvers<AbortSignal>();
    const { locomotion } = modWith({
      async drive(commands, { signal }) {
        for await (const _ of commands);
        asked.resolve(signal);
        return await new Promise<never>(() => {});
      },
    });
    const drive = locomotion.drive();
    drive.send({});
    const finished = drive.finish();
    const handlerSignal = await asked.promise;

    drive.abort();

    await expect(finished).rejects.toMatchObject({ code: Code.Canceled });
    expect(handlerSignal.aborted).toBe(true);
  });

  it("leaves a drive that was never used without a call", async () => {
    const mod = recordingMod();
    const drive = mod.locomotion.drive();
    drive.abort();

    expect(await drive.summary).toBeUndefined();
    expect(mod.contexts).toHaveLength(0);
  });

  it("does nothing once the call is over", async () => {
    const drive = recordingMod().locomotion.drive();
    drive.send({});
    const summary = await drive.finish();
    drive.abort();

    expect(await drive.summary).toBe(summary);
  });

  it("hides no failure that came before it", async () => {
    const drive = recordingMod({ failsWith: fromMod(Code.Internal) }).locomotion.drive();
    drive.send({});
    await expect(drive.summary).rejects.toMatchObject({ code: Code.Internal });
    drive.abort();

    expect(() => drive.send({})).toThrow(ConnectError);
  });

  it("leaves a drive that is opened after it alone", async () => {
    const mod = recordingMod();
    const first = mod.locomotion.drive();
    first.send({ moveForward: 1 });
    await mod.received(1);
    first.abort();
    const second = mod.locomotion.drive();
    second.send({ moveForward: 1 });

    expect(await second.finish()).toMatchObject({ receivedCount: 1n });
  });
});

describe("the caller's signal", () => {
  it("aborts the drive", async () => {
    const mod = recordingMod();
    const caller = new AbortController();
    const drive = mod.locomotion.drive({ signal: caller.signal });
    drive.send({ moveForward: 1 });
    await mod.received(1);

    caller.abort();

    expect(() => drive.send({})).toThrow(DriveEndedError);
    await expect(drive.summary).rejects.toMatchObject({ code: Code.Canceled });
    expect(await mod.ended).toBe("cancelled");
    await drive[Symbol.asyncDispose]();
  });

  it("that is aborted before the first command lets nothing be called", async () => {
    const mod = recordingMod();
    const drive = mod.locomotion.drive({ signal: AbortSignal.abort() });

    expect(() => drive.send({})).toThrow(DriveEndedError);
    expect(await drive.summary).toBeUndefined();
    expect(mod.contexts).toHaveLength(0);
  });

  it("is let go of at the end", async () => {
    const mod = recordingMod();
    const { signal } = new AbortController();
    const drive = mod.locomotion.drive({ signal });
    drive.send({});
    expect(getEventListeners(signal, "abort")).toHaveLength(1);
    await drive.finish();

    expect(getEventListeners(signal, "abort")).toHaveLength(0);
  });
});

describe("leaving an await using block", () => {
  it.each<[string, boolean]>([
    ["normally", false],
    ["by an exception", true],
  ])("%s finishes the drive and resets nothing", async (_, throws) => {
    const mod = recordingMod();
    const error = new Error("from the block");
    async function block() {
      await using drive = mod.locomotion.drive();
      drive.send({ moveForward: 1 });
      if (throws) throw error;
    }

    if (throws) await expect(block()).rejects.toBe(error);
    else await block();

    expect(await mod.ended).toBe("half-closed");
    expect(mod.commands.map(fieldsOf)).toEqual([{ moveForward: 1 }]);
    expect(mod.resets).toEqual([]);
  });

  it("with stopOnDispose resets everything, once, after the last command was applied", async () => {
    const mod = recordingMod();
    const drive = mod.locomotion.drive({ stopOnDispose: true, headers: { "x-trace": "42" } });
    drive.send({ moveForward: 1 });
    await Promise.all([drive[Symbol.asyncDispose](), drive[Symbol.asyncDispose]()]);

    expect(mod.log).toEqual(["command", "half-closed", "reset"]);
    expect(mod.resets).toMatchObject([{ move: false, look: false, crouch: false, jump: false }]);
    expect(mod.contexts.map(({ requestHeader }) => requestHeader.get("x-trace"))).toEqual(["42", "42"]);
  });

  it("with stopOnDispose stops the avatar also after finish, and with a signal aborted since", async () => {
    const mod = recordingMod();
    const caller = new AbortController();
    const drive = mod.locomotion.drive({ stopOnDispose: true, signal: caller.signal });
    drive.send({ moveForward: 1 });
    await drive.finish();
    caller.abort();
    await drive[Symbol.asyncDispose]();

    expect(mod.resets).toHaveLength(1);
  });

  it("with stopOnDispose leaves it to the mod to stop after an abort", async () => {
    const mod = recordingMod();
    const drive = mod.locomotion.drive({ stopOnDispose: true });
    drive.send({ moveForward: 1 });
    drive.abort();
    await drive[Symbol.asyncDispose]();

    expect(mod.resets).toEqual([]);
  });

  it("fails with a failure that nobody has seen", async () => {
    const mod = recordingMod({ failsWith: fromMod(Code.FailedPrecondition) });
    const drive = mod.locomotion.drive({ stopOnDispose: true });
    drive.send({});

    await expect(drive[Symbol.asyncDispose]()).rejects.toMatchObject({ code: Code.FailedPrecondition });
    expect(mod.resets).toEqual([]);
  });

  it("does not repeat a failure that send has thrown", async () => {
    const mod = recordingMod({ failsWith: fromMod(Code.Internal) });
    async function block() {
      await using drive = mod.locomotion.drive();
      for (;;) {
        drive.send({});
        await new Promise(setImmediate);
      }
    }

    const failure = block();

    await expect(failure).rejects.toBeInstanceOf(ConnectError);
    await expect(failure).rejects.toMatchObject({ code: Code.Internal });
  });
});

describe("a failure that nobody awaits", () => {
  const unhandled: unknown[] = [];
  const onUnhandled = (error: unknown) => unhandled.push(error);

  beforeEach(() => void process.on("unhandledRejection", onUnhandled));
  afterEach(() => void process.off("unhandledRejection", onUnhandled));

  it.each<[string, (drive: ReturnType<LocomotionClient["drive"]>) => unknown]>([
    ["a call that failed", () => {}],
    ["finish", (drive) => drive.finish()],
    ["abort", (drive) => drive.abort()],
    ["the summary", (drive) => drive.summary],
  ])("is no unhandled rejection: %s", async (_, end) => {
    const mod = recordingMod({ failsWith: fromMod(Code.Internal) });
    const drive = mod.locomotion.drive();
    drive.send({});
    end(drive);
    await mod.ended;
    for (let i = 0; i < 5; i++) await new Promise(setImmediate);

    expect(unhandled).toEqual([]);
  });
});

describe("deadManMs", () => {
  const neutral = { moveForward: 0, moveRight: 0, moveUp: 0, yawRate: 0, pitchRate: 0, velocity: 1, crouch: 0 };

  beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] }));
  afterEach(() => void vi.useRealTimers());

  it("sends one neutral command after so long without a command, and goes on with the next", async () => {
    const mod = recordingMod();
    const drive = mod.locomotion.drive({ deadManMs: 500 });
    drive.send({ moveForward: 1, velocity: 2 });
    await mod.received(1);
    await vi.advanceTimersByTimeAsync(499);
    expect(mod.commands).toHaveLength(1);

    await vi.advanceTimersByTimeAsync(1);
    await mod.received(2);
    await vi.advanceTimersByTimeAsync(5_000);
    drive.send({ moveRight: 1 });
    await mod.received(3);
    await vi.advanceTimersByTimeAsync(500);
    await mod.received(4);

    expect(mod.commands.map(fieldsOf)).toEqual([{ moveForward: 1, velocity: 2 }, neutral, { moveRight: 1 }, neutral]);
    await drive.finish();
  });

  it("counts from the last command, of whatever kind", async () => {
    const mod = recordingMod();
    const drive = mod.locomotion.drive({ deadManMs: 500 });
    for (let i = 1; i <= 5; i++) {
      drive.send({});
      await mod.received(i);
      await vi.advanceTimersByTimeAsync(499);
    }

    expect(mod.commands.map(fieldsOf)).toEqual([{}, {}, {}, {}, {}]);
    await drive.finish();
  });

  it("does nothing before the first command, nor without the option", async () => {
    const mod = recordingMod();
    mod.locomotion.drive({ deadManMs: 500 });
    const drive = mod.locomotion.drive();
    drive.send({ moveForward: 1 });

    expect(vi.getTimerCount()).toBe(0);
    await drive.finish();
  });

  it.each<[string, (drive: ReturnType<LocomotionClient["drive"]>) => unknown]>([
    ["finish", (drive) => drive.finish()],
    ["abort", (drive) => drive.abort()],
    ["dispose", (drive) => drive[Symbol.asyncDispose]()],
  ])("leaves no timer behind after %s", async (_, end) => {
    const mod = recordingMod();
    const drive = mod.locomotion.drive({ deadManMs: 500 });
    drive.send({ moveForward: 1 });
    expect(vi.getTimerCount()).toBe(1);

    const ending = end(drive);

    expect(vi.getTimerCount()).toBe(0);
    await ending;
  });

  it("leaves no timer behind when the call fails", async () => {
    const drive = recordingMod({ failsWith: fromMod(Code.Internal) }).locomotion.drive({ deadManMs: 500 });
    drive.send({ moveForward: 1 });
    await expect(drive.summary).rejects.toBeInstanceOf(ConnectError);

    expect(vi.getTimerCount()).toBe(0);
  });

  it.each([0, -1, Number.NaN, Infinity, 2 ** 31])("throws at once for %d", (deadManMs) => {
    const { locomotion } = recordingMod();

    expect(() => locomotion.drive({ deadManMs })).toThrow(InvalidOptionsError);
  });
});

function modWith(handlers: Partial<ServiceImpl<typeof Locomotion>>) {
  return { locomotion: new LocomotionClient(fakeMod(Locomotion, handlers).transport) };
}

/** A mod that writes down what it gets. With `failsWith`, a drive fails after its first command. */
function recordingMod(options: { readonly readsWhenTold?: boolean; readonly failsWith?: ConnectError } = {}) {
  const commands: LocomotionCommand[] = [];
  const resets: LocomotionResetRequest[] = [];
  const contexts: HandlerContext[] = [];
  const log: string[] = [];
  const gate = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<"half-closed" | "cancelled" | "failed">();
  const waiting: { count: number; resolve: () => void }[] = [];
  if (options.readsWhenTold !== true) gate.resolve();
  const { locomotion } = modWith({
    async drive(messages, context) {
      contexts.push(context);
      let receivedCount = 0n;
      await gate.promise;
      try {
        for await (const command of messages) {
          receivedCount++;
          commands.push(command);
          log.push("command");
          for (const { count, resolve } of waiting) if (commands.length >= count) resolve();
          if (options.failsWith !== undefined) throw options.failsWith;
        }
      } catch (error) {
        ended.resolve(options.failsWith === undefined ? "cancelled" : "failed");
        throw error;
      }
      ended.resolve("half-closed");
      log.push("half-closed");
      return { receivedCount, droppedCount: 0n, unixNanos: 2n ** 62n };
    },
    reset(request, context) {
      contexts.push(context);
      resets.push(request);
      log.push("reset");
      return {};
    },
  });
  const received = (count: number) =>
    new Promise<void>((resolve) => {
      if (commands.length >= count) resolve();
      else waiting.push({ count, resolve });
    });
  return { locomotion, commands, resets, contexts, log, received, ended: ended.promise, read: gate.resolve };
}

/** The fields that are present in a command, except its time. */
function fieldsOf({ $typeName, $unknown, unixNanos, ...fields }: LocomotionCommand): DriveCommand {
  return fields;
}

/** What a caller without types could pass. */
function untyped<T>(value: unknown): T {
  return value as T;
}
