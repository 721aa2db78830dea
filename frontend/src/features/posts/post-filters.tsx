// Search, filters and order; each is part of the address.
import { ActionIcon, NativeSelect, Popover, Stack, Tooltip } from "@mantine/core";
import {
  IconAdjustmentsHorizontal,
  IconSearch,
  IconSortAscending,
  IconSortDescending,
} from "@tabler/icons-react";
import { TypedInput } from "@/components/typed-input";
import classes from "./post-filters.module.css";
import type { PostSearch } from "./post-search";

interface PostFiltersProps {
  search: PostSearch;
  onSearch: (change: Partial<PostSearch>) => void;
}

const SORTS = [
  { value: "created", label: "Date" },
  { value: "score", label: "Score" },
  { value: "num_comments", label: "Comments" },
];

export function PostFilters({ search, onSearch }: PostFiltersProps) {
  const isAscending = search.order === "asc";
  return (
    <search className={classes.bar}>
      <TypedInput
        aria-label="Search posts"
        placeholder="Search posts  /"
        data-search
        leftSection={<IconSearch size={15} aria-hidden="true" />}
        className={classes.search}
        value={search.q}
        onCommit={(q) => onSearch({ q })}
      />
      <Popover position="bottom-end" width={280} trapFocus>
        <Popover.Target>
          <Tooltip label="More filters">
            <ActionIcon variant="default" size={36} aria-label="More filters">
              <IconAdjustmentsHorizontal size={17} />
            </ActionIcon>
          </Tooltip>
        </Popover.Target>
        <Popover.Dropdown>
          <Stack gap="xs">
            {(["subreddit", "author", "flair"] as const).map((name) => (
              <TypedInput
                key={name}
                label={name.replace(/^./, (first) => first.toUpperCase())}
                value={search[name]}
                onCommit={(text) => onSearch({ [name]: text?.replace(/^\/?[ru]\//, "") })}
              />
            ))}
            <TypedInput
              label="Lowest score"
              type="number"
              value={search.min_score?.toString()}
              onCommit={(score) => onSearch({ min_score: score ? Number(score) : undefined })}
            />
          </Stack>
        </Popover.Dropdown>
      </Popover>
      <NativeSelect
        aria-label="Sort by"
        w={130}
        data={SORTS}
        value={search.sort ?? "created"}
        onChange={(event) => onSearch({ sort: event.currentTarget.value as PostSearch["sort"] })}
      />
      <Tooltip label={isAscending ? "Ascending" : "Descending"}>
        <ActionIcon
          variant="default"
          size={36}
          aria-label={isAscending ? "Ascending; turn round" : "Descending; turn round"}
          onClick={() => onSearch({ order: isAscending ? undefined : "asc" })}
        >
          {isAscending ? <IconSortAscending size={17} /> : <IconSortDescending size={17} />}
        </ActionIcon>
      </Tooltip>
    </search>
  );
}
