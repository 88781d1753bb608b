import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { Code } from "@connectrpc/connect";
import {
  type ChannelBatch,
  ChannelBatchSchema,
  ChannelDownSchema,
  ChannelUpSchema,
} from "@resoio/core/gen/resoio/web/v1/channel_pb";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type ReceivedBatch, readBatch } from "./batch-reader.js";
import { encodeBatch, encodeBatchHead, encodeEntry, encodeGroup } from "./batch-writer.js";
import { toReceivedBatch } from "./received-batch.js";

const runs = { numRuns: 500 };
const noLimit = 1_000_000;

const tag = fc.oneof(fc.integer({ min: 1, max: 300 }), fc.integer({ min: 1, max: 2 ** 32 - 1 }));
const payload = fc.oneof(
  { weight: 9, arbitrary: fc.uint8Array({ maxLength: 20 }) },
  // Around where lengths need one byte more.
  fc.constantFrom(127, 128, 16_383, 16_384).map((length) => new Uint8Array(length).fill(0x1a)),
);
const message = fc.record({ tag, payload });
const entry = fc.array(message, { minLength: 1, maxLength: 5 });
const batch: fc.Arbitrary<ReceivedBatch> = fc.record({
  sequence: fc.oneof(fc.integer({ min: 0, max: 1_000 }), fc.maxSafeNat()),
  unixNanos: fc.bigInt({ min: 0n, max: 2n ** 63n - 1n }),
  entries: fc.array(entry, { maxLength: 8 }),
});

describe("encodeBatch", () => {
  it("writes what the generated code reads, for both directions alike", () => {
    fc.assert(
      fc.property(batch, (given) => {
        const bytes = write(given);
        for (const schema of [ChannelDownSchema, ChannelUpSchema] as const) {
          const { kind } = fromBinary(schema, bytes);
          if (kind.case !== "batch") throw new Error(`it is ${kind.case}`);
          expect(plain(toReceivedBatch(kind.value, noLimit))).toEqual(plain(given));
        }
      }),
      runs,
    );
  });
});

describe("readBatch", () => {
  it("reads what is written", () => {
    fc.assert(
      fc.property(batch, (given) => {
        expect(plain(readBatch(write(given), noLimit))).toEqual(plain(given));
      }),
      runs,
    );
  });

  it("reads what the generated code writes", () => {
    fc.assert(
      fc.property(batch, (given) => {
        const bytes = toBinary(
          ChannelDownSchema,
          create(ChannelDownSchema, { kind: { case: "batch", value: generated(given) } }),
        );
        expect(plain(readBatch(bytes, noLimit))).toEqual(plain(given));
      }),
      runs,
    );
  });

  it("hands out views of what came, not copies", () => {
    const bytes = write({ sequence: 1, unixNanos: 1n, entries: [[{ tag: 1, payload: Uint8Array.of(1, 2, 3) }]] });

    expect(readBatch(bytes, 1)?.entries[0]?.[0]?.payload.buffer).toBe(bytes.buffer);
  });

  it("never throws for what is broken, and never reads anything else than the generated code would", () => {
    const broken = fc.oneof(
      fc.uint8Array({ maxLength: 60 }),
      // As it begins, but with some bytes changed, or cut off: this gets further.
      fc
        .tuple(batch, fc.array(fc.tuple(fc.nat(80), fc.nat(255)), { maxLength: 4 }), fc.nat(80))
        .map(([given, changes, cut]) => {
          const bytes = write(given);
          for (const [at, value] of changes) if (at < bytes.byteLength) bytes[at] = value;
          return cut < 40 ? bytes.subarray(0, cut) : bytes;
        }),
    );
    let readCount = 0;
    fc.assert(
      fc.property(broken, (bytes) => {
        const read = readBatch(bytes, noLimit);
        if (read === undefined) return;
        readCount++;
        const { kind } = fromBinary(ChannelDownSchema, bytes);
        if (kind.case !== "batch") throw new Error(`it is ${kind.case}`);
        expect(plain(read)).toEqual(plain(toReceivedBatch(kind.value, noLimit)));
      }),
      { numRuns: 3_000 },
    );
    expect(readCount).toBeGreaterThan(100);
  });

  it.each([
    ["another kind", Uint8Array.of(0x1a, 0)],
    ["nothing", new Uint8Array(0)],
    ["something behind the batch", Uint8Array.of(0x12, 0, 0x12, 0)],
    ["a message without a number", Uint8Array.of(0x12, 2, 0x1a, 0)],
    ["a group in a group", Uint8Array.of(0x12, 8, 0x1a, 6, 0x1a, 4, 0x1a, 2, 8, 1)],
    ["an unknown field", Uint8Array.of(0x12, 2, 0x20, 1)],
    ["a length that is too long", Uint8Array.of(0x12, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f)],
  ])("leaves %s to the generated code", (_, bytes) => {
    expect(readBatch(bytes, noLimit)).toBeUndefined();
  });

  it("refuses more messages than allowed, in groups as well", () => {
    const messages = Array.from({ length: 4 }, (_, index) => ({ tag: index + 1, payload: new Uint8Array(0) }));
    const alone = write({ sequence: 0, unixNanos: 0n, entries: messages.map((one) => [one]) });
    const grouped = write({ sequence: 0, unixNanos: 0n, entries: [messages] });

    for (const bytes of [alone, grouped]) {
      expect(readBatch(bytes, 4)?.entries.flat()).toHaveLength(4);
      expect(() => readBatch(bytes, 3)).toThrow(expect.objectContaining({ code: Code.ResourceExhausted }));
    }
  });
});

describe("toReceivedBatch", () => {
  it("refuses more messages than allowed, in groups as well", () => {
    const two = { sequence: 0, unixNanos: 0n, entries: [[message1, message1]] };

    expect(() => toReceivedBatch(generated(two), 1)).toThrow(expect.objectContaining({ code: Code.ResourceExhausted }));
  });

  it.each([
    ["an entry without a number", [{}]],
    ["an entry that is both a message and a group", [{ tag: 1, group: [{ tag: 1 }] }]],
    ["a group in a group", [{ group: [{ group: [{ tag: 1 }] }] }]],
    ["a group with a message without a number", [{ group: [{}] }]],
  ])("refuses %s", (_, entries) => {
    expect(() => toReceivedBatch(create(ChannelBatchSchema, { entries }), noLimit)).toThrow(
      expect.objectContaining({ code: Code.InvalidArgument }),
    );
  });
});

const message1 = { tag: 1, payload: new Uint8Array(0) };

function write({ sequence, unixNanos, entries }: ReceivedBatch): Uint8Array {
  const encoded = entries.map((messages) => {
    const parts = messages.map((one) => encodeEntry(one.tag, one.payload));
    return parts.length === 1 ? (parts[0] ?? new Uint8Array(0)) : encodeGroup(parts);
  });
  return encodeBatch(encodeBatchHead(sequence, unixNanos), encoded);
}

function generated({ sequence, unixNanos, entries }: ReceivedBatch): ChannelBatch {
  return create(ChannelBatchSchema, {
    sequence: BigInt(sequence),
    unixNanos,
    entries: entries.map((messages) => (messages.length === 1 ? { ...messages[0] } : { group: [...messages] })),
  });
}

/** With payloads as text, which is quick to compare. */
function plain(given: ReceivedBatch | undefined): unknown {
  return (
    given && {
      ...given,
      entries: given.entries.map((messages) =>
        messages.map((one) => [one.tag, Buffer.from(one.payload).toString("latin1")]),
      ),
    }
  );
}
