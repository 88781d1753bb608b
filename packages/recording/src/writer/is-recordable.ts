import { type DescMethod, getOption } from "@bufbuild/protobuf";
import { Access, access } from "@resoio/core/gen/resoio/access/v1/access_pb";

/**
 * Whether an RPC may be recorded: not when it carries credentials, nor when it does not say what it does, which stands for the
 * strictest class.
 */
export function isRecordable(method: DescMethod): boolean {
  const value = getOption(method, access);
  return value !== Access.SECRET && value !== Access.UNSPECIFIED;
}
