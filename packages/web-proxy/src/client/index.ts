export type { KeepAliveOptions, OpenOptions } from "@resoio/core";
export { joinChannel } from "./channels/join-channel.js";
export type {
  ClientSendOptions,
  JoinChannelOptions,
  JoinedChannel,
  JoinedChannelGroup,
  JoinedChannelStats,
  MessageInfo,
  ResumePoint,
} from "./channels/joined-channel.js";
export type { ConnectProxyOptions } from "./connect-proxy.js";
export { connectProxy } from "./connect-proxy.js";
export type { WebSocketTransport, WebSocketTransportOptions } from "./create-web-socket-transport.js";
export { createWebSocketTransport } from "./create-web-socket-transport.js";
export type { Picture, PictureFormat } from "./picture.js";
export type { PictureWatchOptions } from "./picture-client.js";
export { PictureClient } from "./picture-client.js";
export type { WebSocketConstructor, WebSocketLike } from "./web-socket-like.js";
