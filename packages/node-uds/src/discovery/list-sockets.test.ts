import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, writeFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { InvalidEnvironmentError, listSockets, SocketNotFoundError } from "../index.js";
import { deadProcessId } from "../testing/child-process.js";
import { failureOf } from "../testing/failure-of.js";
import { makeTempFolder, type TempFolder } from "../testing/temp-folder.js";

describe("listSockets", () => {
  it("lists what is named like a mod's socket, sorted by name, and nothing else", async () => {
    await using folder = await makeTempFolder();
    await putFiles(folder, "resonite-b.sock", "resonite-a.sock", "resonite-1.sock.lock", "other.sock", "resonite-.txt");

    expect(listSockets({ directory: folder.path })).toEqual([
      { path: folder.file("resonite-a.sock"), pid: undefined, alive: true },
      { path: folder.file("resonite-b.sock"), pid: undefined, alive: true },
    ]);
  });

  it("tells the sockets of living processes from those of processes that are gone", async () => {
    await using folder = await makeTempFolder();
    const deadPid = await deadProcessId();
    const living = `resonite-${process.pid}.sock`;
    const dead = `resonite-${deadPid}.sock`;
    await putFiles(folder, living, dead);

    const entries = listSockets({ directory: folder.path });
    expect(entries).toHaveLength(2);
    expect(entries).toContainEqual({ path: folder.file(living), pid: process.pid, alive: true });
    expect(entries).toContainEqual({ path: folder.file(dead), pid: deadPid, alive: false });
  });

  it("takes a process that it may not signal for a living one", async () => {
    await using folder = await makeTempFolder();
    await using foreigner = await foreignProcess();
    await chmod(folder.path, 0o755);
    await putFiles(folder, `resonite-${foreigner.pid}.sock`);
    using _user = foreigner.actAsOther();

    expect(() => process.kill(foreigner.pid, 0)).toThrow("EPERM");
    expect(listSockets({ directory: folder.path })).toMatchObject([{ pid: foreigner.pid, alive: true }]);
  });

  it.each(["0", "99999999999999999999"])(
    "takes %s, which no process can have as its id, for a dead one",
    async (pid) => {
      await using folder = await makeTempFolder();
      await putFiles(folder, `resonite-${pid}.sock`);
      expect(listSockets({ directory: folder.path })).toMatchObject([{ pid: Number(pid), alive: false }]);
    },
  );

  it.each(["main", "12a", "1.5", "-5", ""])(
    "takes %j for no process id and the socket for a live one",
    async (name) => {
      await using folder = await makeTempFolder();
      await putFiles(folder, `resonite-${name}.sock`);
      expect(listSockets({ directory: folder.path })).toMatchObject([{ pid: undefined, alive: true }]);
    },
  );

  it("finds nothing in a folder that does not exist", async () => {
    await using folder = await makeTempFolder();
    expect(listSockets({ directory: folder.file("missing") })).toEqual([]);
  });

  it("looks in RESONITE_IO_SOCKET_DIR when no folder is given", async () => {
    await using folder = await makeTempFolder();
    await putFiles(folder, "resonite-a.sock");
    const environment = { RESONITE_IO_SOCKET_DIR: folder.path };
    expect(listSockets({ environment })).toMatchObject([{ path: folder.file("resonite-a.sock") }]);
  });

  it("prefers the folder that is given over RESONITE_IO_SOCKET_DIR", async () => {
    await using folder = await makeTempFolder();
    await using other = await makeTempFolder();
    await putFiles(folder, "resonite-a.sock");
    const environment = { RESONITE_IO_SOCKET_DIR: other.path };
    expect(listSockets({ directory: folder.path, environment })).toHaveLength(1);
  });

  it("refuses a RESONITE_IO_SOCKET_DIR that is not a folder", async () => {
    await using folder = await makeTempFolder();
    await putFiles(folder, "file");
    const environment = { RESONITE_IO_SOCKET_DIR: folder.file("file") };
    const error = await failureOf((async () => listSockets({ environment }))());
    expect(error).toBeInstanceOf(InvalidEnvironmentError);
    expect(error).toMatchObject({ variable: "RESONITE_IO_SOCKET_DIR", value: folder.file("file") });
  });

  it("says why a folder cannot be read", async () => {
    await using folder = await makeTempFolder();
    await putFiles(folder, "file");
    const error = await failureOf((async () => listSockets({ directory: folder.file("file") }))());
    expect(error).toBeInstanceOf(SocketNotFoundError);
    expect(error).toMatchObject({ directory: folder.file("file"), cause: { code: "ENOTDIR" } });
  });
});

async function putFiles(folder: TempFolder, ...names: readonly string[]): Promise<void> {
  for (const name of names) await writeFile(folder.file(name), "");
}

/** A process of another user. Root may signal everybody, so as root this needs two users that are not root. */
async function foreignProcess() {
  if (process.geteuid?.() !== 0) {
    const actAsOther = (): Disposable => ({ [Symbol.dispose]() {} });
    return { pid: 1, actAsOther, async [Symbol.asyncDispose]() {} };
  }
  const child = spawn("cat", { uid: 65_533, stdio: ["pipe", "ignore", "ignore"] });
  await once(child, "spawn");
  return {
    pid: child.pid ?? 0,
    actAsOther(): Disposable {
      process.seteuid?.(65_534);
      return { [Symbol.dispose]: () => process.seteuid?.(0) };
    },
    async [Symbol.asyncDispose]() {
      child.stdin.end();
      await once(child, "exit");
    },
  };
}
