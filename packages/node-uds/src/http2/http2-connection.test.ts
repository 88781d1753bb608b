import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { constants, type ServerHttp2Session, type ServerHttp2Stream } from "node:http2";
import type { Socket } from "node:net";
import { setImmediate } from "node:timers/promises";
import { Code, ConnectError, Resonite } from "@resoio/core";
import { describe, expect, it } from "vitest";
import { createUdsTransport } from "../index.js";
import { builtLibrary, runScript } from "../testing/child-process.js";
import { callFailure, failureOf } from "../testing/failure-of.js";
import { answer, answerPing, begin, finish, pong, startHttp2Server } from "../testing/http2-server.js";
import { makeDeadSocket, startNetServer } from "../testing/net-server.js";
import { makeTempFolder } from "../testing/temp-folder.js";

// The first bytes of every server: an empty SETTINGS frame. Then GOAWAY frames for stream 0, by their error code.
const settingsFrame = Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]);
const wideSettingsFrame = Buffer.from([0, 0, 6, 4, 0, 0, 0, 0, 0, 0, 4, 0x7f, 0xff, 0xff, 0xff]);
const wideWindowFrame = Buffer.from([0, 0, 4, 8, 0, 0, 0, 0, 0, 0x7f, 0xff, 0, 0]);
const goawayFrame = (code: number): Buffer => Buffer.from([0, 0, 8, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, code]);

describe("Http2Connection", () => {
  describe("opening", () => {
    it("fails with Unavailable when there is no file", async () => {
      await using folder = await makeTempFolder();
      await expectNoConnection(folder.file("missing.sock"), Code.Unavailable, "there is no socket at");
    });

    it("fails with Unavailable when nobody listens any more", async () => {
      await using folder = await makeTempFolder();
      await makeDeadSocket(folder.file("dead.sock"));
      await expectNoConnection(folder.file("dead.sock"), Code.Unavailable, "nobody listens on");
    });

    it("fails with Unavailable on a plain file", async () => {
      await using folder = await makeTempFolder();
      await writeFile(folder.file("plain.sock"), "");
      await expectNoConnection(folder.file("plain.sock"), Code.Unavailable);
    });

    it("fails with Unknown when the peer speaks HTTP/1", async () => {
      await using peer = await startNetServer((socket) => {
        socket.write("HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nContent-Length: 3\r\n\r\nbad");
      });
      await expectNoConnection(peer.socketPath, Code.Unknown, "does not speak gRPC over HTTP/2");
    });

    it("fails with Unavailable when the peer hangs up at once", async () => {
      await using peer = await startNetServer((socket) => socket.destroy());
      await expectNoConnection(peer.socketPath, Code.Unavailable);
    });

    it("fails with Unavailable when the peer hangs up politely at once", async () => {
      await using peer = await startNetServer((socket) => socket.end());
      await expectNoConnection(peer.socketPath, Code.Unavailable, "was closed by the other end");
    });

    it("fails with DeadlineExceeded when the peer keeps silent", async () => {
      await using peer = await startNetServer(() => {});
      await expectNoConnection(peer.socketPath, Code.DeadlineExceeded, "within 50 ms", { connectTimeoutMs: 50 });
    });

    it("hangs up on a peer that keeps silent", async () => {
      const hungUp = Promise.withResolvers<void>();
      await using peer = await startNetServer((socket) => socket.resume().once("close", () => hungUp.resolve()));
      await using transport = createUdsTransport({ socketPath: peer.socketPath, connectTimeoutMs: 50 });
      await callFailure(transport.open());
      await hungUp.promise;
    });

    it.each([
      ["with an error", constants.NGHTTP2_ENHANCE_YOUR_CALM],
      ["politely", constants.NGHTTP2_NO_ERROR],
    ])("fails with Unavailable when the peer says hello and goodbye in one breath, %s", async (_, code) => {
      await using peer = await startNetServer((socket) =>
        socket.write(Buffer.concat([settingsFrame, goawayFrame(code)])),
      );
      await using transport = createUdsTransport({ socketPath: peer.socketPath });
      const error = await callFailure(new Resonite(transport).connection.ping());
      expect(error.code).toBe(Code.Unavailable);
    });

    it("passes on what the function that finds the socket throws: as it is, and as the cause of a call's failure", async () => {
      const problem = new Error("no such mod");
      await using transport = createUdsTransport({
        socketPath: () => {
          throw problem;
        },
      });
      expect(await failureOf(transport.open())).toBe(problem);
      const error = await callFailure(new Resonite(transport).connection.ping());
      expect(error.code).toBe(Code.Unavailable);
      expect(error.cause).toBe(problem);
    });

    it("tries again for the next call after it failed", async () => {
      await using folder = await makeTempFolder();
      const socketPath = folder.file("late.sock");
      await using transport = createUdsTransport({ socketPath });
      await callFailure(transport.open());

      await using _server = await startHttp2Server(answerPing, { socketPath });
      await transport.open();
      await new Resonite(transport).connection.ping();
    });

    it("shares one attempt among all who ask at the same time", async () => {
      let attempts = 0;
      await using server = await startHttp2Server(answerPing);
      await using transport = createUdsTransport({
        socketPath: async () => {
          attempts++;
          return server.socketPath;
        },
      });
      const resonite = new Resonite(transport);
      await Promise.all([transport.open(), transport.open(), resonite.connection.ping(), resonite.connection.ping()]);
      expect(attempts).toBe(1);
      expect(server.sessions).toHaveLength(1);
    });
  });

  describe("losing the connection", () => {
    it("fails the calls in flight with Unavailable and reconnects for the next call, at the same path", async () => {
      await using folder = await makeTempFolder();
      const socketPath = folder.file("mod.sock");
      const calls = countdown(2);
      await using first = await startHttp2Server(() => calls.arrived(), { socketPath });
      await using transport = createUdsTransport({ socketPath });
      const resonite = new Resonite(transport);
      const lost = [callFailure(resonite.connection.ping()), callFailure(resonite.camera.stream().next())];
      await calls.allArrived;

      await first.stop();
      for (const error of await Promise.all(lost)) {
        expect(error.code).toBe(Code.Unavailable);
        expect(error.message).toContain("closed the connection");
      }
      expect((await callFailure(resonite.connection.ping())).code).toBe(Code.Unavailable);

      await using _second = await startHttp2Server((stream) => answer(stream, { body: pong("again") }), { socketPath });
      expect((await resonite.connection.ping()).message).toBe("again");
    });

    it("looks for the socket again, so that a mod that comes back under another path is found", async () => {
      await using folder = await makeTempFolder();
      let socketPath = folder.file("first.sock");
      const calls = countdown(1);
      await using first = await startHttp2Server(() => calls.arrived(), { socketPath });
      await using transport = createUdsTransport({ socketPath: () => socketPath });
      const resonite = new Resonite(transport);
      const lost = callFailure(resonite.connection.ping());
      await calls.allArrived;
      await first.stop();
      await lost;

      socketPath = folder.file("second.sock");
      await using _second = await startHttp2Server((stream) => answer(stream, { body: pong("moved") }), { socketPath });
      expect((await resonite.connection.ping()).message).toBe("moved");
    });

    it("survives an error that hits it while it is idle, and opens a new connection", async () => {
      const sockets: Socket[] = [];
      await using peer = await startNetServer((socket) => {
        sockets.push(socket.resume());
        socket.write(settingsFrame);
      });
      await using transport = createUdsTransport({ socketPath: peer.socketPath });
      await transport.open();
      const [socket = expect.fail("nobody connected")] = sockets;
      socket.write(goawayFrame(constants.NGHTTP2_INTERNAL_ERROR));
      // The client hangs up on an error, so it has seen it by then.
      await once(socket, "close");

      await transport.open();
      expect(sockets).toHaveLength(2);
    });

    it("takes a new connection after a polite goodbye, while the calls on the old one go on to their end", async () => {
      const streams: ServerHttp2Stream[] = [];
      const calls = countdown(1);
      await using server = await startHttp2Server((stream) => {
        if (streams.push(stream) === 1) calls.arrived();
        else answer(stream, { body: pong("new") });
      });
      await using transport = createUdsTransport({ socketPath: server.socketPath });
      const { rpc, connection } = new Resonite(transport);
      // A stream, because its first message shows that the client has read all that was sent before it.
      const frames = rpc.camera.streamFrames({})[Symbol.asyncIterator]();
      const firstFrame = frames.next();
      await calls.allArrived;

      const old = streams[0];
      if (old === undefined) expect.fail("no call arrived");
      firstSession(server).goaway(constants.NGHTTP2_NO_ERROR);
      begin(old);
      old.write(Buffer.alloc(5));
      await firstFrame;

      expect((await connection.ping()).message).toBe("new");
      expect(server.sessions).toHaveLength(2);
      finish(old);
      expect(await frames.next()).toMatchObject({ done: true });
      if (!firstSession(server).destroyed) await once(firstSession(server), "close");
    });

    it("gives a call that the peer resets while it says goodbye the status of the reset", async () => {
      const calls = countdown(1);
      await using server = await startHttp2Server((stream) => {
        calls.arrived();
        stream.session?.goaway(constants.NGHTTP2_NO_ERROR);
        stream.close(constants.NGHTTP2_ENHANCE_YOUR_CALM);
      });
      await using transport = createUdsTransport({ socketPath: server.socketPath });
      const error = await callFailure(new Resonite(transport).connection.ping());
      expect(error.code).toBe(Code.ResourceExhausted);
    });
  });

  describe("close", () => {
    it("does not wait for a peer that has said goodbye but does not hang up", async () => {
      await using peer = await startNetServer((socket) => {
        // It does not read either, so it does not see that the client hangs up.
        socket.write(Buffer.concat([settingsFrame, goawayFrame(constants.NGHTTP2_NO_ERROR)]));
      });
      const transport = createUdsTransport({ socketPath: peer.socketPath });
      await transport.open();
      await transport.close();
    });

    it("does not wait for a peer that does not read what was sent", async () => {
      await using peer = await startNetServer((socket) => {
        socket.write(Buffer.concat([wideSettingsFrame, wideWindowFrame]));
      });
      const transport = createUdsTransport({ socketPath: peer.socketPath });
      const failure = callFailure(
        new Resonite(transport).rpc.microphone.streamAudio(
          (async function* () {
            yield { samples: new Uint8Array(8 * 1024 * 1024) };
          })(),
        ),
      );
      // One turn for the data to reach the socket, more than which it can hold.
      for (let turn = 0; turn < 5; turn++) await setImmediate();
      await transport.close();
      expect((await failure).code).toBe(Code.Canceled);
    });
  });

  describe("carrying many calls", () => {
    it("carries 200 calls at the same time over one connection, as many at once as the peer allows", async () => {
      const allowed = 100;
      const waiting: ServerHttp2Stream[] = [];
      let mostAtOnce = 0;
      await using server = await startHttp2Server(
        (stream) => {
          waiting.push(stream);
          mostAtOnce = Math.max(mostAtOnce, waiting.length);
          // Nobody is answered before the connection is full, so that the calls really overlap.
          if (mostAtOnce === allowed) for (const ready of waiting.splice(0)) answerPing(ready);
        },
        { settings: { maxConcurrentStreams: allowed } },
      );
      await using transport = createUdsTransport({ socketPath: server.socketPath });
      const { connection } = new Resonite(transport);
      const pongs = await Promise.all(Array.from({ length: 200 }, () => connection.ping()));
      expect(pongs).toHaveLength(200);
      expect(mostAtOnce).toBe(allowed);
      expect(server.sessions).toHaveLength(1);
    });

    it("gives up at once on a call that waits for its turn when it is aborted", async () => {
      const calls = countdown(1);
      let callCount = 0;
      await using server = await startHttp2Server(
        () => {
          callCount++;
          calls.arrived();
        },
        { settings: { maxConcurrentStreams: 1 } },
      );
      await using transport = createUdsTransport({ socketPath: server.socketPath });
      const { connection } = new Resonite(transport);
      const first = new AbortController();
      const second = new AbortController();
      const firstFailure = callFailure(connection.ping("first", { signal: first.signal }));
      await calls.allArrived;
      const secondFailure = callFailure(connection.ping("second", { signal: second.signal }));

      second.abort();
      expect((await secondFailure).code).toBe(Code.Canceled);
      expect(callCount).toBe(1);
      first.abort();
      expect((await firstFailure).code).toBe(Code.Canceled);
    });
  });

  describe("keeping the process alive", () => {
    it.each([
      ["before its first call", ""],
      ["after a call", "await resonite.connection.ping();"],
      ["after a call that was cancelled", "await resonite.camera.stream({ timeoutMs: 20 }).next().catch(() => {});"],
    ])("does not, while it is open and idle %s", async (_, use) => {
      await using server = await startHttp2Server((stream, headers) => {
        if (headers[":path"]?.endsWith("/Ping")) answerPing(stream);
      });
      const result = await runScript(`
        import { connect } from ${JSON.stringify(builtLibrary)};
        const resonite = await connect({ socketPath: ${JSON.stringify(server.socketPath)} });
        ${use}
        console.log("done");
      `);
      expect(result).toEqual({ exitCode: 0, stdout: "done\n", stderr: "" });
    });

    it("does, while a call is in flight", async () => {
      const calls = countdown(1);
      let stream: ServerHttp2Stream | undefined;
      await using server = await startHttp2Server((arrived) => {
        stream = arrived;
        calls.arrived();
      });
      const result = runScript(`
        import { connect } from ${JSON.stringify(builtLibrary)};
        const resonite = await connect({ socketPath: ${JSON.stringify(server.socketPath)} });
        console.log((await resonite.connection.ping()).message);
      `);
      await calls.allArrived;
      // As long as another process takes from start to end, the first one would have had time to end too.
      await runScript("");
      if (stream === undefined) expect.fail("no call arrived");
      answer(stream, { body: pong("late") });
      expect(await result).toEqual({ exitCode: 0, stdout: "late\n", stderr: "" });
    });

    it.each([
      ["there is no socket", undefined],
      ["the peer keeps silent", () => {}],
    ])("does not after connecting failed because %s", async (_, onConnection) => {
      await using folder = await makeTempFolder();
      await using peer = onConnection === undefined ? undefined : await startNetServer(onConnection);
      const socketPath = peer?.socketPath ?? folder.file("missing.sock");
      const result = await runScript(`
        import { createUdsTransport } from ${JSON.stringify(builtLibrary)};
        const transport = createUdsTransport({ socketPath: ${JSON.stringify(socketPath)}, connectTimeoutMs: 50 });
        await transport.open().catch((error) => console.log(error.name));
      `);
      expect(result).toEqual({ exitCode: 0, stdout: "ConnectError\n", stderr: "" });
    });
  });
});

async function expectNoConnection(
  socketPath: string,
  code: Code,
  message = "",
  options: { readonly connectTimeoutMs?: number } = {},
): Promise<void> {
  await using transport = createUdsTransport({ socketPath, ...options });
  for (const attempt of [transport.open(), new Resonite(transport).connection.ping()]) {
    const error = await callFailure(attempt);
    expect(error).toBeInstanceOf(ConnectError);
    expect(Code[error.code]).toBe(Code[code]);
    expect(error.message).toContain(socketPath);
    expect(error.message).toContain(message);
  }
}

function firstSession(server: { readonly sessions: readonly ServerHttp2Session[] }): ServerHttp2Session {
  return server.sessions[0] ?? expect.fail("nobody connected");
}

/** Waits until something has arrived as often as is expected. */
function countdown(expected: number): { arrived(): void; readonly allArrived: Promise<void> } {
  const { promise, resolve } = Promise.withResolvers<void>();
  let missing = expected;
  return {
    arrived() {
      missing--;
      if (missing === 0) resolve();
    },
    allArrived: promise,
  };
}
