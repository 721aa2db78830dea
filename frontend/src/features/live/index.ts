// The live feature as the routes see it.
export { LiveRun } from "./live-run";
