import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { Code, ConnectError, type Resonite } from "@resoio/core";
import { joinInstance, listInstances, resolveWorld, type WorldInstance } from "@resoio/web-proxy/instances";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { killChild, startModProcess } from "./testing/mod-process.ts";

const command = join(import.meta.dirname, "../../packages/web-proxy/bin/resoio-proxy.js");

/** The worlds of the simulated mods are private, and these are our own. */
const joinPolicies = ["public", "private"];

describe("the engines of a machine, as instances of a world", () => {
  let directory: string;
  let proxy: ChildProcess;
  let address: string;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "resoio-instances-"));
    const env = {
      ...process.env,
      RESONITE_IO_SOCKET: "",
      RESONITE_IO_SOCKET_DIR: directory,
      XDG_CONFIG_HOME: join(directory, "config"),
    };
    const child = spawn(process.execPath, [command, "--port", "0", "--quiet"], {
      env,
      stdio: ["ignore", "pipe", "ignore"],
    });
    proxy = child;
    const [line] = await once(createInterface(child.stdout), "line");
    address = `${/listens at http:\/\/(\S+)/.exec(String(line))?.[1]}/world`;
  });
  afterEach(async () => {
    await killChild(proxy);
    await rm(directory, { recursive: true, force: true });
  });

  /** The instances, as soon as there are so many and all of them are open. */
  async function instances(count: number): Promise<readonly WorldInstance[]> {
    const world = await resolveWorld(address);
    for (;;) {
      const listed = await listInstances(world);
      if (listed.length === count && listed.every(({ state }) => state === "open")) return listed;
    }
  }

  it("are listed, lead each page to the one it joined, and tell it when that is gone", {
    timeout: 60_000,
  }, async () => {
    expect(await instances(0)).toEqual([]);
    const mods = [await startModProcess(directory), await startModProcess(directory)];
    try {
      const listed = await instances(2);
      const pages = await Promise.all(listed.map(({ id: instanceId }) => joinInstance(address, { instanceId })));
      const [first, second] = pages;
      if (first === undefined || second === undefined) return expect.fail("there are two pages");

      const reports = mods.map((mod) => mod.ask("driven"));
      const drive = first.locomotion.drive();
      const failure = drive.summary.catch((error: unknown) => error);
      drive.send({ moveForward: 1 });
      const driven = await Promise.race(reports.map((report, index) => report.then(() => index)));
      const otherDrive = second.locomotion.drive();
      otherDrive.send({ moveForward: 1 });
      // Only now: each page has its own engine.
      await Promise.all(reports);

      await mods[driven]?.kill();
      expect(await failure).toMatchObject({ code: Code.Unavailable });
      const left = await instances(1);
      expect(left.map(({ id }) => id)).toEqual([listed[1]?.id]);
      expect(await failureOf(first)).toBe(Code.NotFound);
      expect((await second.connection.ping("still here")).message).toBe("still here");

      const joined: string[] = [];
      const moved = await joinInstance(address, { joinPolicies, onJoin: ({ id }) => void joined.push(id) });
      expect(joined).toEqual([left[0]?.id]);
      expect((await moved.connection.ping("moved")).message).toBe("moved");
      for (const page of [...pages, moved]) await page.close();
    } finally {
      for (const mod of mods) await mod.kill();
    }
    expect(await instances(0)).toEqual([]);
  });
});

/** What calls fail with once the end of the connection has arrived. */
async function failureOf(resonite: Resonite): Promise<Code> {
  for (;;) {
    try {
      await resonite.connection.ping("there?");
      return expect.fail("the engine is gone");
    } catch (error) {
      const { code } = ConnectError.from(error);
      if (code !== Code.Unavailable) return code;
    }
  }
}
