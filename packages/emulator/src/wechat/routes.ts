import { draftRoutes } from "./drafts-api.ts";
import { massRoutes } from "./mass-api.ts";
import { mediaRoutes } from "./media-api.ts";
import { menuRoutes } from "./menus-api.ts";
import { messageRoutes } from "./messages-api.ts";
import { miniRoutes } from "./mini-api.ts";
import { oauthRoutes } from "./oauth-api.ts";
import { qrCodeRoutes } from "./qrcodes-api.ts";
import { quotaRoutes } from "./quota-api.ts";
import type { ApiRoute } from "./route.ts";
import { staffRoutes } from "./staff-api.ts";
import { subscribeRoutes } from "./subscribe-api.ts";
import { tagRoutes } from "./tags-api.ts";
import { tokenRoutes } from "./tokens-api.ts";
import { userRoutes } from "./users-api.ts";

const own: readonly ApiRoute[] = [
  ...tokenRoutes,
  ...userRoutes,
  ...tagRoutes,
  ...qrCodeRoutes,
  ...menuRoutes,
  ...messageRoutes,
  ...mediaRoutes,
  ...draftRoutes,
  ...massRoutes,
  ...oauthRoutes,
  ...miniRoutes,
  ...subscribeRoutes,
  ...staffRoutes,
];

/** Every call of WeChat's API that is emulated. */
export const apiRoutes: readonly ApiRoute[] = [...own, ...quotaRoutes(own)];
