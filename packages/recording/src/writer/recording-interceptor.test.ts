import { fromBinary, toBinary } from "@bufbuild/protobuf";
import { Code, ConnectError, createClient, createRouterTransport, type Transport } from "@connectrpc/connect";
import { Auth } from "@resoio/core/gen/resonite_io/v1/auth_pb";
import { Camera } from "@resoio/core/gen/resonite_io/v1/camera_pb";
import { Connection, PingRequestSchema, PingResponseSchema } from "@resoio/core/gen/resonite_io/v1/connection_pb";
import { Locomotion, LocomotionCommandSchema } from "@resoio/core/gen/resonite_io/v1/locomotion_pb";
import { expect, it } from "vitest";
import { collect } from "../collect.js";
import { openRecording } from "../reader/open-recording.js";
import type { RecordingReader } from "../reader/recording-reader.js";
import { bytesSource } from "../reader/recording-source.js";
import { MemorySink } from "../testing/memory-sink.js";
import { createRecording } from "./create-recording.js";
import type { Recording } from "./recording.js";
import { createRecordingInterceptor } from "./recording-interceptor.js";

it("records a unary call, message for message", async () => {
  const { transport, read } = recordedTransport();
  const answer = await createClient(Connection, transport).ping({ message: "hello" });
  const reader = await read();

  expect(await collect(reader.unaryCalls())).toMatchObject([
    {
      rpc: "connection.ping",
      path: "/resonite_io.v1.Connection/Ping",
      client: "a program",
      status: { code: 0 },
      request: toBinary(PingRequestSchema, { $typeName: "resonite_io.v1.PingRequest", message: "hello" }),
      response: toBinary(PingResponseSchema, answer),
    },
  ]);
});

it("records how a call failed, which its caller hears as always", async () => {
  const { transport, read } = recordedTransport();
  const failing = createClient(Connection, transport).ping({ message: "fail" });
  await expect(failing).rejects.toMatchObject({ code: Code.Unavailable, rawMessage: "not today" });
  const reader = await read();

  const [call] = await collect(reader.unaryCalls());
  expect(call?.status).toMatchObject({ code: Code.Unavailable, message: "not today" });
  expect(call?.status?.details.map(({ typeUrl }) => typeUrl)).toEqual([
    "type.googleapis.com/resonite_io.v1.PingRequest",
  ]);
  expect(call?.response).toBeUndefined();
});

it("records a stream to its end", async () => {
  const { transport, read } = recordedTransport();
  const frames = await collect(createClient(Camera, transport).streamFrames({ fpsLimit: 3 }));
  const reader = await read();

  expect(frames).toHaveLength(3);
  const [call] = await collect(reader.calls());
  expect(call).toMatchObject({ kind: "server_streaming", requestCount: 1, responseCount: 3, status: { code: 0 } });
  expect((await collect(reader.frames())).map(({ frame }) => frame.message)).toEqual(frames);
});

it("holds nothing of a stream back, and makes nobody wait", async () => {
  const { transport, read } = recordedTransport();
  const cancelling = new AbortController();
  const stream = createClient(Camera, transport).streamFrames({ fpsLimit: 0 }, { signal: cancelling.signal });
  const seen: bigint[] = [];
  const reading = (async () => {
    // The stream has no end: each frame must come through by itself.
    for await (const { frameId } of stream) {
      seen.push(frameId);
      if (seen.length === 5) cancelling.abort();
    }
  })();
  await expect(reading).rejects.toMatchObject({ code: Code.Canceled });
  const reader = await read();

  expect(seen).toEqual([0n, 1n, 2n, 3n, 4n]);
  const [call] = await collect(reader.calls());
  expect(call).toMatchObject({ responseCount: 5, status: { code: Code.Canceled } });
});

it("records the end of a stream that its reader left", async () => {
  const { transport, read } = recordedTransport();
  const cancelling = new AbortController();
  const stream = createClient(Camera, transport).streamFrames({ fpsLimit: 0 }, { signal: cancelling.signal });
  for await (const _ of stream) break;
  cancelling.abort();
  const reader = await read();

  const [call] = await collect(reader.calls());
  expect(call).toMatchObject({ responseCount: 1, status: { code: Code.Canceled } });
});

it("records what a caller streams, and that nothing follows", async () => {
  const { transport, read } = recordedTransport();
  async function* commands() {
    yield { moveForward: 1 };
    yield { moveForward: 0.5 };
  }
  const summary = await createClient(Locomotion, transport).drive(commands());
  const reader = await read();

  expect(summary.receivedCount).toBe(2n);
  const [call] = await collect(reader.calls());
  expect(call).toMatchObject({ kind: "client_streaming", requestCount: 2, responseCount: 1, status: { code: 0 } });
  expect(call?.halfClosedMs).toBeDefined();
  if (call === undefined) throw new Error("there is no call");
  const sent = await collect(reader.requests(call));
  expect(sent.map(({ data }) => fromBinary(LocomotionCommandSchema, data).moveForward)).toEqual([1, 0.5]);
  expect(reader.decode(sent[0] ?? raise()).$typeName).toBe("resonite_io.v1.LocomotionCommand");
});

it("never records credentials, whatever the filter says", async () => {
  const { transport, read, sink } = recordedTransport({ filter: () => true });
  const password = "correct horse battery staple";
  await createClient(Auth, transport).login({ credential: "ada", password, totp: "314159" });
  await createClient(Auth, transport).status({});
  const reader = await read();

  expect((await collect(reader.calls())).map(({ rpc }) => rpc)).toEqual(["auth.status"]);
  const text = Buffer.from(sink.bytes).toString("latin1");
  for (const secret of [password, "314159", "auth.login", "AuthLoginRequest/", "Auth/Login"]) {
    expect(text).not.toContain(secret);
  }
});

it("lets everything through once the recording has ended, or broken off", async () => {
  const { transport, recording, read } = recordedTransport();
  await recording.end();
  expect((await createClient(Connection, transport).ping({ message: "later" })).message).toBe("later");
  expect((await read()).info.messages).toBe(0);

  const broken = createRecording({
    sink: {
      write() {
        throw new Error("no space left on device");
      },
    },
  });
  const over = createMod(broken);
  await createClient(Connection, over).ping({ message: "one" });
  await expect(broken.end()).rejects.toThrow("no space left on device");
  expect((await createClient(Connection, over).ping({ message: "two" })).message).toBe("two");
});

function recordedTransport(options: { readonly filter?: () => boolean } = {}): {
  readonly transport: Transport;
  readonly recording: Recording;
  readonly sink: MemorySink;
  readonly read: () => Promise<RecordingReader>;
} {
  const sink = new MemorySink();
  const recording = createRecording({ sink, ...options });
  return {
    transport: createMod(recording),
    recording,
    sink,
    async read() {
      await recording.end();
      return await openRecording(bytesSource(sink.bytes));
    },
  };
}

function createMod(recording: Recording): Transport {
  return createRouterTransport(
    (router) => {
      router.service(Connection, {
        ping({ message }) {
          if (message !== "fail") return { message, serverUnixNanos: 7n };
          throw new ConnectError("not today", Code.Unavailable, undefined, [
            { desc: PingRequestSchema, value: { message: "tomorrow" } },
          ]);
        },
      });
      router.service(Auth, { login: () => ({ loggedIn: true }), status: () => ({ loggedIn: true }) });
      router.service(Camera, {
        async *streamFrames({ fpsLimit }) {
          for (let index = 0; fpsLimit === 0 || index < fpsLimit; index++) {
            yield { width: 1, height: 1, frameId: BigInt(index), pixels: new Uint8Array(4).fill(index) };
          }
        },
      });
      router.service(Locomotion, {
        async drive(commands) {
          return { receivedCount: BigInt((await collect(commands)).length) };
        },
      });
    },
    { transport: { interceptors: [createRecordingInterceptor(recording, { client: "a program" })] } },
  );
}

function raise(): never {
  throw new Error("there is none");
}
