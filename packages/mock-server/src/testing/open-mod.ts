import type { MockModOptions } from "../create-mock-mod.js";
import { createVirtualClock, type VirtualClock } from "../engine/clock.js";
import type { Engine } from "../engine/engine.js";
import { type MockServer, startMockServer } from "../start-mock-server.js";
import { RawClient } from "./raw-client.js";

/** A simulated mod on a real socket in virtual time, with a client that we did not write. */
export interface OpenMod extends AsyncDisposable {
  readonly mod: MockServer;
  readonly engine: Engine;
  readonly clock: VirtualClock;
  readonly raw: RawClient;
}

/** Opens a mod for one test. Time stands still until `clock.advance`. */
export async function openMod(options: Omit<MockModOptions, "clock"> = {}): Promise<OpenMod> {
  const clock = createVirtualClock();
  const mod = await startMockServer({ ...options, clock });
  const raw = new RawClient(mod.socketPath);
  return {
    mod,
    engine: mod.engine,
    clock,
    raw,
    async [Symbol.asyncDispose]() {
      raw[Symbol.dispose]();
      await mod.close();
    },
  };
}
