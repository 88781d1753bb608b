export { type CallOptions, Code, ConnectError } from "@connectrpc/connect";
export { FirstFrameTimeoutError } from "./errors/first-frame-timeout-error.js";
export { InvalidOptionsError } from "./errors/invalid-options-error.js";
export { MalformedResponseError } from "./errors/malformed-response-error.js";
export { ResoioError } from "./errors/resoio-error.js";
export { StreamEndedError } from "./errors/stream-ended-error.js";
export type { Access, Modality, Rpc, RpcId } from "./gen/registry.js";
export { rpcs, services } from "./gen/registry.js";
export type { RpcClients } from "./gen/rpc-clients.js";
export type { CameraFrame, CameraShotOptions, CameraStreamOptions } from "./modalities/camera.js";
export { CameraClient } from "./modalities/camera.js";
export type { Pong } from "./modalities/connection.js";
export { ConnectionClient } from "./modalities/connection.js";
export type { ServerInfo, ServerPlatform } from "./modalities/info.js";
export { InfoClient } from "./modalities/info.js";
export type {
  JoinOptions,
  ListRecordsOptions,
  ListSessionsOptions,
  OpenWorld,
  RecordPage,
  RecordSort,
  RecordSortDirection,
  RecordSource,
  SessionFilter,
  SessionPage,
  StartWorldOptions,
  Thumbnail,
  WorldRecord,
  WorldSession,
} from "./modalities/world.js";
export { WorldClient } from "./modalities/world.js";
export type { ResoniteTransport } from "./resonite.js";
export { Resonite } from "./resonite.js";
export type { ServerStream } from "./streams/server-stream.js";
