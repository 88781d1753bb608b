import { ServerPlatform } from "@resoio/core/gen/resonite_io/v1/info_pb";
import type { Engine } from "../engine/engine.js";
import type { InfoHandlers } from "../gen/handlers.js";

const platforms = {
  unspecified: ServerPlatform.UNSPECIFIED,
  windows: ServerPlatform.WINDOWS,
  osx: ServerPlatform.OSX,
  linux: ServerPlatform.LINUX,
  android: ServerPlatform.ANDROID,
  other: ServerPlatform.OTHER,
} as const;

/** Says what the scenario says; the process is the one that runs the simulation. */
export const infoService = (engine: Engine): InfoHandlers => ({
  getServerInfo() {
    const { platform, ...info } = engine.scenario.info;
    return { ...info, platform: platforms[platform], resonitePid: process.pid };
  },
});
