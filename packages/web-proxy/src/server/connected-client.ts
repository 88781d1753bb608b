import type { Access } from "@resoio/core";
import type { Recording } from "@resoio/recording";
import type { ClientCounters, ProxyClient } from "./proxy-client.js";
import type { ClientRecordingOptions } from "./recording/proxy-recording-options.js";

/** A client, as a program that runs a proxy sees it: one WebSocket connection, or one HTTP request. */
export interface ConnectedClient extends Omit<ProxyClient, "counters"> {
  /** What it has done so far. */
  readonly counters: ClientCounters;
  /**
   * Records this client's calls, with all that it gets, until `end()`, or until the proxy stops. Calls that are under way are
   * recorded from now on.
   *
   * Throws `InvalidOptionsError` for options that cannot be. Whether the file can be written is told by `failure` and `end()`.
   */
  startRecording(options: ClientRecordingOptions): Recording;
}

/** The {@link ConnectedClient} of a client. */
export class ClientHandle implements ConnectedClient {
  readonly #client: ProxyClient;
  readonly #startRecording: (options: ClientRecordingOptions) => Recording;

  constructor(client: ProxyClient, startRecording: (options: ClientRecordingOptions) => Recording) {
    this.#client = client;
    this.#startRecording = startRecording;
  }

  get id(): string {
    return this.#client.id;
  }

  get kind(): "websocket" | "http" {
    return this.#client.kind;
  }

  get access(): ReadonlySet<Access> {
    return this.#client.access;
  }

  get name(): string | undefined {
    return this.#client.name;
  }

  get address(): string {
    return this.#client.address;
  }

  get upstream(): string {
    return this.#client.upstream;
  }

  get counters(): ClientCounters {
    return this.#client.counters;
  }

  close(reason: string): void {
    this.#client.close(reason);
  }

  startRecording(options: ClientRecordingOptions): Recording {
    return this.#startRecording(options);
  }
}
