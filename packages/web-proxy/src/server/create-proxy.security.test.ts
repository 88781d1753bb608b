import { once } from "node:events";
import { connect as connectSocket, type Socket } from "node:net";
import { text as readText } from "node:stream/consumers";
import type { DescMethod, DescMethodStreaming, DescMethodUnary } from "@bufbuild/protobuf";
import { Code, type Transport } from "@connectrpc/connect";
import { type Access, InvalidOptionsError, type Logger, type Rpc, rpcs } from "@resoio/core";
import { SignJWT } from "jose";
import { describe, expect, it, vi } from "vitest";
import { createWebSocketTransport } from "../client/index.js";
import { openProxy } from "../testing/open-proxy.js";
import { callJson, type RawAnswer, rawRequest } from "../testing/raw-request.js";
import { tryWebSocket } from "../testing/try-websocket.js";
import { accessClasses } from "./access/access-classes.js";
import { createToken } from "./access/tokens.js";
import { createProxy } from "./create-proxy.js";
import type { WebProxy } from "./web-proxy.js";

const ping = "/resonite_io.v1.Connection/Ping";
const login = "/resonite_io.v1.Auth/Login";
const tokenSecret = "a secret of more than thirty-two bytes";

function bearer(token: string): Record<string, string> {
  return { authorization: `Bearer ${token}` };
}

describe("a page of another site", () => {
  it.each([
    ["of a foreign name", () => "https://evil.example"],
    ["of another port", (url: string) => `http://127.0.0.1:${Number(new URL(url).port) + 1}`],
    ["with TLS, which this proxy does not speak", (url: string) => url.replace("http:", "https:")],
    ["whose name begins like ours", (url: string) => url.replace("127.0.0.1", "127.0.0.1.evil.example")],
    ["in a file or a sandbox", () => "null"],
    ["that is empty", () => ""],
    ["by the other name of this machine", (url: string) => url.replace("127.0.0.1", "localhost")],
  ])("%s gets 403 and reaches nothing", async (_, originFor) => {
    await using open = await openProxy({ allowOrigins: ["http://localhost:5173"] });
    const origin = originFor(open.url);
    expect(await callJson(open.url, ping, {}, { origin })).toMatchObject({ status: 403 });
    for (const path of ["/", "/healthz", "/metrics", "/ws"]) {
      const { status, headers } = await rawRequest(open.url, { path, headers: { origin } });
      expect([path, status, headers["access-control-allow-origin"]]).toEqual([path, 403, undefined]);
    }
    const preflight = { origin, "access-control-request-method": "POST" };
    expect((await rawRequest(open.url, { method: "OPTIONS", path: ping, headers: preflight })).status).toBe(403);
    expect(await tryWebSocket(open.url, { headers: { origin } })).toBe(403);
    expect(callsOf(open.mod)).toEqual([]);
  });

  it("is let in when its origin is allowed, and its browser is told so", async () => {
    const origin = "http://localhost:5173";
    await using open = await openProxy({ allowOrigins: [origin] });
    const preflight = await rawRequest(open.url, {
      method: "OPTIONS",
      path: ping,
      headers: { origin, "access-control-request-method": "POST", "access-control-request-headers": "content-type" },
    });
    expect(preflight).toMatchObject({
      status: 204,
      headers: {
        "access-control-allow-origin": origin,
        "access-control-allow-headers": "content-type",
        "access-control-allow-methods": expect.stringContaining("POST"),
        vary: "Origin",
      },
    });
    expect(preflight.headers["access-control-allow-credentials"]).toBeUndefined();
    const answer = await callJson(open.url, ping, { message: "hi" }, { origin });
    expect(answer).toMatchObject({ status: 200, headers: { "access-control-allow-origin": origin } });
    expect(await tryWebSocket(open.url, { headers: { origin } })).toBe(101);
  });

  it("of our own is let in", async () => {
    await using open = await openProxy();
    expect((await callJson(open.url, ping, {}, { origin: open.url })).status).toBe(200);
    expect(await tryWebSocket(open.url, { headers: { origin: open.url } })).toBe(101);
  });

  it.each(["*", "evil.example", "https://*.evil.example", "https://a.example/path", "file:///", "null", ""])(
    "cannot be allowed as %j",
    async (origin) => {
      await expect(openProxy({ allowOrigins: [origin] })).rejects.toThrow(InvalidOptionsError);
    },
  );
});

describe("a name that its owner has pointed at this machine (DNS rebinding)", () => {
  it.each([
    ["another name", () => "evil.example"],
    ["another name with our port", (port: number) => `evil.example:${port}`],
    ["a name that begins like ours", (port: number) => `localhost.evil.example:${port}`],
    ["a name behind ours", (port: number) => `localhost:${port}@evil.example`],
    ["our name and another port", (port: number) => `localhost:${port + 1}`],
    ["our name without the port", () => "localhost"],
    ["another address", (port: number) => `127.0.0.2:${port}`],
    ["a number that means our address", (port: number) => `2130706433:${port}`],
    ["every address", (port: number) => `0.0.0.0:${port}`],
  ])("gets 421: %s", async (_, hostFor) => {
    await using open = await openProxy();
    const host = hostFor(open.proxy.port);
    // With the page's own origin, which fits the name.
    const headers = { host, origin: `http://${host}` };
    expect(await callJson(open.url, ping, {}, { host })).toMatchObject({ status: 421 });
    expect(await callJson(open.url, ping, {}, headers)).toMatchObject({ status: 421 });
    for (const path of ["/", "/healthz", "/metrics", "/ws"]) {
      expect((await rawRequest(open.url, { path, headers })).status).toBe(421);
    }
    expect(await tryWebSocket(open.url, { headers })).toBe(421);
    expect(callsOf(open.mod)).toEqual([]);
  });

  it.each([
    ["without one, as old HTTP allowed", "HTTP/1.0\r\n"],
    ["that is empty", "HTTP/1.1\r\nHost:\r\n"],
  ])("gets 421 %s", async (_, start) => {
    await using open = await openProxy();
    const rest = "Connection: close\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}";
    expect(await speak(open.proxy, `POST ${ping} ${start}${rest}`)).toMatch(/^HTTP\/1\.1 421 /);
    expect(callsOf(open.mod)).toEqual([]);
  });

  it.each([
    ["localhost", "localhost:<port>"],
    ["its number", "127.0.0.1:<port>"],
    ["its new number", "[::1]:<port>"],
    ["capitals", "LocalHost:<port>"],
  ])("is not meant by this machine's own: %s", async (_, host) => {
    await using open = await openProxy();
    const headers = { host: host.replace("<port>", String(open.proxy.port)) };
    expect((await callJson(open.url, ping, {}, headers)).status).toBe(200);
    expect(await tryWebSocket(open.url, { headers })).toBe(101);
  });

  it("can be allowed, with every port or one; who comes by it needs a token all the same", async () => {
    await using open = await openProxy({ allowHosts: ["stage.local", "hall.local:8080"], tokenSecret });
    const token = await createToken({ secret: tokenSecret, access: ["observe"] });
    const statusFor = async (host: string, headers = {}): Promise<number> =>
      (await callJson(open.url, ping, {}, { host, ...headers })).status;
    expect(await statusFor("stage.local:1234")).toBe(401);
    expect(await statusFor("stage.local:1234", bearer(token))).toBe(200);
    expect(await statusFor("stage.local", bearer(token))).toBe(200);
    expect(await statusFor("hall.local:8080", bearer(token))).toBe(200);
    expect(await statusFor("hall.local:8081", bearer(token))).toBe(421);
    expect(await statusFor("hall.local", bearer(token))).toBe(421);
  });

  it("can be this machine's own with another port, as when SSH carries it, and needs no token then", async () => {
    await using open = await openProxy({ allowHosts: ["localhost:9000"] });
    const page = { host: "localhost:9000", origin: "http://localhost:9000" };
    expect((await callJson(open.url, ping, {}, page)).status).toBe(200);
    expect(await tryWebSocket(open.url, { headers: page })).toBe(101);
    expect((await callJson(open.url, ping, {}, { host: "localhost:9001" })).status).toBe(421);
    expect((await callJson(open.url, ping, {}, { host: "127.0.0.1:9000" })).status).toBe(421);
  });

  it.each(["*", "*.local", "a b", "http://a", "a/b", ""])("cannot be allowed as %j", async (host) => {
    await expect(openProxy({ allowHosts: [host] })).rejects.toThrow(InvalidOptionsError);
  });
});

describe("a token", () => {
  const sign = (claims: Record<string, unknown>, secret = tokenSecret): Promise<string> =>
    new SignJWT({ aud: "resoio-proxy", access: ["observe"], ...claims })
      .setProtectedHeader({ alg: "HS256" })
      .sign(new TextEncoder().encode(secret));
  const inAnHour = Math.floor(Date.now() / 1_000) + 3_600;

  it.each<[string, () => Promise<Record<string, string>>, RegExp]>([
    ["that is missing", async () => ({}), /needs a token/],
    ["that has expired", async () => bearer(await sign({ exp: 1 })), /expired/],
    ["that is forged", async () => bearer(await sign({ exp: inAnHour }, `${tokenSecret}!`)), /not valid/],
    ["that is nonsense", async () => bearer("nonsense"), /not valid/],
    ["that is empty", async () => ({ authorization: "Bearer " }), /not valid/],
    ["of another kind", async () => ({ authorization: "Basic YTpi" }), /not valid/],
  ])("%s gets 401", async (_, makeHeaders, says) => {
    await using open = await openProxy({ tokenSecret, anonymousAccess: [] });
    const headers = await makeHeaders();
    const answer = await callJson(open.url, ping, {}, headers);
    expect(answer).toMatchObject({ status: 401, headers: { "www-authenticate": "Bearer" } });
    expect(JSON.parse(answer.text)).toMatchObject({ code: "unauthenticated", message: expect.stringMatching(says) });
    expect((await rawRequest(open.url, { path: "/metrics", headers })).status).toBe(401);
    expect((await rawRequest(open.url, { path: "/ws", headers })).status).toBe(401);
    expect(await tryWebSocket(open.url, { headers })).toBe(401);
    expect(callsOf(open.mod)).toEqual([]);
  });

  it("gives what it says, and not what is given without one", async () => {
    await using open = await openProxy({ tokenSecret });
    const token = await createToken({ secret: tokenSecret, access: ["admin"] });
    expect((await callJson(open.url, ping)).status).toBe(200);
    expect((await callJson(open.url, ping, {}, bearer(token))).status).toBe(403);
    expect((await callJson(open.url, rpcs["auth.logout"].path, {}, bearer(token))).status).toBe(200);
    expect((await callJson(open.url, rpcs["auth.logout"].path)).status).toBe(403);
  });

  it("that is wrong is not taken for none", async () => {
    await using open = await openProxy({ tokenSecret });
    expect((await callJson(open.url, ping, {}, bearer("nonsense"))).status).toBe(401);
    expect(await tryWebSocket(open.url, { token: "nonsense" })).toBe(401);
  });

  it("is refused by a proxy that has no secret", async () => {
    await using open = await openProxy();
    const token = await createToken({ secret: tokenSecret, access: ["observe"] });
    expect(await callJson(open.url, ping, {}, bearer(token))).toMatchObject({ status: 401, text: /no secret/ });
  });

  it("can be offered as a subprotocol, as pages have to", async () => {
    await using open = await openProxy({ tokenSecret, anonymousAccess: [] });
    expect(await tryWebSocket(open.url)).toBe(401);
    const token = await createToken({ secret: tokenSecret, access: ["observe"] });
    expect(await tryWebSocket(open.url, { token })).toBe(101);
  });

  it("that runs out ends the stream that was opened with it", async () => {
    await using open = await openProxy({ tokenSecret, mock: { faults: { cameraWithoutFrames: true } } });
    using _ = fakeTime();
    const token = await createToken({ secret: tokenSecret, access: ["observe"], expiresInMs: 60_000 });
    const stream = rawRequest(open.url, {
      method: "POST",
      path: rpcs["camera.streamFrames"].path,
      headers: { ...bearer(token), "content-type": "application/connect+proto" },
      body: Buffer.alloc(5),
    });
    while (open.proxy.clients.length === 0) await new Promise(setImmediate);
    await vi.advanceTimersByTimeAsync(58_000);
    expect(open.proxy.clients).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(2_000);
    expect((await stream).text).toContain("unauthenticated");
  });

  it("is needed when another proxy passes a request on, as that may come from anywhere", async () => {
    await using open = await openProxy();
    for (const header of ["forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-real-ip"]) {
      expect([header, (await callJson(open.url, ping, {}, { [header]: "192.0.2.1" })).status]).toEqual([header, 401]);
    }
  });
});

describe("a client without the right that an RPC needs", () => {
  const table = Object.values(rpcs).map((rpc) => ({ rpc, id: rpc.id, needed: rpc.access }));

  it("is looked at for every RPC of the contract", () => {
    expect(table).toHaveLength(69);
    expect(new Set(table.map(({ needed }) => needed))).toEqual(new Set(accessClasses));
  });

  it.each(table)("cannot call $id, which needs $needed, and the mod never hears of it", async ({ rpc, needed }) => {
    await using open = await openProxy({ tokenSecret });
    const others = accessClasses.filter((one) => one !== needed);
    const token = await createToken({ secret: tokenSecret, access: others });
    for (const answer of await askInEveryWay(open.url, rpc, bearer(token))) {
      expect(answer.text).toContain("permission_denied");
      expect(answer.text).toContain(needed);
      // The Connect protocol ends streams with HTTP 200 and the error inside.
      expect(answer.status).toBe(rpc.kind === "unary" ? 403 : 200);
    }
    expect(callsOf(open.mod)).toEqual([]);
  });

  it.each(table.filter(({ rpc }) => rpc.kind === "unary"))(
    "with $needed alone may call $id",
    async ({ rpc, needed }) => {
      await using open = await openProxy({ tokenSecret });
      const token = await createToken({ secret: tokenSecret, access: [needed] });
      const { status, text } = await callJson(open.url, rpc.path, {}, bearer(token));
      expect([status, text]).not.toEqual([403, expect.anything()]);
      expect(text).not.toContain("permission_denied");
    },
  );

  it.each(accessClasses)("cannot call what needs %s over the WebSocket either", async (needed) => {
    await using open = await openProxy({ tokenSecret });
    const access = accessClasses.filter((one) => one !== needed);
    const token = await createToken({ secret: tokenSecret, access });
    await using transport = createWebSocketTransport({ url: open.url, token });
    expect(await transport.access()).toEqual(access);
    for (const { method } of Object.values(rpcs).filter((rpc) => rpc.access === needed)) {
      await expect(callAny(transport, method)).rejects.toMatchObject({ code: Code.PermissionDenied });
    }
    expect(callsOf(open.mod)).toEqual([]);
  });

  it.each<[string, Access[]]>([
    ["nothing", []],
    ["more", ["observe", "control", "write"]],
  ])("may do what was granted to those without a token: %s", async (_, anonymousAccess) => {
    await using open = await openProxy({ anonymousAccess });
    const { status } = await callJson(open.url, rpcs["contact.addContact"].path, { userId: "U-nobody" });
    if (anonymousAccess.length === 0) expect(status).toBe(401);
    else expect([401, 403]).not.toContain(status);
  });

  it("cannot sign in, shut down or change anything for good without configuration", async () => {
    await using open = await openProxy();
    for (const { path, access } of Object.values(rpcs).filter(({ kind }) => kind === "unary")) {
      const { status } = await callJson(open.url, path);
      if (access !== "observe" && access !== "control") expect([path, status]).toEqual([path, 403]);
    }
    const allowed = callsOf(open.mod).map((id) => Object.values(rpcs).find((rpc) => rpc.id === id)?.access);
    expect(new Set(allowed)).toEqual(new Set(["observe", "control"]));
  });

  it("cannot be granted what does not exist", async () => {
    const names: readonly string[] = ["root"];
    const anonymousAccess = names as readonly Access[];
    await expect(openProxy({ anonymousAccess })).rejects.toThrow(/not "root"/);
  });
});

describe("attempts to sign in", () => {
  it("are limited for each place, with whatever token", async () => {
    await using open = await openProxy({ tokenSecret, limits: { loginAttemptsPerMinute: 3 } });
    const statuses: number[] = [];
    for (let attempt = 0; attempt < 5; attempt++) {
      const token = await createToken({ secret: tokenSecret, access: ["secret"], name: `visitor ${attempt}` });
      const wrong = { credential: "me", password: `guess ${attempt}` };
      statuses.push((await callJson(open.url, login, wrong, bearer(token))).status);
    }
    expect(statuses.slice(0, 3)).not.toContain(429);
    expect(statuses.slice(3)).toEqual([429, 429]);
    expect(open.mod.engine.journal.calls("auth.login")).toHaveLength(3);
    // Nothing else is held up by it.
    expect((await callJson(open.url, ping)).status).toBe(200);
  });

  it("that are not allowed do not count", async () => {
    await using open = await openProxy({ tokenSecret, limits: { loginAttemptsPerMinute: 1 } });
    expect((await callJson(open.url, login)).status).toBe(403);
    const token = await createToken({ secret: tokenSecret, access: ["secret"] });
    expect((await callJson(open.url, login, {}, bearer(token))).status).not.toBe(429);
  });
});

describe("an upload", () => {
  const limits = { maxMessageBytes: 1_000 };
  const large = JSON.stringify({ message: "x".repeat(2_000) });

  it.each(["application/json", "application/proto"])(
    "that says it is too large is refused: %s",
    async (contentType) => {
      await using open = await openProxy({ limits });
      const answer = await rawRequest(open.url, {
        method: "POST",
        path: ping,
        headers: { "content-type": contentType, "content-length": String(large.length) },
        body: large,
      });
      expect(answer.status).toBe(429);
      expect(JSON.parse(answer.text)).toMatchObject({ code: "resource_exhausted" });
      expect(callsOf(open.mod)).toEqual([]);
    },
  );

  it.each(["application/json", "application/proto"])(
    "that turns out to be too large is cut off: %s",
    async (contentType) => {
      await using open = await openProxy({ limits });
      const socket = dial(open.proxy);
      const answer = readText(socket);
      socket.write(`POST ${ping} HTTP/1.1\r\nHost: 127.0.0.1:${open.proxy.port}\r\nContent-Type: ${contentType}\r\n`);
      socket.write("Transfer-Encoding: chunked\r\n\r\n");
      // It never says that it is over; the answer has to come all the same, and the connection to go.
      for (let chunk = 0; chunk < 3; chunk++) socket.write(`1f4\r\n${"x".repeat(500)}\r\n`);
      expect(await answer).toMatch(/^HTTP\/1\.1 429 .*resource_exhausted/s);
      expect(callsOf(open.mod)).toEqual([]);
    },
  );

  it("of whatever size is not waited for when the call is not allowed", async () => {
    await using open = await openProxy();
    const socket = dial(open.proxy);
    socket.write(`POST ${login} HTTP/1.1\r\nHost: 127.0.0.1:${open.proxy.port}\r\nContent-Type: application/proto\r\n`);
    socket.write("Content-Length: 1000000000\r\n\r\n");
    const [answer] = await once(socket, "data");
    expect(String(answer)).toMatch(/^HTTP\/1\.1 403 /);
    socket.destroy();
  });

  it("of the largest size that is allowed goes through", async () => {
    await using open = await openProxy({ limits });
    const message = "x".repeat(1_000 - '{"message":""}'.length);
    expect((await callJson(open.url, ping, { message })).status).toBe(200);
    const { status } = await callJson(open.url, ping, { message: `${message}x` });
    expect(status).toBe(429);
  });
});

describe("a client that is slow on purpose", () => {
  const limits = { headersTimeoutMs: 100, requestTimeoutMs: 200 };

  it.each([
    ["says nothing at all", () => ""],
    ["does not finish its headers", (port: number) => `POST ${ping} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nX-A: b\r\n`],
    [
      "does not finish its body",
      (port: number) =>
        `POST ${ping} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{`,
    ],
    [
      "does not finish a binary body",
      (port: number) =>
        `POST ${ping} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nContent-Type: application/proto\r\nContent-Length: 9\r\n\r\n\n`,
    ],
  ])("is hung up on when it %s", async (_, words) => {
    await using open = await openProxy({ limits });
    expect(await speak(open.proxy, words(open.proxy.port))).toMatch(/^(HTTP\/1\.1 408 .*)?$/s);
    expect(callsOf(open.mod)).toEqual([]);
    expect(open.proxy.clients).toEqual([]);
    // On a machine that is busy even an honest client can be too slow for these limits.
    while ((await untilAnswered(() => callJson(open.url, ping))).status !== 200);
  });
});

describe("a thousand clients at once", { timeout: 60_000 }, () => {
  it("are served up to the limit; the others are dropped, and those who come later are served again", async () => {
    await using open = await openProxy({ limits: { maxSockets: 100 } });
    const answers = await Promise.all(
      Array.from({ length: 1_000 }, () =>
        callJson(open.url, ping, {}, { connection: "close" }).then(
          ({ status }) => status,
          () => 0,
        ),
      ),
    );
    expect(answers.every((status) => status === 200 || status === 0)).toBe(true);
    expect(answers.filter((status) => status === 200).length).toBeGreaterThan(0);
    expect((await callJson(open.url, ping)).status).toBe(200);
    expect(open.proxy.clients.length).toBeLessThanOrEqual(1);
  });

  it("that keep their connections open take no more than the limit", async () => {
    await using open = await openProxy({ limits: { maxSockets: 50 } });
    const sockets = Array.from({ length: 1_000 }, () => dial(open.proxy));
    let gone = 0;
    await new Promise<void>((resolve) => {
      for (const socket of sockets) {
        socket.on("close", () => {
          if (++gone === 950) resolve();
        });
      }
    });
    for (const socket of sockets) socket.destroy();
    const { text } = await untilAnswered(() => rawRequest(open.url, { path: "/metrics" }));
    expect(text).toContain("resoio_proxy_dropped_connections_total");
    expect(Number(/resoio_proxy_dropped_connections_total (\d+)/.exec(text)?.[1])).toBeGreaterThanOrEqual(950);
  });

  it("cannot call more often than the limit, and are told", async () => {
    await using open = await openProxy({ limits: { acceptedCallsPerSecond: 1 } });
    const answers = await Promise.all(Array.from({ length: 10 }, () => callJson(open.url, ping)));
    expect(answers.map(({ status }) => status).filter((status) => status === 200).length).toBeLessThan(5);
    expect(answers.find(({ status }) => status === 429)?.text).toContain("resource_exhausted");
  });
});

describe("secrets", () => {
  it("reach neither logs nor metrics nor answers", async () => {
    const lines: string[] = [];
    const note = (line: string): void => void lines.push(line);
    const logger: Logger = { debug: note, info: note, warn: note };
    await using open = await openProxy({ tokenSecret, logger });
    const token = await createToken({ secret: tokenSecret, access: ["observe", "secret"], name: "Ada" });
    const password = "correct horse battery staple";
    const shown: string[] = [];
    const answers = [
      await callJson(open.url, login, { credential: "ada@example.org", password }, bearer(token)),
      await callJson(open.url, login, { credential: "ada@example.org", password }, bearer(`${token}x`)),
      await callJson(open.url, `${login}/${password.replaceAll(" ", "-")}`, {}, bearer(token)),
      await callJson(open.url, login, { wrong: password }, bearer(token)),
      await rawRequest(open.url, { path: `/?token=${token}` }),
      await rawRequest(open.url, { path: "/metrics", headers: bearer(token) }),
    ];
    shown.push(...answers.map(({ text, headers }) => `${text}${JSON.stringify(headers)}`));
    expect(await tryWebSocket(open.url, { token })).toBe(101);
    expect(await tryWebSocket(open.url, { token: `${token}x` })).toBe(401);
    const { text: metrics } = await rawRequest(open.url, { path: "/metrics", headers: bearer(token) });
    expect(metrics).toContain(`rpc="auth.login"`);
    expect(lines.length).toBeGreaterThan(0);
    const [, , signature = ""] = token.split(".");
    for (const text of [...shown, ...lines, metrics]) {
      for (const secret of [password, "ada@example.org", token, signature, tokenSecret])
        expect(text).not.toContain(secret);
    }
    expect(metrics).not.toContain("Ada");
  });
});

describe("a proxy that other machines could reach", () => {
  const tls = { cert: "cert", key: "key" };

  it.each([
    ["without a token secret and TLS", {}, /a token secret .* and TLS/],
    ["without TLS", { tokenSecret }, /it needs TLS/],
    ["without a token secret", { tls }, /it needs a token secret/],
  ])("does not start %s, and says why", async (_, options, says) => {
    for (const host of ["0.0.0.0", "::", "192.0.2.1", "stage.local", ""]) {
      const starting = openProxy({ host, ...options });
      await expect(starting).rejects.toThrow(InvalidOptionsError);
      await expect(openProxy({ host, ...options })).rejects.toThrow(says);
    }
  });

  it.each(["127.0.0.1", "127.0.0.2", "::1", "localhost"])("is not one that listens on %s", async (host) => {
    await using open = await openProxy({ host }).catch((error: unknown) => {
      // This machine may not have the newer kind of address.
      if (error instanceof Error && "code" in error && error.code === "HOST_NOT_HERE") return undefined;
      throw error;
    });
    if (open !== undefined)
      expect((await rawRequest(open.url, { path: "/healthz" })).status).toBe(host === "127.0.0.2" ? 421 : 200);
  });
});

describe("the name of an upstream", () => {
  it.each(["__proto__", "constructor", "toString", "hasOwnProperty", "nothing", "..", "%2e%2e", "%00", "a/b"])(
    "that is not there is not found, whatever every object has: %s",
    async (name) => {
      await using open = await openProxy();
      expect((await callJson(open.url, `/engine/${name}${ping}`)).status).toBe(404);
      expect((await rawRequest(open.url, { path: `/ws/${name}` })).status).toBe(404);
      expect(await tryWebSocket(open.url, { path: `/ws/${name}` })).toBe(404);
    },
  );

  it.each(["__proto__", "a/b", "", ".", "..", "a b", "-a", "x".repeat(65), "ä"])("cannot be %j", async (name) => {
    await using open = await openProxy();
    const upstreams: Record<string, ReturnType<typeof open.mod.transport>> = Object.create(null);
    upstreams[name] = open.mod.transport();
    await expect(createProxy({ upstreams, port: 0 })).rejects.toThrow(/cannot be the name of an upstream/);
  });

  it("may be that of something every object has", async () => {
    await using open = await openProxy();
    await using proxy = await createProxy({ upstreams: { constructor: open.mod.transport() }, port: 0 });
    expect((await callJson(proxy.url, `/engine/constructor${ping}`)).status).toBe(200);
    expect((await callJson(proxy.url, `/engine/toString${ping}`)).status).toBe(404);
  });
});

/** Calls an RPC of whatever kind with an empty message, and reads to its end. */
async function callAny(transport: Transport, method: DescMethod): Promise<void> {
  if (isUnary(method)) {
    await transport.unary(method, undefined, undefined, undefined, {});
  } else if (isStreaming(method)) {
    const { message } = await transport.stream(method, undefined, undefined, undefined, oneMessage());
    for await (const _ of message);
  }
}

function isUnary(method: DescMethod): method is DescMethodUnary {
  return method.methodKind === "unary";
}

function isStreaming(method: DescMethod): method is DescMethodStreaming {
  return method.methodKind !== "unary";
}

async function* oneMessage(): AsyncGenerator<Record<string, unknown>> {
  yield {};
}

/** The RPCs that the mod was asked for. */
function callsOf({ engine }: { engine: { journal: { entries: readonly object[] } } }): readonly string[] {
  return engine.journal.entries.flatMap((entry) =>
    "rpc" in entry && typeof entry.rpc === "string" ? [entry.rpc] : [],
  );
}

/** Calls an RPC in JSON and in binary. */
async function askInEveryWay(url: string, { path, kind }: Rpc, headers: Record<string, string>): Promise<RawAnswer[]> {
  const prefix = kind === "unary" ? "application/" : "application/connect+";
  const framed = (text: string): Buffer => Buffer.concat([Buffer.from([0, 0, 0, 0, text.length]), Buffer.from(text)]);
  const body = (text: string): Buffer => (kind === "unary" ? Buffer.from(text) : framed(text));
  return [
    await rawRequest(url, {
      method: "POST",
      path,
      headers: { "content-type": `${prefix}json`, ...headers },
      body: body("{}"),
    }),
    await rawRequest(url, {
      method: "POST",
      path,
      headers: { "content-type": `${prefix}proto`, ...headers },
      body: body(""),
    }),
    await rawRequest(url, {
      method: "POST",
      path: `/engine/default${path}`,
      headers: { "content-type": `${prefix}json`, ...headers },
      body: body("{}"),
    }),
  ];
}

/** Time stands still, except for the network, until this is disposed. */
function fakeTime(): Disposable {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "Date"] });
  return { [Symbol.dispose]: () => void vi.useRealTimers() };
}

function dial(proxy: WebProxy): Socket {
  const socket = connectSocket(proxy.port, "127.0.0.1");
  socket.on("error", () => {
    // A connection that is dropped; what the proxy said before still counts.
  });
  return socket;
}

/** Says something over a connection of its own, and returns all that is answered until the proxy hangs up. */
async function speak(proxy: WebProxy, words: string): Promise<string> {
  const socket = dial(proxy);
  socket.write(words);
  return await readText(socket);
}

/** Tries until the proxy has room again. */
async function untilAnswered(ask: () => Promise<RawAnswer>): Promise<RawAnswer> {
  for (;;) {
    try {
      return await ask();
    } catch {
      await new Promise(setImmediate);
    }
  }
}
