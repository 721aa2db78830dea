// Scraped text that attacks whoever reads it: opened in every view that shows it.
import { expect } from "@playwright/test";
import { status, test } from "./live-scene";

const ATTACKS = [
  "<script>window.hacked=1</script>",
  '<img src="x" onerror="window.hacked=1">',
  '"><svg onload=window.hacked=1>',
  "[a](javascript:window.hacked=1) ![b](https://tracker.test/pixel.png)",
  "<a href='javascript:window.hacked=1'>x</a><style>*{display:none}</style>",
  "{{constructor.constructor('window.hacked=1')()}}",
  "\u202Egnp.exe\u0000\u2028\u2029</title><iframe srcdoc='<script>parent.hacked=1</script>'>",
];

test("test_x21_x23_no_scraped_text_runs_and_nothing_is_fetched_for_it", async ({ page, scene }) => {
  const problems: string[] = [];
  page.on("dialog", (dialog) => {
    problems.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on("request", (request) => {
    if (!request.url().startsWith(scene.wire.url)) problems.push(`request: ${request.url()}`);
  });
  page.on("console", (line) => {
    if (/Content Security Policy/i.test(line.text())) problems.push(line.text());
  });
  const jobId = await scene.start({ subreddit: "python", limit: 10 });
  const text = ATTACKS.join("\n\n");
  await page.route(/\/api\/projects\/\d+\/posts\//, async (route) => {
    const response = await route.fetch();
    const body = await response.json();
    if (route.request().url().includes("/comments/")) {
      const who = { id: "t1_x", depth: 0, author: text, distinguished: text, removed: null };
      const when = { created_at: "2026-01-01T00:00:00Z", edited_at: null };
      body.results = [{ ...who, ...when, body: text, score: 1, stickied: false }];
      await route.fulfill({ response, json: body });
      return;
    }
    for (const post of body.results ?? [body]) {
      Object.assign(post, { title: text, selftext: text, author: text, flair: text });
      Object.assign(post, { subreddit: ATTACKS[0], domain: text, is_self: false });
      Object.assign(post, { url: "javascript:window.hacked=1", permalink: "javascript:hacked=1" });
      Object.assign(post, { thumbnail: "https://tracker.test/t.png" });
      post.media = [{ type: "image", url: "https://tracker.test/m.png", width: 1, height: 1 }];
    }
    await route.fulfill({ response, json: body });
  });
  await page.route(/\/api\/projects\/(\d+\/)?$/, async (route) => {
    if (route.request().method() !== "GET") return route.continue();
    const response = await route.fetch();
    const body = await response.json();
    for (const project of body.results ?? [body]) {
      Object.assign(project, { name: text, description: text, subreddits: ATTACKS });
    }
    await route.fulfill({ response, json: body });
  });
  await page.route(/\/api\/scraper\/jobs\/\d+\/$/, async (route) => {
    const response = await route.fetch();
    const body = await response.json();
    for (const target of body.targets ?? []) {
      Object.assign(target, { subreddit: text, error: { code: "blocked", detail: text } });
    }
    await route.fulfill({ response, json: body });
  });

  await page.goto(scene.runUrl(jobId));
  await expect(status(page)).toHaveText("completed", { timeout: 30_000 });
  await page.goto(`${scene.runUrl(jobId)}?view=details`);
  await page.getByRole("heading", { name: /subreddits? complete/ }).waitFor();
  await page.getByRole("tab", { name: "Events" }).click();
  await page.getByRole("log").waitFor();
  await page.getByRole("tab", { name: "Input" }).click();
  await page.getByRole("button", { name: "Copy input" }).waitFor();
  const project = `${scene.wire.url}/projects/${scene.projectId}`;
  for (const path of ["", "/settings", "/runs"]) {
    await page.goto(project + path);
    await page.getByRole("heading", { level: 1 }).waitFor();
  }
  await page.goto(`${scene.wire.url}/projects`);
  await page.getByRole("table").waitFor();
  await page.goto(`${project}/posts`);
  await page.getByRole("region", { name: "Posts" }).getByRole("button").first().click();
  const peek = page.getByRole("complementary", { name: "Post" });
  await expect(peek.getByRole("button", { name: "Load image" }).first()).toBeVisible();
  const comment = peek.getByRole("article", { name: /^Comment by/ });
  await expect(comment.getByRole("button", { name: "Load image" })).toBeVisible();
  await expect(peek.locator('a[href^="javascript"], script, iframe, img')).toHaveCount(0);

  expect(await page.evaluate(() => "hacked" in window)).toBe(false);
  expect(problems).toEqual([]);
});
