import { BoolValueSchema, BytesValueSchema, StringValueSchema } from "@bufbuild/protobuf/wkt";
import { Code } from "@connectrpc/connect";
import { describe, expect, it } from "vitest";
import { type ChannelDefinition, defineChannelSchema } from "./define-channel-schema.js";
import type { MessageDefinition } from "./message-definition.js";
import { checkAgreement, type SchemaCompatibility, toWireSchema } from "./schema-agreement.js";

const word = { tag: 1, schema: StringValueSchema, direction: "down" } as const;
const flag = { tag: 2, schema: BoolValueSchema, direction: "up" } as const;

describe("checkAgreement", () => {
  it.each([
    ["the same", { Word: word, Flag: flag }, {}],
    [
      "one that has more messages",
      { Word: word, Flag: flag, Other: { ...flag, tag: 3, schema: BytesValueSchema } },
      {},
    ],
    ["one that has fewer messages", { Word: word }, {}],
    ["one that calls another number by another name", { Word: word, Banner: { ...flag, tag: 9 } }, {}],
    ["one that speaks newer versions too", { Word: word, Flag: flag }, { version: { min: 1, max: 3 } }],
  ])("agrees with %s", (_, messages, definition) => {
    expect(() => check(messages, definition)).not.toThrow();
  });

  it.each([
    ["a number that means something else", { Text: word }, {}, "number 1 is Word here and Text there"],
    [
      "a message that has another number",
      { Word: { ...word, tag: 9 }, Flag: flag },
      {},
      "Word (google.protobuf.StringValue) is number 1 here and 9 there",
    ],
    [
      "a message that travels another way",
      { Word: { ...word, direction: "both" } },
      {},
      "Word travels down here and another way there",
    ],
    [
      "versions that have none in common",
      { Word: word, Flag: flag },
      { version: { min: 2, max: 2 } },
      "there is no version that both speak: the proxy has version 1 of the channel words",
    ],
  ] as const)("does not with %s, and says so", (_, messages, definition, sentence) => {
    expect(() => check(messages, definition)).toThrow(
      expect.objectContaining({ code: Code.FailedPrecondition, message: expect.stringContaining(sentence) }),
    );
  });

  it("tells what both sides have", () => {
    const own = schemaOf({ Word: word }, {});
    const other = schemaOf({ Text: word }, {});

    expect(() => checkAgreement(own, toWireSchema(other), "compatible")).toThrow(
      new RegExp(`${own.fingerprint}.*${other.fingerprint}`),
    );
  });

  it("takes only the very same when that is wanted", () => {
    expect(() => check({ Word: word, Flag: flag }, {}, "exact")).not.toThrow();
    expect(() => check({ Word: word }, {}, "exact")).toThrow("the two must be the same");
  });

  it("does not agree with who does not say what he has", () => {
    expect(() => checkAgreement(schemaOf({ Word: word }, {}), undefined, "compatible")).toThrow(
      "did not say what it has",
    );
  });
});

function check(
  messages: Record<string, MessageDefinition>,
  definition: Partial<ChannelDefinition>,
  compatibility: SchemaCompatibility = "compatible",
): void {
  checkAgreement(schemaOf({ Word: word, Flag: flag }, {}), toWireSchema(schemaOf(messages, definition)), compatibility);
}

function schemaOf(messages: Record<string, MessageDefinition>, definition: Partial<ChannelDefinition>) {
  return defineChannelSchema({ name: "words", ...definition, messages });
}
