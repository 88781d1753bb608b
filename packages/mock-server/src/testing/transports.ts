import { Resonite } from "@resoio/core";
import { connect } from "@resoio/node-uds";
import type { MockMod, MockModOptions } from "../create-mock-mod.js";
import { createMockMod } from "../create-mock-mod.js";
import { startMockServer } from "../start-mock-server.js";

/** A simulated mod with our own client on one of the transports. */
export interface ConnectedMod extends AsyncDisposable {
  readonly mod: MockMod;
  readonly resonite: Resonite;
}

/** Every way to reach the simulated mod, for `describe.each`. */
export const transports: readonly {
  readonly name: string;
  readonly open: (options?: MockModOptions) => Promise<ConnectedMod>;
}[] = [
  {
    name: "the in-process transport",
    async open(options) {
      const mod = createMockMod(options);
      return connected(mod, new Resonite(mod.transport()));
    },
  },
  {
    name: "a Unix domain socket",
    async open(options) {
      const mod = await startMockServer(options);
      return connected(mod, await connect({ socketPath: mod.socketPath }));
    },
  },
];

function connected(mod: MockMod, resonite: Resonite): ConnectedMod {
  return {
    mod,
    resonite,
    async [Symbol.asyncDispose]() {
      await resonite.close();
      await mod.close();
    },
  };
}
