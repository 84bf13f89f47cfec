//! A place in a file, as a terminal shows it: file, line and column, the line, and a mark under what is meant.

use std::fmt::{self, Write};
use std::ops::Range;

/// Most characters of a line of a file that are shown: about the width of a terminal.
const SHOWN_LINE_CHARS: usize = 100;

/// Write where a span of `text` is, under the name that the file has. An empty span at the beginning stands for
/// the whole file. Ends with a line break.
pub(crate) fn excerpt(out: &mut impl Write, name: &str, text: &str, span: &Range<usize>) -> fmt::Result {
    if span.is_empty() && span.start == 0 {
        return writeln!(out, "  in {name}");
    }
    let start = text.floor_char_boundary(span.start);
    let line_start = text[..start].rfind('\n').map_or(0, |at| at + 1);
    let line = text[line_start..].lines().next().unwrap_or_default();
    let number = text[..start].matches('\n').count() + 1;
    let before = text[line_start..start].chars().count();
    writeln!(out, "  in {name}:{number}:{}", before + 1)?;
    let shown: String = line.chars().take(SHOWN_LINE_CHARS).map(visible).collect();
    writeln!(out, "  {number} | {shown}")?;
    if before >= SHOWN_LINE_CHARS {
        return Ok(());
    }
    let end = text.floor_char_boundary(span.end.max(start));
    let marked = text[start..end]
        .lines()
        .next()
        .unwrap_or_default()
        .chars()
        .count();
    let marked = marked.clamp(1, SHOWN_LINE_CHARS - before);
    let gutter = number.to_string().len();
    writeln!(out, "  {:gutter$} | {:before$}{}", "", "", "^".repeat(marked))
}

fn visible(c: char) -> char {
    if c.is_control() { ' ' } else { c }
}
