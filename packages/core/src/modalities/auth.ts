import { type CallOptions, type Client, createClient, type Transport } from "@connectrpc/connect";
import type { Covers } from "../covers.js";
import { InvalidOptionsError } from "../errors/invalid-options-error.js";
import { Auth, type AuthStatus as WireStatus } from "../gen/resonite_io/v1/auth_pb.js";

/** Who is signed in. */
export interface AuthStatus {
  readonly loggedIn: boolean;
  /** Begins with `U-`. Empty when nobody is signed in. */
  readonly userId: string;
  /** Empty when nobody is signed in. */
  readonly userName: string;
  /** When the sign-in expires: Unix time in nanoseconds (UTC), a multiple of 100; 0 when unknown or nobody is signed in. */
  readonly sessionExpiresUnixNanos: bigint;
  /** The same, cut to whole milliseconds; `undefined` when unknown or nobody is signed in. */
  readonly sessionExpires: Date | undefined;
}

/** Options of {@link AuthClient.login}. */
export interface LoginOptions extends CallOptions {
  /** The current code of the account's two-factor app. Default none. */
  readonly totp?: string;
  /** Whether the engine should keep the sign-in for its next start. Default true. */
  readonly rememberMe?: boolean;
}

/**
 * Signs the game in to the Resonite cloud and out of it.
 *
 * The sign-in belongs to the engine: every program that talks to it shares it, and it outlives the connection. Every method
 * fails with `Unavailable` when the mod has no auth bridge.
 */
export class AuthClient implements Covers<typeof Auth> {
  readonly #rpc: Client<typeof Auth>;

  constructor(transport: Transport) {
    this.#rpc = createClient(Auth, transport);
  }

  /**
   * Signs in with a user name, e-mail address or user id, and waits for the cloud. Replaces a sign-in that there is; a
   * failed call leaves it as it was.
   *
   * Fails with `FailedPrecondition` when the account needs a `totp` that was not given (the message contains `Two-factor`:
   * ask for the code and try again) or while the engine is still starting, and with `Unauthenticated` when the cloud refuses
   * the password or the code, or cannot be reached.
   *
   * The password is sent as it is and kept nowhere: no error tells it. Throws {@link InvalidOptionsError} for a credential,
   * password or code that is no text.
   */
  async login(credential: string, password: string, options: LoginOptions = {}): Promise<AuthStatus> {
    const { totp, rememberMe = true, ...call } = options;
    checkTexts({ credential, password, totp: totp ?? "" });
    return toStatus(await this.#rpc.login({ credential, password, totp, rememberMe }, call));
  }

  /**
   * Signs out, if somebody is signed in.
   *
   * Fails with `FailedPrecondition` while the engine is still starting.
   */
  async logout(options?: CallOptions): Promise<AuthStatus> {
    return toStatus(await this.#rpc.logout({}, options));
  }

  /** Returns who is signed in. Nobody is, while the engine is still starting. */
  async status(options?: CallOptions): Promise<AuthStatus> {
    return toStatus(await this.#rpc.status({}, options));
  }
}

/** Said here, because the encoders of some wire formats quote in their errors what they cannot encode. */
function checkTexts(texts: Readonly<Record<string, unknown>>): void {
  for (const [name, text] of Object.entries(texts)) {
    if (typeof text !== "string") throw new InvalidOptionsError(`the ${name} must be a text, not a ${typeof text}`);
  }
}

function toStatus({ loggedIn, userId, userName, sessionExpiresUnixNanos }: WireStatus): AuthStatus {
  return {
    loggedIn,
    userId,
    userName,
    sessionExpiresUnixNanos,
    sessionExpires: sessionExpiresUnixNanos > 0n ? new Date(Number(sessionExpiresUnixNanos / 1_000_000n)) : undefined,
  };
}
