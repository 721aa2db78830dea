// The way to the pages before and after this one; the cursor is part of the address.
import { Button, Group } from "@mantine/core";
import { IconChevronLeft, IconChevronRight } from "@tabler/icons-react";
import { cursorOf } from "@/api/client";

interface PagerProps {
  page: { next?: string | null; previous?: string | null } | undefined;
  /** The cursor of this page; none on the first. */
  cursor: string | undefined;
  onCursor: (cursor: string | undefined) => void;
  newer?: string;
  older?: string;
}

export function Pager({ page, cursor, onCursor, newer = "Newer", older = "Older" }: PagerProps) {
  const next = cursorOf(page?.next);
  if (!page || (!next && !cursor)) return null;
  return (
    <Group justify="space-between" mt="md" component="nav" aria-label="Pages">
      <Button
        variant="default"
        disabled={!cursor}
        leftSection={<IconChevronLeft size={15} aria-hidden="true" />}
        onClick={() => onCursor(cursorOf(page.previous))}
      >
        {newer}
      </Button>
      <Button
        variant="default"
        disabled={!next}
        rightSection={<IconChevronRight size={15} aria-hidden="true" />}
        onClick={() => onCursor(next)}
      >
        {older}
      </Button>
    </Group>
  );
}
