//! The other end of the protocol: an adapter of any host.

use std::io::{self, BufRead, Write};

use super::{Ask, LINE_BYTES, Outcome, PluginHost, Refusal, RefusalKind};
use crate::target::{Line, next_line};

/// Answer everything that `input` asks of `host`, line by line, until there is nothing more.
///
/// # Errors
///
/// Where either end cannot be read or written, where a line is too long, or where the host itself fails. A line that
/// is not of the protocol is refused, under its number if it has one.
pub fn serve(host: &mut dyn PluginHost, mut input: impl BufRead, mut output: impl Write) -> io::Result<()> {
    let mut line = Vec::new();
    while next_line(&mut input, LINE_BYTES, &mut line)? {
        let answer = match Line::<Ask>::asked(&line) {
            Ok(Line { id, what }) => Line {
                id,
                what: host.ask(&what).map_err(io::Error::other)?,
            },
            Err(Line { id, what: why }) => Line {
                id,
                what: Outcome::Refused(Refusal::new(RefusalKind::Unsupported, why)),
            },
        };
        serde_json::to_writer(&mut output, &answer)?;
        output.write_all(b"\n")?;
        output.flush()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::{HostFault, InProcess};
    use super::*;

    fn answers(input: &str) -> String {
        let mut output = Vec::new();
        serve(&mut InProcess::new(), input.as_bytes(), &mut output).unwrap();
        String::from_utf8(output).unwrap()
    }

    #[test]
    fn every_line_has_its_answer_in_order() {
        let asked = r#"{"id":7,"op":"hello","protocol":"yoikit.host/1"}
{"id":8,"op":"start"}
"#;
        insta::assert_snapshot!(answers(asked), @r#"
        {"id":7,"done":{"hello":{"protocol":"yoikit.host/1","host":"yoikit","version":"0.1.0","profiles":["documented","yoi"],"abilities":["restart","names","commands","sources","queue","authorities","stores","inspection"]}}}
        {"id":8,"refused":{"kind":"not_running","message":"no plugin is loaded"}}
        "#);
    }

    #[test]
    fn what_is_not_of_the_protocol_is_refused_and_the_next_line_is_answered() {
        let asked = "{\"id\":3,\"op\":\"dance\"}\nnothing\n{\"id\":4,\"op\":\"report\"}\n";
        let answers = answers(asked);
        let kinds: Vec<(u64, RefusalKind)> = answers
            .lines()
            .map(
                |line| match serde_json::from_str::<Line<Outcome>>(line).unwrap() {
                    Line {
                        id,
                        what: Outcome::Refused(refusal),
                    } => (id, refusal.kind),
                    other => panic!("not refused: {other:?}"),
                },
            )
            .collect();
        assert_eq!(
            kinds,
            [
                (3, RefusalKind::Unsupported),
                (0, RefusalKind::Unsupported),
                (4, RefusalKind::NotRunning)
            ]
        );
    }

    #[test]
    fn a_line_without_an_end_is_not_read_for_ever() {
        let endless = io::BufReader::new(io::repeat(b'x'));
        let error = serve(&mut InProcess::new(), endless, io::sink()).unwrap_err();
        assert_eq!(error.to_string(), "a line has more than 1048576 bytes");
    }

    #[test]
    fn a_host_that_fails_ends_the_adapter() {
        struct Gone;
        impl PluginHost for Gone {
            fn ask(&mut self, _: &Ask) -> Result<Outcome, HostFault> {
                Err(HostFault("it is gone".to_owned()))
            }
        }
        let error = serve(&mut Gone, &b"{\"id\":1,\"op\":\"start\"}\n"[..], io::sink()).unwrap_err();
        assert_eq!(error.to_string(), "it is gone");
    }
}
