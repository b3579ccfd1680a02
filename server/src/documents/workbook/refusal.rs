//! Why a file is not read at all.
//!
//! Owns the causes, their stable slugs and what to tell people. Faults of single rows are in [`super::report`].

use schemas::form::Label;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// A file that is refused as a whole. Nothing of it should be kept.
#[derive(Clone, Debug, Error, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "refusal", rename_all = "snake_case")]
pub enum Refusal {
    /// The file cannot be opened or read.
    #[error("cannot read the file: {detail}")]
    Unreadable {
        /// What the system said.
        detail: String,
    },
    /// Something counted is more than the limit.
    #[error("{what}: more than {limit}")]
    TooMuch {
        /// What was counted.
        what: Measure,
        /// The limit.
        limit: u64,
    },
    /// Not an .xlsx or .csv file, whatever its name says.
    #[error("not an .xlsx or .csv file: {found}")]
    WrongContainer {
        /// What it looks like.
        found: Container,
    },
    /// Protected by a password.
    #[error("the file is encrypted")]
    Encrypted,
    /// Holds macros.
    #[error("the file holds macros: {part}")]
    Macros {
        /// The part that holds them.
        part: String,
    },
    /// Takes values from other files or from the net.
    #[error("the file links to other files: {part}")]
    ExternalLinks {
        /// The part that links.
        part: String,
    },
    /// Declares entities, which no spreadsheet program writes.
    #[error("the part declares its own entities: {part}")]
    Entities {
        /// The part.
        part: String,
    },
    /// Cannot be understood.
    #[error("damaged: {part}: {detail}")]
    Damaged {
        /// Part or sheet, with the row where it is known.
        part: String,
        /// What is wrong.
        detail: String,
    },
    /// The reading process died, ran out of time or memory, or said something that makes no sense.
    #[error("the reader of the file failed: {detail}")]
    ReaderFailed {
        /// How it ended.
        detail: String,
    },
}

/// What is counted against [`super::limits`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    FileBytes,
    UnpackedBytes,
    UnpackedRatio,
    Parts,
    Sheets,
    Rows,
    Columns,
    Cells,
    SharedStrings,
    XmlDepth,
    XmlTokenBytes,
    MergedAreas,
    Findings,
}

impl Measure {
    fn texts(self) -> (&'static str, &'static str) {
        match self {
            Self::FileBytes => ("số byte của tệp", "bytes of the file"),
            Self::UnpackedBytes => ("số byte sau khi giải nén", "bytes after unpacking"),
            Self::UnpackedRatio => ("tỷ lệ nén", "compression ratio"),
            Self::Parts => ("số phần trong tệp", "parts in the file"),
            Self::Sheets => ("số trang tính", "sheets"),
            Self::Rows => ("số dòng", "rows"),
            Self::Columns => ("số cột", "columns"),
            Self::Cells => ("số ô", "cells"),
            Self::SharedStrings => ("số chuỗi chữ", "shared texts"),
            Self::XmlDepth => ("độ lồng nhau của XML", "nesting of XML"),
            Self::XmlTokenBytes => ("độ dài một thẻ hay đoạn chữ XML", "length of one XML tag or text"),
            Self::MergedAreas => ("số vùng ô gộp", "merged areas"),
            Self::Findings => ("số chỗ có lỗi hoặc đã sửa", "findings of the report"),
        }
    }
}

impl std::fmt::Display for Measure {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(self.texts().1)
    }
}

/// What a file that is no workbook looks like, by its first bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Container {
    /// Excel 97-2003 (.xls) or another OLE file.
    OldOffice,
    /// A web page, which some systems export under the name .xls or .xlsx.
    Html,
    /// A PDF.
    Pdf,
    /// A zip archive without a workbook in it.
    OtherZip,
    /// An OpenDocument sheet (.ods).
    OpenDocument,
    /// A binary workbook (.xlsb).
    BinaryWorkbook,
    /// Text that is not UTF-8.
    OtherText,
    /// Nothing at all.
    Empty,
    /// None of these.
    Unknown,
}

impl Container {
    fn texts(self) -> (&'static str, &'static str) {
        match self {
            Self::OldOffice => ("tệp Excel 97-2003 (.xls)", "an Excel 97-2003 file (.xls)"),
            Self::Html => ("trang web (HTML) đổi tên", "a renamed web page (HTML)"),
            Self::Pdf => ("tệp PDF", "a PDF"),
            Self::OtherZip => ("tệp nén không có bảng tính", "an archive without a workbook"),
            Self::OpenDocument => ("tệp OpenDocument (.ods)", "an OpenDocument file (.ods)"),
            Self::BinaryWorkbook => ("bảng tính nhị phân (.xlsb)", "a binary workbook (.xlsb)"),
            Self::OtherText => ("tệp chữ không phải UTF-8", "text that is not UTF-8"),
            Self::Empty => ("tệp rỗng", "an empty file"),
            Self::Unknown => ("tệp không rõ loại", "a file of unknown kind"),
        }
    }
}

impl std::fmt::Display for Container {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(self.texts().1)
    }
}

impl Refusal {
    /// Stable name of the cause.
    pub fn slug(&self) -> &'static str {
        match self {
            Self::Unreadable { .. } => "workbook/unreadable",
            Self::TooMuch { .. } => "workbook/too-much",
            Self::WrongContainer { .. } => "workbook/wrong-container",
            Self::Encrypted => "workbook/encrypted",
            Self::Macros { .. } => "workbook/macros",
            Self::ExternalLinks { .. } => "workbook/external-links",
            Self::Entities { .. } => "workbook/entities",
            Self::Damaged { .. } => "workbook/damaged",
            Self::ReaderFailed { .. } => "workbook/reader-failed",
        }
    }

    /// What to tell people, and what they can do.
    pub fn label(&self) -> Label {
        let (vi, en) = match self {
            Self::Unreadable { detail } => {
                (format!("Không mở được tệp: {detail}."), format!("The file cannot be opened: {detail}."))
            }
            Self::TooMuch { what, limit } => {
                let (vi, en) = what.texts();
                (
                    format!("Tệp vượt giới hạn: {vi} hơn {limit}. Hãy tách danh sách theo xã."),
                    format!("The file is over a limit: {en} more than {limit}. Split the list by commune."),
                )
            }
            Self::WrongContainer { found } => {
                let (vi, en) = found.texts();
                (
                    format!("Đây là {vi}. Hãy mở bằng Excel và lưu lại dạng .xlsx."),
                    format!("This is {en}. Open it in Excel and save it as .xlsx."),
                )
            }
            Self::Encrypted => (
                "Tệp có mật khẩu. Hãy bỏ mật khẩu rồi gửi lại.".to_owned(),
                "The file has a password. Remove it and send the file again.".to_owned(),
            ),
            Self::Macros { .. } => (
                "Tệp chứa macro. Hãy lưu lại dạng .xlsx không macro.".to_owned(),
                "The file holds macros. Save it as .xlsx without macros.".to_owned(),
            ),
            Self::ExternalLinks { .. } => (
                "Tệp lấy số liệu từ tệp khác. Trong Excel chọn Data, Edit Links, Break Link rồi lưu lại.".to_owned(),
                "The file links to other files. In Excel choose Data, Edit Links, Break Link, and save.".to_owned(),
            ),
            Self::Entities { .. } => (
                "Tệp chứa khai báo XML không an toàn. Hãy mở bằng Excel và lưu lại.".to_owned(),
                "The file holds unsafe XML declarations. Open it in Excel and save it again.".to_owned(),
            ),
            Self::Damaged { part, detail } => (
                format!("Tệp hỏng ở {part}: {detail}. Hãy mở bằng Excel và lưu lại."),
                format!("The file is damaged at {part}: {detail}. Open it in Excel and save it again."),
            ),
            Self::ReaderFailed { detail } => (
                format!("Không đọc được tệp ({detail}). Chưa có gì được ghi."),
                format!("The file could not be read ({detail}). Nothing was saved."),
            ),
        };
        Label { vi, en }
    }

    /// More is wrong with the file than anybody would read: see [`super::limits::FINDINGS`].
    pub fn too_many_findings() -> Self {
        Self::too_much(Measure::Findings, super::limits::FINDINGS)
    }

    pub(super) fn too_much(what: Measure, limit: impl TryInto<u64>) -> Self {
        Self::TooMuch { what, limit: limit.try_into().unwrap_or(u64::MAX) }
    }

    pub(super) fn damaged(part: impl Into<String>, detail: impl ToString) -> Self {
        let detail: String = detail.to_string().chars().take(200).collect();
        Self::Damaged { part: part.into(), detail }
    }
}

impl From<std::io::Error> for Refusal {
    fn from(error: std::io::Error) -> Self {
        Self::Unreadable { detail: error.to_string() }
    }
}
