import { getEventListeners } from "node:events";
import { Code, ConnectError, services } from "@resoio/core";
import { type WireCallRequest, WireTransport } from "@resoio/core/internal";
import { afterEach, describe, expect, it, vi } from "vitest";
import { answerPings, connected, type OpenClient } from "../testing/client-fixtures.js";
import {
  creditFrame,
  endFrame,
  frame,
  headerFrame,
  messageFrame,
  ScriptedProxy,
  types,
} from "../testing/scripted-proxy.js";

const { streamFrames } = services.camera.method;
const { drive } = services.locomotion.method;

describe("a call in bytes", () => {
  afterEach(() => {
    vi.useRealTimers();
  });

  it("hands out nothing behind its cancellation, and gives no credit", async () => {
    await using proxy = await ScriptedProxy.start();
    await using client = await connected(proxy, { receiveWindowBytes: 1_024 });
    const call = startCall(client, { method: streamFrames });
    call.onMessage = () => call.wire.cancel(new ConnectError("enough", Code.Canceled));
    call.wire.sendLast(new Uint8Array());
    await client.peer.next(types.halfClose, 1);
    const two = Buffer.concat(
      [messageFrame(1, Buffer.alloc(400)), messageFrame(1, Buffer.alloc(400))].map((one) => one.subarray(9)),
    );
    client.peer.send(headerFrame(1), frame(types.data, 1, two));
    await client.peer.settled();
    expect(call.messages).toHaveLength(1);
    expect(call.ends).toMatchObject([{ error: { rawMessage: "enough" }, isOwnDoing: true }]);
    expect(client.peer.typesOf(1)).toEqual([types.open, types.data, types.halfClose, types.cancel]);
  });

  it("may be paused before it is open: then it gives no credit until it is resumed", async () => {
    await using proxy = await ScriptedProxy.start();
    await using client = await connected(proxy, { receiveWindowBytes: 1_024 });
    const call = createCall(client, { method: streamFrames });
    call.wire.pause();
    call.wire.start();
    call.wire.sendLast(new Uint8Array());
    await client.peer.next(types.halfClose, 1);
    client.peer.send(messageFrame(1, Buffer.alloc(1_000)));
    await client.peer.settled();
    expect(client.peer.creditOf(1)).toBe(0);
    call.wire.resume();
    await client.peer.next(types.credit, 1);
    expect(client.peer.creditOf(1)).toBe(1_005);
  });

  it("says when the proxy is behind; drained() resolves when it has caught up", async () => {
    await using proxy = await ScriptedProxy.start({ hello: { sendCredit: 5 } });
    await using client = await connected(proxy);
    const call = startCall(client, { method: drive });
    expect(call.wire.send(new Uint8Array(0))).toBe(true);
    await call.wire.drained();
    expect(call.wire.send(new Uint8Array(10))).toBe(false);
    const drained = call.wire.drained();
    await client.peer.opened(1);
    client.peer.send(creditFrame(1, 15));
    await drained;
    expect(call.wire.send(new Uint8Array(1))).toBe(false);
  });

  it.each([
    ["ends", (client: Connected) => client.peer.send(endFrame(1))],
    ["is lost", (client: Connected) => client.peer.socket.terminate()],
  ])("resolves drained() when it %s, and takes what is sent after that for sent", async (_, end) => {
    await using proxy = await ScriptedProxy.start({ hello: { sendCredit: 0 } });
    await using client = await connected(proxy);
    const call = startCall(client, { method: drive });
    expect(call.wire.send(new Uint8Array(10))).toBe(false);
    const drained = call.wire.drained();
    await client.peer.opened(1);
    end(client);
    await drained;
    expect(call.ends).toHaveLength(1);
    expect(call.wire.send(new Uint8Array(10))).toBe(true);
    await call.wire.drained();
    call.wire.halfClose();
    call.wire.cancel(new ConnectError("late", Code.Canceled));
    expect(call.ends).toHaveLength(1);
  });

  it("half-closes once, and sends nothing behind that", async () => {
    await using proxy = await ScriptedProxy.start();
    await using client = await connected(proxy);
    const call = startCall(client, { method: drive });
    call.wire.send(new Uint8Array(1));
    call.wire.halfClose();
    call.wire.halfClose();
    call.wire.send(new Uint8Array(1));
    await client.peer.settled();
    expect(client.peer.typesOf(1)).toEqual([types.open, types.data, types.halfClose]);
  });

  it("leaves neither timers nor listeners behind", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    await using proxy = await ScriptedProxy.start({ onPeer: answerPings });
    await using client = await connected(proxy);
    const controller = new AbortController();
    await client.resonite.connection.ping("x", { signal: controller.signal, timeoutMs: 60_000 });
    expect(vi.getTimerCount()).toBe(0);
    expect(getEventListeners(controller.signal, "abort")).toEqual([]);
  });
});

type Connected = Awaited<ReturnType<typeof connected>>;

function startCall(client: OpenClient, request: WireCallRequest) {
  const call = createCall(client, request);
  call.wire.start();
  return call;
}

/** A call past the messages of Connect, and what it is told. */
function createCall({ transport }: OpenClient, request: WireCallRequest) {
  if (!(transport instanceof WireTransport)) throw new Error("the transport cannot make calls in bytes");
  const messages: Uint8Array[] = [];
  const ends: { error: ConnectError | undefined; isOwnDoing: boolean }[] = [];
  const wire = transport.createCall(request, {
    onOpen() {},
    onHeader() {},
    onMessage(message) {
      messages.push(message);
      call.onMessage();
    },
    onEnd: (error, isOwnDoing) => ends.push({ error, isOwnDoing }),
  });
  const call = { wire, messages, ends, onMessage: (): void => {} };
  return call;
}
