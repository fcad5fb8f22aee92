const kibi = 1024;

/** What a cell of a workbook can hold (Microsoft, "Excel specifications and limits"): more is a mistake. */
export const longestCell = 32_767;
/** Wide enough for whatever people keep in a table; a sheet has 16,384. */
export const mostColumns = 500;
/** A head is a name. */
export const longestHead = 200;
/** What a row's texts may take together. */
export const mostRowCharacters = 2 * kibi * kibi;
/** What texts that a workbook's cells share may take: they lie in memory while it is read. */
export const mostSharedCharacters = 64 * kibi * kibi;
/** How many such texts there may be: those that are empty take memory as well. */
export const mostSharedTexts = 4_000_000;
/** Tags of a workbook that are open at once: a table needs ten of them. */
export const deepestTag = 100;
/** The last row that a spreadsheet has. */
export const mostRowNumber = 1_048_576;
/** What a part of a workbook may unpack to: a hundred megabytes of zip could be a hundred gigabytes of nothing. */
export const mostUnpackedBytes = 2 * kibi * kibi * kibi;
/** What all cells may come to: one shared text in a million cells is small in the file only. */
export const mostCharacters = kibi * kibi * kibi;
/** A workbook has a part for each sheet and picture. */
export const mostZipEntries = 10_000;

/** Rows that lie in the storage together: one step goes through them. */
export const partRows = 1000;
export const partCharacters = 4 * kibi * kibi;
/** Rows of one transaction: it holds what it locks for as long. */
export const batchRows = 100;
/** Rows that are shown while columns are chosen. */
export const sampleRows = 20;
