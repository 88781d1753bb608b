import { frameHeaderBytes } from "./http2-codes.js";

/** A frame of `byteLength` bytes of payload, with the payload left to fill in from byte 9 on. */
export function createFrame(type: number, flags: number, streamId: number, byteLength: number): Buffer {
  const frame = Buffer.allocUnsafe(frameHeaderBytes + byteLength);
  frame.writeUIntBE(byteLength, 0, 3);
  frame[3] = type;
  frame[4] = flags;
  frame.writeUInt32BE(streamId, 5);
  return frame;
}

/** A frame with a payload of one number of 32 bits: RST_STREAM, WINDOW_UPDATE. */
export function createNumberFrame(type: number, streamId: number, value: number): Buffer {
  const frame = createFrame(type, 0, streamId, 4);
  frame.writeUInt32BE(value, frameHeaderBytes);
  return frame;
}
