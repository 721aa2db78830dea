// Code that verifies our requests, to be copied, by language.
import { SegmentedControl } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { snippetsQuery } from "@/api/webhooks";
import { CopyButton } from "@/components/copy-button";
import { ErrorPanel } from "@/components/error-panel";
import { LoadingRows } from "@/components/loading-rows";
import classes from "./webhooks.module.css";

export function Verification() {
  const snippets = useQuery(snippetsQuery);
  const [language, setLanguage] = useState<string | null>(null);
  const open =
    snippets.data?.find((snippet) => snippet.language === language) ?? snippets.data?.[0];
  return (
    <>
      {snippets.error && (
        <ErrorPanel error={snippets.error} onRetry={() => void snippets.refetch()} />
      )}
      {snippets.isPending && <LoadingRows count={4} height={32} />}
      {snippets.data && open && (
        <>
          <div className={classes.statuses}>
            <SegmentedControl
              aria-label="Language"
              size="xs"
              mb="xs"
              data={snippets.data.map((snippet) => snippet.language)}
              value={open.language}
              onChange={setLanguage}
            />
          </div>
          <CopiedCode text={open.code} label={`Copy ${open.file_name}`} />
        </>
      )}
    </>
  );
}

/** A text to be copied. */
export function CopiedCode({ text, label }: { text: string; label: string }) {
  return (
    <div className={classes.codeBox}>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scroller has to be reachable by keyboard */}
      <pre className={classes.code} tabIndex={0}>
        {text}
      </pre>
      <span className={classes.copy}>
        <CopyButton text={text} label={label} />
      </span>
    </div>
  );
}
