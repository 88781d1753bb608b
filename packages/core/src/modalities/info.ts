import { type CallOptions, type Client, createClient, type Transport } from "@connectrpc/connect";
import { choiceName } from "../choices.js";
import type { Covers } from "../covers.js";
import { Info, ServerPlatform as WirePlatform } from "../gen/resonite_io/v1/info_pb.js";

const platforms = {
  unspecified: WirePlatform.UNSPECIFIED,
  windows: WirePlatform.WINDOWS,
  osx: WirePlatform.OSX,
  linux: WirePlatform.LINUX,
  android: WirePlatform.ANDROID,
  other: WirePlatform.OTHER,
} as const;

/** The platform the engine was built for. `"unspecified"` when the mod does not know it, or names one that we do not. */
export type ServerPlatform = keyof typeof platforms;

/** What runs at the other end. Taken once, when the mod starts. */
export interface ServerInfo {
  /** Version of the mod, for example `"0.7.0"`. */
  readonly modVersion: string;
  /** Version of the engine, for example `"2025.1.1.1"`. */
  readonly engineVersion: string;
  readonly platform: ServerPlatform;
  /** Whether the engine itself runs under Wine. False on Linux today, where only the renderer does. */
  readonly isWine: boolean;
  /** Process id of the engine on its host; 0 when unknown. The socket's file name carries the same number. */
  readonly resonitePid: number;
  /** Process id of the renderer when the mod started; 0 for a headless engine. Not updated when the renderer restarts. */
  readonly rendererPid: number;
}

/** Tells what mod and what engine are at the other end. */
export class InfoClient implements Covers<typeof Info> {
  readonly #rpc: Client<typeof Info>;

  constructor(transport: Transport) {
    this.#rpc = createClient(Info, transport);
  }

  /**
   * Returns the versions, platform and process ids.
   *
   * Fails with `Unavailable` when the mod has no info bridge and with `Unimplemented` when the mod is older than this RPC.
   */
  async getServerInfo(options?: CallOptions): Promise<ServerInfo> {
    const info = await this.#rpc.getServerInfo({}, options);
    return {
      modVersion: info.modVersion,
      engineVersion: info.engineVersion,
      platform: choiceName(platforms, info.platform, "unspecified"),
      isWine: info.isWine,
      resonitePid: info.resonitePid,
      rendererPid: info.rendererPid,
    };
  }
}
