// The dialog that makes a project and goes there; loaded when it is first wanted.
import { Modal } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { createProject } from "@/api/projects";
import { ProjectForm } from "./project-form";

interface NewProjectProps {
  onClose: () => void;
}

export default function NewProject({ onClose }: NewProjectProps) {
  const client = useQueryClient();
  const navigate = useNavigate();
  return (
    <Modal opened onClose={onClose} title="New project" size="lg">
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
