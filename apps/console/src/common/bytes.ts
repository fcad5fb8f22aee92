const units = ["B", "KB", "MB", "GB", "TB"] as const;

/** How much there is, to be read at a glance: `812 B`, `3.4 KB`, `120 MB`. */
export function bytesText(bytes: number): string {
  let [size, unit] = [bytes, 0];
  while (size >= 999.5 && unit < units.length - 1) {
    size /= 1024;
    unit += 1;
  }
  const digits = unit === 0 || size >= 99.5 ? 0 : 1;
  return `${size.toFixed(digits).replace(/\.0$/, "")} ${units[unit] ?? ""}`;
}
