// Verifies a request with the JavaScript library of Standard Webhooks; exits with 1 if it refuses.
// Standard input: {"secret", "headers", "body" (base64)}.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const require = createRequire(new URL("../../frontend/package.json", import.meta.url));
const { Webhook } = require("standardwebhooks");

const request = JSON.parse(readFileSync(0, "utf8"));
try {
  const body = Buffer.from(request.body, "base64").toString("utf8");
  new Webhook(request.secret).verify(body, request.headers);
} catch (error) {
  console.error(String(error));
  process.exit(1);
}
