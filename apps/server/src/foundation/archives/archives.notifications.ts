import { Id } from "@zhanggui/kit/contract/ids";
import { notification } from "@zhanggui/kit/contract/notification";
import { z } from "zod";

const Text = z.object({ zh: z.string(), en: z.string() });

export const archiveReady = notification(
  "archives.ready",
  z.object({ archiveId: Id, name: z.string(), files: z.int() }),
  {
    label: { zh: "打包完成", en: "Zip ready" },
    title: ({ name, files }) => ({
      zh: `“${name}”已打包，共 ${files} 个文件，可以下载了`,
      en: `“${name}” is packed and ready: ${files} files`,
    }),
    link: () => "/archives",
    importance: "normal",
  },
);

export const archiveStopped = notification(
  "archives.stopped",
  z.object({ archiveId: Id, name: z.string(), why: Text }),
  {
    label: { zh: "打包中断", en: "Zip stopped" },
    title: ({ name, why }) => ({ zh: `“${name}”打包中断：${why.zh}`, en: `Packing “${name}” stopped: ${why.en}` }),
    link: () => "/archives",
    importance: "high",
  },
);
