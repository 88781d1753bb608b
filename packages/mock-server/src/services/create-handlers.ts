import type { Engine } from "../engine/engine.js";
import type { Handlers } from "../gen/handlers.js";
import { cameraService } from "./camera.js";
import { connectionService } from "./connection.js";
import { infoService } from "./info.js";
import { worldService } from "./world.js";

/** The modalities that are simulated so far. The others answer UNIMPLEMENTED. */
export type SimulatedHandlers = Pick<Handlers, "camera" | "connection" | "info" | "world">;

/** Makes the handlers of all simulated modalities on one engine. */
export function createHandlers(engine: Engine): SimulatedHandlers {
  return {
    camera: cameraService(engine),
    connection: connectionService(engine),
    info: infoService(engine),
    world: worldService(engine),
  };
}
