// What the sources are called, what each is good for, and how they fare.

interface SourceWords {
  label: string;
  note: string;
}

const WORDS: Record<string, SourceWords> = {
  auto: { label: "Auto", note: "the best source that is ready" },
  native_json: { label: "Reddit JSON", note: "Reddit's public listings" },
  rss: { label: "Reddit RSS", note: "feeds; scores are not known" },
  oauth: { label: "Reddit API", note: "official, with your own credentials" },
  playwright: { label: "Browser (Playwright)", note: "reads pages as a person would" },
  nodriver: { label: "Browser (nodriver)", note: "reads pages as a person would" },
  selenium: { label: "Browser (Selenium)", note: "reads pages as a person would" },
  brightdata: { label: "Bright Data", note: "a paid collection service" },
  archive: { label: "Archive", note: "reaches far back in time" },
  sandbox: { label: "Simulated Reddit", note: "built in; asks nobody outside this machine" },
};

/** Returns the words for a source; one of a newer server goes by its own name. */
export function sourceWords(name: string): SourceWords {
  return Object.hasOwn(WORDS, name) && WORDS[name] ? WORDS[name] : { label: name, note: "" };
}

export interface HealthWords {
  word: string;
  color: string;
  note: string;
}

const HEALTH: Record<string, HealthWords> = {
  healthy: { word: "healthy", color: "tetsu", note: "" },
  degraded: { word: "degraded", color: "yellow", note: "Some of its latest answers failed." },
  limited: {
    word: "limited",
    color: "yellow",
    note: "Its request limit is used up; it is asked again when that opens.",
  },
  open: {
    word: "resting",
    color: "red",
    note: "It failed too often in a row and is left alone for a while.",
  },
  unknown: { word: "not used yet", color: "gray", note: "" },
};

/** Returns how a source fares in words. */
export function healthWords(isConfigured: boolean, state: string | undefined): HealthWords {
  if (!isConfigured) return { word: "not set up", color: "gray", note: "" };
  const known = state !== undefined && Object.hasOwn(HEALTH, state) ? HEALTH[state] : undefined;
  return known ?? { word: state ?? "ready", color: state ? "gray" : "tetsu", note: "" };
}
