/** A WebSocket to a proxy that sends whatever it is told. Runs in pages as well. */
export class RawSocket {
  readonly #socket: WebSocket;
  readonly #closed: Promise<string>;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    this.#closed = new Promise((resolve) => {
      socket.addEventListener("close", ({ code, reason }) => resolve(`${code} ${reason}`));
    });
  }

  static async open(url: string): Promise<RawSocket> {
    const socket = new WebSocket(`${url.replace("http:", "ws:")}/ws`, ["resoio.v1"]);
    socket.binaryType = "arraybuffer";
    const raw = new RawSocket(socket);
    await new Promise((resolve, reject) => {
      socket.addEventListener("open", resolve);
      socket.addEventListener("error", () => reject(new Error("it did not open")));
    });
    return raw;
  }

  send(message: string | Uint8Array<ArrayBuffer>): void {
    this.#socket.send(message);
  }

  /** Resolves to what the server closed it with. */
  async closed(): Promise<string> {
    return await this.#closed;
  }

  close(): void {
    this.#socket.close();
  }
}
