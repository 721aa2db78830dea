// From nothing to a first live scrape, through an expired session, and by keyboard alone.
import { expect, test } from "@playwright/test";
import { createAccount, password } from "./account";
import { setFaults, status } from "./live-scene";

test.beforeEach(() => setFaults([]));

test("a stranger watches a first scrape within a minute, and nothing secret is stored", async ({
  page,
}) => {
  test.setTimeout(60_000);
  await createAccount(page);
  await page.getByRole("button", { name: "Try a live scrape" }).click();
  await expect(page.getByRole("article").first()).toBeVisible();
  await expect(status(page)).toHaveText("completed", { timeout: 30_000 });

  const stored = await page.evaluate(() => JSON.stringify([localStorage, sessionStorage]));
  expect(stored).not.toMatch(/eyJ|token|password/i);
  expect(await page.evaluate(() => document.cookie)).toBe("");
  await page.reload();
  await expect(status(page)).toHaveText("completed");
});

test("an expired session asks for the password and keeps the form", async ({ page }) => {
  const username = await createAccount(page);
  await page.getByRole("button", { name: "New project" }).click();
  await page.getByLabel("Name").fill("Kept");
  await page.getByLabel("Description").fill("Every word of it");

  await page.context().clearCookies();
  await page.route("**/api/projects/", (route) => route.fulfill({ status: 401, json: {} }), {
    times: 1,
  });
  await page.getByRole("button", { name: "Create", exact: true }).click();
  const dialog = page.getByRole("dialog", { name: "Your session has ended" });
  await dialog.getByLabel("Username").fill(username);
  await dialog.getByLabel("Password", { exact: true }).fill(password);
  await dialog.getByRole("button", { name: "Sign in" }).click();
  await expect(dialog).toBeHidden();

  await expect(page.getByLabel("Description")).toHaveValue("Every word of it");
  await page.getByRole("button", { name: "Create", exact: true }).click();
  await expect(page.getByRole("heading", { name: "Kept" })).toBeVisible();
});

test("the keyboard goes everywhere, and is silent inside fields", async ({ page }) => {
  await createAccount(page);
  await page.keyboard.press("c");
  await page.getByLabel("Name").pressSequentially("Big c, g then p?");
  await page.getByLabel("Subreddits").fill("python");
  await expect(page.getByLabel("Name")).toHaveValue("Big c, g then p?");
  await page.getByRole("button", { name: "Create", exact: true }).click();
  await page.getByRole("heading", { name: "Big c" }).waitFor();

  await page.keyboard.press("g");
  await page.keyboard.press("o");
  await expect(page).toHaveURL(/\/posts$/);
  await expect(page.getByRole("heading", { name: "Posts", exact: true })).toBeFocused();
  await page.keyboard.press("/");
  await expect(page.getByLabel("Search posts")).toBeFocused();
  await page.getByRole("heading", { name: "Posts", exact: true }).click();
  await page.keyboard.press("g");
  await page.keyboard.press("p");
  await expect(page).toHaveURL(/\/projects$/);
});

test("what an address asks for is kept until after signing in", async ({ page }) => {
  const username = await createAccount(page);
  await page.context().clearCookies();
  await page.goto("/jobs?status=failed");
  await page.getByLabel("Username").fill(username);
  await page.getByLabel("Password", { exact: true }).fill(password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page).toHaveURL(/\/jobs\?status=failed$/);
});

test("a part that is gone from the server asks for a reload", async ({ page }) => {
  await createAccount(page);
  await page.route(/run-pages-.*\.js/, (route) => route.fulfill({ status: 404, body: "" }));
  await page.getByRole("link", { name: "All runs" }).click();
  await expect(page.getByRole("heading", { name: "There is a new version" })).toBeVisible();
});

test("a failing list says so with its request id, and recovers by Retry", async ({ page }) => {
  await createAccount(page);
  let isBroken = true;
  await page.route(/\/api\/scraper\/jobs\/\?/, (route) =>
    isBroken
      ? route.fulfill({
          status: 400,
          headers: { "X-Request-ID": "r-e2e" },
          json: {
            type: "client_error",
            errors: [{ code: "invalid", detail: "Not today.", attr: null }],
          },
        })
      : route.continue(),
  );
  await page.goto("/jobs");
  await expect(page.getByRole("alert")).toContainText("Not today.");
  await expect(page.getByRole("alert")).toContainText("r-e2e");
  isBroken = false;
  await page.getByRole("button", { name: "Retry" }).click();
  await expect(page.getByText("No runs yet")).toBeVisible();
});
