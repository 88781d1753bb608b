import { Code, ConnectError } from "@connectrpc/connect";
import { describe, expect, it } from "vitest";
import { frameMessage } from "./frame-message.js";
import { MessageAssembler, messagePrefixBytes } from "./message-assembler.js";

const noLimit = 0xffff_ffff;

describe("frameMessage", () => {
  it("puts no flags and the length, big-endian, in front of the message", () => {
    const message = new Uint8Array(0x0102).fill(7);

    const framed = frameMessage(message);

    expect([...framed.subarray(0, messagePrefixBytes)]).toEqual([0, 0, 0, 0x01, 0x02]);
    expect(framed.subarray(messagePrefixBytes)).toEqual(message);
  });

  it("frames an empty message as five zero bytes", () => {
    expect([...frameMessage(new Uint8Array(0))]).toEqual([0, 0, 0, 0, 0]);
  });
});

describe("MessageAssembler", () => {
  it.each([
    ["two messages", [bytes(1, 2, 3), bytes(4, 5)]],
    ["an empty message between two others", [bytes(9), bytes(), bytes(7, 8)]],
    ["nothing but empty messages", [bytes(), bytes(), bytes()]],
  ])("puts %s together however the stream is cut", (_, messages) => {
    const stream = concat(messages.map(frameMessage));
    const expected = messages.map(String);
    const wrongCuts: string[] = [];

    // Bit i of `cuts` says whether there is a cut behind byte i; with all bits set every byte comes alone.
    for (let cuts = 0; cuts < 2 ** (stream.byteLength - 1); cuts++) {
      const chunks = cutAtBits(stream, cuts);
      const { received, assembler } = assemble(chunks);
      const isRight = received.map(String).join("|") === expected.join("|") && assembler.isBetweenMessages;
      if (!isRight) wrongCuts.push(chunks.map(String).join(" | "));
    }

    expect(wrongCuts).toEqual([]);
  });

  it.each([1, 2, 3, 4, 5, 6, 7, 8])(
    "keeps content, order and allocations right for random streams (seed %i)",
    (seed) => {
      const random = seededRandom(seed);
      for (let round = 0; round < 60; round++) {
        const messages = Array.from({ length: random(9) }, () => randomBytes(random, randomLength(random)));
        const stream = concat(messages.map(frameMessage));
        const ends = messageEnds(messages);
        const chunks = cutAtRandom(stream, random);
        const allocations: number[] = [];
        const received: Uint8Array[] = [];
        const assembler = new MessageAssembler(noLimit, {
          allocate: (byteLength) => {
            allocations.push(byteLength);
            return new Uint8Array(byteLength).fill(0xee);
          },
        });

        let position = 0;
        for (const chunk of chunks) {
          assembler.push(chunk, (message) => received.push(message));
          position += chunk.byteLength;
          expect(assembler.isBetweenMessages).toBe(position === 0 || ends.includes(position));
          expect(received).toHaveLength(ends.filter((end) => end <= position).length);
        }

        expect(received.map(String)).toEqual(messages.map(String));
        expect(allocations).toEqual(lengthsOfCutBodies(messages, chunks));
      }
    },
  );

  it("hands out a message that lies within one chunk as a view of that chunk", () => {
    const chunk = concat([bytes(1, 2), bytes(), bytes(3)].map(frameMessage));

    const { received, allocations } = assemble([chunk]);

    expect(received.map((message) => message.buffer === chunk.buffer)).toEqual([true, true, true]);
    expect(received.map(String)).toEqual(["1,2", "", "3"]);
    expect(allocations).toEqual([]);
  });

  it("hands out a view also when only the prefix is cut, as long as body and end of prefix are in one chunk", () => {
    const stream = frameMessage(bytes(1, 2, 3));
    const [start, rest] = [stream.slice(0, 3), stream.slice(3)];

    const { received, allocations } = assemble([start, rest]);

    expect(received[0]?.buffer).toBe(rest.buffer);
    expect(allocations).toEqual([]);
  });

  it("allocates a message that spans chunks once, at its full length, and fills what was allocated", () => {
    const message = randomBytes(seededRandom(1), 1000);
    const stream = frameMessage(message);
    const chunks = Array.from({ length: Math.ceil(stream.byteLength / 7) }, (_, i) => stream.slice(i * 7, i * 7 + 7));
    const room = new Uint8Array(1000);

    const received: Uint8Array[] = [];
    let allocations = 0;
    const assembler = new MessageAssembler(noLimit, {
      allocate: () => {
        allocations++;
        return room;
      },
    });
    for (const chunk of chunks) assembler.push(chunk, (whole) => received.push(whole));

    expect(allocations).toBe(1);
    expect(received).toHaveLength(1);
    expect(received[0]).toBe(room);
    expect(room).toEqual(message);
  });

  it("does not change what was handed out when more chunks come", () => {
    const { assembler, received } = assemble([frameMessage(bytes(1, 1, 1)).slice(0, 6), bytes(2, 3)]);
    const before = received.map(String);

    for (const byte of frameMessage(bytes(9, 9, 9))) assembler.push(bytes(byte), () => {});

    expect(received.map(String)).toEqual(before);
  });

  it("ignores empty chunks wherever they come", () => {
    const stream = concat([bytes(), bytes(5, 6)].map(frameMessage));
    const chunks = [...stream].flatMap((byte) => [bytes(), bytes(byte), bytes()]);

    expect(assemble(chunks).received.map(String)).toEqual(["", "5,6"]);
  });

  it("is between messages at the start and after each complete message, and nowhere else", () => {
    const assembler = new MessageAssembler(noLimit);
    const states = [assembler.isBetweenMessages];

    for (const byte of concat([frameMessage(bytes(1, 2)), frameMessage(bytes())])) {
      assembler.push(bytes(byte), () => {});
      states.push(assembler.isBetweenMessages);
    }

    expect(states).toEqual([true, ...Array(6).fill(false), true, ...Array(4).fill(false), true]);
  });

  describe("limit", () => {
    it.each(["in one chunk", "byte by byte"])("accepts a message of exactly the limit (%s)", (how) => {
      const stream = frameMessage(new Uint8Array(10).fill(3));
      const received: Uint8Array[] = [];
      const assembler = new MessageAssembler(10);

      for (const chunk of how === "in one chunk" ? [stream] : split(stream)) {
        assembler.push(chunk, (message) => received.push(message));
      }

      expect(received).toEqual([new Uint8Array(10).fill(3)]);
    });

    it.each([
      ["one byte more", 11, 10],
      ["any byte when nothing is allowed", 1, 0],
      ["the largest length that a prefix can announce", 0xffff_ffff, 0x7fff_ffff],
    ])("refuses %s as soon as the prefix is there, before anything is allocated", (_, length, limit) => {
      const allocations: number[] = [];
      const assembler = new MessageAssembler(limit, {
        allocate: (byteLength) => {
          allocations.push(byteLength);
          return new Uint8Array(0);
        },
      });

      const error = thrownBy(() => assembler.push(prefix(0, length), () => {}));

      expect(error).toBeInstanceOf(ConnectError);
      expect(error).toMatchObject({ code: Code.ResourceExhausted });
      expect(String(error)).toContain(`${length} bytes`);
      expect(String(error)).toContain(`${limit} bytes`);
      expect(allocations).toEqual([]);
    });

    it("refuses a message above it also when it lies within one chunk, after the messages before it", () => {
      const assembler = new MessageAssembler(2);
      const received: Uint8Array[] = [];
      const chunk = concat([frameMessage(bytes(1, 2)), frameMessage(bytes(1, 2, 3))]);

      const error = thrownBy(() => assembler.push(chunk, (message) => received.push(message)));

      expect(error).toMatchObject({ code: Code.ResourceExhausted });
      expect(received.map(String)).toEqual(["1,2"]);
    });
  });

  it("refuses a compressed message, before anything is allocated", () => {
    const allocations: number[] = [];
    const assembler = new MessageAssembler(noLimit, {
      allocate: (byteLength) => {
        allocations.push(byteLength);
        return new Uint8Array(byteLength);
      },
    });

    const error = thrownBy(() => assembler.push(prefix(1, 4), () => {}));

    expect(error).toBeInstanceOf(ConnectError);
    expect(error).toMatchObject({ code: Code.Internal });
    expect(allocations).toEqual([]);
  });
});

function assemble(chunks: readonly Uint8Array[]) {
  const received: Uint8Array[] = [];
  const allocations: number[] = [];
  const assembler = new MessageAssembler(noLimit, {
    allocate: (byteLength) => {
      allocations.push(byteLength);
      return new Uint8Array(byteLength);
    },
  });
  for (const chunk of chunks) assembler.push(chunk, (message) => received.push(message));
  return { assembler, received, allocations };
}

/** Which bodies need room of their own: those that do not lie in the chunk in which their prefix ends. */
function lengthsOfCutBodies(messages: readonly Uint8Array[], chunks: readonly Uint8Array[]): readonly number[] {
  const chunkEnds: number[] = [];
  for (const { byteLength } of chunks) chunkEnds.push((chunkEnds.at(-1) ?? 0) + byteLength);
  const lengths: number[] = [];
  let start = 0;
  for (const { byteLength } of messages) {
    const bodyStart = start + messagePrefixBytes;
    const chunkEnd = chunkEnds.find((end) => end >= bodyStart) ?? 0;
    if (bodyStart + byteLength > chunkEnd) lengths.push(byteLength);
    start = bodyStart + byteLength;
  }
  return lengths;
}

function messageEnds(messages: readonly Uint8Array[]): readonly number[] {
  const ends: number[] = [];
  for (const { byteLength } of messages) ends.push((ends.at(-1) ?? 0) + messagePrefixBytes + byteLength);
  return ends;
}

function prefix(flags: number, length: number): Uint8Array {
  const result = new Uint8Array(messagePrefixBytes);
  new DataView(result.buffer).setUint8(0, flags);
  new DataView(result.buffer).setUint32(1, length);
  return result;
}

function bytes(...values: number[]): Uint8Array {
  return Uint8Array.from(values);
}

function split(stream: Uint8Array): readonly Uint8Array[] {
  return [...stream].map((byte) => bytes(byte));
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  const result = new Uint8Array(parts.reduce((sum, part) => sum + part.byteLength, 0));
  let offset = 0;
  for (const part of parts) {
    result.set(part, offset);
    offset += part.byteLength;
  }
  return result;
}

function cutAtBits(stream: Uint8Array, cuts: number): readonly Uint8Array[] {
  const chunks: Uint8Array[] = [];
  let start = 0;
  for (let i = 0; i < stream.byteLength; i++) {
    if ((cuts >>> i) & 1 || i === stream.byteLength - 1) {
      chunks.push(stream.slice(start, i + 1));
      start = i + 1;
    }
  }
  return chunks;
}

function cutAtRandom(stream: Uint8Array, random: (below: number) => number): readonly Uint8Array[] {
  const chunks: Uint8Array[] = [];
  const largest = [1, 6, 40, 5000][random(4)] ?? 1;
  let offset = 0;
  while (offset < stream.byteLength) {
    const length = random(largest + 1);
    chunks.push(stream.slice(offset, offset + length));
    offset += length;
  }
  return chunks;
}

function randomLength(random: (below: number) => number): number {
  return random([1, 3, 20, 400][random(4)] ?? 1);
}

function randomBytes(random: (below: number) => number, length: number): Uint8Array {
  return Uint8Array.from({ length }, () => random(256));
}

/** A small generator of repeatable whole numbers from 0 to `below`, exclusive (mulberry32). */
function seededRandom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}

function thrownBy(action: () => void): unknown {
  try {
    action();
  } catch (error) {
    return error;
  }
  throw new Error("nothing was thrown");
}
