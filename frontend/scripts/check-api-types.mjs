// Fails when src/api/schema.d.ts is not what docs/openapi.json generates.
import { readFileSync } from "node:fs";
import openapiTS, { astToString } from "openapi-typescript";

const COMMITTED = new URL("../src/api/schema.d.ts", import.meta.url);
const DOCUMENT = new URL("../../docs/openapi.json", import.meta.url);

const generated = astToString(await openapiTS(DOCUMENT, { defaultNonNullable: false }));
const withoutHeader = (text) => text.replace(/^\/\*\*[\s\S]*?\*\/\s*/, "").trim();

if (withoutHeader(readFileSync(COMMITTED, "utf8")) !== withoutHeader(generated)) {
  process.stderr.write("src/api/schema.d.ts is out of date: run `npm run api`.\n");
  process.exit(1);
}
