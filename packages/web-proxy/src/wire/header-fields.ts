import { create } from "@bufbuild/protobuf";
import { type HeaderField, HeaderFieldSchema } from "@resoio/core/gen/resoio/web/v1/wire_pb";

/** The fields that carry `headers`, in lower case and sorted by name. */
export function toHeaderFields(headers: Headers): HeaderField[] {
  return Array.from(headers, ([name, value]) => create(HeaderFieldSchema, { name, value }));
}

/** The headers that `fields` carry. Throws a `TypeError` when one of them is no header, such as a name with a space. */
export function fromHeaderFields(fields: readonly HeaderField[]): Headers {
  const headers = new Headers();
  for (const { name, value } of fields) headers.append(name, value);
  return headers;
}
