/** An `AbortController` for one call that the caller's signal aborts too. */
export interface LinkedAbort {
  readonly controller: AbortController;
  /** Lets go of the caller's signal, which may live much longer than the call. */
  unlink(): void;
}

/** Makes a {@link LinkedAbort}. It is aborted already when `signal` is. `AbortSignal.any` could not be let go of. */
export function linkAbort(signal: AbortSignal | undefined): LinkedAbort {
  const controller = new AbortController();
  const onAbort = (): void => controller.abort(signal?.reason);
  if (signal?.aborted === true) onAbort();
  else signal?.addEventListener("abort", onAbort);
  return { controller, unlink: () => signal?.removeEventListener("abort", onAbort) };
}
