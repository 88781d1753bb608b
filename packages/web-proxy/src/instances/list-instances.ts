import type { WorldInstance } from "../world/instance.js";
import { worldActions } from "../world/names.js";
import { type AskOptions, askServer } from "./ask-server.js";
import { verifyInstances, verifyOneInstance } from "./verify-instance.js";
import type { VerifiedWorld } from "./verify-world.js";
import { WorldVerificationError } from "./world-verification-error.js";

/** Lists the running instances of a world on its server. Throws `WorldServerError` and `WorldVerificationError`. */
export async function listInstances(world: VerifiedWorld, options: AskOptions = {}): Promise<readonly WorldInstance[]> {
  const { server, worldId } = world;
  const query = { worldId };
  const payload = await askServer({ server, family: "public", action: worldActions.listInstance, query }, options);
  return await verifyInstances(payload, world);
}

/**
 * Asks how an instance is now. `instanceId` is the id that the server gave it, whatever is in it.
 *
 * Throws `WorldServerError`, with a 404 when there is no such instance any more, and `WorldVerificationError`.
 */
export async function getInstance(
  world: VerifiedWorld,
  instanceId: string,
  options: AskOptions = {},
): Promise<WorldInstance> {
  const { server, worldId } = world;
  const query = { instanceId, worldId };
  const payload = await askServer({ server, family: "public", action: worldActions.getInstance, query }, options);
  const instance = await verifyOneInstance(payload, world);
  if (instance.id !== instanceId) {
    throw new WorldVerificationError(
      "INSTANCE_MISMATCH",
      "the server answered with another instance than was asked for",
    );
  }
  return instance;
}
