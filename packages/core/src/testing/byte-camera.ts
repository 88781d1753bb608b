import { create, toBinary } from "@bufbuild/protobuf";
import { CameraFrameSchema } from "../gen/resonite_io/v1/camera_pb.js";
import { CameraClient } from "../modalities/camera.js";
import { MessageMemory } from "../wire/message-memory.js";
import type { WireCallListener } from "../wire/wire-call.js";
import { WireTransport } from "../wire/wire-transport.js";
import { cameraFrame } from "./fake-camera.js";

/** Pixels on each side of the frames: enough that their memory is worth using again. */
const side = 160;

/** How many bytes the pixels of a frame have. */
export const pixelBytes = side * side * 4;

/** A frame on its way: its bytes lie in memory that can be used again, as those from a socket do. */
export function frameBytes(id: number): Uint8Array {
  const pixels = new Uint8Array(pixelBytes).fill(id);
  const encoded = toBinary(
    CameraFrameSchema,
    create(CameraFrameSchema, { ...cameraFrame(id), width: side, height: side, pixels }),
  );
  const bytes = new MessageMemory().allocate(encoded.byteLength);
  bytes.set(encoded);
  return bytes;
}

/** A camera behind a transport of ours, which hands on the very bytes that the test gives it. */
export function byteCamera() {
  const listeners: WireCallListener[] = [];
  const transport = new WireTransport({
    createCall(_, listener) {
      return {
        header: new Headers(),
        trailer: new Headers(),
        start() {
          listeners.push(listener);
          listener.onOpen();
          listener.onHeader();
        },
        send: () => true,
        sendLast() {},
        async drained() {},
        halfClose() {},
        pause() {},
        resume() {},
        cancel: (error) => listener.onEnd(error, true),
      };
    },
  });
  return {
    camera: new CameraClient(transport),
    /** Lets a message come on the newest call. */
    send: (bytes: Uint8Array) => listeners.at(-1)?.onMessage(bytes),
  };
}
