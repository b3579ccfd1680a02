//! What a workbook may cost us at most. Generous for a province's list, small for a bomb.

/// Bytes of the file itself.
pub const FILE_BYTES: u64 = 64 << 20;
/// Bytes of all parts together after decompression.
pub const UNPACKED_BYTES: u64 = 512 << 20;
/// How many times larger than the file its parts may be; real sheets reach about 30.
pub const UNPACKED_RATIO: u64 = 100;
/// Unpacked bytes below which the ratio says nothing: thousands of empty formatted rows compress well.
pub const RATIO_FREE_BYTES: u64 = 32 << 20;
/// Parts in the container.
pub const PARTS: usize = 2_000;
/// Sheets.
pub const SHEETS: usize = 32;
/// Number of the last row of a sheet. The importers in use stop at 1,000 and drop the rest.
pub const ROWS: u32 = 500_000;
/// Number of the last column that may hold anything.
pub const COLUMNS: u32 = 1_000;
/// Cells in one sheet.
pub const CELLS: u64 = 20_000_000;
/// Distinct texts in the table of shared strings.
pub const SHARED_STRINGS: u64 = 3_000_000;
/// Elements inside one another in any part.
pub const XML_DEPTH: u32 = 64;
/// Bytes of a single tag, text or comment of a part.
pub const XML_TOKEN_BYTES: usize = 4 << 20;
/// Merged areas of one sheet.
pub const MERGED_AREAS: usize = 200_000;
/// Characters of one cell; no spreadsheet program writes more.
pub const CELL_CHARACTERS: usize = 32_767;
/// Members of one household before we take it for a broken list.
pub const MEMBERS: usize = 60;
/// Lines of the report that are kept in memory. A list with more is not worth importing before somebody has cleaned it.
pub const FINDINGS: usize = 200_000;
