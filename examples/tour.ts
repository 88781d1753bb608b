// A tour through a running Resonite: ping it, see what it is, look for a world, go there, take a picture.
//
//   npm start                 uses the mod that is running, or a simulated one when there is none
//   npm start -- --mock       uses a simulated one in any case
//   npm start -- --join       goes to another world also in the real game, where it is somebody's evening
import { mkdir, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { startMockServer } from "@resoio/mock-server";
import { connect, findSocket, SocketNotFoundError } from "@resoio/node-uds";
import { encode } from "fast-png";

const { values: options } = parseArgs({
  options: {
    mock: { type: "boolean", default: false },
    join: { type: "boolean", default: false },
    out: { type: "string", default: join(import.meta.dirname, "../out") },
  },
});

await using disposables = new AsyncDisposableStack();
const realSocketPath = options.mock ? undefined : runningMod();
const socketPath = realSocketPath ?? (await simulatedMod());
await using resonite = await connect({ socketPath });

const sentMs = performance.now();
const { message } = await resonite.connection.ping("hello");
console.log(`ping          "${message}" came back after ${(performance.now() - sentMs).toFixed(1)} ms`);

const info = await resonite.info.getServerInfo();
console.log(
  `server        mod ${info.modVersion}, engine ${info.engineVersion}, ${info.platform}, pid ${info.resonitePid}`,
);

const { sessions, totalCount } = await resonite.world.listSessions({ minActiveUsers: 1, pageSize: 5 });
console.log(`sessions      ${totalCount} live: ${sessions.map(({ name }) => name).join(", ")}`);

const [destination] = sessions;
if (destination !== undefined && (realSocketPath === undefined || options.join)) {
  const world = await resonite.world.join({ sessionId: destination.sessionId, timeoutMs: 90_000 });
  console.log(`joined        ${world.name} (${world.userCount} people, handle ${world.handle})`);
}
for (const { name, focused } of await resonite.world.listOpenWorlds()) {
  console.log(`open world    ${name}${focused ? "  <- here" : ""}`);
}

let frames = 0;
const startMs = performance.now();
for await (const { width, height } of resonite.camera.stream()) {
  if (++frames < 30) continue;
  const fps = (frames - 1) / ((performance.now() - startMs) / 1000);
  console.log(`camera        ${frames} frames of ${width} x ${height} at ${fps.toFixed(1)} frames a second`);
  break;
}

const { width, height, pixels } = await resonite.camera.shot();
const file = resolve(options.out, "tour.png");
await mkdir(options.out, { recursive: true });
await writeFile(file, encode({ width, height, channels: 4, data: opaque(pixels) }));
console.log(`picture       ${file}`);

function runningMod(): string | undefined {
  try {
    const path = findSocket();
    console.log(`Using the mod at ${path}`);
    return path;
  } catch (error) {
    if (error instanceof SocketNotFoundError) return undefined;
    throw error;
  }
}

async function simulatedMod(): Promise<string> {
  const mod = disposables.use(await startMockServer());
  console.log(`No mod is running here, so this uses a simulated one at ${mod.socketPath}`);
  return mod.socketPath;
}

/** The game's alpha channel means nothing. */
function opaque(pixels: Uint8Array): Uint8Array {
  const copy = pixels.slice();
  for (let index = 3; index < copy.length; index += 4) copy[index] = 255;
  return copy;
}
