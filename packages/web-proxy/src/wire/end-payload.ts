import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { type Any, AnySchema } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError } from "@connectrpc/connect";
import { type End, EndSchema } from "@resoio/core/gen/resoio/web/v1/wire_pb";
import { fromHeaderFields, toHeaderFields } from "./header-fields.js";
import { closeCodes, maxFrameBytes } from "./protocol.js";
import { ProtocolError } from "./protocol-error.js";

const typeUrlPrefix = "type.googleapis.com/";
/** How much is left of a message that does not fit, in characters: at most four bytes each. */
const shortMessageLength = 4_096;

/** Success without trailers, as nearly every call ends: a message of which nothing is set. */
const successPayload = new Uint8Array(0);

/**
 * The payload of an END frame: `error`, or success, and the trailers. What does not fit into a frame is left out: first the
 * details, then the trailers, then the rest of the message.
 */
export function encodeEnd(error: ConnectError | undefined, trailer: Headers): Uint8Array<ArrayBuffer> {
  const trailers = toHeaderFields(trailer);
  if (error === undefined && trailers.length === 0) return successPayload;
  const end = create(EndSchema, { trailers });
  if (error !== undefined) {
    end.code = error.code;
    end.message = error.rawMessage;
    end.details = error.details.map(toAny);
  }
  for (const shorten of [leaveOutDetails, leaveOutTrailers, cutMessage]) {
    const payload = toBinary(EndSchema, end);
    if (payload.byteLength <= maxFrameBytes) return payload;
    shorten(end);
  }
  return toBinary(EndSchema, end);
}

/** What an END frame says; no trailer when it has none. Throws {@link ProtocolError} when it is not one. */
export function decodeEnd(payload: Uint8Array): {
  readonly error: ConnectError | undefined;
  readonly trailer: Headers | undefined;
} {
  try {
    const { code, message, details, trailers } = fromBinary(EndSchema, payload);
    const trailer = trailers.length === 0 ? undefined : fromHeaderFields(trailers);
    if (code === 0) return { error: undefined, trailer };
    const error = new ConnectError(message, code in Code ? code : Code.Unknown, trailer);
    error.details = details.map(({ typeUrl, value }) => ({ type: typeUrl.slice(typeUrl.lastIndexOf("/") + 1), value }));
    return { error, trailer };
  } catch {
    throw new ProtocolError(closeCodes.protocolError, "an END frame cannot be decoded");
  }
}

function toAny(detail: ConnectError["details"][number]): Any {
  return "desc" in detail
    ? create(AnySchema, {
        typeUrl: typeUrlPrefix + detail.desc.typeName,
        value: toBinary(detail.desc, create(detail.desc, detail.value)),
      })
    : create(AnySchema, { typeUrl: typeUrlPrefix + detail.type, value: detail.value });
}

function leaveOutDetails(end: End): void {
  end.details = [];
}

function leaveOutTrailers(end: End): void {
  end.trailers = [];
}

function cutMessage(end: End): void {
  end.message = `${end.message.slice(0, shortMessageLength)}…`;
}
