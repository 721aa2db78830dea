// Writes a request as a shell command that a person may paste.

export interface ApiCall {
  method: "GET" | "POST" | "PATCH" | "DELETE";
  path: string;
  body?: unknown;
}

/** Returns the call as curl; the token is left to an environment variable. */
export function toCurl({ method, path, body }: ApiCall, origin: string): string {
  const lines = [`curl -sS${method === "GET" ? "" : ` -X ${method}`} ${quote(origin + path)}`];
  lines.push(`-H "Authorization: Bearer $TEPPAN_TOKEN"`);
  if (body !== undefined) {
    lines.push(`-H 'Content-Type: application/json'`, `-d ${quote(JSON.stringify(body))}`);
  }
  return lines.join(" \\\n  ");
}

/** Returns a POST to somebody's own server as curl: the headers as they are given. */
export function postAsCurl(url: string, headers: Record<string, string>, body: string): string {
  const lines = [`curl -sS -X POST ${quote(url)}`];
  for (const [name, value] of Object.entries(headers))
    lines.push(`-H ${quote(`${name}: ${value}`)}`);
  lines.push(`--data-raw ${quote(body)}`);
  return lines.join(" \\\n  ");
}

function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
