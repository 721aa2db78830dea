// The sources of this installation: what each can do, what it needs, how it fares, and whether it
// answers right now.
import { Text } from "@mantine/core";
import { IconPlugConnectedX } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { backendsQuery } from "@/api/jobs";
import type { Backend } from "@/api/types";
import { EmptyState } from "@/components/empty-state";
import { ErrorPanel } from "@/components/error-panel";
import { LoadingRows } from "@/components/loading-rows";
import { PageHeader } from "@/components/page-header";
import { UpdatedAgo } from "@/components/updated-ago";
import { SourceCard } from "./source-card";
import classes from "./sources.module.css";

// Health changes with every request of a run; nobody reads it faster than this.
const REFRESH_MILLISECONDS = 15_000;
// What a card usually takes.
const CARD_HEIGHT = 196;

export function SourcesPage() {
  const list = useQuery({
    ...backendsQuery,
    staleTime: 0,
    refetchInterval: REFRESH_MILLISECONDS,
    refetchIntervalInBackground: false,
  });
  const sources = list.data ?? [];
  const ready = sources.filter((source) => source.configured);
  const refresh = () => void list.refetch();
  return (
    <>
      <PageHeader title="Sources" subtitle="Where posts come from, and how each way fares.">
        <UpdatedAgo at={list.dataUpdatedAt} isUpdating={list.isRefetching} onRefresh={refresh} />
      </PageHeader>
      {list.error && <ErrorPanel error={list.error} hasOlderData={!!list.data} onRetry={refresh} />}
      {list.isPending && <LoadingRows count={4} height={CARD_HEIGHT} />}
      {list.data && sources.length === 0 && (
        <EmptyState icon={<IconPlugConnectedX size={22} />} title="No sources">
          This installation knows no way to read Reddit.
        </EmptyState>
      )}
      {sources.length > 0 && (
        <Text size="sm" mb="md">
          <strong>
            {ready.length} of {sources.length}
          </strong>{" "}
          are ready. Settings stand in the server's environment or its <code>.env</code>, and count
          after a restart.
        </Text>
      )}
      <div className={classes.grid}>
        {byReadiness(sources).map((source) => (
          <SourceCard key={source.name} source={source} />
        ))}
      </div>
    </>
  );
}

function byReadiness(sources: Backend[]): Backend[] {
  return [...sources].sort((a, b) => Number(b.configured) - Number(a.configured));
}
