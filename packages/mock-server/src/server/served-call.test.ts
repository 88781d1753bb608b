import { setImmediate as nextTurn } from "node:timers/promises";
import { Code, ConnectError, type HandlerContext } from "@connectrpc/connect";
import { services } from "@resoio/core";
import { PingResponseSchema } from "@resoio/core/gen/resonite_io/v1/connection_pb";
import { describe, expect, it } from "vitest";
import { callCarriers, routesOf } from "../testing/call-carriers.js";
import { failureOf } from "../testing/failure-of.js";

/** Resolves when the call is over for the handler, with the reason. */
async function overFor({ signal }: HandlerContext): Promise<unknown> {
  if (!signal.aborted) await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
  return signal.reason;
}

describe.each(callCarriers)("a call $name", ({ open }) => {
  it("takes the caller's headers to the handler, and back the handler's headers and trailers", async () => {
    const routes = routesOf(services.connection, {
      ping(_request, { requestHeader, responseHeader, responseTrailer }) {
        responseHeader.set("x-heard", `${requestHeader.get("x-said")}`);
        responseTrailer.set("x-at-last", "done");
        return {};
      },
    });
    await using test = await open(routes);
    const told: string[] = [];
    await test.resonite.rpc.connection.ping(
      {},
      {
        headers: { "x-said": "one, two" },
        onHeader: (header) => told.push(`header ${header.get("x-heard")}`),
        onTrailer: (trailer) => told.push(`trailer ${trailer.get("x-at-last")}`),
      },
    );
    expect(told).toEqual(["header one, two", "trailer done"]);
  });

  it("has its headers before the first message of a stream, and its trailers behind the last", async () => {
    const routes = routesOf(services.speaker, {
      async *streamAudio(_request, { responseHeader, responseTrailer }) {
        responseHeader.set("x-first", "yes");
        yield { frameId: 1n };
        yield { frameId: 2n };
        responseTrailer.set("x-last", "yes");
      },
    });
    await using test = await open(routes);
    const told: string[] = [];
    const stream = test.resonite.rpc.speaker.streamAudio(
      {},
      {
        onHeader: (header) => told.push(`header ${header.get("x-first")}`),
        onTrailer: (trailer) => told.push(`trailer ${trailer.get("x-last")}`),
      },
    );
    for await (const { frameId } of stream) told.push(`message ${frameId}`);
    expect(told).toEqual(["header yes", "message 1", "message 2", "trailer yes"]);
  });

  it("has headers and trailers also without a message", async () => {
    const routes = routesOf(services.speaker, {
      // biome-ignore lint/correctness/useYield: a stream that is empty is what this is about.
      async *streamAudio(_request, { responseHeader, responseTrailer }) {
        responseHeader.set("x-first", "yes");
        responseTrailer.set("x-last", "yes");
      },
    });
    await using test = await open(routes);
    const told: string[] = [];
    const stream = test.resonite.rpc.speaker.streamAudio(
      {},
      {
        onHeader: (header) => told.push(`header ${header.get("x-first")}`),
        onTrailer: (trailer) => told.push(`trailer ${trailer.get("x-last")}`),
      },
    );
    for await (const _ of stream) told.push("message");
    expect(told).toEqual(["header yes", "trailer yes"]);
  });

  it("fails with the handler's code, message, details and metadata, but not with its cause", async () => {
    const routes = routesOf(services.connection, {
      ping() {
        const details = [{ desc: PingResponseSchema, value: { message: "a detail" } }];
        const cause = new Error("between us");
        throw new ConnectError("no such thing: 100 %, «größer»", Code.NotFound, { "x-why": "because" }, details, cause);
      },
    });
    await using test = await open(routes);
    const failure = await failureOf(test.resonite.connection.ping());
    expect([failure.code, failure.rawMessage]).toEqual([Code.NotFound, "no such thing: 100 %, «größer»"]);
    expect(failure.findDetails(PingResponseSchema)).toMatchObject([{ message: "a detail" }]);
    expect(failure.metadata.get("x-why")).toBe("because");
    expect(failure.cause).toBeUndefined();
  });

  it("has the trailers of one that failed in the error", async () => {
    const routes = routesOf(services.connection, {
      ping(_request, { responseTrailer }) {
        responseTrailer.set("x-at-last", "failed");
        throw new ConnectError("no", Code.Aborted);
      },
    });
    await using test = await open(routes);
    expect((await failureOf(test.resonite.connection.ping())).metadata.get("x-at-last")).toBe("failed");
  });

  it("keeps its status when the message is no Unicode, or the details cannot be encoded", async () => {
    const routes = routesOf(services.connection, {
      ping({ message }) {
        if (message === "text") throw new ConnectError("half a \ud83d", Code.NotFound);
        const details = [{ desc: PingResponseSchema, value: { serverUnixNanos: 2n ** 70n } }];
        throw new ConnectError("too long ago", Code.OutOfRange, undefined, details);
      },
    });
    await using test = await open(routes);
    expect(await failureOf(test.resonite.connection.ping("text"))).toMatchObject({
      code: Code.NotFound,
      rawMessage: "half a \ufffd",
    });
    expect(await failureOf(test.resonite.connection.ping("details"))).toMatchObject({
      code: Code.OutOfRange,
      rawMessage: "too long ago",
      details: [],
    });
  });

  it("fails with Unknown when the handler throws anything", async () => {
    const routes = routesOf(services.connection, {
      ping() {
        throw new Error("stumbled");
      },
    });
    await using test = await open(routes);
    expect((await failureOf(test.resonite.connection.ping())).code).toBe(Code.Unknown);
  });

  it("tells the handler its deadline, and none when there is none", async () => {
    const left: (number | undefined)[] = [];
    const routes = routesOf(services.connection, {
      ping(_request, { timeoutMs }) {
        left.push(timeoutMs());
        return {};
      },
    });
    await using test = await open(routes);
    await test.resonite.connection.ping("", { timeoutMs: 60_000 });
    await test.resonite.connection.ping("");
    expect(left).toEqual([expect.any(Number), undefined]);
    expect(left[0]).toBeLessThanOrEqual(60_000);
    expect(left[0]).toBeGreaterThan(0);
  });

  it("ends for the handler when the caller cancels it, who keeps the reason", async () => {
    const begun = Promise.withResolvers<void>();
    const ended = Promise.withResolvers<unknown>();
    const routes = routesOf(services.connection, {
      async ping(_request, context) {
        begun.resolve();
        ended.resolve(await overFor(context));
        return {};
      },
    });
    await using test = await open(routes);
    const aborting = new AbortController();
    const failure = failureOf(test.resonite.connection.ping("", { signal: aborting.signal }));
    await begun.promise;
    const reason = new ConnectError("between us", Code.DataLoss);
    aborting.abort(reason);
    expect(await failure).toBe(reason);
    expect(await ended.promise).toMatchObject({
      code: Code.Canceled,
      rawMessage: expect.not.stringMatching("between"),
    });
  });

  it("ends for a handler that does not look at its signal", async () => {
    const left = Promise.withResolvers<void>();
    const routes = routesOf(services.speaker, {
      async *streamAudio() {
        try {
          for (let frameId = 0n; ; frameId++) yield { frameId };
        } finally {
          left.resolve();
        }
      },
    });
    await using test = await open(routes);
    const aborting = new AbortController();
    const read = async (): Promise<void> => {
      const stream = test.resonite.rpc.speaker.streamAudio({}, { signal: aborting.signal });
      for await (const { frameId } of stream) if (frameId === 3n) aborting.abort();
    };
    expect((await failureOf(read())).code).toBe(Code.Canceled);
    await left.promise;
  });

  it("half-closes requests in good order, and is answered before it does if the handler likes", async () => {
    const routes = routesOf(services.locomotion, {
      async drive(commands) {
        let receivedCount = 0n;
        for await (const { jump } of commands) {
          receivedCount++;
          if (jump === true) break;
        }
        return { receivedCount };
      },
    });
    await using test = await open(routes);
    async function* three() {
      yield { jump: false };
      yield { jump: false };
      yield { jump: false };
    }
    expect(await test.resonite.rpc.locomotion.drive(three())).toMatchObject({ receivedCount: 3n });

    const inputClosed = Promise.withResolvers<void>();
    async function* endless() {
      try {
        for (;;) {
          yield { jump: true };
          await nextTurn();
        }
      } finally {
        inputClosed.resolve();
      }
    }
    expect(await test.resonite.rpc.locomotion.drive(endless())).toMatchObject({ receivedCount: 1n });
    await inputClosed.promise;
  });

  it("breaks the requests when the caller gives up, so that they are not taken for complete", async () => {
    const ended = Promise.withResolvers<unknown>();
    const routes = routesOf(services.locomotion, {
      async drive(commands) {
        try {
          for await (const _ of commands);
          ended.resolve("complete");
        } catch (error) {
          ended.resolve(error);
        }
        return {};
      },
    });
    await using test = await open(routes);
    const never = Promise.withResolvers<void>();
    async function* breaking() {
      yield {};
      throw new Error("stumbled");
    }
    async function* waiting() {
      yield {};
      await never.promise;
    }
    expect((await failureOf(test.resonite.rpc.locomotion.drive(breaking()))).code).toBe(Code.Canceled);
    expect(await ended.promise).toMatchObject({ code: Code.Canceled });

    expect((await failureOf(test.resonite.rpc.locomotion.drive(waiting(), { timeoutMs: 20 }))).code).toBe(
      Code.DeadlineExceeded,
    );
  });
});
