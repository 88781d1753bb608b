import { setImmediate as nextTurn } from "node:timers/promises";
import { create, toBinary } from "@bufbuild/protobuf";
import { CameraFrameSchema } from "@resoio/core/gen/resonite_io/v1/camera_pb";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { callFailure, clientOf, connected, pong } from "../testing/client-fixtures.js";
import { FakeWebSocket, greeted } from "../testing/fake-web-socket.js";
import {
  creditFrame,
  endFrame,
  frame,
  framesOf,
  headerFrame,
  ScriptedProxy,
  types,
} from "../testing/scripted-proxy.js";

const kibibyte = 1024;

describe("sending", () => {
  it("uses up its credit to the byte, waits for more, and asks for no message meanwhile", async () => {
    await using proxy = await ScriptedProxy.start({ hello: { sendCredit: 1_000 } });
    await using client = await connected(proxy);
    const upload = uploadOf(500);
    const failure = callFailure(client.resonite.rpc.microphone.streamAudio(upload.messages));
    await client.peer.until(() => client.peer.dataBytes(1) === 1_000);
    await client.peer.settled();
    expect(client.peer.dataBytes(1)).toBe(1_000);
    expect(upload.given()).toBe(2);

    client.peer.send(creditFrame(1, 7));
    client.peer.send(creditFrame(1, 700));
    await client.peer.until(() => client.peer.dataBytes(1) === 1_707);
    await client.peer.settled();
    expect(client.peer.dataBytes(1)).toBe(1_707);
    client.peer.send(endFrame(1, { code: 10 }));
    await failure;
  });

  it("starts without credit, when the proxy gives none at first", async () => {
    await using proxy = await ScriptedProxy.start({ hello: { sendCredit: 0 } });
    await using client = await connected(proxy);
    const answer = client.resonite.connection.ping("hello");
    await client.peer.opened(1);
    await client.peer.settled();
    expect(client.peer.typesOf(1)).toEqual([types.open]);
    for (let sent = 0; sent < 12; sent++) client.peer.send(creditFrame(1, 1));
    await client.peer.next(types.halfClose, 1);
    expect(client.peer.of(types.data, 1).every(({ payload }) => payload.byteLength === 1)).toBe(true);
    client.peer.send(...pong(1));
    await answer;
  });

  it("cuts large messages into pieces of 32 KiB", async () => {
    await using proxy = await ScriptedProxy.start();
    await using client = await connected(proxy);
    const failure = callFailure(client.resonite.rpc.microphone.streamAudio(uploadOf(100 * kibibyte, 1).messages));
    await client.peer.next(types.halfClose, 1);
    const lengths = client.peer.of(types.data, 1).map(({ payload }) => payload.byteLength);
    expect(lengths.slice(0, 3)).toEqual([32 * kibibyte, 32 * kibibyte, 32 * kibibyte]);
    expect(client.peer.messagesOf(1)).toHaveLength(1);
    client.peer.send(endFrame(1, { code: 10 }));
    await failure;
  });
});

describe("sending to a socket that is slow", () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  });

  afterEach(() => {
    vi.useRealTimers();
  });

  it("hands the socket no more than 128 KiB of data that do not leave, whatever the credit", async () => {
    await using client = clientOf({ url: "ws://fake" }, { webSocket: FakeWebSocket });
    const { rpc } = client.resonite;
    const uploads = [uploadOf(50_000), uploadOf(50_000)];
    const failures = uploads.map(({ messages }) => callFailure(rpc.microphone.streamAudio(messages)));
    const socket = await greeted();
    socket.isFast = false;
    await lookForRoom();
    const [first, second] = uploads;
    expect(socket.bufferedAmount).toBeGreaterThan(96 * kibibyte);
    expect(socket.bufferedAmount).toBeLessThan(161 * kibibyte);
    expect((first?.given() ?? 0) + (second?.given() ?? 0)).toBeLessThanOrEqual(6);

    const before = socket.sent.length;
    socket.drain();
    await lookForRoom();
    expect(socket.sent.length).toBeGreaterThan(before);
    await client.transport.close();
    await Promise.all(failures);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("looks for room whenever something comes, as the timers of a page in the background are late", async () => {
    await using client = clientOf({ url: "ws://fake" }, { webSocket: FakeWebSocket });
    const failure = callFailure(client.resonite.rpc.microphone.streamAudio(uploadOf(50_000).messages));
    const socket = await greeted();
    socket.isFast = false;
    await lookForRoom();
    socket.drain();
    socket.deliver(frame(types.pong, 0));
    await nextTurn();
    expect(socket.bufferedAmount).toBeGreaterThan(96 * kibibyte);
    await client.transport.close();
    await failure;
  });

  it("lets the calls take turns", async () => {
    await using client = clientOf({ url: "ws://fake" }, { webSocket: FakeWebSocket });
    const { rpc } = client.resonite;
    const failures = [1, 2, 3].map(() => callFailure(rpc.microphone.streamAudio(uploadOf(1_000_000, 1).messages)));
    const socket = await greeted();
    socket.isFast = false;
    for (let turn = 0; turn < 12; turn++) {
      socket.drain();
      await lookForRoom();
    }
    const turns = socket.sentOf(types.data).map(({ callId }) => callId);
    const counts = [1, 2, 3].map((id) => turns.slice(0, 30).filter((callId) => callId === id).length);
    expect(counts.every((count) => count >= 8)).toBe(true);
    await client.transport.close();
    await Promise.all(failures);
  });

  it("answers a PING while data waits", async () => {
    await using client = clientOf({ url: "ws://fake" }, { webSocket: FakeWebSocket });
    const failure = callFailure(client.resonite.rpc.microphone.streamAudio(uploadOf(50_000).messages));
    const socket = await greeted();
    socket.isFast = false;
    await lookForRoom();
    socket.deliver(frame(types.ping, 0, Buffer.from("?")));
    await nextTurn();
    expect(framesOf(Buffer.from(socket.sent.at(-1) ?? [])).at(-1)).toMatchObject({ type: types.pong });
    await client.transport.close();
    await failure;
  });

  it("gives up with 4408 when not even small frames leave any more", async () => {
    await using client = clientOf({ url: "ws://fake" }, { webSocket: FakeWebSocket });
    const failure = callFailure(client.transport.open().then(() => client.resonite.connection.ping()));
    const socket = await greeted();
    socket.isFast = false;
    socket.bufferedAmount = 4 * kibibyte * kibibyte;
    socket.deliver(frame(types.ping, 0));
    await failure;
    expect(socket.closedWith?.code).toBe(4408);
    // It is known to be lost, although it was so in the moment in which it was opened.
    await vi.advanceTimersByTimeAsync(1);
    const again = callFailure(client.resonite.connection.ping());
    await nextTurn();
    expect(FakeWebSocket.latest).not.toBe(socket);
    await client.transport.close();
    await again;
  });
});

describe("receiving", () => {
  it("gives back what was taken, in parts of about half the window", async () => {
    await using proxy = await ScriptedProxy.start();
    await using client = await connected(proxy, { receiveWindowBytes: 10_000 });
    const stream = client.resonite.rpc.camera.streamFrames({})[Symbol.asyncIterator]();
    const first = stream.next();
    expect((await client.peer.opened(1)).sendCredit).toBe(10_000);
    const bytes = cameraBytes(50_000);
    client.peer.send(headerFrame(1));
    let sent = 0;
    while (sent < bytes.byteLength) {
      const credit = 10_000 + client.peer.creditOf(1) - sent;
      expect(credit).toBeGreaterThan(0);
      client.peer.send(frame(types.data, 1, bytes.subarray(sent, sent + Math.min(credit, 1_000))));
      sent += Math.min(credit, 1_000, bytes.byteLength - sent);
      await client.peer.settled();
    }
    expect((await first).value).toMatchObject({ pixels: { byteLength: 50_000 } });
    expect(client.peer.of(types.credit, 1)).toHaveLength(10);
    expect(client.peer.creditOf(1)).toBe(50_000);
    client.peer.send(endFrame(1));
  });

  it("gives nothing back while the reader lets it wait, and all of it when the reader goes on", async () => {
    await using proxy = await ScriptedProxy.start();
    // The queue behind it takes a mebibyte before it lets anything wait.
    const windowBytes = 256 * kibibyte;
    await using client = await connected(proxy, { receiveWindowBytes: windowBytes });
    const stream = client.resonite.rpc.camera.streamFrames({})[Symbol.asyncIterator]();
    const first = stream.next();
    await client.peer.opened(1);
    client.peer.send(headerFrame(1));
    const message = framed(cameraBytesOf(60_000));
    let count = 0;
    while (windowBytes + client.peer.creditOf(1) - count * message.byteLength >= message.byteLength) {
      for (let offset = 0; offset < message.byteLength; offset += 30_000) {
        client.peer.send(frame(types.data, 1, message.subarray(offset, offset + 30_000)));
      }
      count++;
      await client.peer.settled();
    }
    expect(count * message.byteLength).toBeLessThan(2 * 1_048_576);
    await first;
    for (let read = 1; read < count; read++) await stream.next();
    await client.peer.settled();
    expect(client.peer.creditOf(1)).toBeGreaterThan(count * message.byteLength - windowBytes);
    client.peer.send(endFrame(1));
    expect((await stream.next()).done).toBe(true);
  });

  it("closes with 4402 when more comes than there was credit for", async () => {
    await using proxy = await ScriptedProxy.start();
    await using client = await connected(proxy, { receiveWindowBytes: 1_024 });
    const failure = callFailure(client.resonite.connection.ping());
    await client.peer.opened(1);
    client.peer.send(
      headerFrame(1),
      frame(types.data, 1, Buffer.concat([Buffer.from([0, 0, 0, 9, 0]), Buffer.alloc(1_020)])),
    );
    expect((await failure).rawMessage).toContain("1 bytes more came than there was credit for");
    expect((await client.peer.closed).code).toBe(4402);
  });
});

/** Messages of the microphone with so many bytes of samples, for ever unless `count` is given. */
function uploadOf(byteLength: number, count = Infinity) {
  let given = 0;
  async function* messages() {
    while (given < count) {
      given++;
      yield { samples: new Uint8Array(byteLength) };
    }
  }
  return { messages: messages(), given: () => given };
}

/** Lets the client look for room, which it does by a timer, until it finds none. */
async function lookForRoom(): Promise<void> {
  await vi.advanceTimersByTimeAsync(100);
}

function cameraBytesOf(pixelBytes: number): Uint8Array {
  return toBinary(CameraFrameSchema, create(CameraFrameSchema, { pixels: new Uint8Array(pixelBytes) }));
}

/** A message with its prefix, that is `length` bytes together. */
function cameraBytes(length: number): Uint8Array {
  return framed(cameraBytesOf(length));
}

function framed(message: Uint8Array): Uint8Array {
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(message.byteLength, 1);
  return Buffer.concat([prefix, message]);
}
