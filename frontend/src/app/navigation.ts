// The rooms of the house: one line each, for the navigation, the palette and the keyboard.
import {
  IconFileExport,
  IconFlame,
  IconFolders,
  IconLayoutDashboard,
  IconNotes,
  IconPlug,
  IconSettings,
  IconWebhook,
} from "@tabler/icons-react";

interface Room {
  label: string;
  to: string;
  icon: typeof IconFlame;
  /** Second key after G. */
  key: string;
}

export const HOUSE_ROOMS = [
  { label: "Projects", to: "/projects", icon: IconFolders, key: "p" },
  { label: "All runs", to: "/jobs", icon: IconFlame, key: "j" },
  { label: "Webhooks", to: "/webhooks", icon: IconWebhook, key: "w" },
  { label: "Sources", to: "/settings/sources", icon: IconPlug, key: "u" },
] as const satisfies Room[];

export const PROJECT_ROOMS = [
  { label: "Overview", to: "/projects/$projectId", icon: IconLayoutDashboard, key: "h" },
  { label: "Runs", to: "/projects/$projectId/runs", icon: IconFlame, key: "r" },
  { label: "Posts", to: "/projects/$projectId/posts", icon: IconNotes, key: "o" },
  { label: "Exports", to: "/projects/$projectId/exports", icon: IconFileExport, key: "e" },
  { label: "Settings", to: "/projects/$projectId/settings", icon: IconSettings, key: "s" },
] as const satisfies Room[];
