import { type DescMethod, getOption } from "@bufbuild/protobuf";
import { type Access, type RpcId, rpcs } from "@resoio/core";
import { Access as AccessNumber, access as accessOption } from "@resoio/core/gen/resoio/access/v1/access_pb";
import { Channels } from "@resoio/core/gen/resoio/web/v1/channel_pb";
import { Picture } from "@resoio/core/gen/resoio/web/v1/picture_pb";
import { pathOf } from "@resoio/core/internal";

/** An RPC that a client can ask for, by its path. */
export interface CallableRpc {
  /** `modality.method`. */
  readonly id: string;
  readonly path: string;
  readonly method: DescMethod;
  /** What a client must be allowed to do. `undefined`: nobody may call it. */
  readonly access: Access | undefined;
  /**
   * What a recording of the proxy has of its calls: the `"whole"`; all but the responses, where those come from a `"shared"` stream that is
   * recorded once; or nothing, as what it carries is recorded `"elsewhere"`.
   */
  readonly recorded: "whole" | "shared" | "elsewhere";
}

const accessNames: Readonly<Record<AccessNumber, Access | undefined>> = {
  [AccessNumber.UNSPECIFIED]: undefined,
  [AccessNumber.OBSERVE]: "observe",
  [AccessNumber.CONTROL]: "control",
  [AccessNumber.WRITE]: "write",
  [AccessNumber.ADMIN]: "admin",
  [AccessNumber.SECRET]: "secret",
};

const sharedRpcs: ReadonlySet<RpcId> = new Set(["camera.streamFrames", "speaker.streamAudio"]);

const modRpcs: readonly CallableRpc[] = Object.values(rpcs).map((rpc) => ({
  ...rpc,
  recorded: sharedRpcs.has(rpc.id) ? "shared" : "whole",
}));

const ownRpcs: readonly CallableRpc[] = [...Picture.methods, ...Channels.methods].map((method) => ({
  id: `${method.parent.name.toLowerCase()}.${method.localName}`,
  path: pathOf(method),
  method,
  access: accessNames[getOption(method, accessOption)],
  recorded: method.parent === Channels ? "elsewhere" : "shared",
}));

/** Every RPC of the mod, and those of the proxy itself, by path. */
export const callableRpcs: ReadonlyMap<string, CallableRpc> = new Map(
  [...modRpcs, ...ownRpcs].map((rpc) => [rpc.path, rpc]),
);
