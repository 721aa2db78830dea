import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { HttpResponse, http } from "msw";
import { beforeEach, describe, expect, it, vi } from "vitest";
import type { Attempt, DeliveryDetail, Endpoint } from "@/api/webhooks";
import { renderRouted } from "@/testing/render-routed";
import { at, server } from "@/testing/server";
import { DeliveryView } from "./delivery-panel";
import { bodyOf, draftOf, NEW_ENDPOINT, readHeaders, readSchedule } from "./endpoint-draft";
import { EndpointPage } from "./endpoint-page";
import { EndpointsPage } from "./endpoints-page";
import { toggled } from "./event-tree";
import Recover from "./recover";
import Testing from "./testing";

const HOSTILE = `<img src=x onerror="document.title='hit'"><script>document.title='hit'</script>`;

function anEndpoint(change: Partial<Endpoint> = {}): Endpoint {
  return {
    id: 5,
    url: "https://example.org/hook",
    event_types: ["scraping.*"],
    project: null,
    description: "",
    headers: {},
    ordered: false,
    rate_per_second: null,
    schedule_seconds: null,
    status: "enabled",
    disabled_reason: null,
    failing_since: null,
    former_secrets_until: [],
    last_24_hours: { delivered: 2, failed: 1, held: 0, last_delivered_at: null },
    created_at: "2026-01-01T00:00:00Z",
    updated_at: "2026-01-01T00:00:00Z",
    ...change,
  };
}

function anAttempt(change: Partial<Attempt> = {}): Attempt {
  return {
    number: 1,
    at: "2026-01-01T00:00:00Z",
    status_code: 500,
    error_code: "http_status",
    error_detail: "",
    latency_ms: 12,
    response_body: "",
    response_encoding: "utf-8",
    manual: false,
    ...change,
  };
}

function aDelivery(change: Partial<DeliveryDetail> = {}): DeliveryDetail {
  return {
    id: 9,
    endpoint: 5,
    event_id: "evt_1",
    event_type: "scraping.completed",
    sequence: 4,
    previous_sequence: 3,
    status: "failed",
    attempt_count: 1,
    next_retry_at: null,
    waiting_for: null,
    is_test: false,
    reduced: null,
    recovery: null,
    created_at: "2026-01-01T00:00:00Z",
    delivered_at: null,
    payload: '{"id":"evt_1"}',
    attempts: [anAttempt()],
    ...change,
  };
}

beforeEach(() => {
  server.use(
    http.get(at("/api/webhooks/event-types/"), () =>
      HttpResponse.json(
        ["scraping.completed", "scraping.failed", "webhook.test"].map((name) => ({ name })),
      ),
    ),
    http.get(at("/api/webhooks/endpoints/5/activity/"), () => HttpResponse.json([])),
    http.get(at("/api/projects/"), () =>
      HttpResponse.json({ next: null, previous: null, results: [] }),
    ),
  );
});

describe("The form of an endpoint", () => {
  it("reads headers and schedules as people write them", () => {
    expect(readHeaders("A: b:c\n\n X-Y :  z ")).toEqual({ A: "b:c", "X-Y": "z" });
    expect(readHeaders("A: b\nnonsense")).toEqual({ badLine: "nonsense" });
    expect(readSchedule(" 60, 300;900 ")).toEqual([60, 300, 900]);
    expect(readSchedule("")).toBeNull();
    expect(readSchedule("60, soon")).toBeUndefined();
  });

  it("keeps what it was filled with", () => {
    const endpoint = anEndpoint({
      project: 3,
      headers: { "X-A": "********" },
      schedule_seconds: [5],
    });
    const { url, event_types, project, headers, schedule_seconds } = endpoint;
    expect(bodyOf(draftOf(endpoint))).toMatchObject({
      url,
      event_types,
      project,
      headers,
      schedule_seconds,
    });
    expect(bodyOf(NEW_ENDPOINT)).toMatchObject({ project: null, schedule_seconds: null });
  });

  it("lets a wider choice swallow what it covers", () => {
    expect(toggled(["scraping.failed", "webhook.test"], "scraping.*")).toEqual([
      "webhook.test",
      "scraping.*",
    ]);
    expect(toggled(["scraping.*"], "*")).toEqual(["*"]);
    expect(toggled(["*"], "*")).toEqual([]);
  });
});

describe("Adding an endpoint", () => {
  it("sends what was chosen, shows the secret this once, and leads to its tests", async () => {
    const bodies: unknown[] = [];
    server.use(
      http.get(at("/api/webhooks/endpoints/"), () =>
        HttpResponse.json({ next: null, previous: null, results: [] }),
      ),
      http.post(at("/api/webhooks/endpoints/"), async ({ request }) => {
        bodies.push(await request.json());
        return HttpResponse.json({ ...anEndpoint(), secret: "whsec_abc" }, { status: 201 });
      }),
    );
    const { router } = renderRouted(() => (
      <EndpointsPage cursor={undefined} onCursor={vi.fn()} isAdding onAdding={vi.fn()} />
    ));
    expect(await screen.findByText("Nobody listens yet")).toBeInTheDocument();
    const dialog = await screen.findByRole("dialog", { name: "Add endpoint" });
    await userEvent.type(within(dialog).getByLabelText("Address"), "https://example.org/hook");
    await userEvent.click(await within(dialog).findByLabelText("Everything, future kinds too"));
    await userEvent.click(within(dialog).getByRole("button", { name: "Create" }));
    expect(await screen.findByTestId("secret")).toHaveTextContent("whsec_abc");
    expect(bodies).toEqual([
      expect.objectContaining({ url: "https://example.org/hook", event_types: ["*"] }),
    ]);
    await userEvent.keyboard("{Escape}");
    expect(screen.getByTestId("secret")).toBeVisible();
    await userEvent.click(screen.getByRole("button", { name: "I have saved it" }));
    await waitFor(() => expect(router.state.location.href).toBe("/webhooks/5?tab=testing"));
  });
});

describe("An endpoint that is disabled", () => {
  it("says why, and is enabled by a button", async () => {
    let status: Endpoint["status"] = "disabled";
    server.use(
      http.get(at("/api/webhooks/endpoints/5/"), () =>
        HttpResponse.json(anEndpoint({ status, disabled_reason: "gone" })),
      ),
      http.post(at("/api/webhooks/endpoints/5/enable/"), () => {
        status = "enabled";
        return HttpResponse.json(anEndpoint());
      }),
      http.get(at("/api/webhooks/deliveries/"), () =>
        HttpResponse.json({ next: null, previous: null, results: [] }),
      ),
    );
    renderRouted(() => <EndpointPage endpointId={5} search={{}} onSearch={vi.fn()} />);
    expect(await screen.findByTestId("disabled")).toHaveTextContent("410 Gone");
    await userEvent.click(screen.getByRole("button", { name: "Enable" }));
    await waitFor(() => expect(screen.queryByTestId("disabled")).toBeNull());
  });
});

describe("A delivery", () => {
  it("tells what it waits for, tries once more on wish, and is then asked about again", async () => {
    let delivery = aDelivery({
      status: "dead",
      attempts: [
        anAttempt({ number: 1 }),
        anAttempt({ number: 2, status_code: null, error_code: "timeout" }),
      ],
    });
    let asked = 0;
    server.use(
      http.get(at("/api/webhooks/deliveries/9/"), () => {
        asked += 1;
        return HttpResponse.json(delivery);
      }),
      http.post(at("/api/webhooks/deliveries/9/retry/"), () => {
        const wait = { code: "courier" as const, detail: "As soon as one is free.", until: null };
        const answer = { ...delivery, status: "pending" as const, waiting_for: wait };
        delivery = aDelivery({ status: "delivered" });
        return HttpResponse.json(answer, { status: 202 });
      }),
    );
    renderRouted(() => <DeliveryView deliveryId={9} />);
    expect(await screen.findByText(/It did not answer in time/)).toBeVisible();
    expect(screen.getAllByRole("listitem")[0]).toHaveTextContent("#2");
    expect(asked).toBe(1);
    await userEvent.click(screen.getByRole("button", { name: "Retry now" }));
    await waitFor(() =>
      expect(screen.getByTestId("delivery-status")).toHaveTextContent("delivered"),
    );
    expect(asked).toBeGreaterThan(1);
    expect(screen.getByRole("button", { name: "Send again" })).toBeEnabled();
  });

  it("counts down to its next try", async () => {
    const until = new Date(Date.now() + 90_000).toISOString();
    const wait = { code: "schedule" as const, detail: "Not due yet.", until };
    server.use(
      http.get(at("/api/webhooks/deliveries/9/"), () =>
        HttpResponse.json(aDelivery({ waiting_for: wait, next_retry_at: until })),
      ),
    );
    renderRouted(() => <DeliveryView deliveryId={9} />);
    expect(await screen.findByText(/^in 1 min \d+ s$/)).toBeVisible();
  });

  it("test_x21_w22_shows_what_a_receiver_answered_as_text", async () => {
    const attempts = [
      anAttempt({ response_body: `${HOSTILE}\u0000`, error_detail: HOSTILE, error_code: "tls" }),
      anAttempt({ number: 2, response_body: "AP8=", response_encoding: "base64" }),
    ];
    server.use(
      http.get(at("/api/webhooks/deliveries/9/"), () =>
        HttpResponse.json(aDelivery({ attempts, event_type: HOSTILE, payload: HOSTILE })),
      ),
    );
    const { container } = renderRouted(() => <DeliveryView deliveryId={9} />);
    for (const summary of await screen.findAllByText(/^What it answered/)) {
      await userEvent.click(summary);
    }
    expect(screen.getByText("AP8=")).toBeVisible();
    expect(screen.getAllByText(/<script>/).length).toBeGreaterThan(1);
    expect(container.querySelector("script, [onerror], img, iframe")).toBeNull();
    expect(document.title).not.toBe("hit");
  });
});

describe("Testing an endpoint", () => {
  it("reports what the receiver wrongly accepted", async () => {
    const finding = (name: string, verdict: string) => ({
      name,
      verdict,
      detail: HOSTILE,
      status_code: 200,
      error_code: null,
    });
    server.use(
      http.post(at("/api/webhooks/endpoints/5/check-receiver/"), () =>
        HttpResponse.json({ findings: [finding("genuine", "passed"), finding("stale", "failed")] }),
      ),
    );
    const { container } = renderRouted(() => <Testing endpoint={anEndpoint()} />);
    await userEvent.click(await screen.findByRole("button", { name: "Check my receiver" }));
    expect(await screen.findByText("1 of 2 failed.")).toBeVisible();
    expect(screen.getByText("Signed ten minutes ago")).toBeVisible();
    expect(container.querySelector("img, script")).toBeNull();
  });
});

describe("Recovering a time range", () => {
  it("estimates, sends, watches and cancels", async () => {
    const recovery = {
      id: 2,
      endpoint: 5,
      since: "",
      until: "",
      status: "running",
      total: 10,
      waiting: 6,
      delivered: 4,
      dead: 0,
      created_at: "2026-01-01T00:00:00Z",
      cancelled_at: null,
    };
    server.use(
      http.get(at("/api/webhooks/endpoints/5/recover/"), ({ request }) => {
        expect(new URL(request.url).searchParams.get("since")).toMatch(/Z$/);
        return HttpResponse.json({ total: 10 });
      }),
      http.post(at("/api/webhooks/endpoints/5/recover/"), () =>
        HttpResponse.json(recovery, { status: 202 }),
      ),
      http.get(at("/api/webhooks/recoveries/2/"), () => HttpResponse.json(recovery)),
      http.post(at("/api/webhooks/recoveries/2/cancel/"), () => {
        recovery.status = "cancelled";
        return HttpResponse.json(recovery, { status: 202 });
      }),
    );
    renderRouted(() => <Recover endpoint={anEndpoint()} />);
    await userEvent.click(await screen.findByRole("button", { name: "Estimate" }));
    expect(await screen.findByText("10 deliveries would be sent.")).toBeVisible();
    await userEvent.click(screen.getByRole("button", { name: "Send them" }));
    expect(await screen.findByText(/Sending: 4 of 10 delivered, 6 to go/)).toBeVisible();
    await userEvent.click(screen.getByRole("button", { name: "Cancel" }));
    expect(await screen.findByText(/^Cancelled: 4 of 10/)).toBeVisible();
  });
});
