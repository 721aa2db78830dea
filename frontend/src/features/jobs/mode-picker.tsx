// Watching live, or in the background.
import { Radio } from "@mantine/core";
import classes from "./job-form.module.css";

interface ModePickerProps {
  value?: string;
  onChange?: (mode: string) => void;
  isSingle: boolean;
}

export function ModePicker({ value, onChange, isSingle }: ModePickerProps) {
  const mode = isSingle ? value : "bulk";
  return (
    <Radio.Group label="Mode" value={mode} onChange={onChange}>
      <div className={classes.modes}>
        <Radio
          value="stream"
          label="Live"
          description={isSingle ? "Watch posts arrive" : "Takes one subreddit"}
          disabled={!isSingle}
          className={classes.mode}
          data-checked={mode === "stream" || undefined}
        />
        <Radio
          value="bulk"
          label="In the background"
          description="Any number of subreddits"
          className={classes.mode}
          data-checked={mode === "bulk" || undefined}
        />
      </div>
    </Radio.Group>
  );
}
