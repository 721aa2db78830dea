// The way back from a run, and between its two views.
import { TextLink } from "@/components/link";
import classes from "./run-trail.module.css";

interface RunTrailProps {
  projectId: number;
  jobId: number;
  /** Whether there is a live view beside the details. */
  canWatch: boolean;
}

export function RunTrail({ projectId, jobId, canWatch }: RunTrailProps) {
  const here = { to: "/projects/$projectId/runs/$jobId", params: { projectId, jobId } } as const;
  const active = { includeSearch: true, exact: true } as const;
  return (
    <nav className={classes.trail} aria-label="This run">
      <TextLink to="/projects/$projectId/runs" params={{ projectId }} className={classes.back}>
        All runs of the project
      </TextLink>
      {canWatch && (
        <>
          <TextLink {...here} className={classes.view} activeOptions={active}>
            Live
          </TextLink>
          <TextLink
            {...here}
            search={{ view: "details" }}
            className={classes.view}
            activeOptions={active}
          >
            Details
          </TextLink>
        </>
      )}
    </nav>
  );
}
