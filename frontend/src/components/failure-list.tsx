// What went wrong where, one line for each cause: what happened, what can be done, and the code.
import { failureWords } from "@/lib/failure-words";
import classes from "./failure-list.module.css";

export interface Failure {
  /** Empty when the whole run is meant. */
  subreddit: string;
  code: string;
  detail: string;
}

// More names on one line are not read.
const NAMES_SHOWN = 4;

export function FailureList({ failures }: { failures: Failure[] }) {
  if (failures.length === 0) return null;
  const causes = new Map<string, Failure[]>();
  for (const failure of failures) {
    causes.set(failure.code, [...(causes.get(failure.code) ?? []), failure]);
  }
  return (
    <ul className={classes.failures}>
      {[...causes].map(([code, all]) => {
        const { sentence, nextStep } = failureWords(code, all[0]?.detail ?? "");
        const names = namesOf(all);
        return (
          <li key={code}>
            {names && <strong>{names}: </strong>}
            {sentence} {nextStep} <code>{code}</code>
          </li>
        );
      })}
    </ul>
  );
}

function namesOf(failures: Failure[]): string {
  const names = failures.flatMap(({ subreddit }) => (subreddit ? [`r/${subreddit}`] : []));
  const more = names.length - NAMES_SHOWN;
  return names.slice(0, NAMES_SHOWN).join(", ") + (more > 0 ? ` and ${more} more` : "");
}
