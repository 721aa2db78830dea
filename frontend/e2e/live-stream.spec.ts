import { connection, expect, rows, setFaults, status, test } from "./live-scene";

test.describe("A live run", () => {
  test("shows posts before it has ended, and then how it ended", async ({ page, scene }) => {
    await setFaults([{ subreddit: "huge", posts_per_second: 60 }]);
    const jobId = await scene.start({ subreddit: "huge", limit: 300 });
    await page.goto(scene.runUrl(jobId));
    await expect(rows(page).first()).toBeVisible();
    await expect(status(page)).toHaveText("running");
    await expect(connection(page)).toHaveText("Live");
    await expect(status(page)).toHaveText("completed", { timeout: 20_000 });
    await expect(connection(page)).toHaveText("Finished");
    await expect(page.getByTestId("summary")).toContainText("300 posts");
    await expect(page.locator("[aria-posinset='300']")).toBeVisible();
    await page.getByTestId("summary").getByRole("link", { name: "Posts" }).click();
    await expect(page).toHaveURL(/\/posts\?job=\d+/);
  });

  test("names the wall that it met, and the next step", async ({ page, scene }) => {
    const jobId = await scene.start({ subreddit: "private", limit: 50 });
    await page.goto(scene.runUrl(jobId));
    await expect(status(page)).toHaveText("failed");
    const summary = page.getByTestId("summary");
    await expect(summary).toContainText("This subreddit is private.");
    await expect(summary).toContainText("private");
    await expect(summary.getByRole("button", { name: "Retry failed" })).toBeVisible();
  });

  test("is stopped by Cancel", async ({ page, scene }) => {
    await setFaults([{ subreddit: "huge", posts_per_second: 60 }]);
    const jobId = await scene.start({ subreddit: "huge", limit: 1000 });
    await page.goto(scene.runUrl(jobId));
    await expect(rows(page).first()).toBeVisible();
    await page.getByRole("button", { name: "Cancel" }).click();
    await expect(status(page)).toHaveText("cancelled", { timeout: 6_000 });
    await expect(connection(page)).toHaveText("Finished");
    await expect(page.getByTestId("summary")).toContainText("Cancelled");
    expect((await scene.job(jobId)).status).toBe("cancelled");
  });

  test("is not found when it does not exist", async ({ page, scene }) => {
    await page.goto(scene.runUrl(999_999));
    await expect(page.getByRole("alert")).toContainText("Not found");
  });
});

test.describe("Nothing is lost", () => {
  test("test_s36 by reloads in mid-run, which start nothing again", async ({ page, scene }) => {
    await setFaults([{ subreddit: "huge", posts_per_second: 60 }]);
    const jobId = await scene.start({ subreddit: "huge", limit: 400 });
    await page.goto(scene.runUrl(jobId));
    for (let round = 0; round < 3; round += 1) {
      await expect(rows(page).first()).toBeVisible();
      await page.reload();
    }
    await expect(status(page)).toHaveText("completed", { timeout: 30_000 });
    await expect(page.locator("[aria-posinset='400']")).toBeVisible();
    expect(await scene.job(jobId)).toMatchObject({ posts_scraped: 400, requests_made: 4 });
  });

  test("test_s10 by a cut wire", async ({ page, scene }) => {
    await setFaults([{ subreddit: "huge", posts_per_second: 60 }]);
    const jobId = await scene.start({ subreddit: "huge", limit: 500 });
    await page.goto(scene.runUrl(jobId));
    await expect(rows(page).first()).toBeVisible();
    scene.wire.cut();
    await expect(connection(page)).toContainText("Reconnecting (attempt 1");
    await expect(connection(page)).toHaveText("Live", { timeout: 10_000 });
    expect(scene.wire.heads.at(-1)).toMatch(/last-event-id: \d+/i);
    await expect(status(page)).toHaveText("completed", { timeout: 30_000 });
    await expect(connection(page)).toHaveText("Finished");
    await expect(page.locator("[aria-posinset='500'][aria-setsize='500']")).toBeVisible();
  });

  test("by a browser that goes offline", async ({ page, scene, context }) => {
    await setFaults([{ subreddit: "huge", posts_per_second: 60 }]);
    const jobId = await scene.start({ subreddit: "huge", limit: 500 });
    await page.goto(scene.runUrl(jobId));
    await expect(rows(page).first()).toBeVisible();
    await context.setOffline(true);
    await expect(connection(page)).toContainText("Offline");
    await context.setOffline(false);
    await expect(status(page)).toHaveText("completed", { timeout: 30_000 });
    await expect(connection(page)).toHaveText("Finished");
    await expect(page.locator("[aria-posinset='500'][aria-setsize='500']")).toBeVisible();
  });

  test("test_s18 by a server that is gone for a while", async ({ page, scene }) => {
    await setFaults([{ subreddit: "huge", posts_per_second: 40 }]);
    const jobId = await scene.start({ subreddit: "huge", limit: 600 });
    await page.goto(scene.runUrl(jobId));
    await expect(rows(page).first()).toBeVisible();
    await scene.wire.close();
    await expect(connection(page)).toContainText("Offline", { timeout: 30_000 });
    await expect(rows(page).first()).toBeVisible();
    await scene.wire.open();
    await expect(connection(page)).toHaveText(/Live|Finished/, { timeout: 35_000 });
    await expect(status(page)).toHaveText("completed", { timeout: 30_000 });
    await expect(connection(page)).toHaveText("Finished");
    await expect(page.locator("[aria-posinset='600'][aria-setsize='600']")).toBeVisible();
  });
});
