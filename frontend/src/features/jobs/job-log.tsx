// The durable events of a run in order: only those in sight drawn, followed to the end on wish,
// all of them as a file.
import { Button, Group, Text, TextInput } from "@mantine/core";
import { IconDownload, IconSearch } from "@tabler/icons-react";
import { useMutation } from "@tanstack/react-query";
import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useRef, useState } from "react";
import { readJobEvents } from "@/api/job-log";
import type { JobEvent } from "@/api/types";
import { ErrorPanel } from "@/components/error-panel";
import { LoadingRows } from "@/components/loading-rows";
import { usePreference } from "@/hooks/use-preference";
import { formatExact } from "@/lib/format";
import { saveText } from "@/lib/save-text";
import type { HistoryLine } from "./history-lines";
import classes from "./job-log.module.css";
import { useJobLog } from "./use-job-log";

const ROW_HEIGHT = 28;
// Asked for before the end is in sight.
const ROWS_BEFORE_END = 10;

interface JobLogProps {
  jobId: number;
  isOver: boolean;
  /** Changes whenever the run has new events. */
  version: number;
}

export function JobLog({ jobId, isOver, version }: JobLogProps) {
  const [isFollowing, setFollowing] = useState(!isOver);
  const [words, setWords] = useState("");
  const log = useJobLog(jobId, version, isFollowing || words !== "");
  const wanted = words.trim().toLowerCase();
  const lines = log.lines.filter(({ type, text }) =>
    `${type} ${text}`.toLowerCase().includes(wanted),
  );
  return (
    <section aria-label="Events">
      <Group mb="xs" gap="xs">
        <TextInput
          aria-label="Filter events"
          placeholder="Filter events"
          size="xs"
          data-search
          leftSection={<IconSearch size={14} aria-hidden="true" />}
          value={words}
          onChange={({ currentTarget }) => setWords(currentTarget.value)}
        />
        <Button
          variant="default"
          size="xs"
          aria-pressed={isFollowing}
          className={classes.follow}
          onClick={() => setFollowing(!isFollowing)}
        >
          Follow
        </Button>
        <DownloadLog jobId={jobId} />
      </Group>
      {log.error && (
        <ErrorPanel
          error={log.error}
          hasOlderData={!!log.data}
          onRetry={() => void (log.data ? log.fetchNextPage() : log.refetch())}
        />
      )}
      {log.isPending && <LoadingRows count={8} height={ROW_HEIGHT - 6} />}
      {log.data && lines.length === 0 && (
        <Text size="sm" c="dimmed">
          {wanted ? "No event says that." : "Nothing has happened yet."}
        </Text>
      )}
      {lines.length > 0 && (
        <LogLines
          lines={lines}
          isFollowing={isFollowing}
          onLeave={() => setFollowing(false)}
          onEnd={() => log.hasMore && !log.isFetching && void log.fetchNextPage()}
        />
      )}
    </section>
  );
}

interface LogLinesProps {
  lines: HistoryLine[];
  isFollowing: boolean;
  /** The person scrolled back. */
  onLeave: () => void;
  onEnd: () => void;
}

function LogLines({ lines, isFollowing, onLeave, onEnd }: LogLinesProps) {
  const [zone] = usePreference("time-zone");
  const scroller = useRef<HTMLDivElement>(null);
  const rows = useVirtualizer({
    count: lines.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_HEIGHT,
    getItemKey: (index) => lines[index]?.id ?? index,
    overscan: 12,
  });
  const items = rows.getVirtualItems();
  const isNearEnd = (items.at(-1)?.index ?? 0) >= lines.length - ROWS_BEFORE_END;
  useEffect(() => {
    if (isNearEnd && lines.length > 0) onEnd();
  }, [isNearEnd, lines.length, onEnd]);
  useEffect(() => {
    if (isFollowing && lines.length > 0) rows.scrollToIndex(lines.length - 1);
  }, [isFollowing, lines.length, rows]);
  return (
    <div
      ref={scroller}
      className={classes.scroller}
      role="log"
      aria-live="off"
      aria-label="Events of this run"
      // biome-ignore lint/a11y/noNoninteractiveTabindex: a scroller has to be reachable by keyboard
      tabIndex={0}
      onWheel={({ deltaY }) => deltaY < 0 && onLeave()}
      onKeyDown={({ key }) => ["ArrowUp", "PageUp", "Home"].includes(key) && onLeave()}
    >
      <div className={classes.space} style={{ height: rows.getTotalSize() }}>
        {items.map((item) => {
          const line = lines[item.index];
          return (
            line && (
              <div
                key={item.key}
                ref={rows.measureElement}
                data-index={item.index}
                className={classes.line}
                style={{ transform: `translateY(${item.start}px)` }}
              >
                <time dateTime={line.at}>{formatExact(line.at, zone === "utc")}</time>
                <strong>{line.type}</strong>
                <span>{line.text}</span>
              </div>
            )
          );
        })}
      </div>
    </div>
  );
}

function DownloadLog({ jobId }: { jobId: number }) {
  const download = useMutation({
    mutationFn: async () => {
      const lines: string[] = [];
      const take = (events: JobEvent[]) =>
        lines.push(...events.map((event) => JSON.stringify(event)));
      let after: string | undefined;
      for (;;) {
        const page = await readJobEvents(jobId, after);
        take(page.events);
        if (page.next === null) break;
        after = page.next;
      }
      saveText(`run-${jobId}-events.jsonl`, "application/jsonl", `${lines.join("\n")}\n`);
    },
  });
  return (
    <>
      <Button
        variant="default"
        size="xs"
        loading={download.isPending}
        leftSection={<IconDownload size={14} aria-hidden="true" />}
        onClick={() => download.mutate()}
      >
        Download
      </Button>
      {download.error && <ErrorPanel error={download.error} />}
    </>
  );
}
