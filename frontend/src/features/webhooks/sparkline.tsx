// The tries of 24 hours as bars: what arrived below, what failed on top. Its sentence stands beside it.
import { useQuery } from "@tanstack/react-query";
import { activityQuery } from "@/api/webhooks";
import classes from "./webhooks.module.css";

const HEIGHT = 24;
const BAR = 4;

export function Sparkline({ endpointId }: { endpointId: number }) {
  const { data: hours = [] } = useQuery(activityQuery(endpointId));
  const highest = Math.max(1, ...hours.map(({ succeeded, failed }) => succeeded + failed));
  return (
    <svg width={24 * (BAR + 1)} height={HEIGHT} className={classes.sparkline} aria-hidden="true">
      {hours.map(({ hour, succeeded, failed }, index) => {
        const good = (succeeded / highest) * HEIGHT;
        const bad = (failed / highest) * HEIGHT;
        const x = index * (BAR + 1);
        return (
          <g key={hour}>
            <title>{`${hour}: ${succeeded} arrived, ${failed} failed`}</title>
            <rect x={x} y={HEIGHT - 1} width={BAR} height={1} className={classes.ground} />
            <rect x={x} y={HEIGHT - good} width={BAR} height={good} className={classes.good} />
            <rect x={x} y={HEIGHT - good - bad} width={BAR} height={bad} className={classes.bad} />
          </g>
        );
      })}
    </svg>
  );
}
