import { connection, expect, setFaults, status, test } from "./live-scene";

const POSTS = 10_000;
const LONGEST_TASK_MILLISECONDS = 100;
const MOST_NODES = 600;

interface Measured {
  tasks: number[];
  nodes: number;
}

declare global {
  interface Window {
    measured: Measured;
  }
}

/** Runs in the page: notes long tasks and the largest document. */
function measure(): void {
  const measured: Measured = { tasks: [], nodes: 0 };
  window.measured = measured;
  new PerformanceObserver((list) => {
    measured.tasks.push(...list.getEntries().map((entry) => entry.duration));
  }).observe({ type: "longtask" });
  window.setInterval(() => {
    measured.nodes = Math.max(measured.nodes, document.querySelectorAll("*").length);
  }, 250);
}

test("10,000 posts at 500 a second leave the page at ease", async ({ page, scene }) => {
  test.setTimeout(120_000);
  await setFaults([{ subreddit: "huge", posts_per_second: 500 }]);
  const jobId = await scene.start({ subreddit: "huge", limit: POSTS });
  await page.goto(scene.runUrl(jobId));
  await expect(connection(page)).toHaveText("Live");
  await page.evaluate(measure);
  await page.getByRole("textbox", { name: "Filter received posts" }).pressSequentially("the robot");
  await page.getByRole("textbox", { name: "Filter received posts" }).fill("");
  await page.getByRole("button", { name: "Pause view" }).click();
  await page.getByRole("button", { name: "Resume view" }).click();
  await expect(status(page)).toHaveText("completed", { timeout: 90_000 });
  await expect(connection(page)).toHaveText("Finished");
  // Rows are distinct by post id, so that many of them are all of them, each once.
  await expect(page.locator(`[aria-posinset='${POSTS}'][aria-setsize='${POSTS}']`)).toBeVisible();
  expect(await scene.job(jobId)).toMatchObject({ posts_scraped: POSTS });

  const measured = await page.evaluate(() => window.measured);
  test.info().annotations.push({
    type: "measured",
    description: JSON.stringify({
      longest_task_ms: Math.max(0, ...measured.tasks),
      long_tasks: measured.tasks.length,
      nodes: measured.nodes,
    }),
  });
  expect(measured.nodes).toBeLessThan(MOST_NODES);
  expect(Math.max(0, ...measured.tasks)).toBeLessThanOrEqual(LONGEST_TASK_MILLISECONDS);
});
