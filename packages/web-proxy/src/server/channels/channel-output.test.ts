import { describe, expect, it } from "vitest";
import { noteChannel } from "../../testing/note-channel.js";
import { resolveChannelOptions } from "./channel-options.js";
import { ChannelOutput } from "./channel-output.js";

describe("ChannelOutput", () => {
  it("keeps tombstones while somebody may come back who has not had them, and no longer", () => {
    let leastCursor = 0;
    const output = new ChannelOutput({
      schema: noteChannel,
      options: resolveChannelOptions({}),
      receivers: () => [],
      leastCursor: () => leastCursor,
      onSent() {},
      onNotKept() {},
    });
    const end = (name: string) => output.broadcast("NoteGone", { value: name }, {});
    for (let index = 0; index < 512; index++) end(`${index}`);
    expect(output.store.tombstoneCount).toBe(512);
    output.broadcast("Line", { value: 1 }, { room: "left" });
    for (let index = 0; index < 512; index++) output.broadcast("NoteGone", { value: `${index}` }, { room: "left" });
    expect(output.rooms.store("left")?.tombstoneCount).toBe(512);

    leastCursor = Number.POSITIVE_INFINITY;
    for (let index = 0; index < 256; index++) end(`again ${index}`);

    expect(output.store.tombstoneCount).toBe(0);
    expect(output.rooms.store("left")?.tombstoneCount).toBe(0);
  });
});
