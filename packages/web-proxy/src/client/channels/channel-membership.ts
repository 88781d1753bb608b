import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import {
  type ChannelDown,
  ChannelDownSchema,
  type ChannelJoin,
  Channels,
  ChannelUpSchema,
  type ChannelWelcome,
} from "@resoio/core/gen/resoio/web/v1/channel_pb";
import type { CreateWireCall, WireCall } from "@resoio/core/internal";
import { type ReceivedBatch, readBatch } from "../../channels/batch-reader.js";
import { toReceivedBatch } from "../../channels/received-batch.js";
import type { RoomChange } from "./client-rooms.js";

/** Options of {@link ChannelMembership}. */
export interface ChannelMembershipOptions {
  readonly createCall: CreateWireCall;
  readonly join: ChannelJoin;
  /** Cancels the call. */
  readonly signal?: AbortSignal | undefined;
  /** The server has let the client in. */
  readonly onWelcome: (welcome: ChannelWelcome) => void;
  /** Messages have come. False: that is enough for now, until {@link ChannelMembership.resume}. */
  readonly onBatch: (batch: ReceivedBatch) => boolean;
  readonly onEndOfReplay: (sequence: number) => void;
  /** It is over, one way or another. Comes once. */
  readonly onEnd: (error: ConnectError | undefined) => void;
}

/** The server is trusted not to fill the memory of its pages. */
const maxMessagesOfServer = 10_000_000;

/** One call that is a member of a channel, from the join to the end. */
export class ChannelMembership {
  readonly #options: ChannelMembershipOptions;
  readonly #call: WireCall;
  #isWelcome = false;

  constructor(options: ChannelMembershipOptions) {
    this.#options = options;
    this.#call = options.createCall(
      { method: Channels.method.join, signal: options.signal },
      {
        onOpen: () => this.#call.send(toBinary(ChannelUpSchema, up("join", options.join))),
        onHeader() {},
        onMessage: (message) => this.#onMessage(message),
        onEnd: (error) => options.onEnd(error),
      },
    );
  }

  /** Whether the server has let the client in. */
  get isWelcome(): boolean {
    return this.#isWelcome;
  }

  start(): void {
    this.#call.start();
  }

  /** Sends a batch. False: wait for {@link drained} before the next one. */
  send(message: Uint8Array): boolean {
    return this.#call.send(message);
  }

  /** Says that what was there before has been handled. */
  sendReady(): void {
    this.#call.send(toBinary(ChannelUpSchema, up("ready", {})));
  }

  /** Changes rooms. */
  sendRooms({ join, leave }: RoomChange): void {
    this.#call.send(toBinary(ChannelUpSchema, up("rooms", { join: [...join], leave: [...leave] })));
  }

  /** Resolves when the socket has taken what was sent, or never will. */
  async drained(): Promise<void> {
    await this.#call.drained();
  }

  resume(): void {
    this.#call.resume();
  }

  /** Leaves in good order: the server handles what came before. */
  leave(): void {
    this.#call.halfClose();
  }

  cancel(error: ConnectError): void {
    this.#call.cancel(error);
  }

  #onMessage(message: Uint8Array): void {
    try {
      const batch = this.#isWelcome ? readBatch(message, maxMessagesOfServer) : undefined;
      if (batch === undefined) this.#onOther(decode(message));
      else this.#onBatch(batch);
    } catch (error) {
      this.cancel(ConnectError.from(error, Code.Internal));
    }
  }

  #onOther({ kind }: ChannelDown): void {
    if (!this.#isWelcome && kind.case !== "welcome") {
      throw new ConnectError("the first message of the channel was no welcome", Code.Internal);
    }
    switch (kind.case) {
      case "welcome":
        if (this.#isWelcome) throw new ConnectError("the channel has sent a second welcome", Code.Internal);
        this.#isWelcome = true;
        this.#options.onWelcome(kind.value);
        break;
      case "batch":
        this.#onBatch(toReceivedBatch(kind.value, maxMessagesOfServer));
        break;
      case "endOfReplay":
        this.#options.onEndOfReplay(checkPlace(Number(kind.value.sequence)));
        break;
    }
  }

  #onBatch(batch: ReceivedBatch): void {
    checkPlace(batch.sequence);
    if (!this.#options.onBatch(batch)) this.#call.pause();
  }
}

/** A place that could not be given back when the client comes again. */
function checkPlace(sequence: number): number {
  if (Number.isSafeInteger(sequence)) return sequence;
  throw new ConnectError(`the channel has sent the place ${sequence}, which no channel gets to`, Code.Internal);
}

type UpKind = { join: ChannelJoin; ready: object; rooms: { join: string[]; leave: string[] } };

function up<Case extends keyof UpKind>(kind: Case, value: UpKind[Case]) {
  return create(ChannelUpSchema, { kind: { case: kind, value } as never });
}

function decode(message: Uint8Array): ChannelDown {
  try {
    return fromBinary(ChannelDownSchema, message);
  } catch (cause) {
    const problem = `the channel has sent ${message.byteLength} bytes that are no ChannelDown`;
    throw new ConnectError(problem, Code.Internal, undefined, undefined, cause);
  }
}
