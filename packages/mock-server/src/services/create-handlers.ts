import type { Engine } from "../engine/engine.js";
import type { Handlers } from "../gen/handlers.js";
import { authService } from "./auth.js";
import { cameraService } from "./camera.js";
import { connectionService } from "./connection.js";
import { contactService } from "./contact.js";
import { contextMenuService } from "./context-menu.js";
import { cursorService } from "./cursor.js";
import { dashService } from "./dash.js";
import { displayService } from "./display.js";
import { grabberService } from "./grabber.js";
import { infoService } from "./info.js";
import { inventoryService } from "./inventory.js";
import { lifecycleService } from "./lifecycle.js";
import { locomotionService } from "./locomotion.js";
import { microphoneService } from "./microphone.js";
import { sessionService } from "./session.js";
import { speakerService } from "./speaker.js";
import { worldService } from "./world.js";

/** Makes the handlers of all modalities on one engine. */
export function createHandlers(engine: Engine): Handlers {
  return {
    auth: authService(engine),
    camera: cameraService(engine),
    connection: connectionService(engine),
    contact: contactService(engine),
    contextMenu: contextMenuService(engine),
    cursor: cursorService(engine),
    dash: dashService(engine),
    display: displayService(engine),
    grabber: grabberService(engine),
    info: infoService(engine),
    inventory: inventoryService(engine),
    lifecycle: lifecycleService(engine),
    locomotion: locomotionService(engine),
    microphone: microphoneService(engine),
    session: sessionService(engine),
    speaker: speakerService(engine),
    world: worldService(engine),
  };
}
