//! Why a file could not be read any further, told with its place and what to do about it.

use std::fmt;
use std::io;
use std::sync::Arc;

use super::problem::Place;

/// A file could not be read any further; every activity handed out before is complete and stays.
#[derive(Debug, Clone, thiserror::Error)]
pub struct ReadError {
    /// What stopped the reading.
    #[source]
    pub fault: ReadFault,
    /// Where it stopped.
    pub place: Place,
    /// The activity that was being read, and is not handed out.
    pub unread: Option<Unread>,
}

/// An activity that began but could not be read to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unread {
    /// Its position among the file's activities, counted from 0.
    pub index: u64,
    /// Its identifier, when that had been read.
    pub identifier: Option<String>,
    /// Where it began.
    pub place: Place,
}

/// What stopped the reading.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ReadFault {
    /// The source of the bytes failed.
    #[error("the file could not be read: {0}")]
    Input(Arc<io::Error>),
    /// The gzip stream is damaged or cut off.
    #[error("the gzip compression is damaged or cut off: {0}")]
    DamagedGzip(Arc<io::Error>),
    /// The declared or detected encoding is not one karez can read.
    #[error("the encoding “{0}” is not known")]
    UnknownEncoding(String),
    /// The file is empty or does not begin with an XML element.
    #[error("this is not an XML file")]
    NotXml,
    /// The XML holds no activities and is not an IATI activity file.
    #[error("this is not an IATI activity file: its root element is “{root}”")]
    NotIati {
        /// Name of the root element.
        root: String,
    },
    /// The XML breaks a rule of XML.
    #[error("the XML is malformed: {0}")]
    Malformed(String),
    /// The file ends before its elements do.
    #[error("the file ends too early: “{open}” is not closed")]
    Truncated {
        /// Name of the innermost element that is still open.
        open: String,
    },
    /// Something is larger than the limits allow.
    #[error("{what} is larger than the limit of {limit}")]
    TooLarge {
        /// What is too large.
        what: Oversize,
        /// The limit, in the unit of `what`.
        limit: u64,
    },
}

/// What can be too large.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Oversize {
    /// One activity, in bytes.
    ActivityBytes,
    /// One text, tag or comment, in bytes.
    PieceBytes,
    /// One activity, in elements.
    ActivityElements,
    /// One direct child of an activity, in elements.
    ChildElements,
    /// Elements inside each other.
    Depth,
    /// Attributes on one element.
    Attributes,
}

impl Oversize {
    fn chinese(self) -> &'static str {
        match self {
            Self::ActivityBytes => "单个项目的字节数",
            Self::PieceBytes => "单段文本或标签的字节数",
            Self::ActivityElements => "单个项目的元素数",
            Self::ChildElements => "项目中单个条目的元素数",
            Self::Depth => "元素嵌套层数",
            Self::Attributes => "单个元素的属性数",
        }
    }
}

impl fmt::Display for Oversize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ActivityBytes => "the number of bytes in one activity",
            Self::PieceBytes => "the number of bytes in one text or tag",
            Self::ActivityElements => "the number of elements in one activity",
            Self::ChildElements => "the number of elements in one entry of an activity",
            Self::Depth => "the number of elements inside each other",
            Self::Attributes => "the number of attributes on one element",
        })
    }
}

impl ReadFault {
    /// The stable name used in interfaces and stored reports.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Input(_) => "unreadable_input",
            Self::DamagedGzip(_) => "damaged_gzip",
            Self::UnknownEncoding(_) => "unknown_encoding",
            Self::NotXml => "not_xml",
            Self::NotIati { .. } => "not_iati",
            Self::Malformed(_) => "malformed_xml",
            Self::Truncated { .. } => "truncated",
            Self::TooLarge { .. } => "too_large",
        }
    }

    fn chinese(&self) -> String {
        match self {
            Self::Input(error) => format!("无法读取文件：{error}"),
            Self::DamagedGzip(error) => format!("gzip 压缩数据已损坏或不完整：{error}"),
            Self::UnknownEncoding(label) => format!("无法识别的编码“{label}”"),
            Self::NotXml => "这不是 XML 文件".to_owned(),
            Self::NotIati { root } => format!("这不是 IATI 项目文件：根元素为“{root}”"),
            Self::Malformed(detail) => format!("XML 格式有误：{detail}"),
            Self::Truncated { open } => format!("文件提前结束：“{open}”未闭合"),
            Self::TooLarge { what, limit } => format!("{}超过上限 {limit}", what.chinese()),
        }
    }

    /// What the person who brought the file can do, in English and Chinese.
    fn advice(&self) -> (&'static str, &'static str) {
        match self {
            Self::Input(_) => ("try again", "请重试"),
            Self::DamagedGzip(_) | Self::Truncated { .. } => (
                "fetch or export the file again; it is incomplete",
                "文件不完整，请重新下载或导出",
            ),
            Self::UnknownEncoding(_) => ("save the file as UTF-8", "请将文件另存为 UTF-8 编码"),
            Self::NotXml | Self::NotIati { .. } => (
                "choose an IATI activity file, version 1.01 to 2.03",
                "请选择 IATI 项目文件（1.01 至 2.03 版）",
            ),
            Self::Malformed(_) => (
                "correct the file at this place or export it again",
                "请在该处更正文件或重新导出",
            ),
            Self::TooLarge { .. } => (
                "split the activity or remove the oversized part",
                "请拆分该项目或删除过大的部分",
            ),
        }
    }
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.fault, self.place)?;
        if let Some(unread) = &self.unread {
            write!(
                f,
                "; activity {} was not read to its end and is left out",
                unread.name()
            )?;
        }
        write!(f, "; {}", self.fault.advice().0)
    }
}

impl ReadError {
    pub(super) fn new(fault: ReadFault, place: Place) -> Self {
        Self {
            fault,
            place,
            unread: None,
        }
    }

    /// The error in one Chinese sentence; [`Display`](fmt::Display) gives the English one.
    #[must_use]
    pub fn message_zh(&self) -> String {
        let Place { line, column, .. } = self.place;
        let unread = self.unread.as_ref().map_or_else(String::new, |unread| {
            format!("项目 {} 未读完，未导入；", unread.name())
        });
        format!(
            "{}（第 {line} 行第 {column} 列）；{unread}{}",
            self.fault.chinese(),
            self.fault.advice().1
        )
    }
}

impl Unread {
    /// The identifier, or the number of the activity in the file counted from 1.
    fn name(&self) -> String {
        self.identifier
            .clone()
            .unwrap_or_else(|| format!("#{}", self.index.saturating_add(1)))
    }
}
