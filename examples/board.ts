// An agent tells what it thinks and where it looks; two pages see it, and what one of them marks appears on the other. The pages are
// programs here: the code of a page is the same.
//
//   node examples/board.ts
import { createChannel, createProxy } from "@resoio/web-proxy";
import { createWebSocketTransport, joinChannel } from "@resoio/web-proxy/client";
import { boardChannel } from "./gen/board/v1/board_channel.ts";

const board = createChannel(boardChannel);
// What a page does is passed on to the others, and kept for those who come later.
board.on("Marker", (marker, client) => {
  board.broadcast("Marker", marker, { exclude: client.id });
});
board.onDisconnect(({ id }, { reason }) => console.log(`gone          page ${id}: ${reason}`));
await using proxy = await createProxy({ channels: [board], port: 0 });

// The agent. What belongs together is seen together.
board.atomic(() => {
  board.broadcast("Thought", { agent: "Robin", text: "that door is open" });
  board.broadcast("Gaze", { agent: "Robin", at: { x: 0.7, y: 0.4 }, frameId: 812n });
});

// Two pages.
const pages = [await openPage("first"), await openPage("second")];
const [first, second] = pages;
await Promise.all(pages.map(({ page }) => page.ready));
const seen = Promise.withResolvers<void>();
second?.page.once("Marker", () => seen.resolve());
first?.page.send("Marker", { id: "door", label: "open", points: [{ x: 0.7, y: 0.4 }] });
await seen.promise;

for (const { page, transport } of pages) {
  await page.close();
  await transport.close();
}
await board.close();

async function openPage(name: string) {
  const transport = createWebSocketTransport({ url: proxy.url });
  const page = await joinChannel(transport, boardChannel);
  page.on("Thought", ({ agent, text }) => console.log(`${name.padEnd(13)} ${agent} thinks: ${text}`));
  page.on("Gaze", ({ agent, at }) =>
    console.log(`${name.padEnd(13)} ${agent} looks at ${at?.x.toFixed(1)}, ${at?.y.toFixed(1)}`),
  );
  page.on("Marker", ({ id, label }) => console.log(`${name.padEnd(13)} marker ${id}: ${label}`));
  return { page, transport };
}
