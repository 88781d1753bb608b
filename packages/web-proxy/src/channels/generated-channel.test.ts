// The board of the examples, as the code generator makes it.
import { create } from "@bufbuild/protobuf";
import { describe, expect, expectTypeOf, it } from "vitest";
import type { BoardDownMessage, BoardUpMessage, MarkerColour } from "../testing/gen/board/v1/board_channel.js";
import {
  boardChannel,
  isAgentsMessage,
  isBoardUpMessage,
  isPictureMessage,
  keyOfMarker,
  keyOfMarkerColour,
  keyOfRemoveMarker,
  MarkerColourSchema,
} from "../testing/gen/board/v1/board_channel.js";
import type { Gaze, Instruction, Thought } from "../testing/gen/board/v1/board_pb.js";
import { GazeSchema, InstructionSchema, RemoveMarkerSchema, ThoughtSchema } from "../testing/gen/board/v1/board_pb.js";
import { keyInFamily } from "./channel-key.js";
import type { DownInits, DownMessages, DownName, UpInits, UpName } from "./channel-schema.js";

type Board = typeof boardChannel;

describe("a generated channel", () => {
  it("has the tags, directions and ways to be kept that the .proto gives its messages", () => {
    expect(boardChannel.messages.map(({ name, tag, direction }) => `${tag} ${name} ${direction}`)).toEqual([
      "1 Thought down",
      "2 Gaze down",
      "3 Marker both",
      "4 MarkerColour both",
      "5 RemoveMarker both",
      "6 Cursor both",
      "7 ChatLine both",
      "8 Task down",
      "9 Instruction up",
    ]);
    expect(boardChannel.byName("Gaze")).toMatchObject({ ordering: "in-place", groups: ["agents", "picture"] });
    expect(boardChannel.byName("Cursor")).toMatchObject({ transient: true, family: "Cursor" });
    expect(boardChannel.byName("RemoveMarker")).toMatchObject({ removes: ["Marker", "MarkerColour"] });
    expect(boardChannel.byName("ChatLine")).toMatchObject({ transient: false, family: undefined });
    expect(boardChannel.byName("Task")?.keyOf(create(boardChannel.down.Task))).toBe("Task");
  });

  it("has key functions that need the key fields only; a tombstone has the key of what it ends", () => {
    expect(keyOfMarker({ id: "a" })).toBe("Marker/a");
    expect(keyOfRemoveMarker({ id: "a" })).toBe(keyOfMarker({ id: "a" }));
    expect(keyInFamily(keyOfRemoveMarker({ id: "a" }), "MarkerColour")).toBe(keyOfMarkerColour({ id: "a" }));
    const message = create(RemoveMarkerSchema, { id: "a" });
    expect(boardChannel.byName("RemoveMarker")?.keyOf(message)).toBe("Marker/a");
  });

  it("has guards that tell groups and directions apart", () => {
    const gaze = create(GazeSchema);
    const instruction = create(InstructionSchema);

    expect([isAgentsMessage(gaze), isPictureMessage(gaze), isBoardUpMessage(gaze)]).toEqual([true, true, false]);
    expect([isAgentsMessage(instruction), isBoardUpMessage(instruction)]).toEqual([false, true]);
  });
});

describe("the types of a generated channel", () => {
  it("know what travels which way", () => {
    expectTypeOf<Exclude<DownName<Board>, UpName<Board>>>().toEqualTypeOf<"Thought" | "Gaze" | "Task">();
    expectTypeOf<Exclude<UpName<Board>, DownName<Board>>>().toEqualTypeOf<"Instruction">();
    expectTypeOf<Thought>().toExtend<BoardDownMessage>();
    expectTypeOf<Thought>().not.toExtend<BoardUpMessage>();
    expectTypeOf<Instruction>().toExtend<BoardUpMessage>();
    expectTypeOf<DownMessages<Board>["Gaze"]>().toEqualTypeOf<Gaze>();
    expectTypeOf<{ agent: string; at: { x: number } }>().toExtend<DownInits<Board>["Gaze"]>();
  });

  it("have a bigint for 64 bits, and the author's type where there is one", () => {
    expectTypeOf<Thought["unixNanos"]>().toEqualTypeOf<bigint>();
    expectTypeOf<MarkerColour["colour"]>().toEqualTypeOf<`#${string}`>();
    expectTypeOf<DownMessages<Board>["MarkerColour"]["colour"]>().toEqualTypeOf<`#${string}`>();
    expectTypeOf<{ colour: "#fff" }>().toExtend<UpInits<Board>["MarkerColour"]>();
    expectTypeOf<{ colour: "red" }>().not.toExtend<UpInits<Board>["MarkerColour"]>();
    // @ts-expect-error A colour begins with #.
    expect(create(MarkerColourSchema, { colour: "red" }).colour).toBe("red");
    expect(create(ThoughtSchema).unixNanos).toBe(0n);
  });

  it("narrow by guard and by $typeName", () => {
    const message: BoardDownMessage = create(GazeSchema, { agent: "a" });

    expect(isAgentsMessage(message) && message.agent).toBe("a");
    expect(message.$typeName === "board.v1.Gaze" && message.frameId).toBe(0n);
  });
});
