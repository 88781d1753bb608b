export { accessClasses } from "./server/access/access-classes.js";
export type { TokenOptions } from "./server/access/tokens.js";
export { createToken } from "./server/access/tokens.js";
export type { AttachOptions } from "./server/attach-proxy.js";
export { attachProxy } from "./server/attach-proxy.js";
export type {
  BroadcastOptions,
  BroadcastResult,
  Channel,
  ChannelCloseSummary,
  ChannelErrorContext,
  ChannelGroup,
  ChannelRoom,
  ChannelState,
  ChannelStats,
  ConnectOptions,
  ObservedMessage,
} from "./server/channels/channel.js";
export type {
  ChannelClient,
  ChannelClientState,
  ChannelClientStats,
  ChannelOutbox,
  ClientGroup,
  ClientId,
  Disconnect,
  DisconnectCause,
  PendingMessage,
  SendOptions,
} from "./server/channels/channel-client.js";
export type {
  ChannelLimits,
  ChannelOptions,
  RoomApplicant,
  SessionOptions,
} from "./server/channels/channel-options.js";
export { createChannel } from "./server/channels/create-channel.js";
export type { ClientHooks } from "./server/client-registry.js";
export type { ConnectedClient } from "./server/connected-client.js";
export { createProxy } from "./server/create-proxy.js";
export type { StaticFilesOptions } from "./server/http/static-files.js";
export type { ListenErrorCode } from "./server/listen-error.js";
export { ListenError } from "./server/listen-error.js";
export type { ClientCounters } from "./server/proxy-client.js";
export type { CommonProxyOptions, ProxyLimits, ProxyOptions, ServedChannel } from "./server/proxy-options.js";
export { type PlayIntoChannelOptions, playIntoChannel } from "./server/recording/play-into-channel.js";
export type {
  ClientRecordingOptions,
  ProxyRecordingOptions,
  RecordedPictures,
} from "./server/recording/proxy-recording-options.js";
export type { AttachedProxy, RunningProxy, StopOptions, WebProxy } from "./server/web-proxy.js";
export type { WebSocketLimits } from "./server/websocket/websocket-limits.js";
export type { CreateInstancePolicy } from "./server/world/create-instance-policy.js";
export { EngineList } from "./server/world/engine-list.js";
export type { EngineEvent, EngineSource, RunningEngine } from "./server/world/engine-source.js";
export type { ProxyWorldOptions } from "./server/world/proxy-world.js";
export type { WorldDescription, WorldIdentity } from "./server/world/world-identity.js";
export { createWorldIdentity } from "./server/world/world-identity.js";
export type { NewWorld, WorldStoreOptions } from "./server/world/world-store.js";
export { WorldStore } from "./server/world/world-store.js";
export type { WorldStoreErrorCode } from "./server/world/world-store-error.js";
export { WorldStoreError } from "./server/world/world-store-error.js";
