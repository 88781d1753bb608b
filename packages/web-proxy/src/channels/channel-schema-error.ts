import { ResoioError } from "@resoio/core";

/** A definition of a channel that contradicts itself. Thrown by `defineChannelSchema`; says which message, and what to change. */
export class ChannelSchemaError extends ResoioError {
  readonly code = "CHANNEL_SCHEMA";
}
