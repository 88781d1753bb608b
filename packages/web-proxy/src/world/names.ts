/** What every status of VirMesh begins with. */
export const statusPrefix = "status+me.virmesh.";

/** The actions of a WorldServer. */
export const worldActions = {
  resolveWorld: "me.virmesh.world.resolveWorld",
  listInstance: "me.virmesh.worldInstance.listInstance",
  getInstance: "me.virmesh.worldInstance.getInstance",
  createInstance: "me.virmesh.worldInstance.createInstance",
} as const;

/** The schema of a manifest, version 1. */
export const manifestSchema = "obj+me.virmesh.world.manifest";

/** The module with the name and the addresses of a world. */
export const profileModule = "world+me.virmesh.world.profile";

/** The module that announces what the server does with `createInstance`. */
export const instancePolicyModule = "world+me.virmesh.world.instancePolicy";

/** How a live session is reached: the one protocol of instances that we speak, in major version 1. */
export const webSocketProtocol = "me.virmesh.world.websocket";

/** What a world lets a server do. */
export const worldCapabilities = { resolveManifest: "resolveManifest", hostLiveSession: "hostLiveSession" } as const;
