// The source of a scrape; one that is not configured says what it lacks.
import { Select } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { backendsQuery } from "@/api/jobs";
import type { Backend } from "@/api/types";
import classes from "./job-form.module.css";

interface SourcePickerProps {
  value?: string;
  onChange?: (name: string | null) => void;
  error?: React.ReactNode;
}

const AUTO = { value: "auto", label: "Auto", note: "the best source that is configured" };

const TITLES: Record<string, [label: string, note: string]> = {
  native_json: ["Reddit JSON", "Reddit's public listings"],
  rss: ["Reddit RSS", "feeds; scores are not known"],
  oauth: ["Reddit API", "official, with your own credentials"],
  playwright: ["Browser (Playwright)", "reads pages as a person would"],
  nodriver: ["Browser (nodriver)", "reads pages as a person would"],
  selenium: ["Browser (Selenium)", "reads pages as a person would"],
  brightdata: ["Bright Data", "a paid collection service"],
  archive: ["Archive", "reaches far back in time"],
  sandbox: ["Simulated Reddit", "built in; asks nobody outside this machine"],
};

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
      maxDropdownHeight={320}
      renderOption={({ option }) => (
        <span className={classes.option}>
          {option.label}
          <span className={classes.reason}>
            {options.find(({ value: name }) => name === option.value)?.note}
          </span>
        </span>
      )}
    />
  );
}

function optionOf({ name, configured, reason, needs }: Backend) {
  const [label, note] = TITLES[name] ?? [name, ""];
  const lack = reason ?? (needs.length > 0 ? `needs ${needs.join(", ")}` : "not configured");
  return { value: name, label, note: configured ? note : lack, disabled: !configured };
}
