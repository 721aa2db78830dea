// Trying an endpoint: one example event with what came of it, and a check of how well the receiver
// verifies.
import { Button, Group, NativeSelect, Text, Textarea, Title } from "@mantine/core";
import { IconCheck, IconQuestionMark, IconSend, IconShieldCheck, IconX } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import {
  checkReceiver,
  type Endpoint,
  type EventType,
  eventTypesQuery,
  type Finding,
  sendTest,
  WEBHOOKS_KEY,
} from "@/api/webhooks";
import { ErrorPanel } from "@/components/error-panel";
import { DeliveryView } from "./delivery-panel";
import { checkWords } from "./webhook-words";
import classes from "./webhooks.module.css";

export default function Testing({ endpoint }: { endpoint: Endpoint }) {
  return (
    <div className={classes.columns}>
      <SendTest endpoint={endpoint} />
      <CheckReceiver endpoint={endpoint} />
    </div>
  );
}

const USUAL_TYPE = "webhook.test";

function SendTest({ endpoint }: { endpoint: Endpoint }) {
  const client = useQueryClient();
  const { data: types = [] } = useQuery(eventTypesQuery);
  const [type, setType] = useState(USUAL_TYPE);
  const [edited, setEdited] = useState<string | null>(null);
  const example = exampleOf(types.find(({ name }) => name === type));
  const data = edited === null ? undefined : objectOf(edited);
  const test = useMutation({
    mutationFn: () => sendTest(endpoint.id, type, data ?? undefined),
    onSuccess: () => client.invalidateQueries({ queryKey: WEBHOOKS_KEY }),
  });
  return (
    <section aria-labelledby="send-test">
      <Title order={2} id="send-test">
        Send an example
      </Title>
      <Text size="sm" c="dimmed" mb="sm">
        Signed like any other, tried once, and marked as a test.
      </Text>
      <Group gap="xs" align="flex-end" mb="sm">
        <NativeSelect
          label="Event"
          data={types.length > 0 ? types.map(({ name }) => name) : [USUAL_TYPE]}
          value={type}
          onChange={({ currentTarget }) => {
            setType(currentTarget.value);
            setEdited(null);
          }}
        />
        <Button
          loading={test.isPending}
          disabled={data === null}
          leftSection={<IconSend size={15} aria-hidden="true" />}
          onClick={() => test.mutate()}
        >
          Send test
        </Button>
      </Group>
      <Textarea
        label="Data"
        description="What stands under data in the body. Change it as you like."
        mb="md"
        autosize
        minRows={3}
        maxRows={14}
        spellCheck={false}
        classNames={{ input: classes.mono }}
        value={edited ?? example}
        error={data === null && "Should be a JSON object."}
        onChange={({ currentTarget }) => setEdited(currentTarget.value)}
      />
      {test.error && <ErrorPanel error={test.error} />}
      {test.data && (
        <div className={classes.result} role="status">
          <DeliveryView key={test.data.id} deliveryId={test.data.id} />
        </div>
      )}
    </section>
  );
}

function exampleOf(type: EventType | undefined): string {
  return JSON.stringify(type?.example?.data ?? {}, null, 2);
}

/** Returns the object that a text says, or null. */
function objectOf(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text);
    const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
    return isObject ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}

function CheckReceiver({ endpoint }: { endpoint: Endpoint }) {
  const check = useMutation({ mutationFn: () => checkReceiver(endpoint.id) });
  return (
    <section aria-labelledby="check-receiver">
      <Title order={2} id="check-receiver">
        Check my receiver
      </Title>
      <Text size="sm" c="dimmed" mb="sm">
        Sends genuine, tampered, stale and repeated requests, and tells which of them it should not
        have accepted. Takes up to half a minute.
      </Text>
      <Button
        variant="default"
        loading={check.isPending}
        leftSection={<IconShieldCheck size={15} aria-hidden="true" />}
        onClick={() => check.mutate()}
      >
        Check my receiver
      </Button>
      {check.error && (
        <div className={classes.result}>
          <ErrorPanel error={check.error} />
        </div>
      )}
      {check.data && <Findings findings={check.data} />}
    </section>
  );
}

const VERDICTS = {
  passed: { icon: IconCheck, word: "passed" },
  failed: { icon: IconX, word: "failed" },
  unclear: { icon: IconQuestionMark, word: "unclear" },
} as const;

function Findings({ findings }: { findings: Finding[] }) {
  const failed = findings.filter(({ verdict }) => verdict === "failed").length;
  return (
    <div className={classes.result} role="status">
      <Text fw={600} size="sm" mb="xs">
        {failed === 0 ? "Nothing was wrongly accepted." : `${failed} of ${findings.length} failed.`}
      </Text>
      <ul className={classes.findings}>
        {findings.map(({ name, verdict, detail, status_code }) => {
          const { icon: Icon, word } = VERDICTS[verdict] ?? VERDICTS.unclear;
          return (
            <li key={name} data-verdict={verdict}>
              <Icon size={16} aria-hidden="true" />
              <div>
                <strong>{checkWords(name)}</strong> {word}
                {status_code !== null && ` · ${status_code}`}
                <Text size="sm" c="dimmed">
                  {detail}
                </Text>
              </div>
            </li>
          );
        })}
      </ul>
    </div>
  );
}
