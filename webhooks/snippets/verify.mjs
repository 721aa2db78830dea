// Verify a webhook (Standard Webhooks): call it with the raw body (a Buffer), before parsing it.
// Express: app.post("/hook", express.raw({ type: "*/*" }), (req, res) => {
//   if (!isGenuine(secret, req.headers, req.body)) return res.sendStatus(401); ... });
import { createHmac, timingSafeEqual } from "node:crypto";

const TOLERANCE_SECONDS = 5 * 60;

// Whether a request comes from who knows the secret, unchanged and not long ago.
// A request may come twice: keep each webhook-id for a while, and act on it once.
export function isGenuine(secret, headers, body) {
  const id = headers["webhook-id"] ?? "";
  const timestamp = headers["webhook-timestamp"] ?? "";
  const signatures = headers["webhook-signature"] ?? "";
  if (id === "" || !/^[0-9]+$/.test(timestamp)) return false;
  if (Math.abs(Date.now() / 1000 - Number(timestamp)) > TOLERANCE_SECONDS) return false;
  const key = Buffer.from(secret.replace(/^whsec_/, ""), "base64");
  const digest = createHmac("sha256", key).update(`${id}.${timestamp}.`).update(body).digest();
  const expected = Buffer.from(`v1,${digest.toString("base64")}`);
  // While a secret is being rotated there are several signatures.
  return signatures.split(" ").some((signature) => {
    const given = Buffer.from(signature);
    return given.length === expected.length && timingSafeEqual(given, expected);
  });
}
