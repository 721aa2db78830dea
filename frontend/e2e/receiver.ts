// A server that gets webhooks, on a free port of this machine: answers as told and remembers all.
import { createServer, type IncomingHttpHeaders, type Server } from "node:http";

export interface Received {
  path: string;
  headers: IncomingHttpHeaders;
  body: string;
}

export class Receiver {
  readonly received: Received[] = [];
  status = 200;
  answer = "ok";
  #server: Server | null = null;
  #port = 0;

  get url(): string {
    return `http://127.0.0.1:${this.#port}/hook`;
  }

  open(): Promise<void> {
    this.#server = createServer((request, response) => {
      const parts: Buffer[] = [];
      request.on("data", (part: Buffer) => parts.push(part));
      request.on("end", () => {
        const body = Buffer.concat(parts).toString("utf8");
        this.received.push({ path: request.url ?? "", headers: request.headers, body });
        response.writeHead(this.status, { "Content-Type": "text/html" });
        response.end(this.answer);
      });
    });
    return new Promise((resolve) => {
      this.#server?.listen(0, "127.0.0.1", () => {
        const address = this.#server?.address();
        this.#port = typeof address === "object" && address ? address.port : 0;
        resolve();
      });
    });
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#server?.closeAllConnections();
      this.#server?.close(() => resolve());
    });
  }
}
