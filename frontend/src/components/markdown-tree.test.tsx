import { screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { describe, expect, it } from "vitest";
import { renderScreen } from "@/testing/render";
import MarkdownTree from "./markdown-tree";

const NOT_FOLLOWED = [
  "[x](javascript:alert(1))",
  "[x](JaVaScRiPt:alert(1))",
  "[x](java\tscript:alert(1))",
  "[x](<java\nscript:alert(1)>)",
  "[x](java&#10;script:alert(1))",
  "[x](&#106;avascript:alert(1))",
  "[x](javascript&colon;alert(1))",
  "[x](\u0001javascript:alert(1))",
  "[x](%6aavascript:alert(1))",
  "[x](data:text/html,<script>alert(1)</script>)",
  "[x](data:text/html;base64,PHNjcmlwdD4=)",
  "[x](vbscript:msgbox(1))",
  "[x](file:///etc/passwd)",
  "[x](blob:http://teppan.test/1)",
  "<javascript:alert(1)>",
  "[x][r]\n\n[r]: javascript:alert(1)",
  "[x][]\n\n[x]: data:text/html,1",
  "[x]\n\n[x]: vbscript:x",
];

const RAW_HTML = [
  "<script>alert(1)</script>",
  "<img src=x onerror=alert(1)>",
  'a <svg onload="alert(1)"> b',
  "<iframe src='https://example.org'></iframe>",
  "<a href='javascript:alert(1)'>x</a>",
  "<style>*{display:none}</style>",
  "&lt;script&gt;alert(1)&lt;/script&gt;",
];

describe("Scraped Markdown", () => {
  it.each(NOT_FOLLOWED)("test_x22_makes_no_link_of %j", (text) => {
    const { container } = renderScreen(<MarkdownTree text={text} />);
    const targets = [...container.querySelectorAll("a")].map((a) => new URL(a.href).protocol);
    expect(targets.filter((scheme) => !/^(https?|mailto):$/.test(scheme))).toEqual([]);
    expect(container.querySelector("[src], [style], form, object")).toBeNull();
  });

  it.each(RAW_HTML)("test_x22_shows_raw_html_as_text %j", (text) => {
    const { container } = renderScreen(<MarkdownTree text={text} />);
    expect(
      container.querySelector(
        "script, img, svg[onload], iframe, a, style:not([data-mantine-styles])",
      ),
    ).toBeNull();
    expect(container.textContent).toContain("<");
  });

  it("test_x22_follows_http_https_and_mailto_without_passing_anything_on", () => {
    renderScreen(
      <MarkdownTree
        text={"[a](https://example.org/x) [b](http://example.org) <mailto:c@example.org>"}
      />,
    );
    for (const link of screen.getAllByRole("link")) {
      expect(link).toHaveAttribute("rel", "noopener noreferrer nofollow");
    }
    expect(screen.getAllByRole("link")).toHaveLength(3);
  });

  it("leads Reddit's own addresses to Reddit", () => {
    renderScreen(<MarkdownTree text="[a](/r/python)" />);
    expect(screen.getByRole("link")).toHaveAttribute("href", "https://www.reddit.com/r/python");
  });

  it.each([
    "![cat](https://example.org/c.png)",
    "![cat][c]\n\n[c]: https://example.org/c.png",
  ])("test_x23_fetches_no_picture_until_asked %j", async (text) => {
    const { container } = renderScreen(<MarkdownTree text={text} />);
    expect(container.querySelector("img, [src], [srcset]")).toBeNull();
    await userEvent.click(screen.getByRole("button", { name: "Load image" }));
    const picture = screen.getByRole("img", { name: "cat" });
    expect(picture).toHaveAttribute("src", "https://example.org/c.png");
    expect(picture).toHaveAttribute("referrerpolicy", "no-referrer");
  });

  it("keeps what people write: emphasis, lists, quotes, tables, code", () => {
    const { container } = renderScreen(
      <MarkdownTree text={"# T\n\n**b** ~~d~~ `c`\n\n> q\n\n1. o\n\n|a|b|\n|-|-|\n|1|2|"} />,
    );
    for (const tag of ["h3", "strong", "del", "code", "blockquote", "ol", "td"]) {
      expect(container.querySelector(tag)).not.toBeNull();
    }
  });
});
