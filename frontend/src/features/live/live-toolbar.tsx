// What can be done with the list of received posts. Drawn only when one of the choices changes.
import { Button, TextInput } from "@mantine/core";
import { IconArrowDown, IconPlayerPause, IconPlayerPlay, IconSearch } from "@tabler/icons-react";
import { memo } from "react";
import classes from "./live.module.css";

interface LiveToolbarProps {
  text: string;
  isFollowing: boolean;
  isPaused: boolean;
  onText: (text: string) => void;
  onFollow: (on: boolean) => void;
  onPause: (on: boolean) => void;
}

export const LiveToolbar = memo(function LiveToolbar(props: LiveToolbarProps) {
  const { text, isFollowing, isPaused, onText, onFollow, onPause } = props;
  const PauseIcon = isPaused ? IconPlayerPlay : IconPlayerPause;
  return (
    <div className={classes.toolbar}>
      <TextInput
        className={classes.filter}
        aria-label="Filter received posts"
        placeholder="Filter received posts"
        leftSection={<IconSearch size={15} aria-hidden="true" />}
        value={text}
        onChange={(event) => onText(event.currentTarget.value)}
      />
      <Button
        variant="default"
        aria-pressed={isFollowing}
        leftSection={<IconArrowDown size={15} aria-hidden="true" />}
        onClick={() => onFollow(!isFollowing)}
      >
        Follow
      </Button>
      <Button
        variant="default"
        aria-pressed={isPaused}
        leftSection={<PauseIcon size={15} aria-hidden="true" />}
        onClick={() => onPause(!isPaused)}
      >
        {isPaused ? "Resume view" : "Pause view"}
      </Button>
    </div>
  );
});
