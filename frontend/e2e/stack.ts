// The stack that the browser tests run against: the embedded one, on free ports, with a data folder
// of its own. TEPPAN_E2E_URL and TEPPAN_E2E_SANDBOX_URL name one that runs already.
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { PlaywrightTestConfig } from "@playwright/test";

type WebServers = NonNullable<Extract<PlaywrightTestConfig["webServer"], unknown[]>>;

/** Its first start lays out a database and compresses the dashboard, on a busy machine too. */
const START_MILLISECONDS = 120_000;
/** The stack stops within five seconds. */
const STOP_MILLISECONDS = 10_000;

/** Returns what Playwright has to start; the addresses go to the workers by the environment. */
export async function prepareStack(): Promise<WebServers> {
  if (process.env.TEPPAN_E2E_URL) return [];
  const [port, sandboxPort] = await Promise.all([freePort(), freePort()]);
  const url = `http://127.0.0.1:${port}`;
  const sandboxUrl = `http://127.0.0.1:${sandboxPort}`;
  const data = mkdtempSync(join(tmpdir(), "teppan-e2e-"));
  process.on("exit", () => rmSync(data, { recursive: true, force: true }));
  process.env.TEPPAN_E2E_URL = url;
  process.env.TEPPAN_E2E_SANDBOX_URL = sandboxUrl;
  const common = {
    cwd: "..",
    timeout: START_MILLISECONDS,
    gracefulShutdown: { signal: "SIGTERM", timeout: STOP_MILLISECONDS } as const,
  };
  return [
    {
      ...common,
      command: `exec .venv/bin/python manage.py sandbox --port ${sandboxPort}`,
      url: sandboxUrl,
    },
    {
      ...common,
      command: "exec .venv/bin/python manage.py up",
      url: `${url}/healthz`,
      env: {
        ...(process.env as Record<string, string>),
        TEPPAN_DATA_DIR: data,
        TEPPAN_HOST: "127.0.0.1",
        TEPPAN_PORT: String(port),
        TEPPAN_SANDBOX_URL: sandboxUrl,
        TEPPAN_REGISTRATION: "open",
        TEPPAN_THROTTLE: "off",
        // The tests' receivers of webhooks listen on this machine.
        TEPPAN_OUTBOUND_ALLOWED_NETWORKS: "127.0.0.0/8",
        DATABASE_URL: "",
        REDIS_URL: "",
      },
    },
  ];
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer();
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address ? address.port : 0));
    });
  });
}
