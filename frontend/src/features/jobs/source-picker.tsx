// The source of a scrape; one that is not configured says what it lacks.
import { Select } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { backendsQuery } from "@/api/jobs";
import type { Backend } from "@/api/types";
import { healthWords, sourceWords } from "@/lib/source-words";
import classes from "./job-form.module.css";

interface SourcePickerProps {
  value?: string;
  onChange?: (name: string | null) => void;
  error?: React.ReactNode;
}

export function SourcePicker({ value, onChange, error }: SourcePickerProps) {
  const { data, isError } = useQuery(backendsQuery);
  const options = [AUTO, ...(data ?? []).map(optionOf)];
  const note = options.find((option) => option.value === value)?.note;
  return (
    <Select
      label="Source"
      description={isError ? "The other sources could not be listed." : note}
      data={options}
      value={value}
      onChange={onChange}
      error={error}
      allowDeselect={false}
      comboboxProps={{ keepMounted: false, withinPortal: false }}
      maxDropdownHeight={600}
      renderOption={({ option }) => (
        <OptionLine label={option.label} {...options.find(({ value }) => value === option.value)} />
      )}
    />
  );
}

function OptionLine({ label, note, color }: { label: string; note?: string; color?: string }) {
  return (
    <span className={classes.option}>
      <span>
        <span
          className={classes.dot}
          style={{ background: `var(--mantine-color-${color}-6)` }}
          aria-hidden="true"
        />
        {label}
      </span>
      <span className={classes.reason}>{note}</span>
    </span>
  );
}

const AUTO = { value: "auto", ...sourceWords("auto"), color: "tetsu", disabled: false };

function optionOf({ name, configured, reason, needs, health }: Backend) {
  const { label, note } = sourceWords(name);
  const lack = reason ?? (needs.length > 0 ? `needs ${needs.join(", ")}` : "not configured");
  const { word, color } = healthWords(configured, health?.state);
  const isWell = health?.state === "healthy";
  const why = health?.last_error && !isWell ? ` (${health.last_error.code})` : "";
  const fares = health && health.state !== "unknown" ? `${word}${why}; ` : "";
  return {
    value: name,
    label,
    color,
    note: configured ? `${fares}${note}` : lack,
    disabled: !configured,
  };
}
