// What else an operator may set for a source, and what it is good for.

export interface SourceOption {
  setting: string;
  purpose: string;
}

const PROXY: SourceOption = { setting: "TEPPAN_PROXY_URL", purpose: "another way out" };
const COOKIES: SourceOption = {
  setting: "TEPPAN_REDDIT_COOKIES_FILE",
  purpose: "your own session, where Reddit asks for a log-in",
};
const BROWSER: SourceOption[] = [
  { setting: "TEPPAN_BROWSER_SITE", purpose: "www or old pages" },
  COOKIES,
  PROXY,
];

const OPTIONS: Record<string, SourceOption[]> = {
  native_json: [COOKIES, PROXY],
  rss: [COOKIES, PROXY],
  oauth: [
    { setting: "TEPPAN_REDDIT_CLIENT_SECRET", purpose: "the application's secret" },
    { setting: "TEPPAN_REDDIT_USERNAME", purpose: "an account to act for" },
    { setting: "TEPPAN_REDDIT_PASSWORD", purpose: "its password" },
    PROXY,
  ],
  archive: [PROXY],
  playwright: BROWSER,
  nodriver: BROWSER,
  selenium: [{ setting: "chromedriver", purpose: "on the PATH of the server" }, ...BROWSER],
};

/** Returns the optional settings of a source, its own pace among them. */
export function optionsOf(name: string): SourceOption[] {
  const pace = `TEPPAN_REQUESTS_PER_MINUTE_${name.toUpperCase()}`;
  const own = Object.hasOwn(OPTIONS, name) ? (OPTIONS[name] ?? []) : [];
  return [...own, { setting: pace, purpose: "a slower pace" }];
}
