// The button that opens the form of a new export.
import { Button } from "@mantine/core";
import { IconFileExport } from "@tabler/icons-react";
import { lazy, Suspense, useState } from "react";
import type { PostFilter } from "@/api/posts";
import type { Project } from "@/api/types";

const loadDialog = () => import("./export-dialog");
const ExportDialog = lazy(loadDialog);

interface NewExportProps {
  project: Project;
  /** The list that is being looked at, which can be exported as it is. */
  filter?: PostFilter;
}

export function NewExport({ project, filter }: NewExportProps) {
  const [isOpen, setOpen] = useState(false);
  return (
    <>
      <Button
        variant="default"
        leftSection={<IconFileExport size={16} aria-hidden="true" />}
        onPointerEnter={() => void loadDialog().catch(() => {})}
        onClick={() => setOpen(true)}
      >
        Export
      </Button>
      {isOpen && (
        <Suspense>
          <ExportDialog project={project} filter={filter} onClose={() => setOpen(false)} />
        </Suspense>
      )}
    </>
  );
}
