// The options that most scrapes do not need.
import { Checkbox, Collapse, Stack, TextInput, UnstyledButton } from "@mantine/core";
import type { UseFormReturnType } from "@mantine/form";
import { useDisclosure } from "@mantine/hooks";
import { IconChevronRight } from "@tabler/icons-react";
import type { JobDraft } from "./job-draft";
import classes from "./job-form.module.css";

interface JobFormMoreProps {
  form: UseFormReturnType<JobDraft>;
  isStream: boolean;
}

export function JobFormMore({ form, isStream }: JobFormMoreProps) {
  const [isOpen, { toggle }] = useDisclosure(false);
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
            label="Comments too"
            description="Reads every post's thread: slower, and many more requests."
            {...form.getInputProps("include_comments", { type: "checkbox" })}
          />
          <Checkbox
            label="Only posts that this project does not have"
            {...form.getInputProps("only_new", { type: "checkbox" })}
          />
          {isStream && (
            <Checkbox
              label="Stop when nobody watches"
              description="Otherwise it is finished in the background."
              {...form.getInputProps("is_stopped_on_leave", { type: "checkbox" })}
            />
          )}
          <TextInput
            type="number"
            label="Lowest score"
            placeholder="any"
            maw={160}
            {...form.getInputProps("min_score")}
          />
        </Stack>
      </Collapse>
    </div>
  );
}
