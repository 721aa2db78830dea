// A secret, shown this once: the dialog is left by saying that it was kept.
import { Button, Group, Modal, Text } from "@mantine/core";
import { IconCheck, IconCopy } from "@tabler/icons-react";
import { useState } from "react";
import { copyText } from "@/lib/clipboard";
import { Verification } from "./verification";
import classes from "./webhooks.module.css";

interface SecretRevealProps {
  title: string;
  /** Absent when the same request was answered before. */
  secret: string | undefined;
  onDone: () => void;
}

export function SecretReveal({ title, secret, onDone }: SecretRevealProps) {
  const [isCopied, setCopied] = useState(false);
  return (
    <Modal
      opened
      onClose={onDone}
      title={title}
      size="lg"
      withCloseButton={false}
      closeOnClickOutside={false}
      closeOnEscape={false}
    >
      {secret ? (
        <>
          <Text size="sm" mb="sm">
            Your receiver checks signatures with it. It is stored encrypted and never shown again;
            if it is lost, rotate it.
          </Text>
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: long secrets scroll */}
          <pre className={classes.secret} data-testid="secret" tabIndex={0}>
            {secret}
          </pre>
          <h3 className={classes.part}>Verify with it</h3>
          <Verification />
        </>
      ) : (
        <Text size="sm">
          This request was answered before, and its secret is not repeated. Rotate the secret to get
          another.
        </Text>
      )}
      <Group justify="flex-end" mt="md" gap="xs">
        {secret && (
          <Button
            variant="default"
            leftSection={
              isCopied ? (
                <IconCheck size={15} aria-hidden="true" />
              ) : (
                <IconCopy size={15} aria-hidden="true" />
              )
            }
            onClick={async () => setCopied(await copyText(secret))}
          >
            {isCopied ? "Copied" : "Copy secret"}
          </Button>
        )}
        <Button onClick={onDone} data-autofocus>
          I have saved it
        </Button>
      </Group>
    </Modal>
  );
}
