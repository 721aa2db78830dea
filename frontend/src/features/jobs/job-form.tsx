// The form that starts a scrape: where, from which source, how much, and whether one watches.
import { Button, Group, NativeSelect, SimpleGrid, Stack, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { backendsQuery } from "@/api/jobs";
import type { Job, Project, StartJob } from "@/api/types";
import { ErrorPanel } from "@/components/error-panel";
import { NamesInput } from "@/components/names-input";
import { useApiForm } from "@/hooks/use-api-form";
import { formatCount } from "@/lib/format";
import { parseSubredditNames } from "@/lib/subreddit-names";
import {
  isWholeWithin,
  type JobDraft,
  MAX_PARALLELISM,
  MAX_SUBREDDITS,
  maxLimitOf,
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
  const { data: backends = [] } = useQuery(backendsQuery);
  const { form, submit, isBusy, error } = useApiForm<JobDraft>({
    initialValues: { ...newJobDraft(project.subreddits), ...initial },
    validate: {
      subreddits: (text) => refusalOfNames(parseSubredditNames(text).length),
      limit: (limit, { backend }) => refusalOf(limit, maxLimitOf(backend, backends)),
      parallelism: (number) => refusalOf(number, MAX_PARALLELISM),
      comment_limit: (limit) => (limit === "" ? null : refusalOf(limit, MAX_COMMENTS)),
      comment_depth: (depth) => (depth === "" ? null : refusalOf(depth, MAX_COMMENTS)),
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
            max={maxLimitOf(values.backend, backends)}
            {...form.getInputProps("limit")}
          />
        </SimpleGrid>
        <ModePicker isSingle={count <= 1} {...form.getInputProps("mode")} />
        <JobFormMore
          form={form}
          isStream={count <= 1 && values.mode === "stream"}
          isSingle={count <= 1}
        />
        <Group justify="flex-end">
          <Button type="submit" loading={isBusy}>
            Start
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

// What a 32-bit column holds; the source ends long before.
const MAX_COMMENTS = 2_147_483_647;

function refusalOf(value: number | string, most: number): string | null {
  return isWholeWithin(value, 1, most) ? null : `Should be from 1 to ${formatCount(most)}.`;
}

function refusalOfNames(count: number): string | null {
  if (count === 0) return "Name at least one.";
  return count <= MAX_SUBREDDITS ? null : `${formatCount(count)} are more than one run takes.`;
}
