//! A host of the protocol on a thread, and a client as small as one can be; and the same lines without a host.

use std::io::{BufRead as _, BufReader, PipeReader, PipeWriter, Write as _, pipe};
use std::thread;

use serde_json::{Value, json};
use yoi_host::ptc::{Host, Interpreter, PtcLimits};

/// A host behind two pipes.
pub(crate) struct Piped {
    to: PipeWriter,
    from: BufReader<PipeReader>,
    line: String,
}

impl Piped {
    pub(crate) fn new(monty: &Interpreter) -> Self {
        let (input, to) = pipe().expect("a pipe");
        let (from, output) = pipe().expect("a pipe");
        let monty = monty.clone();
        thread::spawn(move || {
            let mut limits = PtcLimits::default();
            limits.calls_in_flight = usize::MAX;
            let host = Host {
                boot: &|| Ok(monty.clone()),
                engine: "monty",
                limits,
                process: std::process::id(),
            };
            host.serve(input, output, std::io::sink())
                .expect("the pipe can be read");
        });
        let mut client = Self {
            to,
            from: BufReader::new(from),
            line: String::new(),
        };
        client.read();
        client
    }

    /// Nothing behind the pipes but a thread that says what a host says in a run with so many calls, each when the
    /// last is answered.
    pub(crate) fn bare(calls: u64) -> Self {
        let (input, to) = pipe().expect("a pipe");
        let (from, mut output) = pipe().expect("a pipe");
        thread::spawn(move || {
            let mut input = BufReader::new(input);
            let mut line = String::new();
            let mut hears = || {
                line.clear();
                input.read_line(&mut line).expect("a line") > 0
            };
            let mut says = |line: &str| output.write_all(line.as_bytes()).expect("a client");
            while hears() {
                for n in 0..calls {
                    says(&format!(
                        "{{\"type\":\"host_call\",\"id\":{n},\"name\":\"f\",\"args\":{{\"n\":{n}}}}}\n"
                    ));
                    if !hears() {
                        return;
                    }
                }
                says("{\"id\":1,\"result\":{\"envelope\":{\"ok\":true,\"result\":2}}}\n");
            }
        });
        Self {
            to,
            from: BufReader::new(from),
            line: String::new(),
        }
    }

    fn read(&mut self) -> Value {
        self.line.clear();
        self.from.read_line(&mut self.line).expect("a line");
        serde_json::from_str(&self.line).expect("JSON")
    }

    pub(crate) fn run(&mut self, code: &str) -> Value {
        let request = json!({"id": 1, "method": "runPtc", "params": {"code": code, "tools": ["f"]}});
        writeln!(self.to, "{request}").expect("a host");
        loop {
            let mut message = self.read();
            if message["type"] != "host_call" {
                assert_eq!(message["result"]["envelope"]["ok"], true, "{message}");
                return message;
            }
            let answer =
                json!({"type": "host_call_result", "id": message["id"].take(), "ok": true, "value": 1});
            // In one piece: a pipe is written to at every turn of a formatter.
            self.to
                .write_all(format!("{answer}\n").as_bytes())
                .expect("a host");
        }
    }
}
