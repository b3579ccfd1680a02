//! What stands around a table that is none of the three lists: page, letterhead, title, titles of the columns.
//!
//! Such sheets stand behind the lists and are made for people; nothing is read back from them.

use rust_xlsxwriter::{Worksheet, XlsxError};

use super::household::Heading;
use super::write::Looks;

/// Row of the titles of the columns, counted from 0; under it stand their numbers.
const TITLES_ROW: u32 = 6;
/// The first row of the table.
pub(super) const FIRST_ROW: u32 = TITLES_ROW + 2;

/// A sheet behind the lists.
pub(super) struct Frame {
    /// Name on the tab.
    pub(super) tab: &'static str,
    /// The title above the table.
    pub(super) title: &'static str,
    /// Titles of the columns, and their widths in characters.
    pub(super) columns: &'static [(&'static str, u16)],
}

impl Frame {
    /// The last column, counted from 0.
    pub(super) fn last(&self) -> u16 {
        // Tables made for people have a few dozen columns at most.
        self.columns.len() as u16 - 1
    }

    /// Writes everything but the rows.
    pub(super) fn write(&self, page: &mut Worksheet, heading: &Heading, looks: &Looks) -> Result<(), XlsxError> {
        let last = self.last();
        page.set_name(self.tab)?;
        page.set_landscape().set_paper_size(8).set_print_fit_to_pages(1, 0).set_print_center_horizontally(true);
        page.set_margins(0.3, 0.3, 0.4, 0.5, 0.2, 0.2).set_footer("&L&A&RTrang &P/&N");
        page.set_freeze_panes(FIRST_ROW, 2)?.set_repeat_rows(TITLES_ROW, TITLES_ROW + 1)?;
        page.merge_range(0, 0, 0, 5, &heading.above, &looks.letterhead)?;
        page.merge_range(1, 0, 1, 5, &heading.office, &looks.letterhead)?;
        page.merge_range(3, 0, 3, last, self.title, &looks.title)?;
        page.set_row_height(3, 26)?;
        page.merge_range(4, 0, 4, last, &heading.round, &looks.subtitle)?;
        page.merge_range(5, 0, 5, last, &heading.standard, &looks.subtitle)?;
        page.set_row_height(TITLES_ROW, 64)?;
        for ((title, width), column) in self.columns.iter().zip(0u16..) {
            page.set_column_width(column, *width)?;
            page.write_string_with_format(TITLES_ROW, column, *title, &looks.header)?;
            page.write_string_with_format(TITLES_ROW + 1, column, format!("({})", column + 1), &looks.numbering)?;
        }
        Ok(())
    }
}
