export { accessClasses } from "./server/access/access-classes.js";
export type { TokenOptions } from "./server/access/tokens.js";
export { createToken } from "./server/access/tokens.js";
export type { ClientHooks, ConnectedClient } from "./server/client-registry.js";
export type { StopOptions, WebProxy } from "./server/create-proxy.js";
export { createProxy } from "./server/create-proxy.js";
export type { ClientCounters } from "./server/proxy-client.js";
export type { ProxyLimits, ProxyOptions } from "./server/proxy-options.js";
export type { WebSocketLimits } from "./server/websocket/websocket-limits.js";
