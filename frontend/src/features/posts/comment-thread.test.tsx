import { screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { HttpResponse, http } from "msw";
import { describe, expect, it } from "vitest";
import type { Comment, Post } from "@/api/types";
import { aPost } from "@/testing/live-scene";
import { renderScreen } from "@/testing/render";
import { at, server } from "@/testing/server";
import { CommentThread } from "./comment-thread";
import { rowsInSight } from "./comment-tree";

function aComment(id: string, depth: number, change: Partial<Comment> = {}): Comment {
  return {
    id: `t1_${id}`,
    post_id: "t3_a",
    parent_id: "t3_a",
    depth,
    author: id,
    body: `Body of ${id}`,
    score: 3,
    is_submitter: false,
    stickied: false,
    distinguished: null,
    removed: null,
    edited_at: null,
    created_at: "2026-01-01T00:00:00Z",
    fetched_at: "2026-01-02T00:00:00Z",
    backend: "sandbox",
    ...change,
  };
}

function serve(...pages: Comment[][]) {
  server.use(
    http.get(at("/api/projects/3/posts/t3_a/comments/"), ({ request }) => {
      const page = Number(new URL(request.url).searchParams.get("cursor") ?? 0);
      const next = page + 1 < pages.length ? at(`/x/?cursor=${page + 1}`) : null;
      return HttpResponse.json({ next, previous: null, results: pages[page] });
    }),
  );
}

function show(change: Partial<Post> = {}) {
  const post = aPost("t3_a", { comments_fetched: 212, comments_expected: 240, ...change });
  return renderScreen(<CommentThread projectId={3} post={post} />);
}

const bodies = () => screen.queryAllByText(/^Body of/).map((element) => element.textContent);

describe("A thread", () => {
  it("hides what stands below a folded comment, and nothing beside it", () => {
    const thread = [aComment("a", 0), aComment("b", 1), aComment("c", 2), aComment("d", 1)];
    const ids = (...folded: string[]) =>
      rowsInSight(thread, new Set(folded)).map(({ comment, replies }) => [comment.id, replies]);
    expect(ids()).toEqual([
      ["t1_a", 3],
      ["t1_b", 1],
      ["t1_c", 0],
      ["t1_d", 0],
    ]);
    expect(ids("t1_b").map(([id]) => id)).toEqual(["t1_a", "t1_b", "t1_d"]);
    expect(ids("t1_a", "t1_b")).toEqual([["t1_a", 3]]);
  });

  it("folds and unfolds by its buttons, and says how much is folded", async () => {
    serve([aComment("a", 0), aComment("b", 1), aComment("c", 0)]);
    show();
    await screen.findByText("Body of b");
    await userEvent.click(screen.getByRole("button", { name: "Fold the comment by u/a" }));
    expect(bodies()).toEqual(["Body of c"]);
    expect(screen.getByText(/1 reply folded/)).toBeVisible();
    await userEvent.click(screen.getByRole("button", { name: "Fold all" }));
    expect(bodies()).toEqual([]);
    await userEvent.click(screen.getByRole("button", { name: "Unfold all" }));
    expect(bodies()).toHaveLength(3);
  });

  it("tells how complete it is, who wrote the post, and what is gone", async () => {
    serve([
      aComment("a", 0, { is_submitter: true }),
      aComment("b", 0, { author: null, body: "", removed: "removed" }),
      aComment("c", 0, { author: null, body: "", removed: "deleted", score: null }),
    ]);
    show();
    expect(await screen.findByText("OP")).toBeVisible();
    expect(screen.getByText(/^212 of 240/)).toBeVisible();
    expect(screen.getByText("Removed by a moderator")).toBeVisible();
    expect(screen.getByText("Deleted by its author")).toBeVisible();
    expect(screen.getByText(/score not known/)).toBeVisible();
  });

  it("goes on page by page", async () => {
    serve([aComment("a", 0)], [aComment("b", 1)]);
    show();
    await userEvent.click(await screen.findByRole("button", { name: "More comments" }));
    expect(await screen.findByText("Body of b")).toBeVisible();
    expect(screen.queryByRole("button", { name: "More comments" })).toBeNull();
  });

  it("tells comments that were not read from there being none", async () => {
    serve([]);
    show({ comments_fetched: null, comments_expected: null });
    expect(await screen.findByText(/They were not read/)).toBeVisible();
  });

  it("test_x21_x22_x23_shows_hostile_comments_as_text", async () => {
    const hostile = `<img src=x onerror="document.title='hit'"><script>document.title='hit'</script>`;
    const body = `${hostile}\n\n[a](javascript:alert(1)) [b](data:text/html,x) ![c](https://tracker.test/p.png)`;
    serve([aComment("a", 0, { author: hostile, body, distinguished: hostile })]);
    const { container } = show();
    const comment = await screen.findByRole("article");
    expect(await within(comment).findByRole("button", { name: "Load image" })).toBeVisible();
    expect(container.querySelector("script, [onerror], img, a")).toBeNull();
    expect(document.title).not.toBe("hit");
  });
});
