import { Code } from "@resoio/core";
import { describe, expect, it } from "vitest";
import { callFailure, connected } from "../testing/client-fixtures.js";
import {
  creditFrame,
  endFrame,
  frame,
  headerFrame,
  messageFrame,
  ScriptedProxy,
  types,
} from "../testing/scripted-proxy.js";

const empty = Buffer.alloc(0);

describe("a proxy that breaks the protocol is left with a close code and a reason", () => {
  it.each([
    ["a text message", 4400, "hello"],
    ["half a header of a frame", 4400, Buffer.from([types.data, 0, 0, 0, 1, 0])],
    ["a frame that says it is longer than the message", 4400, frame(types.data, 1, Buffer.alloc(5), 6)],
    ["rest behind a frame", 4400, Buffer.concat([frame(types.pong, 0), Buffer.from([1])])],
    ["a frame of type 0", 4400, frame(0, 1)],
    ["a frame of type 11", 4400, frame(11, 1)],
    ["a payload above 64 KiB", 4400, frame(types.data, 1, Buffer.alloc(65_537))],
    [
      "a message above 1 MiB",
      4400,
      Buffer.concat(Array<Buffer>(17).fill(Buffer.from(frame(types.data, 1, Buffer.alloc(65_000))))),
    ],
    ["a second HELLO", 4400, frame(types.hello, 0)],
    ["an OPEN", 4400, frame(types.open, 1)],
    ["a HALF_CLOSE", 4400, frame(types.halfClose, 1)],
    ["a CANCEL", 4400, frame(types.cancel, 1)],
    ["a HEADER that is none", 4400, frame(types.header, 1, Buffer.from([0xff]))],
    ["a HEADER with a name that is none", 4400, headerFrame(1, { "a b": "c" })],
    ["an END that is none", 4400, frame(types.end, 1, Buffer.from([0xff]))],
    ["a CREDIT of 0", 4400, creditFrame(1, 0)],
    ["a CREDIT that is too short", 4400, frame(types.credit, 1, Buffer.alloc(3))],
    ["a PING of 9 bytes", 4400, frame(types.ping, 0, Buffer.alloc(9))],
    ["a PONG of 9 bytes", 4400, frame(types.pong, 0, Buffer.alloc(9))],
    ["more data than credit", 4402, frame(types.data, 1, Buffer.alloc(50_001))],
    ["more credit than there can be", 4402, Buffer.concat([creditFrame(1, 2 ** 31 - 1), creditFrame(1, 1)])],
    ["a PING for a call", 4403, frame(types.ping, 1)],
    ["a PONG for a call", 4403, frame(types.pong, 1)],
    ["DATA for the connection", 4403, messageFrame(0, empty)],
    ["a HEADER for the connection", 4403, headerFrame(0)],
    ["an END without OPEN", 4403, endFrame(2)],
    ["DATA without OPEN", 4403, messageFrame(0xffff_ffff, empty)],
    ["CREDIT without OPEN", 4403, creditFrame(2, 5)],
    ["a second HEADER", 4403, Buffer.concat([headerFrame(1), headerFrame(1)])],
    ["a HEADER behind DATA", 4403, Buffer.concat([messageFrame(1, empty), headerFrame(1)])],
  ])("%s: %i", async (_, closeCode, message) => {
    await using proxy = await ScriptedProxy.start();
    await using client = await connected(proxy, { receiveWindowBytes: 50_000 });
    const failure = callFailure(client.resonite.connection.ping());
    await client.peer.opened(1);
    client.peer.socket.send(message);

    const error = await failure;
    expect(error.code).toBe(Code.Unavailable);
    expect(error.rawMessage).toContain("broke the protocol");
    const { code, reason } = await client.peer.closed;
    expect(code).toBe(closeCode);
    expect(reason).not.toBe("");
  });
});

describe("a proxy is allowed", () => {
  it.each([
    ["an empty message", empty],
    ["an empty frame of DATA", frame(types.data, 1)],
    ["a PING of 8 bytes", frame(types.ping, 0, Buffer.alloc(8))],
    ["a PONG that nobody asked for", frame(types.pong, 0)],
    [
      "a payload of 64 KiB",
      frame(types.data, 1, Buffer.concat([Buffer.from([0, 0, 0, 0xff, 0xfb]), Buffer.alloc(65_531)])),
    ],
    ["all the credit there can be", creditFrame(1, 2 ** 31 - 1 - 64 * 1024 * 1024 + 11)],
    [
      "anything for a call that is over",
      Buffer.concat([endFrame(1), messageFrame(1, empty), headerFrame(1), endFrame(1)]),
    ],
  ])("%s", async (_, message) => {
    await using proxy = await ScriptedProxy.start();
    await using client = await connected(proxy);
    const call = client.resonite.connection.ping("hell").catch(() => {});
    await client.peer.next(types.halfClose, 1);
    client.peer.socket.send(message);
    await client.peer.settled();
    await client.transport.close();
    await call;
    expect((await client.peer.closed).code).toBe(1000);
  });
});
