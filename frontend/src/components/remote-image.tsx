// A picture of somebody else's server: a place for it, and a button that fetches it.
// The content security policy allows own pictures only, so the picture opens as a link where the
// server has not been told otherwise.
import { Button, Text } from "@mantine/core";
import { IconPhoto } from "@tabler/icons-react";
import { useState } from "react";
import { FOREIGN_LINK } from "@/lib/safe-link";
import classes from "./markdown.module.css";

interface RemoteImageProps {
  address: string;
  alt: string;
}

export function RemoteImage({ address, alt }: RemoteImageProps) {
  const [state, setState] = useState<"idle" | "loading" | "refused">("idle");
  if (state === "loading") {
    return (
      <img
        src={address}
        alt={alt}
        referrerPolicy="no-referrer"
        className={classes.image}
        onError={() => setState("refused")}
      />
    );
  }
  const host = new URL(address).hostname;
  return (
    <span className={classes.placeholder}>
      <IconPhoto size={16} aria-hidden="true" />
      <Text component="span" size="sm" lineClamp={1}>
        {alt || host}
      </Text>
      {state === "idle" ? (
        <Button size="compact-xs" variant="default" onClick={() => setState("loading")}>
          Load image
        </Button>
      ) : (
        <a href={address} {...FOREIGN_LINK}>
          Open at {host}
        </a>
      )}
    </span>
  );
}
