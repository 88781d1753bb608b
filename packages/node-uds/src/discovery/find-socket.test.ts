import { once } from "node:events";
import { mkdir, writeFile } from "node:fs/promises";
import * as net from "node:net";
import { relative } from "node:path";
import { InvalidOptionsError } from "@resoio/core";
import { describe, expect, it } from "vitest";
import {
  AmbiguousSocketError,
  type FindSocketOptions,
  findSocket,
  InvalidEnvironmentError,
  SocketNotFoundError,
} from "../index.js";
import { deadProcessId } from "../testing/child-process.js";
import { setVariable } from "../testing/environment-variable.js";
import { makeTempFolder } from "../testing/temp-folder.js";

describe("findSocket", () => {
  describe("where it looks", () => {
    it("takes the option before everything else, without looking whether it is there", async () => {
      await using place = await arrange();
      const environment = { RESONITE_IO_SOCKET: place.named, RESONITE_IO_SOCKET_DIR: place.directory };
      expect(findSocket({ socketPath: "/tmp/nowhere.sock", environment })).toBe("/tmp/nowhere.sock");
    });

    it("then takes RESONITE_IO_SOCKET", async () => {
      await using place = await arrange();
      const environment = { RESONITE_IO_SOCKET: place.named, RESONITE_IO_SOCKET_DIR: place.directory };
      expect(findSocket({ environment })).toBe(place.named);
    });

    it("then looks in RESONITE_IO_SOCKET_DIR", async () => {
      await using place = await arrange();
      expect(findSocket({ environment: { RESONITE_IO_SOCKET_DIR: place.directory } })).toBe(place.inDirectory);
    });

    it("then looks in ~/.resonite-io", async () => {
      await using place = await arrange();
      using _home = setVariable("HOME", place.home);
      expect(findSocket({ environment: {} })).toBe(place.inHome);
    });

    it("takes an option or a variable that is empty for absent", async () => {
      await using place = await arrange();
      using _home = setVariable("HOME", place.home);
      const environment = { RESONITE_IO_SOCKET: "", RESONITE_IO_SOCKET_DIR: "" };
      expect(findSocket({ socketPath: "", environment })).toBe(place.inHome);
    });

    it("reads the variables of the process when no others are given", async () => {
      await using place = await arrange();
      using _socket = setVariable("RESONITE_IO_SOCKET", place.named);
      expect(findSocket()).toBe(place.named);
    });

    it("makes relative paths absolute", async () => {
      await using place = await arrange();
      const environment = { RESONITE_IO_SOCKET: relative(process.cwd(), place.named) };
      expect(findSocket({ environment })).toBe(place.named);
      expect(findSocket({ socketPath: relative(process.cwd(), place.named) })).toBe(place.named);
    });
  });

  describe("in a folder", () => {
    it("passes over sockets whose process is gone", async () => {
      await using folder = await makeTempFolder();
      await writeFile(folder.file(`resonite-${await deadProcessId()}.sock`), "");
      await writeFile(folder.file(`resonite-${process.pid}.sock`), "");
      const environment = { RESONITE_IO_SOCKET_DIR: folder.path };
      expect(findSocket({ environment })).toBe(folder.file(`resonite-${process.pid}.sock`));
    });

    it("keeps a socket whose name carries no process id", async () => {
      await using folder = await makeTempFolder();
      await writeFile(folder.file("resonite-dev.sock"), "");
      expect(findSocket({ environment: { RESONITE_IO_SOCKET_DIR: folder.path } })).toBe(
        folder.file("resonite-dev.sock"),
      );
    });

    it("says which processes are gone and what to do when no socket is left", async () => {
      await using folder = await makeTempFolder();
      const pids = [await deadProcessId(), await deadProcessId()];
      for (const pid of pids) await writeFile(folder.file(`resonite-${pid}.sock`), "");

      const error = failureOfFindSocket({ environment: { RESONITE_IO_SOCKET_DIR: folder.path } });
      expect(error).toBeInstanceOf(SocketNotFoundError);
      expect(error).toMatchObject({ code: "SOCKET_NOT_FOUND", name: "SocketNotFoundError", directory: folder.path });
      const skipped = pids.map((pid) => ({ path: folder.file(`resonite-${pid}.sock`), pid }));
      expect((error as SocketNotFoundError).skipped).toEqual(expect.arrayContaining(skipped));
      expect((error as SocketNotFoundError).skipped).toHaveLength(2);
      for (const part of [folder.path, ...pids.map(String), "Start Resonite", "resoio-mock", "RESONITE_IO_SOCKET"]) {
        expect(error).toHaveProperty("message", expect.stringContaining(part));
      }
    });

    it("does not speak of skipped sockets when there was none", async () => {
      await using folder = await makeTempFolder();
      const error = failureOfFindSocket({ environment: { RESONITE_IO_SOCKET_DIR: folder.path } });
      expect(error).toMatchObject({ code: "SOCKET_NOT_FOUND", skipped: [] });
      expect(error).toHaveProperty("message", expect.not.stringContaining("skipped"));
    });

    it("finds nothing when there is no ~/.resonite-io", async () => {
      await using folder = await makeTempFolder();
      using _home = setVariable("HOME", folder.path);
      expect(failureOfFindSocket({ environment: {} })).toMatchObject({
        code: "SOCKET_NOT_FOUND",
        directory: folder.file(".resonite-io"),
      });
    });

    it("does not choose between several", async () => {
      await using folder = await makeTempFolder();
      const candidates = [folder.file("resonite-a.sock"), folder.file("resonite-b.sock")];
      for (const path of candidates) await writeFile(path, "");
      const error = failureOfFindSocket({ environment: { RESONITE_IO_SOCKET_DIR: folder.path } });
      expect(error).toBeInstanceOf(AmbiguousSocketError);
      expect(error).toMatchObject({ code: "AMBIGUOUS_SOCKET", name: "AmbiguousSocketError", candidates });
      for (const part of [...candidates, "socketPath", "pid", "RESONITE_IO_SOCKET"]) {
        expect(error).toHaveProperty("message", expect.stringContaining(part));
      }
    });
  });

  describe("with a process id", () => {
    it("chooses that process's socket among several", async () => {
      await using folder = await makeTempFolder();
      for (const name of [process.pid, process.ppid, "dev"]) await writeFile(folder.file(`resonite-${name}.sock`), "");
      const environment = { RESONITE_IO_SOCKET_DIR: folder.path };
      expect(findSocket({ pid: process.ppid, environment })).toBe(folder.file(`resonite-${process.ppid}.sock`));
    });

    it("looks in the folder even when RESONITE_IO_SOCKET names a socket", async () => {
      await using place = await arrange();
      const path = `${place.directory}/resonite-${process.pid}.sock`;
      await writeFile(path, "");
      const environment = { RESONITE_IO_SOCKET: place.named, RESONITE_IO_SOCKET_DIR: place.directory };
      expect(findSocket({ pid: process.pid, environment })).toBe(path);
    });

    it("finds nothing when that process is gone, whatever else is there", async () => {
      await using folder = await makeTempFolder();
      const pid = await deadProcessId();
      await writeFile(folder.file(`resonite-${pid}.sock`), "");
      await writeFile(folder.file(`resonite-${process.pid}.sock`), "");
      const error = failureOfFindSocket({ pid, environment: { RESONITE_IO_SOCKET_DIR: folder.path } });
      expect(error).toMatchObject({ code: "SOCKET_NOT_FOUND", skipped: [{ pid }] });
      expect(error).toHaveProperty("message", expect.stringContaining(`process ${pid}`));
    });

    it("cannot be given together with a path", () => {
      const error = failureOfFindSocket({ pid: 1, socketPath: "/tmp/a.sock" });
      expect(error).toBeInstanceOf(InvalidOptionsError);
      expect(error).toMatchObject({ code: "INVALID_OPTIONS" });
    });
  });

  describe("with a value that cannot lead to a socket", () => {
    it("refuses a RESONITE_IO_SOCKET that is a plain file", async () => {
      await using folder = await makeTempFolder();
      await writeFile(folder.file("file"), "");
      expectInvalidVariable("RESONITE_IO_SOCKET", folder.file("file"), "not a socket");
    });

    it("refuses a RESONITE_IO_SOCKET that does not exist, and keeps the cause", async () => {
      await using folder = await makeTempFolder();
      const error = expectInvalidVariable("RESONITE_IO_SOCKET", folder.file("missing"), "no socket");
      expect(error.cause).toMatchObject({ code: "ENOENT" });
    });

    it("refuses a RESONITE_IO_SOCKET_DIR that is a file", async () => {
      await using folder = await makeTempFolder();
      await writeFile(folder.file("file"), "");
      expectInvalidVariable("RESONITE_IO_SOCKET_DIR", folder.file("file"), "not a folder");
    });

    it("refuses a RESONITE_IO_SOCKET_DIR that does not exist, and keeps the cause", async () => {
      await using folder = await makeTempFolder();
      const error = expectInvalidVariable("RESONITE_IO_SOCKET_DIR", folder.file("missing"), "cannot be read");
      expect(error.cause).toMatchObject({ code: "ENOENT" });
    });

    it("refuses a RESONITE_IO_SOCKET with a null character", () => {
      expectInvalidVariable("RESONITE_IO_SOCKET", "/tmp/a\0b.sock", "null character");
    });

    it("takes a path of the greatest length that the system takes, and refuses one byte more", () => {
      // Two bytes each in UTF-8: what counts is bytes, not characters.
      const longest = `/tmp/${"ä".repeat((process.platform === "darwin" ? 98 : 102) / 2)}`;
      expect(findSocket({ socketPath: longest })).toBe(longest);

      const error = failureOfFindSocket({ socketPath: `${longest}x` });
      expect(error).toBeInstanceOf(InvalidOptionsError);
      expect(error).toHaveProperty("message", expect.stringContaining("at most"));
      expectInvalidVariable("RESONITE_IO_SOCKET", `${longest}x`, "at most");
    });
  });
});

/** A socket in each place where one may be looked for. */
async function arrange() {
  await using stack = new AsyncDisposableStack();
  const folder = stack.use(await makeTempFolder());
  await mkdir(folder.file("directory"));
  await mkdir(folder.file("home/.resonite-io"), { recursive: true });
  const inDirectory = folder.file("directory/resonite-a.sock");
  const inHome = folder.file("home/.resonite-io/resonite-b.sock");
  const named = folder.file("named.sock");
  await writeFile(inDirectory, "");
  await writeFile(inHome, "");
  const server = net.createServer().listen(named);
  await once(server, "listening");
  stack.defer(() => void server.close());
  const owned = stack.move();
  return {
    directory: folder.file("directory"),
    home: folder.file("home"),
    inDirectory,
    inHome,
    named,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

function failureOfFindSocket(options: FindSocketOptions): unknown {
  let path: string;
  try {
    path = findSocket(options);
  } catch (error) {
    return error;
  }
  return expect.fail(`found ${path}`);
}

function expectInvalidVariable(
  variable: "RESONITE_IO_SOCKET" | "RESONITE_IO_SOCKET_DIR",
  value: string,
  problem: string,
): InvalidEnvironmentError {
  const error = failureOfFindSocket({ environment: { [variable]: value } });
  if (!(error instanceof InvalidEnvironmentError)) return expect.fail(`failed with ${String(error)}`);
  expect(error).toMatchObject({ code: "INVALID_ENVIRONMENT", name: "InvalidEnvironmentError", variable, value });
  for (const part of [variable, JSON.stringify(value), problem]) expect(error.message).toContain(part);
  return error;
}
