// The button and dialog that start a scrape and go to watch it.
import { Button, Modal } from "@mantine/core";
import { IconFlame } from "@tabler/icons-react";
import { useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useRef, useState } from "react";
import { jobQuery, startJob } from "@/api/jobs";
import type { Project, StartJob } from "@/api/types";
import { useKeySequences } from "@/hooks/use-key-sequences";
import { randomId } from "@/lib/random-id";
import { JobForm } from "./job-form";

export function NewScrape({ project }: { project: Project }) {
  const [isOpen, setOpen] = useState(false);
  const start = useStartScrape(project.id);
  useKeySequences({ c: () => setOpen(true) });
  return (
    <>
      <Button
        leftSection={<IconFlame size={16} aria-hidden="true" />}
        onClick={() => setOpen(true)}
      >
        New scrape
      </Button>
      <Modal opened={isOpen} onClose={() => setOpen(false)} title="New scrape" size="lg">
        <JobForm project={project} onStart={start} />
      </Modal>
    </>
  );
}

/** Returns a function that starts a job once, however often the same request is sent, and goes there. */
export function useStartScrape(projectId: number) {
  const client = useQueryClient();
  const navigate = useNavigate();
  const sent = useRef({ request: "", key: "" });
  return async (request: StartJob) => {
    const text = JSON.stringify(request);
    if (sent.current.request !== text) sent.current = { request: text, key: randomId() };
    const job = await startJob(request, sent.current.key);
    sent.current = { request: "", key: "" };
    client.setQueryData(jobQuery(job.id).queryKey, job);
    void client.invalidateQueries({ queryKey: ["jobs", "list"] });
    void client.invalidateQueries({ queryKey: ["projects", projectId] });
    await navigate({
      to: "/projects/$projectId/runs/$jobId",
      params: { projectId, jobId: job.id },
    });
    return job;
  };
}
