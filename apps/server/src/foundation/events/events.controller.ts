import { Controller } from "@nestjs/common";
import type { In } from "@zhanggui/kit/contract/route";
import type { Ctx } from "@zhanggui/kit/server/ctx";
import { Handles } from "@zhanggui/kit/server/http/handles";
import { events } from "./events.contract.ts";
import { EventsService } from "./events.service.ts";

@Controller()
export class EventsController {
  constructor(private readonly events: EventsService) {}

  @Handles(events.list) list(ctx: Ctx, { query }: In<typeof events.list>) {
    return this.events.list(ctx, query);
  }
  @Handles(events.get) get(ctx: Ctx, { params }: In<typeof events.get>) {
    return this.events.get(ctx, params.eventId);
  }
  @Handles(events.deadLetters) deadLetters(ctx: Ctx, { query }: In<typeof events.deadLetters>) {
    return this.events.deadLetters(ctx, query);
  }
  @Handles(events.replay) async replay(ctx: Ctx, { body }: In<typeof events.replay>) {
    return { replayed: await this.events.replay(ctx, body) };
  }
}
