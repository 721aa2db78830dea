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
  ...routes
    .map((name) => [name, files([name]).js.filter((file) => !known.has(file))])
    .filter(([, own]) => own.length > 0)
    .map(([name, own]) => ({ name, path: own, limit: "40 kB", gzip: true })),
];
