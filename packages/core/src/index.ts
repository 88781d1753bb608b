export { type CallOptions, Code, ConnectError } from "@connectrpc/connect";
export type { ConnectionStatus, StatusOptions } from "./connection/connection-status.js";
export type { KeepAliveOptions } from "./connection/keep-alive-options.js";
export type { Logger } from "./connection/logger.js";
export { silentLogger } from "./connection/logger.js";
export type { OpenOptions } from "./connection/open-options.js";
export type { ReconnectContext, ReconnectPolicy, ReconnectPolicyOptions } from "./connection/reconnect-policy.js";
export { createReconnectPolicy, neverReconnect } from "./connection/reconnect-policy.js";
export type { RetryOptions } from "./connection/retry-interceptor.js";
export { createRetryInterceptor } from "./connection/retry-interceptor.js";
export { AmbiguousMatchError } from "./errors/ambiguous-match-error.js";
export { CannotAskError } from "./errors/cannot-ask-error.js";
export { DriveEndedError } from "./errors/drive-ended-error.js";
export { FirstFrameTimeoutError } from "./errors/first-frame-timeout-error.js";
export { InvalidOptionsError } from "./errors/invalid-options-error.js";
export { MalformedResponseError } from "./errors/malformed-response-error.js";
export { NoMatchError } from "./errors/no-match-error.js";
export { NotInBrowserError } from "./errors/not-in-browser-error.js";
export { ResoioError } from "./errors/resoio-error.js";
export { StreamEndedError } from "./errors/stream-ended-error.js";
export type { Access, Modality, Rpc, RpcId } from "./gen/registry.js";
export { rpcs, services } from "./gen/registry.js";
export type { RpcClients } from "./gen/rpc-clients.js";
export type { AuthStatus, LoginOptions } from "./modalities/auth.js";
export { AuthClient } from "./modalities/auth.js";
export type { CameraShotOptions, CameraStreamOptions } from "./modalities/camera.js";
export { CameraClient } from "./modalities/camera.js";
export type { CameraFrame } from "./modalities/camera-frame.js";
export type { Pong } from "./modalities/connection.js";
export { ConnectionClient } from "./modalities/connection.js";
export type {
  AddContactOptions,
  ContactFilter,
  ContactInfo,
  ContactList,
  ContactStatus,
  ListContactsOptions,
  OnlineStatus,
  SearchUsersOptions,
  UserSearchResult,
} from "./modalities/contact.js";
export { ContactClient } from "./modalities/contact.js";
export type {
  ContextMenuHand,
  ContextMenuItem,
  ContextMenuOptions,
  ContextMenuState,
} from "./modalities/context-menu.js";
export { ContextMenuClient } from "./modalities/context-menu.js";
export type { CursorState } from "./modalities/cursor.js";
export { CursorClient } from "./modalities/cursor.js";
export type {
  DashActionResult,
  DashListControlsOptions,
  DashScrollOptions,
  DashSetTabOptions,
  DashState,
} from "./modalities/dash.js";
export { DashClient } from "./modalities/dash.js";
export type { DashControl, DashControlType, DashTab } from "./modalities/dash-elements.js";
export type { DisplayApplyOptions, DisplayState } from "./modalities/display.js";
export { DisplayClient } from "./modalities/display.js";
export { GrabberClient } from "./modalities/grabber.js";
export type {
  GrabberButton,
  GrabberHand,
  GrabberHandOptions,
  GrabberUnuseOptions,
  GrabberUseOptions,
  GrabOptions,
  GrabResult,
  GrabState,
} from "./modalities/grabber-state.js";
export type { ServerInfo, ServerPlatform } from "./modalities/info.js";
export { InfoClient } from "./modalities/info.js";
export type {
  InventoryEntry,
  InventoryEntryKind,
  InventoryListing,
  InventoryMutationResult,
  InventoryRecursiveOptions,
  InventorySpawnResult,
} from "./modalities/inventory.js";
export { InventoryClient } from "./modalities/inventory.js";
export type { MatchQuery } from "./modalities/label-match.js";
export type { ShutdownResult } from "./modalities/lifecycle.js";
export { LifecycleClient } from "./modalities/lifecycle.js";
export type {
  Drive,
  DriveCommand,
  DriveOptions,
  DriveSummary,
  ResetOptions,
  ResetSummary,
} from "./modalities/locomotion.js";
export { LocomotionClient } from "./modalities/locomotion.js";
export type { AudioSource, MicrophoneStreamSummary } from "./modalities/microphone.js";
export { MicrophoneClient, microphoneSampleRateHz } from "./modalities/microphone.js";
export type { PacedOptions } from "./modalities/paced.js";
export { paced } from "./modalities/paced.js";
export type {
  KickKind,
  KickUserOptions,
  SessionRole,
  SessionRoles,
  SilenceUserOptions,
  UserRoleOverride,
} from "./modalities/session.js";
export { SessionClient } from "./modalities/session.js";
export type { SessionAccessLevel, SessionSettings, SessionSettingsChanges } from "./modalities/session-settings.js";
export type { SessionUser, UserTarget } from "./modalities/session-users.js";
export type { SpeakerChunk, SpeakerStreamOptions } from "./modalities/speaker.js";
export { SpeakerClient } from "./modalities/speaker.js";
export { deinterleave, speakerChannels, speakerSampleRateHz } from "./modalities/speaker-samples.js";
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
export type { StreamGap } from "./streams/resumed-stream.js";
export type { ServerStream } from "./streams/server-stream.js";
