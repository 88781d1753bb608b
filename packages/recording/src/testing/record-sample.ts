import { create, toBinary } from "@bufbuild/protobuf";
import { Code, ConnectError, rpcs } from "@resoio/core";
import { CameraFrameFormat, CameraFrameSchema } from "@resoio/core/gen/resonite_io/v1/camera_pb";
import { PingRequestSchema, PingResponseSchema } from "@resoio/core/gen/resonite_io/v1/connection_pb";
import { createRecording } from "../writer/create-recording.js";
import type { RecordingSummary } from "../writer/recording.js";
import type { RecordingOptions } from "../writer/recording-options.js";
import { MemorySink } from "./memory-sink.js";
import { TestClock } from "./test-clock.js";

/** Everything that {@link recordSample} has told the recording, in order: topic, recorded time, bytes. */
export type Told = readonly (readonly [topic: string, atMs: number, bytes: Uint8Array])[];

/** What {@link recordSample} gives. */
export interface Sample {
  readonly bytes: Uint8Array;
  readonly told: Told;
  readonly summary: RecordingSummary;
}

/** Records a camera, pings between its frames, and a call that fails. */
export async function recordSample({
  frames = 40,
  pixels = 600,
  ...options
}: Partial<RecordingOptions> & { readonly frames?: number; readonly pixels?: number } = {}): Promise<Sample> {
  const clock = new TestClock();
  const sink = new MemorySink();
  const recording = createRecording({ sink, clock, chunkBytes: 8_192, ...options });
  const told: [string, number, Uint8Array][] = [];
  const camera = recording.call(rpcs["camera.streamFrames"].method);
  const ping = rpcs["connection.ping"].method;
  camera?.request(new Uint8Array(0));
  told.push(["/rpc/camera.streamFrames/request", 0, new Uint8Array(0)]);
  for (let index = 0; index < frames; index++) {
    clock.advance(100 / 3);
    const frame = encodeFrame(index, pixels, clock.unixNanos());
    camera?.response(frame);
    told.push(["/rpc/camera.streamFrames/response", clock.nowMs(), frame]);
    const call = recording.call(ping, { client: `page ${index % 3}` });
    const message = `ping ${index}`;
    const request = toBinary(PingRequestSchema, create(PingRequestSchema, { message }));
    const response = toBinary(
      PingResponseSchema,
      create(PingResponseSchema, { message, serverUnixNanos: BigInt(index) }),
    );
    call?.request(request);
    told.push(["/rpc/connection.ping/request", clock.nowMs(), request]);
    clock.advance(2);
    call?.response(response);
    told.push(["/rpc/connection.ping/response", clock.nowMs(), response]);
    call?.end(index % 10 === 9 ? new ConnectError("too late", Code.DeadlineExceeded) : undefined);
    // So that the chunks are stored as they would be.
    if (index % 4 === 3) await nextTurn();
  }
  camera?.end(new ConnectError("the page is gone", Code.Canceled));
  const summary = await recording.end();
  return { bytes: sink.bytes, told, summary };
}

function encodeFrame(index: number, pixels: number, unixNanos: bigint): Uint8Array {
  return toBinary(
    CameraFrameSchema,
    create(CameraFrameSchema, {
      width: pixels,
      height: 1,
      format: CameraFrameFormat.RGBA8,
      frameId: BigInt(index),
      unixNanos,
      pixels: new Uint8Array(4 * pixels).map((_, offset) => (offset * (index + 1)) % 251),
    }),
  );
}

async function nextTurn(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}
