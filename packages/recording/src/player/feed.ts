import { fromBinary } from "@bufbuild/protobuf";
import {
  type ChannelEvent,
  ChannelEventSchema,
  type Keyframe,
  KeyframeSchema,
  MarkerKind,
  MarkerSchema,
} from "@resoio/core/gen/resoio/recording/v1/recording_pb";
import { channelOfTopic, keyframeTopic, topics } from "../format/topics.js";
import { msToNanos } from "../moment.js";
import type { RecordedMessage, RecordingReader } from "../reader/recording-reader.js";

/** What a player hands over, in the order of the recording. */
export type Played =
  | { readonly kind: "message"; readonly message: RecordedMessage; readonly event: ChannelEvent | undefined }
  | { readonly kind: "keyframe"; readonly message: RecordedMessage; readonly keyframe: Keyframe };

/**
 * A place between two messages. Those of the same time may be on both sides of a loop's start, which is why that is the place of
 * its marker.
 */
export type Place =
  | { readonly kind: "start" }
  | { readonly kind: "after"; readonly atMs: number }
  | { readonly kind: "before"; readonly atMs: number }
  | { readonly kind: "marker"; readonly atMs: number; readonly sequence: number };

/** Reads a recording for a player. */
export class Feed {
  readonly #reader: RecordingReader;
  readonly #topics: readonly string[];
  readonly #channels: readonly string[];
  readonly #latestOf: readonly string[];

  /** `played` are the topics to hand over; of those in `latestOf` only the newest message counts. */
  constructor(reader: RecordingReader, played: readonly string[], latestOf: readonly string[]) {
    this.#reader = reader;
    this.#topics = played;
    this.#latestOf = latestOf.filter((topic) => played.includes(topic));
    this.#channels = [...new Set(played.flatMap((topic) => channelOfTopic(topic) ?? []))];
  }

  /** Where a repeated recording begins again. */
  async loopPlace(): Promise<Place> {
    const { loopStartMs } = this.#reader.info;
    if (loopStartMs === undefined) return { kind: "start" };
    for await (const message of this.#reader.messages({ topics: [topics.markers], reverse: true })) {
      const { kind, atUnixNanos } = fromBinary(MarkerSchema, message.data);
      if (kind !== MarkerKind.LOOP_START) continue;
      if (atUnixNanos !== message.unixNanos) break;
      return { kind: "marker", atMs: loopStartMs, sequence: message.sequence };
    }
    return { kind: "before", atMs: loopStartMs };
  }

  /** What comes from a place on. */
  async *from(place: Place): AsyncGenerator<Played, void, void> {
    const known = new Set<string>();
    // Behind any other place, what a channel shows is known.
    if (place.kind !== "start") for (const channel of this.#channels) known.add(channel);
    const names = [...this.#topics, ...this.#channels.map(keyframeTopic), ...this.#helpers];
    const fromMs = place.kind === "start" ? undefined : place.atMs;
    let isBehind = this.#isBehind(place);
    for await (const played of this.#read(names, fromMs)) {
      if (!isBehind(played.message)) continue;
      // What is behind it once, stays so: the next ones need not be asked.
      isBehind = () => true;
      if (isHelper(played.message)) continue;
      if (played.kind === "keyframe") {
        if (known.has(played.keyframe.channel) && !played.keyframe.isReset) continue;
        known.add(played.keyframe.channel);
      }
      yield played;
    }
  }

  /** What restores the state before a place: keyframes of channels with what followed, and the newest where only that counts. */
  async *before(place: Place): AsyncGenerator<Played, void, void> {
    if (place.kind === "start") return;
    // A nanosecond earlier, where that moment itself is not meant.
    const untilMs = place.kind === "after" ? place.atMs : place.atMs - 1e-6;
    for (const channel of this.#channels) yield* this.#restoreChannel(channel, place, untilMs);
    for (const topic of this.#latestOf) {
      const message = await this.#reader.lastMessage(topic, untilMs);
      if (message !== undefined) yield { kind: "message", message, event: undefined };
    }
  }

  async *#restoreChannel(channel: string, place: Place, untilMs: number): AsyncGenerator<Played, void, void> {
    const own = this.#topics.filter((topic) => channelOfTopic(topic) === channel);
    const start = await this.#reader.lastMessage(keyframeTopic(channel), untilMs);
    const names = [keyframeTopic(channel), ...own, ...this.#helpers];
    const isBehind = this.#isBehind(place);
    let waiting: Played[] = [];
    for await (const played of this.#read(names, start?.atMs)) {
      if (isBehind(played.message)) break;
      if (isHelper(played.message)) continue;
      // Whatever came before it is in the keyframe. Until the one that was looked for, messages of the same time may come.
      if (played.kind === "keyframe") waiting = [];
      waiting.push(played);
      if (start !== undefined && played.message.unixNanos === start.unixNanos) continue;
      yield* waiting;
      waiting = [];
    }
    yield* waiting;
  }

  /** Pairs the messages of channels with their events. */
  async *#read(names: readonly string[], fromMs: number | undefined): AsyncGenerator<Played, void, void> {
    let event: { readonly sequence: number; readonly content: ChannelEvent } | undefined;
    for await (const message of this.#reader.messages({ topics: names, fromMs })) {
      const { topic, sequence, data } = message;
      if (topic.topic === topics.channelEvents) {
        event = { sequence, content: fromBinary(ChannelEventSchema, data) };
        continue;
      }
      if (topic.topic.startsWith("/keyframes/")) {
        yield { kind: "keyframe", message, keyframe: fromBinary(KeyframeSchema, data) };
        continue;
      }
      const isOfEvent = event?.sequence === sequence && channelOfTopic(topic.topic) === event.content.channel;
      yield { kind: "message", message, event: isOfEvent ? event?.content : undefined };
    }
  }

  /** Topics that are read for what they say about others. */
  get #helpers(): readonly string[] {
    return this.#channels.length === 0 ? [topics.markers] : [topics.markers, topics.channelEvents];
  }

  /** Says of messages, in their order, whether they are behind a place. */
  #isBehind(place: Place): (message: RecordedMessage) => boolean {
    const { startUnixNanos } = this.#reader.info;
    switch (place.kind) {
      case "start":
        return () => true;
      case "after": {
        const time = startUnixNanos + msToNanos(place.atMs);
        return ({ unixNanos }) => unixNanos > time;
      }
      case "before": {
        const time = startUnixNanos + msToNanos(place.atMs);
        return ({ unixNanos }) => unixNanos >= time;
      }
      case "marker":
        return ({ topic, sequence }) => topic.topic === topics.markers && sequence === place.sequence;
    }
  }
}

function isHelper({ topic }: RecordedMessage): boolean {
  return topic.topic === topics.markers;
}
