// Links and link-like buttons that the router knows, in the library's looks.
import { Anchor, type AnchorProps, Button, type ButtonProps } from "@mantine/core";
import { createLink } from "@tanstack/react-router";
import type { AnchorHTMLAttributes, Ref } from "react";

type Native = Omit<AnchorHTMLAttributes<HTMLAnchorElement>, "style" | "color">;

export const TextLink = createLink(function TextLink({
  ref,
  ...props
}: AnchorProps & Native & { ref?: Ref<HTMLAnchorElement> }) {
  return <Anchor ref={ref} {...props} />;
});

export const ButtonLink = createLink(function ButtonLink({
  ref,
  ...props
}: ButtonProps & Native & { ref?: Ref<HTMLAnchorElement> }) {
  return <Button component="a" ref={ref} {...props} />;
});
