// The form of an endpoint, new or changed.
import {
  Button,
  Checkbox,
  Collapse,
  Group,
  NativeSelect,
  SimpleGrid,
  Stack,
  Textarea,
  TextInput,
  UnstyledButton,
} from "@mantine/core";
import type { UseFormReturnType } from "@mantine/form";
import { useDisclosure } from "@mantine/hooks";
import { IconChevronRight } from "@tabler/icons-react";
import { useInfiniteQuery } from "@tanstack/react-query";
import { rowsOf } from "@/api/lists";
import { projectsQuery } from "@/api/projects";
import type { EndpointBody } from "@/api/webhooks";
import { ErrorPanel } from "@/components/error-panel";
import { useApiForm } from "@/hooks/use-api-form";
import { bodyOf, type EndpointDraft, MASK, NEW_ENDPOINT, VALIDATE } from "./endpoint-draft";
import { EventPicker } from "./event-picker";
import classes from "./webhooks.module.css";

interface EndpointFormProps {
  initial?: EndpointDraft;
  action: string;
  onSubmit: (body: EndpointBody) => Promise<unknown>;
}

const RARE_FIELDS = ["headers", "ordered", "rate_per_second", "schedule_seconds"] as const;

export function EndpointForm({ initial = NEW_ENDPOINT, action, onSubmit }: EndpointFormProps) {
  const projects = rowsOf(useInfiniteQuery(projectsQuery).data);
  const { form, submit, isBusy, error } = useApiForm<EndpointDraft>({
    initialValues: initial,
    validate: VALIDATE,
    send: (draft) => onSubmit(bodyOf(draft)),
  });
  return (
    <form onSubmit={submit} noValidate>
      <Stack gap="md">
        {error ? <ErrorPanel error={error} /> : null}
        <TextInput
          label="Address"
          description={initial.url.includes(MASK) ? `${MASK} stands for what is kept.` : undefined}
          type="url"
          inputMode="url"
          placeholder="https://example.org/hooks/teppan"
          autoComplete="off"
          data-autofocus
          {...form.getInputProps("url")}
        />
        <EventPicker {...form.getInputProps("event_types")} />
        <SimpleGrid cols={{ base: 1, xs: 2 }}>
          <NativeSelect
            label="Project"
            data={[
              { value: "", label: "Every project" },
              ...projects.map(({ id, name }) => ({ value: String(id), label: name })),
            ]}
            {...form.getInputProps("project")}
          />
          <TextInput
            label="Description"
            placeholder="what it is for"
            {...form.getInputProps("description")}
          />
        </SimpleGrid>
        <RareFields form={form} />
        <Group justify="flex-end">
          <Button type="submit" loading={isBusy}>
            {action}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

function RareFields({ form }: { form: UseFormReturnType<EndpointDraft> }) {
  const [isWanted, { toggle }] = useDisclosure(false);
  const isOpen = isWanted || RARE_FIELDS.some((name) => form.errors[name]);
  return (
    <div>
      <UnstyledButton
        type="button"
        className={classes.more}
        aria-expanded={isOpen}
        onClick={toggle}
      >
        <IconChevronRight size={14} aria-hidden="true" data-open={isOpen || undefined} />
        Headers, order, pace and schedule
      </UnstyledButton>
      <Collapse expanded={isOpen}>
        <Stack gap="sm" mt="sm">
          <Textarea
            label="Headers of your own"
            description="One on each line, as Name: value. Values are stored encrypted and shown masked."
            placeholder="Authorization: Bearer …"
            autosize
            minRows={2}
            maxRows={8}
            spellCheck={false}
            {...form.getInputProps("headers")}
          />
          <Checkbox
            label="In order"
            description="Each delivery waits for the one before it, even while that is retried."
            {...form.getInputProps("ordered", { type: "checkbox" })}
          />
          <SimpleGrid cols={{ base: 1, xs: 2 }}>
            <TextInput
              type="number"
              label="At most, per second"
              placeholder="no limit"
              min={0}
              step="any"
              {...form.getInputProps("rate_per_second")}
            />
            <TextInput
              label="Seconds between tries"
              placeholder="60, 300, 900, 3600, 21600"
              {...form.getInputProps("schedule_seconds")}
            />
          </SimpleGrid>
        </Stack>
      </Collapse>
    </div>
  );
}
