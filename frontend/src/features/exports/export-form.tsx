// The form of an export: which format, which posts, and what of them.
import { Button, Group, NativeSelect, Radio, Stack, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { formatsQuery } from "@/api/exports";
import { jobsQuery } from "@/api/jobs";
import type { PostFilter } from "@/api/posts";
import type { Export, Project, StartExport } from "@/api/types";
import { ErrorPanel } from "@/components/error-panel";
import { useApiForm } from "@/hooks/use-api-form";
import {
  type ExportDraft,
  FORMATS,
  isNarrowed,
  newExportDraft,
  toStartExport,
} from "./export-draft";
import { ExportEstimate } from "./export-estimate";
import { ExportFormMore } from "./export-form-more";
import classes from "./exports.module.css";

interface ExportFormProps {
  project: Project;
  filter?: PostFilter;
  onStart: (wish: StartExport) => Promise<Export>;
}

export function ExportForm({ project, filter, onStart }: ExportFormProps) {
  const hasSelection = isNarrowed(filter);
  const { form, submit, isBusy, error } = useApiForm<ExportDraft>({
    initialValues: newExportDraft(hasSelection),
    validate: {
      run: (run, { scope }) => (scope === "run" && !run ? "Choose a run." : null),
    },
    send: (draft) => onStart(toStartExport(project.id, draft, filter)),
  });
  const { values } = form;
  return (
    <form onSubmit={submit} noValidate>
      <Stack gap="md">
        {error ? <ErrorPanel error={error} /> : null}
        <FormatPicker {...form.getInputProps("format")} />
        <Radio.Group label="Posts" {...form.getInputProps("scope")}>
          <Stack gap={6} mt={6}>
            <Radio value="all" label="All of this project" />
            {hasSelection && <Radio value="selection" label="Those in the list, as filtered" />}
            <Radio value="run" label="Those of one run" />
          </Stack>
        </Radio.Group>
        {values.scope === "run" && (
          <RunPicker projectId={project.id} {...form.getInputProps("run")} />
        )}
        <ExportFormMore form={form} />
        {values.scope === "run" && !values.run ? (
          <Text size="sm" className={classes.estimate}>
            Choose a run to see what it would hold.
          </Text>
        ) : (
          <ExportEstimate wish={toStartExport(project.id, values, filter)} />
        )}
        <Group justify="flex-end">
          <Button type="submit" loading={isBusy}>
            Start export
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

function FormatPicker(props: { value?: string; error?: React.ReactNode }) {
  const { data = [] } = useQuery(formatsQuery);
  const chosen = FORMATS.find(({ value }) => value === props.value);
  const needs = new Map(data.map(({ name, needs }) => [name, needs.join(", ")]));
  const missing = FORMATS.filter(({ value }) => needs.get(value));
  return (
    <Stack gap={4}>
      <NativeSelect
        label="Format"
        data-autofocus
        description={chosen?.about}
        inputWrapperOrder={["label", "input", "description", "error"]}
        data={FORMATS.map(({ value, label }) => ({ value, label, disabled: !!needs.get(value) }))}
        {...props}
      />
      {missing.map(({ value, label }) => (
        <Text key={value} size="xs" c="dimmed">
          {label} needs {needs.get(value)} on the server.
        </Text>
      ))}
    </Stack>
  );
}

function RunPicker({ projectId, ...props }: { projectId: number; error?: React.ReactNode }) {
  const { data } = useQuery(jobsQuery({ project: projectId }));
  const runs = data?.results ?? [];
  const options = runs.map((job) => ({
    value: String(job.id),
    label: `#${job.id}: ${job.targets.map((one) => one.subreddit).join(", ")}`.slice(0, 80),
  }));
  return (
    <NativeSelect
      label="Run"
      data={[
        { value: "", label: runs.length > 0 ? "Choose a run" : "There are no runs" },
        ...options,
      ]}
      {...props}
    />
  );
}
