import type { DescMethod } from "@bufbuild/protobuf";
import { type CallOptions, Code, ConnectError } from "@connectrpc/connect";
import { describe, expect, it } from "vitest";
import type { ConnectionStatus, StatusOptions } from "./connection/connection-status.js";
import { StatusFeed } from "./connection/status-feed.js";
import { CannotAskError } from "./errors/cannot-ask-error.js";
import { rpcs } from "./gen/registry.js";
import { Connection } from "./gen/resonite_io/v1/connection_pb.js";
import { Resonite, type ResoniteTransport } from "./resonite.js";
import { fakeMod } from "./testing/fake-mod.js";
import { quiet } from "./testing/quiet.js";

describe("Resonite.supports", () => {
  it("throws over a transport that cannot ask without calling, and calls nothing", async () => {
    const mod = fakeMod(Connection, { ping: () => ({}) });
    const asked = new Resonite(mod.transport).supports("connection.ping");

    await expect(asked).rejects.toThrow(CannotAskError);
    await expect(asked).rejects.toMatchObject({ code: "CANNOT_ASK", rpc: "connection.ping" });
    await expect(asked).rejects.toThrow("connection.ping");
    expect(mod.requests).toEqual([]);
  });

  it("hands the method and the options to the transport", async () => {
    const asked = askedTransport();
    const options = { timeoutMs: 5, headers: { "x-note": "hi" } };

    await new Resonite(asked.transport).supports("camera.streamFrames", options);

    expect(asked.questions).toEqual([[rpcs["camera.streamFrames"].method, options]]);
  });

  it("asks again after each loss, and after no other change", async () => {
    const asked = askedTransport();
    const resonite = new Resonite(asked.transport);
    const countAfter = async (...changes: readonly ConnectionStatus[]) => {
      for (const change of changes) asked.feed.publish(change);
      await quiet();
      await resonite.supports("grabber.use");
      return asked.questions.length;
    };

    expect(await countAfter({ state: "connecting" }, { state: "connected" })).toBe(1);
    expect(await countAfter({ state: "connecting" }, { state: "connected" }, { state: "idle" })).toBe(1);
    expect(await countAfter(lost)).toBe(2);
    expect(await countAfter({ state: "connecting" }, { state: "connected" })).toBe(2);
    expect(await countAfter(lost)).toBe(3);
  });

  it("watches the connection once, from the first question until the Resonite is closed", async () => {
    const asked = askedTransport();
    const resonite = new Resonite(asked.transport);
    expect(asked.watchers).toEqual([]);

    await resonite.supports("grabber.use");
    await resonite.supports("grabber.grab");
    expect(asked.watchers).toHaveLength(1);
    expect(asked.watchers[0]?.signal?.aborted).toBe(false);

    await resonite.close();
    expect(asked.watchers[0]?.signal?.aborted).toBe(true);
  });

  it("remembers answers over a transport that knows nothing of connections", async () => {
    const { transport, questions } = askedTransport();
    const { status: _, ...unwatched } = transport;
    const resonite = new Resonite(unwatched);

    expect(await resonite.supports("grabber.use")).toBe(true);
    expect(await resonite.supports("grabber.use")).toBe(true);
    expect(questions).toHaveLength(1);
  });
});

const lost: ConnectionStatus = { state: "lost", reason: new ConnectError("gone", Code.Unavailable) };

/** A transport whose mod has everything, and which remembers who asked and who watched. */
function askedTransport() {
  const feed = new StatusFeed({ state: "idle" });
  const questions: (readonly [DescMethod, CallOptions | undefined])[] = [];
  const watchers: (StatusOptions | undefined)[] = [];
  const transport = {
    ...fakeMod(Connection, {}).transport,
    status(options?: StatusOptions) {
      watchers.push(options);
      return feed.read(options);
    },
    async supports(method: DescMethod, options?: CallOptions) {
      questions.push([method, options]);
      return true;
    },
  } satisfies ResoniteTransport;
  return { transport, feed, questions, watchers };
}
