import type { ScenarioAccount } from "../scenarios/parts/auth.js";
import type { Scenario } from "../scenarios/scenario.js";
import type { EngineContext } from "./engine-context.js";
import { EngineError } from "./engine-error.js";

/** Who is signed in. Passwords and codes are never part of it. */
export interface AuthState {
  user: { readonly userId: string; readonly userName: string } | undefined;
  /** When the sign-in expires: Unix time in nanoseconds (UTC); 0 while nobody is signed in. */
  expiresUnixNanos: bigint;
  /** Whether the sign-in shall be kept for the next start of the game. */
  isRemembered: boolean;
}

/** What it takes to sign in. */
export interface Credentials {
  /** A user name, an e-mail address or a user id; capital and small letters are the same. */
  readonly credential: string;
  readonly password: string;
  /** The code of the second factor. An empty one counts as none. */
  readonly totp: string | undefined;
  readonly remember: boolean;
}

/** Makes the state at the start. */
export function initialAuth(scenario: Scenario): AuthState {
  const userId = scenario.signedInAs ?? scenario.localUser.userId;
  if (userId === "") return { ...signedOut };
  const user = [scenario.localUser, ...scenario.accounts].find((candidate) => candidate.userId === userId);
  return user === undefined ? { ...signedOut } : signedIn(user, scenario, true);
}

/** Signing in and out of the cloud. There is one sign-in for everybody. */
export class Auth {
  readonly #context: EngineContext;

  constructor(context: EngineContext) {
    this.#context = context;
  }

  /**
   * Signs in, in the place of whoever is signed in.
   *
   * Throws `unauthenticated` for a wrong name, password or code, and `notReady` when a code is needed and there is none.
   * Nothing of the credentials is in the errors, and the sign-in stays as it was.
   */
  login({ credential, password, totp = "", remember }: Credentials): void {
    const { scenario } = this.#context;
    const account = scenario.accounts.find((candidate) => isCalled(candidate, credential));
    // A name that nobody has is refused like a wrong password, so that names cannot be found out.
    if (account === undefined || account.password !== password) {
      throw new EngineError("unauthenticated", "The cloud refused the sign-in (HTTP 403).");
    }
    const { totp: expected = "" } = account;
    if (expected !== "" && totp === "") {
      throw new EngineError("notReady", "Two-factor code needed: this account has a second factor.");
    }
    if (expected !== "" && totp !== expected) {
      throw new EngineError("unauthenticated", "Two-factor code rejected.");
    }
    this.#context.state.auth = signedIn(account, scenario, remember);
    this.#context.changed({ what: "signedIn", userId: account.userId });
  }

  /** Signs out. Does nothing when nobody is signed in. */
  logout(): void {
    const { user } = this.#context.state.auth;
    if (user === undefined) return;
    this.#context.state.auth = { ...signedOut };
    this.#context.changed({ what: "signedOut", userId: user.userId });
  }
}

const signedOut: AuthState = { user: undefined, expiresUnixNanos: 0n, isRemembered: false };

function signedIn(
  { userId, userName }: { readonly userId: string; readonly userName: string },
  { sessionExpiresUnixNanos }: Scenario,
  isRemembered: boolean,
): AuthState {
  return { user: { userId, userName }, expiresUnixNanos: sessionExpiresUnixNanos, isRemembered };
}

function isCalled({ userId, userName, email }: ScenarioAccount, credential: string): boolean {
  const wanted = credential.toLowerCase();
  return wanted !== "" && [userId, userName, email].some((name) => name.toLowerCase() === wanted);
}
