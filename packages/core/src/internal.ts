// For the sibling packages only. Does not follow semantic versioning.

export { backgroundClock, type Clock, systemClock } from "./clock.js";
export { ConnectionKeeper, type ConnectionKeeperOptions } from "./connection/connection-keeper.js";
export { StatusFeed } from "./connection/status-feed.js";
export { checkVersion } from "./connection/version-check.js";
export { transportClosedError } from "./errors/transport-closed-error.js";
export { maxTimerMs } from "./max-timer-ms.js";
export { neutralCommand } from "./modalities/drive-command.js";
export type { MessageSource } from "./streams/message-queue.js";
export { MessageQueue } from "./streams/message-queue.js";
export { SharedHold } from "./streams/shared-hold.js";
export { unreference } from "./unreference.js";
export { ConnectedTransport, type TransportConnection } from "./wire/connected-transport.js";
export { frameMessage } from "./wire/frame-message.js";
export type { MessageAssemblerOptions } from "./wire/message-assembler.js";
export { MessageAssembler, messagePrefixBytes } from "./wire/message-assembler.js";
export { giveBack, MessageMemory } from "./wire/message-memory.js";
export { pathOf } from "./wire/path-of.js";
export { probeMethod } from "./wire/probe-method.js";
export { watchCancellation } from "./wire/watch-cancellation.js";
export type { CreateWireCall, WireCall, WireCallListener, WireCallRequest } from "./wire/wire-call.js";
export { WireTransport, type WireTransportOptions } from "./wire/wire-transport.js";
