// Which events an endpoint hears: everything, whole groups, or one by one.
import { Checkbox, Input, Stack } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { eventTypesQuery } from "@/api/webhooks";
import { ErrorPanel } from "@/components/error-panel";
import { LoadingRows } from "@/components/loading-rows";
import { groupsOf, toggled } from "./event-tree";
import classes from "./webhooks.module.css";

interface EventPickerProps {
  value?: string[];
  onChange?: (types: string[]) => void;
  error?: React.ReactNode;
}

export function EventPicker({ value = [], onChange, error }: EventPickerProps) {
  const types = useQuery(eventTypesQuery);
  const groups = groupsOf((types.data ?? []).map(({ name }) => name));
  const isAll = value.includes("*");
  const box = (pattern: string, label: string, isImplied: boolean) => (
    <Checkbox
      key={pattern}
      size="xs"
      label={label}
      checked={isImplied || value.includes(pattern)}
      disabled={isImplied}
      onChange={() => onChange?.(toggled(value, pattern))}
    />
  );
  return (
    <Input.Wrapper label="Events" error={error} labelElement="div" role="group" aria-label="Events">
      {types.error && <ErrorPanel error={types.error} onRetry={() => void types.refetch()} />}
      {types.isPending && <LoadingRows count={3} height={28} />}
      {types.data && (
        <div className={classes.tree}>
          {box("*", "Everything, future kinds too", false)}
          {groups.map(({ group, names }) => (
            <Stack key={group} gap={6} className={classes.group}>
              {box(`${group}.*`, `All of ${group}`, isAll)}
              <div className={classes.leaves}>
                {names.map((name) => box(name, name, isAll || value.includes(`${group}.*`)))}
              </div>
            </Stack>
          ))}
        </div>
      )}
    </Input.Wrapper>
  );
}
