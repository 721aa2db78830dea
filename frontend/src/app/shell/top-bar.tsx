// The bar on top: mark, palette, help, colours, account.
import {
  ActionIcon,
  Burger,
  Menu,
  Tooltip,
  UnstyledButton,
  useMantineColorScheme,
} from "@mantine/core";
import { spotlight } from "@mantine/spotlight";
import {
  IconKeyboard,
  IconLogout,
  IconMoon,
  IconSearch,
  IconSun,
  IconUser,
} from "@tabler/icons-react";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { meQuery, signOut } from "@/api/accounts";
import { Wordmark } from "@/components/brand";
import classes from "./shell.module.css";
import { useColorSchemeNow } from "./use-color-scheme-now";

interface TopBarProps {
  isNavOpen: boolean;
  onToggleNav: () => void;
  onHelp: () => void;
}

export function TopBar({ isNavOpen, onToggleNav, onHelp }: TopBarProps) {
  return (
    <>
      <Burger
        opened={isNavOpen}
        onClick={onToggleNav}
        hiddenFrom="sm"
        size="sm"
        aria-label={isNavOpen ? "Close navigation" : "Open navigation"}
      />
      <Link to="/projects" className={classes.home} aria-label="Teppan, to projects">
        <Wordmark />
      </Link>
      <UnstyledButton
        className={classes.search}
        onClick={spotlight.open}
        aria-label="Search and commands"
      >
        <IconSearch size={15} aria-hidden="true" />
        <span>Go to or do…</span>
        <kbd>Ctrl K</kbd>
      </UnstyledButton>
      <Tooltip label="Keyboard shortcuts">
        <ActionIcon aria-label="Keyboard shortcuts" onClick={onHelp} visibleFrom="sm">
          <IconKeyboard size={18} />
        </ActionIcon>
      </Tooltip>
      <ColorSchemeButton />
      <AccountMenu />
    </>
  );
}

function ColorSchemeButton() {
  const { setColorScheme } = useMantineColorScheme({ keepTransitions: true });
  const isDark = useColorSchemeNow() === "dark";
  const label = isDark ? "Use light colours" : "Use dark colours";
  return (
    <Tooltip label={label}>
      <ActionIcon aria-label={label} onClick={() => setColorScheme(isDark ? "light" : "dark")}>
        {isDark ? <IconSun size={18} /> : <IconMoon size={18} />}
      </ActionIcon>
    </Tooltip>
  );
}

function AccountMenu() {
  const me = useQuery(meQuery);
  const client = useQueryClient();
  const navigate = useNavigate();
  async function leave(): Promise<void> {
    await signOut();
    client.clear();
    await navigate({ to: "/login" });
  }
  return (
    <Menu position="bottom-end" width={200}>
      <Menu.Target>
        <ActionIcon aria-label="Account">
          <IconUser size={18} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>{me.data?.username ?? "Account"}</Menu.Label>
        <Menu.Item
          leftSection={<IconLogout size={15} aria-hidden="true" />}
          onClick={() => void leave()}
        >
          Sign out
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
