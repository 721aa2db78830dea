// The frame of the screens outside the house: mark, heading, one form.
import { Text, Title } from "@mantine/core";
import { type ReactNode, useEffect } from "react";
import { Wordmark } from "@/components/brand";
import classes from "./auth-page.module.css";

interface AuthPageProps {
  title: string;
  intro: ReactNode;
  children: ReactNode;
  footer?: ReactNode;
}

export function AuthPage({ title, intro, children, footer }: AuthPageProps) {
  useEffect(() => {
    document.title = `${title} · Teppan`;
  }, [title]);
  return (
    <main className={classes.page}>
      <div className={classes.panel}>
        <Wordmark />
        <Title order={1} mt="xl" mb={4}>
          {title}
        </Title>
        <Text size="sm" c="dimmed" mb="lg">
          {intro}
        </Text>
        {children}
        {footer && (
          <Text component="div" size="sm" c="dimmed" mt="lg">
            {footer}
          </Text>
        )}
      </div>
    </main>
  );
}
