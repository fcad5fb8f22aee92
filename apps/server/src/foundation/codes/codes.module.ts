import { cron, defineModule, queue } from "@zhanggui/kit/server/module";
import { PageFiles } from "@zhanggui/kit/server/http/page-files";
import { proofOfWork } from "@zhanggui/kit/server/http/proof-of-work";
import { accessModule } from "../access/access.module.ts";
import { settingsModule } from "../settings/settings.module.ts";
import { codes } from "./codes.contract.ts";
import { CodesService } from "./codes.service.ts";
import {
  againSeconds,
  keepCodes,
  perAddressDay,
  perAddressHour,
  perDeviceHour,
  perNetworkHour,
  perBusinessHour,
  proofAfterFailures,
  proofTries,
  validMinutes,
} from "./codes.settings.ts";
import { sendAttempts, Sending } from "./internal/sending.ts";
import { Windows } from "./internal/windows.ts";
import { Proofs } from "./proofs.ts";

const solver = "proof.js";
const files = new PageFiles(import.meta.url, "codes", [solver]);

export const codesModule = defineModule(codes, {
  uses: [accessModule, settingsModule],
  services: { windows: Windows, codes: CodesService, sending: Sending, proofs: Proofs },
  routes: ({ codes, proofs }) => ({
    list: codes.list,
    getFigures: codes.figures,
    ask: codes.askFor,
    verify: codes.verifyFor,
    challenge: proofs.challenge,
    solver: () => files.get(solver),
  }),
  queues: ({ sending }) => ({
    // Whoever waits for a code waits now: a provider who is slow for one holds up none of the others.
    send: queue({
      effect: "outside",
      waitsWhileReadOnly: true,
      concurrency: 16,
      timeoutMs: 30_000,
      attempts: sendAttempts,
      begin: sending.begin,
      run: sending.send,
      settle: sending.settle,
    }),
  }),
  schedules: ({ proofs }) => ({ prune_proofs: cron("17 * * * *", proofs.prune) }),
  extensions: ({ proofs }) => ({ proofs: proofOfWork(proofs) }),
  settings: [
    validMinutes,
    againSeconds,
    perAddressHour,
    perAddressDay,
    perDeviceHour,
    perNetworkHour,
    perBusinessHour,
    proofTries,
    proofAfterFailures,
  ],
  keeps: [keepCodes],
});
