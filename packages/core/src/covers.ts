import type { DescService } from "@bufbuild/protobuf";

/**
 * What a modality client must have: a method for every RPC of its service, under the RPC's own name or under the one that
 * `Renamed` gives. A client that says `implements Covers<typeof World>` stops compiling when an RPC is added.
 */
export type Covers<
  Service extends DescService,
  Renamed extends Partial<Record<keyof Service["method"], string>> = object,
> = {
  [Rpc in keyof Service["method"] as Rpc extends keyof Renamed ? Extract<Renamed[Rpc], string> : Rpc]: (
    ...parameters: never[]
  ) => unknown;
};
