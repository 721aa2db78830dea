// Changing a project, and ending it.
import { Button, Divider, List, Paper, Text, Title } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { changeProject, deleteProject, overviewQuery } from "@/api/projects";
import type { Project } from "@/api/types";
import { ConfirmByName } from "@/components/confirm-by-name";
import { plural } from "@/lib/format";
import { ProjectForm } from "./project-form";

export function ProjectSettings({ project }: { project: Project }) {
  const client = useQueryClient();
  return (
    <Paper withBorder p="md" maw={640}>
      <ProjectForm
        key={project.updated_at}
        initial={project}
        action="Save"
        onSubmit={async (draft) => {
          await changeProject(project.id, draft);
          await client.invalidateQueries({ queryKey: ["projects"] });
          notifications.show({ message: "Project saved." });
        }}
      />
      <Divider my="lg" />
      <DeleteProject project={project} />
    </Paper>
  );
}

function DeleteProject({ project }: { project: Project }) {
  const [isAsking, setAsking] = useState(false);
  const client = useQueryClient();
  const navigate = useNavigate();
  const overview = useQuery({ ...overviewQuery(project.id), enabled: isAsking });
  const removal = useMutation({
    mutationFn: () => deleteProject(project.id),
    onSuccess: async () => {
      await navigate({ to: "/projects" });
      client.removeQueries({ queryKey: ["projects", project.id] });
      await client.invalidateQueries();
      notifications.show({ message: `${project.name} is deleted.` });
    },
  });
  return (
    <section aria-labelledby="delete">
      <Title order={2} id="delete">
        Delete this project
      </Title>
      <Text size="sm" c="dimmed" mt={4} mb="sm">
        Running work stops, and everything collected for it is gone for good.
      </Text>
      <Button variant="light" color="red" onClick={() => setAsking(true)}>
        Delete project
      </Button>
      {isAsking && (
        <ConfirmByName
          title="Delete this project?"
          name={project.name}
          action="Delete for good"
          isBusy={removal.isPending}
          error={removal.error}
          onConfirm={() => removal.mutate()}
          onClose={() => setAsking(false)}
        >
          This cannot be undone. It ends:
          <List size="sm" mt={4}>
            <List.Item>
              {overview.data ? plural(overview.data.posts, "post") : "All posts"}
            </List.Item>
            <List.Item>every run and its history; those running are cancelled</List.Item>
            <List.Item>analyses and exports made of them</List.Item>
          </List>
        </ConfirmByName>
      )}
    </section>
  );
}
