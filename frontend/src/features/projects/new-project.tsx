// The dialog that makes a project and goes there.
import { Modal } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { createProject } from "@/api/projects";
import { ProjectForm } from "./project-form";

interface NewProjectProps {
  isOpen: boolean;
  onClose: () => void;
}

export function NewProject({ isOpen, onClose }: NewProjectProps) {
  const client = useQueryClient();
  const navigate = useNavigate();
  return (
    <Modal opened={isOpen} onClose={onClose} title="New project" size="lg">
      <ProjectForm
        action="Create"
        onSubmit={async (draft) => {
          const project = await createProject(draft);
          await client.invalidateQueries({ queryKey: ["projects"] });
          onClose();
          await navigate({ to: "/projects/$projectId", params: { projectId: project.id } });
        }}
      />
    </Modal>
  );
}
