import { describe, expect, it } from "vitest";
import { noteChannel } from "../../testing/note-channel.js";
import { TestClock } from "../../testing/test-clock.js";
import { resolveChannelOptions } from "./channel-options.js";
import { ChannelOutput } from "./channel-output.js";

describe("ChannelOutput", () => {
  it("keeps tombstones while somebody may come back who has not had them, and no longer", () => {
    const clock = new TestClock();
    let leastCursor = 0;
    const output = new ChannelOutput({
      schema: noteChannel,
      options: resolveChannelOptions({ clock, session: { keepMs: 5_000 }, limits: { stallTimeoutMs: 1_000 } }),
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
    clock.advance(6_000);
    for (let index = 0; index < 256; index++) end(`again ${index}`);
    expect(output.store.tombstoneCount).toBe(768);

    // Not before what was on its way has come, or its client can come back no more.
    clock.advance(1);
    for (let index = 0; index < 256; index++) end(`once more ${index}`);
    expect(output.store.tombstoneCount).toBe(512);
    expect(output.rooms.store("left")?.tombstoneCount).toBe(0);
  });
});
