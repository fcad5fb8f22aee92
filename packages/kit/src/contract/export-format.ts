/** How a list is given as a file. CSV in GBK is for programs that know nothing newer, older Excel in Chinese first. */
export const exportFormats = ["xlsx", "csv", "csv-gbk"] as const;
export type ExportFormat = (typeof exportFormats)[number];

export const exportTypes: Readonly<Record<ExportFormat, string>> = {
  xlsx: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
  csv: "text/csv; charset=utf-8",
  "csv-gbk": "text/csv; charset=gbk",
};

/** How many rows a request is answered with at once. More is made in the background, where nobody has to wait. */
export const straightRows = 2_000;

/** The format that an `Accept` header asks for; undefined if it asks for none of them. */
export function exportFormatOf(accept: string | undefined): ExportFormat | undefined {
  const [first = ""] = (accept ?? "").split(",");
  const [type = "", ...parameters] = first.split(";").map((part) => part.trim().toLowerCase());
  if (type === exportTypes.xlsx) return "xlsx";
  if (type !== "text/csv") return undefined;
  return parameters.some((each) => /^charset="?gbk"?$/.test(each)) ? "csv-gbk" : "csv";
}

export function fileEnding(format: ExportFormat): "xlsx" | "csv" {
  return format === "xlsx" ? "xlsx" : "csv";
}
