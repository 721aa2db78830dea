// Counts per day as bars: plain SVG, with the same numbers as a table for whoever cannot see them.
import { VisuallyHidden } from "@mantine/core";
import classes from "./day-bars.module.css";

export interface DayCount {
  date: string;
  count: number;
}

const HEIGHT = 88;
const DAY_MILLISECONDS = 86_400_000;

interface DayBarsProps {
  days: DayCount[];
  label: string;
  height?: number;
}

export function DayBars({ days, label, height = HEIGHT }: DayBarsProps) {
  const filled = fillDays(days);
  const highest = Math.max(1, ...filled.map((day) => day.count));
  return (
    <figure className={classes.figure}>
      <svg
        viewBox={`0 0 ${filled.length * 10} ${height}`}
        height={height}
        preserveAspectRatio="none"
        className={classes.chart}
        aria-hidden="true"
      >
        {filled.map(({ date, count }, index) => {
          const size = count === 0 ? 1.5 : Math.max(3, (count / highest) * (height - 2));
          return (
            <g key={date} className={classes.day}>
              <title>{`${date}: ${count}`}</title>
              <rect x={index * 10} y={0} width={10} height={height} className={classes.touch} />
              <rect
                x={index * 10 + 1}
                y={height - size}
                width={8}
                height={size}
                className={count === 0 ? classes.none : classes.bar}
              />
            </g>
          );
        })}
      </svg>
      <figcaption className={classes.axis}>
        <span>{filled[0]?.date}</span>
        <span>highest day {highest}</span>
        <span>{filled.at(-1)?.date}</span>
      </figcaption>
      <VisuallyHidden>
        <table>
          <caption>{label}</caption>
          <tbody>
            {days.map(({ date, count }) => (
              <tr key={date}>
                <th scope="row">{date}</th>
                <td>{count}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </VisuallyHidden>
    </figure>
  );
}

/** Returns every day from the first to the last, those without posts as zero. */
export function fillDays(days: DayCount[]): DayCount[] {
  const counts = new Map(days.map((day) => [day.date, day.count]));
  const dates = [...counts.keys()].sort();
  const first = Date.parse(dates[0] ?? "");
  const last = Date.parse(dates.at(-1) ?? "");
  const filled: DayCount[] = [];
  for (let at = first; at <= last; at += DAY_MILLISECONDS) {
    const date = new Date(at).toISOString().slice(0, 10);
    filled.push({ date, count: counts.get(date) ?? 0 });
  }
  return filled;
}
