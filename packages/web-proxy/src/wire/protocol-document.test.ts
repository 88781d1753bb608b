import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import { fromBinary } from "@bufbuild/protobuf";
import { PingResponseSchema } from "@resoio/core/gen/resonite_io/v1/connection_pb";
import { describe, expect, it } from "vitest";
import { clientOf } from "../testing/client-fixtures.js";
import { FakeWebSocket } from "../testing/fake-web-socket.js";
import { openProxy } from "../testing/open-proxy.js";
import { RawWebSocketClient } from "../testing/raw-websocket-client.js";
import { readFrames } from "./frames.js";
import { closeCodes, frameTypes, maxBatchBytes, maxCredit, maxFrameBytes, subprotocol } from "./protocol.js";

const document = readFileSync(join(import.meta.dirname, "../../../../docs/websocket-protocol.md"), "utf8");
const [hello, request, answer] = example();

describe("docs/websocket-protocol.md", () => {
  it("shows a call as the client sends and reads it", async () => {
    await using client = clientOf({ url: "ws://fake" }, { webSocket: FakeWebSocket });
    const pong = client.resonite.connection.ping("hello");
    await nextTurn();
    const socket = FakeWebSocket.latest;
    socket.deliver(hello);
    await nextTurn();
    expect(socket.sent.map((message) => Buffer.from(message).toString("hex"))).toEqual([request.toString("hex")]);
    socket.deliver(answer);
    expect(await pong).toEqual({ message: "hello", serverUnixNanos: 1_700_000_000_000_000_000n });
    expect(await client.transport.access()).toEqual(["observe", "control"]);
  });

  it("shows a call that the proxy answers like that", async () => {
    await using open = await openProxy();
    using client = await RawWebSocketClient.connect(`${open.url.replace("http:", "ws:")}/ws`);
    client.sendBytes(request);
    expect((await client.endOf(1)).code).toBe(0);
    expect(client.frames.map(({ type }) => type)).toEqual(
      [...readFrames(hello), ...readFrames(answer)].map(({ type }) => type),
    );
    const [data] = client.framesOf(frameTypes.data, 1);
    expect(fromBinary(PingResponseSchema, data?.payload.subarray(5) ?? new Uint8Array()).message).toBe("hello");
  });

  it("names every kind of frame with its number", () => {
    const rows = [...document.matchAll(/^\| (\d+) \| ([A-Z_]+) \| (?:proxy|client|both) \|/gm)];
    const named = rows.map(([, number, name = ""]) => [name.toLowerCase().replaceAll("_", ""), Number(number)]);
    expect(Object.fromEntries(named)).toEqual(
      Object.fromEntries(Object.entries(frameTypes).map(([name, number]) => [name.toLowerCase(), number])),
    );
  });

  it("names every close code, and the limits", () => {
    const codes = [...document.matchAll(/^\| (\d{4}) \|/gm)].map(([, code]) => Number(code));
    expect(codes).toEqual(expect.arrayContaining(Object.values(closeCodes)));
    for (const limit of [maxFrameBytes, maxBatchBytes, maxCredit]) {
      expect(document).toContain(limit.toLocaleString("en"));
    }
    expect(document).toContain(`# The WebSocket protocol \`${subprotocol}\``);
  });
});

/** The bytes of the example's messages. Comments begin with `#`. */
function example(): [Buffer, Buffer, Buffer] {
  const section = document.split("## Example: one unary call")[1]?.split("\n## ")[0] ?? "";
  const [first, second, third, ...others] = [...section.matchAll(/```text\n(.*?)```/gs)].map(([, lines = ""]) => {
    const digits = lines.replaceAll(/#.*$/gm, "").replaceAll(/\s/g, "");
    expect(digits).toMatch(/^([0-9a-f]{2})+$/);
    return Buffer.from(digits, "hex");
  });
  if (first === undefined || second === undefined || third === undefined || others.length > 0) {
    throw new Error("the example is not three messages");
  }
  return [first, second, third];
}
