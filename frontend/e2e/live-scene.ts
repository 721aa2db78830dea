// What the live tests need around the page: an account of its own, a project, a run on the simulated
// Reddit, and a wire to the stack that can be cut.
import { test as base, expect, type Page } from "@playwright/test";
import { Wire } from "./live-proxy";

export interface Wish {
  subreddit: string;
  limit: number;
  sort?: "new" | "hot" | "top";
  on_disconnect?: "continue" | "stop";
}

export interface Rule {
  subreddit: string;
  posts_per_second?: number;
  latency_ms?: number;
  action?: string;
}

const sandbox = process.env.TEPPAN_E2E_SANDBOX_URL ?? "";

/** One signed-in person in one browser, on a wire of their own. */
export class Scene {
  access = "";
  projectId = 0;

  constructor(
    readonly page: Page,
    readonly wire: Wire,
  ) {}

  async signIn(): Promise<void> {
    const account = {
      username: `viewer-${crypto.randomUUID().slice(0, 12)}`,
      password: "cast-iron-plate-9",
    };
    await this.#post("/api/auth/register/", account);
    // The answer's cookie is the browser's too: the page starts with a session.
    this.access = (await this.#post<{ access: string }>("/api/auth/token/", account)).access;
    const project = await this.#post<{ id: number }>("/api/projects/", { name: "Live" });
    this.projectId = project.id;
  }

  /** Starts a live run and returns its id. */
  async start({ subreddit, ...rest }: Wish): Promise<number> {
    const job = await this.#post<{ id: number }>("/api/scraper/jobs/", {
      project: this.projectId,
      mode: "stream",
      backend: "sandbox",
      sort: "new",
      subreddits: [subreddit],
      ...rest,
    });
    return job.id;
  }

  /** Starts a run in the background and returns its id. */
  async startBulk(subreddits: string[], limit: number, rest: object = {}): Promise<number> {
    const job = await this.#post<{ id: number }>("/api/scraper/jobs/", {
      project: this.projectId,
      backend: "sandbox",
      subreddits,
      limit,
      ...rest,
    });
    return job.id;
  }

  /** Waits for a run's end. */
  async ended(jobId: number): Promise<void> {
    await expect
      .poll(async () => (await this.job(jobId)).status, { timeout: 60_000 })
      .not.toMatch(/pending|running/);
  }

  /** Returns the post of the project with the most comments. */
  async mostDiscussed(): Promise<string> {
    const path = `/api/projects/${this.projectId}/posts/?sort=num_comments`;
    const response = await this.page.request.get(this.wire.url + path, {
      headers: { Authorization: `Bearer ${this.access}` },
    });
    return (await response.json()).results[0].id;
  }

  async addEndpoint(url: string): Promise<number> {
    const body = { url, event_types: ["scraping.*"] };
    return (await this.#post<{ id: number }>("/api/webhooks/endpoints/", body)).id;
  }

  runUrl(jobId: number): string {
    return `${this.wire.url}/projects/${this.projectId}/runs/${jobId}`;
  }

  async job(
    jobId: number,
  ): Promise<Record<string, unknown> & { status: string; posts_scraped: number }> {
    const response = await this.page.request.get(`${this.wire.url}/api/scraper/jobs/${jobId}/`, {
      headers: { Authorization: `Bearer ${this.access}` },
    });
    return response.json();
  }

  async #post<T>(path: string, data: object): Promise<T> {
    const headers: Record<string, string> = this.access
      ? { Authorization: `Bearer ${this.access}` }
      : {};
    const response = await this.page.request.post(this.wire.url + path, { data, headers });
    expect(response.ok(), `${path}: ${response.status()} ${await response.text()}`).toBe(true);
    return (await response.json()) as T;
  }
}

/** Scripts the simulated Reddit; every test starts with no rule. */
export async function setFaults(rules: Rule[]): Promise<void> {
  await fetch(`${sandbox}/_sandbox/faults`, { method: "DELETE" });
  const response = await fetch(`${sandbox}/_sandbox/faults`, {
    method: "POST",
    body: JSON.stringify(rules),
  });
  expect(response.ok).toBe(true);
}

export const test = base.extend<{ scene: Scene }>({
  scene: async ({ page, baseURL }, use) => {
    const wire = new Wire(new URL(baseURL ?? ""));
    await wire.open();
    await setFaults([]);
    const scene = new Scene(page, wire);
    await scene.signIn();
    await use(scene);
    await setFaults([]);
    await page.close();
    await wire.close();
  },
});

export const status = (page: Page) => page.getByTestId("run-status");
export const connection = (page: Page) => page.getByTestId("connection");
export const rows = (page: Page) => page.locator("[data-post]");

export { expect };
