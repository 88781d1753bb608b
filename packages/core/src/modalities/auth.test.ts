import { inspect } from "node:util";
import { Code, ConnectError, type ServiceImpl } from "@connectrpc/connect";
import { describe, expect, it } from "vitest";
import { InvalidOptionsError } from "../errors/invalid-options-error.js";
import { Auth, type AuthLoginRequest } from "../gen/resonite_io/v1/auth_pb.js";
import { fakeMod } from "../testing/fake-mod.js";
import { AuthClient } from "./auth.js";

const tester = {
  loggedIn: true,
  userId: "U-tester",
  userName: "Tester",
  sessionExpiresUnixNanos: 1_700_000_000_123_456_789n,
};

describe("AuthClient acceptance cases", () => {
  it.each<[string, string, (auth: AuthClient) => Promise<unknown>]>([
    ["login", "Login", (auth) => auth.login("ada", "s3cret")],
    ["logout", "Logout", (auth) => auth.logout()],
    ["status", "Status", (auth) => auth.status()],
  ])("%s calls only its own RPC and returns all fields", async (_, rpc, call) => {
    const { auth, requests } = modWith({ login: () => tester, logout: () => tester, status: () => tester });

    expect(await call(auth)).toStrictEqual({ ...tester, sessionExpires: new Date("2023-11-14T22:13:20.123Z") });
    expect(requests).toMatchObject([{ rpc }]);
  });

  it("sends credential and password as they are, no code, and remembers by default", async () => {
    const { auth, logins } = modWith({ login: () => tester });

    await auth.login("ada@example.org ", " pass word\n");

    expect(logins).toMatchObject([{ credential: "ada@example.org ", password: " pass word\n", rememberMe: true }]);
    expect(logins[0]?.totp).toBeUndefined();
  });

  it.each([true, false])("sends rememberMe: %j when it is said", async (rememberMe) => {
    const { auth, logins } = modWith({ login: () => tester });

    await auth.login("ada", "s3cret", { rememberMe });

    expect(logins).toMatchObject([{ rememberMe }]);
  });

  it.each(["123456", "012345", ""])("sends the code %j, also an empty one", async (totp) => {
    const { auth, logins } = modWith({ login: () => tester });

    await auth.login("ada", "s3cret", { totp });

    expect(logins[0]?.totp).toBe(totp);
  });

  it("returns the state of nobody, with empty fields", async () => {
    const { auth } = modWith({ status: () => ({}) });

    expect(await auth.status()).toStrictEqual({
      loggedIn: false,
      userId: "",
      userName: "",
      sessionExpiresUnixNanos: 0n,
      sessionExpires: undefined,
    });
  });
});

describe("AuthClient", () => {
  it.each([
    [2n ** 53n + 1n, new Date(9_007_199_254)],
    [2n ** 63n - 1n, new Date(9_223_372_036_854)],
    [1_000_000n, new Date(1)],
    [999_999n, new Date(0)],
    [0n, undefined],
    [-1n, undefined],
    [-(2n ** 63n), undefined],
  ])("keeps an expiry of %d exact, and gives it as a date", async (sessionExpiresUnixNanos, sessionExpires) => {
    const { auth } = modWith({ status: () => ({ ...tester, sessionExpiresUnixNanos }) });

    const status = await auth.status();

    expect(status.sessionExpiresUnixNanos).toBe(sessionExpiresUnixNanos);
    expect(status.sessionExpires).toStrictEqual(sessionExpires);
  });

  it.each([
    ["a wrong password", Code.Unauthenticated, "login was refused (HTTP 403)"],
    ["a missing code", Code.FailedPrecondition, "Two-factor code required"],
    ["a rejected code", Code.Unauthenticated, "Two-factor code was rejected"],
    ["a mod without an auth bridge", Code.Unavailable, "Auth bridge is not configured."],
  ])("passes the failure of %s through unchanged, and no secret with it", async (_, code, message) => {
    const { auth } = modWith({
      login() {
        throw new ConnectError(message, code);
      },
    });

    const error = await failureOf(auth.login("ada-lovelace", "hunter2", { totp: "654321" }));

    expect(error).toBeInstanceOf(ConnectError);
    expect(error).toMatchObject({ code, rawMessage: message });
    expect(everythingOf(error)).not.toMatch(/ada-lovelace|hunter2|654321/);
  });

  it.each<[string, (auth: AuthClient) => Promise<unknown>]>([
    ["credential", (auth) => auth.login(untyped(987_654), "hunter2")],
    ["password", (auth) => auth.login("ada", untyped(987_654))],
    ["password", (auth) => auth.login("ada", untyped(["987654"]))],
    ["password", (auth) => auth.login("ada", untyped(undefined))],
    ["totp", (auth) => auth.login("ada", "hunter2", { totp: untyped(987_654) })],
  ])("throws for a %s that is no text, does not tell it, and sends nothing", async (name, call) => {
    const { auth, requests } = modWith({ login: () => tester });

    const error = await failureOf(call(auth));

    expect(error).toBeInstanceOf(InvalidOptionsError);
    expect(error).toMatchObject({ code: "INVALID_OPTIONS", message: expect.stringContaining(name) });
    expect(everythingOf(error)).not.toMatch(/987_?654|hunter2/);
    expect(requests).toEqual([]);
  });

  it("does not send call options as part of the request, nor lose them", async () => {
    const headers: (string | null)[] = [];
    const see = (header: Headers) => void headers.push(header.get("x-trace"));
    const { auth } = modWith({
      login: (_, { requestHeader }) => see(requestHeader) ?? tester,
      logout: (_, { requestHeader }) => see(requestHeader) ?? {},
      status: (_, { requestHeader }) => see(requestHeader) ?? {},
    });
    const call = { headers: { "x-trace": "42" } };

    await auth.login("ada", "s3cret", { totp: "123456", ...call });
    await auth.logout(call);
    await auth.status(call);

    expect(headers).toEqual(Array(Auth.methods.length).fill("42"));
  });

  it("is cancelled by the caller's signal while the cloud thinks", async () => {
    const arrived = Promise.withResolvers<AbortSignal>();
    const { auth } = modWith({
      login(_, { signal }) {
        arrived.resolve(signal);
        return new Promise(() => {});
      },
    });
    const caller = new AbortController();
    const pending = auth.login("ada", "hunter2", { signal: caller.signal });
    const handlerSignal = await arrived.promise;

    caller.abort();

    await expect(pending).rejects.toMatchObject({ code: Code.Canceled });
    expect(handlerSignal.aborted).toBe(true);
  });
});

function modWith(handlers: Partial<ServiceImpl<typeof Auth>>) {
  const logins: AuthLoginRequest[] = [];
  const { login } = handlers;
  const recorded: Partial<ServiceImpl<typeof Auth>> =
    login === undefined
      ? handlers
      : {
          ...handlers,
          login(request, context) {
            logins.push(request);
            return login(request, context);
          },
        };
  const { transport, requests } = fakeMod(Auth, recorded);
  return { auth: new AuthClient(transport), requests, logins };
}

async function failureOf(call: Promise<unknown>): Promise<unknown> {
  return await call.then(
    () => expect.fail("it succeeded"),
    (error: unknown) => error,
  );
}

/** All that a log could show of an error: message, stack, cause, details and hidden properties. */
function everythingOf(error: unknown): string {
  const messages = error instanceof Error ? `${error.message} ${error.cause}` : "";
  const hidden = inspect(error, { depth: null, showHidden: true });
  // The stack names files and lines, whose numbers could look like a secret.
  return `${messages} ${hidden}`.replaceAll(/:\d+:\d+\)?/g, "");
}

/** What a caller without types could pass. */
function untyped<T>(value: unknown): T {
  return value as T;
}
