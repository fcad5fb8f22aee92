import { inject, onTestFinished } from "vitest";
import { openHouse, type Api, type OpenHouse } from "./house.ts";

/**
 * The shortest way into a test: the real app on a database of its own, a tenant, and the typed client of an operator
 * who is signed in. It closes when the test ends; `house` is there for `drain()` and the clock.
 */
export async function asOperator(): Promise<Api & { readonly house: OpenHouse }> {
  const house = await openHouse(inject("clusterUrl"));
  onTestFinished(() => house.close());
  const operator = await house.as("operator", await house.asOwner());
  return { ...operator.api, house };
}
