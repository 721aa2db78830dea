// The dialog with the form of a new scrape; loaded when it is first wanted.
import { Modal } from "@mantine/core";
import type { Project } from "@/api/types";
import { JobForm } from "./job-form";
import { useStartScrape } from "./use-start-scrape";

interface ScrapeDialogProps {
  project: Project;
  onClose: () => void;
}

export default function ScrapeDialog({ project, onClose }: ScrapeDialogProps) {
  const start = useStartScrape(project.id);
  return (
    <Modal opened onClose={onClose} title="New scrape" size="lg">
      <JobForm project={project} onStart={start} />
    </Modal>
  );
}
