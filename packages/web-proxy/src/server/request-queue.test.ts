import { describe, expect, it } from "vitest";
import { RequestQueue } from "./request-queue.js";

const failure = new Error("cancelled");

describe("RequestQueue", () => {
  it("gives requests in order, those that wait and those that come later, then the end", async () => {
    const queue = new RequestQueue<number>();
    queue.push(1, 0);
    queue.push(2, 0);

    expect(await queue.next()).toEqual({ done: false, value: 1 });
    expect(await queue.next()).toEqual({ done: false, value: 2 });
    const third = queue.next();
    queue.push(3, 0);
    expect(await third).toEqual({ done: false, value: 3 });
    const end = queue.next();
    queue.finish();

    expect(await end).toEqual({ done: true, value: undefined });
    expect(await queue.next()).toEqual({ done: true, value: undefined });
  });

  it("asks to wait when 256 KiB wait, and says when they are gone", async () => {
    const queue = new RequestQueue<number>();
    expect(queue.push(1, 200_000)).toBe(true);
    expect(queue.push(2, 100_000)).toBe(false);
    let isDrained = false;
    const drained = queue.drained().then(() => {
      isDrained = true;
    });

    await queue.next();
    await Promise.resolve();
    expect(isDrained).toBe(false);
    await queue.next();
    await drained;

    expect(queue.push(3, 10)).toBe(true);
  });

  it("takes a flood of empty requests for a lot", () => {
    const queue = new RequestQueue<number>();
    const count = Array.from({ length: 10_000 }, (_, index) => index).findIndex((index) => !queue.push(index, 0));
    expect(count).toBeLessThan(5_000);
    expect(count).toBeGreaterThan(100);
  });

  it.each([
    ["fail", (queue: RequestQueue<number>) => queue.fail(failure)],
    ["throw", (queue: RequestQueue<number>) => queue.throw(failure).catch(() => {})],
  ])("drops what waits and fails the reads, also after the end, by %s", async (_, fail) => {
    const queue = new RequestQueue<number>();
    queue.push(1, 300_000);
    queue.finish();

    fail(queue);

    await queue.drained();
    await expect(queue.next()).rejects.toBe(failure);
  });

  it("fails the read that waits", async () => {
    const queue = new RequestQueue<number>();
    const read = queue.next();
    queue.fail(failure);
    await expect(read).rejects.toBe(failure);
  });

  it("keeps nothing for a reader that has left", async () => {
    const queue = new RequestQueue<number>();
    queue.push(1, 300_000);
    await queue.return();

    expect(queue.push(2, 300_000)).toBe(true);
    await queue.drained();
    expect(await queue.next()).toEqual({ done: true, value: undefined });
  });
});
