// A file leaves by the buttons that people press, and is made anew when they ask.
import { readFile } from "node:fs/promises";
import { expect, status, test } from "./live-scene";

test("an export is saved by its button, and run again by the next", async ({ page, scene }) => {
  const jobId = await scene.start({ subreddit: "python", limit: 60 });
  await page.goto(scene.runUrl(jobId));
  await expect(status(page)).toHaveText("completed", { timeout: 30_000 });

  await page.goto(`${scene.wire.url}/projects/${scene.projectId}/exports`);
  await page.getByRole("button", { name: "Export", exact: true }).click();
  await page.getByText(/60 posts.*, about/).waitFor();
  await page.getByLabel("Keywords and sentiment").check();
  const [answer] = await Promise.all([
    page.waitForResponse((one) => one.status() === 202 && one.url().endsWith("/api/exports/")),
    page.getByRole("button", { name: "Start export" }).click(),
  ]);
  expect((await answer.json()).config.sheets).toContain("sentiment");
  const buttons = page.getByRole("button", { name: /^Download export/ });
  await expect(buttons).toHaveCount(1, { timeout: 30_000 });

  const [download] = await Promise.all([page.waitForEvent("download"), buttons.first().click()]);
  expect(download.suggestedFilename()).toMatch(/\.xlsx$/);
  const file = await readFile(await download.path());
  expect(file.subarray(0, 2).toString()).toBe("PK");
  await expect(page.getByRole("heading", { name: "Exports" })).toBeVisible();

  await page.getByRole("button", { name: /^Run export .* again$/ }).click();
  await expect(buttons).toHaveCount(2, { timeout: 30_000 });
});
