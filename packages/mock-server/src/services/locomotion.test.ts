import * as http2 from "node:http2";
import { connect as connectSocket, type Socket } from "node:net";
import { create, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { Code, createClient } from "@connectrpc/connect";
import { services } from "@resoio/core";
import { LocomotionCommandSchema } from "@resoio/core/gen/resonite_io/v1/locomotion_pb";
import { frameMessage } from "@resoio/core/internal";
import { describe, expect, it } from "vitest";
import type { Engine } from "../engine/engine.js";
import type { DriveEnd } from "../engine/locomotion.js";
import { openMod } from "../testing/open-mod.js";
import { statusOf } from "../testing/raw-client.js";

const { drive, reset } = services.locomotion.method;
const tickMs = 1000 / 60 + 1;

const endsOf = (engine: Engine): readonly DriveEnd[] =>
  engine.journal.changes("driveEnded").map(({ reason }) => reason);

const commandsOf = (engine: Engine) => engine.journal.changes("locomotionCommanded").map(({ command }) => command);

describe("Locomotion.Drive", () => {
  it("takes over only the fields that a command has, and counts the commands", async () => {
    await using test = await openMod();
    const call = test.raw.clientStream(drive);
    call.send({ moveForward: 1 });
    call.send({ yawRate: 0.5 });
    call.halfClose();

    expect(await call.response).toMatchObject({
      receivedCount: 2n,
      droppedCount: 0n,
      unixNanos: test.clock.unixNanos(),
    });
    expect(commandsOf(test.engine)).toEqual([
      { moveForward: 1, unixNanos: 0n },
      { yawRate: 0.5, unixNanos: 0n },
    ]);
    expect(test.engine.state.locomotion).toMatchObject({ moveForward: 1, yawRate: 0.5, velocity: 1, crouch: 0 });
    expect(endsOf(test.engine)).toEqual(["graceful"]);
  });

  it("tells all eight fields and the time apart", async () => {
    await using test = await openMod();
    const call = test.raw.clientStream(drive);
    const command = {
      moveForward: 0.25,
      moveRight: 0.5,
      moveUp: 0.75,
      yawRate: 10,
      pitchRate: 20,
      jump: true,
      velocity: 1.5,
      crouch: 0.125,
      unixNanos: 1_700_000_000_000_000_100n,
    };
    call.send(command);
    call.halfClose();
    await call.response;
    expect(commandsOf(test.engine)).toEqual([command]);
  });

  it("takes an explicit 0 or false for a value, and counts commands that say nothing", async () => {
    await using test = await openMod();
    const call = test.raw.clientStream(drive);
    call.send({ velocity: 0, jump: false });
    call.send({});
    call.send({ unixNanos: 100n });
    call.halfClose();
    expect((await call.response).receivedCount).toBe(3n);
    expect(test.engine.state.locomotion).toMatchObject({ velocity: 0, isJumpPending: false, unixNanos: 100n });
  });

  it("answers an empty stream with 0 commands", async () => {
    await using test = await openMod();
    const call = test.raw.clientStream(drive);
    call.halfClose();
    expect((await call.response).receivedCount).toBe(0n);
    expect(endsOf(test.engine)).toEqual(["graceful"]);
  });

  it("applies each command at once, while the stream stays open", async () => {
    await using test = await openMod();
    const call = test.raw.clientStream(drive);
    call.send({ moveForward: 1 });
    await test.engine.until(({ state }) => state.locomotion.moveForward === 1);
    await test.clock.advance(500);
    expect(test.engine.state.avatar.position.z).toBeGreaterThan(-4);
    call.halfClose();
    await call.response;
  });

  it("keeps the avatar moving after a half-close, until a reset", async () => {
    await using test = await openMod();
    const call = test.raw.clientStream(drive);
    call.send({ moveForward: 0.2, velocity: 2, crouch: 1 });
    call.halfClose();
    await call.response;
    await test.clock.advance(tickMs);
    expect(test.engine.state.locomotion).toMatchObject({ moveForward: expect.closeTo(0.2, 6), velocity: 2, crouch: 1 });
    const { z } = test.engine.state.avatar.position;
    await test.clock.advance(500);
    expect(test.engine.state.avatar.position.z).toBeGreaterThan(z);

    await test.raw.unary(reset, {});
    await test.clock.advance(tickMs);
    expect(test.engine.state.locomotion).toMatchObject({ moveForward: 0, velocity: 1, crouch: 0 });
    const stopped = test.engine.state.avatar.position.z;
    await test.clock.advance(500);
    expect(test.engine.state.avatar.position.z).toBe(stopped);
  });

  it("resets everything at the next tick when the caller cancels while the next command is awaited", async () => {
    await using test = await openMod();
    using call = new PlainDrive(test.mod.socketPath);
    call.send({ moveForward: 1, yawRate: 90, crouch: 1 });
    await test.engine.until(({ state }) => state.locomotion.moveForward === 1);
    call.cancel();
    await test.engine.until((engine) => endsOf(engine).length > 0);
    expect(endsOf(test.engine)).toEqual(["cancelled"]);
    expect(test.engine.state.locomotion.moveForward).toBe(1);
    await test.clock.advance(tickMs);
    expect(test.engine.state.locomotion).toMatchObject({ moveForward: 0, yawRate: 0, crouch: 0, velocity: 1 });
    await test.engine.until(({ journal }) => journal.calls("locomotion.drive").length > 0);
    expect(test.engine.journal.calls("locomotion.drive").map(({ status }) => status)).toEqual(["Canceled"]);
  });

  it("does not let a cancelled call get at the next one", async () => {
    await using test = await openMod();
    using first = new PlainDrive(test.mod.socketPath);
    first.send({ moveForward: 1 });
    await test.engine.until(({ state }) => state.locomotion.moveForward === 1);
    first.cancel();
    await test.engine.until((engine) => endsOf(engine).length > 0);
    await test.clock.advance(tickMs);

    const second = test.raw.clientStream(drive);
    second.send({ moveRight: 1 });
    second.halfClose();
    expect((await second.response).receivedCount).toBe(1n);
    await test.clock.advance(tickMs);
    expect(endsOf(test.engine)).toEqual(["cancelled", "graceful"]);
    expect(test.engine.state.locomotion).toMatchObject({ moveForward: 0, moveRight: 1 });
  });

  it("merges parallel streams, and one that is cancelled resets what the others set", async () => {
    await using test = await openMod();
    const one = test.raw.clientStream(drive);
    using other = new PlainDrive(test.mod.socketPath);
    one.send({ moveForward: 1 });
    await test.engine.until(({ state }) => state.locomotion.moveForward === 1);
    other.send({ yawRate: 30, moveForward: 0.5 });
    await test.engine.until(({ state }) => state.locomotion.yawRate === 30);
    expect(test.engine.state.locomotion).toMatchObject({ moveForward: 0.5, yawRate: 30 });

    other.cancel();
    await test.engine.until((engine) => endsOf(engine).length > 0);
    await test.clock.advance(tickMs);
    expect(test.engine.state.locomotion).toMatchObject({ moveForward: 0, yawRate: 0 });
    one.send({ moveForward: 1 });
    one.halfClose();
    expect((await one.response).receivedCount).toBe(2n);
    expect(endsOf(test.engine)).toEqual(["cancelled", "graceful"]);
  });

  it.each([
    ["a lost connection", {}, (call: PlainDrive) => call.cutConnection()],
    ["a passed deadline", { "grpc-timeout": "20m" }, () => {}],
  ])("resets everything after %s", async (_, headers, loseIt) => {
    await using test = await openMod();
    using call = new PlainDrive(test.mod.socketPath, headers);
    call.send({ moveForward: 1 });
    await test.engine.until((engine) => commandsOf(engine).length === 1);
    loseIt(call);
    await test.engine.until((engine) => endsOf(engine).length > 0);
    await test.clock.advance(tickMs);
    expect(endsOf(test.engine)).toEqual(["cancelled"]);
    expect(test.engine.state.locomotion.moveForward).toBe(0);
  });

  it("resets everything when it breaks, and answers INTERNAL", async () => {
    await using test = await openMod();
    const { locomotion } = test.engine;
    const command = locomotion.command.bind(locomotion);
    locomotion.command = (next) => {
      if (next.crouch === 1) throw new Error("no knees");
      command(next);
    };
    const call = test.raw.clientStream(drive);
    call.send({ moveForward: 1 });
    call.send({ crouch: 1 });
    expect(await statusOf(call.response)).toEqual({ code: "INTERNAL", details: "Locomotion stream faulted: no knees" });
    expect(endsOf(test.engine)).toEqual(["errored"]);
    await test.clock.advance(tickMs);
    expect(test.engine.state.locomotion.moveForward).toBe(0);
  });

  it("tells about the end of a call in process too, even while it waits for the next command", async () => {
    await using test = await openMod();
    const client = createClient(services.locomotion, test.mod.transport());
    const controller = new AbortController();
    const call = client.drive(oneCommandThenSilence(), { signal: controller.signal });
    await test.engine.until(({ state }) => state.locomotion.moveForward === 1);
    controller.abort();
    await expect(call).rejects.toMatchObject({ code: Code.Canceled });
    await test.engine.until((engine) => engine.journal.calls("locomotion.drive").length > 0);
    expect(endsOf(test.engine)).toEqual(["cancelled"]);
    await test.clock.advance(tickMs);
    expect(test.engine.state.locomotion.moveForward).toBe(0);

    async function* finished() {
      yield { moveRight: 1 };
    }
    expect((await client.drive(finished())).receivedCount).toBe(1n);
    expect(endsOf(test.engine)).toEqual(["cancelled", "graceful"]);
  });

  it("takes a caller in process that breaks off for one that cancels", async () => {
    await using test = await openMod();
    const client = createClient(services.locomotion, test.mod.transport());
    async function* breaking() {
      yield { moveForward: 1 };
      throw new Error("stumbled");
    }
    await expect(client.drive(breaking())).rejects.toThrow();
    await test.engine.until((engine) => endsOf(engine).length > 0);
    expect(endsOf(test.engine)).toEqual(["cancelled"]);
  });

  it("fails with UNAVAILABLE without a bridge, and takes commands while the engine is starting", async () => {
    await using test = await openMod({ faults: { absentBridges: ["locomotion"] } });
    expect(await statusOf(test.raw.clientStream(drive).response)).toEqual({
      code: "UNAVAILABLE",
      details: "Locomotion bridge is not configured.",
    });
    test.mod.faults.set({ absentBridges: [], bootMs: 10_000 });
    const call = test.raw.clientStream(drive);
    call.send({ moveForward: 1 });
    call.halfClose();
    expect((await call.response).receivedCount).toBe(1n);
  });

  it("fails with INTERNAL when the bridge throws", async () => {
    await using test = await openMod({ faults: { throwingBridges: ["locomotion"] } });
    expect(await statusOf(test.raw.clientStream(drive).response)).toEqual({
      code: "INTERNAL",
      details: "Locomotion stream faulted: injected bridge fault",
    });
    expect(endsOf(test.engine)).toEqual(["errored"]);
  });
});

describe("Locomotion.Reset", () => {
  it("takes no group for all groups, and says so", async () => {
    await using test = await openMod();
    const summary = await test.raw.unary(reset, { unixNanos: 5n });
    expect(summary).toMatchObject({ move: true, look: true, crouch: true, jump: true });
    expect(summary.unixNanos).toBe(test.clock.unixNanos());
    expect(test.engine.journal.changes("locomotionReset")).toMatchObject([
      { move: true, look: true, crouch: true, jump: true },
    ]);
  });

  it.each([
    { move: true, look: true, crouch: false, jump: false },
    { move: false, look: false, crouch: false, jump: true },
    { move: true, look: true, crouch: true, jump: true },
  ])("resets exactly $move $look $crouch $jump", async (groups) => {
    await using test = await openMod();
    expect(await test.raw.unary(reset, groups)).toMatchObject(groups);
    expect(test.engine.journal.changes("locomotionReset")).toMatchObject([groups]);
  });

  it("does not disturb an open stream", async () => {
    await using test = await openMod();
    const call = test.raw.clientStream(drive);
    call.send({ moveForward: 1, yawRate: 10 });
    await test.engine.until(({ state }) => state.locomotion.moveForward === 1);
    await test.raw.unary(reset, { move: true });
    await test.clock.advance(tickMs);
    expect(test.engine.state.locomotion).toMatchObject({ moveForward: 0, yawRate: 10 });
    call.send({ moveForward: 1 });
    call.halfClose();
    expect((await call.response).receivedCount).toBe(2n);
    expect(test.engine.state.locomotion.moveForward).toBe(1);
  });

  it("comes before the commands that follow it", async () => {
    await using test = await openMod();
    await test.raw.unary(reset, {});
    await test.clock.advance(tickMs);
    const call = test.raw.clientStream(drive);
    call.send({ moveForward: 1 });
    call.halfClose();
    await call.response;
    expect(test.engine.journal.entries.map((entry) => (entry.kind === "change" ? entry.what : entry.rpc))).toEqual([
      "locomotionReset",
      "locomotion.reset",
      "locomotionCommanded",
      "driveEnded",
      "locomotion.drive",
    ]);
    await test.clock.advance(tickMs);
    expect(test.engine.state.locomotion.moveForward).toBe(1);
  });

  it("fails with UNAVAILABLE without a bridge and with INTERNAL when it throws", async () => {
    await using test = await openMod({ faults: { absentBridges: ["locomotion"] } });
    expect(await statusOf(test.raw.unary(reset, {}))).toEqual({
      code: "UNAVAILABLE",
      details: "Locomotion bridge is not configured.",
    });
    test.mod.faults.set({ absentBridges: [], throwingBridges: ["locomotion"] });
    expect(await statusOf(test.raw.unary(reset, {}))).toEqual({
      code: "INTERNAL",
      details: "Locomotion bridge faulted: injected bridge fault",
    });
  });
});

/**
 * A call of Drive without a gRPC library. Those for Node.js end the stream just before they reset it, and the mod, which sees
 * the end first, takes that for a half-close.
 */
class PlainDrive implements Disposable {
  readonly #socket: Socket;
  readonly #session: http2.ClientHttp2Session;
  readonly #stream: http2.ClientHttp2Stream;
  readonly #cancelled = new AbortController();

  constructor(socketPath: string, headers: http2.OutgoingHttpHeaders = {}) {
    this.#socket = connectSocket(socketPath);
    this.#session = http2.connect("http://localhost", { createConnection: () => this.#socket });
    this.#session.on("error", () => {});
    this.#stream = this.#session.request(
      {
        ":method": "POST",
        ":path": "/resonite_io.v1.Locomotion/Drive",
        "content-type": "application/grpc",
        te: "trailers",
        ...headers,
      },
      { signal: this.#cancelled.signal },
    );
    this.#stream.on("error", () => {});
  }

  send(command: MessageInitShape<typeof LocomotionCommandSchema>): void {
    this.#stream.write(frameMessage(toBinary(LocomotionCommandSchema, create(LocomotionCommandSchema, command))));
  }

  /** Resets the stream with the code CANCEL, and nothing else. */
  cancel(): void {
    this.#cancelled.abort();
  }

  cutConnection(): void {
    this.#socket.destroy();
  }

  [Symbol.dispose](): void {
    this.#session.destroy();
  }
}

/** What a caller sends who says nothing more, not even when the call is over. */
async function* oneCommandThenSilence() {
  yield { moveForward: 1 };
  await new Promise(() => {});
}
