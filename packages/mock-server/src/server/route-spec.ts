import type {
  DescMessage,
  DescMethodBiDiStreaming,
  DescMethodClientStreaming,
  DescMethodServerStreaming,
  DescMethodUnary,
  Message,
  MessageInitShape,
} from "@bufbuild/protobuf";
import type { HandlerContext } from "@connectrpc/connect";
import type { EncodedMessage } from "./encoded-message.js";

/** A message of an answer, in fields or in bytes. */
export type AnswerMessage = MessageInitShape<DescMessage> | EncodedMessage;

/** How an RPC is answered: as by Connect's handlers, which fit, but in bytes too. */
export type RouteSpec =
  | {
      readonly kind: "unary";
      readonly method: DescMethodUnary;
      readonly impl: (request: Message, context: HandlerContext) => Promise<AnswerMessage> | AnswerMessage;
    }
  | {
      readonly kind: "client_streaming";
      readonly method: DescMethodClientStreaming;
      readonly impl: (requests: AsyncIterable<Message>, context: HandlerContext) => Promise<AnswerMessage>;
    }
  | {
      readonly kind: "server_streaming";
      readonly method: DescMethodServerStreaming;
      readonly impl: (request: Message, context: HandlerContext) => AsyncIterable<AnswerMessage>;
    }
  | {
      readonly kind: "bidi_streaming";
      readonly method: DescMethodBiDiStreaming;
      readonly impl: (requests: AsyncIterable<Message>, context: HandlerContext) => AsyncIterable<AnswerMessage>;
    };
