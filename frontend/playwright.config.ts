// Browser tests against a real stack and the built dashboard; Chromium is the system's.
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { defineConfig } from "@playwright/test";
import { prepareStack } from "./e2e/stack";

function chromiumPath(): string | undefined {
  if (process.env.TEPPAN_CHROMIUM) return process.env.TEPPAN_CHROMIUM;
  return (process.env.PATH ?? "")
    .split(delimiter)
    .flatMap((folder) =>
      ["chromium", "chromium-browser", "google-chrome"].map((name) => join(folder, name)),
    )
    .find(existsSync);
}

const webServer = await prepareStack();

export default defineConfig({
  webServer,
  testDir: "e2e",
  // The JSON is read by the ledger of scenarios.
  reporter: [["list"], ["json", { outputFile: "../var/browser.json" }]],
  workers: 1,
  timeout: 60_000,
  use: {
    baseURL: process.env.TEPPAN_E2E_URL,
    screenshot: "only-on-failure",
    launchOptions: {
      executablePath: chromiumPath(),
      args: [
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
      ],
    },
  },
});
