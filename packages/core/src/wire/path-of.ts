import type { DescMethod } from "@bufbuild/protobuf";

/** The route of an RPC: `/resonite_io.v1.<Service>/<Method>`. */
export function pathOf({ parent, name }: DescMethod): string {
  return `/${parent.typeName}/${name}`;
}
