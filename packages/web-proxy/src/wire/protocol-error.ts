/** The other end broke the protocol; the connection cannot go on. */
export class ProtocolError extends Error {
  /** What to close the connection with, from `closeCodes`. */
  readonly closeCode: number;

  constructor(closeCode: number, message: string) {
    super(message);
    this.name = "ProtocolError";
    this.closeCode = closeCode;
  }
}
