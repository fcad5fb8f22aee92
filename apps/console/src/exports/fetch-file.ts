import { api } from "../common/api.ts";

/** Has the browser save the file of an export: by itself, as it comes, however large. */
export async function fetchFile(exportId: string): Promise<void> {
  const { url } = await api.exports.download({ exportId });
  location.assign(url);
}
