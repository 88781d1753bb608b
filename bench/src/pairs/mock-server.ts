import { startMockServer } from "@resoio/mock-server";
import type { ServePair } from "./index.ts";

/** More pictures in a second than anybody reads. */
const cameraFps = 1_000;

/** The simulated mod with a world in which nothing moves: what its camera shows is drawn once, and sent again and again. */
export const serveMock: ServePair = async (socketPath, display) => {
  await startMockServer({ socketPath, scenario: { display, cameraFps, places: {} } });
};
