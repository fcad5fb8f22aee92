/** Where a browser can, a file is written as it comes; elsewhere it is gathered first. */
interface SavePicker {
  showSaveFilePicker?: (options: { suggestedName: string }) => Promise<{
    createWritable(): Promise<WritableStream<Uint8Array>>;
  }>;
}

/** Saves a file that the server sends. Nothing happens if the reader changes their mind. */
export async function saveFile(
  fileName: string,
  open: () => Promise<{ readonly contentType: string; readonly stream: ReadableStream<Uint8Array> }>,
): Promise<boolean> {
  const { showSaveFilePicker } = globalThis as SavePicker;
  if (showSaveFilePicker !== undefined && isSecureContext) {
    // First, for a file that was picked is empty at once: a refusal would leave it so.
    const { stream } = await open();
    const handle = await showSaveFilePicker({ suggestedName: fileName }).catch(() => undefined);
    if (handle === undefined) {
      await stream.cancel();
      return false;
    }
    await stream.pipeTo(await handle.createWritable());
    return true;
  }
  const { stream, contentType } = await open();
  const blob = await new Response(stream, { headers: { "content-type": contentType } }).blob();
  const url = URL.createObjectURL(blob);
  Object.assign(document.createElement("a"), { href: url, download: fileName }).click();
  // The browser reads it after this: a revoked address would be an empty file.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
  return true;
}
