import { create, toBinary } from "@bufbuild/protobuf";
import { ChannelUpSchema } from "@resoio/core/gen/resoio/web/v1/channel_pb";
import { OpenSchema } from "@resoio/core/gen/resoio/web/v1/wire_pb";
import type { ChannelSchema } from "@resoio/web-proxy/channels";

/** The bytes of a frame of docs/websocket-protocol.md, of call 1. */
function frame(type: number, payload: Uint8Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(9 + payload.byteLength);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, type);
  view.setUint32(1, 1);
  view.setUint32(5, payload.byteLength);
  bytes.set(payload, 9);
  return bytes;
}

/** Opens call 1, which joins a channel. */
export function openFrame(): Uint8Array<ArrayBuffer> {
  const open = create(OpenSchema, { path: "/resoio.web.v1.Channels/Join", sendCredit: 1_000_000 });
  return frame(2, toBinary(OpenSchema, open));
}

/** A message of call 1, as one WebSocket message of however many frames it takes. */
export function dataFrames(message: Uint8Array): Uint8Array<ArrayBuffer> {
  const framed = new Uint8Array(5 + message.byteLength);
  new DataView(framed.buffer).setUint32(1, message.byteLength);
  framed.set(message, 5);
  const frames: Uint8Array[] = [];
  // Not more than there is credit for.
  for (let start = 0; start < Math.min(framed.byteLength, 200_000); start += 60_000) {
    frames.push(frame(3, framed.subarray(start, Math.min(start + 60_000, 200_000))));
  }
  return Uint8Array.from(Buffer.concat(frames));
}

/** What joins a channel: the frames, each a WebSocket message. */
export function joinFrames({ name, fingerprint }: ChannelSchema): Uint8Array<ArrayBuffer>[] {
  const join = create(ChannelUpSchema, { kind: { case: "join", value: { channel: name, schema: { fingerprint } } } });
  return [openFrame(), dataFrames(toBinary(ChannelUpSchema, join))];
}
