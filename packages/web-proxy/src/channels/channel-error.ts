import { ResoioError } from "@resoio/core";

/** Why a message could not be sent. */
export type ChannelSendProblem =
  /** The channel has no such message, or it does not travel this way. */
  | "unknown"
  /** What was given is no such message. */
  | "not-encodable"
  /** It has more bytes, or its group more messages or bytes, than may be sent at once. */
  | "too-large"
  /** As much is kept for those who come later as may be. */
  | "store-full"
  /** The group that it was to be part of is complete, discarded, or was held for too long. */
  | "group-over"
  /** The proxy does not let this client send. */
  | "not-allowed";

/** A message that cannot be sent. Thrown where it is given to be sent; nothing of it was sent or kept. */
export class ChannelSendError extends ResoioError {
  readonly code = "CHANNEL_SEND";
  /** Why, for programs. */
  readonly problem: ChannelSendProblem;

  constructor(problem: ChannelSendProblem, message: string, options?: ErrorOptions) {
    super(message, options);
    this.problem = problem;
  }
}
