//! A profile as a file that viewers of flame graphs open.

use std::io::{self, Write};
use std::path::Path;
use std::time::SystemTime;

use fxprof_processed_profile::{
    CategoryHandle, CpuDelta, Frame, FrameFlags, FrameInfo, Profile, SamplingInterval, Timestamp,
};
use serde::Serialize;
use yoi_host::plugin::Samples;

/// The form of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// What <https://profiler.firefox.com> opens: its processed format. It knows times only, so that an instruction
    /// is shown as a nanosecond there, and as one sample in its counts.
    Firefox,
    /// What <https://www.speedscope.app> opens: its own format, which has instructions as such.
    Speedscope,
    /// A line a stack, as `main;parse;copy 5`: what flamegraph.pl, inferno and speedscope open.
    Folded,
}

impl Form {
    /// The form that a file's name asks for: `.speedscope.json`, `.folded` and `.txt`, or else Firefox's.
    #[must_use]
    pub fn of(file: &Path) -> Self {
        let name = file.file_name().map(|name| name.to_string_lossy().to_lowercase());
        match name.unwrap_or_default() {
            name if name.ends_with(".speedscope.json") => Form::Speedscope,
            name if name.ends_with(".folded") || name.ends_with(".txt") => Form::Folded,
            _ => Form::Firefox,
        }
    }

    /// Write samples in this form, under a name that viewers show.
    ///
    /// # Errors
    ///
    /// Where `out` cannot be written.
    pub fn write(self, samples: &Samples, name: &str, out: &mut impl Write) -> io::Result<()> {
        match self {
            Form::Firefox => Ok(serde_json::to_writer(out, &firefox(samples, name))?),
            Form::Speedscope => Ok(serde_json::to_writer(out, &Speedscope::of(samples, name))?),
            Form::Folded => folded(samples, out),
        }
    }
}

fn firefox(samples: &Samples, name: &str) -> Profile {
    let count = samples.samples.len().max(1) as u64;
    let interval = SamplingInterval::from_nanos((samples.fuel / count).max(1));
    let mut profile = Profile::new(name, SystemTime::UNIX_EPOCH.into(), interval);
    let start = Timestamp::from_nanos_since_reference(0);
    let process = profile.add_process(name, 0, start);
    let thread = profile.add_thread(process, 0, start, true);
    profile.set_thread_name(thread, "guest instructions (1 ns = 1 instruction)");
    profile.set_symbolicated(true);
    let labels: Vec<_> = samples
        .functions
        .iter()
        .map(|function| profile.intern_string(&function.name))
        .collect();
    let stacks: Vec<_> = samples
        .stacks
        .iter()
        .map(|stack| {
            let frames = stack.iter().map(|function| FrameInfo {
                frame: Frame::Label(labels[*function]),
                category_pair: CategoryHandle::OTHER.into(),
                flags: FrameFlags::empty(),
            });
            profile.intern_stack_frames(thread, frames)
        })
        .collect();
    let mut at = 0;
    for &(stack, fuel) in &samples.samples {
        // One sample holds two thousand million instructions, and no more.
        let mut left = fuel;
        while left > 0 {
            let part = left.min(i32::MAX as u64);
            let time = Timestamp::from_nanos_since_reference(at);
            let weight = i32::try_from(part).unwrap_or(i32::MAX);
            profile.add_sample(thread, time, stacks[stack], CpuDelta::from_nanos(part), weight);
            at += part;
            left -= part;
        }
    }
    let end = Timestamp::from_nanos_since_reference(at);
    profile.set_thread_end_time(thread, end);
    profile.set_process_end_time(process, end);
    profile
}

#[derive(Serialize)]
struct Speedscope<'a> {
    #[serde(rename = "$schema")]
    schema: &'static str,
    exporter: &'static str,
    name: &'a str,
    shared: Shared<'a>,
    profiles: [Sampled<'a>; 1],
}

#[derive(Serialize)]
struct Shared<'a> {
    frames: Vec<Named<'a>>,
}

#[derive(Serialize)]
struct Named<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Sampled<'a> {
    r#type: &'static str,
    name: &'a str,
    unit: &'static str,
    start_value: u64,
    end_value: u64,
    samples: Vec<&'a [usize]>,
    weights: Vec<u64>,
}

impl<'a> Speedscope<'a> {
    fn of(samples: &'a Samples, name: &'a str) -> Self {
        let named = samples.functions.iter().map(|function| Named {
            name: &function.name,
            file: function.module.as_deref(),
        });
        Self {
            schema: "https://www.speedscope.app/file-format-schema.json",
            exporter: concat!("yoikit ", env!("CARGO_PKG_VERSION")),
            name,
            shared: Shared {
                frames: named.collect(),
            },
            profiles: [Sampled {
                r#type: "sampled",
                name,
                // Instructions are none of the units that there are.
                unit: "none",
                start_value: 0,
                end_value: samples.fuel,
                samples: samples
                    .samples
                    .iter()
                    .map(|(stack, _)| samples.stacks[*stack].as_slice())
                    .collect(),
                weights: samples.samples.iter().map(|(_, fuel)| *fuel).collect(),
            }],
        }
    }
}

fn folded(samples: &Samples, out: &mut impl Write) -> io::Result<()> {
    let mut together = vec![0; samples.stacks.len()];
    for (stack, fuel) in &samples.samples {
        together[*stack] += fuel;
    }
    for (stack, fuel) in samples.stacks.iter().zip(together) {
        if fuel == 0 || stack.is_empty() {
            continue;
        }
        // A semicolon parts functions, and a line break stacks.
        let names: Vec<String> = stack
            .iter()
            .map(|function| samples.functions[*function].name.replace([';', '\n', '\r'], ":"))
            .collect();
        writeln!(out, "{} {fuel}", names.join(";"))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::super::table::tests::made_up;
    use super::*;

    fn written(form: Form) -> String {
        let mut out = Vec::new();
        form.write(&made_up(), "guest", &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_file_is_in_the_form_that_its_name_asks_for() {
        assert_eq!(Form::of(Path::new("a/profile.json")), Form::Firefox);
        assert_eq!(Form::of(Path::new("a.SpeedScope.json")), Form::Speedscope);
        assert_eq!(Form::of(Path::new("a.folded")), Form::Folded);
    }

    #[test]
    fn folded_stacks_are_joined() {
        insta::assert_snapshot!(written(Form::Folded), @"
        main 14
        main;parse 20
        main;parse;parse 31
        main;parse;parse;copy 5
        ");
    }

    #[test]
    fn speedscope_gets_every_sample_in_order() {
        insta::assert_snapshot!(written(Form::Speedscope), @r#"{"$schema":"https://www.speedscope.app/file-format-schema.json","exporter":"yoikit 0.1.0","name":"guest","shared":{"frames":[{"name":"main","file":"guest"},{"name":"parse","file":"guest"},{"name":"copy","file":"guest"}]},"profiles":[{"type":"sampled","name":"guest","unit":"none","startValue":0,"endValue":70,"samples":[[0],[0,1],[0,1,1],[0,1,1,2],[0,1,1],[0]],"weights":[10,20,30,5,1,4]}]}"#);
    }

    #[test]
    fn firefox_gets_the_same_stacks_and_weights() {
        let file: Value = serde_json::from_str(&written(Form::Firefox)).unwrap();
        let thread = &file["threads"][0];
        let (samples, stacks) = (&thread["samples"], &thread["stackTable"]);
        assert_eq!(samples["weight"], serde_json::json!([10, 20, 30, 5, 1, 4]));
        let name_of = |frame: &Value| {
            let function = &thread["frameTable"]["func"][frame.as_u64().unwrap() as usize];
            let name = &thread["funcTable"]["name"][function.as_u64().unwrap() as usize];
            thread["stringArray"][name.as_u64().unwrap() as usize]
                .as_str()
                .unwrap()
        };
        let mut stack = &samples["stack"][3];
        let mut names = Vec::new();
        while let Some(number) = stack.as_u64() {
            names.push(name_of(&stacks["frame"][number as usize]));
            stack = &stacks["prefix"][number as usize];
        }
        assert_eq!(names, ["copy", "parse", "parse", "main"]);
    }
}
