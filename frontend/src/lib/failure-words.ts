// What each error code of a run means to a person: what happened, and what can be done about it.

export interface FailureWords {
  sentence: string;
  nextStep: string;
}

const WORDS = {
  blocked: {
    sentence: "Reddit refused the request with its block page.",
    nextStep:
      "Wait a while, or retry with another configured source; official access (OAuth) is blocked least.",
  },
  challenge: {
    sentence: "Reddit asked to prove that a human is reading, which Teppan does not answer.",
    nextStep: "Retry later, or choose a source with your own Reddit credentials.",
  },
  login_required: {
    sentence: "Reddit shows this subreddit to signed-in people only.",
    nextStep: "Configure Reddit credentials or your own session cookies, then retry.",
  },
  rate_limited: {
    sentence: "Reddit's request limit is used up and did not open in time.",
    nextStep: "Retry in some minutes; what was stored is kept.",
  },
  private: {
    sentence: "This subreddit is private.",
    nextStep: "Ask its moderators for access, or take it out of the project.",
  },
  banned: {
    sentence: "Reddit has banned this subreddit.",
    nextStep: "Take it out of the project; posts you stored before are kept.",
  },
  quarantined: {
    sentence: "This subreddit is quarantined.",
    nextStep:
      "Opt in with your own Reddit account and use its credentials, or take it out of the project.",
  },
  not_found: {
    sentence: "There is no subreddit of this name.",
    nextStep: "Check the spelling.",
  },
  layout_changed: {
    sentence: "Reddit's page has a shape that Teppan does not know.",
    nextStep: "Retry with another source, and look for a newer version of Teppan.",
  },
  invalid_response: {
    sentence: "The answers could not be read, five times in a row.",
    nextStep: "Retry; if it stays, choose another source.",
  },
  upstream: {
    sentence: "Reddit kept answering with an error of its own.",
    nextStep: "Retry in some minutes.",
  },
  network: {
    sentence: "Reddit could not be reached.",
    nextStep: "Check this server's network and proxy, then retry.",
  },
  timeout: {
    sentence: "Reddit took too long to answer, five times in a row.",
    nextStep: "Retry in some minutes, or choose another source.",
  },
  authentication_failed: {
    sentence: "Reddit did not accept the configured credentials.",
    nextStep: "Correct the credentials in the settings, then retry.",
  },
  not_configured: {
    sentence: "The chosen source is not set up.",
    nextStep: "Set what it needs (shown where sources are chosen), or choose another source.",
  },
  unsupported: {
    sentence: "The chosen source cannot do what was asked.",
    nextStep: "Change sort, dates or limit, or choose another source.",
  },
  exhausted: {
    sentence: "All configured sources were tried, without success.",
    nextStep: "Look at the notices for each source's reason, then retry.",
  },
  cursor_lost: {
    sentence: "Reddit lost the place in the listing, so later pages are missing.",
    nextStep: "Retry: it goes on from the last page that was stored.",
  },
  worker_lost: {
    sentence: "The process that did the work was lost, several times.",
    nextStep: "Check that a worker is running, then retry; it goes on where it stopped.",
  },
  time_limit: {
    sentence: "The run reached the longest time that runs may take.",
    nextStep: "Retry: it goes on where it stopped. A lower limit takes less time.",
  },
  budget: {
    sentence: "The run used up the budget it was given.",
    nextStep: "Start another with a larger budget.",
  },
  internal: {
    sentence: "Something in Teppan itself went wrong.",
    nextStep: "Retry; if it stays, the server's log has the details.",
  },
} satisfies Record<string, FailureWords>;

export type FailureCode = keyof typeof WORDS;

export const FAILURE_CODES = Object.keys(WORDS) as FailureCode[];

/** Returns the words for a code; a code of a newer server is shown with its own detail. */
export function failureWords(code: string, detail: string): FailureWords {
  if (Object.hasOwn(WORDS, code)) return WORDS[code as FailureCode];
  return { sentence: detail || `The run ended with "${code}".`, nextStep: "Retry." };
}
