// Starts a scrape and goes to watch it.
import { useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useRef } from "react";
import { jobQuery, startJob } from "@/api/jobs";
import type { StartJob } from "@/api/types";
import { randomId } from "@/lib/random-id";

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
