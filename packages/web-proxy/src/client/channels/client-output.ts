import type { DescMessage, MessageInitShape } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import type { ChannelWelcome } from "@resoio/core/gen/resoio/web/v1/channel_pb";
import type { Clock } from "@resoio/core/internal";
import {
  AtomicGroups,
  type AtomicOptions,
  type HeldGroup,
  type HeldGroupOptions,
  type HeldMessage,
} from "../../channels/atomic-groups.js";
import { BatchEncoder } from "../../channels/batch-encoder.js";
import { BatchSender, type WindowLimits } from "../../channels/batch-sender.js";
import { ChannelSendError } from "../../channels/channel-error.js";
import type { ChannelSchema } from "../../channels/channel-schema.js";
import { composeMessage } from "../../channels/compose-message.js";
import { conflateGroup } from "../../channels/conflate-group.js";
import type { OutboxLimits } from "../../channels/outbox.js";
import { createOutgoingGroup } from "../../channels/outgoing.js";
import { OpenReceipt, type SendReceipt } from "../../channels/send-receipt.js";
import { WindowScheduler } from "../../channels/window-scheduler.js";
import type { ChannelMembership } from "./channel-membership.js";
import type { ClientSendOptions, JoinedChannelStats } from "./joined-channel.js";

/** Options of {@link ClientOutput}. */
export interface ClientOutputOptions {
  readonly schema: ChannelSchema;
  readonly window: Partial<WindowLimits> | undefined;
  readonly outbox: Partial<OutboxLimits> | undefined;
  readonly clock: Clock;
  /** More waits than may: the channel has to be closed. */
  readonly onOverflow: (error: ConnectError) => void;
}

const mebibyte = 1024 * 1024;
const defaultWindow = { ms: 1000 / 60, maxMessages: 128, maxBytes: mebibyte / 4 };
const defaultOutbox = { maxMessages: 16_384, maxBytes: 4 * mebibyte, policy: "drop-oldest" } as const;
/** The server slows down who sends too much; one that takes nothing for so long is given up, in milliseconds. */
const stallTimeoutMs = 60_000;
/** What a message takes in a batch beside its bytes, at most. */
const entryOverheadBytes = 64;

/** What a client sends on a channel, through one membership after the other. */
export class ClientOutput {
  readonly #options: ClientOutputOptions;
  readonly #sender: BatchSender;
  readonly #groups: AtomicGroups<HeldMessage>;
  #membership: ChannelMembership | undefined;
  #welcome: ChannelWelcome | undefined;
  #sequence = 0;

  constructor(options: ClientOutputOptions) {
    const { clock, window, outbox } = options;
    this.#options = options;
    this.#sender = new BatchSender({
      outlet: {
        deliver: (message) => this.#deliver(message),
        drained: async () => await this.#membership?.drained(),
        onOverflow: () => this.#onOverflow(),
        onStalled: () => this.#onStalled(),
      },
      window: { ...defaultWindow, ...window },
      outbox: { ...defaultOutbox, ...outbox },
      maxRateHz: Number.POSITIVE_INFINITY,
      stallTimeoutMs,
      scheduler: new WindowScheduler(clock),
      encoder: new BatchEncoder(clock),
      encodeEndOfReplay: () => new Uint8Array(0),
      clock,
    });
    this.#groups = new AtomicGroups({
      commit: (group) => this.#commit(group),
      maxMessages: () => this.#welcome?.maxBatchMessages ?? 1_024,
      maxBytes: () => this.#maxMessageBytes,
      clock,
    });
  }

  get stats(): Pick<
    JoinedChannelStats,
    "sentMessages" | "sentBatches" | "supersededMessages" | "droppedMessages" | "waitingMessages" | "waitingBytes"
  > {
    const { messages, batches } = this.#sender.sent;
    const { supersededCount, droppedCount, size, bytes } = this.#sender.outbox;
    return {
      sentMessages: messages,
      sentBatches: batches,
      supersededMessages: supersededCount,
      droppedMessages: droppedCount,
      waitingMessages: size,
      waitingBytes: bytes,
    };
  }

  /** Sends what waits through a membership that the server has welcomed; nothing of it when the server lets it not send. */
  open(membership: ChannelMembership, welcome: ChannelWelcome): void {
    this.#membership = membership;
    this.#welcome = welcome;
    if (welcome.maySend) this.#sender.open();
    else this.#sender.outbox.remove(() => true);
  }

  /** The membership is over. What waits is for the next one. */
  suspend(): void {
    this.#membership = undefined;
    this.#sender.suspend();
  }

  /** Throws {@link ChannelSendError} for what cannot be sent. */
  send(
    name: string,
    init: MessageInitShape<DescMessage>,
    { key }: ClientSendOptions = {},
    group?: HeldGroup<HeldMessage>,
  ): SendReceipt {
    const { schema, clock } = this.#options;
    if (this.#welcome?.maySend === false) {
      throw new ChannelSendError(
        "not-allowed",
        `this client may not send on the channel ${schema.name}: its token has no right to`,
      );
    }
    const message = composeMessage(schema, "up", name, init, {
      key,
      persistsByType: false,
      maxBytes: this.#maxMessageBytes,
      nowMs: clock.nowMs(),
    });
    const held = { message };
    group?.add(held);
    const isHeld = group !== undefined || this.#groups.hold(held);
    const receipt = new OpenReceipt(isHeld ? "held" : "queued");
    message.receipt = receipt;
    if (!isHeld) {
      message.sequence = ++this.#sequence;
      this.#sender.push(message);
    }
    return receipt;
  }

  atomic<T>(work: () => T, options?: AtomicOptions): T {
    return this.#groups.run(work, options);
  }

  begin(options?: HeldGroupOptions): HeldGroup<HeldMessage> {
    return this.#groups.begin(options);
  }

  /** Discards the groups that are held. */
  discardGroups(): void {
    this.#groups.close();
  }

  async flush(): Promise<void> {
    await this.#sender.flush();
  }

  /** Sends nothing more. */
  close(): void {
    this.discardGroups();
    this.#sender.close();
  }

  get #maxMessageBytes(): number {
    return (this.#welcome?.maxMessageBytes ?? mebibyte) - entryOverheadBytes;
  }

  #commit(group: readonly HeldMessage[]): void {
    const messages = conflateGroup(group.map(({ message }) => message));
    for (const message of messages) message.sequence = ++this.#sequence;
    this.#sender.push(createOutgoingGroup(messages));
  }

  #deliver(message: Uint8Array): void {
    const membership = this.#membership;
    if (membership === undefined || membership.send(message)) return;
    this.#sender.pause();
    void membership.drained().then(() => {
      if (this.#membership === membership) this.#sender.resume();
    });
  }

  #onOverflow(): void {
    const problem = "more waits to be sent than may, and none of it may be dropped: the server takes too little";
    this.#options.onOverflow(new ConnectError(problem, Code.ResourceExhausted));
  }

  #onStalled(): void {
    this.#membership?.cancel(new ConnectError(`the server took nothing for ${stallTimeoutMs} ms`, Code.Unavailable));
  }
}
