import { Fields, type JsonObject } from "../world/fields.js";
import { parseInstance, sessionUriOf, type WorldInstance } from "../world/instance.js";
import { verifySignature } from "../world/keys.js";
import { isProtectedSocketUri, isSameServer } from "../world/server-url.js";
import { asMalformed, type VerifiedWorld } from "./verify-world.js";
import { WorldVerificationError } from "./world-verification-error.js";

/** Checks an instance as it was received, with its signature where the world says that it has one. */
export async function verifyInstance(
  received: unknown,
  signature: unknown,
  world: VerifiedWorld,
): Promise<WorldInstance> {
  const instance = asMalformed("MALFORMED_INSTANCE", () => parseInstance(received));
  if (instance.worldId !== world.worldId) {
    throw new WorldVerificationError("INSTANCE_WORLD_MISMATCH", "the server listed an instance of another world");
  }
  if (instance.endpoint !== undefined && !isSameServer(instance.endpoint, world.server)) {
    throw new WorldVerificationError("INSTANCE_ENDPOINT_MISMATCH", "the server listed an instance of another server");
  }
  const uri = sessionUriOf(instance);
  if (uri !== undefined && !isProtectedSocketUri(uri)) {
    throw new WorldVerificationError(
      "INSECURE_SESSION_URI",
      `the instance is at ${JSON.stringify(uri.slice(0, 200))}, which is neither wss: nor ws: on this machine`,
    );
  }
  if (world.instancePolicy?.signedInstances === true) {
    if (typeof signature !== "string" || !(await verifySignature(received, signature, world.publicKey))) {
      throw new WorldVerificationError(
        "INSTANCE_SIGNATURE",
        "the world signs its instances, and this one it did not sign",
      );
    }
  }
  return instance;
}

/** Checks an answer that holds one instance. */
export async function verifyOneInstance(payload: JsonObject, world: VerifiedWorld): Promise<WorldInstance> {
  const { instance, signature } = payload;
  return await verifyInstance(instance, signature, world);
}

/** Checks an answer that holds a list of instances. */
export async function verifyInstances(payload: JsonObject, world: VerifiedWorld): Promise<readonly WorldInstance[]> {
  const { items, signatures } = asMalformed("MALFORMED_INSTANCE", () => {
    const fields = new Fields(payload, "payload");
    return {
      items: fields.list("instances"),
      signatures: fields.has("signatures") ? fields.object("signatures").all : {},
    };
  });
  const instances: WorldInstance[] = [];
  for (const { value, path } of items) {
    const id = asMalformed("MALFORMED_INSTANCE", () => new Fields(value, path).text("id"));
    instances.push(await verifyInstance(value, Object.hasOwn(signatures, id) ? signatures[id] : undefined, world));
  }
  return instances;
}
