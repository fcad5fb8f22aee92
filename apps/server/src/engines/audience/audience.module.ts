import { knows } from "@zhanggui/kit/server/http/imported-rows";
import { defineModule, items, on, runs } from "@zhanggui/kit/server/module";
import { limitedBy, measured } from "@zhanggui/kit/server/plan-limits";
import { accessModule } from "../../foundation/access/access.module.ts";
import { connectModule } from "../connect/connect.module.ts";
import { messageReceived } from "../connect/connect.events.ts";
import { audience } from "./audience.contract.ts";
import { channelEntered, peopleMerged, personFollowed, personUnfollowed } from "./audience.events.ts";
import { keepTimeline } from "./audience.settings.ts";
import { Contacts } from "./contacts.ts";
import { AudienceService } from "./audience.service.ts";
import { Figures } from "./figures.ts";
import { Followers } from "./followers.ts";
import { Arrivals, isPlain } from "./internal/arrivals.ts";
import { Identities } from "./internal/identities.ts";
import { fetchProfile } from "./internal/jobs.ts";
import { Merges } from "./internal/merges.ts";
import { Profiles } from "./internal/profiles.ts";
import { Tags } from "./internal/tags.ts";
import { Timeline } from "./timeline.ts";
import { peopleLimit } from "./audience.limits.ts";

export const audienceModule = defineModule(audience, {
  uses: [accessModule, connectModule],
  services: {
    people: AudienceService,
    contacts: Contacts,
    figures: Figures,
    followers: Followers,
    timeline: Timeline,
    arrivals: Arrivals,
    identities: Identities,
    merges: Merges,
    profiles: Profiles,
    tags: Tags,
  },
  routes: ({ people, figures, profiles, tags }) => ({
    listPeople: people.list,
    getFigures: figures.get,
    getPerson: people.get,
    createPerson: people.create,
    listProfiles: profiles.list,
    timeline: people.timelineOf,
    updatePerson: people.update,
    addTag: people.addTag,
    findByOpenid: items(people.findByOpenid),
    tagPeople: people.tagPeople,
    untagPeople: people.untagPeople,
    removeTag: people.removeTag,
    listTags: tags.list,
    updateTag: tags.update,
    deleteTag: tags.delete,
  }),
  publishes: [personFollowed, personUnfollowed, channelEntered, peopleMerged],
  handlers: ({ arrivals }) => ({
    link_person: on(messageReceived, arrivals.receive, {
      together: { takes: isPlain, run: arrivals.receivePlain },
    }),
  }),
  jobs: ({ profiles }) => [runs(fetchProfile, profiles.fetch)],
  extensions: ({ figures, people }) => ({
    known: knows(audience.createPerson, people.idOf),
    people: measured(limitedBy(peopleLimit, figures.count)),
  }),
  keeps: [keepTimeline],
});
