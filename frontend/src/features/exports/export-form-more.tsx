// What an export holds of each post, and how it is written.
import { Checkbox, Collapse, SimpleGrid, Stack, UnstyledButton } from "@mantine/core";
import type { UseFormReturnType } from "@mantine/form";
import { useDisclosure } from "@mantine/hooks";
import { IconChevronRight } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { formatsQuery } from "@/api/exports";
import { type ExportDraft, hasFindings, isForSpreadsheets } from "./export-draft";
import classes from "./exports.module.css";

interface ExportFormMoreProps {
  form: UseFormReturnType<ExportDraft>;
}

export function ExportFormMore({ form }: ExportFormMoreProps) {
  const [isWanted, { toggle }] = useDisclosure(false);
  const isOpen = isWanted || form.errors.columns !== undefined;
  const { format, has_comments } = form.values;
  const isNested = format === "jsonl" || format === "parquet";
  const box = (name: keyof ExportDraft & string) => form.getInputProps(name, { type: "checkbox" });
  return (
    <Stack gap="sm">
      <Checkbox label="Comments too" {...box("has_comments")} />
      {has_comments && format !== "package" && (
        <Checkbox
          label={isNested ? "Nested in their posts" : "On one row with their posts"}
          description={
            format === "xlsx"
              ? "Otherwise on a sheet of their own."
              : "Otherwise in a file of their own, and both in a ZIP."
          }
          {...box("is_joined")}
        />
      )}
      <Checkbox
        label="Keywords and sentiment"
        description={`What these posts say, by an English lexicon: ${
          format === "xlsx" ? "two more sheets and a chart." : "two more tables."
        } Takes about a second for 2,000 posts.`}
        checked={hasFindings(form.values)}
        onChange={(event) => form.setFieldValue("has_findings", event.currentTarget.checked)}
      />
      <Checkbox
        label="Pseudonyms instead of authors' names"
        description="The same author has the same one throughout this file. Texts stay as they are."
        {...box("mask_authors")}
      />
      <Checkbox label="Leave out removed posts" {...box("leave_out_removed")} />
      {isForSpreadsheets(format) && (
        <Checkbox
          label="Safe for spreadsheets"
          description="Puts ' before texts that a spreadsheet would run as a formula."
          {...box("safe")}
        />
      )}
      {format === "csv" && (
        <Checkbox
          label="Byte order mark"
          description="Lets older Excel read accents and emoji."
          {...box("bom")}
        />
      )}
      <div>
        <UnstyledButton
          className={classes.more}
          aria-expanded={isOpen}
          onClick={toggle}
          type="button"
        >
          <IconChevronRight size={14} aria-hidden="true" data-open={isOpen || undefined} />
          Columns
        </UnstyledButton>
        <Collapse expanded={isOpen}>
          <Columns form={form} />
        </Collapse>
      </div>
    </Stack>
  );
}

function Columns({ form }: ExportFormMoreProps) {
  const { data } = useQuery(formatsQuery);
  return (
    <Checkbox.Group
      label="Columns of posts"
      description="All of them when none is chosen."
      mt="sm"
      {...form.getInputProps("columns")}
    >
      <SimpleGrid cols={{ base: 2, xs: 3 }} spacing={6} mt={8}>
        {data?.[0]?.columns.map((name) => (
          <Checkbox key={name} size="xs" value={name} label={name} />
        ))}
      </SimpleGrid>
    </Checkbox.Group>
  );
}
