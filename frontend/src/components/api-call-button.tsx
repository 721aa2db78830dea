// "View as API call": what the screen asked, as curl.
import { Box, Button, Code, Popover, Text } from "@mantine/core";
import { IconTerminal2 } from "@tabler/icons-react";
import { type ApiCall, toCurl } from "@/lib/curl";
import { CopyButton } from "./copy-button";

export function ApiCallButton({ call }: { call: ApiCall }) {
  const curl = toCurl(call, window.location.origin);
  return (
    <Popover position="bottom-end" width="min(560px, 92vw)" withArrow trapFocus>
      <Popover.Target>
        <Button variant="default" leftSection={<IconTerminal2 size={15} aria-hidden="true" />}>
          View as API call
        </Button>
      </Popover.Target>
      <Popover.Dropdown>
        <Text size="sm" mb="xs">
          Put a token of yours into <Code>TEPPAN_TOKEN</Code> and run:
        </Text>
        <Box pos="relative">
          <Code block tabIndex={0} pr={40}>
            {curl}
          </Code>
          <Box pos="absolute" top={6} right={6}>
            <CopyButton text={curl} label="Copy command" />
          </Box>
        </Box>
      </Popover.Dropdown>
    </Popover>
  );
}
