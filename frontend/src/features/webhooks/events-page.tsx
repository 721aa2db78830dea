// What a receiver's author needs: every event with schema and example, and code that verifies.
import { Tabs, Text, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { type EventType, eventTypesQuery } from "@/api/webhooks";
import { ErrorPanel } from "@/components/error-panel";
import { LoadingRows } from "@/components/loading-rows";
import { PageHeader } from "@/components/page-header";
import { groupsOf } from "./event-tree";
import { CopiedCode, Verification } from "./verification";
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
      <HowToVerify />
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
          <CopiedCode text={JSON.stringify(event.example, null, 2)} label="Copy example" />
        </Tabs.Panel>
        <Tabs.Panel value="schema">
          <CopiedCode text={JSON.stringify(event.schema, null, 2)} label="Copy schema" />
        </Tabs.Panel>
      </Tabs>
    </section>
  );
}

function HowToVerify() {
  return (
    <section aria-labelledby="verify" className={classes.verify}>
      <Title order={2} id="verify">
        Verify a request
      </Title>
      <Text size="sm" c="dimmed" mb="sm">
        Requests follow Standard Webhooks. Check the signature over the raw body, refuse old
        timestamps, and remember ids: a delivery may come twice.
      </Text>
      <Verification />
    </section>
  );
}
