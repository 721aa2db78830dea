// The button that opens the form of a new scrape.
import { Button } from "@mantine/core";
import { IconFlame } from "@tabler/icons-react";
import { lazy, Suspense, useState } from "react";
import type { Project } from "@/api/types";
import { useKeySequences } from "@/hooks/use-key-sequences";

const loadDialog = () => import("./scrape-dialog");
const ScrapeDialog = lazy(loadDialog);

export function NewScrape({ project }: { project: Project }) {
  const [isOpen, setOpen] = useState(false);
  useKeySequences({ c: () => setOpen(true) });
  return (
    <>
      <Button
        leftSection={<IconFlame size={16} aria-hidden="true" />}
        onPointerEnter={() => void loadDialog().catch(() => {})}
        onClick={() => setOpen(true)}
      >
        New scrape
      </Button>
      {isOpen && (
        <Suspense>
          <ScrapeDialog project={project} onClose={() => setOpen(false)} />
        </Suspense>
      )}
    </>
  );
}
