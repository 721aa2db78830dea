// Turns scraped Markdown into React elements from a closed list of node types: no HTML is ever made
// of it, links are checked, and no picture is fetched that nobody asked for.
import type { Nodes, Root } from "mdast";
import { fromMarkdown } from "mdast-util-from-markdown";
import { gfmFromMarkdown } from "mdast-util-gfm";
import { gfm } from "micromark-extension-gfm";
import { createElement, Fragment, type ReactNode } from "react";
import { FOREIGN_LINK, safeHref } from "@/lib/safe-link";
import { RemoteImage } from "./remote-image";

type Draw = (node: Nodes, definitions: Definitions) => ReactNode;
type Definitions = Map<string, string>;

// Headings of a post stay below the headings of the screen that shows it.
const HIGHEST_HEADING = 3;

export default function MarkdownTree({ text }: { text: string }) {
  const root = fromMarkdown(text, {
    extensions: [gfm({ singleTilde: false })],
    mdastExtensions: [gfmFromMarkdown()],
  });
  return <>{children(root, definitionsOf(root))}</>;
}

const DRAW: Partial<Record<Nodes["type"], Draw>> = {
  paragraph: (node, defs) => <p>{children(node, defs)}</p>,
  blockquote: (node, defs) => <blockquote>{children(node, defs)}</blockquote>,
  emphasis: (node, defs) => <em>{children(node, defs)}</em>,
  strong: (node, defs) => <strong>{children(node, defs)}</strong>,
  delete: (node, defs) => <del>{children(node, defs)}</del>,
  listItem: (node, defs) => <li>{children(node, defs)}</li>,
  thematicBreak: () => <hr />,
  break: () => <br />,
  text: (node) => textOf(node),
  html: (node) => textOf(node),
  inlineCode: (node) => <code>{textOf(node)}</code>,
  code: (node) => (
    <pre>
      <code>{textOf(node)}</code>
    </pre>
  ),
  heading: (node, defs) => {
    const depth = node.type === "heading" ? node.depth : 1;
    return createElement(
      `h${Math.min(6, depth - 1 + HIGHEST_HEADING)}`,
      null,
      children(node, defs),
    );
  },
  list: (node, defs) => {
    if (node.type !== "list" || !node.ordered) return <ul>{children(node, defs)}</ul>;
    return <ol start={node.start ?? 1}>{children(node, defs)}</ol>;
  },
  link: (node, defs) => link(node.type === "link" ? node.url : "", children(node, defs)),
  linkReference: (node, defs) => link(referenceOf(node, defs), children(node, defs)),
  image: (node) => (node.type === "image" ? image(node.url, node.alt) : null),
  imageReference: (node, defs) =>
    node.type === "imageReference" ? image(referenceOf(node, defs), node.alt) : null,
  table: (node, defs) => (
    <table>
      <tbody>{children(node, defs)}</tbody>
    </table>
  ),
  tableRow: (node, defs) => <tr>{children(node, defs)}</tr>,
  tableCell: (node, defs) => <td>{children(node, defs)}</td>,
};

function children(node: Nodes, definitions: Definitions): ReactNode {
  if (!("children" in node)) return null;
  return node.children.map((child, index) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: a parsed text does not change places
    <Fragment key={index}>{DRAW[child.type]?.(child, definitions) ?? null}</Fragment>
  ));
}

function link(address: string, label: ReactNode): ReactNode {
  const href = safeHref(address);
  if (href === null) return <span>{label}</span>;
  return (
    <a href={href} {...FOREIGN_LINK}>
      {label}
    </a>
  );
}

function image(address: string, alt: string | null | undefined): ReactNode {
  const href = safeHref(address);
  if (href === null || !href.startsWith("http")) return alt ?? null;
  return <RemoteImage address={href} alt={alt ?? ""} />;
}

function textOf(node: Nodes): string {
  return "value" in node ? node.value : "";
}

function referenceOf(node: Nodes, definitions: Definitions): string {
  return ("identifier" in node && definitions.get(node.identifier)) || "";
}

function definitionsOf(root: Root): Definitions {
  const found: Definitions = new Map();
  const waiting: Nodes[] = [root];
  for (let node = waiting.pop(); node; node = waiting.pop()) {
    if (node.type === "definition" && !found.has(node.identifier)) {
      found.set(node.identifier, node.url);
    }
    if ("children" in node) waiting.push(...node.children);
  }
  return found;
}
