import type { DescMessage, DescMethod } from "@bufbuild/protobuf";
import type { ChannelMessage } from "./channel-message.js";

/** What a {@link RecordingFilter} is asked about. */
export type RecordingCandidate =
  | {
      /** A call, with all its messages. Asked once, when it begins. */
      readonly kind: "call";
      /** The RPC: `world.join`. */
      readonly rpc: string;
      readonly method: DescMethod;
      /** Who makes it; `undefined` where only one can. */
      readonly client: string | undefined;
    }
  | {
      /** A message of a channel. */
      readonly kind: "channel";
      readonly message: ChannelMessage;
    }
  | {
      /** Any other message. */
      readonly kind: "message";
      readonly topic: string;
      readonly schema: DescMessage;
      readonly bytes: Uint8Array;
    };

/** Says what is recorded. What it throws for is not, and is counted. */
export type RecordingFilter = (candidate: RecordingCandidate) => boolean;
