// Reads the project that the address names, and says so when there is none.
import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { ApiError } from "@/api/errors";
import { projectQuery } from "@/api/projects";
import type { Project } from "@/api/types";
import { ErrorPanel } from "@/components/error-panel";
import { LoadingRows } from "@/components/loading-rows";
import { NotFoundPage } from "./outcome-pages";

interface WithProjectProps {
  projectId: number;
  children: (project: Project) => ReactNode;
}

export function WithProject({ projectId, children }: WithProjectProps) {
  const { data, error, refetch } = useQuery(projectQuery(projectId));
  if (data) return children(data);
  if (error instanceof ApiError && error.status === 404) return <NotFoundPage />;
  if (error) return <ErrorPanel error={error} onRetry={() => void refetch()} />;
  return <LoadingRows count={4} height={64} />;
}
