// Random identifiers. crypto.randomUUID exists in secure contexts only, and a self-hosted dashboard
// is often opened over plain http in a home network.

/** Returns 128 random bits as hexadecimal text. */
export function randomId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
