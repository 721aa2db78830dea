// Where no screen is: an unknown address, a crash, a piece of the dashboard that would not load.

import { Button, Code, Group, Stack, Text, Title } from "@mantine/core";
import type { ErrorComponentProps } from "@tanstack/react-router";
import { ApiError } from "@/api/errors";
import { Glyph } from "@/components/brand";
import { CopyButton } from "@/components/copy-button";
import { ErrorPanel } from "@/components/error-panel";
import { ButtonLink } from "@/components/link";
import { isMissingChunk } from "@/lib/missing-chunk";
import classes from "./outcome-pages.module.css";

export function NotFoundPage() {
  return (
    <Stack component="main" className={classes.page} gap="xs">
      <Glyph size={44} />
      <Title order={1} mt="sm">
        There is nothing here
      </Title>
      <Text c="dimmed" size="sm">
        The address is wrong, or what it led to has been deleted.
      </Text>
      <ButtonLink to="/projects" mt="sm">
        Go to projects
      </ButtonLink>
    </Stack>
  );
}

export function CrashPage({ error: caught, reset }: ErrorComponentProps) {
  const error = caught instanceof Error ? caught : new Error(String(caught));
  if (isMissingChunk(error)) return <NewVersion />;
  if (error instanceof ApiError) {
    return (
      <div className={classes.panel}>
        <ErrorPanel error={error} onRetry={reset} />
      </div>
    );
  }
  const report = `${error.name}: ${error.message}\n${window.location.pathname}\n${error.stack ?? ""}`;
  return (
    <Stack component="main" className={classes.page} gap="xs">
      <Title order={1}>This screen broke</Title>
      <Text c="dimmed" size="sm">
        What you collected is safe on the server. The report below helps whoever repairs it.
      </Text>
      <Group gap="xs">
        <Button onClick={reset}>Try again</Button>
        <CopyButton text={report} label="Copy report" />
      </Group>
      <Code block className={classes.report}>
        {`${error.name}: ${error.message}`}
      </Code>
    </Stack>
  );
}

function NewVersion() {
  return (
    <Stack component="main" className={classes.page} gap="xs">
      <Glyph size={44} />
      <Title order={1} mt="sm">
        There is a new version
      </Title>
      <Text c="dimmed" size="sm">
        A part of this page is gone from the server, or could not be reached.
      </Text>
      <Button mt="sm" onClick={() => window.location.reload()}>
        Reload
      </Button>
    </Stack>
  );
}
