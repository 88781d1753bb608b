import { existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { temporaryFolder } from "../testing/temporary-folder.js";
import { modSocketPath, prepareSocketFile, removeSocketFile, socketFileName } from "./socket-file.js";

/** No process can have it. */
const deadPid = 0x7ffffffe;

describe("modSocketPath", () => {
  it.each([
    [{ RESONITE_IO_SOCKET: "/a/b.sock", RESONITE_IO_SOCKET_DIR: "/c", HOME: "/h" }, "/a/b.sock"],
    [{ RESONITE_IO_SOCKET_DIR: "/c", HOME: "/h" }, "/c/resonite-42.sock"],
    [{ RESONITE_IO_SOCKET: "", RESONITE_IO_SOCKET_DIR: "/c", HOME: "/h" }, "/c/resonite-42.sock"],
    [{ HOME: "/h" }, "/h/.resonite-io/resonite-42.sock"],
    [{ RESONITE_IO_SOCKET: "", RESONITE_IO_SOCKET_DIR: "", HOME: "/h" }, "/h/.resonite-io/resonite-42.sock"],
    [{ RESONITE_IO_SOCKET: "x.sock" }, resolve("x.sock")],
    [{ RESONITE_IO_SOCKET_DIR: "x" }, resolve("x/resonite-42.sock")],
  ])("with %o is %s", (environment, path) => {
    expect(modSocketPath(environment, 42)).toBe(path);
  });

  it("carries the id of this process when none is given", () => {
    expect(modSocketPath({ HOME: "/h" })).toBe(`/h/.resonite-io/resonite-${process.pid}.sock`);
  });

  it.each([{}, { HOME: "" }])("fails when no variable is set (%o)", (environment) => {
    expect(() => modSocketPath(environment)).toThrow("RESONITE_IO_SOCKET");
  });
});

describe("prepareSocketFile", () => {
  it.each([
    ["of a process that is gone", socketFileName(deadPid)],
    ["of this process", socketFileName(process.pid)],
    ["of no process: 0", "resonite-0.sock"],
    ["of no process: negative", "resonite--5.sock"],
    ["of a process that is gone, with leading zeros", `resonite-00${deadPid}.sock`],
    ["of a process that is gone, with a sign", `resonite-+${deadPid}.sock`],
  ])("removes the socket %s", async (_, name) => {
    await using folder = await temporaryFolder();
    writeFileSync(join(folder.path, name), "");
    prepareSocketFile(join(folder.path, "own.sock"));
    expect(readdirSync(folder.path)).toEqual([]);
  });

  it.each([
    "foo.sock",
    "resonite-abc.sock",
    "resonite-.sock",
    "resonite-1.5.sock",
    `resonite-${deadPid}x.sock`,
    `resonite-${deadPid}.sock.bak`,
    `old-resonite-${deadPid}.sock`,
    `resonite-${deadPid}`,
    "resonite-99999999999999.sock",
    // The parent lives: it runs this test.
    socketFileName(process.ppid),
    socketFileName(1),
  ])("keeps %s", async (name) => {
    await using folder = await temporaryFolder();
    writeFileSync(join(folder.path, name), "");
    prepareSocketFile(join(folder.path, "own.sock"));
    expect(readdirSync(folder.path)).toEqual([name]);
  });

  it("makes the folder and those above it, for this user only", async () => {
    await using folder = await temporaryFolder();
    const directory = join(folder.path, "a", "b");
    prepareSocketFile(join(directory, "own.sock"));
    expect(statSync(directory).mode & 0o777).toBe(0o700);
  });

  it("removes whatever is at the place", async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, "own.sock");
    writeFileSync(path, "");
    prepareSocketFile(path);
    expect(existsSync(path)).toBe(false);
  });

  it("leaves folders alone, whatever they are called", async () => {
    await using folder = await temporaryFolder();
    for (const name of ["own.sock", socketFileName(deadPid)]) mkdirSync(join(folder.path, name));
    prepareSocketFile(join(folder.path, "own.sock"));
    expect(readdirSync(folder.path)).toHaveLength(2);
  });

  it("fails when the folder's place is taken by a file", async () => {
    await using folder = await temporaryFolder();
    writeFileSync(join(folder.path, "file"), "");
    expect(() => prepareSocketFile(join(folder.path, "file", "own.sock"))).toThrow();
  });
});

describe("removeSocketFile", () => {
  it("does nothing when there is none", async () => {
    await using folder = await temporaryFolder();
    removeSocketFile(join(folder.path, "own.sock"));
    removeSocketFile(join(folder.path, "none", "own.sock"));
  });
});
