// One run as it happens: state, progress, notices, posts, and how it ended.
import { Alert, Button, Text } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { ErrorPanel } from "@/components/error-panel";
import { LoadingRows } from "@/components/loading-rows";
import { PageHeader } from "@/components/page-header";
import { StatusBadge } from "@/components/status-badge";
import { formatCount, plural } from "@/lib/format";
import { ConnectionChip } from "./connection-chip";
import { EndSummary } from "./end-summary";
import classes from "./live.module.css";
import { LiveAnnouncer } from "./live-announcer";
import { LiveNotices } from "./live-notices";
import { LivePosts, type RenderPost } from "./live-posts";
import { LiveProgress } from "./live-progress";
import type { LiveStore } from "./live-store";
import { LiveTargets } from "./live-targets";
import { useLive, useScrapeStream } from "./use-scrape-stream";

interface LiveRunProps {
  jobId: number;
  /** Draws the post that was opened beside the list. */
  renderPost?: RenderPost;
}

export function LiveRun({ jobId, renderPost }: LiveRunProps) {
  const store = useScrapeStream(jobId);
  const isKnown = useLive(store, ({ state }) => state.job !== null);
  const connection = useLive(store, (live) => live.connection);
  const isRefused = connection.state === "refused";
  return (
    <>
      <LiveHeader store={store} />
      {isRefused && (
        <ErrorPanel error={connection.error} hasOlderData={isKnown} onRetry={store.reopen} />
      )}
      {!isKnown && !isRefused && <LoadingRows count={6} height={44} />}
      {isKnown && (
        <>
          <LiveProgress store={store} />
          <CancelTrouble store={store} />
          <EndSummary store={store} />
          <LiveNotices store={store} />
          <LiveTargets store={store} />
          <DroppedRows store={store} />
          <LivePosts store={store} renderPost={renderPost} />
          <LiveAnnouncer store={store} />
        </>
      )}
    </>
  );
}

function LiveHeader({ store }: { store: LiveStore }) {
  const status = useLive(store, ({ state }) => state.job?.status);
  const source = useLive(store, ({ state }) => state.job?.backend);
  return (
    <PageHeader
      title={`Run #${store.jobId}`}
      subtitle={source && `Live · ${source}`}
      badge={status && <StatusBadge status={status} isMain />}
    >
      <ConnectionChip store={store} />
      <CancelButton store={store} />
    </PageHeader>
  );
}

function CancelButton({ store }: { store: LiveStore }) {
  const isOver = useLive(store, (live) => live.isOver);
  const isKnown = useLive(store, ({ state }) => state.job !== null);
  const isCancelling = useLive(store, ({ state }) => state.isMuted || state.job?.cancel_requested);
  if (isOver || !isKnown) return null;
  return (
    <Button color="red" variant="light" disabled={isCancelling} onClick={() => void store.cancel()}>
      {isCancelling ? "Cancelling" : "Cancel"}
    </Button>
  );
}

function CancelTrouble({ store }: { store: LiveStore }) {
  const error = useLive(store, (live) => live.cancelError);
  if (!error) return null;
  return (
    <Alert color="red" title="The run was not cancelled" role="alert" mb="md">
      <Text size="sm">
        {error instanceof Error ? error.message : "The server could not be reached."} It goes on.
      </Text>
    </Alert>
  );
}

function DroppedRows({ store }: { store: LiveStore }) {
  const dropped = useLive(store, ({ state }) => state.dropped);
  const projectId = useLive(store, ({ state }) => state.job?.project);
  if (dropped === 0 || projectId === undefined) return null;
  return (
    <p className={classes.quiet}>
      {plural(dropped, "older post")} left this list, which holds the newest {formatCount(20_000)}.{" "}
      <Link to="/projects/$projectId/posts" params={{ projectId }} search={{ job: store.jobId }}>
        See all in Posts
      </Link>
    </p>
  );
}
