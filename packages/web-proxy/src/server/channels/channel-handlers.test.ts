import { describe, expect, it } from "vitest";
import { EventLog } from "../../testing/event-log.js";
import { openChannel, settle } from "../../testing/open-channel.js";

describe("handlers of the server", () => {
  it("may wait: the next message of the same client is theirs after that, whatever is it; that of another at once", async () => {
    await using open = await openChannel();
    const log = new EventLog();
    const first = Promise.withResolvers<void>();
    open.channel.on("Say", async ({ value }, { id }) => {
      log.add(`${id} says ${value}`);
      if (id === 0 && value === 1) await first.promise;
    });
    open.channel.on("Note", ({ name }, { id }) => log.add(`${id} notes ${name}`));
    const [one, other] = [await open.join(), await open.join()];
    one.channel.send("Say", { value: 1 });
    one.channel.send("Note", { name: "x", value: "" });
    one.channel.send("Say", { value: 2 });
    await log.until("0 says 1");
    other.channel.send("Say", { value: 1 });
    await log.until("1 says 1");
    await settle();
    expect(log.lines).toEqual(["0 says 1", "1 says 1"]);
    first.resolve();

    await log.until("0 says 2");
    expect(log.lines).toEqual(["0 says 1", "1 says 1", "0 notes x", "0 says 2"]);
  });

  it("that are concurrent hold nobody up", async () => {
    await using open = await openChannel();
    const log = new EventLog();
    open.channel.on(
      "Say",
      async ({ value }) => {
        log.add(`${value} begins`);
        await log.until("end");
        log.add(`${value} ends`);
      },
      { concurrent: true },
    );
    const client = await open.join();
    client.channel.send("Say", { value: 1 });
    client.channel.send("Say", { value: 2 });
    await log.until("2 begins");
    log.add("end");

    await log.until("2 ends");
    expect(log.lines.slice(0, 3)).toEqual(["1 begins", "2 begins", "end"]);
  });

  it("of one message are started one after the other, and wait for each other's promises only with the next message", async () => {
    await using open = await openChannel();
    const log = new EventLog();
    const mayGoOn = Promise.withResolvers<void>();
    for (const name of ["first", "second"]) {
      open.channel.on("Say", async ({ value }) => {
        log.add(`${name} ${value}`);
        await mayGoOn.promise;
      });
    }
    const client = await open.join();
    client.channel.send("Say", { value: 1 });
    client.channel.send("Say", { value: 2 });
    await log.until("second 1");
    mayGoOn.resolve();

    await log.until("second 2");
    expect(log.lines).toEqual(["first 1", "second 1", "first 2", "second 2"]);
  });

  it("are called once, until they are taken back, or for whole groups of types, as they were added", async () => {
    await using open = await openChannel();
    const log = new EventLog();
    const named = (message: { readonly value: unknown }) => log.add(`on ${message.value}`);
    open.channel.once("Say", ({ value }) => log.add(`once ${value}`));
    open.channel.on("Say", named);
    open.channel.on("Say", ({ value }) => {
      if (value === 2) open.channel.off("Say", named);
      if (value === 3) open.channel.off("Say");
    });
    open.channel.onAny(({ name }) => log.add(`any ${name}`));
    open.channel.onGroup("notes", ({ name }) => log.add(`group ${name}`));
    open.channel.on("Say", ({ value }) => log.add(`last ${value}`));
    const client = await open.join();
    for (const value of [1, 2, 3, 4]) client.channel.send("Say", { value });
    client.channel.send("Note", { name: "x", value: "" });

    await log.until("group Note");
    expect(log.lines).toEqual([
      ...["once 1", "on 1", "any Say", "last 1"],
      ...["on 2", "any Say", "last 2"],
      // What takes back all takes back those too that were to be called yet.
      ...["any Say", "any Say"],
      ...["any Note", "group Note"],
    ]);
    open.channel.off("Flag");
    open.channel.off("Say", named);
  });

  it("may throw, at once or later: it is reported with the name and the client, and stops nothing", async () => {
    await using open = await openChannel();
    const log = new EventLog();
    open.channel.onError((error, { during, client, messageName }) =>
      log.add(`${during} ${messageName} of ${client?.id}: ${String(error)}`),
    );
    open.channel.on("Say", () => {
      throw new Error("at once");
    });
    open.channel.on("Say", async () => {
      throw new Error("later");
    });
    open.channel.on("Say", ({ value }) => log.add(`said ${value}`));
    const client = await open.join();
    client.channel.send("Say", { value: 1 });
    client.channel.send("Say", { value: 2 });

    await log.until("said 2");
    await settle();
    const errors = ["message Say of 0: Error: at once", "message Say of 0: Error: later"];
    expect(log.lines.toSorted()).toEqual([...errors, ...errors, "said 1", "said 2"].toSorted());
    expect(open.client().state).not.toBe("closed");
  });

  it("that take too long are reported, and the next message has its turn", async () => {
    await using open = await openChannel({ limits: { handlerTimeoutMs: 1 } });
    const log = new EventLog();
    open.channel.onError((error) => log.add(String(error)));
    open.channel.on("Say", ({ value }) => {
      log.add(`${value}`);
      return value === 1 ? new Promise(() => {}) : undefined;
    });
    const client = await open.join();
    client.channel.send("Say", { value: 1 });
    client.channel.send("Say", { value: 2 });

    await log.until("2");
    expect(log.lines).toEqual(["1", "Error: a handler took longer than 1 ms", "2"]);
  });

  it("hear of what a client said before it left", async () => {
    await using open = await openChannel();
    const log = new EventLog();
    const mayGoOn = Promise.withResolvers<void>();
    open.channel.on("Say", async ({ value }) => {
      await mayGoOn.promise;
      log.add(`said ${value}`);
    });
    open.channel.onDisconnect((_, { cause }) => log.add(cause));
    const client = await open.join();
    await client.channel.ready;
    client.channel.send("Say", { value: 1 });
    client.channel.send("Say", { value: 2 });
    const closing = client.channel.close();
    await settle();
    mayGoOn.resolve();
    await closing;

    await log.until("left");
    expect(log.lines).toEqual(["said 1", "said 2", "left"]);
  });
});

describe("handlers of a client", () => {
  it("are called in order, wait for each other, and may come and go", async () => {
    await using open = await openChannel();
    const client = await open.join();
    const log = new EventLog();
    client.channel.once("Line", ({ value }) => log.add(`once ${value}`));
    const takeBack = client.channel.on("Line", async ({ value }, { isReplay }) => {
      await Promise.resolve();
      log.add(`${isReplay ? "replayed" : "new"} ${value}`);
      if (value === 2) takeBack();
    });
    client.channel.onGroup("notes", ({ name }) => log.add(name));
    await client.channel.ready;
    for (const value of [1, 2, 3]) open.channel.broadcast("Line", { value });
    open.channel.broadcast("Note", { name: "x", value: "1" });
    open.channel.broadcast("NoteGone", { value: "x" });
    open.channel.broadcast("Note", { name: "y", value: "1" });

    await log.until("Note");
    expect(log.lines).toEqual(["once 1", "new 1", "new 2", "NoteGone", "Note"]);
  });

  it("that were added right behind the join get everything, with what is known of it", async () => {
    await using open = await openChannel();
    open.channel.broadcast("Line", { value: 1 });
    const client = await open.join();
    const infos: unknown[] = [];
    client.channel.on("Line", ({ value }, info) => infos.push([value, info]));
    await client.channel.ready;
    const before = BigInt(Date.now() - 60_000) * 1_000_000n;
    open.channel.broadcast("Line", { value: 2 });
    await client.until("Line 2");

    expect(infos).toEqual([
      [1, { isReplay: true, sentUnixNanos: expect.any(BigInt), sequence: 0 }],
      [2, { isReplay: false, sentUnixNanos: expect.any(BigInt), sequence: client.channel.resumePoint?.sequence }],
    ]);
    const sent = infos.map((info) => (info as [number, { sentUnixNanos: bigint }])[1].sentUnixNanos);
    expect(sent.every((nanos) => nanos > before && nanos < before + 120_000_000_000n)).toBe(true);
  });

  it("may throw: it is reported with the name, and stops nothing", async () => {
    await using open = await openChannel();
    const client = await open.join();
    const log = new EventLog();
    client.channel.onError((error, name) => log.add(`${name}: ${String(error)}`));
    client.channel.on("Line", () => {
      throw new Error("at once");
    });
    client.channel.onReady(async () => {
      throw new Error("not ready at all");
    });
    open.channel.broadcast("Line", { value: 1 });

    await client.until("Line 1");
    await log.until((lines) => lines.length === 2);
    expect(log.lines.toSorted()).toEqual(["Line: Error: at once", "undefined: Error: not ready at all"]);
  });
});
