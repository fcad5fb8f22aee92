import { Controller } from "@nestjs/common";
import type { In } from "@zhanggui/kit/contract/route";
import type { Ctx } from "@zhanggui/kit/server/ctx";
import { Handles } from "@zhanggui/kit/server/http/handles";
import { audience } from "./audience.contract.ts";
import { AudienceService } from "./audience.service.ts";
import { Tags } from "./internal/tags.ts";

@Controller()
export class AudienceController {
  constructor(
    private readonly audience: AudienceService,
    private readonly tags: Tags,
  ) {}

  @Handles(audience.listPeople) listPeople(ctx: Ctx, { query }: In<typeof audience.listPeople>) {
    return this.audience.list(ctx, query);
  }
  @Handles(audience.getPerson) getPerson(ctx: Ctx, { params }: In<typeof audience.getPerson>) {
    return this.audience.get(ctx, params.personId);
  }
  @Handles(audience.timeline) timeline(ctx: Ctx, { params, query }: In<typeof audience.timeline>) {
    return this.audience.timeline(ctx, params.personId, query);
  }
  @Handles(audience.updatePerson) updatePerson(ctx: Ctx, { params, body }: In<typeof audience.updatePerson>) {
    return this.audience.update(ctx, params.personId, body);
  }
  @Handles(audience.addTag) addTag(ctx: Ctx, { params, body }: In<typeof audience.addTag>) {
    return this.audience.addTag(ctx, params.personId, body.name);
  }
  @Handles(audience.removeTag) removeTag(ctx: Ctx, { params }: In<typeof audience.removeTag>) {
    return this.audience.removeTag(ctx, params.personId, params.tagId);
  }
  @Handles(audience.listTags) async listTags(ctx: Ctx) {
    return { items: await this.tags.list(ctx) };
  }
}
