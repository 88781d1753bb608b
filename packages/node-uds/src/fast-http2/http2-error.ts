/** The peer broke the rules of HTTP/2, so the connection cannot go on. */
export class Http2Error extends Error {
  /** What the peer is told, from `errorCodes`. */
  readonly errorCode: number;

  constructor(errorCode: number, message: string) {
    super(message);
    this.name = "Http2Error";
    this.errorCode = errorCode;
  }
}
