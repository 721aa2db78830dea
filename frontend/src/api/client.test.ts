import { HttpResponse, http } from "msw";
import { beforeEach, describe, expect, it } from "vitest";
import { at, server } from "@/testing/server";
import { refreshAccess } from "./access";
import { api, cursorOf, unwrap } from "./client";
import { ApiError } from "./errors";
import { beginSession, currentAccess, forgetSession, sessionState } from "./session";

const REFRESH = at("/api/auth/token/refresh/");
const PROJECTS = at("/api/projects/");

function projectsOnlyFor(token: string) {
  return http.get(PROJECTS, ({ request }) =>
    request.headers.get("Authorization") === `Bearer ${token}`
      ? HttpResponse.json({ next: null, previous: null, results: [] })
      : HttpResponse.json(
          {
            type: "client_error",
            errors: [{ code: "not_authenticated", detail: "No.", attr: null }],
          },
          { status: 401, headers: { "X-Request-ID": "r-1" } },
        ),
  );
}

beforeEach(() => {
  forgetSession();
  beginSession("stale");
});

describe("An expired access token", () => {
  it("is refreshed once for all calls that meet it, and each call is retried", async () => {
    let refreshes = 0;
    server.use(
      projectsOnlyFor("fresh"),
      http.post(REFRESH, () => {
        refreshes += 1;
        return HttpResponse.json({ access: "fresh" });
      }),
    );
    const answers = await Promise.all(
      Array.from({ length: 5 }, () => unwrap(api.GET("/api/projects/"))),
    );
    expect(answers).toHaveLength(5);
    expect(refreshes).toBe(1);
    expect(currentAccess()).toBe("fresh");
  });

  it("ends as an expired session after one refused refresh, without a loop", async () => {
    let refreshes = 0;
    server.use(
      projectsOnlyFor("nobody"),
      http.post(REFRESH, () => {
        refreshes += 1;
        return new HttpResponse(null, { status: 401 });
      }),
    );
    await expect(unwrap(api.GET("/api/projects/"))).rejects.toMatchObject({ status: 401 });
    expect(refreshes).toBe(1);
    expect(sessionState()).toBe("expired");
  });

  it("does not end the session when the refresh only met a broken server", async () => {
    server.use(http.post(REFRESH, () => new HttpResponse(null, { status: 503 })));
    await expect(refreshAccess()).rejects.toBeInstanceOf(ApiError);
    expect(sessionState()).toBe("active");
  });

  it("test_x01_is_kept_in_no_storage", () => {
    beginSession("secret-access");
    const kept = JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie]);
    expect(kept).not.toContain("secret-access");
  });
});

describe("A body sent twice", () => {
  it("arrives whole on the retry", async () => {
    const bodies: unknown[] = [];
    server.use(
      http.post(PROJECTS, async ({ request }) => {
        bodies.push(await request.json());
        const isFresh = request.headers.get("Authorization") === "Bearer fresh";
        return isFresh
          ? HttpResponse.json({ id: 1 }, { status: 201 })
          : new HttpResponse(null, { status: 401 });
      }),
      http.post(REFRESH, () => HttpResponse.json({ access: "fresh" })),
    );
    await unwrap(api.POST("/api/projects/", { body: { name: "Tea" } as never }));
    expect(bodies).toEqual([{ name: "Tea" }, { name: "Tea" }]);
  });
});

describe("A refused call", () => {
  it("carries status, every error and the request id", async () => {
    const errors = [
      { code: "blank", detail: "May not be blank.", attr: "name" },
      { code: "invalid", detail: "Not a list.", attr: "keywords" },
    ];
    server.use(
      http.get(PROJECTS, () =>
        HttpResponse.json(
          { type: "validation_error", errors },
          { status: 400, headers: { "X-Request-ID": "r-42" } },
        ),
      ),
    );
    await expect(unwrap(api.GET("/api/projects/"))).rejects.toMatchObject({
      status: 400,
      errors,
      requestId: "r-42",
      isTransient: false,
    });
  });

  it("is a sentence even when a proxy answered with a page", async () => {
    server.use(http.get(PROJECTS, () => HttpResponse.html("<h1>502</h1>", { status: 502 })));
    await expect(unwrap(api.GET("/api/projects/"))).rejects.toMatchObject({
      status: 502,
      code: "bad_gateway",
      isTransient: true,
    });
  });

  it("is told from no answer at all", async () => {
    server.use(http.get(PROJECTS, () => HttpResponse.error()));
    await expect(unwrap(api.GET("/api/projects/"))).rejects.toMatchObject({
      status: 0,
      code: "network",
    });
  });
});

describe("A cursor", () => {
  it("is read from the address of the next page", () => {
    expect(cursorOf("http://other.test/api/projects/?cursor=a%3Ab&page_size=5")).toBe("a:b");
    expect(cursorOf(null)).toBeUndefined();
  });
});
