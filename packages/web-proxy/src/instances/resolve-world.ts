import { worldActions } from "../world/names.js";
import { type AskOptions, askServer } from "./ask-server.js";
import { type VerifiedWorld, verifyWorld } from "./verify-world.js";
import { parseWorldTarget } from "./world-target.js";

/** Options of {@link resolveWorld}. */
export interface ResolveWorldOptions extends AskOptions {
  /** URL of the WorldServer. Default: the host of the address; in a page that has but an id, where the page comes from. */
  readonly server?: string | undefined;
  /** A certain version of the manifest. Default: the newest. */
  readonly versionId?: string | undefined;
  /** Now, as Unix time in milliseconds. Default `Date.now`. */
  readonly now?: (() => number) | undefined;
}

/**
 * Finds a world by its address (`example.com/world`) or its id (`medi:world:ed25519:...`), and checks every signature.
 *
 * Throws `WorldVerificationError` with a code of its own for each check, `WorldServerError` when the server does not answer as asked,
 * and `InvalidOptionsError` for what is neither an address nor an id and for a server that is not protected by https.
 */
export async function resolveWorld(
  addressOrWorldId: string,
  options: ResolveWorldOptions = {},
): Promise<VerifiedWorld> {
  const { versionId, now = Date.now } = options;
  const target = parseWorldTarget(addressOrWorldId, options.server);
  const query = { ...target.wanted, versionId };
  const payload = await askServer(
    { server: target.server, family: "public", action: worldActions.resolveWorld, query },
    options,
  );
  return await verifyWorld(payload, { ...target, versionId, nowMs: now() });
}
