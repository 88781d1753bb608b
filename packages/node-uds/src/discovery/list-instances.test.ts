import { setImmediate as nextTurn } from "node:timers/promises";
import { Code } from "@resoio/core";
import { ServerInfoSchema, ServerPlatform } from "@resoio/core/gen/resonite_io/v1/info_pb";
import { afterEach, describe, expect, it, vi } from "vitest";
import { listInstances } from "../index.js";
import { deadProcessId } from "../testing/child-process.js";
import { failureOf } from "../testing/failure-of.js";
import { frame } from "../testing/grpc-frames.js";
import { answer, startHttp2Server } from "../testing/http2-server.js";
import { makeDeadSocket, startNetServer } from "../testing/net-server.js";
import { makeTempFolder } from "../testing/temp-folder.js";

const info = { modVersion: "0.7.0", engineVersion: "2026.1.1.1", platform: ServerPlatform.LINUX, resonitePid: 42 };
const body = frame(ServerInfoSchema, info);

afterEach(() => {
  vi.useRealTimers();
});

describe("listInstances", () => {
  it("returns every living mod with what it says about itself, and leaves the dead out", async () => {
    await using folder = await makeTempFolder();
    const own = folder.file(`resonite-${process.pid}.sock`);
    const named = folder.file("resonite-named.sock");
    await makeDeadSocket(folder.file(`resonite-${await deadProcessId()}.sock`));
    await using _first = await startHttp2Server((stream) => answer(stream, { body }), { socketPath: own });
    await using _second = await startHttp2Server((stream) => answer(stream, { body }), { socketPath: named });

    const instances = await listInstances({ directory: folder.path });
    expect(instances.map(({ socketPath, pid }) => [socketPath, pid])).toEqual([
      [own, process.pid],
      [named, undefined],
    ]);
    expect(instances[0]?.info).toMatchObject({ modVersion: "0.7.0", platform: "linux", resonitePid: 42 });
    expect(instances[0]?.error).toBeUndefined();
  });

  it("says of each mod that does not answer why, and does not wait for one that hangs", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    await using folder = await makeTempFolder();
    await makeDeadSocket(folder.file("resonite-a.sock"));
    const asked = Promise.withResolvers<void>();
    await using _silent = await startNetServer(() => asked.resolve(), { socketPath: folder.file("resonite-b.sock") });
    const listing = listInstances({ directory: folder.path });
    await asked.promise;
    await nextTurn();
    await vi.advanceTimersByTimeAsync(2_000);
    const instances = await listing;
    expect(instances.map(({ info, error }) => [info, error?.code])).toEqual([
      [undefined, Code.Unavailable],
      [undefined, Code.DeadlineExceeded],
    ]);
  });

  it("returns nothing for a folder that does not exist, and stops when it is told to", async () => {
    await using folder = await makeTempFolder();
    expect(await listInstances({ directory: folder.file("none") })).toEqual([]);
    await using _silent = await startNetServer(() => {}, { socketPath: folder.file("resonite-a.sock") });
    const reason = new Error("enough");
    expect(await failureOf(listInstances({ directory: folder.path, signal: AbortSignal.abort(reason) }))).toBe(reason);
  });
});
