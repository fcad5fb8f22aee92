/** An MP4 of nothing but its file type box (ISO/IEC 14496-12 §4.3): enough for whoever looks at a file's head. */
export const shortFilm: Uint8Array = Buffer.concat([
  Buffer.from("0000001866747970", "hex"),
  Buffer.from("isom"),
  Buffer.from("00000200", "hex"),
  Buffer.from("isomiso2"),
]);
