// What a receiver's author needs: every event with schema and example, and code that verifies.
import { SegmentedControl, Tabs, Text, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { type EventType, eventTypesQuery, snippetsQuery } from "@/api/webhooks";
import { CopyButton } from "@/components/copy-button";
import { ErrorPanel } from "@/components/error-panel";
import { LoadingRows } from "@/components/loading-rows";
import { PageHeader } from "@/components/page-header";
import { groupsOf } from "./event-tree";
import classes from "./webhooks.module.css";
import { WebhooksNav } from "./webhooks-nav";

interface EventsPageProps {
  /** The event that is open. */
  type: string | undefined;
  onType: (type: string) => void;
}

export function EventsPage({ type, onType }: EventsPageProps) {
  const types = useQuery(eventTypesQuery);
  const open = types.data?.find(({ name }) => name === type) ?? types.data?.[0];
  return (
    <>
      <PageHeader
        title="Event catalogue"
        subtitle="What is sent, and how to check that it is ours."
      />
      <WebhooksNav />
      {types.error && <ErrorPanel error={types.error} onRetry={() => void types.refetch()} />}
      {types.isPending && <LoadingRows count={8} height={32} />}
      {types.data && open && (
        <div className={classes.catalogue}>
          <nav aria-label="Events" className={classes.kinds}>
            {groupsOf(types.data.map(({ name }) => name)).map(({ group, names }) => (
              <div key={group}>
                <div className={classes.kindGroup}>{group}</div>
                {names.map((name) => (
                  <button
                    key={name}
                    type="button"
                    className={classes.kind}
                    aria-current={name === open.name || undefined}
                    onClick={() => onType(name)}
                  >
                    {name}
                  </button>
                ))}
              </div>
            ))}
          </nav>
          <EventFacts event={open} />
        </div>
      )}
      <Verification />
    </>
  );
}

function EventFacts({ event }: { event: EventType }) {
  return (
    <section aria-labelledby="event" className={classes.facts}>
      <Title order={2} id="event">
        {event.name}
      </Title>
      <Text size="sm" mb="sm">
        {event.description}
      </Text>
      <Tabs defaultValue="example" keepMounted={false}>
        <Tabs.List mb="xs">
          <Tabs.Tab value="example">Example</Tabs.Tab>
          <Tabs.Tab value="schema">JSON Schema</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="example">
          <Code text={JSON.stringify(event.example, null, 2)} label="Copy example" />
        </Tabs.Panel>
        <Tabs.Panel value="schema">
          <Code text={JSON.stringify(event.schema, null, 2)} label="Copy schema" />
        </Tabs.Panel>
      </Tabs>
    </section>
  );
}

function Verification() {
  const snippets = useQuery(snippetsQuery);
  const [language, setLanguage] = useState<string | null>(null);
  const open =
    snippets.data?.find((snippet) => snippet.language === language) ?? snippets.data?.[0];
  return (
    <section aria-labelledby="verify" className={classes.verify}>
      <Title order={2} id="verify">
        Verify a request
      </Title>
      <Text size="sm" c="dimmed" mb="sm">
        Requests follow Standard Webhooks. Check the signature over the raw body, refuse old
        timestamps, and remember ids: a delivery may come twice.
      </Text>
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
          <Code text={open.code} label={`Copy ${open.file_name}`} />
        </>
      )}
    </section>
  );
}

function Code({ text, label }: { text: string; label: string }) {
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
