// The dialog with the form of a new export; loaded when it is first wanted.
import { Modal } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useRef } from "react";
import { startExport } from "@/api/exports";
import type { PostFilter } from "@/api/posts";
import type { Project, StartExport } from "@/api/types";
import { randomId } from "@/lib/random-id";
import { ExportForm } from "./export-form";

interface ExportDialogProps {
  project: Project;
  filter?: PostFilter;
  onClose: () => void;
}

export default function ExportDialog({ project, filter, onClose }: ExportDialogProps) {
  const client = useQueryClient();
  const navigate = useNavigate();
  const sent = useRef({ request: "", key: "" });
  async function start(wish: StartExport) {
    // The same request sent again, after a lost answer, makes the same export.
    const text = JSON.stringify(wish);
    if (sent.current.request !== text) sent.current = { request: text, key: randomId() };
    const made = await startExport(wish, sent.current.key);
    void client.invalidateQueries({ queryKey: ["exports", "list"] });
    onClose();
    await navigate({ to: "/projects/$projectId/exports", params: { projectId: project.id } });
    return made;
  }
  return (
    <Modal opened onClose={onClose} title="Export" size="lg">
      <ExportForm project={project} filter={filter} onStart={start} />
    </Modal>
  );
}
