import { toBase64Url } from "../world/encoded-bytes.js";
import type { WorldInstance } from "../world/instance.js";
import type { SigningKey } from "../world/keys.js";
import { worldActions } from "../world/names.js";
import { createPrivateRequest } from "../world/private-request.js";
import { type AskOptions, askServer } from "./ask-server.js";
import { verifyOneInstance } from "./verify-instance.js";
import { checkMayHost, type VerifiedWorld } from "./verify-world.js";

/** What the new instance shall be like. The server has the last word. */
export interface NewInstance {
  /** The key of the player who asks; see `createSigningKey`. */
  readonly player: SigningKey;
  /** 1 to 64 characters. Default: the server's. */
  readonly name?: string | undefined;
  /** How many players it has room for, from 1. Default: the server's. */
  readonly capacity?: number | undefined;
  /** `public` or `private`. Default `public`. */
  readonly joinPolicy?: string | undefined;
}

/** Options of {@link createInstance}. */
export interface CreateInstanceOptions extends AskOptions {
  /** Now, as Unix time in milliseconds: the server accepts 300 seconds of age. Default `Date.now`. */
  readonly now?: (() => number) | undefined;
}

/**
 * Asks the server for a new instance of a world. The request is signed by the player. It is never sent twice.
 *
 * Throws `WorldServerError`: its status is `status+me.virmesh.action.not_supported` where no server does that, and
 * `status+me.virmesh.worldInstance.create_not_allowed` where this player may not, or not now. Join another instance then. Throws
 * `WorldVerificationError` when the world does not let the server run live sessions.
 */
export async function createInstance(
  world: VerifiedWorld,
  wanted: NewInstance,
  options: CreateInstanceOptions = {},
): Promise<WorldInstance> {
  const { player, name, capacity, joinPolicy } = wanted;
  const { now = Date.now } = options;
  checkMayHost(world, now());
  const body = await createPrivateRequest(player, {
    worldId: world.worldId,
    ...(name === undefined ? {} : { name }),
    ...(capacity === undefined ? {} : { capacity }),
    ...(joinPolicy === undefined ? {} : { joinPolicy }),
    createdAt: Math.floor(now() / 1_000),
    nonce: toBase64Url(crypto.getRandomValues(new Uint8Array(16))),
  });
  const question = { server: world.server, family: "private", action: worldActions.createInstance, body } as const;
  return await verifyOneInstance(await askServer(question, options, 120_000), world);
}
