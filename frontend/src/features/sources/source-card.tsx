// One source: its state, its figures, what it can do, what it lacks, and a test of its connection.
import { Badge, Button, Group, Text, Title } from "@mantine/core";
import { IconCheck, IconPlugConnected, IconX } from "@tabler/icons-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { ApiError } from "@/api/errors";
import { backendsQuery } from "@/api/jobs";
import { type SourceTest, testSource } from "@/api/sources";
import type { Backend, SourceHealth } from "@/api/types";
import { ErrorPanel } from "@/components/error-panel";
import { RelativeTime } from "@/components/relative-time";
import { failureWords } from "@/lib/failure-words";
import { formatCount, formatDuration } from "@/lib/format";
import { healthWords, sourceWords } from "@/lib/source-words";
import { abilitiesOf } from "./abilities";
import { optionsOf } from "./options";
import classes from "./sources.module.css";

export function SourceCard({ source }: { source: Backend }) {
  const { name, configured, needs, reason, health } = source;
  const { label, note } = sourceWords(name);
  const fares = healthWords(configured, health?.state);
  const headingId = `source-${name}`;
  return (
    <section
      className={classes.card}
      aria-labelledby={headingId}
      data-ready={configured || undefined}
    >
      <Group justify="space-between" wrap="nowrap" align="flex-start">
        <div>
          <Title order={2} id={headingId}>
            {label}
          </Title>
          <Text size="xs" c="dimmed">
            <code>{name}</code> · {note}
          </Text>
        </div>
        <Badge variant="light" color={fares.color} radius="sm" flex="none">
          {fares.word}
        </Badge>
      </Group>
      {fares.note && <Text size="sm">{fares.note}</Text>}
      {!configured && <Lack reason={reason} />}
      {configured && health && <Figures health={health} />}
      <ul className={classes.abilities} aria-label="What it can do">
        {abilitiesOf(source.capabilities).map((ability) => (
          <li key={ability}>{ability}</li>
        ))}
      </ul>
      {needs.length > 0 && (
        <Text size="xs" c="dimmed">
          Needs{" "}
          {needs.map((setting) => (
            <code key={setting} className={classes.setting}>
              {setting}
            </code>
          ))}
        </Text>
      )}
      <Options name={name} />
      {health?.last_error && <LastError error={health.last_error} />}
      <ConnectionTest name={name} label={label} isConfigured={configured} />
    </section>
  );
}

function Options({ name }: { name: string }) {
  return (
    <details className={classes.options}>
      <summary>Optional settings</summary>
      <dl>
        {optionsOf(name).map(({ setting, purpose }) => (
          <div key={setting}>
            <dt>
              <code>{setting}</code>
            </dt>
            <dd>{purpose}</dd>
          </div>
        ))}
      </dl>
    </details>
  );
}

function Lack({ reason }: { reason: string | null }) {
  return (
    <Text size="sm" className={classes.lack}>
      {reason ?? "It is not configured."}
    </Text>
  );
}

function Figures({ health }: { health: SourceHealth }) {
  const { success_rate, p50_ms, quota } = health;
  const reset = quota?.reset_seconds;
  return (
    <dl className={classes.figures}>
      <Figure
        label="Success"
        value={success_rate === null ? "–" : `${Math.round(success_rate * 100)} %`}
      />
      <Figure label="Usual answer" value={p50_ms === null ? "–" : `${Math.round(p50_ms)} ms`} />
      <Figure
        label="Quota left"
        value={quota ? formatCount(Math.floor(quota.remaining)) : "–"}
        note={
          reset ? `${quota.remaining < 1 ? "opens" : "renewed"} in ${formatDuration(reset)}` : ""
        }
      />
    </dl>
  );
}

function Figure({ label, value, note }: { label: string; value: string; note?: string }) {
  return (
    <div>
      <dt>{label}</dt>
      <dd>
        {value} {note && <span>{note}</span>}
      </dd>
    </div>
  );
}

function LastError({ error }: { error: NonNullable<SourceHealth["last_error"]> }) {
  return (
    <Text size="xs" c="dimmed" className={classes.error}>
      Last failure{" "}
      {error.at && (
        <>
          <RelativeTime at={error.at} />{" "}
        </>
      )}
      <code>{error.code}</code> {error.detail}
    </Text>
  );
}

interface ConnectionTestProps {
  name: string;
  label: string;
  isConfigured: boolean;
}

function ConnectionTest({ name, label, isConfigured }: ConnectionTestProps) {
  const client = useQueryClient();
  const test = useMutation({
    mutationFn: () => testSource(name),
    onSettled: () => client.invalidateQueries({ queryKey: backendsQuery.queryKey }),
  });
  const refusal = test.error instanceof ApiError ? test.error : null;
  return (
    <div className={classes.test}>
      <Button
        variant="default"
        size="xs"
        disabled={!isConfigured}
        loading={test.isPending}
        leftSection={<IconPlugConnected size={14} aria-hidden="true" />}
        aria-label={`Test connection of ${label}`}
        onClick={() => test.mutate()}
      >
        Test connection
      </Button>
      <div role="status" className={classes.verdict}>
        {test.data && <Verdict result={test.data} />}
      </div>
      {test.error && <ErrorPanel error={refusal ?? test.error} />}
    </div>
  );
}

function Verdict({ result }: { result: SourceTest }) {
  const { ok, took_ms, code, detail } = result;
  if (ok) {
    return (
      <Text size="sm" className={classes.good}>
        <IconCheck size={15} aria-hidden="true" /> Answered in {took_ms} ms
      </Text>
    );
  }
  const words = failureWords(code ?? "", detail ?? "");
  return (
    <Text size="sm" c="var(--mantine-color-error)">
      <IconX size={15} aria-hidden="true" /> {words.sentence} {code && words.nextStep}{" "}
      {code && <code>{code}</code>}
    </Text>
  );
}
