import type { RpcId } from "../gen/registry.js";
import { ResoioError } from "./resoio-error.js";

/** The transport cannot find out whether the mod has an RPC except by calling it, which would change something. */
export class CannotAskError extends ResoioError {
  readonly code = "CANNOT_ASK";
  /** The RPC in question. */
  readonly rpc: RpcId;

  constructor(rpc: RpcId) {
    super(
      `this transport cannot ask whether the mod has ${rpc} without calling it. Use a transport with a \`supports\` method, such as ` +
        "those of @resoio/node-uds and @resoio/web-proxy, or call it and look for Unimplemented.",
    );
    this.rpc = rpc;
  }
}
