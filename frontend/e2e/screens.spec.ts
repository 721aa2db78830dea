// Every screen in light and dark, wide and narrow: nothing that axe objects to, nothing that the
// content security policy refuses, nothing wider than the window.
import AxeBuilder from "@axe-core/playwright";
import { expect, type Page } from "@playwright/test";
import { status, test } from "./live-scene";

const LOOKS = [
  { colorScheme: "light", width: 1280 },
  { colorScheme: "dark", width: 1280 },
  { colorScheme: "light", width: 390 },
  { colorScheme: "dark", width: 390 },
] as const;

function watchViolations(page: Page): string[] {
  const found: string[] = [];
  page.on("pageerror", (error) => found.push(error.message));
  page.on("console", (line) => {
    if (/Content Security Policy|script|style/i.test(line.text())) found.push(line.text());
  });
  return found;
}

async function inspect(page: Page, name: string): Promise<void> {
  await page.mouse.move(0, 0);
  const { violations } = await new AxeBuilder({ page }).analyze();
  const objections = violations.map(
    ({ id, nodes }) => `${id}: ${nodes.map((node) => node.html.slice(0, 160)).join(" | ")}`,
  );
  expect.soft(objections, name).toEqual([]);
  const excess = await page.evaluate(
    () => document.documentElement.scrollWidth - window.innerWidth,
  );
  expect.soft(excess, `${name} is wider than the window`).toBeLessThanOrEqual(0);
}

for (const { colorScheme, width } of LOOKS) {
  test(`every screen is sound, ${colorScheme}, ${width} px`, async ({ page, scene }) => {
    test.setTimeout(480_000);
    const violations = watchViolations(page);
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    await page.setViewportSize({ width, height: 860 });
    const project = `${scene.wire.url}/projects/${scene.projectId}`;

    await page.goto(project);
    await page.getByText("Nothing collected yet").waitFor();
    await inspect(page, "empty overview");
    const jobId = await scene.start({ subreddit: "python", limit: 60 });
    await page.goto(scene.runUrl(jobId));
    await expect(status(page)).toHaveText("completed", { timeout: 30_000 });
    await inspect(page, "live run");

    await page.goto(`${scene.runUrl(jobId)}?view=details`);
    await page.getByRole("heading", { name: "1 of 1 subreddit complete" }).waitFor();
    await inspect(page, "run in detail");
    await page.getByRole("tab", { name: "Events" }).click();
    await page.getByRole("log").waitFor();
    await inspect(page, "run's events");
    await page.getByRole("tab", { name: "Input" }).click();
    await page.getByRole("button", { name: "Copy input" }).waitFor();
    await inspect(page, "run's input");
    await page.getByRole("button", { name: "View as API call" }).first().click();
    await page
      .getByText("TEPPAN_TOKEN and run", { exact: false })
      .or(page.getByText("Put a token"))
      .first()
      .waitFor();
    await inspect(page, "API call");

    await page.goto(`${scene.wire.url}/projects`);
    await page.getByRole("link", { name: "Live" }).waitFor();
    await inspect(page, "projects");
    await page.getByRole("button", { name: "New project" }).click();
    await page.getByRole("dialog").waitFor();
    await inspect(page, "new project");

    await page.goto(project);
    await page.getByRole("heading", { name: "Posts per day" }).waitFor();
    await inspect(page, "overview");
    await page.getByRole("button", { name: "New scrape" }).click();
    await page.getByRole("button", { name: "More options" }).click();
    await page.getByRole("combobox", { name: "Source" }).click();
    await page.getByRole("option", { name: /Simulated Reddit/ }).waitFor();
    await inspect(page, "new scrape");

    await page.goto(`${project}/runs`);
    await page.getByText("completed").first().waitFor();
    await inspect(page, "runs");

    await page.goto(`${project}/posts`);
    await page.getByRole("region", { name: "Posts" }).getByRole("button").first().click();
    await page.getByRole("heading", { name: "Comments" }).waitFor();
    await inspect(page, "posts");
    await page.goto(`${project}/posts?q=qqzzqq&min_score=5`);
    await page.getByText("Nothing matches").waitFor();
    await inspect(page, "no posts");

    await page.goto(`${project}/exports`);
    await page.getByText("No exports yet").waitFor();
    await inspect(page, "no exports");
    await page.getByRole("button", { name: "Export", exact: true }).click();
    await page.getByText(/\d posts.*, about/).waitFor();
    await page.getByRole("button", { name: "Columns" }).click();
    await inspect(page, "new export");
    await page.getByRole("button", { name: "Start export" }).click();
    await page.getByRole("button", { name: /Download export/ }).waitFor({ timeout: 30_000 });
    await inspect(page, "exports");

    await page.goto(`${project}/settings`);
    await page.getByRole("button", { name: "Delete project" }).click();
    await page.getByRole("dialog").waitFor();
    await inspect(page, "deletion");

    await page.goto(`${scene.wire.url}/nowhere`);
    await page.getByText("There is nothing here").waitFor();
    await inspect(page, "not found");

    await page.goto(`${scene.wire.url}/jobs`);
    await page.getByText("completed").first().waitFor();
    await page.keyboard.press("Control+k");
    await page.getByPlaceholder("Go to or do…").waitFor();
    await inspect(page, "palette");
    await page.goto(`${scene.wire.url}/jobs`);
    await page.getByText("completed").first().waitFor();
    await page.keyboard.press("?");
    await page.getByRole("dialog", { name: "Keyboard" }).waitFor();
    await inspect(page, "keyboard sheet");

    await page.goto(`${scene.wire.url}/settings/sources`);
    await page.getByText("are ready").waitFor();
    await inspect(page, "sources");
    await page.goto(`${scene.wire.url}/webhooks`);
    await page.getByText("Nobody listens yet").waitFor();
    await page.getByRole("button", { name: "Add endpoint" }).click();
    await page.getByLabel("scraping.failed").waitFor();
    await inspect(page, "new endpoint");
    const endpoint = await scene.addEndpoint("http://127.0.0.1:8099/nobody");
    for (const [tab, sign] of [
      ["testing", "Send test"],
      ["recover", "Estimate"],
      ["settings", "Rotate secret"],
    ]) {
      await page.goto(`${scene.wire.url}/webhooks/${endpoint}?tab=${tab}`);
      await page.getByRole("button", { name: sign }).waitFor();
      await inspect(page, `endpoint, ${tab}`);
    }
    await page.goto(`${scene.wire.url}/webhooks/${endpoint}?tab=testing`);
    await page.getByRole("button", { name: "Send test" }).click();
    await page.getByTestId("delivery-status").waitFor();
    await page.goto(`${scene.wire.url}/webhooks/deliveries`);
    await page.getByRole("button", { name: "webhook.test" }).click();
    await page.getByRole("complementary", { name: "Delivery" }).getByText("Body").waitFor();
    await inspect(page, "delivery");
    await page.goto(`${scene.wire.url}/webhooks`);
    await page.getByRole("table").waitFor();
    await inspect(page, "endpoints");
    await page.goto(`${scene.wire.url}/webhooks/events`);
    await page.getByRole("button", { name: "Copy verify.py" }).waitFor();
    await inspect(page, "event catalogue");

    await page.context().clearCookies();
    for (const place of ["login", "setup"]) {
      await page.goto(`${scene.wire.url}/${place}`);
      await page.getByLabel("Username").waitFor();
      await inspect(page, place);
    }
    expect(violations).toEqual([]);
  });
}
