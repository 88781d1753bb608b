import type { Resonite } from "@resoio/core";
import { connect } from "@resoio/node-uds";
import { spokenSamples } from "../content.ts";
import type { Peer } from "./peer.ts";

/** How {@link openResoio} is used. */
export interface ResoioOptions {
  readonly http2?: "fast" | "node";
  /** Whether frames are given back when they have been looked at. */
  readonly releases?: boolean;
}

/** `@resoio/node-uds`, through the modality clients that users have. */
export async function openResoio(
  socketPath: string,
  { http2 = "fast", releases = false }: ResoioOptions,
): Promise<Peer> {
  return peerOf(await connect({ socketPath, http2 }), releases);
}

/** The modality clients, whatever carries their calls. */
export function peerOf(resonite: Resonite, releases: boolean): Peer {
  return {
    async readPictures(onPicture) {
      for await (const frame of resonite.camera.stream({ mode: "every" })) {
        const isWanted = onPicture(frame.pixels.byteLength);
        if (releases) frame.release();
        if (!isWanted) break;
      }
    },
    async readSound(onSound) {
      for await (const { samples } of resonite.speaker.stream()) if (!onSound(samples.byteLength)) break;
    },
    async speak(count) {
      const { receivedFrames } = await resonite.microphone.stream(spoken(count));
      return Number(receivedFrames);
    },
    async ping() {
      await resonite.connection.ping("ping");
    },
    async list() {
      return (await resonite.inventory.list("/Inventory")).entries.length;
    },
    close: () => resonite.close(),
  };
}

async function* spoken(count: number) {
  for (let sent = 0; sent < count; sent++) yield spokenSamples;
}
