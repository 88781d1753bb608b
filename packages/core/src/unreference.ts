/** Lets the process end although `timer` still runs. Browsers have numbers for timers, and no process to keep alive. */
export function unreference(timer: unknown): void {
  if (typeof timer !== "object" || timer === null || !("unref" in timer)) return;
  if (typeof timer.unref === "function") timer.unref();
}
