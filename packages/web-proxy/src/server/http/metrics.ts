import { Code } from "@connectrpc/connect";
import { codeToString } from "@connectrpc/connect/protocol-connect";
import { Counter, Gauge, Histogram, Registry } from "prom-client";
import type { CallObserver } from "../call-gate.js";
import type { HubStats } from "../hub.js";
import type { ClientCounters, ProxyClient } from "../proxy-client.js";
import type { UpstreamStates } from "./health.js";

/** Options of {@link ProxyMetrics}. */
export interface ProxyMetricsOptions {
  /** Those who are connected. */
  readonly clients: () => Iterable<ProxyClient>;
  readonly upstreams: UpstreamStates;
  /** What is read once for all clients, by upstream. */
  readonly hubs: () => Iterable<readonly [upstream: string, stats: HubStats]>;
}

type Total = keyof Omit<ClientCounters, "openCalls">;

/** What clients did that are gone, by kind and upstream. */
type Totals = Record<Total, number>;

const noTotals: Totals = { calls: 0, messagesIn: 0, messagesOut: 0, bytesIn: 0, bytesOut: 0, droppedFrames: 0 };

/** What Prometheus can know of a proxy. Labels name upstreams and RPCs, never who called. */
export class ProxyMetrics implements CallObserver {
  readonly #registry = new Registry();
  readonly #clients: () => Iterable<ProxyClient>;
  readonly #gone = new Map<string, Totals>();
  readonly #calls: Counter<"upstream" | "rpc" | "code">;
  readonly #unarySeconds: Histogram<"rpc">;
  readonly #refusals: Counter<"status">;
  readonly #clientsTotal: Counter<"kind">;
  readonly #dropped: Counter;

  constructor({ clients, upstreams, hubs }: ProxyMetricsOptions) {
    this.#clients = clients;
    const registers = [this.#registry];
    this.#calls = new Counter({
      name: "resoio_proxy_calls_total",
      help: "Calls that have ended, by RPC and status. ok: succeeded.",
      labelNames: ["upstream", "rpc", "code"],
      registers,
    });
    this.#unarySeconds = new Histogram({
      name: "resoio_proxy_unary_seconds",
      help: "How long unary calls took that succeeded.",
      labelNames: ["rpc"],
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 30, 90],
      registers,
    });
    this.#refusals = new Counter({
      name: "resoio_proxy_refusals_total",
      help: "Requests that were refused before they could be a call, by HTTP status.",
      labelNames: ["status"],
      registers,
    });
    this.#clientsTotal = new Counter({
      name: "resoio_proxy_clients_total",
      help: "Clients that have connected: WebSockets, and HTTP requests with a call.",
      labelNames: ["kind"],
      registers,
    });
    this.#dropped = new Counter({
      name: "resoio_proxy_dropped_connections_total",
      help: "Connections that were dropped because there were too many.",
      registers,
    });
    this.#addGauges(upstreams);
    this.#addTotals();
    this.#addHubs(hubs);
  }

  /** The text that Prometheus reads, and its type. */
  async render(): Promise<{ readonly contentType: string; readonly text: string }> {
    return { contentType: this.#registry.contentType, text: await this.#registry.metrics() };
  }

  /** A client has connected. */
  clientConnected(client: ProxyClient): void {
    this.#clientsTotal.inc({ kind: client.kind });
  }

  /** A client is gone: what it did still counts. */
  clientGone(client: ProxyClient): void {
    addTo(this.#gone, client);
  }

  /** A request was refused. */
  refused(status: number): void {
    this.#refusals.inc({ status });
  }

  /** A connection was dropped. */
  connectionDropped(): void {
    this.#dropped.inc();
  }

  onCallEnd({ upstream, rpc, code, durationMs }: Parameters<CallObserver["onCallEnd"]>[0]): void {
    const status = code === undefined ? "ok" : codeToString(code in Code ? code : Code.Unknown);
    // Not the path, of which a caller can think up as many as he likes.
    const id = rpc?.id ?? "unknown";
    this.#calls.inc({ upstream, rpc: id, code: status });
    if (rpc?.method.methodKind === "unary" && code === undefined) {
      this.#unarySeconds.observe({ rpc: id }, durationMs / 1_000);
    }
  }

  #addGauges(upstreams: UpstreamStates): void {
    const registers = [this.#registry];
    const clients = this.#clients;
    new Gauge({
      name: "resoio_proxy_clients",
      help: "Clients that are connected: WebSockets, and HTTP requests with a call.",
      labelNames: ["upstream", "kind"],
      registers,
      collect() {
        this.reset();
        for (const { upstream, kind } of clients()) this.inc({ upstream, kind });
      },
    });
    new Gauge({
      name: "resoio_proxy_open_calls",
      help: "Calls that are under way.",
      labelNames: ["upstream", "kind"],
      registers,
      collect() {
        this.reset();
        for (const { upstream, kind, counters } of clients()) this.inc({ upstream, kind }, counters.openCalls);
      },
    });
    new Gauge({
      name: "resoio_proxy_upstream_connected",
      help: "1 while the proxy is connected to the mod, 0 while it is not. Missing where that is not known.",
      labelNames: ["upstream"],
      registers,
      collect() {
        this.reset();
        for (const [upstream, state] of upstreams.states) {
          if (state !== "unknown") this.set({ upstream }, state === "connected" ? 1 : 0);
        }
      },
    });
    new Gauge({
      name: "process_resident_memory_bytes",
      help: "Memory of the whole process.",
      registers,
      collect() {
        this.set(process.memoryUsage.rss());
      },
    });
  }

  #addTotals(): void {
    this.#addTotal("messagesIn", "resoio_proxy_messages_in_total", "Messages from clients.");
    this.#addTotal("messagesOut", "resoio_proxy_messages_out_total", "Messages to clients.");
    this.#addTotal("bytesIn", "resoio_proxy_bytes_in_total", "Bytes of messages from clients.");
    this.#addTotal("bytesOut", "resoio_proxy_bytes_out_total", "Bytes of messages to clients.");
    this.#addTotal(
      "droppedFrames",
      "resoio_proxy_dropped_frames_total",
      "Camera frames, pictures and audio frames that clients were too slow for.",
    );
  }

  #addHubs(hubs: ProxyMetricsOptions["hubs"]): void {
    const registers = [this.#registry];
    new Gauge({
      name: "resoio_proxy_subscribers",
      help: "Who watches the camera or listens to the speaker, each of which is read once for all.",
      labelNames: ["upstream", "source"],
      registers,
      collect() {
        this.reset();
        for (const [upstream, { sources }] of hubs()) {
          this.set({ upstream, source: "camera" }, sources.camera.subscribers);
          this.set({ upstream, source: "speaker" }, sources.speaker.subscribers);
        }
      },
    });
    new Counter({
      name: "resoio_proxy_source_frames_total",
      help: "Frames that came from the mod's camera and speaker.",
      labelNames: ["upstream", "source"],
      registers,
      collect() {
        this.reset();
        for (const [upstream, { sources }] of hubs()) {
          this.inc({ upstream, source: "camera" }, sources.camera.frames);
          this.inc({ upstream, source: "speaker" }, sources.speaker.frames);
        }
      },
    });
    new Counter({
      name: "resoio_proxy_pictures_total",
      help: "Pictures that were encoded.",
      labelNames: ["upstream"],
      registers,
      collect() {
        this.reset();
        for (const [upstream, { encodings }] of hubs()) this.inc({ upstream }, encodings.count);
      },
    });
    new Counter({
      name: "resoio_proxy_encoding_seconds_total",
      help: "Time that encoding pictures took.",
      labelNames: ["upstream"],
      registers,
      collect() {
        this.reset();
        for (const [upstream, { encodings }] of hubs()) this.inc({ upstream }, encodings.totalMs / 1_000);
      },
    });
  }

  /** Adds up when it is asked for: counting each message twice would cost more than all the rest. */
  #addTotal(total: Total, name: string, help: string): void {
    const sum = (): ReadonlyMap<string, Totals> => this.#sum();
    new Counter({
      name,
      help,
      labelNames: ["upstream", "kind"],
      registers: [this.#registry],
      collect() {
        this.reset();
        for (const [labels, totals] of sum()) this.inc(labelsFrom(labels), totals[total]);
      },
    });
  }

  #sum(): ReadonlyMap<string, Totals> {
    const sums = new Map([...this.#gone].map(([labels, totals]) => [labels, { ...totals }]));
    for (const client of this.#clients()) addTo(sums, client);
    return sums;
  }
}

function addTo(sums: Map<string, Totals>, { upstream, kind, counters }: ProxyClient): void {
  const key = `${kind} ${upstream}`;
  const { calls, messagesIn, messagesOut, bytesIn, bytesOut, droppedFrames } = sums.get(key) ?? noTotals;
  sums.set(key, {
    calls: calls + counters.calls,
    messagesIn: messagesIn + counters.messagesIn,
    messagesOut: messagesOut + counters.messagesOut,
    bytesIn: bytesIn + counters.bytesIn,
    bytesOut: bytesOut + counters.bytesOut,
    droppedFrames: droppedFrames + counters.droppedFrames,
  });
}

function labelsFrom(key: string): { readonly kind: string; readonly upstream: string } {
  const [kind = "", upstream = ""] = key.split(" ");
  return { kind, upstream };
}
