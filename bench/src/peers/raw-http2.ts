import { once } from "node:events";
import * as http2 from "node:http2";
import { connect } from "node:net";
import { create, toBinary } from "@bufbuild/protobuf";
import { services } from "@resoio/core";
import { MessageAssembler, pathOf } from "@resoio/core/internal";
import { listingLength, spokenFrame } from "../content.ts";
import type { Peer } from "./peer.ts";

/**
 * Node's `http2` by itself, with the windows that ours has: requests and bytes, put together to messages with one allocation and one
 * copy each. No status is looked at, no message is decoded.
 */
export async function openRawHttp2(socketPath: string): Promise<Peer> {
  const session = http2.connect("http://localhost", {
    createConnection: () => connect({ path: socketPath }),
    settings: { enablePush: false, initialWindowSize: 16 * 1024 * 1024 },
    maxSessionMemory: 1024,
  });
  await once(session, "remoteSettings");
  session.setLocalWindowSize(32 * 1024 * 1024);
  const { camera, speaker, microphone, connection, inventory } = services;
  const start = (path: string) =>
    session.request({ ":method": "POST", ":path": path, "content-type": "application/grpc+proto", te: "trailers" });

  async function readStream(path: string, onMessage: (byteLength: number) => boolean): Promise<void> {
    const stream = start(path);
    const { promise, resolve } = Promise.withResolvers<void>();
    let isLeft = false;
    onMessages(stream, (message) => {
      if (isLeft || onMessage(message.byteLength)) return;
      isLeft = true;
      stream.close(http2.constants.NGHTTP2_CANCEL);
      resolve();
    });
    stream.end(framed(new Uint8Array()));
    await promise;
  }

  async function callUnary(path: string, request: Uint8Array): Promise<Uint8Array> {
    const stream = start(path);
    let answer: Uint8Array = new Uint8Array();
    onMessages(stream, (message) => {
      answer = message;
    });
    stream.end(framed(request));
    await once(stream, "close");
    return answer;
  }

  const ping = toBinary(connection.method.ping.input, create(connection.method.ping.input, { message: "ping" }));
  return {
    readPictures: (onPicture) => readStream(pathOf(camera.method.streamFrames), onPicture),
    readSound: (onSound) => readStream(pathOf(speaker.method.streamAudio), onSound),
    async speak(count) {
      const stream = start(pathOf(microphone.method.streamAudio));
      const schema = microphone.method.streamAudio.input;
      let isAnswered = false;
      onMessages(stream, () => {
        isAnswered = true;
      });
      for (let sent = 0; sent < count; sent++) {
        const message = framed(toBinary(schema, create(schema, spokenFrame(sent))));
        if (!stream.write(message)) await once(stream, "drain");
      }
      stream.end();
      await once(stream, "close");
      return isAnswered ? count : 0;
    },
    async ping() {
      await callUnary(pathOf(connection.method.ping), ping);
    },
    async list() {
      const answer = await callUnary(pathOf(inventory.method.list), new Uint8Array());
      return answer.byteLength > listingLength ? listingLength : 0;
    },
    async close() {
      session.destroy();
    },
  };
}

function onMessages(stream: http2.ClientHttp2Stream, onMessage: (message: Uint8Array) => void): void {
  const assembler = new MessageAssembler(64 * 1024 * 1024, { allocate: Buffer.allocUnsafeSlow });
  stream.on("error", () => {
    // Our own cancellation.
  });
  stream.on("data", (chunk: Buffer) => assembler.push(chunk, onMessage));
}

function framed(message: Uint8Array): Buffer {
  const bytes = Buffer.alloc(5 + message.byteLength);
  bytes.writeUInt32BE(message.byteLength, 1);
  bytes.set(message, 5);
  return bytes;
}
