import { create, toBinary } from "@bufbuild/protobuf";
import { Code, ConnectError, rpcs } from "@resoio/core";
import { PingRequestSchema, PingResponseSchema } from "@resoio/core/gen/resonite_io/v1/connection_pb";
import { expect, it } from "vitest";
import { bytesSource, openRecording } from "../index.js";
import { collect } from "../testing/collect.js";
import { MemorySink } from "../testing/memory-sink.js";
import { TestClock } from "../testing/test-clock.js";
import { createRecording } from "./create-recording.js";

it("gives back the calls that it was told of, with their times", async () => {
  const clock = new TestClock();
  const sink = new MemorySink();
  const recording = createRecording({ sink, clock });

  const request = toBinary(PingRequestSchema, create(PingRequestSchema, { message: "hello" }));
  const response = toBinary(PingResponseSchema, create(PingResponseSchema, { message: "hello" }));
  clock.advance(10);
  const ping = recording.call(rpcs["connection.ping"].method, { client: "page" });
  ping?.request(request);
  clock.advance(5.5);
  ping?.response(response);
  ping?.end(undefined);
  recording.call(rpcs["world.join"].method)?.end(new ConnectError("no such world", Code.NotFound));
  const summary = await recording.end();

  expect(summary).toMatchObject({
    messages: 6,
    droppedMessages: 0,
    durationMs: 15.5,
    byteLength: sink.bytes.byteLength,
  });
  const reader = await openRecording(bytesSource(sink.bytes));
  expect(reader.info).toMatchObject({ isComplete: true, durationMs: 15.5, messages: 6, times: "wall" });
  const calls = await collect(reader.unaryCalls());
  expect(calls).toMatchObject([
    {
      number: 1,
      rpc: "connection.ping",
      client: "page",
      openedMs: 10,
      endedMs: 15.5,
      status: { code: 0 },
      request,
      response,
    },
    { number: 2, rpc: "world.join", openedMs: 15.5, status: { code: Code.NotFound, message: "no such world" } },
  ]);
});
