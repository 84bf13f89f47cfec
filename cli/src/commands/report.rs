//! Reports of `yoikit test`: written in the forms that were asked for, and joined.

use std::env;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;

use yoi_conformance::limits::REPORT_BYTES;
use yoi_conformance::report::{Report, Styles};

use super::read_text;
use super::whole::{Form, may_be_replaced, may_be_written, write_whole};
use crate::args::{ReportMerge, Write};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::screen;

/// That every file can be written, asked before what stands in it takes long to come by.
pub(super) fn check(to: &Write) -> Result<(), Failure> {
    let files = files(to);
    for (number, (word, path, form)) in files.iter().enumerate() {
        if path.as_os_str() == "-" {
            let reason = format!("`{word}` takes a file: `--json` prints the report as lines of JSON");
            return Err(Failure::Usage(reason));
        }
        if let Some((other, ..)) = files[..number].iter().find(|(_, other, _)| other == path) {
            let reason = format!("`{other}` and `{word}` name the same file, {}", path.display());
            return Err(Failure::Usage(reason));
        }
        may_be_written(path).map_err(|cause| Failure::File {
            path: (*path).to_owned(),
            doing: "write the report to",
            cause,
        })?;
        keep(path, *form, "report")?;
    }
    Ok(())
}

/// That nothing is lost with what stands in a file now: only what may be a former one of its kind is replaced.
pub(super) fn keep(path: &Path, form: Form, what: &str) -> Result<(), Failure> {
    match may_be_replaced(path, form) {
        Ok(true) => Ok(()),
        Ok(false) => Err(Failure::Usage(format!(
            "{} is there and is no {what} of this form: remove it, or name another file",
            path.display()
        ))),
        Err(cause) => Err(Failure::File {
            path: path.to_owned(),
            doing: "read",
            cause,
        }),
    }
}

/// Remove the reports of an earlier run.
pub(super) fn remove(to: &Write) -> io::Result<()> {
    for (_, path, _) in files(to) {
        match fs::symlink_metadata(path) {
            Ok(data) if data.is_file() => fs::remove_file(path)?,
            // A link is not ours: what it leads to is emptied, where that is a file.
            Ok(data) if data.is_symlink() && path.is_file() => drop(File::create(path)?),
            _ => {}
        }
    }
    Ok(())
}

fn files(to: &Write) -> Vec<(&'static str, &Path, Form)> {
    let named = [
        ("--jsonl", &to.jsonl, Form::Json),
        ("--junit", &to.junit, Form::Xml),
        ("--html", &to.html, Form::Html),
    ];
    let files = named
        .into_iter()
        .filter_map(|(word, path, form)| Some((word, path.as_deref()?, form)));
    files.collect()
}

/// Write a report into every file that was asked for.
pub(super) fn write(report: &Report, to: &Write) -> Result<(), Failure> {
    if let Some(path) = &to.jsonl {
        put(path, &report.to_jsonl())?;
    }
    if let Some(path) = &to.junit {
        let junit = report.to_junit();
        put(
            path,
            &junit.map_err(|error| Failure::Other(format!("failed to write JUnit's XML: {error}")))?,
        )?;
    }
    if let Some(path) = &to.html {
        put(path, &report.to_html())?;
    }
    Ok(())
}

/// Tell GitHub, where that was asked for.
pub(super) fn annotate(report: &Report, to: &Write) -> Result<(), Failure> {
    if to.github {
        screen::to_the_end(screen::text(&report.to_annotations()))?;
        if let Some(path) = env::var_os("GITHUB_STEP_SUMMARY") {
            let path = Path::new(&path);
            let file = OpenOptions::new().append(true).create(true).open(path);
            file.and_then(|mut file| file.write_all(report.to_summary().as_bytes()))
                .map_err(|cause| Failure::File {
                    path: path.to_owned(),
                    doing: "add to the summary",
                    cause,
                })?;
        }
    }
    Ok(())
}

fn put(path: &Path, text: &str) -> Result<(), Failure> {
    write_whole(path, text.as_bytes()).map_err(|cause| Failure::File {
        path: path.to_owned(),
        doing: "write the report to",
        cause,
    })
}

pub(super) fn merge(args: &ReportMerge) -> Result<Exit, Failure> {
    check(&args.write)?;
    let mut shards = Vec::new();
    for path in &args.shards {
        let name = path.display().to_string();
        let read = File::open(path).and_then(|file| {
            let text = read_text(file, REPORT_BYTES)?;
            if text.len() > REPORT_BYTES {
                return Err(io::Error::other(format!("it has more than {REPORT_BYTES} bytes")));
            }
            Ok(text)
        });
        let text = read.map_err(|cause| Failure::File {
            path: path.clone(),
            doing: "read the report",
            cause,
        })?;
        let report = Report::parse(&name, &text).map_err(|error| Failure::Usage(error.to_string()))?;
        shards.push((name, report));
    }
    let report = Report::merge(shards).map_err(|error| Failure::Usage(error.to_string()))?;
    write(&report, &args.write)?;
    screen::to_the_end(if args.json {
        screen::text(&report.to_jsonl())
    } else {
        screen::coloured(&report.to_text(Styles::COLOURED))
    })?;
    annotate(&report, &args.write)?;
    Ok(report.end.outcome.into())
}
