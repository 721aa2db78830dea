// Runs of several subreddits: what is missing, why, and going on with it.
import { expect, status, test } from "./live-scene";

test("a partial run says what is missing, and Retry failed goes on with that alone", async ({
  page,
  scene,
}) => {
  test.setTimeout(120_000);
  const jobId = await scene.startBulk(["python", "rust", "private"], 30);
  await page.goto(`${scene.wire.url}/jobs`);
  const row = page.getByRole("row").filter({ hasText: `#${jobId}` });
  await expect(row).toContainText("2 of 3 subreddits", { timeout: 60_000 });
  await page.getByRole("link", { name: `#${jobId}` }).click();

  await expect(status(page)).toHaveText("partial");
  await expect(page.getByTestId("outcome")).toContainText("Partial: 2 of 3 subreddits");
  await expect(page.getByTestId("outcome")).toContainText("private");
  await expect(page.getByText("Limit reached").first()).toBeVisible();
  await page.getByRole("tab", { name: "Events" }).click();
  await expect(page.getByRole("log")).toContainText("partial · 60 posts");
  const saving = page.waitForEvent("download");
  await page.getByRole("button", { name: "Download" }).click();
  expect((await saving).suggestedFilename()).toBe(`run-${jobId}-events.jsonl`);

  await page.getByRole("button", { name: "Retry failed" }).click();
  await expect(page).not.toHaveURL(new RegExp(`/runs/${jobId}`));
  await expect(page.getByText(`#${jobId}`).or(page.getByText("r/private")).first()).toBeVisible();
  await expect(status(page)).toHaveText("failed", { timeout: 60_000 });
});

test("a run is duplicated with edits", async ({ page, scene }) => {
  const jobId = await scene.startBulk(["python", "rust"], 10);
  await page.goto(`${scene.runUrl(jobId)}?view=details`);
  await page.getByRole("button", { name: "Duplicate" }).click();
  const dialog = page.getByRole("dialog");
  await expect(dialog.getByRole("textbox", { name: "Subreddits" })).toHaveValue("python, rust");
  await dialog.getByLabel("Limit").fill("7");
  await dialog.getByRole("button", { name: "Start" }).click();
  await expect(dialog).toHaveCount(0);
  await expect(page).not.toHaveURL(new RegExp(`/runs/${jobId}`));
  await expect(status(page)).toHaveText("completed", { timeout: 60_000 });
});

test("the sources say what they need, and one that is ready answers a test", async ({
  page,
  scene,
}) => {
  await page.goto(`${scene.wire.url}/settings/sources`);
  const api = page.getByRole("region", { name: "Reddit API" });
  await expect(api).toContainText("TEPPAN_REDDIT_CLIENT_ID");
  await page.getByRole("button", { name: "Test connection of Simulated Reddit" }).click();
  await expect(page.getByText(/Answered in \d+ ms/)).toBeVisible({ timeout: 30_000 });
});

test("the comments of a post are read, folded and unfolded", async ({ page, scene }) => {
  test.setTimeout(120_000);
  const jobId = await scene.startBulk(["python"], 10, { include_comments: true });
  await scene.ended(jobId);
  const post = await scene.mostDiscussed();
  await page.goto(`${scene.wire.url}/projects/${scene.projectId}/posts/${post}`);
  const first = page.getByRole("article", { name: /^Comment by/ }).first();
  await expect(first).toBeVisible({ timeout: 15_000 });
  await expect(page.getByText(/^\d+ of \d+, read/)).toBeVisible();
  const unfold = page.getByRole("button", { name: /^Unfold the comment/ });
  const fold = page.getByRole("button", { name: /^Fold the comment/ });
  const unfolded = await fold.count();
  await fold.first().click();
  await expect(unfold).toHaveCount(1);
  await unfold.click();
  await expect(fold).toHaveCount(unfolded);
});
