// The dialog with the form of a new scrape; loaded when it is first wanted.
import { Modal } from "@mantine/core";
import type { Project } from "@/api/types";
import type { JobDraft } from "./job-draft";
import { JobForm } from "./job-form";
import { useStartScrape } from "./use-start-scrape";

interface ScrapeDialogProps {
  project: Project;
  title?: string;
  initial?: Partial<JobDraft>;
  onClose: () => void;
}

export default function ScrapeDialog({
  project,
  title = "New scrape",
  initial,
  onClose,
}: ScrapeDialogProps) {
  const start = useStartScrape(project.id);
  return (
    <Modal opened onClose={onClose} title={title} size="lg">
      <JobForm
        project={project}
        initial={initial}
        onStart={async (request) => {
          const job = await start(request);
          onClose();
          return job;
        }}
      />
    </Modal>
  );
}
