import { fromBinary, type Message } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import type { ChannelMessage } from "./channel-schema.js";

/** A message that came, of a type that is known. It is decoded once, when somebody wants it. */
export class ArrivedMessage {
  /** What the channel knows of its type. */
  readonly definition: ChannelMessage;
  /** As it came. */
  readonly payload: Uint8Array;
  #message: Message | undefined;

  constructor(definition: ChannelMessage, payload: Uint8Array) {
    this.definition = definition;
    this.payload = payload;
  }

  /** The message. Throws `InvalidArgument` when the bytes are none. */
  get message(): Message {
    this.#message ??= this.#decode();
    return this.#message;
  }

  #decode(): Message {
    const { name, schema } = this.definition;
    try {
      return fromBinary(schema, this.payload);
    } catch (cause) {
      const problem = `${name} came with ${this.payload.byteLength} bytes that are not a ${schema.typeName}`;
      throw new ConnectError(problem, Code.InvalidArgument, undefined, undefined, cause);
    }
  }
}
