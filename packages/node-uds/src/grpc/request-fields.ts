import type { DescMethod } from "@bufbuild/protobuf";
import { pathOf, type WireCallRequest } from "@resoio/core/internal";
import type { HeaderField } from "../http2/session.js";

/** The fields of every request for a method. Frozen, so that a session can keep what it makes of them. */
const fieldsByMethod = new WeakMap<DescMethod, readonly HeaderField[]>();

/** The fields of a request; those of the caller take the place of ours with the same name. */
export function requestFields({ method, header, timeoutMs }: WireCallRequest): readonly HeaderField[] {
  const ownFields = fieldsOf(method);
  if (header === undefined && timeoutMs === undefined) return ownFields;
  const fields = new Map(ownFields);
  header?.forEach((value, name) => {
    fields.set(name, value);
  });
  if (timeoutMs !== undefined) fields.set("grpc-timeout", formatTimeout(timeoutMs));
  return [...fields];
}

function fieldsOf(method: DescMethod): readonly HeaderField[] {
  const known = fieldsByMethod.get(method);
  if (known !== undefined) return known;
  const fields: readonly HeaderField[] = Object.freeze([
    [":method", "POST"],
    [":scheme", "http"],
    [":authority", "localhost"],
    [":path", pathOf(method)],
    ["content-type", "application/grpc+proto"],
    ["te", "trailers"],
    ["user-agent", "resoio-typescript"],
  ] as const);
  fieldsByMethod.set(method, fields);
  return fields;
}

/** The wire takes at most eight digits. */
function formatTimeout(timeoutMs: number): string {
  return timeoutMs < 1e8 ? `${Math.ceil(timeoutMs)}m` : `${Math.min(Math.ceil(timeoutMs / 1000), 99_999_999)}S`;
}
