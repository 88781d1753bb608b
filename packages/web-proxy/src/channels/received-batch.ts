import { Code, ConnectError } from "@connectrpc/connect";
import type { ChannelBatch, ChannelEntry } from "@resoio/core/gen/resoio/web/v1/channel_pb";
import { type ReceivedBatch, type ReceivedMessage, tooManyMessages } from "./batch-reader.js";

/**
 * What is in a batch that the generated code has decoded. Throws `InvalidArgument` for an entry that is neither a message nor a
 * group, and `ResourceExhausted` for more than `maxMessages`.
 */
export function toReceivedBatch({ sequence, unixNanos, entries }: ChannelBatch, maxMessages: number): ReceivedBatch {
  if (entries.reduce((sum, { group }) => sum + (group.length || 1), 0) > maxMessages)
    throw tooManyMessages(maxMessages);
  return { sequence: Number(sequence), unixNanos, entries: entries.map(toMessages) };
}

function toMessages({ tag, payload, group }: ChannelEntry): readonly ReceivedMessage[] {
  if (group.length === 0) return [toMessage(tag, payload)];
  if (tag !== 0 || payload.byteLength > 0) throw malformed("an entry is both a message and a group");
  return group.map((member) => {
    if (member.group.length > 0) throw malformed("a group is in a group");
    return toMessage(member.tag, member.payload);
  });
}

function toMessage(tag: number, payload: Uint8Array): ReceivedMessage {
  if (tag === 0) throw malformed("a message has no number");
  return { tag, payload };
}

function malformed(problem: string): ConnectError {
  return new ConnectError(`a batch cannot be read: ${problem}`, Code.InvalidArgument);
}
