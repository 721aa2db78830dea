// An account of its own for each test that signs up by hand.
import type { Page } from "@playwright/test";

export const password = "cast-iron-plate-9";

export async function createAccount(page: Page): Promise<string> {
  const username = `first-${crypto.randomUUID().slice(0, 12)}`;
  await page.goto("/setup");
  await page.getByLabel("Username").fill(username);
  await page.getByLabel("Password", { exact: true }).fill(password);
  await page.getByRole("button", { name: "Create account" }).click();
  await page.getByRole("heading", { name: "Projects" }).waitFor();
  return username;
}
