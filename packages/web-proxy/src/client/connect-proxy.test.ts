import { Code, type Logger } from "@resoio/core";
import { afterEach, describe, expect, it, vi } from "vitest";
import { answerPings, callFailure } from "../testing/client-fixtures.js";
import { openProxy } from "../testing/open-proxy.js";
import { ScriptedProxy, types } from "../testing/scripted-proxy.js";
import { connectProxy } from "./index.js";

afterEach(() => {
  vi.useRealTimers();
});

describe("connectProxy", () => {
  it("makes a Resonite whose connection is open", async () => {
    await using open = await openProxy();
    await using resonite = await connectProxy({ url: open.url });
    for await (const { state } of resonite.status()) {
      expect(state).toBe("connected");
      break;
    }
    expect((await resonite.connection.ping("hello")).message).toBe("hello");
    expect((await resonite.info.getServerInfo()).modVersion).toBe("0.7.0");
  });

  it("drives", async () => {
    await using open = await openProxy();
    await using resonite = await connectProxy({ url: open.url });
    const drive = resonite.locomotion.drive();
    drive.send({ moveForward: 1 });
    expect(await drive.finish()).toMatchObject({ receivedCount: 1n });
  });

  it("leaves nothing behind when it fails", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    await using proxy = await ScriptedProxy.start({ hello: false });
    const failure = callFailure(connectProxy({ url: proxy.url, timeoutMs: 5_000 }));
    const peer = await proxy.peer();
    await vi.advanceTimersByTimeAsync(5_000);
    expect((await failure).code).toBe(Code.DeadlineExceeded);
    await peer.closed;
  });

  it("can be given up", async () => {
    await using proxy = await ScriptedProxy.start();
    const signal = AbortSignal.abort();
    expect((await callFailure(connectProxy({ url: proxy.url, signal }))).code).toBe(Code.Canceled);
    expect(proxy.upgrades).toEqual([]);
  });

  it("asks for the mod's version when there is somebody to tell, and does not wait for the answer", async () => {
    await using proxy = await ScriptedProxy.start({ onPeer: answerPings });
    const lines: string[] = [];
    const log = (line: string): void => void lines.push(line);
    const logger: Logger = { debug: log, info: log, warn: log };
    await using resonite = await connectProxy({ url: proxy.url, logger });
    const peer = await proxy.peer();
    expect(await peer.opened(1)).toMatchObject({ path: "/resonite_io.v1.Info/GetServerInfo" });
    expect(lines).toContain("connected");
    await resonite.connection.ping();
    await peer.next(types.halfClose, 2);
  });
});
