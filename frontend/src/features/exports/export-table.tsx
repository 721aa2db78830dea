// Exports as rows: how far they are, what came of them, and what can be done.
import { Progress, Text, Tooltip } from "@mantine/core";
import type { Export } from "@/api/types";
import { isTerminal } from "@/api/types";
import { CopyButton } from "@/components/copy-button";
import { RelativeTime } from "@/components/relative-time";
import { StatusBadge } from "@/components/status-badge";
import tables from "@/components/table.module.css";
import { formatBytes, formatCount } from "@/lib/format";
import { ExportActions } from "./export-actions";
import classes from "./exports.module.css";

export function ExportTable({ made }: { made: Export[] }) {
  return (
    <table className={tables.table}>
      <thead>
        <tr>
          <th>Export</th>
          <th>Status</th>
          <th className={tables.number}>Rows</th>
          <th className={tables.number}>Size</th>
          <th>Checksum</th>
          <th>Kept until</th>
          <th>
            <span className={classes.hidden}>Actions</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {made.map((one) => (
          <ExportRow key={one.id} one={one} />
        ))}
      </tbody>
    </table>
  );
}

function ExportRow({ one }: { one: Export }) {
  return (
    <tr>
      <td>
        <Text component="span" fw={600} size="sm">
          #{one.id} {one.format}
        </Text>
        <Text size="xs" c="dimmed" lineClamp={2} className={classes.name}>
          {one.file_name ?? wordsOfScope(one)}
        </Text>
        <Text size="xs" c="dimmed">
          <RelativeTime at={one.created_at} />
        </Text>
      </td>
      <td>
        <StatusBadge status={one.status} />
        {!isTerminal(one.status) && (
          <Progress
            value={one.progress * 100}
            size={3}
            mt={6}
            aria-label={`Progress of export ${one.id}`}
          />
        )}
        {(one.error || one.note) && (
          <Text size="xs" c="dimmed" mt={4} maw={260}>
            {one.error?.detail ?? one.note}
          </Text>
        )}
      </td>
      <td className={tables.number} data-label="Rows">
        {formatCount(one.rows)}
      </td>
      <td className={`${tables.number} ${classes.size}`} data-label="Size">
        {formatBytes(one.size_bytes)}
      </td>
      <td data-label="Checksum">{one.sha256 ? <Checksum digest={one.sha256} /> : "–"}</td>
      <td data-label="Kept until">
        {one.is_expired ? "expired" : one.expires_at ? <RelativeTime at={one.expires_at} /> : "–"}
      </td>
      <td className={classes.actions}>
        <ExportActions one={one} />
      </td>
    </tr>
  );
}

function Checksum({ digest }: { digest: string }) {
  return (
    <span className={classes.checksum}>
      <Tooltip label={`SHA-256 ${digest}`} multiline maw={320} style={{ wordBreak: "break-all" }}>
        <code>{digest.slice(0, 8)}</code>
      </Tooltip>
      <CopyButton text={digest} label="Copy checksum" />
    </span>
  );
}

function wordsOfScope({ config }: Export): string {
  const filters = Object.entries((config.filters ?? {}) as Record<string, unknown>);
  if (filters.length === 0) return "The whole project";
  return filters.map(([name, value]) => `${name} ${String(value)}`).join(", ");
}
