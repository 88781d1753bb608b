import type { ChannelEvent, Keyframe } from "@resoio/core/gen/resoio/recording/v1/recording_pb";
import { ChannelDirection } from "@resoio/core/gen/resoio/recording/v1/recording_pb";
import { createPlayer, type Player, type PlayerOptions, type RecordingReader } from "@resoio/recording";
import { type BroadcastGroup, doorOf } from "../channels/channel-door.js";
import type { ServedChannel } from "../proxy-options.js";

/** Options of {@link playIntoChannel}. */
export interface PlayIntoChannelOptions
  extends Pick<PlayerOptions, "speed" | "loop" | "onStateChange" | "onError" | "clock"> {
  /** The name of the recorded channel. Default: that of the channel that it is played into. */
  readonly recordedAs?: string | undefined;
}

const anewReason = "the recorded channel began anew";
const movedReason = "the recording is at another place now";

/**
 * Plays what a channel has broadcast into a live one, at the same pace: whoever joins sees what was to be seen, and gets what was kept.
 * After a seek, and when it begins again, the channel is reset: its clients hear of it by `onReset`, and get the state of that moment.
 *
 * What went to one client alone, and what clients have sent, is not played; nor are messages that the channel does not have. The channel
 * should be empty, and nobody else broadcast to it meanwhile. It begins paused, and is closed by who made it.
 *
 * Throws `InvalidOptionsError` for a speed that cannot be, and for what is no channel.
 */
export function playIntoChannel(
  reader: RecordingReader,
  channel: ServedChannel,
  options: PlayIntoChannelOptions = {},
): Player {
  const { recordedAs = channel.name, ...others } = options;
  const door = doorOf(channel);
  const prefix = `/channel/${recordedAs}/`;
  let group: BroadcastGroup | undefined;
  let groupNanos = 0n;
  const endGroup = (): void => {
    group?.commit();
    group = undefined;
  };
  return createPlayer(reader, {
    ...others,
    topics: reader.topics.map(({ topic }) => topic).filter((topic) => topic.startsWith(prefix)),
    onReset() {
      endGroup();
      door.reset(movedReason);
    },
    onKeyframe({ entries, isReset }: Keyframe, { isRestored }) {
      endGroup();
      // After a seek it was reset already.
      if (isReset && !isRestored) door.reset(anewReason);
      for (const { name, message, key, room } of entries) {
        door.broadcast(name, message, { persist: true, key: keyOrNone(key), ...roomsOf(room === "" ? [] : [room]) });
      }
    },
    onMessage({ data, unixNanos }, { event, isRestored }) {
      if (event === undefined) return;
      const { name, key, isPersistent, rooms, followingInGroup } = event;
      // The end of a group may be missing.
      if (unixNanos !== groupNanos) endGroup();
      groupNanos = unixNanos;
      if (followingInGroup > 0) group ??= door.begin();
      // What was not kept is no part of the state.
      if (isBroadcast(event) && (isPersistent || !isRestored)) {
        const into = group ?? door;
        into.broadcast(name, data, { persist: isPersistent, key: keyOrNone(key), ...roomsOf(rooms) });
      }
      if (followingInGroup === 0) endGroup();
    },
  });
}

function isBroadcast({ direction, client }: ChannelEvent): boolean {
  return direction === ChannelDirection.DOWN && client === "";
}

function keyOrNone(key: string): string | null {
  return key === "" ? null : key;
}

function roomsOf(rooms: readonly string[]): { readonly room?: readonly string[] } {
  return rooms.length === 0 ? {} : { room: rooms };
}
