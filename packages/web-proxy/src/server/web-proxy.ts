import type { ResoniteTransport } from "@resoio/core";
import type { Recording } from "@resoio/recording";
import type { ConnectedClient } from "./connected-client.js";
import type { ProxyRecordingOptions } from "./recording/proxy-recording-options.js";

/** Options of {@link RunningProxy.stop}. */
export interface StopOptions {
  /**
   * How long calls that are under way may last, in milliseconds; then they end with `Unavailable`. Answers that are still being taken, and
   * hooks, have a second more. Default 5,000. 0: no time.
   */
  readonly drainMs?: number;
}

/** A proxy, whatever it listens on. */
export interface RunningProxy extends AsyncDisposable {
  /** Those who are connected now. */
  readonly clients: readonly ConnectedClient[];
  /** Resolves when it has stopped. */
  readonly stopped: Promise<void>;
  /**
   * Stands in front of one more mod from now on, at `/ws/<name>` and `/engine/<name>/...`. One with the same name is removed first.
   * The transport stays the caller's.
   *
   * Throws `InvalidOptionsError` for a name that cannot be in a path, and for that of an upstream of the options.
   */
  addUpstream(name: string, transport: ResoniteTransport): void;
  /**
   * Stands in front of a mod no more that {@link addUpstream} brought: calls end with `Unavailable`, WebSockets are closed with 1000;
   * `reason`, a short sentence, is told to all of them. Nothing happens when there is none with this name.
   */
  removeUpstream(name: string, reason: string): void;
  /**
   * Records the calls of all clients, and the camera and the sound once for all of them, until `end()`, or until the proxy stops. Calls
   * that are under way are recorded from now on. Several recordings may run at once.
   *
   * Throws `InvalidOptionsError` for options that cannot be. Whether the file can be written is told by `failure` and `end()`.
   */
  startRecording(options: ProxyRecordingOptions): Recording;
  /**
   * Stops: takes no new connections and calls, lets the calls come to an end that are under way, then closes every connection, the
   * WebSockets with 1001, and waits for `onClientDisconnect` of each, though not for long, and for recordings that end with it. When
   * it resolves the port is free, or the path its owner's again. May be called again, as with a shorter time.
   */
  stop(options?: StopOptions): Promise<void>;
  /** The same as {@link stop} with `drainMs: 0`. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** A proxy that listens by itself. */
export interface WebProxy extends RunningProxy {
  /** Where it can be reached from this machine, to click on: `http://127.0.0.1:7707`. */
  readonly url: string;
  /** The port that it listens on. */
  readonly port: number;
}

/** A proxy on somebody else's server. */
export interface AttachedProxy extends RunningProxy {
  /** Where it is on the server, with a slash at its end: `/some/path/`. */
  readonly path: string;
  /**
   * Where it can be reached from this machine: `http://127.0.0.1:3000/some/path/`. `undefined` while the server does not listen, or not
   * at a port.
   */
  readonly url: string | undefined;
}
