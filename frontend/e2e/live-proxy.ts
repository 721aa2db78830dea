// A wire that can be cut: passes bytes between the browser and the stack, and tells how many live
// streams are on it.
import { createConnection, createServer, type Server, type Socket } from "node:net";

const STREAM_REQUEST = /^GET \/api\/scraper\/jobs\/\d+\/stream\//;

export class Wire {
  readonly #pairs = new Map<Socket, Socket>();
  readonly #streams = new Set<Socket>();
  #server: Server | null = null;
  #port = 0;
  /** Requests for streams so far, each as its head. */
  readonly heads: string[] = [];

  constructor(readonly target: URL) {}

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  get openStreams(): number {
    return this.#streams.size;
  }

  /** Starts to listen; again on the same port after `close`. */
  open(): Promise<void> {
    this.#server = createServer((near) => this.#connect(near));
    return new Promise((resolve) => {
      this.#server?.listen(this.#port, "127.0.0.1", () => {
        const address = this.#server?.address();
        this.#port = typeof address === "object" && address ? address.port : 0;
        resolve();
      });
    });
  }

  /** Cuts every connection with a reset. */
  cut(): void {
    for (const [near, far] of this.#pairs) {
      near.resetAndDestroy();
      far.destroy();
    }
  }

  /** Cuts everything and refuses what comes. */
  async close(): Promise<void> {
    const server = this.#server;
    const closed = new Promise<void>((resolve) => server?.close(() => resolve()));
    this.cut();
    await closed;
  }

  #connect(near: Socket): void {
    const far = createConnection({ host: this.target.hostname, port: Number(this.target.port) });
    this.#pairs.set(near, far);
    near.on("data", (bytes) => this.#look(near, bytes.toString("latin1")));
    near.pipe(far).pipe(near);
    const end = () => {
      this.#pairs.delete(near);
      this.#streams.delete(near);
      near.destroy();
      far.destroy();
    };
    for (const socket of [near, far]) socket.on("error", end).on("close", end);
  }

  #look(near: Socket, head: string): void {
    this.#streams.delete(near);
    if (!STREAM_REQUEST.test(head)) return;
    this.heads.push(head);
    this.#streams.add(near);
  }
}
