// Projects as rows; on a phone as cards, by style alone.

import { Button, Table, Text } from "@mantine/core";
import { IconFilterOff } from "@tabler/icons-react";
import type { Project } from "@/api/types";
import { EmptyState } from "@/components/empty-state";
import { TextLink } from "@/components/link";
import { RelativeTime } from "@/components/relative-time";
import { SubredditList } from "@/components/subreddit-list";
import tables from "@/components/table.module.css";

interface ProjectTableProps {
  projects: Project[];
  onClear: () => void;
}

export function ProjectTable({ projects, onClear }: ProjectTableProps) {
  if (projects.length === 0) {
    return (
      <EmptyState
        icon={<IconFilterOff size={22} />}
        title="Nothing matches"
        action={
          <Button variant="default" onClick={onClear}>
            Clear filter
          </Button>
        }
      />
    );
  }
  return (
    <Table className={tables.table}>
      <Table.Thead>
        <Table.Tr>
          <Table.Th>Name</Table.Th>
          <Table.Th>Subreddits</Table.Th>
          <Table.Th>Created</Table.Th>
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {projects.map((project) => (
          <Table.Tr key={project.id} className={tables.row}>
            <Table.Td>
              <TextLink
                to="/projects/$projectId"
                params={{ projectId: project.id }}
                className={tables.main}
              >
                {project.name}
              </TextLink>
              {project.description && (
                <Text size="xs" c="dimmed" lineClamp={1}>
                  {project.description}
                </Text>
              )}
            </Table.Td>
            <Table.Td>
              <SubredditList names={project.subreddits} />
            </Table.Td>
            <Table.Td>
              <RelativeTime at={project.created_at} />
            </Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}
