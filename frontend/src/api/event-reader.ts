// Turns the bytes of a text/event-stream into events, as the WHATWG standard interprets them. Knows
// no connection: event-stream.ts makes one reader for each.
import { createParser } from "eventsource-parser";

export interface StreamEvent {
  /** The id that came with this event; null when it has none and the one before stays in force. */
  id: string | null;
  type: string;
  data: string;
}

/** Reads one connection's bytes, in chunks cut anywhere. A block that is never finished is dropped. */
export class EventReader {
  /** How long the server asks to wait before reconnecting; null until it has said so. */
  retryMilliseconds: number | null = null;
  #found: StreamEvent[] = [];
  #endsWithReturn = false;
  // Strips the one byte order mark that a stream may open with, and joins characters cut in two.
  readonly #decoder = new TextDecoder();
  readonly #parser = createParser({
    onEvent: ({ id = null, event, data }) => {
      this.#found.push({ id, type: event ?? "message", data });
    },
    onRetry: (milliseconds) => {
      this.retryMilliseconds = milliseconds;
    },
  });

  /** Returns the events that these bytes complete. */
  read(bytes: Uint8Array): StreamEvent[] {
    this.#parser.feed(this.#withLineFeeds(this.#decoder.decode(bytes, { stream: true })));
    const found = this.#found;
    this.#found = [];
    return found;
  }

  /** The parser holds back a CR until it knows what follows; a line has ended there already. */
  #withLineFeeds(text: string): string {
    const rest = this.#endsWithReturn && text.startsWith("\n") ? text.slice(1) : text;
    if (text !== "") this.#endsWithReturn = text.endsWith("\r");
    return rest.includes("\r") ? rest.replace(/\r\n?/g, "\n") : rest;
  }
}
