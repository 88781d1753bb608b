import { create, type DescMessage, fromBinary, toBinary } from "@bufbuild/protobuf";
import type { Keyframe } from "@resoio/core/gen/resoio/recording/v1/recording_pb";
import { CursorSetPositionRequestSchema } from "@resoio/core/gen/resonite_io/v1/cursor_pb";
import type { PlayedMessage } from "../player/player.js";
import type { RecordedMessage } from "../reader/recording-reader.js";
import type { KeyframeOptions } from "../writer/channel-message.js";
import type { Recording } from "../writer/recording.js";

/** The type of the messages. It says where a thing is; any other would do. */
const schema: DescMessage & typeof CursorSetPositionRequestSchema = CursorSetPositionRequestSchema;

/** A channel with a state: where things are, by name. It records what it sends, and keyframes when it is told to. */
export class RecordedBoard {
  readonly #recording: Recording;
  readonly #things = new Map<string, Uint8Array>();

  constructor(recording: Recording) {
    this.#recording = recording;
  }

  set(key: string, x: number): void {
    const bytes = toBinary(schema, create(schema, { x }));
    this.#things.delete(key);
    this.#things.set(key, bytes);
    this.#recording.channelMessage({
      channel: "board",
      schema,
      bytes,
      direction: "down",
      isPersistent: true,
      key,
    });
  }

  keyframe(options?: KeyframeOptions): void {
    this.#recording.keyframe(
      "board",
      [...this.#things].map(([key, bytes]) => ({ name: schema.name, bytes, key })),
      options,
    );
  }

  /** Forgets where things are. */
  reset(): void {
    this.#things.clear();
    this.keyframe({ isReset: true });
  }
}

/** A board that a player draws. */
export class PlayedBoard {
  readonly #things = new Map<string, number>();

  /** What it shows, in the order of the last changes. */
  get content(): readonly (readonly [string, number])[] {
    return [...this.#things];
  }

  readonly onReset = (): void => this.#things.clear();

  readonly onKeyframe = ({ entries }: Keyframe): void => {
    this.#things.clear();
    for (const { key, message } of entries) this.#set(key, message);
  };

  readonly onMessage = ({ data }: RecordedMessage, { event }: PlayedMessage): void => {
    if (event !== undefined) this.#set(event.key, data);
  };

  #set(key: string, message: Uint8Array): void {
    this.#things.delete(key);
    this.#things.set(key, fromBinary(schema, message).x);
  }
}
