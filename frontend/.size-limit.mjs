// Budgets, gzipped. What a screen loads is read from the build's own manifest.
import { readFileSync } from "node:fs";

const manifest = JSON.parse(readFileSync(new URL("dist/.vite/manifest.json", import.meta.url)));

function closure(names, found = new Set()) {
  for (const name of names) {
    if (found.has(name)) continue;
    found.add(name);
    closure(manifest[name].imports ?? [], found);
  }
  return found;
}

function files(names) {
  const chunks = [...closure(names)].map((name) => manifest[name]);
  return {
    js: chunks.map((chunk) => `dist/${chunk.file}`),
    css: [...new Set(chunks.flatMap((chunk) => chunk.css ?? []))].map((file) => `dist/${file}`),
  };
}

const first = files(["index.html", "src/app/shell/shell.tsx", "src/app/pages/projects-page.tsx"]);
const known = new Set(first.js);
const routes = Object.keys(manifest).filter((name) =>
  /^src\/(app|features|components)\//.test(name),
);

export default [
  { name: "first screen, JS", path: first.js, limit: "190 kB", gzip: true },
  { name: "first screen, CSS", path: first.css, limit: "40 kB", gzip: true },
  // A route or dialog by itself, and with everything else that it is the first to need.
  ...routes
    .filter((name) => !known.has(`dist/${manifest[name].file}`))
    .flatMap((name) => [
      { name, path: [`dist/${manifest[name].file}`], limit: "40 kB", gzip: true },
      {
        name: `${name}, when first`,
        path: files([name]).js.filter((file) => !known.has(file)),
        limit: "60 kB",
        gzip: true,
      },
    ]),
];
