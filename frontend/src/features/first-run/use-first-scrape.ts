// Makes a small project and watches it fill from the simulated Reddit.
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { startJob } from "@/api/jobs";
import { createProject } from "@/api/projects";
import { randomId } from "@/lib/random-id";

const SUBREDDIT = "python";
// Enough to see it move, over within seconds.
const LIMIT = 200;

export function useFirstScrape() {
  const client = useQueryClient();
  const navigate = useNavigate();
  return useMutation({
    mutationFn: async () => {
      const project = await createProject({
        name: "First look",
        description: "Posts of the simulated Reddit, to see how a live scrape works.",
        keywords: [],
        subreddits: [SUBREDDIT],
      });
      return startJob(
        {
          project: project.id,
          subreddits: [SUBREDDIT],
          backend: "sandbox",
          mode: "stream",
          limit: LIMIT,
        },
        randomId(),
      );
    },
    onSuccess: async (job) => {
      await navigate({
        to: "/projects/$projectId/runs/$jobId",
        params: { projectId: job.project, jobId: job.id },
      });
      void client.invalidateQueries({ queryKey: ["projects"] });
    },
  });
}
