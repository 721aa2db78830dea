// How much an export would hold, counted while it is being chosen.
import { Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { ApiError } from "@/api/errors";
import { estimateQuery } from "@/api/exports";
import type { StartExport } from "@/api/types";
import { formatBytes, plural } from "@/lib/format";
import classes from "./exports.module.css";

export function ExportEstimate({ wish }: { wish: StartExport }) {
  const { data, error, isFetching } = useQuery(estimateQuery(wish));
  return (
    <Text size="sm" className={classes.estimate} aria-live="polite" aria-busy={isFetching}>
      {error ? sentenceOf(error) : data ? wordsOf(data, wish) : "Counting…"}
    </Text>
  );
}

function wordsOf(
  { posts, comments, size_bytes }: { posts: number; comments: number; size_bytes: number },
  wish: StartExport,
): string {
  if (posts === 0) return "No post fits: the file will be valid and empty.";
  const counts = wish.sheets?.includes("comments")
    ? `${plural(posts, "post")}, ${plural(comments, "comment")}`
    : plural(posts, "post");
  return `${counts}, about ${formatBytes(size_bytes)}`;
}

function sentenceOf(error: unknown): string {
  return error instanceof ApiError ? error.message : "Could not be counted.";
}
