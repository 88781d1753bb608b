import type { ChannelEvent, Keyframe } from "@resoio/core/gen/resoio/recording/v1/recording_pb";
import { ChannelDirection } from "@resoio/core/gen/resoio/recording/v1/recording_pb";
import { createPlayer, type Player, type PlayerOptions, type RecordingReader } from "@resoio/recording";
import { doorOf } from "../channels/channel-door.js";
import type { ServedChannel } from "../proxy-options.js";

/** Options of {@link playIntoChannel}. */
export interface PlayIntoChannelOptions
  extends Pick<PlayerOptions, "speed" | "loop" | "onStateChange" | "onError" | "clock"> {
  /** The name of the recorded channel. Default: that of the channel that it is played into. */
  readonly recordedAs?: string | undefined;
}

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
  return createPlayer(reader, {
    ...others,
    topics: reader.topics.map(({ topic }) => topic).filter((topic) => topic.startsWith(prefix)),
    onReset: () => door.reset(movedReason),
    onKeyframe({ entries }: Keyframe) {
      for (const { name, message, key, room } of entries) {
        door.broadcast(name, message, { persist: true, key: keyOrNone(key), ...roomsOf(room === "" ? [] : [room]) });
      }
    },
    onMessage({ data }, { event, isRestored }) {
      if (event === undefined || !isBroadcast(event)) return;
      const { name, key, isPersistent, rooms } = event;
      // What was not kept is no part of the state.
      if (isRestored && !isPersistent) return;
      door.broadcast(name, data, { persist: isPersistent, key: keyOrNone(key), ...roomsOf(rooms) });
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
