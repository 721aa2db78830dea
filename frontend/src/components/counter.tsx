// One number that matters, with its name.
import classes from "./counter.module.css";

interface CounterProps {
  label: string;
  value: string;
  note?: string;
}

export function Counter({ label, value, note }: CounterProps) {
  return (
    <div className={classes.counter}>
      <dt className={classes.label}>{label}</dt>
      <dd className={classes.value}>
        {value}
        {note && <span className={classes.note}>{note}</span>}
      </dd>
    </div>
  );
}

export function Counters({ children }: { children: React.ReactNode }) {
  return <dl className={classes.row}>{children}</dl>;
}
