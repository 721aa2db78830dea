// Cancelling and retrying a run; after either, everything that shows it is asked again.
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { cancelJob, jobQuery, retryJob } from "@/api/jobs";
import type { Job } from "@/api/types";
import { randomId } from "@/lib/random-id";

export function useJobActions(job: Job) {
  const client = useQueryClient();
  const navigate = useNavigate();
  function show(changed: Job): Promise<void> {
    client.setQueryData(jobQuery(changed.id).queryKey, changed);
    return client.invalidateQueries({ queryKey: ["jobs"] });
  }
  const cancel = useMutation({ mutationFn: () => cancelJob(job.id), onSuccess: show });
  const retry = useMutation({
    mutationFn: () => retryJob(job.id, randomId()),
    onSuccess: async (next) => {
      void show(next);
      await navigate({
        to: "/projects/$projectId/runs/$jobId",
        params: { projectId: next.project, jobId: next.id },
      });
    },
  });
  return { cancel, retry };
}
