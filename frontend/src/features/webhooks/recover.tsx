// What an endpoint missed in a range of time: how much that is, then sending it, watched, stoppable.
import {
  Alert,
  Button,
  Group,
  NativeSelect,
  Progress,
  SimpleGrid,
  Text,
  Title,
} from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import {
  cancelRecovery,
  type Endpoint,
  estimateQuery,
  type Recovery,
  recoveriesQuery,
  recoveryQuery,
  startRecovery,
  type TimeRange,
  WEBHOOKS_KEY,
} from "@/api/webhooks";
import { ErrorPanel } from "@/components/error-panel";
import { RelativeTime } from "@/components/relative-time";
import { formatCount, plural } from "@/lib/format";
import { usePolledQuery } from "@/lib/polling";
import { randomId } from "@/lib/random-id";
import { instantOf, localText, MomentInput } from "./moment-input";
import classes from "./webhooks.module.css";

const DAY_MILLISECONDS = 86_400_000;

const MISSED = [
  { value: "", label: "held or dead" },
  { value: "held", label: "held" },
  { value: "dead", label: "dead" },
];

export default function Recover({ endpoint }: { endpoint: Endpoint }) {
  const client = useQueryClient();
  const [since, setSince] = useState(() => localText(Date.now() - DAY_MILLISECONDS));
  const [until, setUntil] = useState(() => localText(Date.now() + 60_000));
  const [status, setStatus] = useState("");
  const [range, setRange] = useState<TimeRange | null>(null);
  const estimate = useQuery({
    ...estimateQuery(endpoint.id, range ?? { since: "", until: "" }),
    enabled: range !== null,
    staleTime: 0,
  });
  const start = useMutation({
    mutationFn: (asked: TimeRange) => startRecovery(endpoint.id, asked, randomId()),
    onSuccess: () => client.invalidateQueries({ queryKey: WEBHOOKS_KEY }),
  });
  const isOff = endpoint.status === "disabled";
  return (
    <section aria-labelledby="recover" className={classes.narrow}>
      <Title order={2} id="recover">
        Recover a time range
      </Title>
      <Text size="sm" c="dimmed" mb="sm">
        Sends again what was held or ran out of tries. Each keeps its webhook id, so a receiver that
        remembers ids acts on none of them twice.
      </Text>
      {isOff && (
        <Alert color="yellow" mb="sm" title="Enable the endpoint first">
          While it is disabled, nothing is sent.
        </Alert>
      )}
      <form
        onSubmit={(event) => {
          event.preventDefault();
          start.reset();
          setRange({
            since: instantOf(since),
            until: instantOf(until),
            status: (status || undefined) as TimeRange["status"],
          });
        }}
      >
        <SimpleGrid cols={{ base: 1, xs: 3 }} mb="sm">
          <MomentInput label="From" value={since} onChange={setSince} />
          <MomentInput label="To" value={until} onChange={setUntil} />
          <NativeSelect
            label="What is"
            data={MISSED}
            value={status}
            onChange={({ currentTarget }) => setStatus(currentTarget.value)}
          />
        </SimpleGrid>
        <Button type="submit" variant="default" loading={estimate.isFetching}>
          Estimate
        </Button>
      </form>
      {(estimate.error || start.error) && <ErrorPanel error={estimate.error ?? start.error} />}
      {range && estimate.data && !start.data && (
        <Group mt="md" gap="sm" role="status">
          <Text size="sm">
            {estimate.data.total === 0
              ? "Nothing was missed in this range."
              : `${plural(estimate.data.total, "delivery", "deliveries")} would be sent.`}
          </Text>
          {estimate.data.total > 0 && (
            <Button
              size="xs"
              disabled={isOff}
              loading={start.isPending}
              onClick={() => start.mutate(range)}
            >
              Send them
            </Button>
          )}
        </Group>
      )}
      <Recoveries endpointId={endpoint.id} />
    </section>
  );
}

/** The last recovery, and any other that still runs: found again whoever started them. */
function Recoveries({ endpointId }: { endpointId: number }) {
  const { data, error, refetch } = useQuery(recoveriesQuery(endpointId));
  const shown = data?.results.filter(({ status }, at) => at === 0 || status === "running") ?? [];
  return (
    <>
      {error && <ErrorPanel error={error} onRetry={() => void refetch()} />}
      {shown.map((recovery) => (
        <RecoveryProgress key={recovery.id} first={recovery} />
      ))}
    </>
  );
}

function RecoveryProgress({ first }: { first: Recovery }) {
  const client = useQueryClient();
  const found = usePolledQuery({ ...recoveryQuery(first.id), initialData: first }, (recovery) => [
    recovery.status,
  ]);
  const cancel = useMutation({
    mutationFn: () => cancelRecovery(first.id),
    onSuccess: (changed) => {
      client.setQueryData(recoveryQuery(first.id).queryKey, changed);
      return client.invalidateQueries({ queryKey: WEBHOOKS_KEY });
    },
  });
  const { total, waiting, delivered, dead, status } = found.data ?? first;
  const share = total === 0 ? 100 : ((total - waiting) / total) * 100;
  return (
    <div className={classes.result} role="status">
      <Text size="sm" fw={600} mb={4}>
        {status === "running" ? "Sending" : status === "cancelled" ? "Cancelled" : "Done"}:{" "}
        {formatCount(delivered)} of {formatCount(total)} delivered
        {dead > 0 && `, ${formatCount(dead)} dead`}
        {waiting > 0 && `, ${formatCount(waiting)} to go`}
      </Text>
      <Text size="xs" c="dimmed" mb={6}>
        Started <RelativeTime at={first.created_at} />
      </Text>
      <Progress value={share} aria-label="Recovery" mb="sm" />
      {status === "running" && (
        <Button
          size="xs"
          color="red"
          variant="light"
          loading={cancel.isPending}
          onClick={() => cancel.mutate()}
        >
          Cancel
        </Button>
      )}
      {(found.error || cancel.error) && <ErrorPanel error={found.error ?? cancel.error} />}
    </div>
  );
}
