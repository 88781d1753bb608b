import { create, fromBinary, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import {
  type ChannelDown,
  ChannelDownSchema,
  ChannelJoinSchema,
  ChannelUpSchema,
} from "@resoio/core/gen/resoio/web/v1/channel_pb";
import type { End } from "@resoio/core/gen/resoio/web/v1/wire_pb";
import { MessageAssembler } from "@resoio/core/internal";
import { frameTypes } from "../wire/protocol.js";
import { noteChannel } from "./note-channel.js";
import { creditFrame, messageFrame, openFrame, RawWebSocketClient } from "./raw-websocket-client.js";

/** How {@link RawChannelMember} joins. */
export interface RawJoinOptions {
  /** How much the proxy may send ahead, in bytes. Default: plenty. */
  readonly credit?: number;
  /** What the join says, where it differs. */
  readonly join?: Omit<MessageInitShape<typeof ChannelJoinSchema>, "$typeName" | "$unknown">;
  readonly token?: string;
}

/** The path of the call. */
export const joinPath = "/resoio.web.v1.Channels/Join";

/** A member of the channel of the tests that knows no rule: a test decides what is sent and when. Its call is number 1. */
export class RawChannelMember {
  readonly raw: RawWebSocketClient;

  private constructor(raw: RawWebSocketClient) {
    this.raw = raw;
  }

  /** Opens a connection and asks to join. */
  static async open(
    url: string,
    { credit = 2 ** 30, join = {}, token }: RawJoinOptions = {},
  ): Promise<RawChannelMember> {
    const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
    const raw = await RawWebSocketClient.connect(`${url.replace("http:", "ws:")}/ws`, { headers });
    const member = new RawChannelMember(raw);
    raw.send(openFrame(1, { path: joinPath, sendCredit: credit }));
    const { name, fingerprint } = noteChannel;
    const value = create(ChannelJoinSchema, { channel: name, schema: { fingerprint }, ...join });
    member.send({ kind: { case: "join", value } });
    return member;
  }

  /** Joins, and says that it has handled the replay. */
  static async join(url: string, options?: RawJoinOptions): Promise<RawChannelMember> {
    const member = await RawChannelMember.open(url, options);
    await member.until(({ kind }) => kind.case === "endOfReplay");
    member.send({ kind: { case: "ready", value: {} } });
    await member.raw.answered();
    return member;
  }

  /** The messages of the call so far. */
  get messages(): readonly ChannelDown[] {
    const assembler = new MessageAssembler(2 ** 31 - 1);
    const messages: ChannelDown[] = [];
    for (const { payload } of this.raw.framesOf(frameTypes.data, 1)) {
      assembler.push(payload, (message) => messages.push(fromBinary(ChannelDownSchema, message)));
    }
    return messages;
  }

  /** The messages of the application so far: their numbers and bytes, those of groups alike. */
  get entries(): readonly { readonly tag: number; readonly payload: Uint8Array }[] {
    return this.messages.flatMap(({ kind }) => {
      if (kind.case !== "batch") return [];
      return kind.value.entries.flatMap((entry) => (entry.group.length === 0 ? [entry] : entry.group));
    });
  }

  send(up: MessageInitShape<typeof ChannelUpSchema>): void {
    this.raw.send(messageFrame(1, toBinary(ChannelUpSchema, create(ChannelUpSchema, up))));
  }

  /** Lets the proxy send so many bytes more. */
  giveCredit(byteCount: number): void {
    this.raw.send(creditFrame(1, byteCount));
  }

  /** Resolves when a message of the call is like that. */
  async until(isSo: (message: ChannelDown) => boolean): Promise<void> {
    await this.raw.until(() => this.messages.some(isSo));
  }

  /** Resolves to the end of the call. */
  async ended(): Promise<End> {
    return await this.raw.endOf(1);
  }

  [Symbol.dispose](): void {
    this.raw[Symbol.dispose]();
  }
}
