// The filters in force, each with a way to drop it.
import { Button, Pill } from "@mantine/core";
import classes from "./post-filters.module.css";
import { FILTER_NAMES, isFiltered, type PostSearch } from "./post-search";

interface FilterChipsProps {
  search: PostSearch;
  onSearch: (change: Partial<PostSearch>) => void;
  onClear: () => void;
}

const LABELS: Partial<Record<(typeof FILTER_NAMES)[number], string>> = {
  q: "text",
  min_score: "score from",
  job: "run #",
};

export function FilterChips({ search, onSearch, onClear }: FilterChipsProps) {
  if (!isFiltered(search)) return null;
  return (
    <div className={classes.chips}>
      {FILTER_NAMES.filter((name) => search[name] !== undefined).map((name) => (
        <Pill
          key={name}
          withRemoveButton
          onRemove={() => onSearch({ [name]: undefined })}
          removeButtonProps={{ "aria-label": `Drop ${name}`, "aria-hidden": false, tabIndex: 0 }}
        >
          {LABELS[name] ?? name} {search[name]}
        </Pill>
      ))}
      <Button variant="subtle" size="compact-xs" onClick={onClear}>
        Clear filters
      </Button>
    </div>
  );
}
