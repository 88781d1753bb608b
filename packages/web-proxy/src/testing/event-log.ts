/** Lines that a test writes down as things happen, to wait for and to compare. */
export class EventLog {
  readonly lines: string[] = [];
  #changed = Promise.withResolvers<void>();

  /** Writes a line. */
  readonly add = (line: string): void => {
    this.lines.push(line);
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  };

  /** Resolves when `isSo` holds, which is asked after every line; or when that line is there. */
  async until(isSo: string | ((lines: readonly string[]) => boolean)): Promise<void> {
    const holds = typeof isSo === "string" ? () => this.lines.includes(isSo) : () => isSo(this.lines);
    while (!holds()) await this.#changed.promise;
  }
}
