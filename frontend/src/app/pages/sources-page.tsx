// The settings of the sources.
import { SourcesPage } from "@/features/sources/sources-page";

export function SourcesRoute() {
  return <SourcesPage />;
}
