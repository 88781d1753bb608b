// For the other rooms of this repository only. Does not follow semantic versioning.

export { type FrameHeader, type FrameListener, FrameReader } from "./fast-http2/frame-reader.js";
export { createFrame, createNumberFrame } from "./fast-http2/frame-writer.js";
export { HpackDecoder } from "./fast-http2/hpack/hpack-decoder.js";
export { encodeHeaderBlock } from "./fast-http2/hpack/hpack-encoder.js";
export {
  defaultMaxFrameBytes,
  defaultWindowBytes,
  errorCodes,
  frameFlags,
  frameHeaderBytes,
  frameTypes,
  settingIds,
} from "./fast-http2/http2-codes.js";
