// What an endpoint missed in a range of time: how much that is, then sending it, watched, stoppable.
import { Alert, Button, Group, Progress, SimpleGrid, Text, TextInput, Title } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import {
  cancelRecovery,
  type Endpoint,
  estimateQuery,
  type Recovery,
  recoveryQuery,
  startRecovery,
  type TimeRange,
  WEBHOOKS_KEY,
} from "@/api/webhooks";
import { ErrorPanel } from "@/components/error-panel";
import { formatCount, plural } from "@/lib/format";
import { usePolledQuery } from "@/lib/polling";
import { randomId } from "@/lib/random-id";
import classes from "./webhooks.module.css";

const DAY_MILLISECONDS = 86_400_000;

export default function Recover({ endpoint }: { endpoint: Endpoint }) {
  const client = useQueryClient();
  const [since, setSince] = useState(() => localText(Date.now() - DAY_MILLISECONDS));
  const [until, setUntil] = useState(() => localText(Date.now() + 60_000));
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
          setRange({ since: instantOf(since), until: instantOf(until) });
        }}
      >
        <SimpleGrid cols={{ base: 1, xs: 2 }} mb="sm">
          <MomentInput label="From" value={since} onChange={setSince} />
          <MomentInput label="To" value={until} onChange={setUntil} />
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
      {start.data && <RecoveryProgress key={start.data.id} first={start.data} />}
    </section>
  );
}

interface MomentInputProps {
  label: string;
  value: string;
  onChange: (text: string) => void;
}

function MomentInput({ label, value, onChange }: MomentInputProps) {
  return (
    <TextInput
      type="datetime-local"
      label={label}
      required
      withAsterisk={false}
      value={value}
      onChange={({ currentTarget }) => onChange(currentTarget.value)}
    />
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

/** Returns a moment as date fields write it, in the browser's own zone. */
function localText(milliseconds: number): string {
  const offset = new Date(milliseconds).getTimezoneOffset() * 60_000;
  return new Date(milliseconds - offset).toISOString().slice(0, 16);
}

function instantOf(local: string): string {
  const date = new Date(local);
  return Number.isNaN(date.getTime()) ? local : date.toISOString();
}
