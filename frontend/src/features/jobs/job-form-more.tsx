// The options that most scrapes do not need.
import { Checkbox, Collapse, SimpleGrid, Stack, TextInput, UnstyledButton } from "@mantine/core";
import type { UseFormReturnType } from "@mantine/form";
import { useDisclosure } from "@mantine/hooks";
import { IconChevronRight } from "@tabler/icons-react";
import { dayOf, type JobDraft, MAX_PARALLELISM, newJobDraft } from "./job-draft";
import classes from "./job-form.module.css";

interface JobFormMoreProps {
  form: UseFormReturnType<JobDraft>;
  isStream: boolean;
  isSingle: boolean;
}

const HIDDEN_FIELDS = [
  "include_comments",
  "comment_limit",
  "comment_depth",
  "only_new",
  "parallelism",
  "min_score",
  "since",
  "until",
] as const;

export function JobFormMore({ form, isStream, isSingle }: JobFormMoreProps) {
  const usual = newJobDraft([]);
  const isUsual = HIDDEN_FIELDS.every((name) => form.values[name] === usual[name]);
  const [isWanted, { toggle }] = useDisclosure(!isUsual);
  // An option that the server refuses is never out of sight.
  const isOpen = isWanted || HIDDEN_FIELDS.some((name) => form.errors[name]);
  return (
    <div>
      <UnstyledButton
        className={classes.more}
        aria-expanded={isOpen}
        onClick={toggle}
        type="button"
      >
        <IconChevronRight size={14} aria-hidden="true" data-open={isOpen || undefined} />
        More options
      </UnstyledButton>
      <Collapse expanded={isOpen}>
        <Stack gap="sm" mt="sm">
          <Checkbox
            label="Only posts that this project does not have"
            description="Stops at known ground; scores of older posts are not renewed."
            {...form.getInputProps("only_new", { type: "checkbox" })}
          />
          <Checkbox
            label="Comments too"
            description="Reads every post's thread: slower, and many more requests."
            {...form.getInputProps("include_comments", { type: "checkbox" })}
          />
          {isStream && (
            <Checkbox
              label="Stop when nobody watches"
              description="Otherwise it is finished in the background."
              {...form.getInputProps("is_stopped_on_leave", { type: "checkbox" })}
            />
          )}
          <Numbers form={form} isSingle={isSingle} />
        </Stack>
      </Collapse>
    </div>
  );
}

function Numbers({ form, isSingle }: Omit<JobFormMoreProps, "isStream">) {
  return (
    <SimpleGrid cols={{ base: 1, xs: 2 }}>
      {form.values.include_comments && (
        <TextInput
          type="number"
          label="Comments of each post"
          placeholder="all"
          min={1}
          {...form.getInputProps("comment_limit")}
        />
      )}
      {form.values.include_comments && (
        <TextInput
          type="number"
          label="Levels of comments"
          placeholder="all"
          min={1}
          {...form.getInputProps("comment_depth")}
        />
      )}
      {!isSingle && (
        <TextInput
          type="number"
          label="Subreddits at once"
          description="Within the source's pace all the same"
          inputWrapperOrder={["label", "input", "description", "error"]}
          min={1}
          max={MAX_PARALLELISM}
          {...form.getInputProps("parallelism")}
        />
      )}
      <TextInput
        type="number"
        label="Lowest score"
        placeholder="any"
        {...form.getInputProps("min_score")}
      />
      <TextInput
        type="date"
        label="Since"
        {...form.getInputProps("since")}
        value={dayOf(form.values.since)}
      />
      <TextInput
        type="date"
        label="Until"
        description="Dates need a source that selects by date"
        inputWrapperOrder={["label", "input", "description", "error"]}
        {...form.getInputProps("until")}
        value={dayOf(form.values.until)}
      />
    </SimpleGrid>
  );
}
