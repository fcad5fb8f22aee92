import { daily, defineModule, items, on, runs } from "@zhanggui/kit/server/module";
import { accessModule } from "../../foundation/access/access.module.ts";
import { filesModule } from "../../foundation/files/files.module.ts";
import { appBound } from "../connect/connect.events.ts";
import { connectModule } from "../connect/connect.module.ts";
import { CardMaker } from "./card-maker.ts";
import { Cards } from "./cards.ts";
import { Library } from "./library.ts";
import { materials } from "./materials.contract.ts";
import { makeCard, readLibrary } from "./materials.jobs.ts";
import { MaterialsService } from "./materials.service.ts";

export const materialsModule = defineModule(materials, {
  uses: [accessModule, filesModule, connectModule],
  services: { materials: MaterialsService, library: Library, cards: Cards, maker: CardMaker },
  routes: ({ materials, library, cards }) => ({
    list: materials.list,
    syncs: items(library.syncs),
    sync: library.sync,
    upload: materials.upload,
    picture: materials.picture,
    delete: materials.delete,
    listCards: items(cards.list),
    updateCard: cards.update,
    makeCard: cards.again,
  }),
  handlers: ({ cards }) => ({ make_cards: on(appBound, cards.bound) }),
  jobs: ({ library, maker }) => [runs(readLibrary, library.read), runs(makeCard, maker.make)],
  schedules: ({ library, cards }) => ({
    sync_all: daily("19:23", library.syncAll),
    complete_cards: daily("19:53", cards.complete),
  }),
});
