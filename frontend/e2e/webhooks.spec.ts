// From an address to a delivery, over the real stack and a receiver on this machine.
import { expect, test } from "./live-scene";
import { Receiver } from "./receiver";

const HOSTILE = "<script>document.title='hit'</script><img src=x onerror=\"document.title='hit'\">";

test("an endpoint is added, tested, retried by hand and disabled", async ({ page, scene }) => {
  test.setTimeout(120_000);
  const receiver = new Receiver();
  await receiver.open();
  try {
    receiver.status = 500;
    receiver.answer = HOSTILE;
    await page.goto(`${scene.wire.url}/webhooks`);
    await page.getByText("Nobody listens yet").waitFor();
    await page.getByRole("button", { name: "Add endpoint" }).click();
    await page.getByLabel("Address").fill(receiver.url);
    await page.getByRole("button", { name: "Create", exact: true }).click();
    await expect(page.getByTestId("secret")).toHaveText(/^whsec_/);
    await page.getByRole("button", { name: "I have saved it" }).click();
    await expect(page).toHaveURL(/\/webhooks\/\d+\?tab=testing$/);
    await expect(page.getByTestId("secret")).toHaveCount(0);

    await page.getByRole("button", { name: "Send test" }).click();
    const status = page.getByTestId("delivery-status");
    await expect(status).toHaveText(/dead|failed/, { timeout: 30_000 });
    await page.getByText("What it answered").click();
    await expect(page.getByText("<script>", { exact: false })).toBeVisible();
    await expect(page.locator("main script, main img")).toHaveCount(0);
    expect(await page.title()).not.toBe("hit");

    receiver.status = 200;
    await page.getByRole("button", { name: "Retry now" }).click();
    await expect(status).toHaveText("delivered", { timeout: 30_000 });
    const [first, second] = receiver.received;
    expect(second?.headers["webhook-id"]).toBe(first?.headers["webhook-id"]);
    expect(second?.headers["webhook-signature"]).toMatch(/^v1,/);
    expect(second?.body).toBe(first?.body);

    await page.getByRole("tab", { name: "Settings" }).click();
    await page.getByRole("button", { name: "Disable" }).click();
    await expect(page.getByTestId("disabled")).toContainText("You disabled it.");
    await page.getByRole("button", { name: "Enable" }).click();
    await expect(page.getByTestId("disabled")).toHaveCount(0);
  } finally {
    await receiver.close();
  }
});

test("a run that ends is told to who listens, and stands among the deliveries", async ({
  page,
  scene,
}) => {
  test.setTimeout(120_000);
  const receiver = new Receiver();
  await receiver.open();
  try {
    await scene.addEndpoint(receiver.url);
    const jobId = await scene.startBulk(["python", "private"], 20);
    await expect.poll(() => receiver.received.length, { timeout: 60_000 }).toBeGreaterThan(0);
    expect(JSON.parse(receiver.received[0]?.body ?? "{}")).toMatchObject({
      type: "scraping.partial",
      data: { id: jobId, status: "partial" },
    });
    await page.goto(`${scene.wire.url}/webhooks/deliveries?status=delivered`);
    await page.getByRole("button", { name: "scraping.partial" }).click();
    const panel = page.getByRole("complementary", { name: "Delivery" });
    await expect(panel).toContainText('"status": "partial"');
    await page.keyboard.press("Escape");
    await expect(panel).toHaveCount(0);
  } finally {
    await receiver.close();
  }
});
