import { create, toBinary } from "@bufbuild/protobuf";
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { rpcs, services } from "@resoio/core";
import { PingRequestSchema } from "@resoio/core/gen/resonite_io/v1/connection_pb";
import { describe, expect, it } from "vitest";
import { startMockServer } from "../start-mock-server.js";
import { failureOf } from "../testing/failure-of.js";
import { RecordingMaker, worldNamed } from "../testing/make-recording.js";
import { type OpenPlayed, openPlayed } from "../testing/open-played.js";
import { grpcFrame, RawHttp2 } from "../testing/raw-http2.js";
import { settleUntil } from "../testing/settle-until.js";

const getCurrent = services.world.method.getCurrent;
const { focus } = services.world.method;

/** Three answers to one request, and one to another. */
function makeWorlds(): RecordingMaker {
  return new RecordingMaker()
    .at(1_000)
    .unary(getCurrent, {}, worldNamed("Home"))
    .at(2_000)
    .unary(getCurrent, {}, worldNamed("Gallery"))
    .at(2_500)
    .unary(focus, { handle: 4 }, { world: { name: "Focused" } })
    .at(3_000)
    .unary(getCurrent, {}, worldNamed("Workshop"))
    .at(9_000);
}

async function worldAt({ playback, resonite }: OpenPlayed, ms: number): Promise<string | undefined> {
  await playback.seekMs(ms);
  return (await resonite.world.getCurrent())?.name;
}

describe("a unary call that was recorded", () => {
  it("gets the answer to the last one with the same request that was made before that moment, or else the first one", async () => {
    await using played = await openPlayed(makeWorlds());
    played.playback.pause();
    const times = [0, 999, 1_000, 1_999.999_999, 2_000, 2_999, 3_000, 8_000, 2_100, 500];
    const names: (string | undefined)[] = [];
    for (const ms of times) names.push(await worldAt(played, ms));
    expect(names).toEqual([
      ...["Home", "Home", "Home", "Home", "Gallery", "Gallery", "Workshop", "Workshop", "Gallery", "Home"],
    ]);
  });

  it("is answered in the bytes that were recorded", async () => {
    const maker = new RecordingMaker().open("world.getCurrent");
    // What we would write otherwise: a number in more bytes than it needs.
    const bytes = Uint8Array.of(0x10, 0x81, 0x80, 0x00);
    const tap = maker.recording.call(getCurrent);
    tap?.request(new Uint8Array(0));
    tap?.response(bytes);
    tap?.end(undefined);
    await using mod = await startMockServer({ play: { recording: await maker.reader() } });
    using client = new RawHttp2(mod.socketPath);
    const { stream, answer } = client.request(rpcs["world.getCurrent"].path);
    stream.end(grpcFrame(new Uint8Array(0)));
    expect((await answer).body).toEqual(grpcFrame(bytes));
  });

  it("is found by what the request says, however it was encoded", async () => {
    const maker = new RecordingMaker();
    const tap = maker.recording.call(focus);
    tap?.request(Uint8Array.of(0x08, 0x84, 0x80, 0x00));
    tap?.response(new Uint8Array(0));
    tap?.end(undefined);
    await using played = await openPlayed(maker);
    const client = createClient(services.world, played.transport);
    expect((await client.focus({ handle: 4 })).world).toBeUndefined();
    expect((await failureOf(client.focus({ handle: 5 }))).code).toBe(Code.NotFound);
  });

  it("is its own answer among those of calls that ran at the same time, by when it was made", async () => {
    const maker = new RecordingMaker();
    const tapAt = (ms: number) => {
      const tap = maker.at(ms).recording.call(getCurrent);
      tap?.request(new Uint8Array(0));
      return tap;
    };
    const answer = (name: string) => toBinary(getCurrent.output, create(getCurrent.output, worldNamed(name)));
    const [first, second] = [tapAt(1_000), tapAt(2_000)];
    // The one that was made later is answered first.
    maker.at(3_000);
    second?.response(answer("second"));
    second?.end(undefined);
    maker.at(4_000);
    first?.response(answer("first"));
    first?.end(undefined);
    await using played = await openPlayed(maker.at(9_000));
    played.playback.pause();
    expect([await worldAt(played, 1_500), await worldAt(played, 5_000)]).toEqual(["first", "second"]);
  });

  it("is found whenever it is sent, which some requests say", async () => {
    const { reset } = services.locomotion.method;
    const maker = new RecordingMaker().unary(reset, { move: true, unixNanos: 5n }, { move: true, unixNanos: 6n });
    await using played = await openPlayed(maker);
    const client = createClient(services.locomotion, played.transport);
    expect(await client.reset({ move: true, unixNanos: 7n })).toMatchObject({ move: true, unixNanos: 6n });
    expect((await failureOf(client.reset({ look: true, unixNanos: 5n }))).code).toBe(Code.NotFound);
  });

  it("fails as it failed then, with the message and the details", async () => {
    const error = new ConnectError("no such world", Code.OutOfRange, undefined, [
      { desc: PingRequestSchema, value: { message: "more" } },
    ]);
    await using played = await openPlayed(new RecordingMaker().unary(focus, { handle: 4 }, error));
    const failure = await failureOf(played.resonite.world.focus(4));
    expect(failure).toMatchObject({ code: Code.OutOfRange, rawMessage: "no such world" });
    expect(failure.findDetails(PingRequestSchema)).toMatchObject([{ message: "more" }]);
  });

  it.each([
    ["cancelled", Code.Canceled],
    ["gave up", Code.DeadlineExceeded],
  ])("is no answer when its caller %s", async (_, code) => {
    const maker = new RecordingMaker().unary(getCurrent, {}, new ConnectError("enough", code));
    await using played = await openPlayed(maker);
    expect((await failureOf(played.resonite.world.getCurrent())).code).toBe(Code.Unavailable);
  });

  it("is no answer when the recording broke off before it came", async () => {
    await using played = await openPlayed(new RecordingMaker().unary(getCurrent, {}, undefined));
    expect((await failureOf(played.resonite.world.getCurrent())).code).toBe(Code.Unavailable);
  });

  it.each([
    [1, 700],
    [2, 350],
    [0.5, 1_400],
  ])("takes as long as it took then, at speed %d: %d ms", async (speed, ms) => {
    const maker = new RecordingMaker().at(100).unary(getCurrent, {}, worldNamed("Home"), 700).at(9_000);
    await using played = await openPlayed(maker, { play: { speed } });
    let answered: number | undefined;
    const call = played.resonite.world.getCurrent().then(() => {
      answered = played.clock.nowMs();
    });
    await settleUntil(played.clock, () => played.playback.state === "playing");
    for (let passed = 0; passed < ms; passed += 10) {
      await played.clock.advance(10);
      await played.resonite.connection.ping("is it here?");
      expect(answered).toBe(passed + 10 < ms ? undefined : ms);
    }
    await call;
  });

  it.each(["paused", "without latency"] as const)("is answered at once while it is %s", async (how) => {
    const maker = new RecordingMaker().unary(getCurrent, {}, worldNamed("Home"), 700).at(9_000);
    await using played = await openPlayed(maker, { play: how === "paused" ? {} : { latency: "none" } });
    if (how === "paused") played.playback.pause();
    expect((await played.resonite.world.getCurrent())?.name).toBe("Home");
    expect(played.clock.nowMs()).toBe(0);
  });

  it("changes nothing in the simulated game", async () => {
    await using played = await openPlayed(makeWorlds());
    await played.resonite.world.focus(4);
    expect(played.mod.engine.journal.entries).toMatchObject([{ rpc: "world.focus", status: "ok", isPlayed: true }]);
  });

  it("still fails when it is told to, and waits", async () => {
    await using played = await openPlayed(makeWorlds(), {
      faults: { errors: [{ rpc: "world.getCurrent", call: 2, code: "aborted" }], absentBridges: ["camera"] },
    });
    expect((await played.resonite.world.getCurrent())?.name).toBe("Home");
    expect((await failureOf(played.resonite.world.getCurrent())).code).toBe(Code.Aborted);
    expect((await failureOf(played.resonite.camera.shot())).rawMessage).toBe("Camera bridge is not configured.");
    played.mod.faults.set({ latency: [{ rpc: "world.getCurrent", ms: 1_500 }] });
    const late = played.resonite.world.getCurrent();
    await played.clock.advance(1_500);
    // Where it is when the call gets through.
    expect((await late)?.name).toBe("Gallery");
  });
});

describe("a call that was not recorded", () => {
  it("fails with Unavailable and says what to do", async () => {
    await using played = await openPlayed(makeWorlds());
    const { code, rawMessage } = await failureOf(played.resonite.dash.open());
    expect(code).toBe(Code.Unavailable);
    expect(rawMessage).toBe(
      "the recording has no call of dash.open with an answer. Record one; or, to let the simulated game answer, play it with " +
        'otherwise: "scenario" (--play-else scenario)',
    );
  });

  it("fails with NotFound when others of its RPC were", async () => {
    await using played = await openPlayed(makeWorlds());
    const { code, rawMessage } = await failureOf(played.resonite.world.focus(5));
    expect(code).toBe(Code.NotFound);
    expect(rawMessage).toContain("the recording has one call of world.focus, but none with this request");
  });

  it("fails when it carries credentials, and says that those are never recorded", async () => {
    await using played = await openPlayed(makeWorlds());
    const { code, rawMessage } = await failureOf(played.resonite.auth.login("Robin", "correct horse"));
    expect(code).toBe(Code.Unavailable);
    expect(rawMessage).toContain("auth.login, which carries credentials: such calls are never recorded");
    expect(rawMessage).not.toContain("horse");
  });

  it("is answered by the scenario where that is chosen, which then changes", async () => {
    await using played = await openPlayed(makeWorlds(), { play: { otherwise: "scenario" } });
    const [home] = played.mod.engine.worlds.open;
    await played.resonite.world.leave(home?.handle ?? 0);
    expect(played.mod.engine.worlds.open).toEqual([]);
    expect((await played.resonite.world.getCurrent())?.name).toBe("Home");
    const { journal } = played.mod.engine;
    expect(journal.calls("world.leave").map(({ isPlayed }) => isPlayed)).toEqual([undefined]);
    expect(journal.calls("world.getCurrent").map(({ isPlayed }) => isPlayed)).toEqual([true]);
  });

  it.each(["scenario", "fail"] as const)("is counted, whoever answers: %s", async (otherwise) => {
    await using played = await openPlayed(makeWorlds(), { play: { otherwise } });
    await played.resonite.world.getCurrent();
    const { dash, world } = played.resonite;
    await Promise.allSettled([dash.getState(), dash.getState(), world.focus(5)]);
    expect(played.playback.unanswered).toEqual(
      new Map([
        ["dash.getState", 2],
        ["world.focus", 1],
      ]),
    );
  });

  it("is refused for its arguments by the scenario as by the mod, but not by the recording", async () => {
    const { fetchThumbnail } = services.world.method;
    const maker = new RecordingMaker().unary(fetchThumbnail, { uri: " " }, { data: Uint8Array.of(7) });
    await using played = await openPlayed(maker, { play: { otherwise: "scenario" } });
    const client = createClient(services.world, played.transport);
    expect((await client.fetchThumbnail({ uri: " " })).data).toEqual(Uint8Array.of(7));
    expect((await failureOf(client.fetchThumbnail({ uri: "" }))).code).toBe(Code.InvalidArgument);
  });
});

describe("what is about the mod that is here", () => {
  const { ping } = services.connection.method;

  it("is answered by it: a ping that was not recorded, which is none of the calls that it begins with", async () => {
    const maker = makeWorlds().unary(ping, { message: "recorded" }, { message: "recorded", serverUnixNanos: 7n });
    await using played = await openPlayed(maker);
    const { connection } = played.resonite;
    expect((await connection.ping("new")).serverUnixNanos).toBe(played.clock.unixNanos());
    expect((await connection.ping("recorded")).serverUnixNanos).toBe(7n);
    expect(played.playback.state).toBe("waiting");
    expect(played.playback.unanswered.size).toBe(0);
  });

  it("is done by it: a shutdown, which ends its streams in order", async () => {
    const { shutdown } = services.lifecycle.method;
    const maker = makeWorlds().unary(shutdown, {}, { accepted: false }).open("camera.streamFrames").picture(1);
    maker.open("speaker.streamAudio").sound(1).at(60_000);
    await using mod = await startMockServer({ play: { recording: await maker.reader(), otherwise: "fail" } });
    using client = new RawHttp2(mod.socketPath);
    const camera = client.request(rpcs["camera.streamFrames"].path);
    const speaker = client.request(rpcs["speaker.streamAudio"].path);
    for (const { stream } of [camera, speaker]) stream.end(grpcFrame(new Uint8Array(0)));
    await mod.engine.until(() => mod.openCalls === 2);
    const asked = client.request(rpcs["lifecycle.shutdown"].path);
    asked.stream.end(grpcFrame(new Uint8Array(0)));
    expect((await asked.answer).headers["grpc-status"]).toBe("0");
    expect((await camera.answer).headers["grpc-status"]).toBe(String(Code.FailedPrecondition));
    expect((await speaker.answer).headers["grpc-status"]).toBe("0");
    await mod.closed;
  });

  it("takes it: what steers or speaks, which no recording can follow", async () => {
    const maker = makeWorlds().open("locomotion.drive").end("locomotion.drive");
    maker.open("microphone.streamAudio").end("microphone.streamAudio");
    await using played = await openPlayed(maker);
    const { engine } = played.mod;
    const drive = played.resonite.locomotion.drive();
    drive.send({ moveForward: 1 });
    await engine.until(({ state }) => state.locomotion.moveForward === 1);
    expect(await drive.finish()).toMatchObject({ receivedCount: 1n, droppedCount: 0n });
    const spoken = await played.resonite.microphone.stream(oneChunk());
    expect(spoken).toMatchObject({ receivedFrames: 1n, receivedSamples: 480n });
    expect(engine.journal.changes("driveEnded")).toMatchObject([{ reason: "graceful" }]);
  });
});

describe("a call that steers", () => {
  it("is refused when it was refused then", async () => {
    const maker = makeWorlds().at(0).open("locomotion.drive");
    maker.end("locomotion.drive", new ConnectError("no body", Code.FailedPrecondition));
    await using played = await openPlayed(maker);
    const drive = played.resonite.locomotion.drive();
    drive.send({ moveForward: 1 });
    expect(await failureOf(drive.finish())).toMatchObject({ code: Code.FailedPrecondition, rawMessage: "no body" });
    expect(played.mod.engine.journal.changes("driveEnded")).toEqual([]);
  });

  it("goes by the call that was made last, when some were refused and others not", async () => {
    const maker = makeWorlds().at(4_000).open("locomotion.drive");
    maker.end("locomotion.drive", new ConnectError("no body", Code.FailedPrecondition));
    maker.at(5_000).open("locomotion.drive").at(6_000);
    maker.end("locomotion.drive", new ConnectError("enough", Code.Canceled)).at(9_000);
    await using played = await openPlayed(maker);
    played.playback.pause();
    const steerAt = async (ms: number): Promise<string> => {
      await played.playback.seekMs(ms);
      const drive = played.resonite.locomotion.drive();
      drive.send({ moveForward: 1 });
      return await drive.finish().then(
        () => "taken",
        (error) => Code[ConnectError.from(error).code],
      );
    };
    expect(await steerAt(0)).toBe("FailedPrecondition");
    expect(await steerAt(4_999)).toBe("FailedPrecondition");
    expect(await steerAt(5_000)).toBe("taken");
    expect(await steerAt(9_000)).toBe("taken");
  });

  it("fails when none was recorded, or goes to the scenario, as chosen", async () => {
    await using failing = await openPlayed(makeWorlds());
    const drive = failing.resonite.locomotion.drive();
    drive.send({ moveForward: 1 });
    expect((await failureOf(drive.finish())).code).toBe(Code.Unavailable);
    await using falling = await openPlayed(makeWorlds(), { play: { otherwise: "scenario" } });
    const other = falling.resonite.locomotion.drive();
    other.send({ moveForward: 1 });
    expect(await other.finish()).toMatchObject({ receivedCount: 1n });
    expect(falling.playback.unanswered).toEqual(new Map([["locomotion.drive", 1]]));
  });
});

async function* oneChunk(): AsyncGenerator<Float32Array> {
  yield new Float32Array(480);
}
