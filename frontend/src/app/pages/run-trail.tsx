// The way back from a run, and between its two views.
import { TextLink } from "@/components/link";
import classes from "./run-trail.module.css";

interface RunTrailProps {
  projectId: number;
  jobId: number;
  /** Whether there is a live view beside the details. */
  canWatch: boolean;
  isInDetail: boolean;
}

export function RunTrail({ projectId, jobId, canWatch, isInDetail }: RunTrailProps) {
  const here = { to: "/projects/$projectId/runs/$jobId", params: { projectId, jobId } } as const;
  // Which view is open is told by the search, whatever else stands in it.
  const current = (is: boolean) =>
    is ? ({ "data-open": true, "aria-current": "page" } as const) : { "aria-current": undefined };
  return (
    <nav className={classes.trail} aria-label="This run">
      <TextLink to="/projects/$projectId/runs" params={{ projectId }} className={classes.back}>
        All runs of the project
      </TextLink>
      {canWatch && (
        <>
          <TextLink {...here} className={classes.view} {...current(!isInDetail)}>
            Live
          </TextLink>
          <TextLink
            {...here}
            search={{ view: "details" }}
            className={classes.view}
            {...current(isInDetail)}
          >
            Details
          </TextLink>
        </>
      )}
    </nav>
  );
}
