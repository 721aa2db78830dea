// Cancelling and retrying a run; after either, everything that shows it is asked again.
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useRef } from "react";
import { cancelJob, jobQuery, retryJob } from "@/api/jobs";
import type { Job } from "@/api/types";
import { randomId } from "@/lib/random-id";

export function useJobActions(job: Job) {
  const client = useQueryClient();
  const navigate = useNavigate();
  // One wish, one job: after an answer that was lost, the next click asks for the same one.
  const retryKey = useRef("");
  function show(changed: Job): Promise<void> {
    client.setQueryData(jobQuery(changed.id).queryKey, changed);
    return client.invalidateQueries({ queryKey: ["jobs"] });
  }
  const cancel = useMutation({ mutationFn: () => cancelJob(job.id), onSuccess: show });
  const retry = useMutation({
    mutationFn: () => {
      retryKey.current ||= randomId();
      return retryJob(job.id, retryKey.current);
    },
    onSuccess: async (next) => {
      retryKey.current = "";
      void show(next);
      await navigate({
        to: "/projects/$projectId/runs/$jobId",
        params: { projectId: next.project, jobId: next.id },
      });
    },
  });
  return { cancel, retry };
}
