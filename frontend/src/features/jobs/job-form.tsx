// The form that starts a scrape: where, from which source, how much, and whether one watches.
import { Button, Group, NativeSelect, SimpleGrid, Stack, TextInput } from "@mantine/core";
import type { Job, Project, StartJob } from "@/api/types";
import { ErrorPanel } from "@/components/error-panel";
import { NamesInput } from "@/components/names-input";
import { useApiForm } from "@/hooks/use-api-form";
import { parseSubredditNames } from "@/lib/subreddit-names";
import {
  isWholeLimit,
  type JobDraft,
  MAX_LIMIT,
  newJobDraft,
  SORTS,
  TIME_FILTERS,
  toStartJob,
} from "./job-draft";
import { JobFormMore } from "./job-form-more";
import { ModePicker } from "./mode-picker";
import { SourcePicker } from "./source-picker";

interface JobFormProps {
  project: Project;
  initial?: Partial<JobDraft>;
  onStart: (job: StartJob) => Promise<Job>;
}

export function JobForm({ project, initial, onStart }: JobFormProps) {
  const { form, submit, isBusy, error } = useApiForm<JobDraft>({
    initialValues: { ...newJobDraft(project.subreddits), ...initial },
    validate: {
      subreddits: (text) => (parseSubredditNames(text).length ? null : "Name at least one."),
      limit: (limit) => (isWholeLimit(limit) ? null : `Should be from 1 to ${MAX_LIMIT}.`),
    },
    send: (draft) => onStart(toStartJob(project.id, draft)),
  });
  const { values } = form;
  const count = parseSubredditNames(values.subreddits).length;
  return (
    <form onSubmit={submit} noValidate>
      <Stack gap="md">
        {error ? <ErrorPanel error={error} /> : null}
        <NamesInput label="Subreddits" data-autofocus {...form.getInputProps("subreddits")} />
        <SourcePicker {...form.getInputProps("backend")} />
        <SimpleGrid
          cols={{ base: 1, xs: values.sort === "top" || values.sort === "controversial" ? 3 : 2 }}
        >
          <NativeSelect label="Sort" data={SORTS} {...form.getInputProps("sort")} />
          {(values.sort === "top" || values.sort === "controversial") && (
            <NativeSelect
              label="Of the past"
              data={TIME_FILTERS}
              {...form.getInputProps("time_filter")}
            />
          )}
          <TextInput
            label="Limit"
            type="number"
            inputWrapperOrder={["label", "input", "description", "error"]}
            description={count > 1 ? "Posts of each subreddit" : undefined}
            min={1}
            max={MAX_LIMIT}
            {...form.getInputProps("limit")}
          />
        </SimpleGrid>
        <ModePicker isSingle={count <= 1} {...form.getInputProps("mode")} />
        <JobFormMore form={form} isStream={count <= 1 && values.mode === "stream"} />
        <Group justify="flex-end">
          <Button type="submit" loading={isBusy}>
            Start
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
