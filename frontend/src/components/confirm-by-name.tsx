// Asks for the name of what is about to be destroyed, after saying what goes with it.
import { Button, Group, Modal, Stack, Text, TextInput } from "@mantine/core";
import { type ReactNode, useState } from "react";
import { ErrorPanel } from "./error-panel";

interface ConfirmByNameProps {
  title: string;
  name: string;
  action: string;
  isBusy: boolean;
  error: unknown;
  onConfirm: () => void;
  onClose: () => void;
  children: ReactNode;
}

export function ConfirmByName(props: ConfirmByNameProps) {
  const [typed, setTyped] = useState("");
  const isMatch = typed.trim() === props.name.trim();
  return (
    <Modal opened onClose={props.onClose} title={props.title}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (isMatch) props.onConfirm();
        }}
      >
        <Stack gap="sm">
          <Text component="div" size="sm">
            {props.children}
          </Text>
          <TextInput
            label={`Type ${props.name} to confirm`}
            value={typed}
            onChange={(event) => setTyped(event.currentTarget.value)}
            autoComplete="off"
            data-autofocus
          />
          {props.error ? <ErrorPanel error={props.error} /> : null}
          <Group justify="flex-end" gap="xs">
            <Button variant="default" onClick={props.onClose}>
              Keep it
            </Button>
            <Button type="submit" color="red" disabled={!isMatch} loading={props.isBusy}>
              {props.action}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
