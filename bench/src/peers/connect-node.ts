import { connect } from "node:net";
import { createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { services } from "@resoio/core";
import { spokenFrame } from "../content.ts";
import type { Peer } from "./peer.ts";

/** The stream window that ours has; the window of the connection cannot be set. Users do not get it by themselves. */
export const tunedSettings = { initialWindowSize: 16 * 1024 * 1024 };

/** `@connectrpc/connect-node`, with HTTP/2 settings if there are any. */
export async function openConnectNode(
  socketPath: string,
  settings: { readonly initialWindowSize?: number },
): Promise<Peer> {
  const transport = createGrpcTransport({
    baseUrl: "http://localhost",
    nodeOptions: { createConnection: () => connect({ path: socketPath }), settings },
  });
  const camera = createClient(services.camera, transport);
  const speaker = createClient(services.speaker, transport);
  const microphone = createClient(services.microphone, transport);
  const connection = createClient(services.connection, transport);
  const inventory = createClient(services.inventory, transport);
  return {
    readPictures: (onPicture) =>
      readStream(
        (signal) => camera.streamFrames({}, { signal }),
        ({ pixels }) => onPicture(pixels.length),
      ),
    readSound: (onSound) =>
      readStream(
        (signal) => speaker.streamAudio({}, { signal }),
        ({ samples }) => onSound(samples.length),
      ),
    async speak(count) {
      return Number((await microphone.streamAudio(spoken(count))).receivedFrames);
    },
    async ping() {
      await connection.ping({ message: "ping" });
    },
    async list() {
      return (await inventory.list({ path: "/Inventory" })).entries.length;
    },
    async close() {},
  };
}

/** Leaving the loop alone would let the call go on. */
async function readStream<T>(
  open: (signal: AbortSignal) => AsyncIterable<T>,
  onMessage: (message: T) => boolean,
): Promise<void> {
  const leaving = new AbortController();
  for await (const message of open(leaving.signal)) if (!onMessage(message)) break;
  leaving.abort();
}

async function* spoken(count: number) {
  for (let sent = 0; sent < count; sent++) yield spokenFrame(sent);
}
