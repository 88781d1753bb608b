import { fromBinary } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import { EventLog } from "../../testing/event-log.js";
import type { NoteChannel } from "../../testing/note-channel.js";
import { openChannel } from "../../testing/open-channel.js";
import type { ObservedMessage } from "./channel.js";

describe("an observer of a channel", () => {
  it("is told of every message as it is sent, before any is replaced, and of every one that comes", async () => {
    await using open = await openChannel();
    const observed = new EventLog();
    const messages: ObservedMessage<NoteChannel>[] = [];
    open.channel.observe((message) => {
      messages.push(message);
      const { direction, type, client, rooms, exclude, key, isPersistent } = message;
      const whom = [client && `client ${client.id}`, ...rooms, ...exclude.map((id) => `not ${id}`)].filter(Boolean);
      observed.add([direction, type.name, ...whom, key ?? "-", isPersistent ? "kept" : "not kept"].join(" "));
    });
    const client = await open.join();
    await client.channel.ready;
    for (const value of ["1", "2"]) open.channel.broadcast("Note", { name: "x", value }, { exclude: open.client().id });
    open.client().send("Event", { value: Uint8Array.of(1) });
    open.channel.atomic(() => void open.channel.broadcast("Line", { value: 1 }, { room: ["left", "right"] }));
    client.channel.send("Say", { value: 42 });
    // Nobody else listens to these: they are decoded by nobody.
    await observed.until((lines) => lines.length === 5);

    expect(observed.lines).toEqual([
      "down Note not 0 Note/x kept",
      "down Note not 0 Note/x kept",
      "down Event client 0 - not kept",
      "down Line left right - kept",
      "up Say client 0 - not kept",
    ]);
    const [, second] = messages;
    expect(second && fromBinary(second.type.schema, second.payload)).toMatchObject({ name: "x", value: "2" });
  });

  it("is not told of what was thrown away with its group, nor of anything when it was taken back", async () => {
    await using open = await openChannel();
    const observed = new EventLog();
    const takeBack = open.channel.observe(({ type }) => observed.add(type.name));
    const group = open.channel.begin();
    group.broadcast("Note", { name: "x", value: "1" });
    group.discard();
    open.channel.broadcast("Line", { value: 1 });
    takeBack();
    open.channel.broadcast("Flag", { value: true });

    expect(observed.lines).toEqual(["Line"]);
  });

  it("that throws is reported, and disturbs nothing", async () => {
    await using open = await openChannel();
    const errors = new EventLog();
    open.channel.onError((error, { during, messageName }) => errors.add(`${during} ${messageName}: ${String(error)}`));
    open.channel.observe(() => {
      throw new Error("oh");
    });
    const client = await open.join();
    open.channel.broadcast("Line", { value: 1 });

    await client.until("Line 1");
    expect(errors.lines).toEqual(["observe Line: Error: oh"]);
  });
});
