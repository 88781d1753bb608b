import type { Rpc } from "@resoio/core";
import { CompressedImageSchema } from "@resoio/core/gen/foxglove/compressed_image_pb";
import type { RecordedMessage, RecordedTopic, RecordingReader } from "@resoio/recording";
import { cameraGoneError } from "../engine/camera.js";
import type { Clock } from "../engine/clock.js";
import type { TeardownStage } from "../engine/lifecycle.js";
import { EncodedMessage } from "../server/encoded-message.js";
import { paced } from "../services/paced.js";
import { PlayedCamera, type PlayedCameraOptions } from "./played-camera.js";
import { SharedFrames } from "./shared-frames.js";

/** The queue of the mod's speaker. */
const soundCapacity = 32;

/** What the mod streams: the camera and the speaker of a recording, one of each for everybody. */
export class PlayedStreams {
  /** The topics of their messages. */
  readonly topics: { readonly camera: readonly string[]; readonly speaker: readonly string[] };
  readonly #camera: PlayedCamera;
  readonly #sound = new SharedFrames<RecordedMessage>({ capacity: soundCapacity, whenFull: "drop-newest" });
  readonly #isEncoded: boolean;

  constructor(recording: RecordingReader, options: PlayedCameraOptions) {
    const pictures = responsesOf(recording, "camera.streamFrames");
    this.topics = { camera: namesOf(pictures), speaker: namesOf(responsesOf(recording, "speaker.streamAudio")) };
    this.#camera = new PlayedCamera(options);
    this.#isEncoded = pictures.some(({ typeName }) => typeName === CompressedImageSchema.typeName);
  }

  /** Loads what decodes pictures, if they need it. Rejects with `PictureDecoderMissingError`. */
  async prepare(): Promise<void> {
    if (this.#isEncoded) await this.#camera.loadDecoder();
  }

  /** A message is due. */
  put(message: RecordedMessage): void {
    const frames = this.topics.camera.includes(message.topic.topic) ? this.#camera.frames : this.#sound;
    frames.put(message);
  }

  /** Another time begins. */
  clear(): void {
    this.#camera.frames.clear();
    this.#sound.clear();
  }

  /** Nothing more comes, unless another time begins. */
  end(): void {
    this.#camera.frames.end();
    this.#sound.end();
  }

  /** Nothing can come any more. */
  fail(error: unknown): void {
    this.#camera.frames.fail(error);
    this.#sound.fail(error);
  }

  /** The game ends, stage by stage. */
  onStage(stage: TeardownStage): void {
    if (stage === "camera") this.#camera.frames.fail(cameraGoneError());
    if (stage === "speaker") this.#sound.end();
  }

  /** The pictures of one call. `isStill`: time stands still, and it begins with the one that everybody has seen. */
  async *pictures(
    isStill: boolean,
    pace: { readonly clock: Clock; readonly fpsLimit: number; readonly signal: AbortSignal },
  ): AsyncGenerator<EncodedMessage> {
    let present = isStill ? await this.#camera.takeNewest() : undefined;
    const capture = async (): Promise<EncodedMessage | undefined> => {
      const picture = present ?? (await this.#camera.take(pace.signal));
      present = undefined;
      return picture;
    };
    yield* paced(capture, pace);
  }

  /** The sound of one call. */
  async *sounds(signal: AbortSignal): AsyncGenerator<EncodedMessage> {
    for (;;) {
      const frame = await this.#sound.take(signal);
      if (frame === undefined) return;
      yield new EncodedMessage(frame.data);
    }
  }
}

function responsesOf({ topics }: RecordingReader, id: Rpc["id"]): readonly RecordedTopic[] {
  return topics.filter(({ metadata: { rpc, direction } }) => rpc === id && direction === "response");
}

function namesOf(topics: readonly RecordedTopic[]): readonly string[] {
  return topics.map(({ topic }) => topic);
}
