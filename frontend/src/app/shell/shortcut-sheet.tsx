// What the keyboard does, and the switch that turns it off.
import { Kbd, Modal, Switch, Table } from "@mantine/core";
import { usePreference } from "@/hooks/use-preference";
import { HOUSE_ROOMS, PROJECT_ROOMS } from "../navigation";

const KEYS: [keys: string, does: string][] = [
  ["Ctrl K", "Go to or do anything"],
  ["?", "This sheet"],
  ["/", "Search in the list"],
  ["C", "Create: a project, or a scrape inside one"],
  ["J", "Next row"],
  ["K", "Row before"],
  ["Enter", "Open the row"],
  ["R", "Refresh"],
  ["Esc", "Close"],
  ...[...HOUSE_ROOMS, ...PROJECT_ROOMS].map(({ key, label }): [string, string] => [
    `G ${key.toUpperCase()}`,
    label,
  ]),
];

interface ShortcutSheetProps {
  onClose: () => void;
}

export default function ShortcutSheet({ onClose }: ShortcutSheetProps) {
  const [shortcuts, setShortcuts] = usePreference("shortcuts");
  return (
    <Modal opened onClose={onClose} title="Keyboard">
      <Switch
        label="Single-key shortcuts"
        checked={shortcuts === "on"}
        onChange={(event) => setShortcuts(event.currentTarget.checked ? "on" : "off")}
        mb="sm"
      />
      <Table verticalSpacing={5}>
        <Table.Tbody>
          {KEYS.map(([keys, does]) => (
            <Table.Tr key={keys}>
              <Table.Td w={120}>
                {keys.split(" ").map((key) => (
                  <Kbd key={key} mr={4}>
                    {key}
                  </Kbd>
                ))}
              </Table.Td>
              <Table.Td>{does}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Modal>
  );
}
