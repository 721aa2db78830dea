// Projects as rows; on a phone as cards, by style alone.

import { Button, Text } from "@mantine/core";
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
    <table className={tables.table}>
      <thead>
        <tr>
          <th>Name</th>
          <th>Subreddits</th>
          <th>Created</th>
        </tr>
      </thead>
      <tbody>
        {projects.map((project) => (
          <tr key={project.id} className={tables.row}>
            <td>
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
            </td>
            <td>
              <SubredditList names={project.subreddits} />
            </td>
            <td>
              <RelativeTime at={project.created_at} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
