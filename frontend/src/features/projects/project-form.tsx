// The fields of a project, for a new one and for a change.
import { Button, Group, Stack, TagsInput, Textarea, TextInput } from "@mantine/core";
import type { ProjectDraft } from "@/api/types";
import { ErrorPanel } from "@/components/error-panel";
import { NamesInput } from "@/components/names-input";
import { useApiForm } from "@/hooks/use-api-form";
import { parseSubredditNames } from "@/lib/subreddit-names";

interface ProjectFormProps {
  initial?: ProjectDraft;
  action: string;
  onSubmit: (draft: ProjectDraft) => Promise<unknown>;
}

const NOTHING: ProjectDraft = { name: "", description: "", keywords: [], subreddits: [] };

export function ProjectForm({ initial = NOTHING, action, onSubmit }: ProjectFormProps) {
  const { form, submit, isBusy, error } = useApiForm({
    initialValues: {
      name: initial.name,
      description: initial.description,
      keywords: initial.keywords,
      subreddits: initial.subreddits.join(", "),
    },
    validate: { name: (value: string) => (value.trim() ? null : "Give it a name.") },
    send: (values) =>
      onSubmit({
        ...values,
        name: values.name.trim(),
        subreddits: parseSubredditNames(values.subreddits),
      }),
  });
  return (
    <form onSubmit={submit} noValidate>
      <Stack gap="sm">
        {error ? <ErrorPanel error={error} /> : null}
        <TextInput
          label="Name"
          placeholder="Home espresso machines"
          data-autofocus
          {...form.getInputProps("name")}
        />
        <NamesInput
          label="Subreddits"
          description="Where the people are. You can leave this empty for now."
          {...form.getInputProps("subreddits")}
        />
        <TagsInput
          label="Keywords"
          description="Words that matter here; press Enter after each."
          {...form.getInputProps("keywords")}
        />
        <Textarea
          label="Description"
          autosize
          minRows={2}
          maxRows={8}
          placeholder="What do you want to find out?"
          {...form.getInputProps("description")}
        />
        <Group justify="flex-end">
          <Button type="submit" loading={isBusy}>
            {action}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
