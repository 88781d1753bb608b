/** Where a server listens. */
export interface BoundServer {
  /** The name or address that it was told to listen on. */
  readonly host: string;
  /** What that turned out to be. */
  readonly address: string;
  readonly port: number;
  readonly isEncrypted: boolean;
}

/** The URL by which a server is reached from this machine, to click on, without a slash at its end. */
export function localUrl({ host, address, port, isEncrypted }: BoundServer): string {
  // Where something listens on every address there is none to go to.
  const name = address === "0.0.0.0" || address === "::" ? "localhost" : host;
  return `${isEncrypted ? "https" : "http"}://${name.includes(":") ? `[${name}]` : name}:${port}`;
}
