import { backgroundClock, type Clock } from "@resoio/core/internal";
import { type KeyframeMessage, type KeyframeOptions, type Moment, type Recording, readMoment } from "@resoio/recording";
import type { ChannelDoor, TappedMessage } from "../channels/channel-door.js";

/** Options of {@link ChannelRecorder}. */
export interface ChannelRecorderOptions {
  readonly recording: Recording;
  readonly channel: ChannelDoor;
  /** Only what this connection sends and is sent. Default: all. */
  readonly connectionId: string | undefined;
  /** How often what is kept is written down, at most, in milliseconds. */
  readonly keyframeIntervalMs: number;
  /** The recording's. Default: this machine's. */
  readonly clock: Clock | undefined;
}

/** Large states are written down less often: so many bytes a second, at most, are spent on them. */
const keyframeBytesPerMs = 1_000;

/** Records the messages of a channel, both ways, and now and then what it keeps for those who come later. */
export class ChannelRecorder {
  readonly #options: ChannelRecorderOptions;
  readonly #unsubscribes: readonly (() => void)[];
  /** When the group was sent whose messages come now. */
  #groupMoment: Moment | undefined;
  #isChanged = false;
  #isKeyframeDue = false;
  #cancelKeyframe = (): void => {};

  constructor(options: ChannelRecorderOptions) {
    this.#options = options;
    const { channel } = options;
    this.#unsubscribes = [
      channel.observe((message) => this.#onMessage(message)),
      channel.onReset(() => this.#writeKeyframe({ isReset: true })),
    ];
    this.#writeKeyframe();
  }

  stop(): void {
    for (const unsubscribe of this.#unsubscribes) unsubscribe();
    this.#cancelKeyframe();
  }

  #onMessage(message: TappedMessage): void {
    const { recording, channel, clock } = this.#options;
    const { direction, type, payload: bytes, client, key, isPersistent, rooms, followingInGroup } = message;
    const isInGroup = this.#groupMoment !== undefined || followingInGroup > 0;
    const at = isInGroup ? (this.#groupMoment ?? readMoment(clock)) : undefined;
    this.#groupMoment = followingInGroup > 0 ? at : undefined;
    if (!this.#isWanted(message)) return;
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
      followingInGroup,
      at,
    });
    if (direction === "up") return;
    this.#isChanged = true;
    // The message is in what is kept already, so the keyframe behind it has it.
    // A group is whole in it, or not at all.
    if (this.#isKeyframeDue && followingInGroup === 0) this.#writeKeyframe();
  }

  #isWanted({ direction, client, exclude, rooms }: TappedMessage): boolean {
    const { channel, connectionId } = this.#options;
    if (connectionId === undefined) return true;
    if (client !== undefined) return client.remote.connectionId === connectionId;
    const own = channel.memberOf(connectionId);
    if (own === undefined || direction === "up" || exclude.includes(own.id)) return false;
    return rooms.length === 0 || rooms.some((room) => own.rooms.has(room));
  }

  #writeKeyframe(options: KeyframeOptions = {}): void {
    const { recording, channel, keyframeIntervalMs, clock = backgroundClock } = this.#options;
    const messages = this.#keptMessages();
    recording.keyframe(channel.name, messages, options);
    this.#isChanged = false;
    this.#isKeyframeDue = false;
    const byteLength = messages.reduce((sum, { bytes }) => sum + bytes.byteLength, 0);
    const delayMs = Math.max(keyframeIntervalMs, byteLength / keyframeBytesPerMs);
    this.#cancelKeyframe();
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
