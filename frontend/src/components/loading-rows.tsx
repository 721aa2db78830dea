// Skeleton rows of the final height, so that nothing jumps when the data arrives.
import { Skeleton, Stack, VisuallyHidden } from "@mantine/core";

interface LoadingRowsProps {
  count?: number;
  height?: number;
}

export function LoadingRows({ count = 6, height = 44 }: LoadingRowsProps) {
  return (
    <Stack gap={6} role="status">
      <VisuallyHidden>Loading</VisuallyHidden>
      {Array.from({ length: count }, (_, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: skeletons have no identity
        <Skeleton key={index} height={height} radius="sm" />
      ))}
    </Stack>
  );
}
