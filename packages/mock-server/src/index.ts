export type { MockMod, MockModOptions } from "./create-mock-mod.js";
export { createMockMod } from "./create-mock-mod.js";
export type { CancelTask, Clock, VirtualClock } from "./engine/clock.js";
export { createRealClock, createVirtualClock } from "./engine/clock.js";
export type { Engine } from "./engine/engine.js";
export type { EngineErrorKind } from "./engine/engine-error.js";
export { EngineError } from "./engine/engine-error.js";
export { defaultScenario } from "./scenarios/default-scenario.js";
export type {
  AccessLevel,
  Scenario,
  ScenarioInfo,
  ScenarioPlace,
  ScenarioRecord,
  ScenarioSession,
  ScenarioWorld,
} from "./scenarios/scenario.js";
export { modSocketPath } from "./server/socket-file.js";
export type { MockServer, MockServerOptions } from "./start-mock-server.js";
export { startMockServer } from "./start-mock-server.js";
