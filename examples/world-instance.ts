// Joins the engine with free seats that a proxy on this machine shows as a world, and saves its camera picture.
//
//   npx resoio-mock & npx resoio-mock & npx resoio-proxy &
//   node examples/world-instance.ts 127.0.0.1:7707/world out/world-instance.png
import { writeFile } from "node:fs/promises";
import { joinInstance } from "@resoio/web-proxy/instances";
import { encode } from "fast-png";

const [address = "127.0.0.1:7707/world", file = "world-instance.png"] = process.argv.slice(2);
await using resonite = await joinInstance(address, {
  joinPolicies: ["public", "private"], // these are our own engines
  onJoin: ({ name, id, playerCount, capacity }) =>
    console.log(`joined        ${name} (${playerCount} of ${capacity}) ${id}`),
});
const { width, height, pixels } = await resonite.camera.shot();
const data = pixels.map((value, index) => (index % 4 === 3 ? 255 : value)); // the alpha of the game means nothing
await writeFile(file, encode({ width, height, channels: 4, data }));
console.log(`picture       ${width} x ${height} in ${file}`);
