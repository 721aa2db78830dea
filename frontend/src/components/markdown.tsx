// Scraped or generated Markdown on screen. The parser comes with the first text that needs it.
import { lazy, Suspense } from "react";
import classes from "./markdown.module.css";

const MarkdownTree = lazy(() => import("./markdown-tree"));

export function Markdown({ text }: { text: string }) {
  return (
    <div className={classes.markdown}>
      <Suspense fallback={<p className={classes.plain}>{text}</p>}>
        <MarkdownTree text={text} />
      </Suspense>
    </div>
  );
}
