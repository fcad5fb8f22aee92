import type { Env } from "@zhanggui/kit/server/env";
import { FolderStorage } from "./internal/folder-storage.ts";
import { S3Storage } from "./internal/s3-storage.ts";
import type { Storage } from "./storage.ts";

/** The storage that the environment names: a bucket if there is one, else a folder. */
export function openStorage(env: Pick<Env, `FILES_${string}` & keyof Env>): Storage {
  const { FILES_S3_BUCKET: bucket, FILES_S3_ENDPOINT: endpoint, FILES_S3_REGION: region } = env;
  if (bucket === undefined) return new FolderStorage(env.FILES_DIR);
  return new S3Storage({
    endpoint: endpoint ?? `https://s3.${region}.amazonaws.com`,
    region,
    bucket,
    keyId: env.FILES_S3_KEY_ID ?? "",
    secret: env.FILES_S3_SECRET ?? "",
    isPathStyle: env.FILES_S3_PATH_STYLE,
  });
}
