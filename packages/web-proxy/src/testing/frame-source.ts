import { MessageMemory, WireTransport } from "@resoio/core/internal";
import { cameraFrame } from "./watchers.js";

/** Pixels on each side of the frames: enough that their memory is worth using again. */
const side = 160;

/**
 * A mod with a camera that never stops: frame number n has n in all of its bytes, and comes in memory that earlier ones may have had,
 * as frames from a socket do.
 */
export function frameSource(): WireTransport {
  const memory = new MessageMemory();
  return new WireTransport({
    createCall(_, listener) {
      let frameId = 0;
      let isPaused = false;
      let next: NodeJS.Immediate | undefined;
      const emit = (): void => {
        next = isPaused ? undefined : setImmediate(emit);
        if (isPaused) return;
        const encoded = cameraFrame(frameId++, { width: side, height: side });
        const message = memory.allocate(encoded.byteLength);
        message.set(encoded);
        listener.onMessage(message);
      };
      return {
        header: new Headers(),
        trailer: new Headers(),
        start: () => listener.onOpen(),
        send: () => true,
        sendLast() {
          listener.onHeader();
          emit();
        },
        async drained() {},
        halfClose() {},
        pause() {
          isPaused = true;
        },
        resume() {
          isPaused = false;
          next ??= setImmediate(emit);
        },
        cancel(error) {
          clearImmediate(next);
          listener.onEnd(error, true);
        },
      };
    },
  });
}
