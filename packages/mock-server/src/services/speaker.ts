import type { Engine } from "../engine/engine.js";
import type { SpeakerHandlers } from "../gen/handlers.js";

/** Sends what can be heard, until there is nothing more to come. */
export const speakerService = (engine: Engine): SpeakerHandlers => ({
  async *streamAudio(_request, { signal }) {
    for (;;) {
      const frame = await engine.speaker.take(signal);
      if (frame === undefined) return;
      yield frame;
    }
  },
});
