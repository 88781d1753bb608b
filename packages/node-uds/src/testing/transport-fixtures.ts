import * as grpc from "@grpc/grpc-js";
import { type CallOptions, Code, type ConnectError, type Resonite } from "@resoio/core";
import { expect } from "vitest";
import type { UdsTransport } from "../index.js";
import { collect } from "./collect.js";
import type { GrpcHandlers } from "./grpc-js-server.js";

/** Every kind of call, for as long as the server holds it. */
export const heldCalls: readonly [string, (resonite: Resonite, options: CallOptions) => Promise<unknown>][] = [
  ["a unary call", ({ connection }, options) => connection.ping("ping", options)],
  ["a server stream", ({ rpc }, options) => collect(rpc.camera.streamFrames({}, options))],
  ["a client stream", ({ rpc }, options) => rpc.locomotion.drive(holdingOn(), options)],
];

export interface CutOff {
  readonly locomotion: Resonite["rpc"]["locomotion"];
  readonly transport: UdsTransport;
  /** Resolves when the peer has the first command. */
  readonly received: Promise<void>;
}

/** What the kinds of a server's calls have in common. */
export interface ServerCall {
  getDeadline(): grpc.Deadline;
  once(event: "cancelled", listener: () => void): unknown;
}

/** Handlers that never answer, and tell what they see of the first call. */
export function holdCalls() {
  const arrived = Promise.withResolvers<ServerCall>();
  const cancelled = Promise.withResolvers<void>();
  const hold = (call: ServerCall): void => {
    call.once("cancelled", cancelled.resolve);
    arrived.resolve(call);
  };
  return {
    handlers: { connection: { ping: hold }, camera: { streamFrames: hold }, locomotion: { drive: hold } },
    arrived: arrived.promise,
    cancelled: cancelled.promise,
  };
}

/** Handlers that fail every call. */
export function failingWith(status: Partial<grpc.StatusObject>): GrpcHandlers {
  return {
    connection: { ping: (_, respond) => respond(status) },
    camera: { streamFrames: (call) => void call.emit("error", status) },
    locomotion: { drive: (_, respond) => respond(status) },
  };
}

/** An input that is no generator: it can be closed while it waits. */
export function recordInput<T>(values: readonly T[], end: "ends" | "waits") {
  const closed = Promise.withResolvers<void>();
  const rest = [...values];
  let closeCount = 0;
  const iterator: AsyncIterator<T> = {
    next() {
      const value = rest.shift();
      if (value !== undefined) return Promise.resolve({ done: false, value });
      return end === "ends" ? Promise.resolve({ done: true, value: undefined }) : new Promise(() => {});
    },
    return() {
      closeCount++;
      closed.resolve();
      // Nobody must be hurt by it.
      return Promise.reject(new Error("closing failed"));
    },
  };
  return {
    messages: { [Symbol.asyncIterator]: () => iterator },
    closed: closed.promise,
    get closeCount() {
      return closeCount;
    },
  };
}

export async function* holdingOn(): AsyncGenerator<{ moveForward: number }> {
  yield { moveForward: 1 };
  await new Promise(() => {});
}

export async function leave(messages: AsyncIterable<unknown>, reason?: Error): Promise<void> {
  for await (const _ of messages) {
    if (reason === undefined) break;
    throw reason;
  }
}

export function metadata(values: Readonly<Record<string, grpc.MetadataValue>>): grpc.Metadata {
  const result = new grpc.Metadata();
  for (const [name, value] of Object.entries(values)) result.set(name, value);
  return result;
}

export const awkwardText = "50% of the Grüße, 日本語, 🙂,\n%41 and a \\";

/** An error as the server's code gives it. */
export function failure(name: string, value: string): Partial<grpc.StatusObject> {
  return { code: grpc.status.FAILED_PRECONDITION, details: awkwardText, metadata: metadata({ [name]: value }) };
}

/** Checks that `error` is what {@link failure} made. */
export function expectFailure(error: ConnectError, name: string, value: string): void {
  expect(error.code).toBe(Code.FailedPrecondition);
  expect(error.rawMessage).toBe(awkwardText);
  expect(error.metadata.get(name)).toBe(value);
}

/** A server's side of a drive, which tells whether it was told of an orderly end. */
export function recordDrive() {
  const received = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<"half-closed" | "cancelled">();
  return {
    handler(call: grpc.ServerReadableStream<unknown, object>, respond: grpc.sendUnaryData<object>): void {
      call.on("data", received.resolve);
      call.on("cancelled", () => ended.resolve("cancelled"));
      // The messages of a cancelled call end too, in the same turn in which it is said to be cancelled.
      call.on("end", () =>
        setImmediate(() => {
          ended.resolve(call.cancelled ? "cancelled" : "half-closed");
          respond(null, {});
        }),
      );
    },
    received: received.promise,
    ended: ended.promise,
  };
}
