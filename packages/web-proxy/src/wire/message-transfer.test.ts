import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MessageReceiver } from "./message-receiver.js";
import { MessageSender } from "./message-sender.js";
import { closeCodes, maxCredit, maxDataBytes } from "./protocol.js";

const runs = { numRuns: 200, seed: 20_261_121 };

/** What may happen between the two ends of a call. */
type Step =
  | { readonly kind: "add"; readonly length: number }
  | { readonly kind: "take"; readonly count: number }
  | { readonly kind: "deliver"; readonly count: number }
  | { readonly kind: "grant"; readonly count: number }
  | { readonly kind: "pause" }
  | { readonly kind: "resume" };

const count = fc.integer({ min: 1, max: 8 });

function stepsWith(length: fc.Arbitrary<number>): fc.Arbitrary<readonly Step[]> {
  const step: fc.Arbitrary<Step> = fc.oneof(
    { weight: 4, arbitrary: length.map((one) => ({ kind: "add" as const, length: one })) },
    { weight: 4, arbitrary: count.map((one) => ({ kind: "take" as const, count: one })) },
    { weight: 4, arbitrary: count.map((one) => ({ kind: "deliver" as const, count: one })) },
    { weight: 3, arbitrary: count.map((one) => ({ kind: "grant" as const, count: one })) },
    { weight: 1, arbitrary: fc.constant({ kind: "pause" as const }) },
    { weight: 1, arbitrary: fc.constant({ kind: "resume" as const }) },
  );
  return fc.array(step, { maxLength: 60 });
}

const smallLength = fc.oneof(fc.constantFrom(0, 1, 4, 5, 6), fc.integer({ min: 0, max: 100 }));
const largeLength = fc.oneof(
  smallLength,
  fc.integer({ min: maxDataBytes - 10, max: maxDataBytes + 10 }),
  fc.integer({ min: 0, max: 100_000 }),
);
const smallWindow = fc.integer({ min: 1, max: 40 });
const largeWindow = fc.integer({ min: 1_000, max: 200_000 });

describe("MessageSender and MessageReceiver", () => {
  it.each([
    ["small", smallWindow, smallLength],
    ["large", largeWindow, largeLength],
  ])("carry %s messages unchanged and in order, and neither exceed nor lose credit", (_, window, length) => {
    fc.assert(
      fc.property(window, stepsWith(length), (windowBytes, steps) => {
        const transfer = new Transfer(windowBytes);
        for (const one of steps) transfer.do(one);
        transfer.finish();
      }),
      runs,
    );
  });

  it("send nothing more while the receiver is paused than the window, however long it goes on", () => {
    fc.assert(
      fc.property(largeWindow, fc.array(largeLength, { minLength: 1, maxLength: 30 }), (windowBytes, lengths) => {
        const transfer = new Transfer(windowBytes);
        transfer.do({ kind: "pause" });
        for (const one of lengths) transfer.do({ kind: "add", length: one });
        for (let round = 0; round < 50; round++) transfer.turn();
        expect(transfer.deliveredBytes).toBe(Math.min(windowBytes, transfer.addedBytes));
      }),
      runs,
    );
  });
});

describe("MessageSender", () => {
  it("takes messages as they are, without a copy, but for where a message begins", () => {
    const sender = new MessageSender(1_000_000);
    const message = new Uint8Array(100_000);
    sender.add(message);
    const pieces: Uint8Array[] = [];
    for (let piece = sender.take(); piece !== undefined; piece = sender.take()) pieces.push(piece.bytes);
    expect(pieces.map(({ byteLength }) => byteLength)).toEqual([32_768, 32_768, 32_768, 1_701]);
    expect(pieces.map(({ buffer }) => buffer === message.buffer)).toEqual([false, true, true, true]);
  });

  it("puts small messages into one piece", () => {
    const sender = new MessageSender(1_000);
    for (const byte of [1, 2, 3]) sender.add(Uint8Array.of(byte));
    expect([...(sender.take()?.bytes ?? [])]).toEqual([0, 0, 0, 0, 1, 1, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 1, 3]);
    expect(sender.isIdle).toBe(true);
  });

  it("says with the piece that ends a message, and no earlier, that it is of no use any more once that is sent", () => {
    const sender = new MessageSender(1_000_000);
    const sent: string[] = [];
    sender.add(new Uint8Array(40_000), () => sent.push("large"));
    sender.add(Uint8Array.of(1), () => sent.push("one"));
    sender.add(Uint8Array.of(2));
    sender.add(Uint8Array.of(3), () => sent.push("three"));
    const [first, second, third, fourth] = [sender.take(), sender.take(), sender.take(), sender.take()];

    expect(first?.onSent).toBeUndefined();
    expect(sent).toEqual([]);
    second?.onSent?.();
    expect(sent).toEqual(["large"]);
    third?.onSent?.();
    expect(sent).toEqual(["large", "one", "three"]);
    expect(fourth).toBeUndefined();
  });

  it("drops what was not taken when it is cleared, and begins with a prefix again", () => {
    const sender = new MessageSender(7);
    sender.add(new Uint8Array(100));
    sender.take();
    sender.clear();
    expect(sender.isIdle).toBe(true);
    expect(sender.waitingBytes).toBe(0);
    sender.addCredit(100);
    sender.add(Uint8Array.of(9));
    expect([...(sender.take()?.bytes ?? [])]).toEqual([0, 0, 0, 0, 1, 9]);
  });

  it.each([
    ["at first", () => new MessageSender(maxCredit + 1)],
    ["by and by", () => new MessageSender(maxCredit).addCredit(1)],
  ])("calls credit above 2^31-1 a breach that closes with 4402, %s", (_, breach) => {
    expect(breach).toThrow(expect.objectContaining({ closeCode: closeCodes.flowControl }));
  });
});

describe("MessageReceiver", () => {
  it("calls more than the credit a breach that closes with 4402", () => {
    const { receiver } = createReceiver(10);
    receiver.pause();
    receiver.push(new Uint8Array(10));
    expect(() => receiver.push(new Uint8Array(1))).toThrow(
      expect.objectContaining({ closeCode: closeCodes.flowControl }),
    );
  });

  it("gives credit back when half of it is used, all of it at once", () => {
    const { receiver, credits } = createReceiver(10);
    receiver.push(new Uint8Array(4));
    expect(credits).toEqual([]);
    receiver.push(new Uint8Array(3));
    expect(credits).toEqual([7]);
  });

  it("refuses a message above the limit as soon as its prefix is there", () => {
    const { receiver } = createReceiver(100, 3);
    expect(() => receiver.push(Uint8Array.of(0, 0, 0, 0, 4))).toThrow("4 bytes is larger than the limit of 3 bytes");
  });

  it("knows whether it is between messages", () => {
    const { receiver } = createReceiver(100);
    expect(receiver.isBetweenMessages).toBe(true);
    receiver.push(Uint8Array.of(0, 0, 0, 0, 1));
    expect(receiver.isBetweenMessages).toBe(false);
    receiver.push(Uint8Array.of(1));
    expect(receiver.isBetweenMessages).toBe(true);
  });

  it("hands out a message without a copy, unless that would keep much more than it in memory", () => {
    const { receiver, messages } = createReceiver(10_000);
    const batch = new Uint8Array(1_000);
    batch.set([0, 0, 0, 3, 0], 0);
    receiver.push(batch.subarray(0, 773));
    batch.set([0, 0, 0, 0, 5, 1, 2, 3, 4, 5], 800);
    receiver.push(batch.subarray(800, 810));
    const [large, small] = messages;
    expect(large?.buffer).toBe(batch.buffer);
    expect(small?.buffer.byteLength).toBe(5);
    expect([...(small ?? [])]).toEqual([1, 2, 3, 4, 5]);
  });
});

/** Both ends of a call and what is on its way between them, with a model of the credit beside. */
class Transfer {
  addedBytes = 0;
  deliveredBytes = 0;
  readonly #window: number;
  readonly #sender: MessageSender;
  readonly #receiver: MessageReceiver;
  readonly #expected: Uint8Array[] = [];
  readonly #received: Uint8Array[] = [];
  readonly #pieces: Uint8Array[] = [];
  readonly #credits: number[] = [];
  #takenBytes = 0;
  #grantedBytes: number;
  #isPaused = false;
  #seed = 0;

  constructor(windowBytes: number) {
    this.#window = windowBytes;
    this.#grantedBytes = windowBytes;
    this.#sender = new MessageSender(windowBytes);
    this.#receiver = new MessageReceiver({
      windowBytes,
      maxMessageBytes: 2 ** 31 - 1,
      giveCredit: (byteCount) => {
        expect(this.#isPaused).toBe(false);
        this.#credits.push(byteCount);
      },
      onMessage: (message) => this.#received.push(message),
    });
  }

  do(one: Step): void {
    switch (one.kind) {
      case "add":
        this.#add(one.length);
        break;
      case "take":
        for (let i = 0; i < one.count; i++) this.#take();
        break;
      case "deliver":
        for (const piece of this.#pieces.splice(0, one.count)) {
          this.deliveredBytes += piece.byteLength;
          this.#receiver.push(piece);
        }
        break;
      case "grant":
        for (const credit of this.#credits.splice(0, one.count)) {
          this.#grantedBytes += credit;
          this.#sender.addCredit(credit);
        }
        break;
      case "pause":
        this.#isPaused = true;
        this.#receiver.pause();
        break;
      case "resume":
        this.#isPaused = false;
        this.#receiver.resume();
        break;
    }
    this.#check();
  }

  /** Everything once. */
  turn(): void {
    for (const kind of ["take", "deliver", "grant"] as const) this.do({ kind, count: 8 });
  }

  /** Lets everything arrive. It must, whatever was before. */
  finish(): void {
    this.do({ kind: "resume" });
    for (let before = -1; before !== this.deliveredBytes + this.#grantedBytes; ) {
      before = this.deliveredBytes + this.#grantedBytes;
      this.turn();
    }
    expect(this.#sender.isIdle).toBe(true);
    expect(this.#sender.waitingBytes).toBe(0);
    expect(this.#receiver.isBetweenMessages).toBe(true);
    expect(this.#received.length).toBe(this.#expected.length);
    const wrong = this.#received.findIndex((message, i) => Buffer.compare(message, this.#expected[i] ?? message) !== 0);
    expect(wrong).toBe(-1);
    // Less than half of the window may still be outstanding.
    expect((this.#takenBytes + this.#window - this.#grantedBytes) * 2).toBeLessThan(Math.max(this.#window, 2));
  }

  #add(byteLength: number): void {
    // A pattern that is not a multiple of any piece, and another for each message.
    const message = new Uint8Array(Buffer.alloc(byteLength, Buffer.from(`message ${this.#seed++}.`)));
    this.#expected.push(message.slice());
    this.addedBytes += 5 + byteLength;
    this.#sender.add(message);
  }

  #take(): void {
    const { isReady } = this.#sender;
    const piece = this.#sender.take();
    expect(piece !== undefined).toBe(isReady);
    if (piece === undefined) return;
    const { bytes } = piece;
    expect(bytes.byteLength).toBeGreaterThan(0);
    expect(bytes.byteLength).toBeLessThanOrEqual(maxDataBytes);
    this.#takenBytes += bytes.byteLength;
    // What was taken is on its way: what happens to the sender later must not change it.
    this.#pieces.push(bytes.slice());
  }

  #check(): void {
    expect(this.#takenBytes).toBeLessThanOrEqual(this.#grantedBytes);
    expect(this.#sender.waitingBytes).toBe(this.addedBytes - this.#takenBytes);
    expect(this.#sender.isIdle).toBe(this.addedBytes === this.#takenBytes);
  }
}

function createReceiver(windowBytes: number, maxMessageBytes = 1_000_000) {
  const credits: number[] = [];
  const messages: Uint8Array[] = [];
  const receiver = new MessageReceiver({
    windowBytes,
    maxMessageBytes,
    giveCredit: (byteCount) => credits.push(byteCount),
    onMessage: (message) => messages.push(message),
  });
  return { receiver, credits, messages };
}
