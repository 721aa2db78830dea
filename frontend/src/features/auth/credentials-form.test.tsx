import { screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { HttpResponse, http } from "msw";
import { describe, expect, it } from "vitest";
import { createAccount } from "@/api/accounts";
import { currentAccess, forgetSession } from "@/api/session";
import { renderScreen } from "@/testing/render";
import { at, server } from "@/testing/server";
import { CredentialsForm } from "./credentials-form";

function refusing(status: number, errors: unknown[]) {
  return http.post(at("/api/auth/register/"), () =>
    HttpResponse.json(
      { type: "client_error", errors },
      { status, headers: { "X-Request-ID": "r-7" } },
    ),
  );
}

async function fillAndSend() {
  renderScreen(<CredentialsForm action="Create account" isNewAccount onSubmit={createAccount} />);
  await userEvent.type(screen.getByLabelText("Username"), "anna");
  await userEvent.type(screen.getByLabelText("Password"), "short");
  await userEvent.click(screen.getByRole("button", { name: "Create account" }));
}

describe("The form of the first account", () => {
  it("puts what the server says of a field onto that field, and keeps what was typed", async () => {
    server.use(
      refusing(400, [
        { code: "password_too_short", detail: "Too short.", attr: "password" },
        { code: "password_too_common", detail: "Too common.", attr: "password" },
      ]),
    );
    await fillAndSend();
    await waitFor(() =>
      expect(screen.getByLabelText("Password")).toHaveAccessibleDescription(
        /Too short\. Too common\./,
      ),
    );
    expect(screen.getByLabelText("Password")).toHaveAttribute("aria-invalid", "true");
    expect(screen.getByLabelText("Username")).toHaveValue("anna");
    expect(screen.queryByRole("alert")).toBeNull();
  });

  it("says the rest in a sentence with the request id", async () => {
    server.use(
      refusing(403, [{ code: "registration_closed", detail: "No new accounts here.", attr: null }]),
    );
    await fillAndSend();
    expect(await screen.findByRole("alert")).toHaveTextContent(/No new accounts here\..*r-7/);
    expect(screen.getByLabelText("Username")).toHaveValue("anna");
  });

  it("opens the session of the account it made", async () => {
    forgetSession();
    server.use(
      http.post(at("/api/auth/register/"), () =>
        HttpResponse.json({ id: 1, username: "anna" }, { status: 201 }),
      ),
      http.post(at("/api/auth/token/"), () => HttpResponse.json({ access: "fresh" })),
    );
    await fillAndSend();
    await waitFor(() => expect(currentAccess()).toBe("fresh"));
  });

  it("asks the server nothing while a field is empty", async () => {
    renderScreen(<CredentialsForm action="Sign in" onSubmit={createAccount} />);
    await userEvent.click(screen.getByRole("button", { name: "Sign in" }));
    expect(await screen.findByText("Enter a username.")).toBeInTheDocument();
  });
});
