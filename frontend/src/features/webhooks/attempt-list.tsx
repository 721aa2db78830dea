// The tries of a delivery, newest first. What a receiver answered is a stranger's text: shown as it
// is, never as a page.
import { Text } from "@mantine/core";
import type { Attempt } from "@/api/webhooks";
import { usePreference } from "@/hooks/use-preference";
import { formatExact } from "@/lib/format";
import { faultSentence } from "./webhook-words";
import classes from "./webhooks.module.css";

export function AttemptList({ attempts }: { attempts: Attempt[] }) {
  const [zone] = usePreference("time-zone");
  if (attempts.length === 0) return null;
  return (
    <section aria-label="Tries">
      <h3 className={classes.part}>Tries</h3>
      <ol className={classes.attempts} reversed>
        {attempts.toReversed().map((attempt) => (
          <li
            key={attempt.number}
            className={classes.attempt}
            data-failed={attempt.error_code !== null || undefined}
          >
            <div className={classes.attemptHead}>
              <strong>#{attempt.number}</strong>
              <span className={classes.outcome}>
                {attempt.status_code ?? attempt.error_code ?? "no answer"}
              </span>
              {attempt.latency_ms !== null && <span>{attempt.latency_ms} ms</span>}
              {attempt.manual && <span>by hand</span>}
              <time dateTime={attempt.at}>{formatExact(attempt.at, zone === "utc")}</time>
            </div>
            {attempt.error_code && (
              <Text size="sm" className={classes.fault}>
                <code>{attempt.error_code}</code>{" "}
                {faultSentence(attempt.error_code, attempt.error_detail)}
              </Text>
            )}
            {attempt.response_body && <Response attempt={attempt} />}
          </li>
        ))}
      </ol>
    </section>
  );
}

function Response({ attempt }: { attempt: Attempt }) {
  const isBinary = attempt.response_encoding === "base64";
  return (
    <details className={classes.response}>
      <summary>What it answered{isBinary && " (not text; as base64)"}</summary>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scroller has to be reachable by keyboard */}
      <pre className={classes.code} tabIndex={0}>
        {attempt.response_body}
      </pre>
    </details>
  );
}
