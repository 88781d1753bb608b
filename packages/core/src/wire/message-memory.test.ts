import { describe, expect, it } from "vitest";
import { giveBack, MessageMemory } from "./message-memory.js";

const kibibyte = 1024;

describe("MessageMemory", () => {
  it("gives memory that was given back to the next message, also one that is a little longer", () => {
    const { memory, allocations } = watchedMemory();
    giveBack(memory.allocate(100 * kibibyte));

    const next = memory.allocate(100 * kibibyte - 3);
    expect(next).toHaveLength(100 * kibibyte - 3);
    giveBack(next);
    expect(memory.allocate(100 * kibibyte)).toHaveLength(100 * kibibyte);

    expect(allocations).toEqual([100 * kibibyte]);
  });

  it("rounds up what it allocates, so that messages whose length varies by a few bytes share memory", () => {
    const { memory, allocations } = watchedMemory();
    giveBack(memory.allocate(100 * kibibyte + 1));
    memory.allocate(100 * kibibyte + 9);

    expect(allocations).toEqual([104 * kibibyte]);
  });

  it("leaves nothing in the views of what was given back, so that they never show the next message", () => {
    const { memory } = watchedMemory();
    const message = memory.allocate(100 * kibibyte);
    const pixels = message.subarray(10, 20);

    giveBack(pixels);
    memory.allocate(100 * kibibyte).fill(7);

    expect([message.byteLength, pixels.byteLength]).toEqual([0, 0]);
  });

  it("takes nothing back twice, so that no two messages ever share memory", () => {
    const { memory } = watchedMemory();
    const message = memory.allocate(100 * kibibyte);
    giveBack(message);
    giveBack(message);

    const [one, two] = [memory.allocate(100 * kibibyte).fill(1), memory.allocate(100 * kibibyte).fill(2)];
    expect([one.every((byte) => byte === 1), two.every((byte) => byte === 2)]).toEqual([true, true]);
  });

  it("leaves what it does not know alone, and small messages", () => {
    const { memory, allocations } = watchedMemory();
    const views = [new Uint8Array(100 * kibibyte), memory.allocate(1_000), new Uint8Array(new SharedArrayBuffer(8))];
    for (const view of views) giveBack(view);
    memory.allocate(1_000);

    expect(views.map(({ byteLength }) => byteLength)).toEqual([100 * kibibyte, 1_000, 8]);
    expect(allocations).toEqual([]);
  });

  it("keeps two at most", () => {
    const { memory, allocations } = watchedMemory();
    const messages = [1, 2, 3].map(() => memory.allocate(100 * kibibyte));
    for (const message of messages) giveBack(message);
    for (const _ of messages) memory.allocate(100 * kibibyte);

    expect(messages.map(({ byteLength }) => byteLength)).toEqual([0, 0, 0]);
    expect(allocations).toHaveLength(4);
  });

  it.each([
    ["larger", 300],
    ["much smaller", 99],
  ])("forgets what it kept when messages become %s", (_, size) => {
    const { memory, allocations } = watchedMemory();
    for (const message of [memory.allocate(200 * kibibyte), memory.allocate(200 * kibibyte)]) giveBack(message);
    memory.allocate(size * kibibyte);
    memory.allocate(200 * kibibyte);

    expect(allocations.map((byteLength) => Math.ceil(byteLength / kibibyte))).toEqual([
      200,
      200,
      Math.ceil(size / 4) * 4,
      200,
    ]);
  });

  it("shares nothing with the memory of other calls", () => {
    const [one, two] = [watchedMemory(), watchedMemory()];
    giveBack(one.memory.allocate(100 * kibibyte));
    two.memory.allocate(100 * kibibyte);

    expect([one.allocations, two.allocations]).toEqual([[100 * kibibyte], [100 * kibibyte]]);
  });
});

function watchedMemory() {
  const allocations: number[] = [];
  const memory = new MessageMemory((byteLength) => {
    allocations.push(byteLength);
    return new ArrayBuffer(byteLength);
  });
  return { memory, allocations };
}
