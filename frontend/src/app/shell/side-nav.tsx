// The rooms, and those of the project that the address is in.
import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { projectQuery } from "@/api/projects";
import { HOUSE_ROOMS, PROJECT_ROOMS } from "../navigation";
import classes from "./shell.module.css";

export function SideNav() {
  const { projectId } = useParams({ strict: false });
  return (
    <nav aria-label="Main">
      {HOUSE_ROOMS.map(({ label, to, icon: Icon }) => (
        <Link
          key={to}
          to={to}
          className={classes.room}
          activeOptions={{ exact: to === "/projects", includeSearch: false }}
        >
          <Icon size={17} aria-hidden="true" />
          {label}
        </Link>
      ))}
      {projectId !== undefined && <ProjectRooms projectId={projectId} />}
    </nav>
  );
}

function ProjectRooms({ projectId }: { projectId: number }) {
  const { data } = useQuery(projectQuery(projectId));
  return (
    <>
      <div className={classes.section} title={data?.name}>
        {data?.name ?? "Project"}
      </div>
      {PROJECT_ROOMS.map(({ label, to, icon: Icon }) => (
        <Link
          key={to}
          to={to}
          params={{ projectId }}
          className={classes.room}
          activeOptions={{ exact: label === "Overview", includeSearch: false }}
        >
          <Icon size={17} aria-hidden="true" />
          {label}
        </Link>
      ))}
    </>
  );
}
