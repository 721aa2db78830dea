// The durable events of a run, in order.
import { Button, Table, Text, Title } from "@mantine/core";
import { useInfiniteQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { jobEventsQuery } from "@/api/jobs";
import { rowsOf } from "@/api/lists";
import { ErrorPanel } from "@/components/error-panel";
import { LoadingRows } from "@/components/loading-rows";
import { RelativeTime } from "@/components/relative-time";
import tables from "@/components/table.module.css";
import { isEnded, linesOf } from "./history-lines";
import classes from "./job-history.module.css";

interface JobHistoryProps {
  jobId: number;
  /** Changes whenever the run has new events. */
  version: string;
}

export function JobHistory({ jobId, version }: JobHistoryProps) {
  const client = useQueryClient();
  const events = useInfiniteQuery(jobEventsQuery(jobId));
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new version is the reason to ask again
  useEffect(() => {
    void client.invalidateQueries({ queryKey: ["jobs", jobId, "events"] });
  }, [client, jobId, version]);
  const rows = rowsOf(events.data);
  return (
    <section aria-labelledby="history">
      <Title order={2} id="history" mt="xl" mb={4}>
        History
      </Title>
      {events.error && <ErrorPanel error={events.error} hasOlderData={!!events.data} />}
      {events.isPending && <LoadingRows count={3} height={32} />}
      {events.data && rows.length === 0 && (
        <Text size="sm" c="dimmed">
          Nothing has happened yet.
        </Text>
      )}
      <Table className={tables.table} verticalSpacing={5}>
        <Table.Tbody>
          {linesOf(rows).map((line) => (
            <Table.Tr key={line.id} className={tables.row}>
              <Table.Td className={classes.time}>
                <RelativeTime at={line.at} />
              </Table.Td>
              <Table.Td className={classes.type}>{line.type}</Table.Td>
              <Table.Td className={classes.text}>{line.text}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
      {events.hasNextPage && !isEnded(rows) && (
        <Button variant="default" mt="xs" onClick={() => void events.fetchNextPage()}>
          More events
        </Button>
      )}
    </section>
  );
}
