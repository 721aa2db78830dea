import { fireEvent, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { HttpResponse, http } from "msw";
import { beforeEach, describe, expect, it, vi } from "vitest";
import type { Attempt, DeliveryDetail, Endpoint, Recovery } from "@/api/webhooks";
import { renderRouted } from "@/testing/render-routed";
import { at, server } from "@/testing/server";
import { Deliveries } from "./deliveries";
import { DeliveryView } from "./delivery-panel";
import {
  bodyOf,
  changesOf,
  draftOf,
  NEW_ENDPOINT,
  readHeaders,
  readSchedule,
} from "./endpoint-draft";
import { EndpointPage } from "./endpoint-page";
import { EndpointsPage } from "./endpoints-page";
import { toggled } from "./event-tree";
import Recover from "./recover";
import Testing from "./testing";

const copyText = vi.hoisted(() => vi.fn(async (_: string) => true));
vi.mock("@/lib/clipboard", () => ({ copyText }));

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
    request_headers: { "X-Key": "********", "webhook-id": "evt_1" },
    attempts: [anAttempt()],
    ...change,
  };
}

beforeEach(() => {
  server.use(
    http.get(at("/api/webhooks/event-types/"), () =>
      HttpResponse.json(
        ["scraping.completed", "scraping.failed", "webhook.test"].map((name) => ({
          name,
          example: { data: { about: name } },
        })),
      ),
    ),
    http.get(at("/api/webhooks/snippets/"), () =>
      HttpResponse.json([
        { language: "Python", file_name: "verify.py", code: "def is_genuine():" },
        { language: "Go", file_name: "verify.go", code: "func IsGenuine()" },
      ]),
    ),
    http.get(at("/api/webhooks/recoveries/"), () =>
      HttpResponse.json({ next: null, previous: null, results: [] }),
    ),
    http.get(at("/api/webhooks/endpoints/5/"), () => HttpResponse.json(anEndpoint())),
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

  it("sends only what was changed, so no mask that was not touched", () => {
    const before = bodyOf(draftOf(anEndpoint({ url: "https://example.org/?token=********" })));
    expect(changesOf(before, { ...before, description: "mine" })).toEqual({ description: "mine" });
    expect(changesOf(before, { ...before })).toEqual({});
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
    expect(await screen.findByText("def is_genuine():")).toBeVisible();
    await userEvent.click(screen.getByLabelText("Go"));
    expect(await screen.findByText("func IsGenuine()")).toBeVisible();
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

describe("Deliveries", () => {
  it("are narrowed by time and by an HTTP status", async () => {
    const asked: string[] = [];
    server.use(
      http.get(at("/api/webhooks/deliveries/"), ({ request }) => {
        asked.push(new URL(request.url).search);
        return HttpResponse.json({ next: null, previous: null, results: [] });
      }),
    );
    const onSearch = vi.fn();
    renderRouted(() => <Deliveries endpointId={5} search={{ code: 410 }} onSearch={onSearch} />);
    expect(await screen.findByText("Nothing matches")).toBeVisible();
    expect(asked[0]).toContain("code=410");
    const code = screen.getByLabelText("HTTP status of a try");
    expect(code).toHaveValue("410");
    await userEvent.clear(code);
    const cleared = expect.objectContaining({ code: undefined });
    await waitFor(() => expect(onSearch).toHaveBeenLastCalledWith(cleared));
    expect(code).toHaveFocus();
    onSearch.mockClear();
    const from = screen.getByLabelText("From");
    for (const value of ["0002-01-02T03:04", "2026-01-02T03:04"]) {
      fireEvent.change(from, { target: { value } });
    }
    expect(onSearch).not.toHaveBeenCalled();
    fireEvent.blur(from);
    const since = new Date("2026-01-02T03:04").toISOString();
    expect(onSearch.mock.calls).toEqual([[expect.objectContaining({ since })]]);
  });

  it("show a moment as it is here, and leave it alone when nothing was changed", async () => {
    server.use(
      http.get(at("/api/webhooks/deliveries/"), () =>
        HttpResponse.json({ next: null, previous: null, results: [] }),
      ),
    );
    const onSearch = vi.fn();
    const since = new Date("2026-07-02T03:04:05").toISOString();
    renderRouted(() => <Deliveries endpointId={5} search={{ since }} onSearch={onSearch} />);
    const from = await screen.findByLabelText("From");
    expect(from).toHaveValue("2026-07-02T03:04");
    fireEvent.blur(from);
    expect(onSearch).not.toHaveBeenCalled();
    fireEvent.change(from, { target: { value: "" } });
    fireEvent.keyDown(from, { key: "Enter" });
    expect(onSearch.mock.calls).toEqual([[expect.objectContaining({ since: undefined })]]);
  });

  it("show the request with its headers, and copy it as curl", async () => {
    server.use(
      http.get(at("/api/webhooks/deliveries/9/"), () =>
        HttpResponse.json(aDelivery({ payload: `{"a":"it's"}` })),
      ),
    );
    renderRouted(() => <DeliveryView deliveryId={9} />);
    expect(await screen.findByText("X-Key")).toBeVisible();
    await userEvent.click(await screen.findByRole("button", { name: "Copy as curl" }));
    const copied = copyText.mock.lastCall?.[0];
    expect(copied).toContain("curl -sS -X POST 'https://example.org/hook'");
    expect(copied).toContain("-H 'X-Key: ********'");
    expect(copied).toContain(`--data-raw '{"a":"it'\\''s"}'`);
  });
});

describe("Testing an endpoint", () => {
  it("sends the example, or what was made of it", async () => {
    const bodies: unknown[] = [];
    server.use(
      http.post(at("/api/webhooks/endpoints/5/test/"), async ({ request }) => {
        bodies.push(await request.json());
        return HttpResponse.json(aDelivery({ status: "pending" }), { status: 202 });
      }),
      http.get(at("/api/webhooks/deliveries/9/"), () =>
        HttpResponse.json(aDelivery({ status: "delivered" })),
      ),
    );
    renderRouted(() => <Testing endpoint={anEndpoint()} />);
    const data = await screen.findByLabelText("Data");
    await waitFor(() => expect(data).toHaveValue('{\n  "about": "webhook.test"\n}'));
    const send = screen.getByRole("button", { name: "Send test" });
    await userEvent.click(send);
    await waitFor(() => expect(bodies).toEqual([{ event_type: "webhook.test" }]));
    fireEvent.change(data, { target: { value: '{"mine": 1' } });
    expect(send).toBeDisabled();
    fireEvent.change(data, { target: { value: '{"mine": 1}' } });
    await userEvent.click(send);
    await waitFor(() =>
      expect(bodies[1]).toEqual({ event_type: "webhook.test", data: { mine: 1 } }),
    );
  });

  it("shows at once that the answer has disabled the endpoint", async () => {
    let isGone = false;
    const gone = { status: "disabled", disabled_reason: "gone" } as const;
    server.use(
      http.get(at("/api/webhooks/endpoints/5/"), () =>
        HttpResponse.json(anEndpoint(isGone ? gone : {})),
      ),
      http.post(at("/api/webhooks/endpoints/5/test/"), () =>
        HttpResponse.json(aDelivery({ status: "pending", attempt_count: 0 }), { status: 202 }),
      ),
      http.get(at("/api/webhooks/deliveries/9/"), () => {
        const delivery = isGone
          ? aDelivery({ status: "dead", attempts: [anAttempt({ status_code: 410 })] })
          : aDelivery({ status: "pending", attempt_count: 0, attempts: [] });
        // The next question, and not the one before it, finds it gone.
        isGone = true;
        return HttpResponse.json(delivery);
      }),
    );
    renderRouted(() => (
      <EndpointPage endpointId={5} search={{ tab: "testing" }} onSearch={vi.fn()} />
    ));
    await userEvent.click(await screen.findByRole("button", { name: "Send test" }));
    expect(await screen.findByTestId("disabled", {}, { timeout: 8_000 })).toHaveTextContent("410");
  });

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

function aRecovery(change: Partial<Recovery> = {}): Recovery {
  return {
    id: 2,
    endpoint: 5,
    since: "2026-01-01T00:00:00Z",
    until: "2026-01-01T01:00:00Z",
    status: "running",
    total: 10,
    waiting: 6,
    delivered: 4,
    dead: 0,
    created_at: "2026-01-01T00:00:00Z",
    cancelled_at: null,
    ...change,
  };
}

describe("Recovering a time range", () => {
  it("finds what runs again after a reload", async () => {
    const results = [
      aRecovery({ id: 3, status: "completed", waiting: 0, delivered: 10 }),
      aRecovery(),
      aRecovery({ id: 1, status: "cancelled" }),
    ];
    server.use(
      http.get(at("/api/webhooks/recoveries/"), ({ request }) => {
        expect(new URL(request.url).searchParams.get("endpoint")).toBe("5");
        return HttpResponse.json({ next: null, previous: null, results });
      }),
      http.get(at("/api/webhooks/recoveries/2/"), () => HttpResponse.json(results[1])),
      http.get(at("/api/webhooks/recoveries/3/"), () => HttpResponse.json(results[0])),
    );
    renderRouted(() => <Recover endpoint={anEndpoint()} />);
    expect(await screen.findByText(/Sending: 4 of 10 delivered, 6 to go/)).toBeVisible();
    expect(screen.getByText(/Done: 10 of 10 delivered/)).toBeVisible();
    expect(screen.queryByText(/Cancelled/)).toBeNull();
    expect(screen.getAllByRole("button", { name: "Cancel" })).toHaveLength(1);
  });

  it("estimates, sends, watches and cancels", async () => {
    const recovery = aRecovery();
    let isStarted = false;
    server.use(
      http.get(at("/api/webhooks/endpoints/5/recover/"), ({ request }) => {
        const asked = new URL(request.url).searchParams;
        expect(asked.get("since")).toMatch(/Z$/);
        expect(asked.get("status")).toBe("held");
        return HttpResponse.json({ total: 10 });
      }),
      http.post(at("/api/webhooks/endpoints/5/recover/"), () => {
        isStarted = true;
        return HttpResponse.json(recovery, { status: 202 });
      }),
      http.get(at("/api/webhooks/recoveries/"), () => {
        const results = isStarted ? [recovery] : [];
        return HttpResponse.json({ next: null, previous: null, results });
      }),
      http.get(at("/api/webhooks/recoveries/2/"), () => HttpResponse.json(recovery)),
      http.post(at("/api/webhooks/recoveries/2/cancel/"), () => {
        recovery.status = "cancelled";
        return HttpResponse.json(recovery, { status: 202 });
      }),
    );
    renderRouted(() => <Recover endpoint={anEndpoint()} />);
    await userEvent.selectOptions(await screen.findByLabelText("What is"), "held");
    await userEvent.click(await screen.findByRole("button", { name: "Estimate" }));
    expect(await screen.findByText("10 deliveries would be sent.")).toBeVisible();
    await userEvent.click(screen.getByRole("button", { name: "Send them" }));
    expect(await screen.findByText(/Sending: 4 of 10 delivered, 6 to go/)).toBeVisible();
    await userEvent.click(screen.getByRole("button", { name: "Cancel" }));
    expect(await screen.findByText(/^Cancelled: 4 of 10/)).toBeVisible();
  });
});
