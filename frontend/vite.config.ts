// Builds the dashboard into dist/: Django serves the page at every path outside /api/ and the
// hashed assets below /static/.
import { fileURLToPath } from "node:url";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

const server = process.env.TEPPAN_DEV_SERVER ?? "http://127.0.0.1:8000";

export default defineConfig(({ command }) => ({
  base: command === "build" ? "/static/" : "/",
  plugins: [react()],
  resolve: { alias: { "@": fileURLToPath(new URL("./src", import.meta.url)) } },
  build: {
    target: "es2022",
    manifest: true,
    // An inlined asset would be a data: address, which the content security policy refuses for fonts and scripts.
    assetsInlineLimit: 0,
  },
  server: {
    host: "127.0.0.1",
    proxy: {
      "/api": {
        target: server,
        configure: (proxy) => {
          // The proxy does not pass on that a stream was cut; without this it would look open for ever.
          proxy.on("proxyRes", (upstream, _request, response) => {
            upstream.on("close", () => upstream.errored && response.destroy());
          });
        },
      },
    },
  },
  test: {
    environment: "jsdom",
    environmentOptions: { jsdom: { url: "http://teppan.test/" } },
    globals: true,
    setupFiles: ["src/testing/setup.ts"],
    include: ["src/**/*.test.{ts,tsx}"],
    restoreMocks: true,
    // Conditions end the waiting; a busy machine must not.
    testTimeout: 60_000,
    // The JSON is read by the ledger of scenarios.
    reporters: ["default", "json"],
    outputFile: { json: "../var/dashboard.json" },
    unstubGlobals: true,
  },
}));
