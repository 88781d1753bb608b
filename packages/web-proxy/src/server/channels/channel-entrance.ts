import { Code, ConnectError } from "@connectrpc/connect";
import type { ChannelJoin } from "@resoio/core/gen/resoio/web/v1/channel_pb";
import { Callbacks } from "../../channels/callbacks.js";
import type { ChannelSchema } from "../../channels/channel-schema.js";
import type { Unsubscribe } from "../../channels/handlers.js";
import { checkAgreement } from "../../channels/schema-agreement.js";
import type { ProxyClient } from "../proxy-client.js";
import type { ChannelErrorContext, ConnectOptions } from "./channel.js";
import type { ChannelClient, ClientId, Disconnect } from "./channel-client.js";
import { ChannelMember } from "./channel-member.js";
import type { ResolvedChannelOptions } from "./channel-options.js";
import { type ChannelSession, ChannelSessions } from "./channel-sessions.js";
import type { MemberHome, MemberLink } from "./member-home.js";
import { checkRoomChoice, checkRoomCount } from "./room-rules.js";

/** Options of {@link ChannelEntrance}. */
export interface ChannelEntranceOptions<S extends ChannelSchema> {
  readonly schema: S;
  readonly options: ResolvedChannelOptions;
  /** What members are made for. */
  readonly home: () => MemberHome<S>;
  /** Whether somebody who has had everything up to `sequence` can be told only what is new. */
  readonly canResume: (session: ChannelSession, sequence: number) => boolean;
  readonly report: (error: unknown, context: ChannelErrorContext<S>) => void;
}

/** Who is in a channel: lets clients in and out, and calls those who want to know. */
export class ChannelEntrance<S extends ChannelSchema> {
  readonly members = new Map<ClientId, ChannelMember<S>>();
  readonly sessions: ChannelSessions;
  readonly #options: ChannelEntranceOptions<S>;
  readonly #connectCallbacks = new Callbacks<[ChannelClient<S>]>();
  readonly #readyCallbacks = new Callbacks<[ChannelClient<S>]>();
  readonly #disconnectCallbacks = new Callbacks<[ChannelClient<S>, Disconnect]>();
  /** Clients with which the disconnect callbacks are not through. */
  readonly #departing = new Map<ClientId, Promise<void>>();
  #nextId = 0;
  #unsentMessages = 0;
  /** Why nobody is let in any more. */
  #closeReason: string | undefined;

  constructor(options: ChannelEntranceOptions<S>) {
    this.#options = options;
    this.sessions = new ChannelSessions(options.options.session, options.options.clock);
  }

  /** Messages that waited when their client went. */
  get unsentMessages(): number {
    return this.#unsentMessages;
  }

  /** Up to where everybody was sent everything who may come back. `Infinity` when nobody may. */
  get leastCursor(): number {
    for (const { session, cursor } of this.members.values()) if (cursor > 0) session.cursor = cursor;
    return this.sessions.leastCursor;
  }

  /** Lets a client in, or throws a `ConnectError`. */
  admit(join: ChannelJoin, link: MemberLink): ChannelMember<S> {
    const { schema, options, home, canResume } = this.#options;
    const { resume } = join;
    const known = resume && this.sessions.find(resume.session, link.client.name);
    this.#check(join, link.client, known);
    const previousId = known?.clientId;
    // Who is still there is not any more: the client knows better.
    if (known?.isConnected === true && previousId !== undefined) {
      this.members.get(previousId)?.finish("replaced", Code.Aborted, "the session goes on with another connection");
    }
    const session = known ?? this.sessions.create(this.#peekId(), link.client.name);
    const resumeFrom = known && canResume(known, Number(resume?.sequence)) ? Number(resume?.sequence) : undefined;
    const rooms = new Set([...session.rooms.keys(), ...join.rooms]);
    const id = this.#takeId();
    if (known !== undefined) this.sessions.resume(known, id);
    session.cursor = resumeFrom ?? 0;
    const member = new ChannelMember<S>({ id, home: home(), link, join, session, previousId, resumeFrom, rooms });
    this.members.set(id, member);
    for (const room of rooms) home().enter(member, room);
    options.logger.info(`channel ${schema.name}: client ${id} has come (${link.client.id})`);
    member.start();
    return member;
  }

  /** Calls the connect callbacks. Resolves to whether the client may stay. */
  async welcome(member: ChannelMember<S>): Promise<boolean> {
    let mayStay = true;
    await this.#call("connect", member, this.#connectCallbacks, [member], (answer) => {
      mayStay &&= answer !== false;
      return mayStay && member.state !== "closed";
    });
    return mayStay;
  }

  /** Calls the ready callbacks. */
  async ready(member: ChannelMember<S>): Promise<void> {
    await this.#call("ready", member, this.#readyCallbacks, [member]);
  }

  /** Lets a client out, and calls the disconnect callbacks once the connect callbacks are through with it. */
  gone(member: ChannelMember<S>, disconnect: Disconnect): void {
    const { schema, options, home } = this.#options;
    const { id, session } = member;
    this.members.delete(id);
    for (const room of member.rooms) home().leave(member, room);
    this.#unsentMessages += disconnect.unsentMessages;
    // Who left on purpose, or was sent away, has nothing to come back to.
    const mayReturn = disconnect.cause === "lost" || disconnect.cause === "stalled" || disconnect.cause === "overflow";
    if (disconnect.cause !== "replaced") this.sessions.leave(session, mayReturn);
    const { reason, unsentMessages } = disconnect;
    const lost = unsentMessages === 0 ? "" : `; ${unsentMessages} messages were not sent to it`;
    options.logger.info(`channel ${schema.name}: client ${id} is gone: ${reason}${lost}`);
    const departed = member.welcomed
      .then(() => this.#call("disconnect", member, this.#disconnectCallbacks, [member, disconnect]))
      .finally(() => this.#departing.delete(id));
    this.#departing.set(id, departed);
  }

  /** Resolves when the disconnect callbacks are through with a client that is gone. */
  async departed(member: ChannelMember<S>): Promise<void> {
    await this.#departing.get(member.id);
  }

  onConnect(callback: (client: ChannelClient<S>) => unknown, { replayExisting = false }: ConnectOptions): Unsubscribe {
    const existing = [...this.members.values()].filter(({ state }) => state !== "connecting");
    const unsubscribe = this.#connectCallbacks.add(callback);
    if (!replayExisting) return unsubscribe;
    let isActive = true;
    const only = new Callbacks<[ChannelClient<S>]>();
    only.add(callback);
    // Not before the caller has what takes the callback back.
    queueMicrotask(async () => {
      for (const member of existing) {
        if (!isActive || member.state === "closed") continue;
        await this.#call("connect", member, only, [member], (answer) => {
          if (answer === false) member.close("the client is not let in", Code.PermissionDenied);
          return false;
        });
      }
    });
    return () => {
      isActive = false;
      unsubscribe();
    };
  }

  onReady(callback: (client: ChannelClient<S>) => unknown): Unsubscribe {
    return this.#readyCallbacks.add(callback);
  }

  onDisconnect(callback: (client: ChannelClient<S>, disconnect: Disconnect) => unknown): Unsubscribe {
    return this.#disconnectCallbacks.add(callback);
  }

  /** Lets nobody in any more, and everybody out within `drainMs`. Resolves when the disconnect callbacks are through. */
  async close(reason: string, drainMs: number): Promise<void> {
    this.#closeReason ??= reason;
    const members = [...this.members.values()];
    const finishAll = (): void => {
      for (const member of members) member.finish("stopped", Code.Unavailable, reason);
    };
    if (drainMs === 0) finishAll();
    const cancel = this.#options.options.clock.schedule(drainMs, finishAll);
    await Promise.all(members.map((member) => member.stop(reason)));
    cancel();
    await Promise.all(this.#departing.values());
    this.sessions.clear();
  }

  #check(join: ChannelJoin, client: ProxyClient, known: ChannelSession | undefined): void {
    const { schema, options } = this.#options;
    const { access, limits, compatibility } = options;
    if (this.#closeReason !== undefined) throw new ConnectError(this.#closeReason, Code.Unavailable);
    if (!client.access.has(access.join)) {
      const problem = `joining the channel ${schema.name} needs the right "${access.join}"; a token or --grant can give it`;
      throw new ConnectError(problem, Code.PermissionDenied);
    }
    checkAgreement(schema, join.schema, compatibility);
    checkRoomCount(join.rooms.length, options);
    checkRoomChoice(join.rooms, client, options);
    // Who is still there makes way for himself.
    if (known?.isConnected === true || this.members.size < limits.maxClients) return;
    const problem = `the channel ${schema.name} has ${limits.maxClients} clients already, and may not have more`;
    throw new ConnectError(problem, Code.ResourceExhausted);
  }

  /** Calls callbacks with a client, and waits for them, but not for ever. */
  async #call<Args extends readonly unknown[]>(
    during: "connect" | "ready" | "disconnect",
    member: ChannelMember<S>,
    callbacks: Callbacks<Args>,
    args: Args,
    onResult?: (result: unknown) => boolean,
  ): Promise<void> {
    const { clock, limits } = this.#options.options;
    const report = (error: unknown): void =>
      this.#options.report(error, { during, client: member, messageName: undefined });
    const { promise: late, resolve } = Promise.withResolvers<void>();
    const cancel = clock.schedule(limits.callbackTimeoutMs, () => {
      const problem = `the ${during} callbacks took longer than ${limits.callbackTimeoutMs} ms`;
      report(new Error(problem));
      if (during === "connect") member.close(problem, Code.DeadlineExceeded);
      resolve();
    });
    await Promise.race([callbacks.call(args, report, onResult), late]);
    cancel();
  }

  #peekId(): ClientId {
    return this.#nextId as ClientId;
  }

  #takeId(): ClientId {
    return this.#nextId++ as ClientId;
  }
}
