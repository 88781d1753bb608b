import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { services } from "@resoio/core";
import { type Engine, type MockServer, startMockServer } from "@resoio/mock-server";
import { createUdsTransport } from "@resoio/node-uds";
import { openRecordingFile } from "@resoio/recording/node";
import { createProxy } from "@resoio/web-proxy";
import { decode } from "fast-png";
import { describe, expect, it } from "vitest";

/** One run of an example. */
interface Run {
  readonly example: string;
  /** What the run shows. */
  readonly does: string;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** A telling line of what it prints. */
  readonly prints: RegExp;
  /** Checks what became of the game. `folder` is where the example ran. Default: nothing in the game has changed. */
  readonly check?: (engine: Engine, folder: string) => void | Promise<void>;
}

const runs: readonly Run[] = [
  { example: "auth", does: "tells who is signed in", prints: /^signed in {5}Robin \(U-robin\)$/m },
  {
    example: "auth",
    does: "signs in when told to",
    args: ["--sign-in"],
    env: { RESONITE_USER: "Tester", RESONITE_PASSWORD: "battery staple", RESONITE_TOTP: "123456" },
    prints: /^signed in {5}Tester \(U-tester\)$/m,
    check: ({ journal }) => expect(journal.changes("signedIn")).toMatchObject([{ userId: "U-tester" }]),
  },
  {
    example: "camera",
    does: "measures and saves a picture",
    args: ["--out", "pictures"],
    prints: /^picture {7}1280 x 720 in .+camera\.png$/m,
    check: async (engine, folder) => {
      const { width, height, data } = decode(await readFile(join(folder, "pictures/camera.png")));
      expect([width, height]).toEqual([1280, 720]);
      // Nobody moves in the room, so the picture can be compared as a whole, but for its alpha.
      const { pixels } = engine.draw();
      for (let alpha = 3; alpha < pixels.length; alpha += 4) pixels[alpha] = 255;
      expect(Buffer.compare(pixels, new Uint8Array(data.buffer, data.byteOffset, data.byteLength))).toBe(0);
    },
  },
  {
    example: "board",
    does: "shows what an agent thinks, and what one page marks on the other",
    prints: /^second {8}marker door: open$/m,
  },
  { example: "connection", does: "measures round trips", prints: /^median {8}\d+\.\d+ ms$/m },
  {
    example: "contact",
    does: "tells who is online and leaves requests open",
    prints: /^online {8}2 of \d+ contacts\n +Alice \(online, in Gallery\)$/m,
  },
  {
    example: "contact",
    does: "accepts requests when told to",
    args: ["--accept"],
    prints: /^accepted {6}Bob$/m,
    check: ({ journal }) =>
      expect(journal.changes("contactChanged")).toMatchObject([{ userId: "U-bob", status: "accepted" }]),
  },
  {
    example: "context-menu",
    does: "opens the menu and closes it",
    prints: /^ {2}1 {2}Locomotion$/m,
    check: ({ journal, state }) => {
      expect(journal.changes("contextMenuOpened")).toHaveLength(1);
      expect(journal.changes("contextMenuPressed")).toEqual([]);
      expect(state.contextMenus).toEqual({ left: undefined, right: undefined });
    },
  },
  {
    example: "context-menu",
    does: "presses what it is told to",
    args: ["Locomotion", "Fly"],
    prints: /^after "Locomotion": 2 items$/m,
    check: ({ journal, state }) => {
      expect(journal.changes("contextMenuPressed").map(({ label }) => label)).toEqual(["Locomotion", "Fly"]);
      expect(state.contextMenus).toEqual({ left: undefined, right: undefined });
    },
  },
  {
    example: "cursor",
    does: "draws a circle and gives the cursor back",
    prints: /^moved {9}to \(640, 180\)$/m,
    check: ({ journal, cursor }) => {
      expect(journal.changes("cursorHeld")).toHaveLength(61);
      expect(cursor.isHeld).toBe(false);
    },
  },
  {
    example: "dash",
    does: "lists the current tab and closes the dash",
    prints: /^ {2}scroll {2}News\n {4}button {2}Read more$/m,
    check: ({ journal, dash }) => {
      expect(journal.changes("dashOpened")).toHaveLength(1);
      expect(dash.isOpen).toBe(false);
    },
  },
  {
    example: "dash",
    does: "looks at another tab and goes back",
    args: ["worlds"],
    prints: /^ {2}button {2}Close world \(disabled\)$/m,
    check: ({ journal, dash }) => {
      expect(journal.changes("dashTabChanged").map(({ name }) => name)).toEqual(["Worlds", "Home"]);
      expect(dash.isOpen).toBe(false);
    },
  },
  { example: "display", does: "tells the size of the window", prints: /^window {8}1280 x 720 pixels$/m },
  {
    example: "display",
    does: "changes the size when told to",
    args: ["--write", "1024x768"],
    prints: /^now {11}1024 x 768 pixels$/m,
    check: ({ display }) => expect([display.width, display.height]).toEqual([1024, 768]),
  },
  {
    example: "grabber",
    does: "carries something and lets go of it",
    prints: /^grabbed {7}Blue Ball, with the right hand$/m,
    check: ({ journal, grabber, cursor, state }) => {
      expect(journal.changes("objectsReleased")).toHaveLength(1);
      expect(grabber.report("primary").isHolding).toBe(false);
      expect(cursor.isHeld).toBe(false);
      expect(state.locomotion.yawRate).toBe(0);
    },
  },
  {
    example: "grabber",
    does: "says so when nothing is there",
    args: ["0.5", "0.1"],
    prints: /^Nothing to grab at \(0\.5, 0\.1\)/m,
    check: ({ journal, cursor }) => {
      expect(journal.changes("objectGrabbed")).toEqual([]);
      expect(cursor.isHeld).toBe(false);
    },
  },
  { example: "info", does: "tells what is running", prints: /^mod {11}0\.7\.0$/m },
  {
    example: "inventory",
    does: "prints the tree and spawns nothing",
    prints: /^ {2}Avatars\/\n {4}Robot {2}\(object\)\n {2}Mirror {2}\(object\)$/m,
  },
  {
    example: "inventory",
    does: "spawns what it is told to",
    args: ["/Inventory/Avatars", "--spawn", "/Inventory/Mirror"],
    prints: /^spawned {7}Mirror \(ID[0-9A-F]+\)$/im,
    check: ({ journal, worlds }) => {
      expect(journal.changes("inventorySpawned")).toMatchObject([{ path: "/Inventory/Mirror" }]);
      expect(worlds.focused?.objects.map(({ name }) => name)).toContain("Mirror");
    },
  },
  { example: "lifecycle", does: "leaves the game running", prints: /^Nothing was done\. Add --yes/m },
  {
    example: "lifecycle",
    does: "shuts the game down when told to",
    args: ["--yes"],
    prints: new RegExp(`^asked to quit process ${process.pid}\\.`, "m"),
    check: (engine) => engine.until(({ journal }) => journal.changes("teardown").length > 0),
  },
  {
    example: "locomotion",
    does: "walks a square and stops",
    prints: /^walking {7}fourth corner\nback again {4}after \d commands$/m,
    check: async (engine) => {
      expect(engine.journal.changes("driveEnded")).toMatchObject([{ reason: "graceful" }]);
      await engine.until(({ state }) => !state.locomotion.pendingReset.move);
      expect(engine.state.locomotion).toMatchObject({ moveForward: 0, yawRate: 0 });
    },
  },
  {
    example: "microphone",
    does: "plays a tone",
    prints: /^played {8}48000 samples in 50 chunks$/m,
    check: ({ journal }) => expect(journal.changes("microphoneEnded")).toMatchObject([{ reason: "graceful" }]),
  },
  {
    example: "playback",
    does: "runs an agent, and the same agent against the recording of that",
    args: ["--out", "runs"],
    prints:
      /^saw {11}Home, with Robin, in 20 pictures\nsaw again {5}Home, with Robin, in (\d+) pictures\nthe same {6}\1 of \1 pictures/m,
    check: async (_, folder) => {
      await using recording = await openRecordingFile(join(folder, "runs/run.mcap"));
      expect(recording.info).toMatchObject({ isComplete: true, metadata: { example: "playback" } });
    },
  },
  {
    example: "recording",
    does: "records what it does, and says what that was",
    args: ["--out", "runs"],
    prints:
      /^repeats {7}\d+\.\d s of \d+\.\d s\nholds {9}3 camera\.streamFrames, 3 connection\.ping, 1 world\.getCurrent\nmissing {7}0 messages$/m,
    check: async (_, folder) => {
      await using recording = await openRecordingFile(join(folder, "runs/recording.mcap"));
      const { info } = recording;
      expect(info).toMatchObject({ isComplete: true, metadata: { example: "recording" } });
      const last = await recording.lastMessage("/rpc/camera.streamFrames/response");
      expect(info.durationMs - (last?.atMs ?? 0)).toBeGreaterThanOrEqual(2_000);
      expect(info.loopStartMs).toBeGreaterThan(0);
      expect(info.loopStartMs).toBeLessThan(last?.atMs ?? 0);
    },
  },
  { example: "session", does: "tells who is here", prints: /^people {8}1 of at most \d+\n +Robin \(.*you, host\)$/m },
  // The sound of the room comes from the left.
  { example: "speaker", does: "draws the loudness", prints: /^(#+) +(?!\1)#+$/m },
  { example: "world", does: "lists worlds and joins none", prints: /^open world {4}Home \(1 people\) {2}<- here$/m },
  {
    example: "world",
    does: "visits a session and comes back",
    args: ["--visit", "Gallery"],
    prints: /^visiting {6}Gallery: .*Alice.*\nback in {7}Home$/m,
    check: ({ worlds }) => {
      expect(worlds.open.map(({ name }) => name)).toEqual(["Home"]);
      expect(worlds.focused?.name).toBe("Home");
    },
  },
];

describe.concurrent("the example", () => {
  it.each(runs)("$example $does", async ({ prints, check = changesNothing, ...run }) => {
    await using folder = await temporaryFolder();
    await using mod = await startMockServer();
    const { printed, complaints, exitCode } = await start(run, mod, folder.path).ended;
    expect({ complaints, exitCode }).toEqual({ complaints: "", exitCode: 0 });
    expect(printed).toMatch(prints);
    await check(mod.engine, folder.path);
  });

  it("locomotion stops the avatar at Ctrl-C", async () => {
    await using folder = await temporaryFolder();
    await using mod = await startMockServer();
    const { child, ended } = start({ example: "locomotion" }, mod, folder.path);
    await Promise.race([mod.engine.until(({ state }) => state.locomotion.moveForward === 1), ended]);
    child.kill("SIGINT");
    const { printed, complaints, exitCode } = await ended;
    expect({ complaints, exitCode }).toEqual({ complaints: "", exitCode: 0 });
    expect(printed).toMatch(/^stopped {7}by Ctrl-C$/m);
    await mod.engine.until(({ journal }) => journal.changes("driveEnded").length > 0);
    expect(mod.engine.journal.changes("driveEnded")).toMatchObject([{ reason: "cancelled" }]);
    await mod.engine.until(({ state }) => state.locomotion.moveForward === 0);
  });
});

describe("the world instances", () => {
  it("world-instance joins the engine behind a proxy by its address, and saves its picture", async () => {
    await using folder = await temporaryFolder();
    await using mod = await startMockServer();
    await using proxy = await createProxy({
      upstream: createUdsTransport({ socketPath: mod.socketPath }),
      ownsUpstreams: true,
      port: 0,
      world: { directory: join(folder.path, "worlds") },
    });
    const run = { example: "world-instance", args: [`127.0.0.1:${proxy.port}/world`, "picture.png"] };
    const { printed, complaints, exitCode } = await start(run, mod, folder.path).ended;
    expect({ complaints, exitCode }).toEqual({ complaints: "", exitCode: 0 });
    expect(printed).toMatch(/^picture {7}1280 x 720 in picture\.png$/m);
    expect(decode(await readFile(join(folder.path, "picture.png")))).toMatchObject({ width: 1280, height: 720 });
  });
});

describe.each(Object.keys(services))("the modality %s", (modality) => {
  const example = modality.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

  it("has an example of fewer than 60 lines that is run here", async () => {
    const text = await readFile(join(import.meta.dirname, `${example}.ts`), "utf8");
    expect(text.split("\n").length - 1).toBeLessThan(60);
    expect(text).toContain(`node examples/${example}.ts`);
    expect(runs.map((run) => run.example)).toContain(example);
  });
});

function changesNothing({ journal }: Engine): void {
  expect(journal.entries.filter(({ kind }) => kind === "change")).toEqual([]);
}

/** Starts an example, which finds `mod` by its environment. */
function start({ example, args = [], env = {} }: Pick<Run, "example" | "args" | "env">, mod: MockServer, cwd: string) {
  const child = spawn(process.execPath, [join(import.meta.dirname, `${example}.ts`), ...args], {
    cwd,
    env: { ...process.env, ...env, RESONITE_IO_SOCKET: mod.socketPath },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let printed = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    printed += text;
  });
  let complaints = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    complaints += text;
  });
  const ended = once(child, "close").then(([exitCode]) => ({ printed, complaints, exitCode }));
  return { child, ended };
}

async function temporaryFolder(): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mkdtemp(join(tmpdir(), "resoio-example-"));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}
