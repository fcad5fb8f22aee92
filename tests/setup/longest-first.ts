import { BaseSequencer, type TestSpecification } from "vitest/node";

/** Files that take the longest, in seconds on two cores (2026-11-30): a fresh clone knows nothing of earlier runs. */
const seconds: Readonly<Record<string, number>> = {
  planted: 70,
  "killed-server": 70,
  "killed-queue": 66,
  "webhooks/deliveries": 60,
  "journeys/lists": 53,
  "wire/pushes": 44,
  "journeys/smoke": 41,
  "exports/exports": 38,
  "links/links": 35,
  "ended-server": 35,
  "restarted-database": 35,
  "internal/merges": 27,
  "links/opening": 27,
  "queue/queue": 26,
  "access/access": 20,
  "messaging/replies": 20,
  "imports/imports": 18,
  "customers/customers": 18,
};
/** The projects whose files are few and long come first, so that no core waits for the last of them. */
const longProjects = ["simulation", "workshop"];

/** Vitest's own order goes by the names of projects, and a long file at the end leaves all cores but one idle. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    // Each place is compared with the next: what is alike stays as it was.
    return sorted.toSorted(
      (a, b) => groupOf(a) - groupOf(b) || rankOf(a) - rankOf(b) || byProject(a, b) || secondsOf(b) - secondsOf(a),
    );
  }
}

function groupOf({ project }: TestSpecification): number {
  return project.config.sequence.groupOrder;
}

function rankOf({ project }: TestSpecification): number {
  return longProjects.includes(project.name) ? 0 : 1;
}

/** Files that share a worker stay together. */
function byProject(a: TestSpecification, b: TestSpecification): number {
  if (rankOf(a) === 0 || a.project.name === b.project.name) return 0;
  return a.project.name < b.project.name ? -1 : 1;
}

function secondsOf({ moduleId }: TestSpecification): number {
  const name = Object.keys(seconds).find((each) => moduleId.endsWith(`${each}.test.ts`));
  return name === undefined ? 0 : (seconds[name] ?? 0);
}
