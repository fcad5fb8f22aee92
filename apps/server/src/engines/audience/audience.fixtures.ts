import { fixturesOf } from "../../testing/every-route.ts";
import { audience } from "./audience.contract.ts";

export const fixtures = fixturesOf(audience)(async ({ owner }) => {
  const { items } = await owner.api.audience.listPeople({});
  const personId = items[0]!.id;
  const { tags } = await owner.api.audience.addTag({ personId, name: "to be removed" });
  const { tagId } = tags.find(({ name }) => name === "to be removed")!;
  return {
    listPeople: {},
    getPerson: { personId },
    timeline: { personId },
    updatePerson: { personId, displayName: "Somebody" },
    addTag: { personId, name: "another" },
    removeTag: { personId, tagId },
    listTags: {},
  };
});
