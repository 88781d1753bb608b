import { closeCodes, type FrameType, frameTypes, maxFrameBytes } from "./protocol.js";
import { ProtocolError } from "./protocol-error.js";

/** One frame: `type`, `callId` and length in front, then `payload`, which is a view of what was received. */
export interface Frame {
  readonly type: FrameType;
  /** The call that it belongs to; 0 for the connection. */
  readonly callId: number;
  readonly payload: Uint8Array;
}

/** Length of what stands in front of every payload: type (1 byte), call (4), length (4), all big-endian. */
export const frameHeaderBytes = 9;

const knownTypes: ReadonlySet<number> = new Set(Object.values(frameTypes));

/**
 * The frames of one WebSocket message.
 *
 * Throws {@link ProtocolError} for an unknown type, a payload above the limit, and a message that ends within a frame.
 */
export function* readFrames(message: Uint8Array): Generator<Frame> {
  const view = new DataView(message.buffer, message.byteOffset, message.byteLength);
  let offset = 0;
  while (offset < message.byteLength) {
    if (message.byteLength - offset < frameHeaderBytes) {
      throw new ProtocolError(closeCodes.protocolError, "a message ended within the header of a frame");
    }
    const type = view.getUint8(offset);
    const callId = view.getUint32(offset + 1);
    const length = view.getUint32(offset + 5);
    offset += frameHeaderBytes;
    if (!isFrameType(type)) throw new ProtocolError(closeCodes.protocolError, `there is no frame of type ${type}`);
    if (length > maxFrameBytes) {
      throw new ProtocolError(closeCodes.protocolError, `a frame of ${length} bytes is above ${maxFrameBytes}`);
    }
    if (message.byteLength - offset < length) {
      throw new ProtocolError(closeCodes.protocolError, "a message ended within a frame");
    }
    yield { type, callId, payload: message.subarray(offset, offset + length) };
    offset += length;
  }
}

/** Writes what stands in front of a payload at `offset` of `target`. */
export function writeFrameHeader(
  target: DataView,
  offset: number,
  type: FrameType,
  callId: number,
  length: number,
): void {
  target.setUint8(offset, type);
  target.setUint32(offset + 1, callId);
  target.setUint32(offset + 5, length);
}

/** The bytes of several frames, one after the other. Copies the payloads. */
export function encodeFrames(frames: readonly Frame[]): Uint8Array<ArrayBuffer> {
  const byteLength = frames.reduce((sum, { payload }) => sum + frameHeaderBytes + payload.byteLength, 0);
  const message = new Uint8Array(byteLength);
  const view = new DataView(message.buffer);
  let offset = 0;
  for (const { type, callId, payload } of frames) {
    writeFrameHeader(view, offset, type, callId, payload.byteLength);
    message.set(payload, offset + frameHeaderBytes);
    offset += frameHeaderBytes + payload.byteLength;
  }
  return message;
}

function isFrameType(type: number): type is FrameType {
  return knownTypes.has(type);
}
