import { type AuthClient, Code, InvalidOptionsError, Resonite } from "@resoio/core";
import { describe, expect, it } from "vitest";
import { callsOf } from "./testing/requests-of.js";
import { codeOf, statusOf } from "./testing/status-of.js";
import { transports } from "./testing/transports.js";

const password = "correct horse";
const totp = "123456";
const sessionExpiresUnixNanos = 1_700_000_000_123_456_700n;

const scenario = {
  localUser: { userId: "U-tester", userName: "Tester" },
  signedInAs: "",
  sessionExpiresUnixNanos,
  accounts: [
    { userId: "U-tester", userName: "Tester", email: "tester@example.com", password },
    { userId: "U-careful", userName: "Careful", password, totp },
  ],
};

const noText = { digits: 4711 };

const signedOut = {
  loggedIn: false,
  userId: "",
  userName: "",
  sessionExpiresUnixNanos: 0n,
  sessionExpires: undefined,
};

describe.each(transports)("auth over $name", ({ open }) => {
  it("signs in and tells who it is and until when, to the last nanosecond", async () => {
    await using test = await open({ scenario });
    const status = {
      loggedIn: true,
      userId: "U-tester",
      userName: "Tester",
      sessionExpiresUnixNanos,
      sessionExpires: new Date(1_700_000_000_123),
    };
    expect(await test.resonite.auth.login("Tester", password)).toEqual(status);
    expect(await test.resonite.auth.status()).toEqual(status);
  });

  it.each(["Tester", "tester@example.com", "U-tester"])("takes '%s' for the same account", async (credential) => {
    await using test = await open({ scenario });
    expect((await test.resonite.auth.login(credential, password)).userId).toBe("U-tester");
  });

  it("tells no expiry that the mod does not know", async () => {
    await using test = await open({ scenario: { ...scenario, sessionExpiresUnixNanos: 0n } });
    expect(await test.resonite.auth.login("Tester", password)).toMatchObject({
      loggedIn: true,
      sessionExpiresUnixNanos: 0n,
      sessionExpires: undefined,
    });
  });

  it.each([
    [undefined, true],
    [true, true],
    [false, false],
  ])("asks the engine to remember the sign-in unless told otherwise: %s", async (rememberMe, expected) => {
    await using test = await open({ scenario });
    await test.resonite.auth.login("Tester", password, rememberMe === undefined ? {} : { rememberMe });
    expect(test.mod.engine.state.auth.isRemembered).toBe(expected);
  });

  it("asks for the code of the second factor, and takes it on the second try", async () => {
    await using test = await open({ scenario });
    const { auth } = test.resonite;
    expect(await statusOf(auth.login("Careful", password))).toMatch(/^FailedPrecondition: .*Two-factor/);
    expect((await auth.login("Careful", password, { totp })).userName).toBe("Careful");
  });

  it("takes an empty code for none, and a wrong one for a refusal", async () => {
    await using test = await open({ scenario });
    const { auth } = test.resonite;
    expect(await statusOf(auth.login("Careful", password, { totp: "" }))).toMatch(/^FailedPrecondition: .*Two-factor/);
    expect(await statusOf(auth.login("Careful", password, { totp: "000000" }))).toMatch(
      /^Unauthenticated: .*Two-factor/,
    );
  });

  it("sends no code that was not given, which an account without a second factor would not mind either", async () => {
    await using test = await open({ scenario });
    expect((await test.resonite.auth.login("Tester", password, { totp: "999999" })).loggedIn).toBe(true);
  });

  it("is refused with the cloud's HTTP status for a wrong password, and as much for a name that nobody has", async () => {
    await using test = await open({ scenario });
    const { auth } = test.resonite;
    const refused = await statusOf(auth.login("Tester", "wrong"));
    expect(refused).toMatch(/^Unauthenticated: .*\(HTTP \d+\)/);
    expect(await statusOf(auth.login("Nobody", password))).toBe(refused);
  });

  it("stays as it was when a sign-in fails, and is replaced by one that works", async () => {
    await using test = await open({ scenario: { ...scenario, signedInAs: "U-careful" } });
    const { auth } = test.resonite;
    await statusOf(auth.login("Tester", "wrong"));
    expect((await auth.status()).userName).toBe("Careful");
    await auth.login("Tester", password);
    expect((await auth.status()).userName).toBe("Tester");
  });

  it("signs out once or more often", async () => {
    await using test = await open({ scenario: { ...scenario, signedInAs: "U-tester" } });
    const { auth } = test.resonite;
    expect(await auth.logout()).toEqual(signedOut);
    expect(await auth.logout()).toEqual(signedOut);
    expect(await auth.status()).toEqual(signedOut);
    expect(test.mod.engine.journal.changes("signedOut")).toHaveLength(1);
  });

  it("belongs to the engine, not to the connection", async () => {
    await using test = await open({ scenario });
    const other = new Resonite(test.mod.transport());
    await other.auth.login("Tester", password);
    await other.close();
    expect((await test.resonite.auth.status()).userName).toBe("Tester");
  });

  it("has nobody signed in while the engine starts, and lets nobody in or out", async () => {
    await using test = await open({
      scenario: { ...scenario, signedInAs: "U-tester" },
      faults: { bootMs: 60_000 },
    });
    const { auth } = test.resonite;
    expect(await auth.status()).toEqual(signedOut);
    expect(await codeOf(auth.login("Tester", password))).toBe(Code.FailedPrecondition);
    expect(await codeOf(auth.logout())).toBe(Code.FailedPrecondition);
  });

  it("leaves no trace of a password or code: neither in an error nor in what the mod writes down", async () => {
    await using test = await open({ scenario });
    const { auth } = test.resonite;
    const secret = "hunter2-Ω";
    const failures = await Promise.allSettled([
      auth.login("Tester", secret),
      auth.login("Careful", password, { totp: secret }),
      auth.login("Tester", secret, { signal: AbortSignal.abort() }),
    ]);
    for (const failure of failures) {
      expect(failure.status).toBe("rejected");
      if (failure.status === "rejected") expect(everythingIn(failure.reason)).not.toContain(secret);
    }
    expect(everythingIn(test.mod.engine.journal.entries)).not.toContain(secret);
    expect(everythingIn(test.mod.engine.snapshot())).not.toContain(secret);
  });

  it.each([
    // @ts-expect-error A credential is a text.
    ["credential", (auth: AuthClient) => auth.login(noText, password)],
    // @ts-expect-error A password is a text.
    ["password", (auth: AuthClient) => auth.login("Tester", noText)],
    // @ts-expect-error A code is a text.
    ["totp", (auth: AuthClient) => auth.login("Tester", password, { totp: noText })],
  ])("refuses a %s that is no text, without a call and without telling it", async (name, login) => {
    await using test = await open({ scenario });
    const failure: unknown = await login(test.resonite.auth).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(InvalidOptionsError);
    expect(String(failure)).toContain(name);
    expect(everythingIn(failure)).not.toContain("4711");
    expect(callsOf(test.mod)).toEqual([]);
  });

  it("takes the user's own things away when it signs out", async () => {
    await using test = await open();
    const { auth, contact, inventory } = test.resonite;
    await auth.logout();
    expect((await contact.listContacts()).listLoaded).toBe(false);
    expect(await codeOf(inventory.list("/Inventory"))).toBe(Code.FailedPrecondition);
  });
});

/** All texts that can be reached from a value: messages, stacks, causes, fields. */
function everythingIn(value: unknown, seen = new Set<unknown>()): string {
  if (typeof value !== "object" || value === null) return String(value);
  if (seen.has(value)) return "";
  seen.add(value);
  const own = Reflect.ownKeys(value).map((key) => everythingIn(Reflect.get(value, key), seen));
  return [value instanceof Error ? String(value) : "", ...own].join(" ");
}
