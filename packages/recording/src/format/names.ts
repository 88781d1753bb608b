/** Who writes the files, in their header. */
export const libraryName = "@resoio/recording";

/** How recordings name the RPC that streams the camera. */
export const cameraRpc = "camera.streamFrames";

/** How recordings name the RPC that streams the sound. */
export const speakerRpc = "speaker.streamAudio";
