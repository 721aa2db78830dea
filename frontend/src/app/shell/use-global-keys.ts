// The keys that work everywhere.
import { useNavigate, useParams } from "@tanstack/react-router";
import { type KeyCommands, useKeySequences } from "@/hooks/use-key-sequences";
import { HOUSE_ROOMS, PROJECT_ROOMS } from "../navigation";

export function useGlobalKeys({ onHelp }: { onHelp: () => void }): void {
  const navigate = useNavigate();
  const { projectId } = useParams({ strict: false });
  const commands: KeyCommands = {
    "?": onHelp,
    "/": () => document.querySelector<HTMLElement>("[data-search]")?.focus(),
  };
  for (const { key, to } of HOUSE_ROOMS) {
    commands[`g ${key}`] = () => void navigate({ to });
  }
  for (const { key, to } of PROJECT_ROOMS) {
    commands[`g ${key}`] = () => {
      if (projectId !== undefined) void navigate({ to, params: { projectId } });
    };
  }
  useKeySequences(commands);
}
