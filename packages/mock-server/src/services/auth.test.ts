import { services } from "@resoio/core";
import { RecordSource } from "@resoio/core/gen/resonite_io/v1/world_pb";
import { describe, expect, it } from "vitest";
import type { ScenarioInput } from "../scenarios/scenario.js";
import { type OpenMod, openMod } from "../testing/open-mod.js";
import { RawClient, statusOf } from "../testing/raw-client.js";

const { login, logout, status } = services.auth.method;

const expiry = 1_700_000_000_000_000_000n;
const scenario: ScenarioInput = {
  localUser: { userId: "U-robin", userName: "Robin" },
  signedInAs: "",
  sessionExpiresUnixNanos: expiry,
  accounts: [
    { userId: "U-tester", userName: "Tester", email: "tester@example.com", password: "sEcret-password" },
    { userId: "U-careful", userName: "Careful", password: "other-password", totp: "123456" },
    { userId: "U-robin", userName: "Robin", password: "correct horse" },
  ],
};

const tester = { loggedIn: true, userId: "U-tester", userName: "Tester", sessionExpiresUnixNanos: expiry };
const nobody = { loggedIn: false, userId: "", userName: "", sessionExpiresUnixNanos: 0n };

/** Whatever the simulation remembers, as text. */
function everythingKept({ engine, mod }: OpenMod): string {
  const kept = { journal: engine.journal.entries, state: engine.snapshot(), faults: mod.faults.plan };
  return JSON.stringify(kept, (_, value) => (typeof value === "bigint" ? String(value) : value));
}

describe("auth", () => {
  it("signs in and answers with the user and the expiry", async () => {
    await using test = await openMod({ scenario });
    expect(await test.raw.unary(login, { credential: "Tester", password: "sEcret-password" })).toMatchObject(tester);
    expect(await test.raw.unary(status, {})).toMatchObject(tester);
  });

  it.each(["Tester", "tester", "tester@example.com", "TESTER@Example.COM", "U-tester", "u-TESTER"])(
    "knows a user as %s",
    async (credential) => {
      await using test = await openMod({ scenario });
      const signedIn = await test.raw.unary(login, { credential, password: "sEcret-password" });
      expect(signedIn.userId).toBe("U-tester");
    },
  );

  it.each([
    { wrong: "a password", credential: "Tester", password: "sEcret-passwort" },
    { wrong: "a password in capitals", credential: "Tester", password: "SECRET-PASSWORD" },
    { wrong: "an empty password", credential: "Tester", password: "" },
    { wrong: "a user that nobody is", credential: "Nobody", password: "sEcret-password" },
    { wrong: "an empty user, although some have no e-mail address", credential: "", password: "other-password" },
    { wrong: "the password of a user with a second factor", credential: "Careful", password: "x", totp: "123456" },
  ])("refuses $wrong with UNAUTHENTICATED and leaves the sign-in as it was", async ({ wrong: _, ...request }) => {
    await using test = await openMod({ scenario: { ...scenario, signedInAs: "U-robin" } });
    const { code, details } = await statusOf(test.raw.unary(login, request));
    expect(code).toBe("UNAUTHENTICATED");
    expect(details).toContain("(HTTP 403)");
    expect(details).not.toMatch(/two-factor/i);
    expect((await test.raw.unary(status, {})).userId).toBe("U-robin");
    expect(test.engine.journal.changes("signedIn")).toEqual([]);
  });

  it.each([{}, { totp: "" }])("asks for a two-factor code when the request has %o", async (totp) => {
    await using test = await openMod({ scenario });
    const request = { credential: "Careful", password: "other-password", ...totp };
    const { code, details } = await statusOf(test.raw.unary(login, request));
    expect(code).toBe("FAILED_PRECONDITION");
    expect(details).toContain("Two-factor");
    expect(await test.raw.unary(status, {})).toMatchObject(nobody);
  });

  it("refuses a wrong two-factor code with UNAUTHENTICATED and takes the right one", async () => {
    await using test = await openMod({ scenario });
    const request = { credential: "Careful", password: "other-password" };
    const { code, details } = await statusOf(test.raw.unary(login, { ...request, totp: "654321" }));
    expect(code).toBe("UNAUTHENTICATED");
    expect(details).toContain("Two-factor");
    expect(await test.raw.unary(login, { ...request, totp: "123456" })).toMatchObject({ userId: "U-careful" });
  });

  it("ignores a two-factor code that the account does not need", async () => {
    await using test = await openMod({ scenario });
    const request = { credential: "Tester", password: "sEcret-password", totp: "999999" };
    expect(await test.raw.unary(login, request)).toMatchObject(tester);
  });

  it.each([true, false])("asks the engine to keep the sign-in when rememberMe is %s", async (rememberMe) => {
    await using test = await openMod({ scenario });
    await test.raw.unary(login, { credential: "Tester", password: "sEcret-password", rememberMe });
    expect(test.engine.state.auth.isRemembered).toBe(rememberMe);
  });

  it("replaces whoever is signed in without asking", async () => {
    await using test = await openMod({ scenario: { ...scenario, signedInAs: "U-robin" } });
    await test.raw.unary(login, { credential: "Tester", password: "sEcret-password" });
    expect(await test.raw.unary(status, {})).toMatchObject(tester);
    expect(test.engine.journal.changes("signedIn")).toMatchObject([{ userId: "U-tester" }]);
  });

  it("signs out, and again, with the signed-out state", async () => {
    await using test = await openMod({ scenario: { ...scenario, signedInAs: "U-tester" } });
    expect(await test.raw.unary(status, {})).toMatchObject(tester);
    expect(await test.raw.unary(logout, {})).toMatchObject(nobody);
    expect(await test.raw.unary(logout, {})).toMatchObject(nobody);
    expect(await test.raw.unary(status, {})).toMatchObject(nobody);
    expect(test.engine.journal.changes("signedOut")).toMatchObject([{ userId: "U-tester" }]);
  });

  it("signs in again after a sign-out", async () => {
    await using test = await openMod({ scenario: { ...scenario, signedInAs: "U-robin" } });
    await test.raw.unary(logout, {});
    expect(await test.raw.unary(login, { credential: "robin", password: "correct horse" })).toMatchObject({
      loggedIn: true,
      userId: "U-robin",
    });
  });

  it("answers status twice the same and changes nothing", async () => {
    await using test = await openMod({ scenario: { ...scenario, signedInAs: "U-tester" } });
    const before = test.engine.snapshot().auth;
    const first = await test.raw.unary(status, {});
    expect(await test.raw.unary(status, {})).toEqual(first);
    expect(first.sessionExpiresUnixNanos % 100n).toBe(0n);
    expect(test.engine.state.auth).toEqual(before);
  });

  it("is one sign-in for all connections, which outlives the one that made it", async () => {
    await using test = await openMod({ scenario });
    {
      using other = new RawClient(test.mod.socketPath);
      await other.unary(login, { credential: "Tester", password: "sEcret-password" });
    }
    expect(await test.raw.unary(status, {})).toMatchObject(tester);
    using another = new RawClient(test.mod.socketPath);
    await another.unary(logout, {});
    expect(await test.raw.unary(status, {})).toMatchObject(nobody);
  });

  it.each([
    ["U-tester", "U-tester"],
    ["U-robin", "U-robin"],
    ["", ""],
    ["U-unknown", ""],
    [undefined, "U-robin"],
  ])("starts with %s signed in when the scenario says so", async (signedInAs, userId) => {
    const start = signedInAs === undefined ? { localUser: scenario.localUser } : { ...scenario, signedInAs };
    await using test = await openMod({ scenario: start });
    expect(await test.raw.unary(status, {})).toMatchObject({ loggedIn: userId !== "", userId });
  });

  it("decides whose own records are listed", async () => {
    const records = [{ name: "Lab", ownerId: "U-tester" }];
    await using test = await openMod({ scenario: { ...scenario, records } });
    const own = (): Promise<{ readonly records: readonly { readonly name: string }[] }> =>
      test.raw.unary(services.world.method.listRecords, { source: RecordSource.OWN });
    expect((await statusOf(own())).code).toBe("FAILED_PRECONDITION");
    await test.raw.unary(login, { credential: "Tester", password: "sEcret-password" });
    expect((await own()).records.map(({ name }) => name)).toEqual(["Lab"]);
  });

  it("keeps and tells nothing of passwords, codes and names that were tried", async () => {
    await using test = await openMod({ scenario: { ...scenario, signedInAs: "U-careful" } });
    const secrets = [
      "sEcret-password",
      "other-password",
      "123456",
      "correct horse",
      "guessed-word",
      "424242",
      "tried-name",
    ];
    const requests = [
      { credential: "Tester", password: "sEcret-password", rememberMe: true },
      { credential: "Tester", password: "guessed-word" },
      { credential: "tried-name", password: "guessed-word" },
      { credential: "Careful", password: "other-password" },
      { credential: "Careful", password: "other-password", totp: "424242" },
      { credential: "Careful", password: "other-password", totp: "123456" },
    ];
    const details: string[] = [];
    for (const request of requests) details.push((await statusOf(test.raw.unary(login, request))).details);
    test.mod.faults.set({ throwingBridges: ["auth"] });
    for (const request of requests) details.push((await statusOf(test.raw.unary(login, request))).details);

    const kept = everythingKept(test) + details.join();
    for (const secret of secrets) expect(kept).not.toContain(secret);
    expect(test.engine.journal.calls("auth.login")).toHaveLength(12);
    expect(kept).toContain("U-careful");
  });

  it.each([
    {
      name: "Login",
      call: ({ raw }: OpenMod) => raw.unary(login, { credential: "Tester", password: "sEcret-password" }),
    },
    { name: "Logout", call: ({ raw }: OpenMod) => raw.unary(logout, {}) },
    { name: "Status", call: ({ raw }: OpenMod) => raw.unary(status, {}) },
  ])("$name fails without its bridge, and when that throws", async ({ call }) => {
    await using test = await openMod({ scenario, faults: { absentBridges: ["auth"] } });
    expect(await statusOf(call(test))).toEqual({ code: "UNAVAILABLE", details: "Auth bridge is not configured." });
    test.mod.faults.set({ absentBridges: [], throwingBridges: ["auth"] });
    expect(await statusOf(call(test))).toEqual({
      code: "INTERNAL",
      details: "Auth bridge faulted: injected bridge fault",
    });
  });

  it("while the engine is starting, refuses to sign in or out, but says that nobody is signed in", async () => {
    await using test = await openMod({ scenario: { ...scenario, signedInAs: "U-tester" }, faults: { bootMs: 1000 } });
    const signIn = await statusOf(test.raw.unary(login, { credential: "Careful", password: "other-password" }));
    expect(signIn.code).toBe("FAILED_PRECONDITION");
    expect(signIn.details).not.toMatch(/two-factor|totp/i);
    expect((await statusOf(test.raw.unary(logout, {}))).code).toBe("FAILED_PRECONDITION");
    expect(await test.raw.unary(status, {})).toMatchObject(nobody);
    await test.clock.advance(1000);
    expect(await test.raw.unary(status, {})).toMatchObject(tester);
  });
});
