import { fixturesOf } from "../../testing/every-route.ts";
import { audience } from "./audience.contract.ts";

export const fixtures = fixturesOf(audience)(async ({ owner }) => {
  const { items } = await owner.api.audience.listPeople({ following: true });
  const personId = items[0]!.id;
  const tagNamed = async (wanted: string): Promise<string> => {
    const { tags } = await owner.api.audience.addTag({ personId, name: wanted });
    return tags.find(({ name }) => name === wanted)!.tagId;
  };
  const tagId = await tagNamed("to be removed");
  const { identities } = await owner.api.audience.getPerson({ personId });
  const openids = identities.flatMap(({ kind, value }) => (kind === "openid" ? [value] : []));
  return {
    listPeople: {},
    findByOpenid: { openids },
    getPerson: { personId },
    getFigures: {},
    listProfiles: { personId },
    timeline: { personId },
    createPerson: { displayName: "Somebody else", phone: "13900000001" },
    updatePerson: { personId, displayName: "Somebody" },
    addTag: { personId, name: "another" },
    tagPeople: { ids: [personId], name: "several" },
    untagPeople: { all: true, name: "to be removed", preview: true },
    removeTag: { personId, tagId },
    listTags: {},
    updateTag: { tagId: await tagNamed("to be renamed"), name: "renamed" },
    deleteTag: { tagId: await tagNamed("to be deleted") },
  };
});
