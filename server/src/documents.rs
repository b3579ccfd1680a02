//! Documents that offices give us and that we give back: workbooks in, workbooks, CSV and JSON out.
//!
//! Owns file formats. Knows no database, no HTTP and no decisions: it turns files into plain values and plain values into
//! files, and `workflow` does the rest.

pub mod child;
pub mod workbook;
