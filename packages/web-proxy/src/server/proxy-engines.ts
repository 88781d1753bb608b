import { Code, ConnectError, type ResoniteTransport } from "@resoio/core";
import type { CallGate } from "./call-gate.js";
import { joinPath } from "./channels/channel-host.js";
import type { UpstreamStates } from "./http/health.js";
import { createHub, type Hub } from "./hub.js";
import type { ProxyClient } from "./proxy-client.js";
import { defaultUpstreamName } from "./proxy-options.js";
import type { CallTaps } from "./recording/call-taps.js";
import { RefusedCall } from "./refused-call.js";
import { createUpstream } from "./upstream.js";
import { EngineList } from "./world/engine-list.js";
import type { EngineSource } from "./world/engine-source.js";

/** A mod that the proxy stands in front of. */
export interface ProxyEngine {
  readonly name: string;
  readonly gate: CallGate;
}

/** Options of {@link ProxyEngines}. */
export interface ProxyEnginesOptions {
  readonly createGate: (hub: Hub, name: string) => CallGate;
  /** Who is told of the calls to all of them. */
  readonly taps: CallTaps;
  /** There is one more of them. */
  readonly onAdd: (name: string, hub: Hub) => void;
  readonly states: UpstreamStates;
  /** Those who are connected. */
  readonly clients: () => Iterable<ProxyClient>;
  /** Engines that come and go. With them, and without an upstream named `default`, that is the only engine there is. */
  readonly source: EngineSource | undefined;
  /** The channels, for those who name no engine. They are the same for all. */
  readonly channels: { readonly gate: CallGate; readonly isEmpty: boolean };
}

interface Entry extends ProxyEngine {
  readonly hub: Hub;
  readonly transport: ResoniteTransport;
  readonly removed: AbortController;
}

/** The mods that the proxy stands in front of. They may come and go while it runs. */
export class ProxyEngines {
  readonly #options: ProxyEnginesOptions;
  readonly #entries = new Map<string, Entry>();
  readonly #connected = new EngineList();
  readonly #onlyEngine: ProxyEngine;
  #unsubscribe: (() => void) | undefined;

  constructor(options: ProxyEnginesOptions) {
    this.#options = options;
    this.#onlyEngine = { name: defaultUpstreamName, gate: this.#createDefaultGate() };
  }

  /** The engines that are reached, or were not tried yet. One whose connection is lost is gone until it comes back. */
  get connected(): EngineSource {
    return this.#connected;
  }

  /** The hubs of all, by name. */
  hubs(): Iterable<readonly [string, Hub]> {
    return [...this.#entries].map(([name, { hub }]) => [name, hub] as const);
  }

  /** The engine with this name, or the one that those mean who name none. */
  find(name: string | undefined): ProxyEngine | undefined {
    const entry = this.#entries.get(name ?? defaultUpstreamName);
    const { source, channels } = this.#options;
    if (entry !== undefined || (source === undefined && channels.isEmpty)) return entry;
    return name === undefined || name === defaultUpstreamName ? this.#onlyEngine : undefined;
  }

  /** Begins to follow the engines that come and go. */
  start(): void {
    this.#unsubscribe ??= this.#options.source?.subscribe((event) => {
      if (event.kind === "appeared") this.add(event.engine.name, event.engine.transport);
      else this.remove(event.name, event.reason);
    });
  }

  /** Stands in front of one more engine. One with the same name is removed. */
  add(name: string, transport: ResoniteTransport): void {
    this.remove(name, "another engine has taken its name");
    const hub = createHub(createUpstream(name, transport), {
      tap: (method) => this.#options.taps.open({ method, upstream: name, client: undefined, isShared: false }),
    });
    const gate = this.#options.createGate(hub, name);
    const entry = { name, transport, hub, gate, removed: new AbortController() };
    this.#entries.set(name, entry);
    this.#options.onAdd(name, hub);
    this.#options.states.follow(name, transport);
    this.#reached(entry);
    void this.#follow(entry);
  }

  /** Ends the calls to an engine and the connections to it. Nothing happens when there is none with this name. */
  remove(name: string, reason: string): void {
    const entry = this.#entries.get(name);
    if (entry === undefined) return;
    this.#entries.delete(name);
    entry.removed.abort();
    this.#options.states.forget(name);
    entry.hub.close(new ConnectError(`the engine ${name} is gone: ${reason}`, Code.Unavailable));
    this.#connected.remove(name, reason);
    this.disconnect(name, reason);
  }

  /** Closes the connections of those who use an engine by this name. */
  disconnect(name: string, reason: string): void {
    for (const client of [...this.#options.clients()]) {
      if (client.upstream === name && client.kind === "websocket") client.close(`the engine is gone: ${reason}`);
    }
  }

  /** Ends all calls. */
  close(error: ConnectError): void {
    this.#unsubscribe?.();
    for (const { hub, removed } of this.#entries.values()) {
      removed.abort();
      hub.close(error);
    }
  }

  /** Whether anybody uses an engine, by whatever name. `nameOf` tells which engine is meant by a name that is not its own. */
  isInUse(engine: string, nameOf: (upstream: string) => string | undefined): boolean {
    const isMeant = ({ upstream }: ProxyClient): boolean =>
      upstream === engine ||
      nameOf(upstream) === engine ||
      (upstream === defaultUpstreamName && this.#only()?.name === engine);
    return [...this.#options.clients()].some(isMeant);
  }

  /** For instances: an engine whose game was started again behind the same transport is another one. */
  async #follow(entry: Entry): Promise<void> {
    const { name, transport, removed } = entry;
    try {
      for await (const status of transport.status?.({ signal: removed.signal }) ?? []) {
        if (removed.signal.aborted) return;
        if (status.state === "lost") this.#connected.remove(name, status.reason.rawMessage);
        if (status.state === "connected" && !this.#connected.engines.has(name)) this.#reached(entry);
      }
    } catch {
      // A transport that cannot tell how it is. Calls will.
    }
  }

  #reached({ name, transport }: Entry): void {
    this.#connected.add({ name, transport });
  }

  #only(): Entry | undefined {
    const [only, ...others] = this.#entries.values();
    return others.length === 0 ? only : undefined;
  }

  /** Who names no engine gets the only one, whichever that is at the time of each call. */
  #createDefaultGate(): CallGate {
    return {
      createCall: (client, request, listener) => {
        if (request.path === joinPath) return this.#options.channels.gate.createCall(client, request, listener);
        if (this.#only() === undefined) this.#options.source?.refresh?.();
        const only = this.#only();
        if (only !== undefined) return only.gate.createCall(client, request, listener);
        client.counters.calls++;
        return new RefusedCall(this.#noOnlyEngine(), listener);
      },
    };
  }

  #noOnlyEngine(): ConnectError {
    if (this.#options.source === undefined && this.#entries.size === 0) {
      return new ConnectError("this proxy serves channels and no engine", Code.Unavailable);
    }
    const names = [...this.#entries.keys()].map((name) => `/ws/${name}`).join(", ");
    return names === ""
      ? new ConnectError("no engine runs: start Resonite with the mod, or npx resoio-mock", Code.Unavailable)
      : new ConnectError(`several engines run: name one, as in ${names}`, Code.FailedPrecondition);
  }
}
