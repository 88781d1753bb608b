import type { DescMethod } from "@bufbuild/protobuf";

/** The topics that a recording has beside those of its calls and channels. */
export const topics = {
  /** The lives of the calls: `CallEvent`. */
  calls: "/calls",
  /** What is missing: `Gap`. */
  gaps: "/gaps",
  /** Loop start and sleeps: `Marker`. */
  markers: "/markers",
  /** How channel messages were sent: `ChannelEvent`. */
  channelEvents: "/channel-events",
} as const;

const modPackage = "resonite_io.v1.";

/**
 * How a recording names an RPC: `world.join` for those of the mod, as in the registry of `@resoio/core`, and
 * `resoio.web.v1.Picture.watch` for all others.
 */
export function rpcNameOf({ parent, localName }: DescMethod): string {
  const { typeName, name } = parent;
  const service = typeName.startsWith(modPackage) ? `${name.charAt(0).toLowerCase()}${name.slice(1)}` : typeName;
  return `${service}.${localName}`;
}

/** Where the requests of an RPC are: `/rpc/world.join/request`. */
export function requestTopic(rpc: string): string {
  return `/rpc/${rpc}/request`;
}

/** Where the responses of an RPC are: `/rpc/world.join/response`. */
export function responseTopic(rpc: string): string {
  return `/rpc/${rpc}/response`;
}

/** Where the responses of the camera are that were encoded for the recording: `/rpc/camera.streamFrames/picture`. */
export function pictureTopic(rpc: string): string {
  return `/rpc/${rpc}/picture`;
}

/** Where the messages of one type of a channel are: `/channel/board/Thought`. */
export function channelTopic(channel: string, type: string): string {
  return `/channel/${channel}/${type}`;
}

/** Where the keyframes of a channel are: `/keyframes/board`. */
export function keyframeTopic(channel: string): string {
  return `/keyframes/${channel}`;
}

/** Whether recordings use a topic themselves. */
export function isOwnTopic(topic: string): boolean {
  return Object.values<string>(topics).includes(topic) || /^\/(rpc|channel|keyframes)\//.test(topic);
}

/** The channel whose message or keyframe is on this topic. `undefined` for other topics. */
export function channelOfTopic(topic: string): string | undefined {
  return /^\/(?:channel|keyframes)\/([^/]*)/.exec(topic)?.[1];
}

/** Whether a player shows a topic when it is not told what to show. */
export function isPlayedTopic(topic: string): boolean {
  const hidden: readonly string[] = [topics.gaps, topics.markers, topics.channelEvents];
  return !hidden.includes(topic) && !topic.startsWith("/keyframes/");
}
