//! The far end of the wire: an adapter of any host.
//!
//! Lines are read and written by threads of their own, so that neither end of a pipe that is slow keeps the host from
//! watching its children. Each exchange is a task: it reads of the host what it was asked for, and nothing else.

use std::collections::{HashMap, VecDeque};
use std::io::{self, BufRead, Write};
use std::sync::Arc;
use std::thread;

use tokio::runtime::Builder;
use tokio::sync::mpsc;

use super::{
    Ask, ChildHost, Credential, Done, Exchange, NotDone, Outcome, PROTOCOL, Recalled, Refusal, RefusalKind,
};
use crate::limits::{BRIDGE_HOST_ASK_BYTES, BRIDGE_HOST_LINES};
use crate::target::{Line, next_line};

/// What was read: a line of the protocol, or what is wrong with one.
type Read = io::Result<Result<Line<Ask>, Line<String>>>;

/// Answer everything that `input` asks of `host`, until there is nothing more. Then its exchanges are let go of.
///
/// # Errors
///
/// Where either end cannot be read or written, where a line is too long, or where the host itself fails. A line that is
/// not of the protocol is refused, under its number if it has one.
pub fn serve(
    host: Arc<dyn ChildHost>,
    input: impl BufRead + Send + 'static,
    output: impl Write + Send + 'static,
) -> io::Result<()> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let (asks, asked) = mpsc::channel(BRIDGE_HOST_LINES);
    let (answers, to_write) = mpsc::channel(BRIDGE_HOST_LINES);
    thread::spawn(move || read(input, &asks));
    let writing = thread::spawn(move || write(output, to_write));
    let served = runtime.block_on(Serving::new(host, answers).serve(asked));
    // Children whose exchanges are still there go with it.
    drop(runtime);
    let written = writing.join().unwrap_or(Ok(()));
    served.and(written)
}

fn read(mut input: impl BufRead, asks: &mpsc::Sender<Read>) {
    let mut line = Vec::new();
    loop {
        let read = match next_line(&mut input, BRIDGE_HOST_ASK_BYTES, &mut line) {
            Ok(false) => return,
            Ok(true) => Ok(Line::asked(&line)),
            Err(error) => Err(error),
        };
        let is_over = read.is_err();
        if asks.blocking_send(read).is_err() || is_over {
            return;
        }
    }
}

fn write(mut output: impl Write, mut answers: mpsc::Receiver<Line<Outcome>>) -> io::Result<()> {
    while let Some(answer) = answers.blocking_recv() {
        serde_json::to_writer(&mut output, &answer)?;
        output.write_all(b"\n")?;
        output.flush()?;
    }
    Ok(())
}

/// Where answers go.
#[derive(Clone)]
struct Answers(mpsc::Sender<Line<Outcome>>);

/// Nobody reads answers any more.
struct Unread;

struct Serving {
    host: Arc<dyn ChildHost>,
    answers: Answers,
    exchanges: HashMap<u64, mpsc::Sender<Order>>,
}

/// What is asked of an exchange, under its number.
enum Order {
    Next(u64),
    Abort(u64),
}

impl Serving {
    fn new(host: Arc<dyn ChildHost>, answers: mpsc::Sender<Line<Outcome>>) -> Self {
        Self {
            host,
            answers: Answers(answers),
            exchanges: HashMap::new(),
        }
    }

    async fn serve(mut self, mut asked: mpsc::Receiver<Read>) -> io::Result<()> {
        while let Some(line) = asked.recv().await {
            let answered = match line? {
                Ok(Line { id, what }) => self.answer(id, what).await?,
                Err(Line { id, what }) => {
                    self.answers
                        .give(id, refused(RefusalKind::Unsupported, what))
                        .await
                }
            };
            if answered.is_err() {
                // The writer knows why.
                return Ok(());
            }
        }
        Ok(())
    }

    async fn answer(&mut self, id: u64, ask: Ask) -> io::Result<Result<(), Unread>> {
        let done = match ask {
            Ask::Hello { protocol } if protocol == PROTOCOL => Ok(Done::Hello(self.host.hello())),
            Ask::Hello { protocol } => {
                let words = format!("it speaks {PROTOCOL}, and not {protocol}");
                Err(NotDone::Refused(Refusal::new(RefusalKind::Unsupported, words)))
            }
            Ask::Begin(begin) if self.exchanges.contains_key(&begin.exchange) => {
                Err(unknown("there is already an exchange", begin.exchange))
            }
            Ask::Begin(begin) => self.host.begin(&begin).await.map(|exchange| {
                let (orders, ordered) = mpsc::channel(BRIDGE_HOST_LINES);
                tokio::spawn(drive(exchange, ordered, self.answers.clone()));
                self.exchanges.insert(begin.exchange, orders);
                Done::Begun
            }),
            Ask::Next { exchange } => match self.order(exchange, Order::Next(id)).await {
                Ok(()) => return Ok(Ok(())),
                Err(error) => Err(error),
            },
            Ask::Abort { exchange } => match self.order(exchange, Order::Abort(id)).await {
                Ok(()) => return Ok(Ok(())),
                Err(error) => Err(error),
            },
            Ask::Drop { exchange } => match self.exchanges.remove(&exchange) {
                Some(_) => Ok(Done::Dropped),
                None => Err(unknown("there is no exchange", exchange)),
            },
            Ask::Remember { model, token } => {
                let remembered = self.host.remember(&model, &token).await;
                remembered.map(|()| Done::Remembered)
            }
            Ask::Recall { model } => {
                let recalled = self.host.recall(&model).await;
                recalled.map(|token| Done::Recalled(Recalled { token }))
            }
            Ask::Credential { spec } => {
                let required = self.host.requires_credential(&spec).await;
                required.map(|required| Done::Credential(Credential { required }))
            }
        };
        Ok(self.answers.give(id, outcome(done)?).await)
    }

    async fn order(&self, exchange: u64, order: Order) -> Result<(), NotDone> {
        let none = || unknown("there is no exchange", exchange);
        let orders = self.exchanges.get(&exchange).ok_or_else(none)?;
        orders.send(order).await.map_err(|_| none())
    }
}

impl Answers {
    async fn give(&self, id: u64, what: Outcome) -> Result<(), Unread> {
        self.0.send(Line { id, what }).await.map_err(|_| Unread)
    }
}

fn refused(kind: RefusalKind, words: String) -> Outcome {
    Outcome::Refused(Refusal::new(kind, words))
}

fn unknown(what: &str, exchange: u64) -> NotDone {
    NotDone::Refused(Refusal::new(
        RefusalKind::Unsupported,
        format!("{what} {exchange}"),
    ))
}

fn outcome(done: Result<Done, NotDone>) -> io::Result<Outcome> {
    match done {
        Ok(done) => Ok(Outcome::Done(done)),
        Err(NotDone::Refused(refusal)) => Ok(Outcome::Refused(refusal)),
        Err(NotDone::Gone(fault)) => Err(io::Error::other(fault)),
    }
}

/// Read an exchange as it is asked for, until nobody holds it.
async fn drive(mut exchange: Box<dyn Exchange>, mut ordered: mpsc::Receiver<Order>, answers: Answers) {
    let mut wanted = VecDeque::new();
    loop {
        let (id, done) = tokio::select! {
            biased;
            order = ordered.recv() => match order {
                None => return,
                Some(Order::Next(id)) => {
                    wanted.push_back(id);
                    continue;
                }
                Some(Order::Abort(id)) => (id, exchange.abort().await.map(|()| Done::Aborted)),
            },
            told = exchange.next(), if !wanted.is_empty() => {
                let id = wanted.pop_front().unwrap_or_default();
                (id, told.map(|told| told.map_or(Done::Over, Done::from)))
            }
        };
        let what = match done {
            Ok(done) => Outcome::Done(done),
            Err(NotDone::Refused(refusal)) => Outcome::Refused(refusal),
            Err(NotDone::Gone(fault)) => refused(RefusalKind::Failed, fault),
        };
        if answers.give(id, what).await.is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Own;
    use super::super::own::Children;
    use super::*;

    fn answers(input: &str) -> String {
        let (reader, writer) = io::pipe().unwrap();
        let host = Own::new(Children::Processes).host();
        let input = io::Cursor::new(input.to_owned());
        let served = thread::spawn(move || serve(host, input, writer));
        let read = io::read_to_string(reader).unwrap();
        served.join().unwrap().unwrap();
        read
    }

    #[test]
    fn every_line_has_its_answer() {
        let asked = r#"{"id":7,"op":"hello","protocol":"yoikit.bridge-host/1"}
{"id":8,"op":"hello","protocol":"yoikit.bridge-host/2"}
{"id":9,"op":"next","exchange":1}
{"id":10,"op":"credential","spec":{"adapter":"codex-cli","authMode":"api-key"}}
"#;
        insta::assert_snapshot!(answers(asked), @r#"
        {"id":7,"done":{"hello":{"protocol":"yoikit.bridge-host/1","host":"yoikit","version":"0.1.0","adapters":["claude-cli","codex-cli","codex-app-server","indusagi-cli","indusagi-wire"],"abilities":["conversations","framework","credentials"]}}}
        {"id":8,"refused":{"kind":"unsupported","message":"it speaks yoikit.bridge-host/1, and not yoikit.bridge-host/2"}}
        {"id":9,"refused":{"kind":"unsupported","message":"there is no exchange 1"}}
        {"id":10,"done":{"credential":{"required":true}}}
        "#);
    }

    #[test]
    fn what_is_not_of_the_protocol_is_refused_and_the_next_line_is_answered() {
        let asked = "{\"id\":3,\"op\":\"dance\"}\nnothing\n{\"id\":4,\"op\":\"drop\",\"exchange\":1}\n";
        insta::assert_snapshot!(answers(asked), @r#"
        {"id":3,"refused":{"kind":"unsupported","message":"unknown variant `dance`, expected one of `hello`, `begin`, `next`, `abort`, `drop`, `remember`, `recall`, `credential` at line 1 column 21"}}
        {"id":0,"refused":{"kind":"unsupported","message":"expected ident at line 1 column 2"}}
        {"id":4,"refused":{"kind":"unsupported","message":"there is no exchange 1"}}
        "#);
    }

    #[test]
    fn a_line_without_an_end_is_not_read_for_ever() {
        let endless = io::BufReader::new(io::repeat(b'x'));
        let error = serve(Own::new(Children::Processes).host(), endless, io::sink()).unwrap_err();
        assert_eq!(error.to_string(), "a line has more than 1048576 bytes");
    }
}
