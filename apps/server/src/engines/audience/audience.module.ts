import { defineModule, items, on, runs } from "@zhanggui/kit/server/module";
import { connectModule } from "../connect/connect.module.ts";
import { messageReceived } from "../connect/connect.events.ts";
import { audience } from "./audience.contract.ts";
import { AudienceService } from "./audience.service.ts";
import { Arrivals } from "./internal/arrivals.ts";
import { Identities } from "./internal/identities.ts";
import { fetchProfile } from "./internal/jobs.ts";
import { Merges } from "./internal/merges.ts";
import { Profiles } from "./internal/profiles.ts";
import { Tags } from "./internal/tags.ts";
import { Timeline } from "./timeline.ts";

export const audienceModule = defineModule(audience, {
  uses: [connectModule],
  services: {
    people: AudienceService,
    timeline: Timeline,
    arrivals: Arrivals,
    identities: Identities,
    merges: Merges,
    profiles: Profiles,
    tags: Tags,
  },
  routes: ({ people, tags }) => ({
    listPeople: people.list,
    getPerson: people.get,
    timeline: people.timelineOf,
    updatePerson: people.update,
    addTag: people.addTag,
    removeTag: people.removeTag,
    listTags: items(tags.list),
  }),
  handlers: ({ arrivals }) => ({ link_person: on(messageReceived, arrivals.receive) }),
  jobs: ({ profiles }) => [runs(fetchProfile, profiles.fetch)],
});
