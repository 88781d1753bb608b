import type { KeyframeMessage, Recording } from "@resoio/recording";
import type { Clock } from "../../clock.js";
import type { ChannelDoor, TappedMessage } from "../channels/channel-door.js";

/** Options of {@link ChannelRecorder}. */
export interface ChannelRecorderOptions {
  readonly recording: Recording;
  readonly channel: ChannelDoor;
  /** Only what this connection sends and is sent. Default: all. */
  readonly connectionId: string | undefined;
  /** How often what is kept is written down, at most, in milliseconds. */
  readonly keyframeIntervalMs: number;
  readonly clock: Clock;
}

/** Large states are written down less often: so many bytes a second, at most, are spent on them. */
const keyframeBytesPerMs = 1_000;

/** Records the messages of a channel, both ways, and now and then what it keeps for those who come later. */
export class ChannelRecorder {
  readonly #options: ChannelRecorderOptions;
  readonly #unsubscribe: () => void;
  #isChanged = false;
  #isKeyframeDue = false;
  #cancelKeyframe = (): void => {};

  constructor(options: ChannelRecorderOptions) {
    this.#options = options;
    this.#unsubscribe = options.channel.observe((message) => this.#onMessage(message));
    this.#writeKeyframe();
  }

  stop(): void {
    this.#unsubscribe();
    this.#cancelKeyframe();
  }

  #onMessage(message: TappedMessage): void {
    const { recording, channel } = this.#options;
    if (!this.#isWanted(message)) return;
    const { direction, type, payload: bytes, client, key, isPersistent, rooms } = message;
    const { name, schema } = type;
    const clientId = client?.remote.connectionId;
    recording.channelMessage({
      channel: channel.name,
      name,
      schema,
      bytes,
      direction,
      client: clientId,
      key,
      isPersistent,
      rooms,
    });
    if (direction === "up") return;
    this.#isChanged = true;
    // The message is in what is kept already, so the keyframe behind it has it.
    if (this.#isKeyframeDue) this.#writeKeyframe();
  }

  #isWanted({ direction, client, exclude, rooms }: TappedMessage): boolean {
    const { channel, connectionId } = this.#options;
    if (connectionId === undefined) return true;
    if (client !== undefined) return client.remote.connectionId === connectionId;
    const own = channel.memberOf(connectionId);
    if (own === undefined || direction === "up" || exclude.includes(own.id)) return false;
    return rooms.length === 0 || rooms.some((room) => own.rooms.has(room));
  }

  #writeKeyframe(): void {
    const { recording, channel, keyframeIntervalMs, clock } = this.#options;
    const messages = this.#keptMessages();
    recording.keyframe(channel.name, messages);
    this.#isChanged = false;
    this.#isKeyframeDue = false;
    const byteLength = messages.reduce((sum, { bytes }) => sum + bytes.byteLength, 0);
    const delayMs = Math.max(keyframeIntervalMs, byteLength / keyframeBytesPerMs);
    this.#cancelKeyframe = clock.schedule(delayMs, () => {
      if (this.#isChanged) this.#writeKeyframe();
      else this.#isKeyframeDue = true;
    });
  }

  #keptMessages(): readonly KeyframeMessage[] {
    const { channel, connectionId } = this.#options;
    const rooms = connectionId === undefined ? channel.rooms() : [...(channel.memberOf(connectionId)?.rooms ?? [])];
    const kept: KeyframeMessage[] = [];
    for (const room of [undefined, ...rooms]) {
      for (const { name, payload: bytes, key } of channel.kept(room)) kept.push({ name, bytes, key, room });
    }
    return kept;
  }
}
