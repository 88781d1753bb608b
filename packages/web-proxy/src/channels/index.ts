export type { AtomicOptions, HeldGroupOptions } from "./atomic-groups.js";
export type { WindowLimits } from "./batch-sender.js";
export type { ChannelSendProblem } from "./channel-error.js";
export { ChannelSendError } from "./channel-error.js";
export type { ChannelKeyPart, KeyFields } from "./channel-key.js";
export { channelKey, keyInFamily } from "./channel-key.js";
export type {
  ChannelDirection,
  ChannelMessage,
  ChannelOrdering,
  ChannelSchema,
  ChannelVersion,
  DownInits,
  DownMessages,
  DownName,
  InitsOf,
  SchemaTable,
  ShapesOf,
  UpInits,
  UpMessages,
  UpName,
} from "./channel-schema.js";
export { ChannelSchemaError } from "./channel-schema-error.js";
export type { ChannelDefinition } from "./define-channel-schema.js";
export { defineChannelSchema } from "./define-channel-schema.js";
export type { MalformedPolicy } from "./dispatcher.js";
export type { HandlerOptions, Unsubscribe } from "./handlers.js";
export type { MessageDefinition } from "./message-definition.js";
export type { MessageListening, NamedMessage, UnknownMessage } from "./message-listeners.js";
export type { StoreLimits } from "./message-store.js";
export type { OutboxLimits, OutboxPolicy } from "./outbox.js";
export type { SendOutcome } from "./outgoing.js";
export type { SchemaCompatibility } from "./schema-agreement.js";
export type { SendReceipt, SendStatus } from "./send-receipt.js";
export type { WithTypes } from "./with-types.js";
