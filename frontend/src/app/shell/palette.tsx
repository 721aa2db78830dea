// The command palette: rooms, projects and actions by name.
import "@mantine/spotlight/styles.css";
import { Spotlight, type SpotlightActionData, spotlight } from "@mantine/spotlight";
import { IconFolder, IconPlus, IconSearch } from "@tabler/icons-react";
import { useInfiniteQuery } from "@tanstack/react-query";
import { useNavigate, useParams } from "@tanstack/react-router";
import { useEffect } from "react";
import { rowsOf } from "@/api/lists";
import { projectsQuery } from "@/api/projects";
import { HOUSE_ROOMS, PROJECT_ROOMS } from "../navigation";

interface PaletteProps {
  /** How often it was called for; each call opens it. */
  calls: number;
}

export default function Palette({ calls }: PaletteProps) {
  const navigate = useNavigate();
  const { projectId } = useParams({ strict: false });
  const projects = rowsOf(useInfiniteQuery(projectsQuery).data);
  // biome-ignore lint/correctness/useExhaustiveDependencies: every call opens it
  useEffect(() => spotlight.open(), [calls]);
  const actions: SpotlightActionData[] = [
    ...HOUSE_ROOMS.map(({ label, to, icon: Icon }) => ({
      id: to,
      label,
      leftSection: <Icon size={17} />,
      onClick: () => void navigate({ to }),
    })),
    ...(projectId === undefined ? [] : PROJECT_ROOMS).map(({ label, to, icon: Icon }) => ({
      id: to,
      label: `${label} of this project`,
      leftSection: <Icon size={17} />,
      onClick: () => void navigate({ to, params: { projectId: projectId as number } }),
    })),
    {
      id: "new-project",
      label: "New project",
      leftSection: <IconPlus size={17} />,
      onClick: () => void navigate({ to: "/projects", search: { new: "project" } }),
    },
    ...projects.map((project) => ({
      id: `project-${project.id}`,
      label: project.name,
      description: project.subreddits.slice(0, 5).join(", "),
      leftSection: <IconFolder size={17} />,
      onClick: () =>
        void navigate({ to: "/projects/$projectId", params: { projectId: project.id } }),
    })),
  ];
  return (
    <Spotlight
      actions={actions}
      shortcut={null}
      nothingFound="Nothing is called that"
      highlightQuery
      attributes={{ content: { "aria-label": "Go to or do" } }}
      overlayProps={{ blur: 0, backgroundOpacity: 0.45 }}
      limit={12}
      scrollable
      searchProps={{
        leftSection: <IconSearch size={17} aria-hidden="true" />,
        placeholder: "Go to or do…",
        "aria-label": "Search and commands",
      }}
    />
  );
}
