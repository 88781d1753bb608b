import {
  BoolValueSchema,
  BytesValueSchema,
  DoubleValueSchema,
  Int32ValueSchema,
  Int64ValueSchema,
  StringValueSchema,
  UInt32ValueSchema,
} from "@bufbuild/protobuf/wkt";
import { HeaderFieldSchema } from "@resoio/core/gen/resoio/web/v1/wire_pb";
import { channelKey } from "../channels/channel-key.js";
import { defineChannelSchema } from "../channels/define-channel-schema.js";

/** A channel for tests, with every kind of message that there is, of types that are there anyway. */
export const noteChannel = defineChannelSchema({
  name: "notes",
  messages: {
    /** Kept, one for each name. */
    Note: {
      tag: 1,
      schema: HeaderFieldSchema,
      direction: "both",
      keyOf: ({ name }) => channelKey("Note", name),
      groups: ["notes"],
    },
    /** Ends the note of that name, and its colour. */
    NoteGone: {
      tag: 2,
      schema: StringValueSchema,
      direction: "down",
      keyOf: ({ value }) => channelKey("Note", value),
      removes: ["Note", "Colour"],
      groups: ["notes"],
    },
    /** Kept, one for each value of the hundreds, where it was first. */
    Colour: {
      tag: 3,
      schema: Int32ValueSchema,
      direction: "down",
      keyOf: ({ value }) => channelKey("Colour", Math.floor(value / 100)),
      ordering: "in-place",
    },
    /** Not kept, and never replaced. */
    Event: { tag: 4, schema: BytesValueSchema, direction: "down", transient: true },
    /** Kept, and never replaced. */
    Line: { tag: 5, schema: DoubleValueSchema, direction: "down" },
    /** From clients only. Not replaced. */
    Say: { tag: 6, schema: UInt32ValueSchema, direction: "up" },
    /** From clients only. There is one. */
    Pointer: { tag: 7, schema: Int64ValueSchema, direction: "up", keyOf: () => "Pointer", transient: true },
    /** Both ways, not kept. */
    Flag: { tag: 300, schema: BoolValueSchema, direction: "both", transient: true },
  },
});

/** The type of {@link noteChannel}. */
export type NoteChannel = typeof noteChannel;
