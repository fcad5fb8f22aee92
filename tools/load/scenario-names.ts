/** What can be put under load; `scenarios.ts` has each. */
export const scenarioNames = ["sign-in", "lists", "pushes", "links", "export"] as const;
export type ScenarioName = (typeof scenarioNames)[number];
