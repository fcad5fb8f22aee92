import { onScopeDispose, shallowRef } from "vue";

/** As the page's policy allows pictures of its own and in its text only, bytes become text. */
async function addressOf(stream: ReadableStream<Uint8Array>, contentType: string): Promise<string> {
  const blob = await new Response(stream).blob();
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result as string);
    reader.onerror = () => reject(new Error("unreadable", { cause: reader.error }));
    reader.readAsDataURL(new Blob([blob], { type: contentType }));
  });
}

/** A picture of a conversation: its address, null for one that can't be had; undefined while it is fetched. */
export function usePicture(
  load: (signal: AbortSignal) => Promise<{ stream: ReadableStream<Uint8Array>; contentType: string }>,
) {
  const address = shallowRef<string | null>();
  const abort = new AbortController();
  onScopeDispose(() => abort.abort());
  load(abort.signal)
    .then(({ stream, contentType }) => addressOf(stream, contentType))
    .then(
      (text) => (address.value = text),
      () => (address.value = null),
    );
  return address;
}
