import { fromBinary } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import {
  type ChannelRooms as ChannelRoomChange,
  type ChannelUp,
  ChannelUpSchema,
} from "@resoio/core/gen/resoio/web/v1/channel_pb";
import { type ReceivedMessage, readBatch } from "../../channels/batch-reader.js";
import { toReceivedBatch } from "../../channels/received-batch.js";

/** What a client sends that was let in. */
export type UpMessage =
  | { readonly kind: "entries"; readonly entries: readonly (readonly ReceivedMessage[])[] }
  /** It has handled what was there before it came. */
  | { readonly kind: "ready" }
  | { readonly kind: "rooms"; readonly change: ChannelRoomChange }
  /** Something of a newer version. */
  | { readonly kind: "unknown" };

/**
 * Reads a message of a client that was let in. Throws `InvalidArgument` for what cannot be read or comes only once, and
 * `ResourceExhausted` for a batch of more than `maxBatchMessages`.
 */
export function readUp(message: Uint8Array, maxBatchMessages: number): UpMessage {
  const batch = readBatch(message, maxBatchMessages);
  if (batch !== undefined) return { kind: "entries", entries: batch.entries };
  const { kind } = decodeUp(message);
  switch (kind.case) {
    case "batch":
      return { kind: "entries", entries: toReceivedBatch(kind.value, maxBatchMessages).entries };
    case "ready":
      return { kind: "ready" };
    case "rooms":
      return { kind: "rooms", change: kind.value };
    case "join":
      throw new ConnectError("the client has joined already", Code.InvalidArgument);
    case undefined:
      return { kind: "unknown" };
  }
}

/** Decodes whatever a client sends. Throws `InvalidArgument`. */
export function decodeUp(message: Uint8Array): ChannelUp {
  try {
    return fromBinary(ChannelUpSchema, message);
  } catch (cause) {
    const problem = `${message.byteLength} bytes came that are no ChannelUp`;
    throw new ConnectError(problem, Code.InvalidArgument, undefined, undefined, cause);
  }
}
