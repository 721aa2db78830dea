import { connection, expect, rows, setFaults, status, test } from "./live-scene";

// One more than a browser opens connections to a server over HTTP/1.1.
const TABS = 7;

test("test_s29 Seven tabs watch one run over one connection, and see the same", async ({
  page,
  scene,
  context,
}) => {
  test.setTimeout(120_000);
  await setFaults([{ subreddit: "huge", posts_per_second: 40 }]);
  const jobId = await scene.start({ subreddit: "huge", limit: 1000 });
  const pages = [page];
  while (pages.length < TABS) pages.push(await context.newPage());
  for (const tab of pages) {
    await tab.goto(scene.runUrl(jobId));
    await expect(rows(tab).first()).toBeVisible({ timeout: 15_000 });
  }
  await expect.poll(() => scene.wire.openStreams, { timeout: 15_000 }).toBe(1);
  for (const tab of pages) await expect(connection(tab)).toHaveText(/Live|Finished/);
  await page.close();
  for (const tab of pages.slice(1)) {
    await expect(status(tab)).toHaveText("completed", { timeout: 60_000 });
    // What nobody looks at is not drawn.
    await tab.bringToFront();
    const last = tab.locator("[aria-posinset='1000'][aria-setsize='1000']");
    await expect(last).toBeVisible({ timeout: 15_000 });
  }
});
