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
export type { MessageDefinition } from "./message-definition.js";
export type { WithTypes } from "./with-types.js";
