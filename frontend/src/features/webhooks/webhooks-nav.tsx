// The three screens of webhooks.
import { TextLink } from "@/components/link";
import classes from "./webhooks.module.css";

const PLACES = [
  { to: "/webhooks", label: "Endpoints" },
  { to: "/webhooks/deliveries", label: "Deliveries" },
  { to: "/webhooks/events", label: "Event catalogue" },
] as const;

export function WebhooksNav() {
  return (
    <nav className={classes.nav} aria-label="Webhooks">
      {PLACES.map(({ to, label }) => (
        <TextLink
          key={to}
          to={to}
          className={classes.place}
          activeOptions={{ exact: true, includeSearch: false }}
        >
          {label}
        </TextLink>
      ))}
    </nav>
  );
}
